"""`edge-face door test`: walks the installer through everything that is wired. Nothing moves before a yes."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.settings import Settings

PULSE = 1.0
"""Seconds for which the lock is released."""
SHOWN = 3.0
"""Seconds for which a pattern that lasts is shown."""
_LOOK = 0.02


@dataclass(frozen=True, slots=True)
class Result:
    """What came out of one step: "ok", "failed", or "not seen" (nobody was asked)."""

    step: str
    result: str
    note: str = ""


class Walk:
    """The steps, over open hardware. `ask(question) -> bool | None` (None: nobody is asked), `say(text)`."""

    def __init__(self, settings: Settings, lock: Any, inputs: Any, signals: Any, presses: list[float], ask: Callable[[str], bool | None],
                 say: Callable[[str], None], patience: float) -> None:
        self._settings, self._lock, self._inputs, self._signals = settings, lock, inputs, signals
        self._presses, self._ask, self._say, self._patience = presses, ask, say, patience

    def run(self) -> list[Result]:
        """All steps that the settings have hardware for."""
        settings = self._settings
        results = [self._try_lock()]
        if settings.door.exit_pin:
            results.append(self._wait("exit button", "press the exit button", lambda: bool(self._presses),
                                      f"pin {settings.door.exit_pin}: check the button, its cable to ground and [door] exit_pin"))
        if settings.inputs.contact_pin:
            results += self._try_contact()
        for name, pin in (("fire", settings.inputs.fire_pin), ("tamper", settings.inputs.tamper_pin)):
            if pin:
                results += self._try_alarm(name, pin)
        if settings.inputs.keypad_rows:
            results.append(self._code("keypad", "pin", "key 1 2 3 4 5 6 7 8 9 0 # (no code that opens anything)",
                                      f"{', '.join((*settings.inputs.keypad_rows, *settings.inputs.keypad_columns))}: check the cable, and "
                                      "that rows and columns are not swapped", wanted="1234567890"))
        if settings.inputs.wiegand_d0:
            results.append(self._code("card reader", "card", "hold a card to the reader", f"{settings.inputs.wiegand_d0}, "
                                      f"{settings.inputs.wiegand_d1}: check the level shifter, and that D0 and D1 are not swapped"))
        results += self._try_signals()
        return results

    def _try_lock(self) -> Result:
        door = self._settings.door
        self._say(f"lock: {door.lock_pin} is released for {PULSE:g} s")
        self._lock.release(PULSE, "door test")
        while self._lock.released:
            self._lock.tick()
            time.sleep(_LOOK)
        return self._seen("lock", "did the lock release, and lock again after a second?", f"pin {door.lock_pin}: check [door] active_high, "
                          "fail, the relay and its supply")

    def _try_contact(self) -> list[Result]:
        from edge_face.access.inputs import Contact

        pin = self._settings.inputs.contact_pin
        note = f"pin {pin}: check [inputs] contact_closed, the magnet's distance and the cable"
        return [self._wait("door contact, open", "open the door", lambda: self._inputs.contact is Contact.OPEN, note),
                self._wait("door contact, closed", "close the door", lambda: self._inputs.contact is Contact.CLOSED, note)]

    def _try_alarm(self, name: str, pin: str) -> list[Result]:
        what = "trigger the fire contact" if name == "fire" else "open the housing"
        note = f"pin {pin}: check [inputs] {name}_level and the loop"
        return [self._wait(f"{name}, alarm", what, lambda: bool(getattr(self._inputs, name)), note),
                self._wait(f"{name}, quiet", "and set it back", lambda: not getattr(self._inputs, name), note)]

    def _code(self, step: str, factor: str, prompt: str, note: str, wanted: str = "") -> Result:
        got: list[str] = []

        def came() -> bool:
            got.extend(text for kind, text in self._inputs.codes() if kind == factor)
            return bool(got)

        result = self._wait(step, prompt, came, note)
        if result.result != "ok":
            return result
        if wanted and got[-1] != wanted:
            return Result(step, "failed", f"{got[-1]} was understood: rows or columns of the keypad are in another order than "
                          "[inputs] keypad_rows, keypad_columns and keypad_keys say")
        return Result(step, "ok", f"{got[-1]} was understood" if factor == "pin" else f"a card of {len(got[-1])} digits")

    def _try_signals(self) -> list[Result]:
        from edge_face.door.patterns import Pattern, length

        fitted = self._settings.signals
        if not any((fitted.buzzer_pin, fitted.green_pin, fitted.red_pin, fitted.alarm_pin)):
            return []
        results = []
        for pattern in Pattern:
            self._say(f"signals: {pattern.value}")
            self._signals.hold([pattern] if length(pattern) is None else [])
            self._signals.show(pattern)
            self._until(lambda: False, (length(pattern) or SHOWN) + 0.1)
            self._signals.hold([])
        for trouble in self._signals.troubles:
            results.append(Result("signals", "failed", trouble))
        return results or [self._seen("signals", "did buzzer and lamps say all of that?", "check [signals] pins and active_high")]

    def _wait(self, step: str, prompt: str, true: Callable[[], bool], note: str = "") -> Result:
        self._say(f"{step}: {prompt} (within {self._patience:g} s)")
        came = self._until(true, self._patience)
        self._say("  seen" if came else "  nothing came")
        return Result(step, "ok" if came else "failed", "" if came else note)

    def _until(self, true: Callable[[], bool], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not true():
            now = time.monotonic()
            if now >= end:
                return False
            self._lock.tick()
            self._signals.tick()
            time.sleep(_LOOK)
        return True

    def _seen(self, step: str, question: str, note: str) -> Result:
        answer = self._ask(question)
        return Result(step, "not seen") if answer is None else Result(step, "ok" if answer else "failed", "" if answer else note)


def walk(settings: Settings, args: argparse.Namespace) -> int:
    """0 when nothing failed."""
    from edge_face.cli.door import orderly_end
    from edge_face.door import open_exit_button, open_inputs, open_lock, open_signals, pin_factory
    from edge_face.door.wired import wires
    from edge_face.errors import ServiceError, UsageError
    from edge_face.service.client import daemon_for

    if daemon_for(settings) is not None:
        raise ServiceError(f"pin {settings.door.lock_pin} and the others belong to the door that runs: sudo systemctl stop edge-face, then "
                           "'edge-face door test' again")
    if not args.yes and not (sys.stdin is not None and sys.stdin.isatty()):
        raise UsageError("'edge-face door test' asks before anything moves, and there is no terminal to ask at: --yes goes without")

    def say(text: str) -> None:
        print(text, file=sys.stderr if args.json else sys.stdout, flush=True)

    def ask(question: str) -> bool | None:
        if args.yes:
            return None
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    for wire in wires(settings):
        say(f"  {wire.use:<18} {wire.pin:<7} {wire.key}")
    say(f"pins: {settings.door.pins}" + (": nothing is driven" if settings.door.pins == "mock" else ""))
    if ask("The lock will be released for a second, lamps and buzzer will go on. Is nobody in its way?") is False:
        say("nothing was moved")
        return 1
    presses: list[float] = []
    opened: list[Any] = []
    with orderly_end():
        factory = pin_factory(settings.door)
        try:
            lock = open_lock(settings.door, factory)
            opened.append(lock)
            opened.append(open_signals(settings.signals, factory))
            opened.append(open_inputs(settings, factory, lambda: None))
            button = open_exit_button(settings.door, factory, lambda: presses.append(time.monotonic()))
            if button is not None:
                opened.append(button)
            results = Walk(settings, lock, opened[2], opened[1], presses, ask, say, args.patience).run()
        finally:
            for part in opened:
                part.close()
            factory.close()
    if args.json:
        print(json.dumps([{"step": each.step, "result": each.result, "note": each.note} for each in results], indent=1))
    else:
        for each in results:
            print(f"{each.result:<9} {each.step}" + (f": {each.note}" if each.note else ""))
    return 1 if any(each.result == "failed" for each in results) else 0
