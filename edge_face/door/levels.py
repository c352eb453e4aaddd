"""An input that rests at levels: contact, fire, tamper. A level counts once it has lasted for the settle time.

An edge wakes whoever reads; the level itself is read again each time, so that a lost edge costs a moment and no more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from edge_face.door.pins import hardware_errors, pin_number, unraised
from edge_face.errors import HardwareError


class LevelInput:
    """One input with its internal pull-up. `value`: 0, 1, or None while it cannot be read. Not for several threads; only
    `wake` is called from a thread of the pin library."""

    def __init__(self, device: Any, pin: str, key: str, settle: float, wake: Callable[[], None]) -> None:
        self._device, self._pin, self.key, self._settle, self._wake = device, pin, key, settle, wake
        self._value: int | None = None
        self._next: int | None = None
        self._since = -math.inf
        self.trouble: str | None = None
        device.pin.edges = "both"
        device.pin.when_changed = self._changed

    @property
    def value(self) -> int | None:
        return self._value

    @property
    def pin(self) -> str:
        return self._pin

    def tick(self, now: float) -> float:
        """Looks at the pin; returns when it wants to look again (infinite: at the next edge)."""
        try:
            with hardware_errors(self._pin):
                level = int(bool(self._device.pin.state))
        except HardwareError as error:
            self.trouble = f"{self.key}: {error}"
            self._value = self._next = None
            return math.inf
        self.trouble = None
        if level == self._value:
            self._next = None
            return math.inf
        if self._value is None or self._settle <= 0:
            # At the start, and after it could not be read, the first level counts at once: there is none before it.
            self._value, self._next = level, None
            return math.inf
        if level != self._next:
            self._next, self._since = level, now
        if now >= self._since + self._settle:
            self._value, self._next = level, None
            return math.inf
        return self._since + self._settle

    def close(self) -> None:
        with hardware_errors(self._pin):
            self._device.pin.when_changed = None
            self._device.close()

    @unraised
    def _changed(self, ticks: Any, state: Any) -> None:
        # A bounce between two looks begins the settle time anew.
        self._next = None
        self._wake()


def open_level(pin: str, key: str, factory: Any, settle: float, wake: Callable[[], None]) -> LevelInput | None:
    """An input with its pull-up, or None without a pin. Raises `HardwareError` that names the key."""
    if not pin:
        return None
    number = pin_number(pin, key)
    with hardware_errors(pin):
        from gpiozero import InputDevice

        return LevelInput(InputDevice(number, pull_up=True, pin_factory=factory), pin, key, settle, wake)
