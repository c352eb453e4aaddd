"""One face's embeddings over a track, pooled by quality. The pool lives and dies with its track."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from edge_face.errors import ModelError
from edge_face.types import Floats

FAR = 0.45
"""An embedding less similar (cosine) than this to the pool is another face, or no usable picture of this one: frames of
one track are at 0.6 and more, one picture in a thousand of somebody else reaches 0.45 (docs/decisions/tracking.md)."""
STRIKES = 2
"""So many far embeddings in a row: the pool is about somebody who is not there any more."""
DECAY = 0.9
"""What an embedding counts for less with each later one, when the pool is full and one has to go."""


class Agreement(enum.Enum):
    """What a new embedding meant to the pool."""

    AGREES = "agrees"
    FAR = "far"
    """Kept out of the pool."""
    RESET = "reset"
    """Not the first far one: the pool was emptied and starts anew with it."""


@dataclass(slots=True, eq=False)
class _Sample:
    embedding: Floats
    weight: float
    number: int


class Pool:
    """At most `size` embeddings of one track and their weighted mean."""

    def __init__(self, size: int = 8, far: float = FAR) -> None:
        self._size = size
        self._far = far
        self._samples: list[_Sample] = []
        self._strikes = 0
        self._count = 0
        self._mean: Floats | None = None

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def embedding(self) -> Floats | None:
        """The pooled embedding (a unit vector), or None for an empty pool."""
        return self._mean

    def add(self, embedding: Floats, weight: float) -> Agreement:
        """Takes an embedding (a unit vector, from now on the pool's own) with its quality, above 0 up to 1.

        Raises ModelError for one that is no unit vector.
        """
        if not abs(float(np.linalg.norm(embedding)) - 1.0) < 1e-2:
            raise ModelError("an embedding that has no direction cannot be pooled: the embedder is damaged or unfit for this board")
        result = Agreement.AGREES
        if self._mean is not None and float(self._mean @ embedding) < self._far:
            self._strikes += 1
            if self._strikes < STRIKES:
                return Agreement.FAR
            self.clear()
            result = Agreement.RESET
        self._strikes = 0
        self._count += 1
        self._samples.append(_Sample(embedding, max(weight, 1e-3), self._count))
        if len(self._samples) > self._size:
            # Never the newest: a pool that no longer learns would keep somebody who has left.
            worst = min(self._samples[:-1], key=lambda s: s.weight * DECAY ** (self._count - s.number))
            _wipe(worst.embedding)
            self._samples.remove(worst)
        self._mean = self._pooled()
        return result

    def clear(self) -> None:
        """Forgets everything; the numbers are overwritten."""
        for sample in self._samples:
            _wipe(sample.embedding)
        if self._mean is not None:
            _wipe(self._mean)
        self._samples, self._mean, self._strikes = [], None, 0

    def _pooled(self) -> Floats:
        stack = np.stack([s.embedding for s in self._samples])
        weights = np.array([s.weight for s in self._samples], np.float32)
        mean = weights @ stack
        if len(stack) > 2:
            # One step of a robust mean: what stands apart from the others counts for less.
            mean = (weights * np.clip(stack @ (mean / np.linalg.norm(mean)), 0.05, None) ** 2) @ stack
        unit: Floats = (mean / np.linalg.norm(mean)).astype(np.float32)
        return unit


def _wipe(embedding: Floats) -> None:
    if embedding.flags.writeable:
        embedding.fill(0.0)
