"""`edge-face door watch`: every change of what is wired, as it happens. Codes and card numbers are not shown, only that they came."""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.settings import Settings

Say = Callable[[str, str, str], None]
"""`say(pin, what, state)`."""
POLL = 0.2
"""Seconds between two questions to a running door."""


def watch(settings: Settings, as_json: bool, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Until Ctrl-C (or `stop` says so). Through the daemon when it runs, for it has the pins."""
    from edge_face.cli.door import orderly_end
    from edge_face.service.client import daemon_for

    began = time.monotonic()

    def say(pin: str, what: str, state: str) -> None:
        at = time.monotonic() - began
        if as_json:
            print(json.dumps({"time": round(at, 4), "pin": pin, "what": what, "state": state}), flush=True)
        else:
            print(f"{at:9.3f} s  {pin:<14} {what:<16} {state}", flush=True)

    with orderly_end():
        client = daemon_for(settings)
        if client is not None:
            return _ask(lambda: client.call("door.status"), say, stop)
        return _look(settings, say, stop)


def _ask(status: Callable[[], Mapping[str, Any]], say: Say, stop: Callable[[], bool]) -> int:
    """What the running door sees and does, five times a second: shorter changes are not shown."""
    before: dict[str, Any] = {}
    while not stop():
        now = _flat(status())
        for key in sorted(set(before) | set(now)):
            if before.get(key) != now.get(key):
                say("the door", key, str(now.get(key)))
        before = now
        time.sleep(POLL)
    return 0


def _flat(status: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """`until` counts down all the time and is no change, `lock` never changes."""
    found: dict[str, Any] = {}
    for key, value in status.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key} ")
        elif key not in ("until", "lock"):
            found[prefix + key] = value
    return found


def _look(settings: Settings, say: Say, stop: Callable[[], bool]) -> int:
    """Each edge of buttons and contacts, bounces too; keypad and reader as they are understood. Outputs stay untouched: nobody
    drives them now."""
    from edge_face.door import open_inputs, pin_factory, pin_number
    from edge_face.door.pins import hardware_errors
    from edge_face.door.wired import wires

    # Edges come from other threads and are printed from this one: a slow terminal holds up no pin.
    edges: queue.SimpleQueue[tuple[str, str, str]] = queue.SimpleQueue()
    quiet = replace(settings, inputs=replace(settings.inputs, contact_pin="", fire_pin="", tamper_pin=""))
    factory = pin_factory(settings.door)
    opened: list[Any] = []
    try:
        decoded = open_inputs(quiet, factory, lambda: edges.put(("", "", "")))
        opened.append(decoded)
        for wire in wires(settings):
            if wire.output or wire.key.startswith(("inputs.keypad", "inputs.wiegand")):
                continue
            number = pin_number(wire.pin, wire.key)
            with hardware_errors(wire.pin):
                from gpiozero import InputDevice

                device = InputDevice(number, pull_up=True, pin_factory=factory)
                opened.append(device)
                listener = _Listener(wire.pin, wire.use, edges)
                opened.append(listener)
                device.pin.edges = "both"
                device.pin.when_changed = listener.changed
                say(wire.pin, wire.use, _level(device.pin.state))
        while not stop():
            try:
                pin, what, state = edges.get(timeout=0.25)
            except queue.Empty:
                continue
            if pin:
                say(pin, what, state)
            for factor, text in decoded.codes():
                say("keypad" if factor == "pin" else "card reader", "a code" if factor == "pin" else "a card", f"of {len(text)} digits")
            for trouble in decoded.troubles:
                say("", "TROUBLE", trouble)
        return 0
    finally:
        for part in opened:
            part.close()
        factory.close()


class _Listener:
    """Notes the edges of one pin. Kept by whoever listens: a pin has only a weak hold on it."""

    def __init__(self, pin: str, use: str, edges: queue.SimpleQueue[tuple[str, str, str]]) -> None:
        self._pin, self._use, self._edges = pin, use, edges

    def changed(self, ticks: Any, state: Any) -> None:
        self._edges.put((self._pin, self._use, _level(state)))

    def close(self) -> None:
        """Nothing is held."""


def _level(state: Any) -> str:
    return "high" if state else "low"
