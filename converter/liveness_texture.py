"""The line between skin and copies: ridge regression on micro-texture, every part of the people scored by what the others taught.

The held-out figures choose the ridge and stand in the manifest; the people who calibrate or test have no part in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.bundle_rewriter import rewrite
from converter.liveness_fit import auc
from converter.progress import Progress
from converter.training.liveness_data import LEFT_OUT, data_digest, load_album
from converter.training.liveness_patterns import FOLDS, Patterns, captured, drawn
from converter.training.liveness_samples import Sampling
from edge_face.errors import MediaError
from edge_face.vision.live_cues.texture import Line
from edge_face.vision.manifest_texture import packed

RIDGES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
"""L2 in shares of the variance, of which the held-out people choose."""
BPCER = 0.05
LEAST = 200
"""Presentations of either kind below which there is nothing to learn from."""
Reals = npt.NDArray[np.float64]
Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class _Moments:
    """Weighted sums of a part: of products, of numbers, of labels x numbers, of labels, of weights."""

    products: Reals
    sums: Reals
    labelled: Reals
    labels: float
    weight: float

    @classmethod
    def of(cls, part: Patterns, weights: Reals) -> _Moments:
        x, y = part.numbers.astype(np.float64), np.where(part.live, 1.0, -1.0) * weights
        return cls((x * weights[:, None]).T @ x, weights @ x, y @ x, float(y.sum()), float(weights.sum()))

    def without(self, other: _Moments) -> _Moments:
        return _Moments(self.products - other.products, self.sums - other.sums, self.labelled - other.labelled,
                        self.labels - other.labels, self.weight - other.weight)

    def line(self, ridge: float) -> Line:
        """Ridge regression to 1 for skin and -1 for copies."""
        middle, label = self.sums / self.weight, self.labels / self.weight
        spread = self.products / self.weight - np.outer(middle, middle)
        spread[np.diag_indices_from(spread)] += ridge * float(np.trace(spread)) / np.sqrt(len(spread))
        weights = np.linalg.solve(spread, self.labelled / self.weight - label * middle)
        return Line(weights.astype(np.float32), float(label - weights @ middle))


def learn(given: Patterns, real: Patterns) -> tuple[Line, dict[str, Any]]:
    """The line of presentations `given`, its ridge chosen by people held out: of the simulated ones and of `real` captures as they
    are (which may be none). And what was found on them. Raises MediaError for too few."""
    counts = [int((given.live == live).sum()) for live in (True, False)]
    if min(counts) < LEAST:
        raise MediaError(f"{counts[0]} living faces and {counts[1]} attacks of enough pixels are too few to learn texture from: {LEAST} of "
                         "each are needed; bring more or larger pictures, or raise --presentations")
    weights = given.weights
    parts = [_Moments.of(given.part(given.fold == fold), weights[given.fold == fold]) for fold in range(FOLDS)]
    whole = parts[0]
    for part in parts[1:]:
        whole = _Moments(whole.products + part.products, whole.sums + part.sums, whole.labelled + part.labelled,
                         whole.labels + part.labels, whole.weight + part.weight)
    found = {}
    for ridge in RIDGES:
        lines = [whole.without(part).line(ridge) for part in parts]
        found[ridge] = {**_told(given.part(~given.real), lines, "simulated "), **_told(real, lines, "")}
    best = min(RIDGES, key=lambda ridge: float(np.mean([entry["apcer"] for entry in found[ridge].values()] or [0.0])))
    return whole.line(best), {"ridge": best, "presentations": len(given.live), "folds": FOLDS, "held_out": found[best]}


def _told(asked: Patterns, lines: Sequence[Line], kind: str) -> dict[str, dict[str, float]]:
    """By source and species, every fold by its own line: area under the curve, share of attacks above the score that misses 5 %
    of that source's living."""
    scores = np.array([lines[fold].value(row) for row, fold in zip(asked.numbers, asked.fold, strict=True)])
    report = {}
    for source in np.unique(asked.source):
        own = asked.source == source
        living = scores[own & asked.live]
        for species in np.unique(asked.species[own & ~asked.live]):
            attacks = scores[own & (asked.species == species)]
            if len(living) and len(attacks):
                report[f"{kind}{species}, {source}"] = {
                    "samples": len(attacks), "auc": round(auc(living, attacks), 4),
                    "apcer": round(float((attacks >= np.quantile(living, BPCER)).mean()), 4)}
    return report


def train(data: Path, count: int, seed: int, say: Say = lambda text: None) -> dict[str, Any]:
    """The manifest's `thresholds.texture`, learned on the train part of `data`. Raises EdgeFaceError."""
    album = load_album(data, "train", say=say)
    real = captured([shot for shot in album.shots if shot.source in ("nuaa", "own")])
    with Progress("presentations", count) as bar:
        given = drawn(album, Sampling(), count, seed, bar.step)
    line, report = learn(given, real)
    return {**packed(line), "learned": {**report, "seed": seed, "data_sha256": data_digest(data), "left_out": LEFT_OUT}}


def write(bundle_folder: Path, texture: Mapping[str, Any]) -> None:
    """Puts a line into a bundle. What was measured with another one is taken out: it holds no longer. Raises ModelError."""
    rewrite(bundle_folder, "liveness", lambda manifest: manifest | {"thresholds": {"texture": dict(texture)}})
