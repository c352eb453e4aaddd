"""Hashes of PINs: Argon2id (RFC 9106) over a keyed hash (the pepper is the store's key of codes), a random salt for each person.

One computation for each try: a person's PIN and the code for somebody who is forced have one salt, and one hash is compared with both.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edge_face.errors import AccessError

KIND = "pin"
"""Of the store's records."""
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
"""OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane. Kept with each hash, so that they may be raised."""
SALT_BYTES, HASH_BYTES = 16, 32
_MOST_KIB, _MOST_PASSES, _MOST_LANES = 65_536, 8, 4
_FIELDS = {"salt", "memory_kib", "passes", "lanes", "hash", "duress", "added"}


@dataclass(frozen=True, slots=True)
class PinHash:
    """`duress`: of the code for somebody who is forced, None without one. `added`: when, seconds since 1970."""

    salt: bytes = field(repr=False)
    memory_kib: int
    passes: int
    lanes: int
    hash: bytes = field(repr=False)
    duress: bytes | None = field(default=None, repr=False)
    added: float = 0.0


def hashed(key: bytes, owner: str, pin: str, like: PinHash) -> bytes:
    """The hash of a PIN under the salt and parameters of `like`; takes tens to hundreds of milliseconds. Raises AccessError where there
    is no memory or no Argon2id."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

        peppered = hmac.new(key, f"edge-face pin\0{owner}\0{pin}".encode("ascii"), hashlib.sha256).digest()
        argon2 = Argon2id(salt=like.salt, length=HASH_BYTES, iterations=like.passes, lanes=like.lanes, memory_cost=like.memory_kib)
        return argon2.derive(peppered)
    except (ImportError, UnsupportedAlgorithm) as error:
        raise AccessError("the cryptography library here has no Argon2id: pip install -U cryptography") from error
    except MemoryError as error:
        raise AccessError("there is not enough memory to verify a PIN (19 MiB are needed): end other programs") from error


def blank() -> PinHash:
    """Nobody's, with today's parameters and a fresh salt: what an unknown number is compared with, and what a new PIN begins from."""
    return PinHash(secrets.token_bytes(SALT_BYTES), MEMORY_KIB, PASSES, LANES, secrets.token_bytes(HASH_BYTES))


def matches(given: bytes, kept: PinHash) -> tuple[bool, bool]:
    """Is it the PIN; is it the code for somebody who is forced? Both are always compared, in constant time."""
    right = hmac.compare_digest(given, kept.hash)
    forced = hmac.compare_digest(given, kept.duress if kept.duress is not None else bytes(HASH_BYTES))
    return right, forced and kept.duress is not None


def pin_record(kept: PinHash) -> dict[str, Any]:
    """For the store, which seals it."""
    return {"salt": _text(kept.salt), "memory_kib": kept.memory_kib, "passes": kept.passes, "lanes": kept.lanes, "hash": _text(kept.hash),
            "duress": None if kept.duress is None else _text(kept.duress), "added": kept.added}


def pin_hash_of(value: Mapping[str, Any]) -> PinHash:
    """Raises AccessError for whatever `pin_record` cannot have made."""
    try:
        if set(value) != _FIELDS:
            raise ValueError("fields")
        duress, added = value["duress"], value["added"]
        if isinstance(added, bool) or not isinstance(added, int | float):
            raise ValueError("added")
        memory, passes, lanes = (_whole(value[name], most) for name, most in
                                 (("memory_kib", _MOST_KIB), ("passes", _MOST_PASSES), ("lanes", _MOST_LANES)))
        if memory < 8 * lanes:
            raise ValueError("memory")
        return PinHash(_bytes(value["salt"], SALT_BYTES), memory, passes, lanes, _bytes(value["hash"], HASH_BYTES),
                       None if duress is None else _bytes(duress, HASH_BYTES), float(added))
    except (ValueError, TypeError, binascii.Error, OverflowError) as error:
        raise AccessError("the record of a PIN is not what it must be: it opens nothing; add the PIN anew") from error


def _whole(value: object, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError("parameter")
    return value


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _bytes(text: object, length: int) -> bytes:
    if not isinstance(text, str):
        raise ValueError("bytes")
    raw = base64.b64decode(text, validate=True)
    if len(raw) != length:
        raise ValueError("length")
    return raw
