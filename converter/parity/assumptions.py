"""Was the float model shown what it was trained on? Where labels are known, another range or colour order may fit it far better.

The gate compares two models that are shown the same; what was assumed wrongly for both is no difference between them, so it
is said and not judged.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from converter.contract import Preprocessing
from converter.parity import classes, reference
from converter.parity.case import Case
from converter.parity.diagnosis import variants
from edge_face.errors import ModelError

EXAMPLES = 64
GOOD = 0.95
"""A model that is right so often was shown what it knows."""
BETTER, FEWEST = 0.1, 5
"""By so much of the examples, and by so many, another input must be better."""


def doubt(case: Case) -> str:
    """What to say of the classifier's input; empty where nothing speaks against it."""
    spec, labels = case.plan.preprocessing, case.material.labels
    if case.plan.task != "classifier" or spec is None or labels is None:
        return ""
    known = np.flatnonzero(labels >= 0)
    if not len(known):
        return ""
    chosen = known[np.unique(np.linspace(0, len(known) - 1, min(len(known), EXAMPLES)).astype(int))]
    pictures = [case.material.pictures[index] for index in chosen]

    def right(spec: Preprocessing) -> int:
        try:
            found = reference.of_pictures(case.model, pictures, spec)[case.main]
        except ModelError:  # values that this model cannot bear
            return 0
        return int((classes.expected(found).argmax(1) == labels[chosen]).sum())

    own = right(spec)
    if own >= GOOD * len(chosen):
        return ""
    best, other = max(((right(other), other) for other in variants(spec)), key=lambda pair: pair[0], default=(0, spec))
    if best - own < max(BETTER * len(chosen), FEWEST):
        return ""
    way = f"--colour {other.colour}" if other.colour != spec.colour else f"--pixels={other.low:g},{other.high:g}"
    return (f"the float model is right on {own} of {len(chosen)} labelled examples as its input was taken to be, and on {best} with {way}: "
            "say so if it was trained like that")


def once(case: Case) -> str:
    """The same, asked once for all files of a model."""
    return case.remembered("doubt", lambda: doubt(replace(case, step=reference.no_step)))
