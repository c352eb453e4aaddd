"""`edge-face eval verification`: from a folder and a list of pairs to the figures, and how they are written as JSON."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edge_face.errors import UsageError
from edge_face.evaluation.embedding_run import Embedded, Progress, Recogniser, embed_pictures
from edge_face.evaluation.intervals import Interval, accuracy_interval, tar_intervals
from edge_face.evaluation.pictures import Pair, Pairs, PictureSet
from edge_face.evaluation.tally import RATES, Metric, OperatingPoint
from edge_face.evaluation.verification import (
    Accuracy,
    AllPairs,
    compare_all,
    fold_accuracy,
    listed_pairs,
    listed_scores,
    require_pairs,
)

HARDEST = 20


@dataclass(frozen=True, slots=True)
class HardPair:
    """Two files and their score."""

    left: str
    right: str
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Verification:
    """All figures of one run. `accuracy` is None without a pairs file."""

    about: Mapping[str, str]
    metric: Metric
    pictures: PictureSet
    embedded: Embedded = field(repr=False)
    compared: AllPairs = field(repr=False)
    only_listed: bool
    listed: Pairs | None
    accuracy: Accuracy | None
    accuracy_interval: Interval | None
    points: Mapping[str, OperatingPoint | None]
    intervals: Mapping[str, Interval | None]
    hard_genuine: tuple[HardPair, ...]
    hard_impostor: tuple[HardPair, ...]
    seconds: float

    @property
    def pairs(self) -> int:
        tally = self.compared.tally
        return tally.genuine_pairs + tally.impostor_pairs + tally.uncompared


def measure_verification(pictures: PictureSet, pairs: Pairs | None, recogniser: Callable[[], Recogniser], about: Mapping[str, str],
                         metric: Metric, *, only_listed: bool = False, jobs: int = 0, seed: int = 0,
                         progress: Progress = lambda done, total: None) -> Verification:
    """Embeds every picture (with `only_listed`: those that the pairs name) and compares them. Raises MediaError where there
    is nothing to compare."""
    begun = time.monotonic()
    if only_listed:
        if pairs is None:
            raise UsageError("--only-listed-pairs needs a list: give --pairs FILE")
        pictures, pairs = _listed_only(pictures, pairs)
    else:
        require_pairs(pictures.person)  # before minutes of work
    readings = embed_pictures([pictures.path(i) for i in range(len(pictures))], recogniser, jobs=jobs, progress=progress)
    embedded = Embedded.of(readings)
    compared = listed_pairs(embedded, pairs.pairs, metric) if only_listed and pairs else compare_all(embedded, pictures.person, metric)
    points = {name: compared.tally.at_fmr(rate) for name, rate in RATES.items()}
    measured = [name for name, point in points.items() if point]
    spans = tar_intervals(compared, pictures.person, embedded.found, measured, listed=only_listed, seed=seed) if measured else {}
    accuracy, span = _accuracy(embedded, pictures, pairs, metric, seed)
    return Verification(about, metric, pictures, embedded, compared, only_listed, pairs, accuracy, span, points, spans,
                        *_hardest(compared, pictures), time.monotonic() - begun)


def _listed_only(pictures: PictureSet, pairs: Pairs) -> tuple[PictureSet, Pairs]:
    """The pictures that the pairs name, and the pairs in their numbers."""
    used = sorted({i for pair in pairs.pairs for i in (pair.left, pair.right)})
    place = {index: number for number, index in enumerate(used)}
    moved = tuple(Pair(place[p.left], place[p.right], p.same, p.fold) for p in pairs.pairs)
    return pictures.only(used), Pairs(moved, pairs.missing, pairs.left_out)


def _accuracy(embedded: Embedded, pictures: PictureSet, pairs: Pairs | None, metric: Metric, seed: int
              ) -> tuple[Accuracy | None, Interval | None]:
    if pairs is None:
        return None, None
    same, fold = np.array([p.same for p in pairs.pairs]), np.array([p.fold for p in pairs.pairs])
    accuracy = fold_accuracy(listed_scores(embedded, pairs.pairs, metric), same, fold)
    left, right = (pictures.person[[getattr(p, side) for p in pairs.pairs]] for side in ("left", "right"))
    return accuracy, accuracy_interval(accuracy.right, left, right, seed)


def _hardest(compared: AllPairs, pictures: PictureSet) -> tuple[tuple[HardPair, ...], tuple[HardPair, ...]]:
    """The least alike genuine pairs that were compared, and the most alike impostor pairs."""
    genuine, tail, shown = compared.genuine, compared.tail, compared.tally.metric.shown
    compared_count = int(np.isfinite(genuine.score).sum())

    def pair(of: Any, i: int) -> HardPair:
        return HardPair(pictures.files[of.left[i]], pictures.files[of.right[i]], shown(float(of.score[i])))

    return (tuple(pair(genuine, i) for i in range(compared_count - 1, max(compared_count - 1 - HARDEST, -1), -1)),
            tuple(pair(tail, i) for i in range(min(len(tail), HARDEST))))


def failed_pictures(embedded: Embedded, files: tuple[str, ...]) -> list[dict[str, str]]:
    """The pictures without an embedding and why."""
    return [{"file": files[index], "why": why} for index, why in sorted(embedded.failures.items())]


def verification_json(result: Verification) -> dict[str, Any]:
    """The figures as `--json` writes them: rates are numbers from 0 to 1, or null where too few pairs would decide."""
    tally, shown = result.compared.tally, result.metric.shown
    points = result.points
    pairs = result.listed
    return {
        "task": "verification", **result.about, "metric": result.metric.name,
        "pictures": len(result.pictures), "people": len(np.unique(result.pictures.person)),
        "accuracy": result.accuracy.mean if result.accuracy else None,
        "accuracy_std": result.accuracy.deviation if result.accuracy else None,
        "accuracy_folds": list(result.accuracy.folds) if result.accuracy else None,
        "threshold_folds": [shown(t) for t in result.accuracy.thresholds] if result.accuracy else None,
        "tar_at_fmr": {name: point.tar if point else None for name, point in points.items()},
        "threshold_at_fmr": {name: shown(point.threshold) if point else None for name, point in points.items()},
        "intervals": {"level": 0.95, "accuracy": result.accuracy_interval,
                      "tar_at_fmr": {name: result.intervals.get(name) for name in points}},
        "auc": tally.auc(), "eer": tally.eer(),
        "pairs": result.pairs, "genuine_pairs": tally.genuine_pairs, "impostor_pairs": tally.impostor_pairs,
        "genuine_pairs_without_face": tally.missed, "impostor_pairs_without_face": tally.uncompared,
        "only_listed_pairs": result.only_listed, "listed_pairs": len(pairs.pairs) if pairs else None,
        "listed_pairs_left_out": pairs.left_out if pairs else None, "missing_pictures": list(pairs.missing) if pairs else [],
        "failures_to_detect": len(result.embedded.failures), "unreadable_pictures": len(result.embedded.unreadable),
        "failed_pictures": failed_pictures(result.embedded, result.pictures.files),
        "hardest_genuine": [[p.left, p.right, p.score] for p in result.hard_genuine],
        "hardest_impostor": [[p.left, p.right, p.score] for p in result.hard_impostor],
        "seconds": round(result.seconds, 2),
    }
