"""Can a machine learn who is who from hidden pictures alone? A classifier trained on some of each person's, tried on the others.

A linear one by ridge regression on embeddings (A. Hoerl, R. Kennard, "Ridge regression", Technometrics 12(1), 1970): closed form, no
chance in it, and with a good embedder hardly worse than anything larger. Every picture is tried once, by the classifier of the folds
that it is not in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_face.evaluation.intervals import Interval, share_interval
from edge_face.types import Floats

FOLDS = 3
RIDGE = 1.0
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Learned:
    """The share of pictures given to the right person, its interval over people, what guessing the most frequent person would reach,
    and how many pictures were tried."""

    accuracy: float
    interval: Interval | None
    chance: float
    pictures: int


def learn(embeddings: Floats, person: Indices, tried: Floats | None = None, *, seed: int = 0) -> Learned | None:
    """Trained on `embeddings` (n, d) of people with FOLDS pictures or more, tried on `tried` (default: the same pictures' own) in
    turn. None where fewer than two people have so many."""
    counts = np.bincount(person)
    chosen = np.flatnonzero(counts[person] >= FOLDS)
    if len(np.unique(person[chosen])) < 2:
        return None
    names, number = np.unique(person[chosen], return_inverse=True)
    inputs, asked = embeddings[chosen], (embeddings if tried is None else tried)[chosen]
    fold = _folds(number, seed)
    right = np.zeros(len(chosen), np.bool_)
    for own in range(FOLDS):
        held = fold == own
        right[held] = _fitted(inputs[~held], number[~held], len(names), asked[held]) == number[held]
    hits = {int(name): (int(right[number == i].sum()), int((number == i).sum())) for i, name in enumerate(names)}
    return Learned(float(right.mean()), share_interval(hits, seed), float(counts[names].max() / len(chosen)), len(chosen))


def _folds(number: Indices, seed: int) -> Indices:
    """Each person's pictures dealt out evenly."""
    random = np.random.default_rng(seed)
    fold = np.zeros(len(number), np.int64)
    for name in np.unique(number):
        own = random.permutation(np.flatnonzero(number == name))
        fold[own] = np.arange(len(own)) % FOLDS
    return fold


def _fitted(inputs: Floats, number: Indices, people: int, asked: Floats) -> Indices:
    middle = inputs.mean(0)
    centred = (inputs - middle).astype(np.float64)
    wanted = np.eye(people)[number] - 1 / people
    weights = np.linalg.solve(centred.T @ centred + RIDGE * np.eye(centred.shape[1]), centred.T @ wanted)
    found: Indices = ((asked - middle) @ weights).argmax(1).astype(np.int64)
    return found
