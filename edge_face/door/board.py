"""A board of mock pins that outlives its process: a mapped file, named by $EDGE_FACE_BOARD, with every pin's function and level.

A door on mock pins whose environment names a board keeps its pins there. Another process opens the same file and holds the
other end of the wires: it reads levels like a volt meter, presses buttons, opens the contact, turns keys, sends cards:

    board = Board("board")                       # makes the file when it is not there
    board.resist("GPIO17", 0)                    # the resistor that docs/wiring.md asks for
    EDGE_FACE_BOARD=board edge-face run --pins mock &
    board.press("GPIO27"); board.let_go("GPIO27")       # the exit button: to ground, and back to the pull-up
    board.drive("GPIO22", 1); board.drive("GPIO22", None)   # a level from outside, and none
    board.connect("GPIO5", "GPIO6"); board.disconnect("GPIO5", "GPIO6")   # a key of a matrix keypad, or a jumper
    board.send_bits("GPIO23", "GPIO24", frame_bits(17, 4242))   # a card: the pulses of D0 and D1, 2 ms apart
    board.level("GPIO17"), board.is_output("GPIO17")

What the kernel does with the pins of a process that died is the caller's to say, as it is a setting of the kernel (docs/wiring.md):

    os.kill(daemon, SIGKILL); board.killed("keeps")     # Raspberry Pi: a driven pin keeps its level
    os.kill(daemon, SIGKILL); board.killed("drops")     # others: it becomes an input, and resistors and hands decide

The next process with this board finds the pins as they are; opening a pin makes it an input first, as lgpio does. Edges are
recorded as ever ($EDGE_FACE_EDGES, `edge_face.door.mock`), with the time at which the hand outside moved. The door looks at the
board every 5 ms. One process works from outside at a time.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from edge_face.door.circuit import INSIDE, OUTSIDE, PINS, Circuit
from edge_face.errors import HardwareError, UsageError

BOARD = "EDGE_FACE_BOARD"
"""The environment variable that names the file."""
KERNELS = ("keeps", "drops")
DRIVE, CONNECT, DISCONNECT, RESIST = range(4)
"""What a hand outside does; the moves of `Board.moves`."""
BIT_GAP = 0.002
"""Seconds between two bits of a card reader."""
_MAGIC = b"EFBOARD1"
_HEAD, _INSIDE, _OUTSIDE, _RING = 8, 64, 256, 1024
_MOVE = struct.Struct("<dBBB5x")
_MOVES = 4096
_SIZE = _RING + _MOVES * _MOVE.size


class Board:
    """The file at `path`, made when it is not there. Raises `HardwareError` when it cannot be had or is something else."""

    def __init__(self, path: str | Path) -> None:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if os.fstat(descriptor).st_size == 0:
                    os.ftruncate(descriptor, _SIZE)
                    os.pwrite(descriptor, _MAGIC, 0)
                if os.fstat(descriptor).st_size != _SIZE or os.pread(descriptor, len(_MAGIC), 0) != _MAGIC:
                    raise HardwareError(f"{path} is no board of mock pins: name another file in {BOARD}, or remove it")
                self._map = mmap.mmap(descriptor, _SIZE)
            finally:
                os.close(descriptor)
        except (OSError, ValueError) as error:
            if isinstance(error, HardwareError):
                raise
            raise HardwareError(f"the board {path} cannot be opened: {getattr(error, 'strerror', None) or error}") from error
        self._view = memoryview(self._map)
        self.circuit = Circuit(self._view[_INSIDE:_INSIDE + INSIDE], self._view[_OUTSIDE:_OUTSIDE + OUTSIDE])

    # From outside

    def level(self, pin: str) -> int:
        """As a volt meter would show it."""
        return self.circuit.level(_number(pin))

    def is_output(self, pin: str) -> bool:
        return self.circuit.is_output(_number(pin))

    def press(self, pin: str) -> None:
        """Connects an input to ground, as a button does."""
        self.drive(pin, 0)

    def let_go(self, pin: str) -> None:
        self.drive(pin, None)

    def drive(self, pin: str, level: int | None, at: float | None = None) -> None:
        """A level from outside; None lets go. `at`: the monotonic time of it, now if not given."""
        self.circuit.drive(_number(pin), level)
        self._move(DRIVE, _number(pin), 0 if level is None else level + 1, at)

    def resist(self, pin: str, level: int | None) -> None:
        """A resistor to ground (0) or 3.3 V (1), weaker than any hand."""
        self.circuit.resist(_number(pin), level)
        self._move(RESIST, _number(pin), 0 if level is None else level + 1)

    def connect(self, one: str, other: str) -> None:
        self.circuit.connect(_number(one), _number(other))
        self._move(CONNECT, _number(one), _number(other))

    def disconnect(self, one: str, other: str) -> None:
        self.circuit.connect(_number(one), _number(other), on=False)
        self._move(DISCONNECT, _number(one), _number(other))

    def send_bits(self, d0: str, d1: str, bits: Iterable[int]) -> None:
        """A card reader's pulses: D0 goes low for a 0, D1 for a 1. All at once; the times they carry are right."""
        for pin, level, at in pulses(d0, d1, bits, time.monotonic()):
            self.drive(pin, level, at)

    def killed(self, kernel: str) -> None:
        """The process that drove the pins is dead: what the kernel makes of them ("keeps" or "drops")."""
        if kernel not in KERNELS:
            raise UsageError(f"a kernel '{' or '.join(KERNELS)}' the pins of a dead process, not '{kernel}'")
        if kernel == "drops":
            for pin in range(PINS):
                if self.circuit.is_output(pin):
                    self.circuit.free(pin)

    def close(self) -> None:
        self.circuit = Circuit()
        self._view.release()
        self._map.close()

    # For the process that has the pins

    @property
    def moves(self) -> int:
        """How many moves there were since the file was made."""
        return int(struct.unpack_from("<Q", self._map, _HEAD)[0])

    def around(self) -> bytearray:
        """A copy of what lies around the pins now, for a `Circuit` that follows move by move."""
        return bytearray(self.circuit.outside)

    def since(self, count: int) -> Iterator[tuple[float, int, int, int]]:
        """`(time, what, pin, level or pin)` of the moves from number `count` on; of more than 4096 the newest."""
        end = self.moves
        for number in range(max(count, end - _MOVES), end):
            yield _MOVE.unpack_from(self._map, _RING + number % _MOVES * _MOVE.size)

    def _move(self, what: int, pin: int, value: int, at: float | None = None) -> None:
        number = self.moves
        _MOVE.pack_into(self._map, _RING + number % _MOVES * _MOVE.size, time.monotonic() if at is None else at, what, pin, value)
        struct.pack_into("<Q", self._map, _HEAD, number + 1)


def apply(circuit: Circuit, what: int, pin: int, value: int) -> None:
    """One move of `Board.since` on another circuit."""
    if what == DRIVE:
        circuit.drive(pin, value - 1 if value else None)
    elif what == RESIST:
        circuit.resist(pin, value - 1 if value else None)
    else:
        circuit.connect(pin, value, on=what == CONNECT)


def pulses(d0: str, d1: str, bits: Iterable[int], begin: float) -> Iterator[tuple[str, int, float]]:
    """Pin, level and time of a card reader's edges: pulses of 50 microseconds, `BIT_GAP` apart."""
    for number, bit in enumerate(bits):
        pin, at = (d1 if bit else d0), begin + number * BIT_GAP
        yield pin, 0, at
        yield pin, 1, at + 50e-6


def _number(pin: str) -> int:
    from edge_face.door.pins import pin_number

    return pin_number(pin)


def board_of(environment: Any) -> Board | None:
    """The board that the environment names, None when it names none."""
    path = environment.get(BOARD, "")
    return Board(path) if path else None
