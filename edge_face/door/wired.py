"""What is wired to which pin by the settings, and the safe state that a door leaves for the one that could not read its settings."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_face.errors import EdgeFaceError, HardwareError, SettingsError
from edge_face.settings import DoorSettings, Settings

LAST = "door-last.json"
"""In the state folder: the [door] section that the door last ran on."""


@dataclass(frozen=True, slots=True)
class Wire:
    """One pin: the key that names it, the pin, and what it is for."""

    key: str
    pin: str
    use: str
    output: bool = False


def wires(settings: Settings) -> Iterator[Wire]:
    """Every pin that the settings use."""
    door, inputs, signals = settings.door, settings.inputs, settings.signals
    yield Wire("door.lock_pin", door.lock_pin, "the lock's relay", True)
    singles = [("door.exit_pin", door.exit_pin, "exit button"), ("inputs.contact_pin", inputs.contact_pin, "door contact"),
               ("inputs.fire_pin", inputs.fire_pin, "fire input"), ("inputs.tamper_pin", inputs.tamper_pin, "tamper switch"),
               ("inputs.wiegand_d0", inputs.wiegand_d0, "card reader, D0"), ("inputs.wiegand_d1", inputs.wiegand_d1, "card reader, D1")]
    yield from (Wire(key, pin, use) for key, pin, use in singles if pin)
    yield from (Wire("inputs.keypad_rows", pin, f"keypad, row {number}") for number, pin in enumerate(inputs.keypad_rows, 1))
    yield from (Wire("inputs.keypad_columns", pin, f"keypad, column {number}", True)
                for number, pin in enumerate(inputs.keypad_columns, 1))
    outputs = [("signals.buzzer_pin", signals.buzzer_pin, "buzzer"), ("signals.green_pin", signals.green_pin, "green lamp"),
               ("signals.red_pin", signals.red_pin, "red lamp"), ("signals.alarm_pin", signals.alarm_pin, "alarm output"),
               ("camera.fill_light_pin", settings.camera.fill_light_pin, "fill light")]
    yield from (Wire(key, pin, use, True) for key, pin, use in outputs if pin)


def remember(settings: DoorSettings, folder: str | Path) -> bool:
    """Writes down on what the door runs, whole or not at all: whoever switches its coil off after a kill may find the settings
    changed or broken since. Written only when it changed. False when it cannot be written, which keeps no door from opening."""
    if remembered(folder) == settings:
        return True
    target = Path(folder) / LAST
    partial = target.with_name(f".{LAST}.{os.getpid()}.part")
    try:
        with open(partial, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o640)) as file:
            json.dump(dataclasses.asdict(settings), file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        return False
    return True


def remembered(folder: str | Path) -> DoorSettings | None:
    """What `remember` wrote there, None when nothing (that can be used) is there."""
    from edge_face.settings_file import apply_overrides

    try:
        text = (Path(folder) / LAST).read_text(encoding="utf-8")
        found = json.loads(text)
        if not isinstance(found, dict):
            return None
        known = {field.name for field in dataclasses.fields(DoorSettings)}
        return apply_overrides(Settings(), {f"door.{key}": value for key, value in found.items() if key in known}, LAST).door
    except (OSError, ValueError, RecursionError, SettingsError):
        return None


def state_folders(settings: Settings | None, named: str | None = None) -> list[Path]:
    """Where `remember` may have written: the folder that was named, systemd's state directory, the store's folder."""
    given = [named or "", os.environ.get("STATE_DIRECTORY", "").partition(":")[0], (settings or Settings()).store.folder]
    return [Path(folder) for folder in dict.fromkeys(given) if folder]


def coils_off(doors: list[DoorSettings]) -> list[tuple[DoorSettings, HardwareError | None]]:
    """Switches each coil off; one that cannot be had does not keep the next from being tried."""
    from edge_face.door.lock import make_safe
    from edge_face.door.pins import pin_factory

    done: list[tuple[DoorSettings, HardwareError | None]] = []
    for door in doors:
        try:
            factory = pin_factory(door)
            try:
                make_safe(door, factory)
            finally:
                factory.close()
            done.append((door, None))
        except EdgeFaceError as error:
            done.append((door, error if isinstance(error, HardwareError) else HardwareError(str(error))))
    return done


def signals_off(settings: Settings) -> list[str]:
    """Lamps, buzzer and alarm off, as a killed door may have left them on. What could not be switched off, in sentences."""
    from edge_face.door.pins import hardware_errors, pin_factory, pin_number

    signals = [wire for wire in wires(settings) if wire.key.startswith("signals.")]
    if not signals:
        return []
    refused: list[str] = []
    try:
        factory = pin_factory(settings.door)
    except EdgeFaceError as error:
        return [str(error)]
    for wire in signals:
        try:
            with hardware_errors(wire.pin):
                from gpiozero import OutputDevice

                OutputDevice(pin_number(wire.pin, wire.key), active_high=settings.signals.active_high, initial_value=False,
                             pin_factory=factory).close()
        except EdgeFaceError as error:
            refused.append(f"{wire.key}: {error}")
    factory.close()
    return refused


def same_coil(one: DoorSettings, other: DoorSettings) -> bool:
    """Is it the same pin, driven in the same way?"""
    from edge_face.door.pins import pin_number

    return (one.pins, one.chip, one.active_high, pin_number(one.lock_pin)) == (
        other.pins, other.chip, other.active_high, pin_number(other.lock_pin))
