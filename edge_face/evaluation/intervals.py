"""95 % intervals: by bootstrap over people, for pairs that share a person are not independent; exact for counts of single trials.

B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993; over subjects as R. Bolle et al., "Error analysis of
pattern recognition systems: the subsets bootstrap", CVIU 93(1), 2004, and ISO/IEC 19795-1 advise. A person drawn k times
counts k times in genuine pairs, and two people drawn k and l times k l times in impostor pairs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from edge_face.evaluation.tally import RATES
from edge_face.evaluation.verification import AllPairs, Scored
from edge_face.types import Floats

DRAWS = 1000
FEWEST_DRAWS = 200
WORK = 400_000_000
"""Pairs that are looked at in all draws together: with millions of pairs fewer draws are made."""
LEVEL = 0.95
Interval = tuple[float, float]
Weights = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int64]


def drawn_people(people: int, draws: int = DRAWS, seed: int = 0) -> Weights:
    """(draws, people): how often each person was drawn when as many were drawn with replacement."""
    return np.random.default_rng(seed).multinomial(people, np.full(people, 1.0 / people), draws).astype(np.int64)


def interval(values: Sequence[float] | npt.NDArray[np.float64]) -> Interval | None:
    """The middle 95 % of the values; None where draws gave none (NaN)."""
    given = np.asarray(values, np.float64)
    if not len(given) or not np.isfinite(given).all():
        return None
    low, high = np.quantile(given, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def tar_intervals(pairs: AllPairs, person: Indices, found: npt.NDArray[np.bool_], names: Sequence[str], *,
                  other: npt.NDArray[np.bool_] | None = None, listed: bool = False, seed: int = 0) -> dict[str, Interval | None]:
    """The interval of TAR at each rate of `names` (keys of RATES), the threshold chosen anew in every draw.

    `person`, `found` (n,): whose each picture is and whether it has a face; `other`: the same for the changed pictures
    that they were compared with; `listed`: the pairs are all there are, not all pairs of the pictures. None where the
    kept tail is too short for a draw.
    """
    people, index = np.unique(person, return_inverse=True)
    index = index.reshape(-1)
    draws = int(min(DRAWS, max(FEWEST_DRAWS, WORK // max(len(pairs.tail) + len(pairs.genuine), 1))))
    left, right, own = index[pairs.tail.left], index[pairs.tail.right], index[pairs.genuine.left]
    pictures = np.bincount(index[found], minlength=len(people)).astype(np.float64)
    values: dict[str, list[float]] = {name: [] for name in names}
    genuine_scores = -pairs.genuine.score  # rising, for searching
    changed = None if other is None else np.bincount(index[other], minlength=len(people)).astype(np.float64)
    for weight in drawn_people(len(people), draws, seed):
        wide = weight.astype(np.float64)
        tail = np.cumsum(wide[left] * wide[right])
        if listed:
            total = float(tail[-1]) if len(tail) else 0.0
        else:
            here, there = wide * pictures, wide * (pictures if changed is None else changed)
            total = float(here.sum() * there.sum() - (here * there).sum()) / (2 if changed is None else 1)
        genuine = np.concatenate([[0.0], np.cumsum(wide[own])])
        for name in names:
            values[name].append(_tar(pairs.tail, tail, RATES[name] * total, genuine, genuine_scores, complete=listed))
    return {name: interval(found_values) for name, found_values in values.items()}


def _tar(tail: Scored, cumulative: npt.NDArray[np.float64], allowed: float, genuine: npt.NDArray[np.float64],
         genuine_scores: Floats, *, complete: bool) -> float:
    """The weighted share of genuine pairs above the threshold that lets `allowed` impostor weight in."""
    if genuine[-1] <= 0 or not len(cumulative):
        return float("nan")
    position = int(np.searchsorted(cumulative, allowed * (1 + 1e-12), side="right"))
    if position >= len(cumulative):
        if not complete:
            return float("nan")
        return float(genuine[np.searchsorted(genuine_scores, np.inf)] / genuine[-1])
    # Strictly above the first pair that may not come in.
    matched = int(np.searchsorted(genuine_scores, -tail.score[position], side="left"))
    return float(genuine[matched] / genuine[-1])


def accuracy_interval(right: npt.NDArray[np.bool_], left_person: Indices, right_person: Indices, seed: int = 0) -> Interval | None:
    """The interval of the share of listed pairs that were judged rightly, their thresholds held."""
    people, index = np.unique(np.concatenate([left_person, right_person]), return_inverse=True)
    one, two = np.split(index.reshape(-1), 2)
    values = []
    for weight in drawn_people(len(people), seed=seed):
        each = np.where(one == two, weight[one], weight[one] * weight[two]).astype(np.float64)
        values.append(float((each * right).sum() / each.sum()) if each.sum() else float("nan"))
    return interval([value for value in values if np.isfinite(value)])


def share_interval(hits: Mapping[int, tuple[int, int]], seed: int = 0) -> Interval | None:
    """The interval of a share of trials, by person: (trials that came out so, all trials)."""
    if not hits:
        return None
    came, tried = (np.array([value[k] for value in hits.values()], np.float64) for k in (0, 1))
    weights = drawn_people(len(hits), seed=seed)
    trials = weights @ tried
    return interval((weights @ came)[trials > 0] / trials[trials > 0])


def clopper_pearson(hits: int, trials: int, level: float = LEVEL) -> Interval:
    """The exact interval of a share of independent trials: C. Clopper, E. Pearson, "The use of confidence or fiducial limits
    illustrated in the case of the binomial", Biometrika 26(4), 1934. (0, 1) without a trial. Raises ValueError for counts that
    cannot be."""
    if not 0 <= hits <= trials:
        raise ValueError(f"{hits} of {trials} is no count")
    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else _share_where(lambda share: _at_most(trials - hits, trials, 1 - share), tail)
    high = 1.0 if hits == trials else _share_where(lambda share: 1 - _at_most(hits, trials, share), 1 - tail)
    return low, high


def _share_where(rising: Callable[[float], float], wanted: float) -> float:
    """The share, 0 to 1, at which a function that rises with it reaches `wanted`."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < wanted else (low, middle)
    return (low + high) / 2


def _at_most(hits: int, trials: int, share: float) -> float:
    """The chance of at most so many hits, each with the chance `share`."""
    if share <= 0:
        return 1.0
    if share >= 1:
        return float(hits >= trials)
    whole = math.lgamma(trials + 1)
    return math.fsum(math.exp(whole - math.lgamma(k + 1) - math.lgamma(trials - k + 1) + k * math.log(share)
                              + (trials - k) * math.log1p(-share)) for k in range(hits + 1))
