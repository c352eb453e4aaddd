"""What to try next when a file did not pass."""

from __future__ import annotations

from collections.abc import Sequence

from converter.contract import Check
from converter.parity.limits import FLOAT

CHANCE = {"cosine_mean": 0.6, "agreement": 0.6, "found_again": 0.5, "psnr_mean": 15.0}
"""Figures below which two networks have little in common: no precision does that, a mistake does."""
CALIBRATION = ("more calibration pictures, as varied as those in use, and --precision auto, which keeps the layers that suffer the most in "
               "float and fine-tunes; float16 loses next to nothing")


def advice(precision: str, checks: Sequence[Check], cause: str) -> str:
    """One sentence or two without the last full stop; empty where everything passed. `cause`: a mistake that was found."""
    failed = {check.metric: check for check in checks if not check.passed}
    if not failed:
        return ""
    if cause:
        return f"{cause[0].upper()}{cause[1:]}"
    if "fewest" in failed:
        return "Bring more pictures that calibration does not see"
    if "brightest" in failed:
        return "End the model with a layer that brings its pictures to 0 to 255, such as keras.layers.Rescaling(255.0)"
    if "runs" in failed:
        return ("The file gives no usable answers on the device's own runtime: try --precision float16, and look at the operators with "
                "edge-face-convert inspect")
    strange = any(check.figure is not None and check.figure < CHANCE.get(metric, -1e9) for metric, check in failed.items())
    if precision in FLOAT:
        return ("A float file changes next to nothing, so this looks like a mistake in colour order, scaling, size or labels: say how the "
                "model was trained (size, colour order, range of the pixels), or look at both models with edge-face-convert inspect")
    if strange:
        return ("So large a difference is no matter of precision: it looks like a mistake in colour order or scaling, or calibration "
                "pictures of another kind. Try --precision float32: if that fails too, it is the former")
    if set(failed) <= {"threshold_moved_1e-3", "threshold_moved_1e-4"}:
        return ("People are told apart as well as before, but at other thresholds, so that templates of the float model do not fit this "
                "file: raise the limit, measure its table with edge-face-convert calibrate-thresholds and enrol anew")
    if precision == "dynamic":
        return "Try --precision float16, which loses next to nothing, or auto"
    return f"Try {CALIBRATION}"
