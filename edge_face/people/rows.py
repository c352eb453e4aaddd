"""A matrix that grows by rows where it lies: a gallery takes its own size in memory, not twice that while it is built."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from edge_face.types import Floats

_FIRST = 256
"""Rows that there is room for at first."""


class Rows:
    """float32 vectors of one length, one after the other. Raises ValueError for one of another length."""

    def __init__(self) -> None:
        self._matrix: Floats | None = None
        self._used = 0

    def extend(self, vectors: Iterable[Floats]) -> None:
        """More rows, copied."""
        for vector in vectors:
            if self._matrix is None:
                self._matrix = np.zeros((_FIRST, vector.size), np.float32)
            elif self._used == len(self._matrix):
                # In place: the C library moves the pages of a large block without copying it.
                self._matrix.resize((self._used + max(self._used // 4, _FIRST), self._matrix.shape[1]), refcheck=False)
            self._matrix[self._used] = vector
            self._used += 1

    def taken(self) -> Floats:
        """The (n, d) matrix, cut to size; begins anew. (0, 1) when there was no row."""
        matrix, used = self._matrix, self._used
        self._matrix, self._used = None, 0
        if matrix is None:
            return np.zeros((0, 1), np.float32)
        matrix.resize((used, matrix.shape[1]), refcheck=False)
        return matrix
