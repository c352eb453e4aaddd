"""Which of the pictures become templates: outliers go, every pose keeps its best, the rest is filled with what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_face.people.guide import Take, similarities


@dataclass(frozen=True, slots=True)
class Concord:
    """How well templates agree: lowest and mean cosine over all pairs (1 and 1 for a single one)."""

    lowest: float
    mean: float


@dataclass(frozen=True, slots=True)
class Outlier:
    """The take at `index` looks least like the others: its mean cosine to them."""

    index: int
    similarity: float


def concord(takes: Sequence[Take]) -> Concord:
    """Over all pairs."""
    if len(takes) < 2:
        return Concord(1.0, 1.0)
    pairs = similarities([t.embedding for t in takes])[np.triu_indices(len(takes), 1)]
    return Concord(float(pairs.min()), float(pairs.mean()))


def outliers(takes: Sequence[Take], same: float) -> list[Outlier]:
    """Those that do not show the person of the others, worst first. Of two that disagree nobody can say which is wrong:
    both are named."""
    left = list(range(len(takes)))
    scores = similarities([t.embedding for t in takes]) if takes else np.zeros((0, 0), np.float32)
    found: list[Outlier] = []
    while len(left) > 1:
        block = scores[np.ix_(left, left)]
        means = (block.sum(axis=1) - np.diag(block)) / (len(left) - 1)
        worst = int(np.argmin(means))
        if means[worst] >= same:
            break
        if len(left) == 2:
            found += [Outlier(i, float(means[k])) for k, i in enumerate(left)]
            break
        found.append(Outlier(left[worst], float(means[worst])))
        del left[worst]
    return found


def choose(takes: Sequence[Take], most: int) -> list[int]:
    """Indices of at most `most` takes: the best of each pose, then those least like the ones chosen."""
    by_quality = sorted(range(len(takes)), key=lambda i: -takes[i].quality.overall)
    chosen: list[int] = []
    for i in by_quality:
        if len(chosen) < most and all(takes[i].pose != takes[j].pose for j in chosen):
            chosen.append(i)
    if len(chosen) < most and len(chosen) < len(takes):
        scores = similarities([t.embedding for t in takes])
        while len(chosen) < min(most, len(takes)):
            rest = [i for i in by_quality if i not in chosen]
            chosen.append(min(rest, key=lambda i: float(scores[i, chosen].max())))
    return sorted(chosen)
