"""An infrared or white lamp that is switched on while the picture is too dark, and off again without flicker.

The lamp itself makes the picture bright, so brightness alone cannot say when it may go off. It is tried: after
`least_on` seconds of a bright picture the lamp goes off; if the picture is dark again at once, the lamp was the reason,
and the next try comes after twice the time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from edge_face.errors import HardwareError, MissingExtraError


@dataclass(frozen=True, slots=True)
class FillRules:
    """Brightness as mean luma, 0 to 1; times in seconds."""

    dark: float = 0.12
    bright: float = 0.25
    after: float = 2.0
    """The picture is dark for so long: on."""
    least_on: float = 30.0
    most_on: float = 960.0
    """The longest wait between tries to switch off."""
    relapse: float = 10.0
    """Dark again within this time after switching off: the lamp had made the light."""


@dataclass(frozen=True, slots=True)
class FillState:
    """`on_for`: how long the lamp stays on at least, this time. The others are monotonic times."""

    on: bool = False
    dark_since: float | None = None
    bright_since: float | None = None
    switched: float = -math.inf
    on_for: float = 0.0


def fill_step(state: FillState, luma: float, now: float, rules: FillRules) -> FillState:
    """The state after a frame of that mean luma."""
    if not state.on:
        dark_since = (now if state.dark_since is None else state.dark_since) if luma < rules.dark else None
        if dark_since is None or now - dark_since < rules.after:
            return replace(state, dark_since=dark_since)
        relapsed = state.on_for > 0 and dark_since - state.switched <= rules.relapse
        wait = min(2 * state.on_for, rules.most_on) if relapsed else rules.least_on
        return FillState(True, None, None, now, wait)
    bright_since = (now if state.bright_since is None else state.bright_since) if luma > rules.bright else None
    if bright_since is None or now - bright_since < rules.after or now - state.switched < state.on_for:
        return replace(state, bright_since=bright_since)
    return FillState(False, None, None, now, state.on_for)


class FillLight:
    """The lamp on its pin. `factory` is gpiozero's pin factory of the daemon, which holds all pins.

    Not for several threads at once. Raises HardwareError for a pin that cannot be had.
    """

    def __init__(self, pin: str, factory: Any, rules: FillRules | None = None) -> None:
        self._rules, self._state = rules or FillRules(), FillState()
        self._device = _output(pin, factory)

    @property
    def is_on(self) -> bool:
        return self._state.on

    def see(self, luma: float, now: float) -> None:
        """Tells the lamp how bright a frame was (`edge_face.cameras.mean_luma`), at a monotonic time."""
        before, self._state = self._state, fill_step(self._state, luma, now, self._rules)
        if self._device is not None and self._state.on != before.on:
            (self._device.on if self._state.on else self._device.off)()

    def close(self) -> None:
        """Off, and the pin given back. May be called twice."""
        device, self._device = self._device, None
        self._state = FillState()
        if device is not None:
            device.off()
            device.close()


def _output(pin: str, factory: Any) -> Any:
    try:
        import gpiozero
    except ImportError as error:
        raise MissingExtraError("gpiozero", "pi", apt="python3-gpiozero") from error
    try:
        return gpiozero.DigitalOutputDevice(pin, initial_value=False, pin_factory=factory)
    except gpiozero.GPIOPinInUse:
        raise HardwareError(f"[camera] fill_light_pin = {pin}: the pin is in use already, by the lock, the button or another "
                            "program") from None
    except (gpiozero.GPIOZeroError, ValueError, OSError) as error:
        reason = (str(error).splitlines() or ["no such pin"])[0]
        raise HardwareError(f"[camera] fill_light_pin = {pin} cannot be used ({reason}): write it as GPIO17, with a number "
                            "from 0 to 27") from None
