"""Approaches of strangers, judged as the door judges them, and the one number of each that decides.

A door pools the looks of a track by quality (`edge_face.vision.pooling.Pool`, the very class), compares pool and look
with the best of a person's templates after every look, and grants as soon as, in one look, the pool reaches the
threshold and enough of the latest looks by themselves name the same person (`edge_face.access`). So an approach is
granted at every threshold up to the highest pooled score among the looks at which the votes agree: that maximum is the
approach's score, and the share of approaches with `t` or more is the rate of false grants at threshold `t`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_face.vision.pooling import FAR, Agreement, Pool

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
NOBODY = -2.0
"""The score of an approach that no threshold would let in."""


@dataclass(frozen=True, slots=True)
class Votes:
    """The rule of agreement: `votes` of the latest `of` looks, this one among them, at `similarity` or more by themselves."""

    votes: int
    of: int
    similarity: float


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """What the pool said after each look of an approach: `pooled` (looks, dimension) and whether the look `counted`."""

    pooled: Floats
    counted: Flags


def trace(embeddings: Floats, weights: Floats, guarded: bool = True) -> Trace:
    """Pools the looks of one approach in their order: (looks, dimension) unit vectors and (looks,) qualities.

    `guarded`: the pool keeps out what resembles it too little, as at the door; off where the looks are known to be of
    one person and of different days.
    """
    pool = Pool(far=FAR if guarded else -1.0)
    pooled, counted = np.empty_like(embeddings), np.empty(len(embeddings), bool)
    frozen = embeddings.copy()
    frozen.flags.writeable = False  # the pool overwrites what it drops, and a look may come twice
    for number, quality in enumerate(weights):
        counted[number] = pool.add(frozen[number], float(quality)) is not Agreement.FAR
        mean = pool.embedding
        assert mean is not None
        pooled[number] = mean
    return Trace(pooled, counted)


def best_of(probes: Floats, templates: Floats) -> Floats:
    """Best similarity of each probe to each person: (probes, dimension) and (most, people, dimension), where a person
    with fewer templates repeats one, to (probes, people). The gallery's own score (`Gallery.scores`)."""
    most, people, dimension = templates.shape
    scores = probes @ templates.reshape(most * people, dimension).T
    best: Floats = scores.reshape(len(probes), most, people).max(1)
    return best


def deciding(pooled: Floats, single: Floats, counted: Flags, rule: Votes) -> Floats:
    """The highest threshold at which the approach would be granted, for each person: (people,), NOBODY for none.

    `pooled`, `single` (looks, people): best similarity of the pool after each look, and of the look itself. Dwell time
    and window are left aside: both can only refuse more.
    """
    names = single >= np.float32(rule.similarity)
    total = np.concatenate([np.zeros((1, names.shape[1]), np.int32), names.cumsum(0, dtype=np.int32)])
    last = np.arange(1, len(names) + 1)
    agreeing = total[last] - total[np.maximum(last - rule.of, 0)]
    granted = names & (agreeing >= rule.votes) & counted[:, None]
    score: Floats = np.where(granted, pooled, np.float32(NOBODY)).max(0)
    return score
