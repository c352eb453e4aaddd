"""The wires around the mock pins: who drives a pin, what pulls it, which pins are connected. Pure but for its two buffers.

Each pin has a function (input, output), the level it drives as an output, the processor's pull; outside there are what is
pressed or driven from there, a resistor, and wires (a pressed key connects a row with a column; a jumper two pins). A pin's level
is the strongest of all pins that are connected with it: an output, then what drives from outside, a resistor, a pull,
and last what it was: a floating wire keeps its charge for a moment.
"""

from __future__ import annotations

import struct
from typing import Any

PINS = 28
INSIDE, OUTSIDE = 4 * PINS, 2 * PINS + 4 * PINS
"""Sizes in bytes of what the processor knows and of what lies around it."""
_FUNCTION, _DRIVEN, _PULL, _LAST = (PINS * i for i in range(4))
_HAND, _RESISTOR, _WIRES = 0, PINS, 2 * PINS


class Circuit:
    """Both buffers are anything with bytes in it, of sizes `INSIDE` and `OUTSIDE`: memory, or a part of a mapped file."""

    def __init__(self, inside: Any = None, outside: Any = None) -> None:
        self.inside = bytearray(INSIDE) if inside is None else inside
        self.outside = bytearray(OUTSIDE) if outside is None else outside

    # The processor's side

    def is_output(self, pin: int) -> bool:
        return bool(self.inside[_FUNCTION + pin])

    def claim(self, pin: int, level: int) -> None:
        self.inside[_DRIVEN + pin] = level
        self.inside[_FUNCTION + pin] = 1

    def free(self, pin: int, pull: str = "floating") -> None:
        """It becomes an input. `pull`: "floating", "up" or "down"."""
        self.inside[_LAST + pin] = self.level(pin)
        self.inside[_PULL + pin] = {"floating": 0, "down": 1, "up": 2}[pull]
        self.inside[_FUNCTION + pin] = 0

    def keep(self, pin: int, level: int) -> None:
        """What a floating pin shows from now on."""
        self.inside[_LAST + pin] = level

    # What lies around it

    def drive(self, pin: int, level: int | None) -> None:
        """From outside: 0 or 1; None lets go."""
        self.outside[_HAND + pin] = 0 if level is None else level + 1

    def resist(self, pin: int, level: int | None) -> None:
        """A resistor to ground (0) or to 3.3 V (1); None: none."""
        self.outside[_RESISTOR + pin] = 0 if level is None else level + 1

    def connect(self, one: int, other: int, *, on: bool = True) -> None:
        """A wire, a jumper, a pressed key."""
        for a, b in ((one, other), (other, one)):
            bits = self._wires(a)
            struct.pack_into("<I", self.outside, _WIRES + 4 * a, bits | 1 << b if on else bits & ~(1 << b))

    # What a volt meter shows

    def level(self, pin: int) -> int:
        net = self.net(pin)
        outputs = [self.inside[_DRIVEN + each] for each in net if self.inside[_FUNCTION + each]]
        if outputs:
            return int(min(outputs))
        for offset, buffer in ((_HAND, self.outside), (_RESISTOR, self.outside), (_PULL, self.inside)):
            found = [buffer[offset + each] for each in net if buffer[offset + each]]
            if found:
                return int(min(found)) - 1
        return int(self.inside[_LAST + pin])

    def shorted(self, pin: int) -> bool:
        """Do two connected outputs work against each other? On a board that is how pins die."""
        return len({self.inside[_DRIVEN + each] for each in self.net(pin) if self.inside[_FUNCTION + each]}) > 1

    def net(self, pin: int) -> tuple[int, ...]:
        """The pin and all that are connected with it, over however many wires."""
        found, queue = {pin}, [pin]
        while queue:
            bits = self._wires(queue.pop())
            for other in range(PINS):
                if bits >> other & 1 and other not in found:
                    found.add(other)
                    queue.append(other)
        return tuple(sorted(found))

    def _wires(self, pin: int) -> int:
        return int(struct.unpack_from("<I", self.outside, _WIRES + 4 * pin)[0])
