"""What protecting templates costs in accuracy: the same comparisons with embeddings and with codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_face.errors import MediaError
from edge_face.evaluation.intervals import Interval, drawn_people, interval
from edge_face.evaluation.tally import FEWEST
from edge_face.evaluation.unlinkability import some_people
from edge_face.people.cancelable import Protection
from edge_face.people.code_index import CodeIndex
from edge_face.types import Floats

RATES = {"1e-2": 1e-2, "1e-3": 1e-3, "1e-4": 1e-4}
MOST_PICTURES = 1500
MOST_CODINGS = 5
DRAWS = 200
_SLACK = 12.0
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cost:
    """At a false match rate: true accepts with embeddings, with codes (mean over the keys), what that loses with its interval by
    bootstrap over people (one key), and the same share over the keys."""

    plain: float
    coded: float
    loss: float
    span: Interval | None
    by_key: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """At a similarity of the bundle's own table: the rates of false and of true matches, with embeddings and with codes."""

    similarity: float
    plain_fmr: float
    coded_fmr: float
    plain_tar: float
    coded_tar: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """`costs` by rate; `thresholds`: rows of the table as they stand; `codings`: true accepts at 1e-3 (or the strictest rate that the
    pictures carry) after so many codings, the first at once."""

    pictures: int
    people: int
    genuine: int
    impostor: int
    costs: Mapping[str, Cost]
    thresholds: tuple[AtThreshold, ...]
    codings_rate: str
    codings: tuple[float, ...]


class _Pairs:
    """Ordered pairs of pictures: the first enrolled, the second before the door."""

    def __init__(self, person: Indices) -> None:
        _, self._person = np.unique(person, return_inverse=True)
        same = self._person[:, None] == self._person[None]
        self.people = int(self._person.max()) + 1
        self.genuine = np.nonzero(same & ~np.eye(len(person), dtype=bool))
        self.impostor = np.nonzero(~same)
        self._counts = np.bincount(self._person).astype(np.float64)

    def tar(self, scores: Floats, rate: float) -> float:
        impostor = scores[self.impostor]
        above = int(len(impostor) * rate)
        threshold = -np.partition(-impostor, above)[above]
        return float((scores[self.genuine] > threshold).mean())

    def carries(self, rate: float) -> bool:
        return len(self.impostor[0]) * rate >= FEWEST

    def drawn(self, scores: Floats, rate: float, weights: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """TAR in each draw of people, the threshold chosen anew."""
        left, right = self.impostor
        values = scores[left, right]
        most = min(int(len(values) * min(rate * _SLACK, 0.5)) + 200, len(values))  # of the tail: a draw may need a lower threshold
        kept = np.argpartition(-values, most - 1)[:most]
        kept = kept[np.argsort(-values[kept])]
        tail, here, there = values[kept], self._person[left[kept]], self._person[right[kept]]
        own, owner = scores[self.genuine], self._person[self.genuine[0]]
        found = np.full(len(weights), np.nan)
        for draw, weight in enumerate(weights.astype(np.float64)):
            counts = weight * self._counts
            allowed = rate * float(counts.sum() ** 2 - (counts ** 2).sum())
            position = int(np.searchsorted(np.cumsum(weight[here] * weight[there]), allowed))
            shares = weight[owner]
            if position < len(tail) and shares.sum() > 0:
                found[draw] = float(shares[own > tail[position]].sum() / shares.sum())
        return found


def coded_scores(embeddings: Floats, protection: Protection, codings: int = 1) -> Floats:
    """(n, n): row i is picture i kept as a code, column j picture j as it stands before the door. `codings` above 1: brought over from so
    many keys before."""
    projection = protection.projection(embeddings.shape[1])
    rows = embeddings
    for _ in range(codings - 1):
        former = Protection.new().projection(embeddings.shape[1])
        rows = np.stack([former.encode(row).vector() for row in rows])
    return CodeIndex([projection.encode(row) for row in rows]).all_scores(embeddings.T)


def measure_accuracy(embeddings: Floats, person: Indices, thresholds: Mapping[str, Any], *, keys: int = 3, seed: int = 0) -> Accuracy:
    """(n, d) unit embeddings and whose each is. `thresholds`: the bundle's tables. Raises MediaError where nothing can be compared."""
    chosen = some_people(person, MOST_PICTURES, seed)
    embeddings, person = embeddings[chosen], person[chosen]
    if not len(person) or np.bincount(person).max() < 2 or len(np.unique(person)) < 2:
        raise MediaError("there is nothing to compare: two people or more, and two pictures or more of somebody are needed")
    pairs = _Pairs(person)
    names = [name for name, rate in RATES.items() if pairs.carries(rate)]
    if not names:
        raise MediaError(f"{len(person)} pictures of {pairs.people} people carry no rate: of pairs of different people {FEWEST} must lie "
                         "above 1 in 100")
    plain = embeddings @ embeddings.T
    coded = [coded_scores(embeddings, Protection.new()) for _ in range(keys)]
    weights = drawn_people(pairs.people, DRAWS, seed)
    costs = {}
    for name in names:
        rate = RATES[name]
        before, after = pairs.tar(plain, rate), [pairs.tar(scores, rate) for scores in coded]
        lost = pairs.drawn(plain, rate, weights) - pairs.drawn(coded[0], rate, weights)
        mean = float(np.mean(after))
        costs[name] = Cost(before, mean, before - mean, interval(lost), tuple(after))
    strictest = "1e-3" if "1e-3" in names else names[-1]
    worn = [costs[strictest].coded] + [pairs.tar(coded_scores(embeddings, Protection.new(), number), RATES[strictest])
                                       for number in range(2, MOST_CODINGS + 1)]
    return Accuracy(len(person), pairs.people, len(pairs.genuine[0]), len(pairs.impostor[0]), costs,
                    _at_thresholds(pairs, plain, coded, thresholds), strictest, tuple(worn))


def _at_thresholds(pairs: _Pairs, plain: Floats, coded: Sequence[Floats], thresholds: Mapping[str, Any]) -> tuple[AtThreshold, ...]:
    """Rows of the table of single pictures whose rate the pairs carry."""
    table = thresholds.get("single")
    found = []
    for row in table.get("rows", ()) if isinstance(table, Mapping) else ():
        similarity = float(row["similarity"])
        here = [plain, *coded]
        false = [float((scores[pairs.impostor] >= similarity).mean()) for scores in here]
        true = [float((scores[pairs.genuine] >= similarity).mean()) for scores in here]
        if false[0] * len(pairs.impostor[0]) >= FEWEST:
            found.append(AtThreshold(similarity, false[0], float(np.mean(false[1:])), true[0], float(np.mean(true[1:]))))
    return tuple(found)
