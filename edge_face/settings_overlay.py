"""What the owner set on the pages: a file of its own in the store's folder, read over the settings file, with the same checks.

Only some keys can be set there. Wiring, paths, sockets, programs, who is told, what is kept for how long, and whether pages may open
the door are decided at the device, in the settings file; so is whatever could keep the door from starting, and its pages with it.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from edge_face.errors import SettingsError
from edge_face.settings import Settings
from edge_face.settings_file import apply_overrides, parse_settings, parse_table, read_text
from edge_face.settings_toml import toml_key, toml_value

FILE = "owner-settings.toml"
HEAD = "# What the owner set on the pages. Read over the settings file; a key that is removed here is the file's again."
OPEN: dict[str, tuple[str, ...]] = {
    "camera": ("source", "width", "height", "fps", "detail_width", "rotate", "mirror", "stall_seconds", "noir", "metering", "face_target",
               "mains_hz", "privacy_masks"),
    "vision": ("sweep_every", "threads", "recognise_score", "hide_score", "embed_every", "min_sharpness", "min_light",
               "min_pose", "min_occlusion", "min_eye_distance"),
    "decision": ("assurance", "false_grants", "verify_rate", "claim", "without_camera", "votes", "of", "window", "zone", "zone_yaw",
                 "dwell", "rest_after", "rest", "fail_after", "fail_again", "approach_gap"),
    "liveness": ("bpcer", "actions", "number", "seconds", "min_fps", "tries"),
    "door": ("pulse", "max_release", "relock_on_open"),
    "inputs": ("contact_settle", "keypad_timeout"),
    "signals": ("quiet",),
    "access": ("timezone", "held_open", "code_fails", "code_rest", "code_rest_most", "linger", "many_failures"),
    "privacy": ("method", "strength", "margin", "delay", "keep", "sharp_yaw"),
    "kiosk": ("pad", "language", "fps", "greeting", "sleep", "responsible", "session_idle", "session_most", "attendance"),
}
"""What a page may set, by section. A key that is not named here is closed."""
_CAMERAS = re.compile(r"(picamera2(:[0-9]{1,3})?|usb:([0-9]{1,3}|/dev/video[0-9]{1,3})|none)")
"""Of the sources those that read no file and no network."""
Overlay = dict[str, Any]
"""Values by "section.key"."""


def overlay_path(settings: Settings) -> Path:
    """Where it lies."""
    return Path(settings.store.folder) / FILE


def is_open(key: str) -> bool:
    """May a page set "section.key"?"""
    section, _, name = key.partition(".")
    return name in OPEN.get(section, ())


def read_overlay(settings: Settings) -> Overlay:
    """What is set there; nothing where there is no such file. Raises `SettingsError`."""
    path = overlay_path(settings)
    if not os.path.lexists(path):
        return {}
    table = parse_table(read_text(path), str(path))
    overlay: Overlay = {}
    for section, content in table.items():
        if not isinstance(content, dict):
            raise SettingsError(f"{path}: '{section[:40]}' stands outside of a section: it belongs into the settings file")
        overlay |= {f"{section}.{key}": value for key, value in content.items()}
    for key, value in overlay.items():
        _insist_on_open(key, value, str(path))
    return overlay


def with_overlay(settings: Settings) -> Settings:
    """The settings file's settings and over them what the owner set on the pages. Raises `SettingsError`."""
    path = overlay_path(settings)
    if not os.path.lexists(path) or not read_overlay(settings):
        return settings
    return parse_settings(read_text(path), str(path), settings)


def applied(settings: Settings, overlay: Mapping[str, Any]) -> Settings:
    """The same for what is not written yet. Raises `SettingsError`, also for a key that no page may set."""
    for key, value in overlay.items():
        _insist_on_open(key, value, "from the pages")
    return apply_overrides(settings, overlay, "the pages")


def merged(base: Settings, overlay: Mapping[str, Any], changes: Mapping[str, Any]) -> Overlay:
    """An overlay after some changes. A value of None, and one that the settings file has anyway, is the file's again. Raises
    `SettingsError`, also for keys that there are not or that no page may set."""
    new = dict(overlay)
    for key, value in changes.items():
        _insist_on_open(key, None, "from the pages")
        new.pop(key, None)
        if value is not None:
            new[key] = value
    checked = applied(base, new)
    return {key: value_of(checked, key) for key in new if value_of(checked, key) != value_of(base, key)}


def value_of(settings: Settings, key: str) -> Any:
    """The value of "section.key"."""
    section, _, name = key.partition(".")
    return getattr(getattr(settings, section), name)


def differing(one: Settings, other: Settings, keys: Iterable[str] | None = None) -> list[str]:
    """Keys that a page may set and that differ."""
    names = [f"{section}.{key}" for section, names in OPEN.items() for key in names] if keys is None else list(keys)
    return [key for key in names if value_of(one, key) != value_of(other, key)]


def write_overlay(settings: Settings, overlay: Mapping[str, Any]) -> None:
    """Writes it, whole or not at all; readable for whoever may ask the daemon, as it holds no secret. Raises `SettingsError`."""
    path = overlay_path(settings)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o640)
            if os.geteuid() == 0:  # root tried the door by hand: the service's user must be able to read and replace it
                with contextlib.suppress(OSError):  # a stick without owners
                    folder_of = path.parent.stat()
                    os.fchown(file.fileno(), folder_of.st_uid, folder_of.st_gid)
            file.write(_text(overlay))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written ({error.strerror or error}): make room on its disk, or set the keys in the settings "
                            "file; nothing was changed") from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _text(overlay: Mapping[str, Any]) -> str:
    lines = [HEAD]
    for section in OPEN:
        own = {key.partition(".")[2]: value for key, value in overlay.items() if key.startswith(f"{section}.")}
        if own:
            lines += ["", f"[{section}]", *(f"{toml_key(name)} = {toml_value(value)}" for name, value in own.items())]
    return "\n".join(lines) + "\n"


def _insist_on_open(key: str, value: Any, where: str) -> None:
    if not is_open(key):
        name = key[:80] if key.isprintable() else ascii(key[:80])
        raise SettingsError(f"{where}: {name} cannot be set on a page: it belongs into the settings file on the device")
    if key == "camera.source" and isinstance(value, str) and not _CAMERAS.fullmatch(value.strip().lower()):
        raise SettingsError(f"{where}: a page sets camera.source to picamera2, usb:N or none; films, folders and cameras in the network "
                            "belong into the settings file on the device")
