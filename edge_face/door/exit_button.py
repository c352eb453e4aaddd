"""The exit button (request to exit): a contact to ground on one pin, which works whatever vision does.

An edge counts at once. Besides, somebody looks at the level now and then (`tick`): edges come through a thread of the pin library, which
may lose one or die (lgpio's does of whatever a callback raises), and whoever is inside must get out all the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from edge_face.door.pins import hardware_errors, pin_number, unraised
from edge_face.errors import HardwareError
from edge_face.settings import DoorSettings

BOUNCE = 0.02
"""Seconds in which a contact may chatter; lgpio also keeps back any level that lasts for less, so that a spike is no press."""


HELD = 0.05
"""Seconds for which a level that no edge announced must be seen before it is a press."""


class ExitButton:
    """Calls `on_press` once for each press, from a thread of the pin library or from `tick`. A held button is one press, and so is one that
    chatters: after an edge the contact must rest for `BOUNCE` seconds before another press counts."""

    def __init__(self, device: Any, pin: str, on_press: Callable[[], None]) -> None:
        self._device, self._pin, self._on_press = device, pin, on_press
        self._edge_at = -math.inf
        self._low_since: float | None = None
        self._owed = False
        self._down = not device.pin.state
        device.pin.bounce = BOUNCE
        device.pin.edges = "both"
        device.pin.when_changed = self._changed

    @property
    def pressed(self) -> bool:
        with hardware_errors(self._pin):
            return not self._device.pin.state

    def tick(self, now: float) -> None:
        """Feels for a press of which no edge told, and makes up for one that could not be passed on. Not for several threads."""
        with suppress(HardwareError):
            if not self.pressed:
                self._down, self._low_since = False, None
            elif not self._down:
                self._low_since = now if self._low_since is None else self._low_since
                self._owed |= now - self._low_since >= HELD
        if self._owed:
            self._press()

    def close(self) -> None:
        with hardware_errors(self._pin):
            if not self._device.closed:
                self._device.pin.when_changed = None
            self._device.close()

    @unraised
    def _changed(self, ticks: float, state: Any) -> None:
        rested, self._edge_at = ticks - self._edge_at >= BOUNCE, ticks
        if state:
            self._down = False
        elif rested and not self._down:
            self._press()
        else:
            self._down = True

    def _press(self) -> None:
        """Without memory for it, it is tried again: nothing may be raised into the pin library's thread."""
        self._down = self._owed = True
        with suppress(MemoryError):
            self._on_press()
            self._owed, self._low_since = False, None


def open_exit_button(settings: DoorSettings, factory: Any, on_press: Callable[[], None]) -> ExitButton | None:
    """The exit button of the settings with its internal pull-up, or None when there is none. Raises `HardwareError`."""
    if not settings.exit_pin:
        return None
    number = pin_number(settings.exit_pin, "door.exit_pin")
    with hardware_errors(settings.exit_pin):
        from gpiozero import InputDevice

        return ExitButton(InputDevice(number, pull_up=True, pin_factory=factory), settings.exit_pin, on_press)
