"""Settings that are fine alone and cannot be meant together: each with the key to blame and what would mend it."""

from __future__ import annotations

from collections.abc import Iterator

from edge_face.pin_names import gpio_number
from edge_face.settings import ACTIONS, TURNS, DecisionSettings, Settings
from edge_face.settings_toml import KeyPath


def contradictions(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    """Where to look in the file, and one sentence."""
    yield from _lock(settings)
    yield from _inputs(settings)
    yield from _assurance(settings)
    yield from _challenge(settings)
    yield from _hiding(settings)
    yield from _others(settings)
    yield from _recorder(settings)
    yield from _pins_used_twice(settings)


def _lock(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    door = settings.door
    if door.pulse > door.max_release:
        yield ("door", "pulse"), (f"door.pulse = {door.pulse:g} is longer than door.max_release = {door.max_release:g}: "
                                  "a grant must end before the hard maximum")
    if door.kind == "maglock" and door.fail != "safe":
        yield ("door", "kind"), 'door.kind = "maglock" holds the door by current: without power it is open, so it needs door.fail = "safe"'
    if door.kind == "motor" and door.drive != "pulse":
        yield ("door", "kind"), 'door.kind = "motor" turns by itself at an impulse: it needs door.drive = "pulse"'
    if door.drive == "pulse" and door.drive_pulse > door.pulse:
        yield ("door", "drive_pulse"), (f"door.drive_pulse = {door.drive_pulse:g} is longer than door.pulse = {door.pulse:g}: the impulse "
                                        "must end within the release")
    if door.drive == "pulse" and door.fail == "safe":
        yield ("door", "drive"), 'door.drive = "pulse" cannot hold a magnet: door.fail = "safe" needs door.drive = "held"'
    if door.fail == "secure" and door.drive == "held" and 0 < door.max_on < door.pulse:
        yield ("door", "max_on"), (f"door.max_on = {door.max_on:g} would end a release of door.pulse = {door.pulse:g} before its time: "
                                   "shorten the pulse, or set what the coil is made for")


def _inputs(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    inputs = settings.inputs
    if bool(inputs.wiegand_d0) != bool(inputs.wiegand_d1):
        yield ("inputs", "wiegand_d0"), "a Wiegand reader has two wires: set inputs.wiegand_d0 and inputs.wiegand_d1, or neither"
    keys = len(inputs.keypad_rows) * len(inputs.keypad_columns)
    if (inputs.keypad_rows or inputs.keypad_columns) and keys != len(inputs.keypad_keys):
        yield ("inputs", "keypad_keys"), (f"{len(inputs.keypad_rows)} rows and {len(inputs.keypad_columns)} columns have {keys} keys, "
                                          f"inputs.keypad_keys names {len(inputs.keypad_keys)}")
    if len(set(inputs.keypad_keys)) != len(inputs.keypad_keys):
        yield ("inputs", "keypad_keys"), "inputs.keypad_keys names a key twice"


def _assurance(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    """A level that nobody could ever meet. One that nobody chose is not blamed."""
    level, inputs, path = settings.decision.assurance, settings.inputs, ("decision", "assurance")
    if level == DecisionSettings().assurance:
        return
    if settings.camera.source.strip().lower() == "none" and level.startswith("face"):
        yield path, (f'decision.assurance = "{level}" needs faces, and camera.source = "none" sees none: "code" or "card" is what such '
                     "a door can ask for")
    elif level.endswith("card") and not inputs.wiegand_d0:
        yield path, (f'decision.assurance = "{level}" needs a card reader: set inputs.wiegand_d0 and inputs.wiegand_d1, or choose '
                     f'"{level.replace("card", "code")}" with a keypad')
    elif level.endswith("code") and not inputs.keypad_rows and not settings.kiosk.pad:
        yield path, (f'decision.assurance = "{level}" needs a keypad: set inputs.keypad_rows and inputs.keypad_columns, or kiosk.pad for '
                     "one on a touch screen, or choose "
                     f'"{level.replace("code", "card")}" with a card reader')


def _challenge(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    liveness = settings.liveness
    unknown = [name for name in liveness.actions if name not in ACTIONS]
    if unknown:
        yield ("liveness", "actions"), (f'liveness.actions names "{unknown[0][:40]}", which is no action: there is '
                                        f"{', '.join(ACTIONS)}")
        return
    if len(set(liveness.actions)) != len(liveness.actions):
        yield ("liveness", "actions"), "liveness.actions names an action twice"
    if not set(TURNS) & set(liveness.actions):
        yield ("liveness", "actions"), "liveness.actions needs left or right: at nothing else a head can be told from a sheet"
    if liveness.number > len(liveness.actions):
        yield ("liveness", "number"), (f"liveness.number = {liveness.number} actions cannot be drawn from the {len(liveness.actions)} of "
                                       "liveness.actions: name more, or ask for fewer")


def _hiding(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    from edge_face.errors import UsageError
    from edge_face.privacy.options import check_option
    from edge_face.privacy.strengths import seen_through, weakness

    privacy = settings.privacy
    try:
        check_option(privacy.method, privacy.option)
    except UsageError as error:
        yield ("privacy", "option"), f'privacy.option = "{privacy.option[:40]}" does not fit privacy.method = "{privacy.method}": {error}'
        return
    if privacy.method == "crop" and privacy.option:
        yield ("privacy", "option"), 'privacy.option = "to" cuts pictures to a person, as edge-face blur does: a door hides them'
    chosen = (privacy.method, privacy.strength, privacy.option)
    weak = weakness(*chosen) or seen_through(*chosen)
    if weak is not None and not privacy.allow_weak:
        # Blamed is what would mend it.
        key = "strength" if "strength" in weak else "method"
        yield ("privacy", key), f"{weak}; privacy.allow_weak = true uses it all the same"


def _others(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    decision, service, access, hooks = settings.decision, settings.service, settings.access, settings.hooks
    if decision.votes > decision.of:
        yield ("decision", "votes"), (f"decision.votes = {decision.votes} can never be reached out of "
                                      f"decision.of = {decision.of}: votes must not be more")
    if service.preview_fps > 0 and not service.preview_file:
        yield ("service", "preview_fps"), "service.preview_fps is set but service.preview_file does not say where to write"
    if access.timezone and not _zone_exists(access.timezone):
        yield ("access", "timezone"), (f'access.timezone = "{access.timezone}" is no time zone that this system knows: write it as '
                                       "Europe/Zurich (timedatectl list-timezones)")
    if access.code_rest > access.code_rest_most:
        yield ("access", "code_rest"), (f"access.code_rest = {access.code_rest:g} is longer than access.code_rest_most = "
                                        f"{access.code_rest_most:g}: the first rest is the shortest")
    if hooks.webhook and not hooks.webhook.startswith(("http://", "https://")):
        yield ("hooks", "webhook"), "hooks.webhook is an address that begins with https:// (or http:// in a network of your own)"
    if hooks.webhook and not hooks.secret_file:
        yield ("hooks", "secret_file"), "hooks.webhook is set without hooks.secret_file: its receiver could not tell forged events"


def _recorder(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    recorder = settings.recorder
    if recorder.events and settings.camera.source.strip().lower() == "none":
        yield ("recorder", "events"), 'recorder.events asks for pictures, and camera.source = "none" takes none: leave it empty'
    if len(set(recorder.events)) != len(recorder.events):
        yield ("recorder", "events"), "recorder.events names a kind twice"


def _zone_exists(name: str) -> bool:
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _pins_used_twice(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    door, inputs, signals = settings.door, settings.inputs, settings.signals
    pins = [("lock_pin", door.lock_pin), ("exit_pin", door.exit_pin), ("camera.fill_light_pin", settings.camera.fill_light_pin)]
    pins += [(f"inputs.{name}", getattr(inputs, name)) for name in ("contact_pin", "fire_pin", "tamper_pin", "wiegand_d0", "wiegand_d1")]
    pins += [(f"inputs.{name}", pin) for name in ("keypad_rows", "keypad_columns") for pin in getattr(inputs, name)]
    pins += [(f"signals.{name}", getattr(signals, name)) for name in ("buzzer_pin", "green_pin", "red_pin", "alarm_pin")]
    used: dict[int, str] = {}
    for name, pin in pins:
        if not pin:
            continue
        number = gpio_number(pin)
        if number in used:
            section, _, own = name.rpartition(".")
            yield (section or "door", own), f"{used[number]} and {name} are both GPIO{number}: each needs a pin of its own"
        used[number] = name
