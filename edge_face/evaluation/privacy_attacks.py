"""What an attacker gets out of hidden faces, from embeddings alone: AUC, rank 1 and TAR at FMR 1e-2, with intervals.

A probe is a hidden picture, or what was made of one; the gallery is clear, or hidden the same way. A probe is compared with every
picture of the gallery but its own: whoever holds the very same picture needs no face. 0.5 is the AUC of a coin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_face.evaluation.intervals import Interval, drawn_people, interval, share_interval
from edge_face.types import Floats

FMR = 1e-2
DOOR_FMR = 1e-3
"""About the rate of one comparison at a door with a few people."""
FEWEST_PEOPLE = 5
"""Drawing from fewer says nothing of others."""
DRAWS = 300
KEPT = 200_000
"""Impostor pairs that the intervals rest on, drawn from all; the figures themselves count every pair."""
BINS = 2048
Indices = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figures:
    """One attack: the share of pairs put in the right order (`auc`), of probes whose nearest picture is the same person's
    (`rank1`), of genuine pairs above the threshold that 1 % of the impostor pairs reach (`tar`), each with its interval over people;
    `gallery`: which gallery served best ("clear", "hidden", ...); `pairs`: genuine ones."""

    auc: float
    rank1: float
    tar: float
    auc_interval: Interval | None
    rank1_interval: Interval | None
    tar_interval: Interval | None
    gallery: str
    pairs: int


def attack(probes: Floats, gallery: Floats, person: Indices, name: str, *, symmetric: bool = False, seed: int = 0) -> Figures:
    """`probes` (n, d) against `gallery` (n, d), unit vectors of the same n pictures. `symmetric`: both are the same, and each pair
    counts once. The people must have a genuine and an impostor pair among them (`verification.require_pairs`)."""
    scores = probes @ gallery.T
    same = person[:, None] == person[None]
    wanted = np.triu(np.ones_like(same), 1) if symmetric else ~np.eye(len(person), dtype=np.bool_)
    left, right = np.nonzero(same & wanted)
    genuine = scores[left, right]
    one, other = np.nonzero(~same & wanted)
    impostor = scores[one, other]
    ranked = np.sort(impostor)
    hits = _nearest(scores, person)
    found, asked = (sum(counts[side] for counts in hits.values()) for side in (0, 1))
    auc_span, tar_span = _intervals(genuine, person[left], impostor, person[one], person[other], ranked, seed)
    tar = float((genuine > ranked[_limit(len(ranked))]).mean())
    return Figures(area(genuine, ranked), found / max(asked, 1), tar, auc_span, share_interval(hits, seed), tar_span, name, len(genuine))


def best_of(tried: Sequence[Figures]) -> Figures:
    """The attack with the largest AUC: an attacker takes what works."""
    return max(tried, key=lambda figures: figures.auc)


def both_galleries(probes: Floats, clear: Floats, person: Indices, *, seed: int = 0) -> Figures:
    """The better of the clear gallery and one that is treated as the probes are."""
    return best_of((attack(probes, clear, person, "clear", seed=seed), attack(probes, probes, person, "hidden", symmetric=True, seed=seed)))


def threshold_at(scores: Floats, person: Indices, rate: float = DOOR_FMR) -> float:
    """The score that the share `rate` of the impostor pairs of a matrix (n, n) of all pictures exceeds."""
    impostor = np.sort(scores[person[:, None] != person[None]])
    return float(impostor[max(len(impostor) - 1 - int(rate * len(impostor)), 0)])


def accepted(probes: Floats, gallery: Floats, person: Indices, threshold: float) -> float:
    """The share of genuine pairs of different pictures above a threshold: what is left of recognition."""
    genuine = (person[:, None] == person[None]) & ~np.eye(len(person), dtype=np.bool_)
    return float(((probes @ gallery.T)[genuine] > threshold).mean())


def area(genuine: Floats, ranked: Floats) -> float:
    """AUC of genuine scores against impostor scores in rising order; a tie counts half."""
    below, upto = np.searchsorted(ranked, genuine, side="left"), np.searchsorted(ranked, genuine, side="right")
    return float((below + upto).mean() / (2 * max(len(ranked), 1)))


def _limit(count: int) -> int:
    """Place of the highest of `count` rising impostor scores that may not match."""
    return max(count - 1 - int(FMR * count), 0)


def _nearest(scores: Floats, person: Indices) -> dict[int, tuple[int, int]]:
    """By person: probes whose nearest other picture is theirs, and all probes with such a picture."""
    apart = scores.copy()
    np.fill_diagonal(apart, -np.inf)
    right = person[apart.argmax(1)] == person
    able = np.bincount(person)[person] > 1
    return {int(name): (int(right[own].sum()), int(own.sum())) for name in np.unique(person) if (own := (person == name) & able).any()}


def _intervals(genuine: Floats, own: Indices, impostor: Floats, one: Indices, other: Indices, ranked: Floats,
               seed: int) -> tuple[Interval | None, Interval | None]:
    """Of AUC and TAR by bootstrap over people (None for too few), on scores sorted into bins of equally many impostor pairs."""
    people, numbered = np.unique(np.concatenate([own, one, other]), return_inverse=True)
    if len(people) < FEWEST_PEOPLE:
        return None, None
    own, one, other = np.split(numbered.reshape(-1), (len(own), len(own) + len(one)))
    if len(impostor) > KEPT:
        chosen = np.random.default_rng(seed).choice(len(impostor), KEPT, replace=False)
        impostor, one, other = impostor[chosen], one[chosen], other[chosen]
    edges = ranked[np.linspace(0, len(ranked) - 1, BINS).round().astype(np.int64)]
    # Finest at the top: the last bin begins at the best impostor score.
    low, high = np.searchsorted(edges, impostor, side="right"), np.searchsorted(edges, genuine, side="right")
    table = np.zeros((len(people), BINS + 1))
    np.add.at(table, (own, high), 1.0)
    areas: list[float] = []
    rates: list[float] = []
    for weight in drawn_people(len(people), DRAWS, seed):
        wide = weight.astype(np.float64)
        genuine_weight = wide @ table
        impostor_weight = np.bincount(low, wide[one] * wide[other], BINS + 1)
        total, pairs = genuine_weight.sum(), impostor_weight.sum()
        if not total or not pairs:
            continue
        risen = np.cumsum(impostor_weight)
        areas.append(float((genuine_weight * (risen - impostor_weight / 2)).sum() / (total * pairs)))
        first = int(np.searchsorted(risen, (1 - FMR) * pairs))
        rates.append(float(genuine_weight[first + 1:].sum() / total))
    return (interval(areas), interval(rates)) if areas else (None, None)
