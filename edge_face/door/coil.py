"""How long a coil may be on: an allowance that being on uses up and being off refills. Pure."""

from __future__ import annotations

import math


class Coil:
    """`longest` seconds in one piece, half of the time in the long run (a duty of 50 %, as short-time coils are rated).

    Each second on uses a second of the allowance, each second off gives one back. When it is used up, the coil rests until
    half of it is there again: so a coil with 30 s is on for 30 s, off for 15 s, on for 15 s, ... however often it is asked.
    0: made for being on always. A restart of the program forgets what was used.
    """

    def __init__(self, longest: float) -> None:
        self._longest = longest if longest > 0 else math.inf
        self._used = 0.0
        self._at = -math.inf
        self._is_on = False
        self._resting = False
        self.began = -math.inf
        """When it was last switched on."""

    @property
    def limit(self) -> float:
        """The time until which it may stay on as it is now; infinite while it is off."""
        return self._at + (self._longest - self._used) if self._is_on else math.inf

    def on(self, now: float) -> None:
        """It is on from now on; again while it is on changes nothing."""
        if not self._is_on:
            self._count(now)
            self._is_on, self.began = True, now

    def off(self, now: float) -> None:
        self._count(now)
        self._is_on = False

    def rest(self, now: float) -> float:
        """Seconds for which it must stay off; 0 when it may be switched on. Changes nothing."""
        used, resting = self._used_up(now)
        return max(used - self._longest / 2, 0.0) if resting else 0.0

    def _count(self, now: float) -> None:
        self._used, self._resting = self._used_up(now)
        self._at = max(now, self._at)

    def _used_up(self, now: float) -> tuple[float, bool]:
        """How much of the allowance is used, and does it rest?"""
        if math.isinf(self._longest):
            return 0.0, False
        passed = max(now - self._at, 0.0)
        used = min(self._used + passed, self._longest) if self._is_on else max(self._used - passed, 0.0)
        full = used >= self._longest - 1e-6
        return used, full or (self._resting and used > self._longest / 2)
