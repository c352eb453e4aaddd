"""A made-up `lgpio` module over simulated wires: gpiozero's own lgpio code runs on it, and our pins above that.

What it knows of lgpio and the kernel: a claimed line keeps its pull until it is freed; alerts of a debounced line are kept back
until the level has lasted; time stamps are in nanoseconds.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from typing import Any

from door_bodies import BenchPins
from mock_bench import STEP

from edge_face.clock import ManualClock
from edge_face.door.board import pulses
from edge_face.door.circuit import PINS, Circuit
from edge_face.door.pins import pin_number

BOTH_EDGES, RISING_EDGE, FALLING_EDGE = 3, 1, 2
SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN = 128, 32, 64


class Callback:
    """What `lgpio.callback` returns."""

    def __init__(self, module: WiredLgpio, gpio: int, edges: int, call: Callable[..., None]) -> None:
        self.module, self.gpio, self.edges, self.call = module, gpio, edges, call

    def cancel(self) -> None:
        self.module.callbacks.remove(self)


class WiredLgpio(types.ModuleType):
    """The calls that gpiozero makes."""

    class error(Exception):
        pass

    BOTH_EDGES, RISING_EDGE, FALLING_EDGE = BOTH_EDGES, RISING_EDGE, FALLING_EDGE
    SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN = SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN

    def __init__(self, clock: ManualClock) -> None:
        super().__init__("lgpio")
        self.clock = clock
        self.circuit = Circuit()
        self.flags: dict[int, int] = {}
        self.debounce: dict[int, float] = {}
        self.alerts: dict[int, int] = {}
        self.callbacks: list[Callback] = []
        self.changes: list[tuple[float, int, int]] = []
        self.shorts: list[int] = []
        self._levels = [self.circuit.level(gpio) for gpio in range(PINS)]
        self._told = list(self._levels)
        self._pending: dict[int, float] = {}

    def gpiochip_open(self, chip: int) -> int:
        return 7

    def gpiochip_close(self, handle: int) -> None:
        """Nothing is held."""

    def gpio_claim_input(self, handle: int, gpio: int, flags: int = 0) -> None:
        self.flags.setdefault(gpio, flags)
        self.alerts.pop(gpio, None)
        pull = {SET_PULL_UP: "up", SET_PULL_DOWN: "down"}.get(self.flags[gpio], "floating")
        self.change(lambda: self.circuit.free(gpio, pull))

    def gpio_claim_output(self, handle: int, gpio: int, level: int = 0, flags: int = 0) -> None:
        self.flags.setdefault(gpio, flags)
        self.alerts.pop(gpio, None)
        self.change(lambda: self.circuit.claim(gpio, level))

    def gpio_claim_alert(self, handle: int, gpio: int, edges: int, flags: int = 0, notify: Any = None) -> None:
        self.gpio_claim_input(handle, gpio, flags)
        self.alerts[gpio] = edges
        self._told[gpio] = self._levels[gpio]

    def gpio_free(self, handle: int, gpio: int) -> None:
        self.flags.pop(gpio, None)
        self.alerts.pop(gpio, None)

    def gpio_write(self, handle: int, gpio: int, level: int) -> None:
        if not self.circuit.is_output(gpio):
            raise self.error("bad write")
        self.change(lambda: self.circuit.claim(gpio, int(level)))

    def gpio_read(self, handle: int, gpio: int) -> int:
        return self.circuit.level(gpio)

    def gpio_get_mode(self, handle: int, gpio: int) -> int:
        return self.flags.get(gpio, 0) | (2 if self.circuit.is_output(gpio) else 0)

    def gpio_set_debounce_micros(self, handle: int, gpio: int, micros: int) -> None:
        self.debounce[gpio] = micros / 1e6

    def callback(self, handle: int, gpio: int, edges: int, call: Callable[..., None]) -> Callback:
        self.callbacks.append(Callback(self, gpio, edges, call))
        return self.callbacks[-1]

    # From outside

    def change(self, change: Callable[[], None], at: float | None = None) -> None:
        """Changes the wires and alerts whoever waits for it."""
        change()
        now = self.clock.monotonic() if at is None else at
        for gpio in range(PINS):
            level = self.circuit.level(gpio)
            if level != self._levels[gpio]:
                self._levels[gpio] = level
                self.changes.append((now, gpio, level))
                self._pending[gpio] = now
            if self.circuit.shorted(gpio):
                self.shorts.append(gpio)
        self.advance(at)

    def advance(self, at: float | None = None) -> None:
        """Alerts whose level has lasted for long enough."""
        now = self.clock.monotonic() if at is None else at
        for gpio, since in list(self._pending.items()):
            if now - since < self.debounce.get(gpio, 0.0) - 1e-9:
                continue
            del self._pending[gpio]
            level, told = self._levels[gpio], self._told[gpio]
            self._told[gpio] = level
            wanted = RISING_EDGE if level else FALLING_EDGE
            if level != told and self.alerts.get(gpio, 0) & wanted:
                for callback in [each for each in self.callbacks if each.gpio == gpio and each.edges & wanted]:
                    callback.call(7, gpio, level, int(now * 1e9))


class LgpioBench:
    """The bench over `WiredLgpio`, in virtual time."""

    def __init__(self, module: WiredLgpio, factory: Any) -> None:
        self.module, self.factory = module, factory
        self.pins, self.slack, self.filters_spikes = BenchPins(), 0.0, True
        self._watched: dict[str, int] = {}

    def clock(self) -> float:
        return self.module.clock.monotonic()

    def run(self, tick: Callable[[], Any], seconds: float) -> None:
        for _ in range(round(seconds / STEP)):
            self.module.clock.sleep(STEP)
            self.module.advance()
            tick()

    def drive(self, pin: str, level: int | None) -> None:
        self.module.change(lambda: self.module.circuit.drive(pin_number(pin), level))

    def connect(self, one: str, other: str) -> None:
        self.module.change(lambda: self.module.circuit.connect(pin_number(one), pin_number(other)))

    def disconnect(self, one: str, other: str) -> None:
        self.module.change(lambda: self.module.circuit.connect(pin_number(one), pin_number(other), on=False))

    def send_bits(self, d0: str, d1: str, bits: Sequence[int]) -> None:
        for pin, level, at in pulses(d0, d1, bits, self.clock()):
            self.module.change(lambda pin=pin, level=level: self.module.circuit.drive(pin_number(pin), level), at)  # type: ignore[misc]

    def watch(self, pin: str) -> None:
        self._watched[pin] = len(self.module.changes)

    def edges(self, pin: str) -> list[tuple[float, int]]:
        return [(at, level) for at, gpio, level in self.module.changes[self._watched[pin]:] if gpio == pin_number(pin)]
