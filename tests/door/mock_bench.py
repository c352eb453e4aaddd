"""The bench of mock pins in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from door_bodies import BenchPins

from edge_face.clock import ManualClock
from edge_face.door.mock import EdgeRecorder

STEP = 0.001


class MockBench:
    """A recorder with a clock that moves only in `run`."""

    def __init__(self) -> None:
        self.time = ManualClock(100.0)
        self.factory: Any = EdgeRecorder(self.time.monotonic)
        self.pins = BenchPins()
        self.slack = 0.0
        self.filters_spikes = False
        self._watched: dict[str, int] = {}

    def clock(self) -> float:
        return self.time.monotonic()

    def run(self, tick: Callable[[], Any], seconds: float) -> None:
        for _ in range(round(seconds / STEP)):
            self.time.sleep(STEP)
            tick()

    def drive(self, pin: str, level: int | None) -> None:
        self.factory.drive(pin, level)

    def connect(self, one: str, other: str) -> None:
        self.factory.connect(one, other)

    def disconnect(self, one: str, other: str) -> None:
        self.factory.disconnect(one, other)

    def send_bits(self, d0: str, d1: str, bits: Sequence[int]) -> None:
        self.factory.send_bits(d0, d1, bits)

    def watch(self, pin: str) -> None:
        self._watched[pin] = len(self.factory.edges)

    def edges(self, pin: str) -> list[tuple[float, int]]:
        """Changes of the level only: claiming and freeing a pin at the level that it has is no edge."""
        found: list[tuple[float, int]] = []
        level = None
        for edge in list(self.factory.edges)[self._watched[pin]:]:
            if edge.pin == pin and edge.level != level:
                if level is not None or edge.what == "edge":
                    found.append((edge.time, edge.level))
                level = edge.level
        return found
