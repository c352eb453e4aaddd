"""The settings as a form: made from the very classes that check the file, so that no key can be missing."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edge_face.errors import UsageError
from edge_face.kiosk.forms import Form
from edge_face.settings import Settings, section_names
from edge_face.settings_toml import toml_value

MASKS = "camera.privacy_masks"
"""Has a page of its own, on which they are drawn."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One key. `kind`: "flag", "choice", "number", "text", "list". `texts`: what the inputs show."""

    key: str
    name: str
    doc: str
    kind: str
    value: Any
    default: Any
    unit: str
    choices: tuple[str, ...]
    low: float | None
    high: float | None
    step: str
    set_here: bool

    @property
    def text(self) -> str:
        """The value as a line of text; a list one a line."""
        return "\n".join(self.value) if self.kind == "list" else _plain(self.value)

    @property
    def default_text(self) -> str:
        return toml_value(self.default) if isinstance(self.default, (bool, str, list)) else _plain(self.default)

    @property
    def changed(self) -> bool:
        return bool(self.value != self.default)


def sections() -> tuple[tuple[str, str], ...]:
    """Names and what they are about."""
    return tuple((name, (type(getattr(Settings(), name)).__doc__ or "").strip()) for name in section_names())


def entries(section: str, values: Mapping[str, Any], closed: Collection[str], saved: Collection[str]) -> list[Entry]:
    """The keys of a section that may be set from a page. `closed`: those that may not; `saved`: set from a page before."""
    return list(_entries(section, values, closed, saved))


def _entries(section: str, values: Mapping[str, Any], closed: Collection[str], saved: Collection[str]) -> Iterator[Entry]:
    default = getattr(Settings(), section)
    kinds = typing.get_type_hints(type(default))
    for field in dataclasses.fields(default):
        key, meta, kind = f"{section}.{field.name}", field.metadata, kinds[field.name]
        shown = _kind(kind, meta)
        if key in closed or shown is None:
            continue
        yield Entry(key, field.name, meta["doc"], shown, values.get(field.name, getattr(default, field.name)),
                    getattr(default, field.name), meta["unit"], tuple(meta["choices"]), meta["low"],
                    meta["high"], "1" if kind is int else "any", key in saved)


def closed_of(section: str, values: Mapping[str, Any], closed: Collection[str]) -> list[tuple[str, str]]:
    """Keys that only the file can set, with their values as the file has them."""
    default = getattr(Settings(), section)
    return [(field.name, toml_value(values.get(field.name, getattr(default, field.name)))) for field in dataclasses.fields(default)
            if f"{section}.{field.name}" in closed]


def _kind(kind: Any, meta: Mapping[str, Any]) -> str | None:
    if kind is bool:
        return "flag"
    if meta["choices"] and kind is not bool:
        return "choice"
    if kind in (int, float):
        return "number"
    return {str: "text", list[str]: "list"}.get(kind)


def read(form: Form, shown: list[Entry]) -> dict[str, Any]:
    """What the form changes, by key. A value that cannot be read is handed on as text: the daemon's checks say what is wrong with it,
    in the very sentence that the file's would. Keys that the form does not have (an old tab) stay as they are."""
    changes: dict[str, Any] = {}
    for entry in shown:
        if entry.kind != "flag" and entry.key not in form.values:
            continue
        if entry.kind == "flag" and f"{entry.key}?" not in form.values:
            continue
        value = _value(form, entry)
        if value != entry.value:
            changes[entry.key] = value
    return changes


def _value(form: Form, entry: Entry) -> Any:
    if entry.kind == "flag":
        return form.ticked(entry.key)
    if entry.kind == "list":
        return [line.strip() for line in form.whole(entry.key).splitlines() if line.strip()]
    text = form.text(entry.key)
    if entry.kind == "number" or (entry.kind == "choice" and isinstance(entry.default, int)):
        return _number(text, isinstance(entry.default, int))
    return text


def _number(text: str, whole: bool) -> Any:
    plain = text.replace(",", ".")
    try:
        return int(plain) if whole else float(plain)
    except ValueError:
        return text


def _plain(value: Any) -> str:
    """Every digit of a number: what is shown and sent back must be what it was."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)


def value_text(value: Any) -> str:
    """A value of a diff as the file would have it. Raises UsageError for what no settings file can hold."""
    try:
        return toml_value(value)
    except TypeError as error:
        raise UsageError(str(error)) from error
