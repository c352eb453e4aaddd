"""Time is handed in: whatever waits or stamps takes a `Clock`, so that tests and replays bring their own."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds: `monotonic` for durations, `wall` (since 1970, UTC) for people."""

    def monotonic(self) -> float: ...

    def wall(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)


class ManualClock:
    """A clock that only moves when it is told to, or slept on: for replays faster than life, and for tests."""

    def __init__(self, monotonic: float = 0.0, wall: float = 1_700_000_000.0) -> None:
        self._monotonic, self._offset = monotonic, wall - monotonic

    def monotonic(self) -> float:
        return self._monotonic

    def wall(self) -> float:
        return self._monotonic + self._offset

    def sleep(self, seconds: float) -> None:
        self._monotonic += max(seconds, 0.0)
