"""A bench of four jumper wires: what drives and watches a pin from outside is another pin at the wire's other end.

Everything goes through a gpiozero factory, so that the same bench runs on a Pi (lgpio: edges carry the kernel's time stamps) and
on mock pins that are connected in pairs. A helper never drives high, it pulls to ground or lets go, and it never drives the wire of
an output: two ends of a wire do not work against each other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from door_bodies import BenchPins

from edge_face.door.pins import pin_number

WIRES: Mapping[str, str] = {"GPIO17": "GPIO18", "GPIO22": "GPIO23", "GPIO6": "GPIO12", "GPIO19": "GPIO16"}
"""The pin under test and its helper: neighbours on the header (11-12, 15-16, 31-32, 35-36), so that jumper caps do as well."""
PINS = BenchPins(lock="GPIO17", exit="GPIO22", contact="GPIO22", buzzer="GPIO17", d0="GPIO6", d1="GPIO19", row="GPIO22", column="GPIO19")
PULSE, GAP = 100e-6, 2e-3
"""Of a card reader: how long a bit's pulse and the pause between two bits are, in seconds."""
STEP = 0.002
ARRIVAL = 0.02
"""Seconds that a notification of the kernel gets on its way to Python before edges are counted."""


class LoopBench:
    """See `door_bodies.Bench`. `clock` and `sleep` are handed in: real ones on a Pi, a `ManualClock`'s on mock pins.

    `rest`: the level to which helpers of watched outputs pull, as the resistor at a real lock does.
    """

    def __init__(self, factory: Any, *, slack: float, filters_spikes: bool, rest: int = 0, wires: Mapping[str, str] = WIRES,
                 clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep,
                 wall: Callable[[], float] = time.time) -> None:
        self.factory, self.pins = factory, PINS
        self.slack, self.filters_spikes = slack, filters_spikes
        self._rest, self._wires = rest, dict(wires)
        self.clock, self._sleep, self._wall = clock, sleep, wall
        self._helpers: dict[str, Any] = {}
        self._edges: dict[str, list[tuple[float, int]]] = {}

    def __enter__(self) -> LoopBench:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of all wires."""
        helpers, self._helpers = self._helpers, {}
        for helper in helpers.values():
            helper.pin.when_changed = None
            helper.close()

    def run(self, tick: Callable[[], Any], seconds: float) -> None:
        until = self.clock() + seconds
        while self.clock() < until - 1e-9:
            self._sleep(min(STEP, max(until - self.clock(), 0.0)))
            tick()

    def drive(self, pin: str, level: int | None) -> None:
        helper = self._helper(pin, pull=1)
        if level == 0:
            helper.pin.output_with_state(0)
        else:
            # 1 is what the pull-ups at both ends make of a wire that nobody drives.
            helper.pin.function = "input"

    def connect(self, one: str, other: str) -> None:
        """A key of a pad of one key: its row goes down, provided that its column is held down, as it must be at rest."""
        assert self.level(other) == 0, f"column {other} is not held low: a pressed key would never be noticed"
        self.drive(one, 0)

    def disconnect(self, one: str, other: str) -> None:
        self.drive(one, None)

    def send_bits(self, d0: str, d1: str, bits: Sequence[int]) -> None:
        for bit in bits:
            pin = d1 if bit else d0
            self.drive(pin, 0)
            self._sleep(PULSE)
            self.drive(pin, None)
            self._sleep(GAP)

    def watch(self, pin: str) -> None:
        helper = self._helper(pin, pull=self._rest)
        found: list[tuple[float, int]] = []
        self._edges[pin] = found

        def changed(ticks: float, state: Any) -> None:
            found.append((self._moment(float(ticks)), int(bool(state))))

        helper.pin.edges = "both"
        helper.pin.when_changed = changed
        # gpiozero keeps a weak reference only.
        helper.changed = changed

    def edges(self, pin: str) -> list[tuple[float, int]]:
        if self.filters_spikes:  # the kernel's notifications come through a thread
            self._sleep(ARRIVAL)
        return sorted(self._edges[pin], key=lambda edge: edge[0])

    def _moment(self, ticks: float) -> float:
        """A time stamp of the kernel on our clock: by kernel and lgpio it counts from the start or from 1970."""
        wall = self._wall()
        return ticks - wall + self.clock() if abs(ticks - wall) < abs(ticks - self.clock()) else ticks

    def level(self, pin: str) -> int:
        """What the helper sees on the wire."""
        return int(bool(self._helper(pin, pull=1).pin.state))

    def crossed(self, level: int = 0) -> list[str]:
        """Which wires are missing or in the wrong place: each helper pulls its wire down in turn, exactly its own pin may follow.

        Claims every pin for a moment; nothing else may be connected.
        """
        from gpiozero import InputDevice

        wrong: list[str] = []
        ends = {name: InputDevice(pin_number(name), pull_up=True, pin_factory=self.factory) for name in self._wires}
        try:
            for name, helper in self._wires.items():
                self.drive(name, level)
                self._sleep(0.001)
                low = [other for other, end in ends.items() if not end.pin.state]
                self.drive(name, None)
                self._sleep(0.001)
                if low != [name]:
                    seen = ", ".join(low) or "no pin"
                    wrong.append(f"{helper} pulls {seen} down, not {name}: is the wire between {name} and {helper} in its place?")
        finally:
            for end in ends.values():
                end.close()
        return wrong

    def _helper(self, pin: str, pull: int) -> Any:
        """The device at the other end of a pin's wire. Its pull is the one of its first use until the bench is closed."""
        if pin not in self._helpers:
            from gpiozero import InputDevice

            assert pin in self._wires, f"no wire ends at {pin}: the wires are at {', '.join(self._wires)}"
            self._helpers[pin] = _Helper(InputDevice(pin_number(self._wires[pin]), pull_up=bool(pull), pin_factory=self.factory))
        return self._helpers[pin]


class _Helper:
    """A gpiozero device with a place for its callback."""

    def __init__(self, device: Any) -> None:
        self.device, self.pin = device, device.pin
        self.changed: Callable[[float, Any], None] | None = None

    def close(self) -> None:
        self.device.close()
