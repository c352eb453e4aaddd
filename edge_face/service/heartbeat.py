"""Heartbeats of the control threads: each says that it lives; somebody else finds out who does not."""

from __future__ import annotations

import threading
from collections.abc import Mapping


class Heartbeats:
    """Who must beat, and how long each may be silent, in seconds. Time is passed in (monotonic)."""

    def __init__(self, limits: Mapping[str, float], now: float) -> None:
        self._limits = dict(limits)
        self._last = dict.fromkeys(limits, now)
        self._guard = threading.Lock()

    def beat(self, name: str, now: float) -> None:
        """`name` lives. Raises `KeyError` for a name nobody watches."""
        with self._guard:
            self._last[name] = max(now, self._last[name])

    def silent(self, now: float) -> dict[str, float]:
        """Those who have been silent for too long, and for how many seconds."""
        with self._guard:
            return {name: now - last for name, last in self._last.items() if now - last > self._limits[name]}

    def ages(self, now: float) -> dict[str, float]:
        """Seconds since the last beat of each."""
        with self._guard:
            return {name: max(now - last, 0.0) for name, last in self._last.items()}
