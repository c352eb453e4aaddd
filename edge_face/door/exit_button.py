"""The exit button (request to exit): a contact to ground on one pin, which works whatever vision does."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from edge_face.door.pins import hardware_errors, pin_number
from edge_face.settings import DoorSettings

BOUNCE = 0.02
"""Seconds in which a contact may chatter; lgpio also keeps back any level that lasts for less, so that a spike is no press."""


class ExitButton:
    """Calls `on_press` once for each press, from a thread of the pin library. A held button is one press, and so is one that
    chatters: after an edge the contact must rest for `BOUNCE` seconds before another press counts."""

    def __init__(self, device: Any, pin: str, on_press: Callable[[], None]) -> None:
        self._device, self._pin, self._on_press = device, pin, on_press
        self._edge_at = -math.inf
        device.pin.bounce = BOUNCE
        device.pin.edges = "both"
        device.pin.when_changed = self._changed

    @property
    def pressed(self) -> bool:
        with hardware_errors(self._pin):
            return not self._device.pin.state

    def close(self) -> None:
        with hardware_errors(self._pin):
            if not self._device.closed:
                self._device.pin.when_changed = None
            self._device.close()

    def _changed(self, ticks: float, state: Any) -> None:
        rested, self._edge_at = ticks - self._edge_at >= BOUNCE, ticks
        if not state and rested:
            self._on_press()


def open_exit_button(settings: DoorSettings, factory: Any, on_press: Callable[[], None]) -> ExitButton | None:
    """The exit button of the settings with its internal pull-up, or None when there is none. Raises `HardwareError`."""
    if not settings.exit_pin:
        return None
    number = pin_number(settings.exit_pin, "door.exit_pin")
    with hardware_errors(settings.exit_pin):
        from gpiozero import InputDevice

        return ExitButton(InputDevice(number, pull_up=True, pin_factory=factory), settings.exit_pin, on_press)
