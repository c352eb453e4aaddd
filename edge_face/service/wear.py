"""How much is written to the disk in a day: what wears out a card."""

from __future__ import annotations

import resource
import threading
from collections import deque
from collections.abc import Callable

HOUR, HOURS = 3600.0, 24
_BLOCK = 512
"""Bytes that the kernel counts as one (getrusage(2), ru_oublock)."""


def process_written() -> int:
    """Bytes that this process had written to disks since its start, as the kernel counts them: pages that became dirty. What the file
    system writes of its own accord is not in it."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_oublock * _BLOCK


class DayMeter:
    """A total that only grows, over the last 24 hours, by the hour. From any thread."""

    def __init__(self, monotonic: Callable[[], float], total: int = 0) -> None:
        self._monotonic, self._guard = monotonic, threading.Lock()
        self._begun = monotonic()
        self._hours: deque[tuple[int, int]] = deque()
        """Which hour, and how much was added in it; those of the last day."""
        self._total = total

    def add(self, size: int) -> None:
        self.reach(self._total + size)

    def reach(self, total: int) -> None:
        """The total is so much now."""
        hour = self._hour()
        with self._guard:
            grown, self._total = max(total - self._total, 0), max(total, self._total)
            if self._hours and self._hours[-1][0] == hour:
                grown += self._hours.pop()[1]
            self._hours.append((hour, grown))
            while self._hours[0][0] <= hour - HOURS:
                self._hours.popleft()

    def read(self) -> tuple[int, float]:
        """How much in the last 24 hours, and over how many seconds that was counted (fewer soon after the start)."""
        hour = self._hour()
        with self._guard:
            return sum(grown for when, grown in self._hours if when > hour - HOURS), min(self._monotonic() - self._begun, HOURS * HOUR)

    def _hour(self) -> int:
        return int((self._monotonic() - self._begun) // HOUR)
