"""From a passphrase to a key: Argon2id (RFC 9106), or scrypt (RFC 7914) for what was sealed before and where there is no Argon2id.

What was used stands in the head of the file, within bounds: a file from somewhere must not take all of the memory.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from edge_face.errors import PeopleError, UsageError
from edge_face.people.sealing import KEY_BYTES

ARGON2 = {"memory_kib": 1 << 16, "iterations": 3, "lanes": 4}
"""RFC 9106's choice for machines with little memory: 64 MiB, which a Zero 2 W has to spare."""
SCRYPT = {"n": 1 << 16, "r": 8, "p": 2}
"""OWASP's choice for 64 MiB."""
SHORTEST = 8
_SALT_BYTES = 16
_MOST_MEMORY = 1 << 28
"""Bytes that a file may make a derivation take."""


def check_passphrase(passphrase: str) -> str:
    """Raises UsageError for one that is too short to keep anybody out."""
    if len(passphrase) < SHORTEST:
        raise UsageError(f"a passphrase has at least {SHORTEST} characters; four random words are a good one")
    return passphrase


def new_derivation() -> dict[str, Any]:
    """What stands in the head of a new file: Argon2id with a fresh salt."""
    salt = base64.b64encode(secrets.token_bytes(_SALT_BYTES)).decode("ascii")
    return {"name": "argon2id", **ARGON2, "salt": salt} if _has_argon2() else {"name": "scrypt", **SCRYPT, "salt": salt}


def derive_key(derivation: Any, passphrase: str) -> bytes:
    """32 bytes. Raises PeopleError for a derivation that is unknown or asks for too much."""
    secret = passphrase.encode("utf-8", "surrogatepass")
    try:
        if not isinstance(derivation, dict):
            raise ValueError("no derivation")
        salt = base64.b64decode(derivation["salt"], validate=True)
        if not 8 <= len(salt) <= 64:
            raise ValueError("salt")
        if derivation.get("name") == "argon2id":
            return _argon2(derivation, salt, secret)
        if derivation.get("name") == "scrypt":
            return _scrypt(derivation, salt, secret)
        raise ValueError("unknown")
    except (KeyError, TypeError, ValueError, OverflowError, binascii.Error) as error:
        raise PeopleError("this file asks for a way of making keys that edge-face does not know: was it changed?") from error
    except UnsupportedAlgorithm as error:
        raise PeopleError("this file was sealed with Argon2id, which the cryptography library here does not have: pip install -U "
                          "cryptography") from error
    except MemoryError as error:
        raise PeopleError("there is not enough memory to open this file (64 MiB are needed): end other programs") from error


def _argon2(derivation: dict[str, Any], salt: bytes, secret: bytes) -> bytes:
    memory, iterations, lanes = (_whole(derivation[name]) for name in ("memory_kib", "iterations", "lanes"))
    if memory * 1024 > _MOST_MEMORY or iterations > 16 or lanes > 16 or memory < 8 * lanes:
        raise ValueError("out of range")
    try:
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
    except ImportError as error:
        raise UnsupportedAlgorithm("no Argon2id") from error
    return Argon2id(salt=salt, length=KEY_BYTES, iterations=iterations, lanes=lanes, memory_cost=memory).derive(secret)


def _scrypt(derivation: dict[str, Any], salt: bytes, secret: bytes) -> bytes:
    n, r, p = (_whole(derivation[name]) for name in ("n", "r", "p"))
    if 128 * n * r > _MOST_MEMORY or p > 16:
        raise ValueError("out of range")
    return Scrypt(salt=salt, length=KEY_BYTES, n=n, r=r, p=p).derive(secret)


def _whole(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError("no whole number")
    return int(value)


def _has_argon2() -> bool:
    try:
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

        Argon2id(salt=bytes(_SALT_BYTES), length=KEY_BYTES, iterations=1, lanes=1, memory_cost=8)
    except (ImportError, UnsupportedAlgorithm):
        return False
    return True
