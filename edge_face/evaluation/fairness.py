"""Do errors fall on some groups of people more than on others? Rates by group, differentials, and what of a difference is noise.

ISO/IEC 19795-10 (differential performance), and P. Grother, "Demographic differentials in face recognition algorithms", NISTIR 8280
(2019) and NISTIR 8429 (2022), whose measure this is: the worst group's false match rate over the geometric mean of all groups'. Intervals
by bootstrap over the people of each group (`intervals`); shares by group are told from chance by exchanging people between groups.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from edge_face.errors import MediaError
from edge_face.evaluation.intervals import LEVEL, Interval, interval
from edge_face.types import Floats

DRAWS = 400
SHUFFLES = 4000
FEWEST = 30
"""A rate is stated where so many false matches were seen, or would be were the group as all are (the rule of 30, ISO/IEC 19795-1)."""
MOST_PEOPLE = 6000
"""Each is compared with each: more would need more memory than a workstation has to spare."""
Counts = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """Embeddings (n, d) of n pictures; `person` (n,): whose each is; `group` (people,): which group each person belongs to, as an index
    into `names`."""

    names: tuple[str, ...]
    embeddings: Floats
    person: Whole
    group: Whole


@dataclass(frozen=True, slots=True)
class PairRate:
    """How often people of two groups (or of one) match: `rate` with its interval, None below FEWEST matches."""

    groups: tuple[str, str]
    matches: int
    pairs: int
    rate: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class GroupRatio:
    """A group's own rate over the geometric mean of all groups'. `interval`: 95 % for all groups together (Bonferroni); `noise`: it
    holds 1, so that the group may be as all are."""

    group: str
    ratio: float
    interval: Interval
    noise: bool


@dataclass(frozen=True, slots=True)
class Matching:
    """False matches at one threshold. `overall`: of all pairs of different people; `pairs`: by group pair; `ratios`: of each group with
    itself; `worst_to_mean`, `worst_to_best`: differentials, with their intervals; None where groups are too small."""

    threshold: float
    overall: float
    pairs: tuple[PairRate, ...]
    ratios: tuple[GroupRatio, ...]
    worst: str | None
    worst_to_mean: float | None
    worst_to_mean_interval: Interval | None
    worst_to_best: float | None
    worst_to_best_interval: Interval | None

    def own(self, group: str) -> PairRate:
        """The rate of a group's people among each other."""
        return next(rate for rate in self.pairs if rate.groups == (group, group))


@dataclass(frozen=True, slots=True)
class Share:
    """Of a group's trials so many came out so. `difference`: to everybody else's share; `p`: how often exchanging people between groups
    makes a difference as large; `noise`: that is no rarer than 5 % over all groups together."""

    group: str
    hits: int
    trials: int
    people: int
    rate: float | None
    interval: Interval | None
    difference: float | None
    p: float | None
    noise: bool


def threshold_at(members: Members, rate: float) -> float | None:
    """The similarity that so many of all pairs of different people reach; None below FEWEST such pairs."""
    scores = np.sort(np.concatenate(list(_scores(members))))[::-1]
    allowed = int(rate * len(scores))
    return float(scores[allowed - 1]) if allowed >= FEWEST else None


def match_rates(members: Members, threshold: float, *, seed: int = 0) -> Matching:
    """False matches between and within groups. Raises MediaError for one group, or more people than can be compared."""
    hits, pairs = _counted(members, threshold)
    usual = threshold_rate(hits, pairs)
    groups = [np.flatnonzero(members.group == g) for g in range(len(members.names))]
    rng = np.random.default_rng(seed)
    weights = [rng.multinomial(len(own), np.full(len(own), 1 / len(own)), DRAWS).astype(np.float64) for own in groups]
    rates: list[PairRate] = []
    own_rates: list[float] = []
    own_draws: list[Counts] = []
    for i, one in enumerate(groups):
        for j in range(i, len(groups)):
            block = np.ix_(one, groups[j])
            halves = 2 if i == j else 1
            count, total = hits[block].sum() / halves, pairs[block].sum() / halves
            drawn_hits, drawn_pairs = (_drawn(matrix[block], weights[i], weights[j]) / halves for matrix in (hits, pairs))
            drawn = drawn_hits / np.maximum(drawn_pairs, 1e-9)
            stated = max(count, total * usual) >= FEWEST
            rates.append(PairRate((members.names[i], members.names[j]), int(count), int(total), float(count / total) if stated else None,
                                  interval(drawn) if stated else None))
            if i == j:
                # Half a match more than was seen: a group without any has no rate of nothing.
                own_rates.append(float((count + 0.5) / (total + 1)))
                own_draws.append((drawn_hits + 0.5) / (drawn_pairs + 1))
    enough = all(rate.rate is not None for rate in rates if rate.groups[0] == rate.groups[1])
    ratios = tuple(_ratios(members.names, own_rates, own_draws)) if enough else ()
    differentials = _differentials(members.names, own_rates, own_draws, enough)
    return Matching(threshold, usual, tuple(rates), ratios, *differentials)


def threshold_rate(hits: Counts, pairs: Counts) -> float:
    """The share of all pairs of different people that match."""
    return float(hits.sum() / max(pairs.sum(), 1.0))


def shares(names: Sequence[str], group: Whole, hits: Whole, trials: Whole, *, seed: int = 0) -> tuple[Share, ...]:
    """A share by group, from each person's (`hits` of `trials`); `group` (people,) as indices into `names`."""
    rng = np.random.default_rng(seed)
    level = (1 - LEVEL) / len(names)
    orders = np.stack([rng.permutation(len(group)) for _ in range(SHUFFLES)]) if len(group) else np.zeros((0, 0), np.int64)
    found = []
    for number, name in enumerate(names):
        own = group == number
        came, tried = int(hits[own].sum()), int(trials[own].sum())
        other_came, other_tried = int(hits[~own].sum()), int(trials[~own].sum())
        rate = came / tried if tried else None
        difference = came / tried - other_came / other_tried if tried and other_tried else None
        p = _exchanged(orders[:, :int(own.sum())], hits, trials, abs(difference)) if difference is not None else None
        weights = rng.multinomial(int(own.sum()), np.full(int(own.sum()), 1 / int(own.sum())), DRAWS) if own.any() else None
        span = None
        if weights is not None and tried:
            drawn = weights @ trials[own]
            span = interval((weights @ hits[own])[drawn > 0] / drawn[drawn > 0])
        found.append(Share(name, came, tried, int((trials[own] > 0).sum()), rate, span, difference, p, p is None or p > level))
    return tuple(found)


def genuine(members: Members, threshold: float) -> tuple[Whole, Whole]:
    """(false non-matches, comparisons) of each person's own pictures, each pair once."""
    misses, tried = (np.zeros(len(members.group), np.int64) for _ in range(2))
    for who in range(len(members.group)):
        own = members.embeddings[members.person == who]
        if len(own) > 1:
            scores = (own @ own.T)[np.triu_indices(len(own), 1)]
            misses[who], tried[who] = int((scores < np.float32(threshold)).sum()), len(scores)
    return misses, tried


def _ratios(names: Sequence[str], rates: Sequence[float], draws: Sequence[Counts]) -> list[GroupRatio]:
    logs, drawn = np.log(rates), np.log(np.stack(draws))
    own, spread = logs - logs.mean(), (drawn - drawn.mean(axis=0)).std(axis=1)
    reach = NormalDist().inv_cdf(1 - (1 - LEVEL) / (2 * len(names)))
    spans = [(float(math.exp(o - reach * s)), float(math.exp(o + reach * s))) for o, s in zip(own, spread, strict=True)]
    return [GroupRatio(name, float(math.exp(o)), span, span[0] <= 1 <= span[1]) for name, o, span in zip(names, own, spans, strict=True)]


def _differentials(names: Sequence[str], rates: Sequence[float], draws: Sequence[Counts],
                   enough: bool) -> tuple[str | None, float | None, Interval | None, float | None, Interval | None]:
    if not enough or len(names) < 2:
        return None, None, None, None, None
    logs, drawn = np.log(rates), np.log(np.stack(draws))
    worst = int(logs.argmax())
    # Of the group that is the worst here, and of the best, in every draw: the largest of many draws is always larger.
    best = int(logs.argmin())
    return (names[worst], float(math.exp(logs[worst] - logs.mean())), interval(np.exp(drawn[worst] - drawn.mean(axis=0))),
            float(math.exp(logs[worst] - logs[best])), interval(np.exp(drawn[worst] - drawn[best])))


def _exchanged(first: Whole, hits: Whole, trials: Whole, difference: float) -> float:
    """How often a group of that many people, drawn by lot, differs from the others by so much: a permutation test over people."""
    came, tried = hits[first].sum(axis=1), trials[first].sum(axis=1)
    left_came, left_tried = hits.sum() - came, trials.sum() - tried
    usable = (tried > 0) & (left_tried > 0)
    drawn = np.abs(came[usable] / tried[usable] - left_came[usable] / left_tried[usable])
    return float((1 + (drawn >= difference - 1e-12).sum()) / (1 + len(drawn)))


def _drawn(matrix: Counts, left: Counts, right: Counts) -> Counts:
    found: Counts = ((left @ matrix) * right).sum(axis=1)
    return found


def _counted(members: Members, threshold: float) -> tuple[Counts, Counts]:
    """(people, people): picture pairs that match, and all of them; nothing of a person with himself."""
    people = len(members.group)
    if len(members.names) < 2:
        raise MediaError(f"there is one group ({members.names[0] if members.names else 'none'}): two or more are compared")
    if people > MOST_PEOPLE:
        raise MediaError(f"there are {people:,} people: {MOST_PEOPLE:,} at most are compared with each other, take fewer")
    order = np.argsort(members.person, kind="stable")
    counts = np.bincount(members.person, minlength=people)
    if (counts == 0).any():
        raise ValueError("a person without a picture")
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    sorted_embeddings = members.embeddings[order]
    hits = np.zeros((people, people))
    for who in range(people):
        rows = sorted_embeddings[starts[who]:starts[who] + counts[who]]
        match = (rows @ sorted_embeddings.T >= np.float32(threshold)).sum(axis=0)
        hits[who] = np.add.reduceat(match, starts)
    pairs = np.outer(counts, counts).astype(np.float64)
    np.fill_diagonal(hits, 0)
    np.fill_diagonal(pairs, 0)
    return hits, pairs


def _scores(members: Members) -> list[Floats]:
    """Similarities of all pairs of different people, each once."""
    found = []
    for i in range(len(members.embeddings) - 1):
        scores = members.embeddings[i + 1:] @ members.embeddings[i]
        found.append(scores[members.person[i + 1:] != members.person[i]])
    return found
