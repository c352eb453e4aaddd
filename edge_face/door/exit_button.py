"""The exit button (request to exit): a contact to ground on one pin, which works whatever vision does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge_face.door.pins import hardware_errors, pin_number
from edge_face.settings import DoorSettings

_BOUNCE = 0.02
"""Seconds in which a contact may chatter."""


class ExitButton:
    """Calls `on_press` once for each press, from a thread of the pin library. A held button is one press."""

    def __init__(self, button: Any, pin: str, on_press: Callable[[], None]) -> None:
        self._button, self._pin = button, pin
        button.when_pressed = lambda: on_press()

    @property
    def pressed(self) -> bool:
        with hardware_errors(self._pin):
            return bool(self._button.is_pressed)

    def close(self) -> None:
        with hardware_errors(self._pin):
            self._button.when_pressed = None
            self._button.close()


def open_exit_button(settings: DoorSettings, factory: Any, on_press: Callable[[], None]) -> ExitButton | None:
    """The exit button of the settings with its internal pull-up, or None when there is none. Raises `HardwareError`."""
    if not settings.exit_pin:
        return None
    number = pin_number(settings.exit_pin, "door.exit_pin")
    with hardware_errors(settings.exit_pin):
        from gpiozero import Button

        button = Button(number, pull_up=True, bounce_time=_BOUNCE, pin_factory=factory)
    return ExitButton(button, settings.exit_pin, on_press)
