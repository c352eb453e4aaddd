"""Buzzer, lamps and alarm output. A signal that fails is a trouble that is told; it never harms the door."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from edge_face.door.patterns import FIRST, PROMPTS, Levels, Pattern, length, levels, next_change
from edge_face.door.pins import hardware_errors, pin_number
from edge_face.errors import EdgeFaceError, HardwareError
from edge_face.settings import SignalSettings

NAMES = ("buzzer", "green", "red", "alarm")
"""The outputs, as the settings name them (`signals.buzzer_pin`, ...) and `Levels` has them."""
TRY_AGAIN = 10.0
"""Seconds after which an output that failed is tried again."""


class Signals:
    """`show` says something once, `hold` says what is true now; `tick` drives the pins. None of them raises. Safe to use
    from several threads."""

    def __init__(self, outputs: dict[str, Any], settings: SignalSettings, clock: Callable[[], float],
                 troubles: dict[str, str]) -> None:
        self._outputs, self._settings, self._clock = outputs, settings, clock
        self._troubles = troubles
        self._guard = threading.RLock()
        self._once: tuple[Pattern, float] | None = None
        self._held: dict[Pattern, float] = {}
        self._asked: tuple[Pattern, float] | None = None
        self._written = dict.fromkeys(outputs, False)
        self._retry = dict.fromkeys(outputs, -math.inf)

    @property
    def troubles(self) -> tuple[str, ...]:
        """What does not work now, in sentences; empty when all is well."""
        return tuple(self._troubles.values())

    @property
    def levels(self) -> Levels:
        """What was last written to the outputs that there are."""
        return Levels(**{name: bool(self._written.get(name, False)) for name in NAMES})

    def show(self, pattern: Pattern | None) -> None:
        """Says it from now on: once, or for as long as it is true (until `hold` says what is). None: nothing."""
        if pattern is None:
            return
        with self._guard:
            now = self._clock()
            if length(pattern) is None:
                self._held.setdefault(pattern, now)
            else:
                self._once = (pattern, now)
        self.tick(now)

    def hold(self, patterns: Collection[Pattern]) -> None:
        """What is true from now on (`patterns.lasting`); what began earlier keeps its rhythm, what is not named ends."""
        with self._guard:
            if set(patterns) == set(self._held):
                return
            now = self._clock()
            self._held = {pattern: self._held.get(pattern, now) for pattern in patterns}
        self.tick(now)

    def ask(self, what: str | None) -> None:
        """What somebody at the door is asked for from now on, as the policy calls it (`patterns.PROMPTS`); None: for nothing. Said again,
        it goes on in its rhythm."""
        pattern = PROMPTS.get(what) if what is not None else None
        with self._guard:
            if pattern is (self._asked[0] if self._asked is not None else None):
                return
            now = self._clock()
            self._asked = None if pattern is None else (pattern, now)
        self.tick(now)

    def tick(self, now: float | None = None) -> float:
        """Drives the outputs; the time at which it wants to be called again (infinite: when something else is to be said)."""
        with self._guard:
            now = self._clock() if now is None else now
            wanted, again = self._wanted(now)
            for name, output in self._outputs.items():
                again = min(again, self._drive(name, output, bool(getattr(wanted, name)), now))
            return again

    def close(self) -> None:
        """All off, and the pins given back. May be called again."""
        with self._guard:
            outputs, self._outputs = self._outputs, {}
            for name, output in outputs.items():
                for end in (output.off, output.close):
                    try:
                        with hardware_errors(_pin(self._settings, name)):
                            end()
                    except EdgeFaceError as error:
                        self._troubles[name] = f"signals.{name}_pin: {error}"
                self._written[name] = False

    def _wanted(self, now: float) -> tuple[Levels, float]:
        if self._once is not None and now - self._once[1] >= (length(self._once[0]) or 0.0):
            self._once = None
        said = dict(self._held)
        if self._asked is not None:
            said[self._asked[0]] = self._asked[1]
        if self._once is not None:
            said[self._once[0]] = self._once[1]
        shown = next((pattern for pattern in FIRST if pattern in said), None)
        if shown is None:
            return Levels(), math.inf
        seen = levels(shown, now - said[shown])
        again = said[shown] + next_change(shown, now - said[shown])
        buzzer, alarm = seen.buzzer, seen.alarm
        if Pattern.ALARM in said:
            began = said[Pattern.ALARM]
            heard = levels(Pattern.ALARM, now - began)
            buzzer, alarm = buzzer or heard.buzzer, True
            again = min(again, began + next_change(Pattern.ALARM, now - began))
        return Levels(buzzer and not self._settings.quiet, seen.green, seen.red, alarm), again

    def _drive(self, name: str, output: Any, on: bool, now: float) -> float:
        failed = name in self._troubles
        if failed and now < self._retry[name]:
            return self._retry[name]
        if on == self._written[name] and not failed:
            return math.inf
        try:
            with hardware_errors(_pin(self._settings, name)):
                output.on() if on else output.off()
        except HardwareError as error:
            self._troubles[name] = f"signals.{name}_pin: {error}"
            self._retry[name] = now + TRY_AGAIN
            return self._retry[name]
        self._troubles.pop(name, None)
        self._written[name] = on
        return math.inf


def open_signals(settings: SignalSettings, factory: Any, clock: Callable[[], float] = time.monotonic) -> Signals:
    """The outputs of the settings, all off from the first moment. Never raises for a pin: one that cannot be had is in
    `Signals.troubles`, and the door works without it."""
    outputs: dict[str, Any] = {}
    troubles: dict[str, str] = {}
    for name in NAMES:
        pin = _pin(settings, name)
        if not pin:
            continue
        try:
            number = pin_number(pin, f"signals.{name}_pin")
            with hardware_errors(pin):
                from gpiozero import OutputDevice

                outputs[name] = OutputDevice(number, active_high=settings.active_high, initial_value=False, pin_factory=factory)
        except EdgeFaceError as error:
            troubles[name] = f"signals.{name}_pin: {error}"
    return Signals(outputs, settings, clock, troubles)


def _pin(settings: SignalSettings, name: str) -> str:
    return str(getattr(settings, f"{name}_pin"))
