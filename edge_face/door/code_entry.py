"""From keys and their times to codes. Pure; what is keyed is never logged and leaves only as a whole code."""

from __future__ import annotations

LONGEST = 32
"""Digits of a code. Whoever keys more has leaned on the pad: all of it is forgotten."""


class CodeEntry:
    """Digits gather until `#` ends the code; `*` begins anew; so does a pause longer than `timeout` seconds. Other keys (A to D)
    say nothing."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._digits = ""
        self._last = 0.0
        self._spoilt = False

    @property
    def pending(self) -> int:
        """How many digits wait for their end."""
        return len(self._digits)

    def press(self, key: str, now: float) -> str | None:
        """The code that this key ended, or None. `now`: monotonic seconds."""
        self.tick(now)
        self._last = now
        if key == "*":
            self._clear()
        elif key == "#":
            code, spoilt = self._digits, self._spoilt
            self._clear()
            return code if code and not spoilt else None
        elif len(key) == 1 and key in "0123456789":
            if len(self._digits) < LONGEST:
                self._digits += key
            else:
                self._spoilt = True
        return None

    def tick(self, now: float) -> float | None:
        """Forgets what was begun too long ago; returns when it wants to be called again, None when nothing waits."""
        if not self._digits:
            return None
        due = self._last + self._timeout
        if now > due or now < self._last:
            self._clear()
            return None
        return due

    def _clear(self) -> None:
        self._digits, self._spoilt = "", False
