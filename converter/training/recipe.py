"""Recipes: TOML files read into frozen dataclasses, every key checked.

A recipe's class is a dataclass of sections, each again a dataclass; a section that may be left out has the type
`Section | None` and the default None. Ranges stand at the field (`ranged`), choices in its type (`Literal`).
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from edge_face.errors import SettingsError

SHIPPED = Path(__file__).with_name("recipes")
T = TypeVar("T")


def ranged(default: Any, least: float, most: float) -> Any:
    """A field whose number (or each of whose numbers) lies from `least` to `most`, both allowed."""
    return dataclasses.field(default=default, metadata={"range": (least, most)})


def shipped() -> list[str]:
    """Names of the recipes that come with the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def find(name: str | Path) -> Path:
    """The file of a recipe: a path, or the name of a shipped one. Raises SettingsError."""
    path = Path(name)
    if path.is_file():
        return path
    if (SHIPPED / f"{name}.toml").is_file():
        return SHIPPED / f"{name}.toml"
    raise SettingsError(f"there is no recipe {name}: name a TOML file or one of {', '.join(shipped())}")


def tables(path: Path) -> tuple[dict[str, Any], str]:
    """A recipe's tables and its text. Raises SettingsError."""
    try:
        text = path.read_text(encoding="utf-8")
        return tomllib.loads(text), text
    except (OSError, ValueError) as error:
        raise SettingsError(f"the recipe {path} cannot be read as TOML: {error}") from error


def read(path: Path, kind: type[T]) -> T:
    """The recipe in a file as a dataclass. Raises SettingsError naming key, line and what is allowed."""
    content, text = tables(path)
    return _Reader(path.name, text).section(content, kind, ())


def parse(content: Mapping[str, Any], kind: type[T], name: str = "recipe") -> T:
    """The same from tables already read (those of a run's `training.json`)."""
    return _Reader(name, "").section(content, kind, ())


def table(recipe: Any) -> dict[str, Any]:
    """The whole recipe with its defaults as JSON-able tables; sections that are not used are left out."""
    return _used(json.loads(json.dumps(dataclasses.asdict(recipe))))


def _used(content: dict[str, Any]) -> dict[str, Any]:
    return {key: _used(value) if isinstance(value, dict) else value for key, value in content.items() if value is not None}


def digest(recipe: Any) -> str:
    """SHA-256 of the recipe with its defaults, independent of order, comments and spelling in the file."""
    return hashlib.sha256(json.dumps(_flat(table(recipe)), sort_keys=True).encode()).hexdigest()


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Keys in which two recipes (tables of `table`) differ, as 'optimizer.rate: 0.1, 0.2'."""
    flat = _flat(one), _flat(other)
    return [f"{key}: {flat[0].get(key, 'not there')}, {flat[1].get(key, 'not there')}"
            for key in sorted(flat[0].keys() | flat[1].keys()) if flat[0].get(key) != flat[1].get(key)]


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, Mapping):
            out.update(_flat(item, f"{prefix}{key}."))
        elif item is not None:
            out[prefix + key] = item
    return out


class _Reader:
    """Checks one file's tables against the types of dataclasses."""

    def __init__(self, name: str, text: str) -> None:
        self._name, self._lines = name, text.splitlines()

    def section(self, content: Mapping[str, Any], kind: type[T], where: tuple[str, ...]) -> T:
        assert dataclasses.is_dataclass(kind)
        fields = {field.name: field for field in dataclasses.fields(kind)}
        hints = typing.get_type_hints(kind)
        values: dict[str, Any] = {}
        for key, value in content.items():
            if key not in fields:
                close = difflib.get_close_matches(key, fields, n=1)
                hint = f"did you mean {close[0]}?" if close else f"allowed are {', '.join(fields)}"
                raise self._error(where, key, f"is no key here: {hint}")
            values[key] = self._value(value, hints[key], (*where, key))
            self._check_range(values[key], fields[key].metadata.get("range"), (*where, key))
        for name, field in fields.items():
            bare = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            if bare and name not in values:
                raise self._error(where, name, "is missing")
        try:
            return typing.cast(T, kind(**values))
        except ValueError as error:
            raise SettingsError(f"{self._place(where)}: {error}") from error

    def _value(self, value: Any, hint: Any, where: tuple[str, ...]) -> Any:
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin in (types.UnionType, typing.Union):
            return self._value(value, next(a for a in arguments if a is not type(None)), where)
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            if not isinstance(value, dict):
                raise self._wrong(where, "must be a section", value)
            return self.section(value, hint, where)
        if origin is Literal:
            if value not in arguments:
                raise self._wrong(where, f"must be {' or '.join(repr(a) for a in arguments)}", value)
            return value
        if origin is tuple:
            if not isinstance(value, list):
                raise self._wrong(where, "must be a list", value)
            return tuple(self._value(item, arguments[0], where) for item in value)
        if hint is float and type(value) in (int, float):
            return float(value)
        if origin in (dict, Mapping) and isinstance(value, dict):
            return {key: tuple(item) if isinstance(item, list) else item for key, item in value.items()}
        if type(value) is not hint:
            words = {int: "a whole number", float: "a number", bool: "true or false", str: "text in quotes"}
            raise self._wrong(where, f"must be {words.get(hint, 'a table')}", value)
        return value

    def _check_range(self, value: Any, bounds: tuple[float, float] | None, where: tuple[str, ...]) -> None:
        for number in (value if isinstance(value, tuple) else (value,)) if bounds else ():
            assert bounds is not None
            if isinstance(number, int | float) and not bounds[0] <= number <= bounds[1]:
                raise self._wrong(where, f"must be from {bounds[0]:g} to {bounds[1]:g}", number)

    def _wrong(self, where: tuple[str, ...], rule: str, value: Any) -> SettingsError:
        return self._error(where[:-1], where[-1], f"{rule}, not {value!r}")

    def _error(self, where: tuple[str, ...], key: str, text: str) -> SettingsError:
        return SettingsError(f"{self._place(where, key)}: {key} {text}")

    def _place(self, where: tuple[str, ...], key: str = "") -> str:
        section = f", [{'.'.join(where)}]" if where else ""
        line = self._line(where, key)
        return f"{self._name}{f', line {line}' if line else ''}{section}"

    def _line(self, where: tuple[str, ...], key: str) -> int | None:
        """The line of a key in its section, for messages only: inline tables are not looked into."""
        current: tuple[str, ...] = ()
        for number, line in enumerate(self._lines, 1):
            if header := re.match(r"\s*\[([^\[\]]+)\]", line):
                current = tuple(part.strip().strip('"') for part in header[1].split("."))
                if current == (*where, key) or (not key and current == where):
                    return number
            elif key and current == where and re.match(rf'\s*"?{re.escape(key)}"?\s*=', line):
                return number
        return None
