"""Nearest codes of a live face (`edge_face.people.cancelable`): some by the signs of the first bits, then the cosine itself.

What decides is always the estimate of the cosine from all signs of the code: a coarse first look can miss somebody, never let
somebody in. A code is never turned back into a face's direction here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_face.people.cancelable import Code, Projection
from edge_face.people.search import Words, distances
from edge_face.types import Floats

COARSE = 1024
"""Bits of the first look."""
CANDIDATES = 64
"""Templates whose score is computed, at least; one in so many more of a larger gallery."""
_SHARE = 300
_STRIP = 512


class CodeIndex:
    """Over codes of one projection, (n,)."""

    def __init__(self, codes: Sequence[Code], candidates: int = CANDIDATES) -> None:
        self.projection: Projection = codes[0].projection
        self._bits = np.stack([code.bits for code in codes])
        self._scales = np.array([1.0 / code.length for code in codes], np.float32)
        self._candidates = max(candidates, len(codes) // _SHARE)
        self._coarse: Words | None = None
        if len(codes) > self._candidates:
            self._coarse = np.ascontiguousarray(_words(self._bits).T)

    def __len__(self) -> int:
        return len(self._bits)

    def all_scores(self, embeddings: Floats) -> Floats:
        """Estimates of the cosine to every code: (n,), or (n, k) for (d, k) embeddings."""
        probes = self.projection.spread(np.asarray(embeddings, np.float32).T)
        scores = np.empty((len(self), len(probes)), np.float32)
        for start in range(0, len(self), _STRIP):
            scores[start:start + _STRIP] = self._weighed(slice(start, start + _STRIP), probes)
        return scores if np.ndim(embeddings) == 2 else scores[:, 0]

    def candidates(self, embedding: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
        """Indices of codes that may be nearest, and their scores; all of a small index."""
        probe = self.projection.spread(embedding)
        if self._coarse is None:
            where = np.arange(len(self))
        else:
            away = distances(self._coarse, _words(np.packbits(probe > 0, axis=1))[0])
            where = np.argpartition(away, self._candidates)[:self._candidates]
        return where, self._weighed(where, probe)[:, 0]

    def arrays(self) -> list[npt.NDArray[Any]]:
        """Everything in it that tells of a face."""
        return [self._bits, *([self._coarse] if self._coarse is not None else [])]

    def own(self, start: int, end: int, embedding: Floats) -> Floats:
        """Scores of the codes from `start` to before `end`."""
        return self._weighed(slice(start, end), self.projection.spread(embedding))[:, 0]

    def directions(self) -> Floats:
        """(n, d): what the codes come from, roughly; to compare all with all when the owner asks for it."""
        return np.stack([self.projection.decode(Code(bits, 1.0 / float(scale), self.projection))
                         for bits, scale in zip(self._bits, self._scales, strict=True)])

    @property
    def bytes(self) -> int:
        """Memory that the codes take."""
        return self._bits.nbytes + self._scales.nbytes + (self._coarse.nbytes if self._coarse is not None else 0)

    def _weighed(self, which: slice | npt.NDArray[np.int64], probes: Floats) -> Floats:
        """The sum over the signs that are up, twice, less the sum over all: the product with signs of +1 and -1."""
        up = np.unpackbits(self._bits[which], axis=1).astype(np.float32)
        scores: Floats = (2.0 * (up @ probes.T) - probes.sum(axis=1)) * self._scales[which, None]
        return scores


def _words(bits: npt.NDArray[np.uint8]) -> Words:
    """The first bits of codes as (n, words)."""
    return np.ascontiguousarray(bits[:, :COARSE // 8]).view(np.uint64)
