"""All pairs of all pictures by blocks, and the ten-fold accuracy of listed pairs.

13,000 pictures make 87 million pairs: products of blocks go straight into histograms. The genuine pairs and the upper
tail of the impostor pairs are kept one by one, for the bootstrap over people and for the list of the hardest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_face.errors import MediaError
from edge_face.evaluation.embedding_run import Embedded
from edge_face.evaluation.pictures import Pair
from edge_face.evaluation.tally import BINS, RATES, Metric, Tally, bin_of, counted
from edge_face.types import Floats

BLOCK_SCORES = 4_000_000
"""Scores worked on at a time."""
MOST_KEPT = 3_000_000
"""Impostor pairs that are kept one by one."""
SLACK = 3.0
"""The tail is kept up to so many times the most lenient rate: a resampled set of people needs a lower threshold."""
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Pairs with their scores, best first: `left` and `right` index pictures, `score` is -inf where one has no face."""

    left: Indices
    right: Indices
    score: Floats

    def __len__(self) -> int:
        return len(self.score)

    @classmethod
    def sorted(cls, left: Indices, right: Indices, score: Floats) -> Scored:
        order = np.argsort(-score, kind="stable")
        return cls(left[order], right[order], score[order])


@dataclass(frozen=True, slots=True, eq=False)
class AllPairs:
    """The tally of all pairs, all genuine ones, and the impostor pairs from the score `cut` on."""

    tally: Tally
    genuine: Scored
    tail: Scored
    cut: float


@dataclass(frozen=True, slots=True, eq=False)
class Accuracy:
    """Mean accuracy over the folds, their standard deviation, each fold's accuracy and threshold, and for each pair
    whether it was judged rightly."""

    mean: float
    deviation: float
    folds: tuple[float, ...]
    thresholds: tuple[float, ...]
    right: npt.NDArray[np.bool_]


def compare_all(pictures: Embedded, person: Indices, metric: Metric, other: Embedded | None = None) -> AllPairs:
    """Compares every picture with every other one, each pair once; with `other`, the same pictures under other
    conditions, every picture with every other one of those (both ways round, never with itself).

    `person` (n,): whose each picture is. Raises MediaError when there is no genuine or no impostor pair.
    """
    require_pairs(person)
    genuine = _genuine_pairs(pictures, person, metric, other)
    histogram = np.zeros(BINS, np.int64)
    uncompared = 0
    for _, _, scores, wanted, made in _blocks(pictures, person, metric, other):
        histogram += np.bincount(bin_of(scores, metric)[wanted & made], minlength=BINS)
        uncompared += int(np.count_nonzero(wanted & ~made))
    compared = genuine.score[np.isfinite(genuine.score)]
    tally = Tally(metric, counted(compared, metric), histogram, len(genuine) - len(compared), uncompared)
    rising = np.cumsum(histogram[::-1])
    kept = min(SLACK * max(RATES.values()) * max(int(rising[-1]), 1), MOST_KEPT)
    index = BINS - int(np.searchsorted(rising, max(kept, 200), side="right"))
    return AllPairs(tally, genuine, _tail(pictures, person, metric, other, index), tally.edge(index))


def require_pairs(person: Indices) -> None:
    """Raises MediaError when there is no genuine or no impostor pair among pictures of these people."""
    counts = np.bincount(person)
    if counts.max(initial=0) < 2:
        raise MediaError("every person has one picture only, so that there is no genuine pair: two or more of somebody are needed")
    if np.count_nonzero(counts) < 2:
        raise MediaError("all pictures are of one person, so that there is no impostor pair: a folder for each person is expected")


def _blocks(pictures: Embedded, person: Indices, metric: Metric, other: Embedded | None
            ) -> Iterator[tuple[int, int, Floats, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
    """Blocks of the matrix of scores: first row, first column, scores, which are impostor pairs to count, and which of
    all could be compared."""
    right = pictures if other is None else other
    count = len(person)
    rows = max(1, BLOCK_SCORES // max(count, 1))
    for top in range(0, count, rows):
        here = slice(top, min(top + rows, count))
        left = top if other is None else 0  # one triangle of a symmetric matrix
        scores = metric.scores(pictures.embeddings[here], right.embeddings[left:])
        wanted = person[here, None] != person[None, left:]
        if other is None:
            wanted &= np.arange(here.start, here.stop)[:, None] < np.arange(left, count)[None]
        yield top, left, scores, wanted, pictures.found[here, None] & right.found[None, left:]


def _tail(pictures: Embedded, person: Indices, metric: Metric, other: Embedded | None, index: int) -> Scored:
    """The impostor pairs in the bin `index` and above."""
    lefts, rights, scores = [], [], []
    for top, first, block, wanted, made in _blocks(pictures, person, metric, other):
        i, j = np.nonzero((bin_of(block, metric) >= index) & wanted & made)
        lefts.append(i + top)
        rights.append(j + first)
        scores.append(block[i, j])
    return Scored.sorted(np.concatenate(lefts), np.concatenate(rights), np.concatenate(scores))


def _genuine_pairs(pictures: Embedded, person: Indices, metric: Metric, other: Embedded | None) -> Scored:
    """Every pair of two pictures of one person."""
    right_side = pictures if other is None else other
    lefts, rights, scores = [], [], []
    order = np.argsort(person, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(person[order])) + 1):
        i, j = np.triu_indices(len(own), 1) if other is None else np.nonzero(~np.eye(len(own), dtype=bool))
        block = metric.scores(pictures.embeddings[own], right_side.embeddings[own])[i, j]
        made = pictures.found[own][i] & right_side.found[own][j]
        lefts.append(own[i])
        rights.append(own[j])
        scores.append(np.where(made, block, np.float32(-np.inf)))
    return Scored.sorted(np.concatenate(lefts), np.concatenate(rights), np.concatenate(scores).astype(np.float32))


def listed_scores(pictures: Embedded, pairs: Sequence[Pair], metric: Metric) -> Floats:
    """(n,) scores of listed pairs, -inf where a picture has no face."""
    left, right = np.array([p.left for p in pairs]), np.array([p.right for p in pairs])
    scores = metric.rowwise(pictures.embeddings[left], pictures.embeddings[right])
    made = pictures.found[left] & pictures.found[right]
    scored: Floats = np.where(made, scores, np.float32(-np.inf)).astype(np.float32)
    return scored


def listed_pairs(pictures: Embedded, pairs: Sequence[Pair], metric: Metric) -> AllPairs:
    """Listed pairs in place of all pairs."""
    scores = listed_scores(pictures, pairs, metric)
    same = np.array([p.same for p in pairs])
    made = np.isfinite(scores)
    left, right = np.array([p.left for p in pairs]), np.array([p.right for p in pairs])
    tally = Tally(metric, counted(scores[same & made], metric), counted(scores[~same & made], metric),
                  int(np.count_nonzero(same & ~made)), int(np.count_nonzero(~same & ~made)))
    apart = ~same & made
    return AllPairs(tally, Scored.sorted(left[same], right[same], scores[same]),
                    Scored.sorted(left[apart], right[apart], scores[apart]), metric.low)


def fold_accuracy(scores: Floats, same: npt.NDArray[np.bool_], fold: Indices) -> Accuracy:
    """LFW's protocol: each fold is judged by the threshold that is best on the others. A pair with a picture without a
    face (score -inf) is judged wrongly, whatever it is. Raises MediaError for a single fold."""
    numbers = np.unique(fold)
    if len(numbers) < 2:
        raise MediaError("the pairs lie in one fold: a threshold needs others to be chosen on")
    made = np.isfinite(scores)
    exact = scores.astype(np.float64)  # a threshold halfway between two float32 neighbours is none in float32
    right = np.zeros(len(scores), bool)
    shares, thresholds = [], []
    for number in numbers:
        inside = fold == number
        threshold = best_threshold(scores[~inside & made], same[~inside & made])
        right[inside] = made[inside] & ((exact[inside] >= threshold) == same[inside])
        shares.append(float(right[inside].mean()))
        thresholds.append(threshold)
    return Accuracy(float(np.mean(shares)), float(np.std(shares, ddof=1)), tuple(shares), tuple(thresholds), right)


def best_threshold(scores: Floats, same: npt.NDArray[np.bool_]) -> float:
    """The threshold (a match is `score >= threshold`) that judges most pairs rightly: halfway between two neighbouring
    scores; of several equally good ones the middle one."""
    if not len(scores):
        return 0.0
    order = np.argsort(scores, kind="stable")
    ranked, genuine = scores[order].astype(np.float64), same[order]
    right = np.concatenate([[0], np.cumsum(~genuine)]) + (genuine.sum() - np.concatenate([[0], np.cumsum(genuine)]))
    between = np.concatenate([[ranked[0]], (ranked[1:] + ranked[:-1]) / 2, [np.nextafter(ranked[-1], np.inf)]])
    # Equal scores cannot be parted: only places where the score rises are thresholds.
    apart = np.concatenate([[True], ranked[1:] > ranked[:-1], [True]])
    best = np.flatnonzero(apart & (right == right[apart].max()))
    return float(between[best[len(best) // 2]])
