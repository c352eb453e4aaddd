"""Sealing: AES-256-GCM (NIST SP 800-38D) under keys that lie in the database only wrapped.

The device key seals the ring of the store's keys, which wraps a random data key for each person; what belongs to a person
is sealed under that one. Everything sealed is bound to its place (column, person, embedder, version of the layout) as
associated data, so that a value that was changed, moved or swapped does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from edge_face.errors import MissingExtraError, StoreError

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError as error:
    raise MissingExtraError("cryptography", "pi", apt="python3-cryptography") from error

KEY_BYTES = 32
NONCE_BYTES = 12
LAYOUT = 1
"""Version of what is sealed where; a migration that changes a sealed column raises it and seals anew."""

Part = str | bytes | int | float | None


class SealBrokenError(StoreError):
    """A sealed value was changed, moved, or sealed under another key."""


def place(*parts: Part) -> bytes:
    """Associated data: each part with its type and length before it, so that no two lists read alike."""
    pieces = [b"edge-face", LAYOUT.to_bytes(2, "big")]
    for part in parts:
        kind, raw = b"s", b""
        if part is None:
            kind = b"n"
        elif isinstance(part, bytes):
            kind, raw = b"b", part
        elif isinstance(part, str):
            raw = part.encode("utf-8", "surrogatepass")
        else:
            kind, raw = b"f", float(part).hex().encode("ascii")
        pieces += [kind, len(raw).to_bytes(8, "big"), raw]
    return b"".join(pieces)


def seal(key: bytes, value: bytes, where: bytes) -> bytes:
    """Nonce, ciphertext and tag. `where` must be the same to open it."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, value, where)


def unseal(key: bytes, sealed: bytes, where: bytes, what: str) -> bytes:
    """The value. Raises SealBrokenError, which names `what`."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], where)
    except (InvalidTag, ValueError, TypeError) as error:
        raise SealBrokenError(f"{what} was changed or damaged outside edge-face (its seal is broken): restore the people "
                              "store from a backup, or forget the person and enrol again") from error


def derive(key: bytes, purpose: str) -> bytes:
    """A key for one purpose: HKDF-Expand of one block (RFC 5869); `key` is uniformly random, so nothing is extracted."""
    return hmac.new(key, b"edge-face " + purpose.encode("ascii") + b"\x01", hashlib.sha256).digest()


def tag(key: bytes, value: bytes) -> bytes:
    """A keyed hash of 128 bits: equal for equal values, and says nothing without the key."""
    return hmac.new(key, value, hashlib.sha256).digest()[:16]
