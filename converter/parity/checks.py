"""The lines of a verdict: each metric against its limit, as a figure and as a sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from converter.contract import Check


@dataclass(frozen=True, slots=True)
class Metric:
    """What a metric is called and how its figure is written; `at_least`: good ones are high."""

    words: str
    shape: str
    at_least: bool = False

    def shown(self, figure: float) -> str:
        return self.shape.format(figure)


POINTS, SHARE, PLAIN, EYES = "{:.2f} points", "{:.2%}", "{:.4g}", "{:.3g} eye distances"
METRICS: Mapping[str, Metric] = {
    "cosine_mean": Metric("mean cosine between float and converted embeddings", PLAIN, True),
    "cosine_p01": Metric("first percentile of that cosine", PLAIN, True),
    "tar_lost_1e-3": Metric("true accept rate lost at a false match rate of 1e-3", POINTS),
    "tar_lost_1e-4": Metric("true accept rate lost at a false match rate of 1e-4", POINTS),
    "threshold_moved_1e-3": Metric("threshold of a false match rate of 1e-3 moved by", PLAIN),
    "threshold_moved_1e-4": Metric("threshold of a false match rate of 1e-4 moved by", PLAIN),
    "recall_lost_recognise": Metric("recall lost at the score for recognising", POINTS),
    "recall_lost_hide": Metric("recall lost at the score for hiding", POINTS),
    "alarms_gained_recognise": Metric("more false alarms a picture at the score for recognising", PLAIN),
    "alarms_gained_hide": Metric("more false alarms a picture at the score for hiding", PLAIN),
    "found_again": Metric("share of the float model's faces that the file finds too", SHARE, True),
    "box_iou_median": Metric("median overlap (IoU) of their boxes", PLAIN, True),
    "landmarks_moved_median": Metric("their landmarks moved, median", EYES),
    "landmarks_moved_p95": Metric("their landmarks moved, 95th percentile", EYES),
    "points_moved_median": Metric("points moved, median", EYES),
    "points_moved_p95": Metric("points moved, 95th percentile", EYES),
    "accuracy_lost": Metric("accuracy lost", POINTS),
    "recall_lost": Metric("mean recall of the classes lost", POINTS),
    "agreement": Metric("share of examples on which both models agree", SHARE, True),
    "probability_moved": Metric("probabilities moved by, mean of the most moved class", PLAIN),
    "apcer_gained": Metric("more attacks taken for live faces (APCER at 0.5)", POINTS),
    "bpcer_gained": Metric("more live faces taken for attacks (BPCER at 0.5)", POINTS),
    "score_moved": Metric("scores moved by, mean", PLAIN),
    "psnr_mean": Metric("mean PSNR of the pictures to the float model's", "{:.1f} dB", True),
    "psnr_worst": Metric("PSNR of the worst picture", "{:.1f} dB", True),
    "output_error": Metric("error of the output that moved the most, of its size", SHARE),
    "brightest": Metric("brightest value in the float model's pictures", "{:.3g}", True),
    "fewest": Metric("examples", "{:.0f}", True),
    "runs": Metric("examples that the device's own code gave an answer for", SHARE, True),
}


@dataclass(eq=False)
class Checks:
    """Collects the lines of one verdict against the limits of its task and precision."""

    limits: Mapping[str, float]
    made: list[Check] = field(default_factory=list)

    def add(self, metric: str, figure: float, one: float = 0.0, limit: float | None = None) -> None:
        """A measured figure. `one`: what a single example changes it by; where that is more than the limit, one example is
        let pass, so that no verdict hangs on it. A figure that is no number never passes."""
        kind = METRICS[metric]
        bound = self.limits[metric] if limit is None else limit
        figure = float(figure)
        allowed = (min(bound, 1 - one) if one < 1 else bound) if kind.at_least and one else max(bound, one)
        near = 1e-9 * max(1.0, abs(allowed))
        passed = math.isfinite(figure) and (figure >= allowed - near if kind.at_least else figure <= allowed + near)
        shown = kind.shown(figure) if math.isfinite(figure) else "not a number"
        text = f"{kind.words}: {shown} ({'needed: at least' if kind.at_least else 'allowed: at most'} {kind.shown(allowed)}"
        text += ", one example of so few)" if allowed != bound else ")"
        self.made.append(Check(metric, figure if math.isfinite(figure) else None, allowed, kind.at_least, passed, text))

    def cannot(self, metric: str, why: str) -> None:
        """A figure that could not be measured here, which is said and not held against the file."""
        kind = METRICS[metric]
        self.made.append(Check(metric, None, self.limits[metric], kind.at_least, True, f"{kind.words}: not measurable here: {why}"))

    def refuse(self, metric: str, figure: float, limit: float, why: str) -> None:
        """A failure in words."""
        kind = METRICS[metric]
        self.made.append(Check(metric, figure, limit, kind.at_least, False, f"{kind.words}: {kind.shown(figure)}: {why}"))

    @property
    def passed(self) -> bool:
        """Everything measured is within its limit, and something was measured."""
        return all(check.passed for check in self.made) and any(check.figure is not None for check in self.made)
