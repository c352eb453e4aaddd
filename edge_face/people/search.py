"""Nearest templates of an embedding: exactly in small galleries, by sign bits first and exactly then in large ones.

A template's sign bits are the signs of its differences from the mean. The Hamming distance of two such words falls with
the angle between the vectors (M. Charikar, "Similarity estimation techniques from rounding algorithms", 2002), takes a
32nd of the memory to scan, and chooses a few hundred candidates, whose exact float32 cosines are what anybody sees.
Measured in docs/decisions/gallery.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_face.types import Floats

EXACT_UP_TO = 20_000
"""Templates up to which everything is compared exactly: 1.3 ms on one x86 core."""
CANDIDATES = 1000
"""Templates whose exact score is computed."""
_GROUP = 64
_STRIP = 8192
"""Words worked on at a time, so that they stay in the cache."""
_ONES, _TWOS, _FOURS = (np.uint64(0x5555555555555555), np.uint64(0x3333333333333333), np.uint64(0x0F0F0F0F0F0F0F0F))
_SUM = np.uint64(0x0101010101010101)
Words = npt.NDArray[np.uint64]


class SearchIndex:
    """Over `rows`, (n, d) float32 of unit length, which are kept as they are."""

    def __init__(self, rows: Floats, exact_up_to: int = EXACT_UP_TO, candidates: int = CANDIDATES) -> None:
        self.rows = np.ascontiguousarray(rows, np.float32)
        self._candidates = candidates
        self._bits: Words | None = None
        if len(self.rows) > max(exact_up_to, candidates, _GROUP):
            self._mean = self.rows.mean(axis=0)
            self._bits = _transposed_bits(self.rows, self._mean)

    def all_scores(self, embedding: Floats) -> Floats:
        """The exact cosine to every row."""
        return self.rows @ np.asarray(embedding, np.float32)

    def candidates(self, embedding: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
        """Indices of rows that may be nearest, and their exact cosines; all rows of a small index."""
        vector = np.asarray(embedding, np.float32)
        if self._bits is None:
            return np.arange(len(self.rows)), self.rows @ vector
        where = self._near(vector)
        return where, self.rows[where] @ vector

    @property
    def bytes(self) -> int:
        """Memory that the vectors and their bits take."""
        return self.rows.nbytes + (self._bits.nbytes if self._bits is not None else 0)

    def arrays(self) -> list[npt.NDArray[Any]]:
        """Everything in it that tells of a face."""
        return [self.rows, *([self._bits, self._mean] if self._bits is not None else [])]

    def _near(self, vector: Floats) -> npt.NDArray[np.int64]:
        assert self._bits is not None
        wanted = _packed((vector - self._mean)[None, :])[0]
        counted = distances(self._bits, wanted)
        # The nearest rows lie in the groups whose nearest row is nearest: choosing among groups is 64 times cheaper.
        whole = len(counted) // _GROUP * _GROUP
        nearest = counted[:whole].reshape(-1, _GROUP).min(axis=1)
        if len(nearest) > self._candidates:
            groups = np.argpartition(nearest, self._candidates)[:self._candidates]
            where = (groups[:, None] * _GROUP + np.arange(_GROUP)).ravel()
        else:
            where = np.arange(whole)
        where = np.concatenate([where, np.arange(whole, len(counted))])
        best = np.argpartition(counted[where], self._candidates)[:self._candidates]
        chosen: npt.NDArray[np.int64] = where[best]
        return chosen


def _packed(values: Floats) -> Words:
    """(n, d) numbers to (n, ceil(d / 64)) words of their signs."""
    signs = np.packbits(values > 0, axis=1)
    padded = np.zeros((len(signs), -(-signs.shape[1] // 8) * 8), np.uint8)
    padded[:, :signs.shape[1]] = signs
    return padded.view(np.uint64)


def _transposed_bits(rows: Floats, mean: Floats) -> Words:
    """(words, n): one line for each word of all rows, as they are read when distances are counted."""
    strips = [_packed(rows[start:start + _STRIP] - mean) for start in range(0, len(rows), _STRIP)]
    return np.ascontiguousarray(np.concatenate(strips).T)


def distances(bits: Words, wanted: Words) -> npt.NDArray[np.uint16]:
    """Hamming distances of one word list to all."""
    count = getattr(np, "bitwise_count", None)
    return _counted(bits, wanted) if count is None else _counted_by_numpy(bits, wanted, count)


def _counted_by_numpy(bits: Words, wanted: Words, count: np.ufunc) -> npt.NDArray[np.uint16]:
    """With numpy 2's population count."""
    total = np.zeros(bits.shape[1], np.uint16)
    for line, word in zip(bits, wanted, strict=True):
        total += count(line ^ word)
    return total


def _counted(bits: Words, wanted: Words) -> npt.NDArray[np.uint16]:
    """With shifts and masks, for numpy 1 (H. S. Warren, "Hacker's Delight", 5-1)."""
    total = np.empty(bits.shape[1], np.uint16)
    one, two, four, top = np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(56)
    spare = np.empty(_STRIP, np.uint64)
    for start in range(0, bits.shape[1], _STRIP):
        strip = bits[:, start:start + _STRIP]
        shifted = spare[:strip.shape[1]]
        sums = np.zeros(strip.shape[1], np.uint16)
        bytes_summed = np.zeros(strip.shape[1], np.uint64)
        for k, (line, word) in enumerate(zip(strip, wanted, strict=True)):
            x = line ^ word
            np.right_shift(x, one, out=shifted)
            np.bitwise_and(shifted, _ONES, out=shifted)
            x -= shifted
            np.right_shift(x, two, out=shifted)
            np.bitwise_and(shifted, _TWOS, out=shifted)
            x &= _TWOS
            x += shifted
            np.right_shift(x, four, out=shifted)
            x += shifted
            x &= _FOURS
            bytes_summed += x
            if k % 3 == 2 or k == len(wanted) - 1:
                # At most 3 * 64 = 192 in eight bytes: their sum fits the top byte.
                bytes_summed *= _SUM
                bytes_summed >>= top
                sums += bytes_summed.astype(np.uint16)
                bytes_summed[:] = 0
        total[start:start + strip.shape[1]] = sums
    return total
