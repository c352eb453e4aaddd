"""HPKE (RFC 9180) in base mode, one suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM.

Made of the primitives that every cryptography since 38 (Debian Bookworm's) has; newer ones bring HPKE themselves, without
associated data. Names follow the RFC; the tests hold it to the RFC's vectors (A.1) and to cryptography's own.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from edge_face.errors import MissingExtraError

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
except ImportError as error:
    raise MissingExtraError("cryptography", "pi", apt="python3-cryptography") from error

__all__ = ["ENC_BYTES", "TAG_BYTES", "Context", "X25519PrivateKey", "X25519PublicKey", "open_base", "raw", "seal_base", "setup_receiver",
           "setup_sender"]

ENC_BYTES = 32
TAG_BYTES = 16
_KEM = b"KEM" + (0x0020).to_bytes(2, "big")
_SUITE = b"HPKE" + (0x0020).to_bytes(2, "big") + (0x0001).to_bytes(2, "big") + (0x0001).to_bytes(2, "big")
_KEY, _NONCE, _HASH = 16, 12, 32
_BASE = b"\x00"


@dataclass(frozen=True, slots=True)
class Context:
    """What both sides have in common (`key`, `base_nonce`, `exporter_secret`). Which message it is (`sequence`) is told by the caller, so
    that nothing here changes; none may be used twice for sealing."""

    key: bytes
    base_nonce: bytes
    exporter_secret: bytes

    def seal(self, aad: bytes, plain: bytes, sequence: int = 0) -> bytes:
        """Ciphertext and tag."""
        return AESGCM(self.key).encrypt(self._nonce(sequence), plain, aad)

    def open(self, aad: bytes, sealed: bytes, sequence: int = 0) -> bytes:
        """The plaintext. Raises ValueError when anything was changed, or belongs elsewhere."""
        try:
            return AESGCM(self.key).decrypt(self._nonce(sequence), sealed, aad)
        except InvalidTag as error:
            raise ValueError("the seal does not fit") from error

    def export(self, context: bytes, length: int) -> bytes:
        """A secret for something else (RFC 9180, 5.3)."""
        return _expand(self.exporter_secret, _SUITE, b"sec", context, length)

    def _nonce(self, sequence: int) -> bytes:
        return (int.from_bytes(self.base_nonce, "big") ^ sequence).to_bytes(_NONCE, "big")


def setup_sender(public: X25519PublicKey, info: bytes, ephemeral: X25519PrivateKey | None = None) -> tuple[bytes, Context]:
    """`enc` for the receiver, and the context. `ephemeral`: for test vectors only, otherwise a fresh key each time. Raises ValueError for a
    public key that is none (of small order)."""
    ephemeral = ephemeral or X25519PrivateKey.generate()
    enc = raw(ephemeral.public_key())
    return enc, _schedule(_shared(ephemeral, public, enc, raw(public)), info)


def setup_receiver(private: X25519PrivateKey, enc: bytes, info: bytes) -> Context:
    """The context of whoever holds the private key. Raises ValueError for an `enc` that is no key."""
    return _schedule(_shared(private, X25519PublicKey.from_public_bytes(enc), enc, raw(private.public_key())), info)


def seal_base(public: X25519PublicKey, info: bytes, aad: bytes, plain: bytes) -> bytes:
    """One message under a key of its own: enc (32 bytes), ciphertext, tag (16)."""
    enc, context = setup_sender(public, info)
    return enc + context.seal(aad, plain)


def open_base(private: X25519PrivateKey, info: bytes, aad: bytes, sealed: bytes) -> bytes:
    """The opposite. Raises ValueError: another key's, changed, cut off, or bound to something else."""
    if len(sealed) < ENC_BYTES + TAG_BYTES:
        raise ValueError("too short")
    return setup_receiver(private, sealed[:ENC_BYTES], info).open(aad, sealed[ENC_BYTES:])


def raw(public: X25519PublicKey) -> bytes:
    """The 32 bytes of a public key (RFC 7748)."""
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _shared(own: X25519PrivateKey, other: X25519PublicKey, enc: bytes, receiver: bytes) -> bytes:
    """DHKEM (4.1): ExtractAndExpand. `exchange` refuses an all-zero result, as 7.1.4 demands."""
    prk = _extract(b"", _KEM, b"eae_prk", own.exchange(other))
    return _expand(prk, _KEM, b"shared_secret", enc + receiver, _HASH)


def _schedule(shared: bytes, info: bytes) -> Context:
    """KeySchedule (5.1) without a pre-shared key."""
    about = _BASE + _extract(b"", _SUITE, b"psk_id_hash", b"") + _extract(b"", _SUITE, b"info_hash", info)
    secret = _extract(shared, _SUITE, b"secret", b"")
    return Context(_expand(secret, _SUITE, b"key", about, _KEY), _expand(secret, _SUITE, b"base_nonce", about, _NONCE),
                   _expand(secret, _SUITE, b"exp", about, _HASH))


def _extract(salt: bytes, suite: bytes, label: bytes, value: bytes) -> bytes:
    """LabeledExtract."""
    return hmac.digest(salt or bytes(_HASH), b"HPKE-v1" + suite + label + value, "sha256")


def _expand(key: bytes, suite: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """LabeledExpand: HKDF-Expand (RFC 5869) of an info that names length, suite and label."""
    info = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    found, block = b"", b""
    while len(found) < length:
        block = hmac.digest(key, block + info + bytes([len(found) // _HASH + 1]), "sha256")
        found += block
    return found[:length]
