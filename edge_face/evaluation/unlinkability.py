"""Do codes of one person under two keys say that they are one person's? D_sys, 0 (no) to 1 (as plain as can be).

M. Gomez-Barrero, J. Galbally, C. Rathgeb, C. Busch, "General framework to evaluate unlinkability in biometric template protection
systems", IEEE TIFS 13(6), 2018; the measure of ISO/IEC 30136 for what ISO/IEC 24745 demands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_face.errors import MediaError
from edge_face.people.cancelable import Protection
from edge_face.types import Floats

MOST_BINS = 100
MOST_PICTURES = 400
KEYS = 40
"""Pairs of keys."""
EACH = 6
"""Pairs of pictures of each person for each pair of keys."""
Indices = npt.NDArray[np.int64]
Signs = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Linked:
    """`d_sys`; `null`: what the same number of pairs of strangers gives, for histograms of few pairs are never quite alike; pairs of one
    person (`mated`) and of two (`non_mated`)."""

    d_sys: float
    null: float
    mated: int
    non_mated: int


@dataclass(frozen=True, slots=True, eq=False)
class Unlinkability:
    """`keys`: pictures of one person under two keys; `picture`: the very same picture under two keys, as after a new key; `within`: two
    pictures under one key, which must be linkable, for so the door knows people. Shares of equal bits under two keys: `mated`,
    `non_mated`; under one: `same_key`."""

    keys: Linked
    picture: Linked
    within: Linked
    mated: Floats
    non_mated: Floats
    same_key: Floats


def d_sys(mated: Floats, non_mated: Floats, omega: float = 1.0) -> float:
    """Global unlinkability of scores of mated and of non-mated pairs; `omega`: how much likelier a pair is mated beforehand. Raises
    ValueError for too few scores."""
    if len(mated) < 10 or len(non_mated) < 10:
        raise ValueError("ten pairs of each kind are needed at least")
    low, high = min(mated.min(), non_mated.min()), max(mated.max(), non_mated.max())
    if low == high:
        return 0.0
    edges = np.linspace(low, high, min(len(mated) // 10, MOST_BINS) + 1)
    own, other = np.histogram(mated, edges)[0] / len(mated), np.histogram(non_mated, edges)[0] / len(non_mated)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.where(own > 0, own / other * omega, 0.0)
        local = np.where(odds > 1.0, 1.0 - 2.0 / (1.0 + odds), 0.0)  # 2 LR w / (1 + LR w) - 1
    return float((local * own).sum())


def measure_unlinkability(embeddings: Floats, person: Indices, *, keys: int = KEYS, seed: int = 0) -> Unlinkability:
    """Codes of (n, d) embeddings, compared bit by bit: without the keys there is nothing better to compare. Each pair of keys gets its
    own few pairs of everybody's pictures, for those of one person under the same two keys are all one trial. Raises MediaError where
    nobody has two pictures, or there is one person only."""
    chosen = some_people(person, MOST_PICTURES, seed)
    embeddings, person = embeddings[chosen], person[chosen]
    rng = np.random.default_rng(seed)
    own = [np.flatnonzero(person == who) for who in np.unique(person)]
    if len(own) < 2 or max(map(len, own)) < 2:
        raise MediaError("there is nothing to link: two people or more, and two pictures or more of somebody are needed")
    scores: dict[str, list[Floats]] = {name: [] for name in ("mated", "strangers", "null", "picture", "within", "apart")}
    for _ in range(keys):
        one, other = _signs(embeddings), _signs(embeddings)
        mates = np.array([rng.choice(pictures, 2, replace=False) for pictures in own if len(pictures) > 1 for _ in range(EACH)])
        strangers = _strangers(person, 4 * len(mates), rng)
        for name, left, right, pairs in (("mated", one, other, mates), ("strangers", one, other, strangers), ("within", one, one, mates),
                                         ("null", one, other, _strangers(person, len(mates), rng)), ("apart", one, one, strangers),
                                         ("picture", one, other, np.repeat(mates[:, :1], 2, axis=1))):
            scores[name].append(_agreement(left[pairs[:, 0]], right[pairs[:, 1]]))
    found = {name: np.concatenate(parts) for name, parts in scores.items()}

    def linked(of: str, against: str) -> Linked:
        return Linked(d_sys(found[of], found[against]), d_sys(found["null"], found["strangers"]), len(found[of]), len(found[against]))

    return Unlinkability(linked("mated", "strangers"), linked("picture", "strangers"), linked("within", "apart"), found["mated"],
                         found["strangers"], found["within"])


def some_people(person: Indices, most: int, seed: int) -> Indices:
    """Indices of at most `most` pictures, whole people, drawn."""
    people, counts = np.unique(person, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(people))
    taken = people[order[np.cumsum(counts[order]) <= most]]
    return np.flatnonzero(np.isin(person, taken if len(taken) else people[order[:1]]))


def _strangers(person: Indices, count: int, rng: np.random.Generator) -> Indices:
    """(count, 2) pictures of two people each."""
    pairs = rng.integers(len(person), size=(count, 2))
    while (same := person[pairs[:, 0]] == person[pairs[:, 1]]).any():
        pairs[same] = rng.integers(len(person), size=(int(same.sum()), 2))
    return pairs


def _signs(embeddings: Floats) -> Signs:
    """+1 and -1 of codes under a key that nobody else has."""
    projection = Protection.new().projection(embeddings.shape[1])
    return np.stack([np.unpackbits(projection.encode(row).bits) for row in embeddings]).astype(np.int8) * 2 - 1


def _agreement(left: Signs, right: Signs) -> Floats:
    """The share of equal bits, row by row."""
    return np.asarray((left == right).mean(axis=1), np.float32)
