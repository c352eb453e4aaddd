"""What a user brings: a float model made fit for conversion, what it is for, and pictures to calibrate and to prove it with."""

from converter.sources.ending import with_probabilities
from converter.sources.material import gather
from converter.sources.model import load
from converter.sources.plan import make_plan
from converter.sources.scaling import fit

__all__ = ["fit", "gather", "load", "make_plan", "with_probabilities"]
