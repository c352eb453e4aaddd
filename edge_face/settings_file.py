"""The settings file: found, read, checked, written. Every mistake is a `SettingsError` with file, line and what is allowed."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import math
import os
import re
import tomllib
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge_face.errors import SettingsError
from edge_face.pin_names import gpio_number
from edge_face.settings import EVENTS, RECORDED, Settings, section_names
from edge_face.settings_checks import contradictions
from edge_face.settings_toml import KeyPath, key_lines, line_of, toml_value

ENVIRONMENT = "EDGE_FACE_CONFIG"
SEARCHED = ("edge-face.toml", "/etc/edge-face/edge-face.toml")
_LARGEST = 1 << 20
"""Bytes; a settings file has a few thousand."""
_DEEPEST = 8
"""Levels of lists and tables inside `camera.controls`."""

_PIN_ENDINGS = ("_pin", "_d0", "_d1", "_rows", "_columns")
_KIND_WORDS: dict[type, str] = {dict: "table", list: "list", int: "number"}
_Where = Callable[[KeyPath], str]


def settings_source(path: str | None = None) -> Path | None:
    """The file that `load_settings(path)` reads; None when there is none and the defaults hold."""
    if path is not None:
        return Path(path)
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    return next((place for place in map(Path, SEARCHED) if os.path.lexists(place)), None)


def load_settings(path: str | None = None, *, pages: bool = True) -> Settings:
    """The settings of `path`, else of $EDGE_FACE_CONFIG, ./edge-face.toml, /etc/edge-face/edge-face.toml, else defaults; and over them what
    the owner set on the pages (`edge_face.settings_overlay`), unless `pages` is false.

    Raises `SettingsError` in one sentence for anything wrong with either file.
    """
    from edge_face.settings_overlay import with_overlay

    source = settings_source(path)
    settings = Settings() if source is None else parse_settings(read_text(source), str(source))
    return with_overlay(settings) if pages else settings


def parse_settings(text: str, name: str = "settings", base: Settings | None = None) -> Settings:
    """The settings in a TOML text, over `base` (the defaults); `name` is what errors call it. Raises `SettingsError`."""
    table = parse_table(text, name)
    lines = key_lines(text)

    def where(key: KeyPath) -> str:
        line = line_of(lines, key)
        return f"{name}, line {line}" if line else name

    return _build(table, base or Settings(), where)


def parse_table(text: str, name: str) -> dict[str, Any]:
    """What stands in a TOML text, unchecked. Raises `SettingsError` for what is none."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{name}, {_place_of(str(error), text)}: this is not TOML: {_reason_of(str(error))}") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{name}: this is not usable TOML: a number too long or lists too deep") from error


def apply_overrides(settings: Settings, overrides: Mapping[str, Any], name: str = "override") -> Settings:
    """The settings with some keys replaced: `{"door.pins": "mock"}`. Raises `SettingsError` as a file would."""
    table: dict[str, dict[str, Any]] = {}
    for dotted, value in overrides.items():
        section, _, key = dotted.partition(".")
        table.setdefault(section, {})[key] = value
    return _build(table, settings, lambda key: name)


def to_toml(settings: Settings, *, only_changed: bool = False) -> str:
    """The settings as a TOML file, or only those that differ from the defaults."""
    default = Settings()
    blocks: list[str] = []
    for section in section_names():
        values, defaults = getattr(settings, section), getattr(default, section)
        pairs = [(name, getattr(values, name)) for name in _fields(section)]
        lines = [f"{name} = {toml_value(value)}" for name, value in pairs
                 if not only_changed or value != getattr(defaults, name)]
        if lines:
            blocks.append("\n".join([f"[{section}]", *lines]))
    return "\n\n".join(blocks) + "\n" if blocks else ""


def default_text() -> str:
    """The file that `config init` writes: every key with its meaning, what is allowed and its default, commented out."""
    out = ["# Settings of edge-face. A key that is commented out has the value that is shown.",
           "# After a change: edge-face config check"]
    for section in section_names():
        values = getattr(Settings(), section)
        out += ["", f"# {(type(values).__doc__ or '').strip()}", f"[{section}]"]
        for name, field in _fields(section).items():
            what = [field.metadata["doc"], allowed(section, name)]
            out += ["", *(f"# {line}" for line in what if line), f"#{name} = {toml_value(getattr(values, name))}"]
    return "\n".join(out) + "\n"


def write_default(path: str | Path, *, force: bool = False) -> Path:
    """Writes the documented default file, whole or not at all. Raises `SettingsError` when it exists or cannot be."""
    target = Path(path)
    with contextlib.suppress(OSError):  # what cannot even be looked at is told when it is written
        if target.is_dir():
            target = target / "edge-face.toml"
    if os.path.lexists(target) and not force:
        raise SettingsError(f"{target} exists: --force replaces it")
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if target.exists() and not target.is_file():
            # A file moved there would take the device's place, for every program on this machine.
            raise SettingsError(f"{target} is no file: choose another name")
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(default_text(), encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise SettingsError(f"{target} cannot be written: {error.strerror or error}: name a folder that is yours") from error
    return target


def allowed(section: str, key: str) -> str:
    """What a key may be, in words: "0.2 to 60 s", "one of mock, lgpio"; empty when any text will do."""
    field = _fields(section)[key]
    kind, meta = _kinds(section)[key], field.metadata
    unit = f" {meta['unit']}" if meta["unit"] else ""
    if meta["choices"]:
        return "one of " + ", ".join(choice if kind is not str else f'"{choice}"' for choice in meta["choices"])
    if kind in (int, float):
        word = "a whole number, " if kind is int else ""
        return f"{word}{_number(meta['low'])} to {_number(meta['high'])}{unit}"
    return {bool: "true or false", str: ""}.get(kind, "")


# Reading

def read_text(source: Path) -> str:
    """The text of a settings file. Raises `SettingsError`."""
    if source.is_dir():
        raise SettingsError(f"{source} is a folder, not a settings file")
    try:
        with source.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except FileNotFoundError as error:
        raise SettingsError(f"there is no settings file {source}: 'edge-face config init {source}' writes one") from error
    except (OSError, ValueError) as error:
        raise SettingsError(f"{source} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(raw) > _LARGEST:
        raise SettingsError(f"{source} is larger than 1 MB: that is no settings file")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{source}, line {line}: this is not UTF-8 text: save the file as UTF-8") from error


def _place_of(message: str, text: str) -> str:
    found = re.search(r"at line (\d+), column (\d+)", message)
    if found:
        return f"line {found[1]}, column {found[2]}"
    lines = text.split("\n")
    return f"line {len(lines)}, column {len(lines[-1]) + 1}"


def _reason_of(message: str) -> str:
    reason = re.sub(r"\s*\(at .*\)$", "", message, flags=re.DOTALL)
    return reason[:1].lower() + reason[1:]


# Checking

class _Wrong(Exception):
    """A value is not what its key allows; the text says what it is."""


def _build(table: Mapping[str, Any], base: Settings, where: _Where) -> Settings:
    changed: dict[str, Any] = {}
    for section, content in table.items():
        if section not in section_names():
            raise SettingsError(f"{where((section,))}: {_unknown_section(section, content)}")
        if not isinstance(content, dict):
            raise SettingsError(f"{where((section,))}: '{section}' is a section: write [{section}] and its keys below")
        values: dict[str, Any] = {}
        for key, value in content.items():
            if key not in _fields(section):
                raise SettingsError(f"{where((section, key))}: {_unknown_key(section, key)}")
            try:
                values[key] = _checked(section, key, value)
            except _Wrong as wrong:
                doc = _fields(section)[key].metadata["doc"]
                raise SettingsError(f"{where((section, key))}: {section}.{key} = {_shown(value)} {wrong} ({key}: {doc})") from None
        changed[section] = dataclasses.replace(getattr(base, section), **values)
    settings = dataclasses.replace(base, **changed)
    for path, text in contradictions(settings):
        given = next((key for key in (path, path[:1]) if path[0] in table), path)
        raise SettingsError(f"{where(given)}: {text}")
    return settings


def _checked(section: str, key: str, value: Any) -> Any:
    kind, meta = _kinds(section)[key], _fields(section)[key].metadata
    if kind is bool:
        if not isinstance(value, bool):
            raise _Wrong("is not true or false")
        return value
    if kind is int or kind is float:
        return _checked_number(kind, meta, value, allowed(section, key))
    if kind is str:
        if not isinstance(value, str):
            raise _Wrong(f"is not a text in quotes{_one_of(section, key)}")
        if meta["choices"] and value not in meta["choices"]:
            close = difflib.get_close_matches(value, [c for c in meta["choices"] if c], n=1)
            raise _Wrong(f"is not {allowed(section, key)}" + (f": did you mean \"{close[0]}\"?" if close else ""))
        if any(ord(char) < 32 or ord(char) == 127 for char in value):
            raise _Wrong("has a control character in it")
        if key.endswith(_PIN_ENDINGS) and (value or key == "lock_pin"):
            _check_pin(value)
        return value
    if kind == list[str]:
        return _checked_texts(key, value, RECORDED if section == "recorder" else EVENTS)
    if key == "privacy_masks":
        return _checked_masks(value)
    if not isinstance(value, dict):
        raise _Wrong("is not a table: write { Name = value }")
    _check_plain(value, 0)
    return value


def _checked_texts(key: str, value: Any, events: tuple[str, ...]) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise _Wrong('is not a list of texts: write ["one", "two"]')
    for text in value:
        if any(ord(char) < 32 or ord(char) == 127 for char in text):
            raise _Wrong("has a control character in it")
        if key.endswith(_PIN_ENDINGS):
            _check_pin(text)
        elif key == "events" and text not in events:
            raise _Wrong(f'names "{_clipped(text)}", which is none of {", ".join(events)}')
    return list(value)


def _check_pin(name: str) -> None:
    try:
        gpio_number(name)
    except ValueError as error:
        raise _Wrong(str(error)) from None


def _checked_number(kind: type[int] | type[float], meta: Mapping[str, Any], value: Any, range_: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or (kind is int and not isinstance(value, int)):
        raise _Wrong("is not a whole number" if kind is int else "is not a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise _Wrong(f"is not a number that can be meant: {range_} is allowed")
    if meta["choices"]:
        if str(value) not in meta["choices"]:
            raise _Wrong(f"is not {range_}")
    elif (meta["low"] is not None and value < meta["low"]) or (meta["high"] is not None and value > meta["high"]):
        raise _Wrong(f"is out of range: {range_.removeprefix('a whole number, ')} is allowed")
    return float(value) if kind is float else int(value)


def _checked_masks(value: Any) -> list[list[float]]:
    if not isinstance(value, list):
        raise _Wrong("is not a list of [x, y, width, height]")
    for mask in value:
        numbers = isinstance(mask, list) and len(mask) == 4 and all(
            isinstance(n, (int, float)) and not isinstance(n, bool) and 0 <= n <= 1 for n in mask)
        if not numbers:
            raise _Wrong("is not a list of [x, y, width, height], each a share of the picture from 0 to 1")
        if mask[2] <= 0 or mask[3] <= 0:
            raise _Wrong("has an area without width or height")
    return [[float(n) for n in mask] for mask in value]


def _check_plain(value: Any, depth: int) -> None:
    """Numbers, texts, lists and tables only, so that what is set can be handed on, shown and written again."""
    if depth > _DEEPEST:
        raise _Wrong("is nested too deep")
    if isinstance(value, dict):
        for inner in value.values():
            _check_plain(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check_plain(inner, depth + 1)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _Wrong("has a value that is not a number")
    elif isinstance(value, int):
        if abs(value) >= 1 << 63:
            raise _Wrong("has a number too large")
    elif not isinstance(value, str):
        raise _Wrong("has a date or time in it: numbers, texts and lists are allowed")


def _unknown_section(section: str, content: Any) -> str:
    names = section_names()
    close = difflib.get_close_matches(section, names, n=1)
    if close:
        return f"there is no section [{section}]: did you mean [{close[0]}]?"
    if not isinstance(content, dict):
        homes = [name for name in names if section in _fields(name)]
        if homes:
            return f"'{section}' stands outside of its section: it belongs below [{homes[0]}]"
    return f"there is no section [{_clipped(section)}]: the sections are {', '.join(names)}"


def _unknown_key(section: str, key: str) -> str:
    close = difflib.get_close_matches(key, list(_fields(section)), n=3, cutoff=0.6)
    if close:
        return f"there is no key '{section}.{key}': did you mean {' or '.join(close)}?"
    homes = [name for name in section_names() if key in _fields(name)]
    if homes:
        return f"there is no key '{section}.{key}': '{key}' belongs below [{homes[0]}]"
    return f"there is no key '{section}.{_clipped(key)}': [{section}] has {', '.join(_fields(section))}"


def _one_of(section: str, key: str) -> str:
    text = allowed(section, key)
    return f", {text}" if text else ""


def _fields(section: str) -> dict[str, dataclasses.Field[Any]]:
    return {field.name: field for field in dataclasses.fields(getattr(Settings(), section))}


def _kinds(section: str) -> dict[str, Any]:
    return typing.get_type_hints(type(getattr(Settings(), section)))


def _clipped(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _shown(value: Any) -> str:
    """A value as the file has it; long ones shortened, strange ones named by their kind."""
    try:
        return _clipped(toml_value(value))
    except (TypeError, ValueError, RecursionError):
        return _clipped(str(value)) if isinstance(value, float) else f"a {_KIND_WORDS.get(type(value), type(value).__name__)}"


def _number(value: float | None) -> str:
    return "any" if value is None else f"{value:g}"
