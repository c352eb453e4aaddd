"""The claim code: proves to the pages that somebody stands at the device's own console. One at a time, for an hour, used once; in memory
only, so that a restart makes it void."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable

LIVES = 3600.0
"""Seconds."""
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's 32: what looks alike is one."""
_LENGTH, _GROUP = 12, 4
"""60 bits."""
_ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})


class ClaimCode:
    """From any thread. Kept as a hash."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._guard = threading.Lock()
        self._hash, self._until = b"", 0.0

    def new(self) -> str:
        """As it is printed, `ABCD-EFGH-JKMN`; in place of the last one."""
        text = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        with self._guard:
            self._hash, self._until = _hash(text), self._monotonic() + LIVES
        return "-".join(text[at:at + _GROUP] for at in range(0, _LENGTH, _GROUP))

    def is_right(self, text: str) -> bool:
        """As typed, with or without dashes and spaces, in any case."""
        with self._guard:
            return bool(self._hash) and self._monotonic() < self._until and hmac.compare_digest(_hash(text), self._hash)

    def spend(self, text: str) -> bool:
        """Takes it; false when it is not right, or not any more."""
        with self._guard:
            right = bool(self._hash) and self._monotonic() < self._until and hmac.compare_digest(_hash(text), self._hash)
            if right:
                self._hash = b""
        return right


def _hash(text: str) -> bytes:
    plain = "".join(character for character in text.upper() if character.isalnum()).translate(_ALIKE)
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).digest()
