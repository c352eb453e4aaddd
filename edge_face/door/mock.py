"""Mock pins over gpiozero's that record each edge with its time, and can send it out of the process at once.

A record is one line of JSON: `{"time": monotonic seconds, "wall": seconds, "pin": "GPIO17", "level": 0 or 1,
"what": "claimed" | "edge" | "freed" | "input"}`. "claimed": the pin became an output at that level; "edge": an output
changed; "freed": it became an input again (what is wired to it decides its level now); "input": an input changed;
"short": an output works against another one that is connected with it, which no program of ours may do.

The wires are in `edge_face.door.circuit`; a board that outlives the process, and hands in another one, in `edge_face.door.board`.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from gpiozero.exc import PinFixedPull, PinInvalidFunction, PinInvalidPull, PinSetInput
from gpiozero.pins.mock import MockFactory, MockPin

from edge_face.door.board import Board, apply, pulses
from edge_face.door.circuit import Circuit
from edge_face.errors import HardwareError

_KEPT = 10_000
"""Edges kept in memory: a daemon may run for months."""
_MOST_MOVES = 4000
"""Of a board, in one look."""
_LOOK = 0.005
"""Seconds between two looks at a board."""
_PATIENCE = 2.0
"""Seconds without memory after which an edge is given up."""
Sink = Callable[[bytes], None]
Made = TypeVar("Made")


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
    """gpiozero's mock pin on the wires of its factory; takes its first level with its function, as our real pins do."""

    _pull: str

    def __init__(self, factory: Any, info: Any) -> None:
        super().__init__(factory, info)
        self._fixed = self._pull == "up"  # a resistor on the board: GPIO2 and GPIO3
        factory.opened(self, self._number, self._pull)

    def output_with_state(self, state: Any) -> None:
        self._function = "output"
        self.factory.claimed(self, self._number, int(bool(state)))

    def take(self, level: int) -> bool:
        """In the factory: the wires are at this level now. True when that is a change."""
        if len(self.states) > _KEPT:
            # gpiozero keeps them all.
            del self.states[:-1]
        return bool(self._change_state(bool(level)))

    def tell(self, ticks: float, level: int) -> None:
        """In the factory: calls whoever waits for this edge."""
        # Another thread may close the pin just now.
        found = self._when_changed
        method = None if found is None else found()
        if method is not None and self._edges in ("both", "rising" if level else "falling"):
            method(ticks, level)

    @property
    def waits(self) -> bool:
        return self._function == "input" and self._when_changed is not None

    def _set_function(self, value: str) -> None:
        if value not in ("input", "output"):
            raise PinInvalidFunction("function must be input or output")
        before, self._function = self._function, value
        if before == value:
            return
        if value == "output":
            self.factory.claimed(self, self._number, int(bool(self._state)))
        else:
            self.factory.freed(self, self._number, self._pull)

    def _set_state(self, value: Any) -> None:
        if self._function != "output":
            raise PinSetInput(f"cannot set state of pin {self!r}")
        self.factory.written(self._number, int(bool(value)))

    def _set_pull(self, value: str) -> None:
        if self._function != "input":
            raise PinFixedPull(f"cannot set pull on non-input pin {self!r}")
        if self._fixed and value != "up":
            raise PinFixedPull(f"{self!r} has a fixed pull resistor")
        if value not in ("floating", "up", "down"):
            raise PinInvalidPull("pull must be floating, up, or down")
        self._pull = value
        self.factory.pulled(self._number, value)

    def drive_high(self) -> None:
        self.factory.drive(f"GPIO{self._number}", 1)

    def drive_low(self) -> None:
        self.factory.drive(f"GPIO{self._number}", 0)


class EdgeRecorder(MockFactory):  # type: ignore[misc]
    """A pin factory of mock pins on a circuit. `edges` holds the latest changes, oldest first.

    With a `board` the pins outlive the process, and another process works its buttons.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, sink: Sink | None = None, board: Board | None = None) -> None:
        super().__init__(revision="a02082", pin_class=RecordingPin)
        # gpiozero 1.6 shares pins between all factories of a process: two doors in one test run would meet.
        self.pins: dict[Any, Any] = {}
        self._reservations = _Reservations()
        self._clock, self._sink, self._board = clock, sink, board
        self.edges: deque[Edge] = deque(maxlen=_KEPT)
        self._wires = threading.RLock()
        self._opened: dict[int, RecordingPin] = {}
        self._ended = threading.Event()
        self._seen = board.moves if board is not None else 0
        self.circuit = Circuit() if board is None else Circuit(board.circuit.inside, board.around())
        self._watcher = threading.Thread(target=self._watch, name="board", daemon=True) if board is not None else None
        if self._watcher is not None:
            self._watcher.start()

    # What tests and boards do

    def level(self, name: str) -> int:
        """The level of a pin, as a volt meter would show it."""
        with self._wires:
            return self.circuit.level(_number(name))

    def press(self, name: str) -> None:
        """Connects an input to ground, as a button does."""
        self.drive(name, 0)

    def let_go(self, name: str) -> None:
        """Takes the finger off the button: the pull-up wins."""
        self.drive(name, None)

    def drive(self, name: str, level: int | None, at: float | None = None) -> None:
        """A level from outside; None lets go. `at`: when, by the clock of this recorder; now if not given."""
        self._change(lambda: self.circuit.drive(_number(name), level), at)

    def connect(self, one: str, other: str) -> None:
        """A wire: a jumper, or a pressed key of a matrix keypad."""
        self._change(lambda: self.circuit.connect(_number(one), _number(other)))

    def disconnect(self, one: str, other: str) -> None:
        self._change(lambda: self.circuit.connect(_number(one), _number(other), on=False))

    def send_bits(self, d0: str, d1: str, bits: Iterable[int]) -> None:
        """A card reader's pulses, all at once; the times they carry are right."""
        for pin, level, at in pulses(d0, d1, bits, self._clock()):
            self.drive(pin, level, at)

    # What the pins do

    def ticks(self) -> float:
        return self._clock()

    def opened(self, pin: RecordingPin, number: int, pull: str) -> None:
        was = self.circuit.is_output(number)
        self._opened[number] = pin

        def change() -> None:
            self.circuit.free(number, pull)
            pin.take(self.circuit.level(number))
            if was:
                self.record(f"GPIO{number}", int(bool(pin._state)), "freed")

        self._change(change)

    def claimed(self, pin: RecordingPin, number: int, level: int) -> None:
        def change() -> None:
            self.circuit.claim(number, level)
            pin.take(self.circuit.level(number))
            self.record(f"GPIO{number}", level, "claimed")

        self._change(change, output=number)

    def freed(self, pin: RecordingPin, number: int, pull: str) -> None:
        def change() -> None:
            self.circuit.free(number, pull)
            pin.take(self.circuit.level(number))
            self.record(f"GPIO{number}", int(bool(pin._state)), "freed")

        self._change(change)

    def written(self, number: int, level: int) -> None:
        self._change(lambda: self.circuit.claim(number, level), output=number)

    def pulled(self, number: int, pull: str) -> None:
        self._change(lambda: self.circuit.free(number, pull))

    def record(self, pin: str, level: int, what: str, at: float | None = None) -> None:
        """What happened to a pin is written down however little memory is left: a recorder that lost an edge would tell of a door that
        never was."""
        edge = patiently(lambda: Edge(self._clock() if at is None else at, time.time(), pin, level, what))
        patiently(lambda: self.edges.append(edge))
        if self._sink is not None:
            line = patiently(lambda: json.dumps(asdict(edge)).encode() + b"\n")
            self._sink(line)

    def close(self) -> None:
        self._ended.set()
        if self._watcher is not None and self._watcher is not threading.current_thread():
            self._watcher.join(2.0)
        super().close()

    def _change(self, change: Callable[[], None], at: float | None = None, output: int | None = None) -> None:
        """Changes the circuit, records what follows from it, and tells it outside of the lock: who is told may drive pins."""
        told: list[tuple[RecordingPin, int]] = []
        with self._wires:
            change()
            for number, pin in self._opened.items():
                level = self.circuit.level(number)
                if not pin.take(level):
                    continue
                self.circuit.keep(number, level)
                self.record(f"GPIO{number}", level, "edge" if self.circuit.is_output(number) else "input", at)
                if pin.waits:
                    told.append((pin, level))
            if output is not None and self.circuit.shorted(output):
                self.record(f"GPIO{output}", self.circuit.level(output), "short", at)
            ticks = self._clock() if at is None else at
        for pin, level in told:
            pin.tell(ticks, level)

    def _watch(self) -> None:
        assert self._board is not None
        while not self._ended.wait(_LOOK):
            if self._board.moves - self._seen > _MOST_MOVES:
                # Too late to follow each one: only the last state counts.
                self._seen, around = self._board.moves, self._board.around()
                self._change(lambda around=around: self.circuit.outside.__setitem__(slice(None), around))  # type: ignore[misc]
            try:
                for at, what, pin, value in self._board.since(self._seen):
                    self._seen += 1
                    self._change(lambda what=what, pin=pin, value=value: apply(self.circuit, what, pin, value), at)  # type: ignore[misc]
            except MemoryError:
                # An edge may be lost, as a board that is out of memory loses one; the fingers that follow are felt.
                continue


def patiently(make: Callable[[], Made]) -> Made:
    """What `make` makes, at the latest when there is memory again. Raises MemoryError after `_PATIENCE` without any."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return make()
        except MemoryError:
            if time.monotonic() > until:
                raise
            time.sleep(0.005)


class _Reservations(dict[Any, list[Any]]):
    def __missing__(self, pin: Any) -> list[Any]:
        self[pin] = []
        return self[pin]


def _number(name: str) -> int:
    from edge_face.door.pins import pin_number

    return pin_number(name)
