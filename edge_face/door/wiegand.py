"""Wiegand: a card reader's two wires. A pulse on D0 is a 0, on D1 a 1; a pause ends the frame.

Frames of 26 bits (facility 8, number 16) and 34 bits (facility 16, number 16), the first bit for even parity over the first
half, the last one for odd parity over the second (SIA AC-01-1996.10 for 26 bits). Each bit lies under exactly one parity: a frame with
one wrong bit, and with any odd number of wrong bits in a half, is refused. Two wrong bits in one half are not noticed, nor is a
reader that lies: Wiegand is not encrypted, and whoever reaches the wires can send any card (docs/threats.md). A lost pulse makes a
frame of another length, which is refused; stuck wires (all 0, all 1) are refused by parity.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from edge_face.door.pins import hardware_errors, pin_number, unraised
from edge_face.errors import UsageError

FRAME_GAP = 0.03
"""Seconds without a pulse that end a frame; the standard has pulses 0.2 to 20 ms apart."""
PATIENCE = 0.1
"""Seconds by our own clock after which no late pulse of a frame is expected any more."""
FACILITY = {26: 8, 34: 16}
"""Bits of the facility code by length of the frame; 16 bits of number follow in both."""
_MANY, _WHILE = 3, 60.0
"""So many damaged frames in so many seconds are a trouble."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a frame says."""

    facility: int
    number: int
    bits: int = 26

    @property
    def text(self) -> str:
        """As decimal text: the facility code (3 digits of a 26 bit frame, 5 of 34) and 5 digits of number, as printed on most
        cards with a comma between them. Cards of the two lengths never have the same text."""
        return f"{self.facility:0{3 if self.bits == 26 else 5}d}{self.number:05d}"


def decode_frame(bits: Sequence[int]) -> Card | None:
    """The card of a frame, None when its length or a parity is wrong."""
    if len(bits) not in FACILITY:
        return None
    half = len(bits) // 2
    if sum(bits[:half]) % 2 != 0 or sum(bits[half:]) % 2 != 1:
        return None
    facility = FACILITY[len(bits)]
    value = int("".join("1" if bit else "0" for bit in bits[1:-1]), 2)
    return Card(value >> 16, value & 0xFFFF, len(bits)) if value >> 16 < 1 << facility else None


def frame_bits(facility: int, number: int, bits: int = 26) -> list[int]:
    """The frame of a card. Raises `UsageError` for what does not fit."""
    if bits not in FACILITY or not 0 <= facility < 1 << FACILITY[bits] or not 0 <= number < 1 << 16:
        raise UsageError(f"card {facility},{number} does not fit into a frame of {bits} bits: 26 bits have facility codes up to 255, "
                         "34 bits up to 65535, both numbers up to 65535")
    data = [int(digit) for digit in f"{facility << 16 | number:0{bits - 2}b}"]
    half = len(data) // 2
    return [sum(data[:half]) % 2, *data, (sum(data[half:]) + 1) % 2]


class WiegandDecoder:
    """Gathers bits into frames. Pure: times are handed in, in seconds of any clock that goes on steadily."""

    def __init__(self) -> None:
        self._bits: list[int] = []
        self._last = 0.0
        self.good = 0
        self.bad = 0

    @property
    def pending(self) -> int:
        """Bits of the frame that has not ended yet."""
        return len(self._bits)

    def feed(self, bit: int, at: float) -> Card | None:
        """One pulse. Returns the card of the frame before it, when the pause says that one has ended."""
        ended = self.end() if self._bits and at - self._last > FRAME_GAP else None
        # One bit more than any frame has is enough to know that this is none.
        if len(self._bits) <= max(FACILITY):
            self._bits.append(bit)
        self._last = at
        return ended

    def end(self) -> Card | None:
        """The frame is over: its card, or None for a damaged one (counted in `bad`)."""
        bits, self._bits = self._bits, []
        if not bits:
            return None
        card = decode_frame(bits)
        if card is None:
            self.bad += 1
        else:
            self.good += 1
        return card


class WiegandReader:
    """A reader on two inputs. Pulses come from a thread of the pin library, which only notes and wakes; `tick` decodes."""

    def __init__(self, d0: Any, d1: Any, pins: tuple[str, str], wake: Callable[[], None]) -> None:
        self._devices, self._pins, self._wake = (d0, d1), pins, wake
        self._decoder = WiegandDecoder()
        self._pulses: deque[tuple[int, float]] = deque(maxlen=1024)
        self._arrived = 0.0
        self._bad_at: deque[float] = deque(maxlen=_MANY)
        for device, callback in zip(self._devices, (self._zero, self._one), strict=True):
            device.pin.edges = "falling"
            device.pin.when_changed = callback

    @property
    def bad_frames(self) -> int:
        """Damaged frames since the start."""
        return self._decoder.bad

    def trouble(self, now: float) -> str | None:
        """A sentence when the wires bring damaged frames again and again."""
        if len(self._bad_at) == _MANY and now - self._bad_at[0] <= _WHILE:
            return (f"inputs.wiegand_d0: {self._decoder.bad} damaged frames from the card reader on {self._pins[0]} and {self._pins[1]}: "
                    "check the level shifter, the common ground and the cable")
        return None

    def tick(self, now: float) -> tuple[list[Card], float | None]:
        """The cards that were read, and when it wants to be called again (None: at the next pulse)."""
        cards: list[Card] = []
        before = self._decoder.bad
        while self._pulses:
            cards += self._some(self._decoder.feed(*self._pulses.popleft()))
            self._arrived = now
        if self._decoder.pending and now >= self._arrived + PATIENCE:
            cards += self._some(self._decoder.end())
        self._bad_at.extend([now] * min(self._decoder.bad - before, _MANY))
        return cards, self._arrived + PATIENCE if self._decoder.pending else None

    def close(self) -> None:
        for device, pin in zip(self._devices, self._pins, strict=True):
            with hardware_errors(pin):
                device.pin.when_changed = None
                device.close()

    @staticmethod
    def _some(card: Card | None) -> list[Card]:
        return [] if card is None else [card]

    @unraised
    def _zero(self, ticks: float, state: Any) -> None:
        self._note(0, ticks)

    @unraised
    def _one(self, ticks: float, state: Any) -> None:
        self._note(1, ticks)

    def _note(self, bit: int, ticks: float) -> None:
        self._pulses.append((bit, ticks))
        self._wake()


def open_wiegand(d0: str, d1: str, factory: Any, wake: Callable[[], None]) -> WiegandReader | None:
    """The reader on two pins with their pull-ups, None without pins. Raises `HardwareError`."""
    if not d0 or not d1:
        return None
    devices: list[Any] = []
    try:
        for pin, key in ((d0, "inputs.wiegand_d0"), (d1, "inputs.wiegand_d1")):
            number = pin_number(pin, key)
            with hardware_errors(pin):
                from gpiozero import InputDevice

                devices.append(InputDevice(number, pull_up=True, pin_factory=factory))
        with hardware_errors(d0):
            return WiegandReader(devices[0], devices[1], (d0, d1), wake)
    except BaseException:
        for device in devices:
            device.close()
        raise
