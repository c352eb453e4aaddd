"""Mock pins over gpiozero's that record each edge with its time, and can send it out of the process at once.

A record is one line of JSON: `{"time": monotonic seconds, "wall": seconds, "pin": "GPIO17", "level": 0 or 1,
"what": "claimed" | "edge" | "freed" | "input"}`. "claimed": the pin became an output at that level; "edge": an output
changed; "freed": it became an input again (what is wired to it decides its level now); "input": an input changed.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin

from edge_face.errors import HardwareError

_KEPT = 10_000
"""Edges kept in memory: a daemon may run for months."""
Sink = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Edge:
    """One change of one pin; `time` is monotonic (or whatever clock the recorder was given)."""

    time: float
    wall: float
    pin: str
    level: int
    what: str


def open_sink(place: str) -> Sink:
    """Where edges go: "fd:N" (an open file descriptor), "unix:PATH" (a datagram socket), else a file that is appended to.

    Each edge is one write, nothing is buffered. Raises `HardwareError` when the place cannot be opened; a place that
    breaks or blocks later loses edges and never delays a pin.
    """
    try:
        if place.startswith("unix:"):
            channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            channel.setblocking(False)
            channel.connect(place.removeprefix("unix:"))
            return lambda line: _drop_errors(channel.send, line)
        if place.startswith("fd:"):
            descriptor = int(place.removeprefix("fd:"))
            os.set_blocking(descriptor, False)
        else:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(place, flags, 0o600)
    except (OSError, ValueError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise HardwareError(f"edges cannot be sent to {place}: {reason}: name a file, fd:N or unix:PATH") from error
    return lambda line: _drop_errors(lambda data: os.write(descriptor, data), line)


def _drop_errors(write: Callable[[bytes], int], line: bytes) -> None:
    try:
        write(line)
    except OSError:
        return


class RecordingPin(MockPin):  # type: ignore[misc]
    """gpiozero's mock pin that tells its factory about every change, and takes its first level with its function."""

    def output_with_state(self, state: Any) -> None:
        # As the real pin does: claimed as an output that has its level already.
        self._change_state(bool(state))
        self.function = "output"

    def _set_function(self, value: str) -> None:
        before = self._function
        super()._set_function(value)
        if before != self._function:
            self._note("claimed" if self._function == "output" else "freed")

    def _change_state(self, value: Any) -> Any:
        changed = super()._change_state(value)
        if changed:
            self._note("edge" if self._function == "output" else "input")
        return changed

    def _note(self, what: str) -> None:
        self.factory.record(f"GPIO{self._number}", int(bool(self._state)), what)


class EdgeRecorder(MockFactory):  # type: ignore[misc]
    """A pin factory of mock pins. `edges` holds the latest changes, oldest first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, sink: Sink | None = None) -> None:
        super().__init__(revision="a02082", pin_class=RecordingPin)
        # gpiozero 1.6 shares pins between all factories of a process: two doors in one test run would meet.
        self.pins: dict[Any, Any] = {}
        self._reservations = _Reservations()
        self._clock, self._sink = clock, sink
        self.edges: deque[Edge] = deque(maxlen=_KEPT)

    def record(self, pin: str, level: int, what: str) -> None:
        edge = Edge(self._clock(), time.time(), pin, level, what)
        self.edges.append(edge)
        if self._sink is not None:
            self._sink(json.dumps(asdict(edge)).encode() + b"\n")

    def level(self, name: str) -> int:
        """The level of a pin, as a volt meter would show it."""
        return int(bool(self.pin(_number(name))._state))

    def press(self, name: str) -> None:
        """Connects an input to ground, as a button does."""
        self.pin(_number(name)).drive_low()

    def let_go(self, name: str) -> None:
        """Takes the finger off the button: the pull-up wins."""
        self.pin(_number(name)).drive_high()


class _Reservations(dict[Any, list[Any]]):
    def __missing__(self, pin: Any) -> list[Any]:
        self[pin] = []
        return self[pin]


def _number(name: str) -> int:
    from edge_face.door.pins import pin_number

    return pin_number(name)
