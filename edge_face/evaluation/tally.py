"""Millions of scores as two histograms, and what follows from them: TAR at FMR, ROC, AUC, EER.

A match is `score >= threshold`, and every threshold here is the lower edge of a bin, so that rates at it are counted, not
interpolated (ISO/IEC 19795-1). A genuine pair that could not be compared matches at no threshold; an impostor pair that
could not be compared is none, for counting it as a correct rejection would make the false match rate look better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from edge_face.errors import UsageError
from edge_face.types import Floats

BINS = 1 << 19
RATES = {"1e-2": 1e-2, "1e-3": 1e-3, "1e-4": 1e-4, "1e-5": 1e-5}
"""False match rates by the name that they have in reports."""
FEWEST = 30
"""Impostor pairs that must decide about a rate: fewer say too little (the "rule of 30", ISO/IEC 19795-1)."""
Counts = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
MetricName = Literal["cosine", "euclidean"]


@dataclass(frozen=True, slots=True)
class Metric:
    """How two embeddings are compared. Scores rise with likeness: the cosine, or the Euclidean distance turned negative.

    On unit vectors d^2 = 2 - 2 cos, so both put all pairs in the same order.
    """

    name: MetricName = "cosine"

    @property
    def low(self) -> float:
        return -1.0 if self.name == "cosine" else -2.0

    @property
    def high(self) -> float:
        return 1.0 if self.name == "cosine" else 0.0

    def scores(self, left: Floats, right: Floats) -> Floats:
        """(n, m) scores of all rows of `left` (n, d) with all of `right` (m, d)."""
        product: Floats = left @ right.T
        if self.name == "cosine":
            return product
        squared = (np.einsum("ij,ij->i", left, left)[:, None] + np.einsum("ij,ij->i", right, right)[None]) - 2 * product
        distance: Floats = -np.sqrt(np.maximum(squared, 0, dtype=np.float32))
        return distance

    def rowwise(self, left: Floats, right: Floats) -> Floats:
        """(n,) scores of each row with the other's row of the same number."""
        if self.name == "cosine":
            cosine: Floats = np.einsum("ij,ij->i", left, right)
            return cosine
        distance: Floats = -np.linalg.norm(left - right, axis=1).astype(np.float32)
        return distance

    def shown(self, score: float) -> float:
        """A score as people know the metric: a distance is positive."""
        return score if self.name == "cosine" else -score


def metric(name: str) -> Metric:
    """The metric of that name. Raises UsageError."""
    if name not in ("cosine", "euclidean"):
        raise UsageError(f"--metric is cosine or euclidean, not {name!r}")
    return Metric("cosine" if name == "cosine" else "euclidean")


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """`tar` of the genuine and `fmr` of the impostor pairs have a score of `threshold` or more."""

    threshold: float
    tar: float
    fmr: float


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Histograms of genuine and impostor scores over the metric's range; `missed`: genuine pairs without a score,
    `uncompared`: impostor pairs without one."""

    metric: Metric
    genuine: Counts
    impostor: Counts
    missed: int = 0
    uncompared: int = 0

    @property
    def genuine_pairs(self) -> int:
        return int(self.genuine.sum()) + self.missed

    @property
    def impostor_pairs(self) -> int:
        """Those that were compared."""
        return int(self.impostor.sum())

    def edge(self, index: int) -> float:
        """The lower edge of a bin."""
        return self.metric.low + index * (self.metric.high - self.metric.low) / BINS

    def at_fmr(self, rate: float, fewest: float = FEWEST) -> OperatingPoint | None:
        """The most lenient threshold whose false match rate is at most `rate`; None where fewer than `fewest` impostor
        pairs would decide about it, or there is no genuine pair."""
        total = self.impostor_pairs
        if rate * total < fewest - 1e-9 or not self.genuine_pairs:
            return None
        above = _at_or_above(self.impostor)
        return self._point(int(np.argmax(above <= rate * total * (1 + 1e-12))), above)

    def at_threshold(self, threshold: float) -> OperatingPoint:
        """The rates at a threshold, which is moved to the nearest edge of a bin."""
        share = (threshold - self.metric.low) / (self.metric.high - self.metric.low)
        return self._point(min(max(round(share * BINS), 0), BINS), _at_or_above(self.impostor))

    def _point(self, index: int, above: Counts) -> OperatingPoint:
        matched = int(self.genuine[index:].sum())
        return OperatingPoint(self.edge(index), matched / max(self.genuine_pairs, 1), int(above[index]) / max(self.impostor_pairs, 1))

    def roc(self) -> tuple[Doubles, Doubles]:
        """False match rates, falling from 1 to 0, and the true accept rates at the same thresholds, both (BINS + 1,)."""
        return (_at_or_above(self.impostor) / max(self.impostor_pairs, 1), _at_or_above(self.genuine) / max(self.genuine_pairs, 1))

    def auc(self) -> float:
        """Area under the ROC curve: how often a genuine pair scores above an impostor pair, ties counting half."""
        pairs = self.genuine_pairs * self.impostor_pairs
        if not pairs:
            return float("nan")
        below = np.concatenate([[0], np.cumsum(self.impostor)])[:-1]
        return float(np.sum(self.genuine * (below + self.impostor / 2.0)) / pairs)

    def eer(self) -> float:
        """The rate at which false matches and false non-matches are equally frequent."""
        fmr, tar = self.roc()
        worse = np.maximum(fmr, 1 - tar)
        best = int(np.argmin(worse))
        return float((fmr[best] + 1 - tar[best]) / 2) if self.missed == 0 or worse[best] < 1 else 1.0


def bin_of(scores: Floats, of: Metric) -> npt.NDArray[np.int32]:
    """The bin of each score; scores beyond the range by rounding go to its ends."""
    share = (scores - np.float32(of.low)) * np.float32(BINS / (of.high - of.low))
    bins: npt.NDArray[np.int32] = np.clip(share, 0, BINS - 1).astype(np.int32)
    return bins


def counted(scores: Floats, of: Metric) -> Counts:
    """A histogram of scores."""
    counts: Counts = np.bincount(bin_of(scores, of).ravel(), minlength=BINS).astype(np.int64)
    return counts


def _at_or_above(histogram: Counts) -> Counts:
    """(BINS + 1,): how many lie in each bin or a higher one; the last is 0."""
    rising: Counts = np.concatenate([np.cumsum(histogram[::-1])[::-1], [0]])
    return rising
