"""`edge-face door`: the door's hardware, for the one who wires it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from edge_face.cli.main import add_common

if TYPE_CHECKING:
    from edge_face.settings import Settings

DESCRIPTION = "Shows, tries and watches what is wired to the door: lock, buttons, contact, signals, keypad, card reader. While the " \
              "door runs, it has the pins and is asked; otherwise the pins are used directly."
EXAMPLES = """
  edge-face door status                 what is wired where, and how it stands
  edge-face door test                   walks through everything that is wired; asks before anything moves
  edge-face door pulse                  releases the door once, for as long as a grant does
  edge-face door pulse 1.5              for 1.5 seconds
  edge-face door watch                  shows every change until Ctrl-C: press, open, key, hold a card to the reader
  edge-face door secure                 locks a released door now, and ends a hold-open window
  edge-face door lockdown               nobody is let in, not after a restart either; exit button and fire work
  edge-face door lift                   ends the lockdown
  edge-face door quiet                  acknowledges alarms
  edge-face door safe                   switches the lock's coil off (systemd's ExecStopPost: after every kind of end)
"""
ORDERS = {"secure": "the door is locked", "lockdown": "lockdown: nobody is let in until 'edge-face door lift'; who wants out gets out",
          "lift": "the lockdown is lifted", "quiet": "the alarms are acknowledged: the alarm output is off"}
"""What only a running door can do, and what is said when it did."""
ACTIONS = ("status", "test", "pulse", "watch", "safe", *ORDERS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_common(parser)
    parser.add_argument("action", choices=ACTIONS, help="what to do")
    parser.add_argument("seconds", nargs="?", type=float, help="pulse: how long (default: door.pulse of the settings)")
    parser.add_argument("--yes", action="store_true", help="test: ask nothing; what only a person can see counts as not seen")
    parser.add_argument("--patience", type=float, default=15.0, metavar="SECONDS", help="test: how long to wait for each input (15)")
    parser.add_argument("--state", metavar="FOLDER", help="safe: folder in which the door wrote down on what it last ran "
                        "(default: $STATE_DIRECTORY, then the store's folder)")


def run(args: argparse.Namespace) -> int:
    from edge_face.errors import UsageError
    from edge_face.settings_file import load_settings

    if args.seconds is not None and args.action != "pulse":
        raise UsageError(f"a number of seconds goes with 'pulse', not with '{args.action}'")
    if args.action == "safe":
        return _safe(args)
    settings = load_settings(args.config)
    if args.action == "status":
        return _status(settings, args.json)
    if args.action == "pulse":
        return _pulse(settings, args)
    if args.action in ORDERS:
        return _order(settings, args)
    if args.action == "watch":
        from edge_face.cli.door_watch import watch

        return watch(settings, args.json)
    from edge_face.cli.door_walk import walk

    return walk(settings, args)


def _safe(args: argparse.Namespace) -> int:
    """Both coils, when the settings were changed while the door ran: the one that may be on is the one it ran on."""
    import sys

    from edge_face.door import describe_lock
    from edge_face.door.wired import coils_off, remembered, same_coil, signals_off, state_folders
    from edge_face.errors import SettingsError
    from edge_face.settings_file import load_settings

    settings, broken = None, None
    try:
        # Without what was set on the pages: no wiring can be set there, and nothing that is wrong with it must stand in the way.
        settings = load_settings(args.config, pages=False)
    except SettingsError as error:
        broken = error
    last = next((found for folder in state_folders(settings, args.state) if (found := remembered(folder)) is not None), None)
    doors = [settings.door] if settings is not None else []
    if last is not None and not any(same_coil(last, door) for door in doors):
        doors.insert(0, last)
    failed = None
    for door, refusal in coils_off(doors):
        if refusal is None:
            print(f"the coil is off: {describe_lock(door)}")
        failed = failed or refusal
    if broken is not None:
        how = "the coil was switched off as the door last ran" if last is not None and failed is None else "THE COIL WAS NOT SWITCHED OFF"
        raise SettingsError(f"{broken} ({how})") from broken
    if settings is not None:
        if failed is not None and _door_locks(settings):
            print("the door runs and has the pins: it was told to lock, and it alone switches its coil off when it ends")
            return 0
        for text in signals_off(settings):
            print(f"edge-face: {text}", file=sys.stderr)
    if failed is not None:
        raise failed
    return 0


def _door_locks(settings: Settings) -> bool:
    """Does a door run here that has the pins, and does it lock when it is told to?"""
    from edge_face.errors import EdgeFaceError
    from edge_face.service.client import daemon_for

    try:
        client = daemon_for(settings)
        if client is None:
            return False
        client.call("door.secure")
    except EdgeFaceError:
        return False
    return True


def _order(settings: Settings, args: argparse.Namespace) -> int:
    import json

    from edge_face.errors import ServiceError
    from edge_face.service.client import daemon_for

    client = daemon_for(settings)
    if client is None:
        raise ServiceError(f"the door does not run, and '{args.action}' is for a running one: sudo systemctl start edge-face")
    client.call(f"door.{args.action}")
    print(json.dumps({"done": args.action}) if args.json else ORDERS[args.action])
    return 0


def _status(settings: Settings, as_json: bool) -> int:
    import json

    from edge_face.door import describe_lock
    from edge_face.door.wired import wires
    from edge_face.service.client import daemon_for

    client = daemon_for(settings)
    rows = [{"key": wire.key, "pin": wire.pin, "use": wire.use} for wire in wires(settings)]
    if client is not None:
        state = dict(client.call("door.status"))
    else:
        state = {"lock": describe_lock(settings.door), **_levels(settings)}
    shown = {"daemon": client is not None, "wired": rows, "state": state}
    if as_json:
        print(json.dumps(shown, ensure_ascii=False, indent=1))
        return 0
    print("the door runs and has the pins; it says:" if client is not None else "the door does not run; the pins say:")
    width = max(len(row["use"]) for row in rows)
    for row in rows:
        print(f"  {row['use']:<{width}}  {row['pin']:<7} {row['key']}")
    for key, value in state.items():
        if key != "troubles":
            print(f"  {key.replace('_', ' ')}: {_said(value)}")
    for trouble in state.get("troubles", ()):
        print(f"  TROUBLE  {trouble}")
    return 1 if state.get("troubles") else 0


def _levels(settings: Settings) -> dict[str, Any]:
    """Of the inputs. Not of the lock: whoever opens its pin to read it lets go of what a killed door may have left on it."""
    from edge_face.door import open_exit_button, open_inputs, pin_factory

    factory = pin_factory(settings.door)
    try:
        with _closing(open_inputs(settings, factory, lambda: None, start=False)) as inputs:
            button = open_exit_button(settings.door, factory, lambda: None)
            contact = inputs.contact
            found = {"contact": None if contact is None else contact.value, "fire": inputs.fire, "tamper": inputs.tamper,
                     "exit_pressed": None if button is None else button.pressed, "troubles": list(inputs.troubles)}
            if button is not None:
                button.close()
            return found
    finally:
        factory.close()


def _pulse(settings: Settings, args: argparse.Namespace) -> int:
    import json
    import math

    from edge_face.errors import UsageError
    from edge_face.service.client import daemon_for

    door = settings.door
    seconds = door.pulse if args.seconds is None else args.seconds
    if not math.isfinite(seconds) or not 0 < seconds <= door.max_release:
        raise UsageError(f"pin {door.lock_pin}: a pulse of {seconds:g} s cannot be: above 0 and up to {door.max_release:g} s "
                         "(door.max_release)")
    client = daemon_for(settings)
    if client is not None:
        seconds = float(client.call("door.pulse", seconds=seconds)["seconds"])
    else:
        seconds = pulse_directly(settings, seconds)
    if args.json:
        print(json.dumps({"seconds": seconds, "daemon": client is not None}))
    elif client is not None:
        print(f"the door releases {door.lock_pin} for {seconds:g} s; 'edge-face why' tells whether it did")
    else:
        print(f"{door.lock_pin} was released for {seconds:.2f} s and is locked again" if door.fail == "secure" else
              f"{door.lock_pin} was released for {seconds:.2f} s; now nothing drives it: a magnet stays open")
    return 0


def pulse_directly(settings: Settings, seconds: float) -> float:
    """Releases the lock without a daemon, and locks it whatever ends this program but SIGKILL. The seconds that it took."""
    import time

    from edge_face.door import open_lock, pin_factory

    with orderly_end():
        factory = pin_factory(settings.door)
        try:
            with open_lock(settings.door, factory) as lock:
                began = time.monotonic()
                lock.release(seconds, "door pulse")
                while not lock.tick():
                    # A clock that is a little early must not make a busy loop.
                    time.sleep(min(max((lock.due or began) - time.monotonic(), 0.001), 0.05))
                return time.monotonic() - began
        finally:
            factory.close()


@contextmanager
def orderly_end() -> Iterator[None]:
    """SIGTERM and a closed terminal end this program as Ctrl-C does: what is open is closed, the lock first."""
    import signal

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _closing(part: Any) -> Iterator[Any]:
    try:
        yield part
    finally:
        part.close()


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_said(each)}" for key, each in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return "-" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value) or "none"
