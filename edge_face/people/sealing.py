"""Sealing: AES-256-GCM (NIST SP 800-38D) under keys that lie in the database only wrapped.

The device key wraps a random data key for each person; what belongs to a person is sealed under that one. Everything
sealed is bound to its place (column, person, embedder, version of the layout) as associated data, so that a value that
was changed, moved or swapped does not open.
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


class KeyRing:
    """The keys derived from the device key, one for each purpose. Raises StoreError for a key of another length."""

    def __init__(self, device_key: bytes) -> None:
        if len(device_key) != KEY_BYTES:
            raise StoreError(f"a device key has {KEY_BYTES} bytes, this one has {len(device_key)}")
        self._wrapping = derive(device_key, "wrap data keys")
        self.names = derive(device_key, "index of names")
        self.tombstones = derive(device_key, "tombstones")
        self.events = derive(device_key, "events of nobody")
        self.fingerprint = tag(derive(device_key, "fingerprint"), b"")
        """Tells whether a store was made with this key."""

    def new_data_key(self, person: str) -> tuple[bytes, bytes]:
        """A fresh data key, and the same wrapped for the database."""
        key = secrets.token_bytes(KEY_BYTES)
        return key, seal(self._wrapping, key, place("person.wrapped_key", person))

    def data_key(self, person: str, wrapped: bytes) -> bytes:
        """Raises SealBrokenError."""
        return unseal(self._wrapping, wrapped, place("person.wrapped_key", person), f"the key of person {person}")
