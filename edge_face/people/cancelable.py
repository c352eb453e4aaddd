"""Cancelable templates: a face is kept as signs of random projections under a key of this device, not as an embedding.

Two codes of one face under two keys are as unlike as those of two people; a code of one key says nothing to another one, so what was
stolen is made worthless by a new key (ISO/IEC 24745: renewable, unlinkable). Whoever has the key too comes near the embedding again:
docs/decisions/cancelable-templates.md says how near.

The projection is three rounds of signs from the key and Hadamard's transform, in blocks (F. X. Yu et al., "Orthogonal random
features", 2016); a code is the signs of the result (M. Charikar, 2002). A live face is not cut to signs: its projection is weighed
with the code's signs, which gives back the cosine itself, with half of the noise of comparing signs with signs.
"""

from __future__ import annotations

import functools
import hashlib
import math
import secrets
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edge_face.errors import PeopleError
from edge_face.types import Floats

KEY_BYTES = 32
BITS = 16384
"""Signs of a code, 2 KiB: at 4096 half a point of true accepts was lost, at 8192 a tenth and for an unlucky key four, at 16384 next
to nothing under any key (measured, see there)."""
FINGERPRINT = 8
ROUNDS = 3
_LABEL = b"edge-face templates 1"
Bytes = npt.NDArray[np.uint8]


class Projection:
    """From embeddings of `dimension` numbers to codes under `key` (32 bytes) and, as far as that goes, back."""

    def __init__(self, key: bytes, dimension: int) -> None:
        if len(key) != KEY_BYTES:
            raise PeopleError(f"a key of templates has {KEY_BYTES} bytes, this one has {len(key)}")
        self.dimension = dimension
        self.fingerprint = fingerprint(key)
        """Tells keys apart, and nothing else."""
        self._width = max(1 << max(dimension - 1, 1).bit_length(), 64)
        self._blocks = max(BITS // self._width, 1)
        self.bits = self._blocks * self._width
        # From a hash of unlimited length, so that every machine and every numpy draws the same signs.
        drawn = hashlib.shake_256(_LABEL + dimension.to_bytes(4, "big") + key).digest(ROUNDS * self.bits // 8)
        signs = np.unpackbits(np.frombuffer(drawn, np.uint8)).reshape(ROUNDS, 1, self._blocks, self._width)
        self._signs = signs.astype(np.float32) * 2 - 1

    def spread(self, vectors: Floats) -> Floats:
        """(n, dimension) or (dimension,) -> (n, bits): each block a rotation of the vector, so that cosines stay."""
        rows = np.atleast_2d(np.asarray(vectors, np.float32))
        turned = np.zeros((len(rows), 1, self._width), np.float32)
        turned[:, 0, :self.dimension] = rows
        for signs in self._signs:
            turned = _hadamard(turned * signs)
        return turned.reshape(len(rows), self.bits)

    def encode(self, vector: Floats, codings: int = 1) -> Code:
        """The code of a unit vector."""
        turned = self.spread(vector)[0]
        return Code(np.packbits(turned > 0), float(np.abs(turned).sum()), self, codings)

    def decode(self, code: Code) -> Floats:
        """The direction that fits the code best, a unit vector: 0.99 alike to what was encoded, for 384 numbers."""
        turned = np.unpackbits(code.bits).astype(np.float32).reshape(1, self._blocks, self._width) * 2 - 1
        for signs in self._signs[::-1]:
            turned = _hadamard(turned) * signs
        vector = turned.sum(axis=1)[0, :self.dimension]
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """A face under a key: `bits` uint8 (projection.bits / 8,), and `length`, the sum of what the signs were taken of, by which a
    similarity is brought back to a cosine. `codings`: how often it was brought under another key since it was a face."""

    bits: Bytes = field(repr=False)
    length: float = field(repr=False)
    projection: Projection = field(repr=False)
    codings: int = 1

    def __post_init__(self) -> None:
        if self.bits.dtype != np.uint8 or self.bits.shape != (self.projection.bits // 8,) or not 0.0 < self.length < math.inf:
            raise PeopleError("a protected template is damaged: enrol again")
        self.bits.flags.writeable = False

    def vector(self) -> Floats:
        """What comes back with the key: for an export to another door and for a new key, never for the door's own comparisons."""
        return self.projection.decode(self)


class Protection:
    """The key under which a store's templates lie. Its projections are drawn once for each dimension."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.fingerprint = fingerprint(key)
        self._projections: dict[int, Projection] = {}

    @classmethod
    def new(cls) -> Protection:
        """Under a key that was never used."""
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def of_record(cls, record: object) -> Protection:
        """Raises PeopleError for what is no record of a key."""
        key = record.get("key") if isinstance(record, dict) else None
        try:
            return cls(bytes.fromhex(key if isinstance(key, str) else ""))._checked()
        except ValueError as error:
            raise PeopleError("the key of the protected templates cannot be read: restore the people store from a backup") from error

    def record(self) -> dict[str, str]:
        """What the store seals."""
        return {"key": self._key.hex()}

    def projection(self, dimension: int) -> Projection:
        """For embeddings of so many numbers."""
        if dimension not in self._projections:
            self._projections[dimension] = Projection(self._key, dimension)
        return self._projections[dimension]

    def _checked(self) -> Protection:
        if len(self._key) != KEY_BYTES:
            raise ValueError("a key of another length")
        return self


def fingerprint(key: bytes) -> str:
    """16 hexadecimal digits by which keys are told apart."""
    return hashlib.sha256(_LABEL + b" fingerprint" + key).hexdigest()[:2 * FINGERPRINT]


def _hadamard(blocks: Floats) -> Floats:
    """Hadamard's transform, normalised, of (n, blocks, width), as two small products: H(ab) = H(a) x H(b)."""
    count, some, width = blocks.shape
    wide = 1 << (width.bit_length() - 1) // 2
    left, right = _matrix(width // wide), _matrix(wide)
    turned: Floats = (left @ (blocks.reshape(count, some, width // wide, wide) @ right)).reshape(count, some, width)
    return turned


@functools.cache
def _matrix(size: int) -> Floats:
    matrix = np.ones((1, 1), np.float32)
    while len(matrix) < size:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return np.asarray(matrix / math.sqrt(size), np.float32)
