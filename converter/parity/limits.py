"""The gate's limits: documented defaults in `limits.toml` beside this module, of which a file of the user's may change some."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_face.errors import SettingsError
from edge_face.settings_toml import KeyPath, key_lines, line_of

SHIPPED = Path(__file__).with_name("limits.toml")
FLOAT = ("float32", "float16")
EXAMPLES = "examples"


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits by table ("classifier", "classifier.float") and metric; `source` is the user's file or the defaults'."""

    tables: Mapping[str, Mapping[str, float]]
    source: str

    @property
    def fewest(self) -> int:
        """Examples that a verdict needs."""
        return math.ceil(self.tables[EXAMPLES]["fewest"])

    def of(self, task: str, precision: str) -> Mapping[str, float]:
        """The limits by metric that hold for a file of this precision."""
        stricter = self.tables.get(f"{task}.float", {}) if precision in FLOAT else {}
        return {**self.tables[task], **stricter}


def read_limits(path: Path | None = None) -> Limits:
    """The defaults, with what the TOML file `path` changes. Raises SettingsError naming file, line and what is allowed."""
    shipped = _flat(tomllib.loads(SHIPPED.read_text(encoding="utf-8")))
    if path is None:
        return Limits(shipped, SHIPPED.name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the limits in {path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    return parse_limits(text, path.name, shipped)


def parse_limits(text: str, name: str, shipped: Mapping[str, Mapping[str, float]]) -> Limits:
    """`shipped` with what the TOML `text` changes; `name` is what errors call the file. Raises SettingsError."""
    try:
        given = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{name} is no TOML: {error}") from error
    check = _Check(name, key_lines(text), shipped)
    tables = {table: dict(values) for table, values in shipped.items()}
    for table, value in given.items():
        for key, limit in check.table(value, (table,)).items():
            if isinstance(limit, dict) and f"{table}.{key}" in shipped:
                for inner, number in check.table(limit, (table, key)).items():
                    # float files may be held to any metric of their task
                    check.known(inner, {**shipped[table], **shipped[f"{table}.{key}"]}, (table, key, inner))
                    tables[f"{table}.{key}"][inner] = check.number(number, (table, key, inner))
                continue
            check.known(key, shipped[table], (table, key))
            tables[table][key] = check.number(limit, (table, key))
    return Limits(tables, name)


def _flat(given: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    tables: dict[str, dict[str, float]] = {}
    for table, values in given.items():
        tables[table] = {key: float(value) for key, value in values.items() if not isinstance(value, dict)}
        for key, inner in values.items():
            if isinstance(inner, dict):
                tables[f"{table}.{key}"] = {name: float(value) for name, value in inner.items()}
    return tables


@dataclass(frozen=True, slots=True)
class _Check:
    """Says where in the file something is wrong."""

    name: str
    lines: Mapping[KeyPath, int]
    shipped: Mapping[str, Mapping[str, float]]

    def table(self, value: Any, path: KeyPath) -> dict[str, Any]:
        if path[0] not in self.shipped:
            self.known(path[0], [table for table in self.shipped if "." not in table], path)
        if not isinstance(value, dict):
            raise self._wrong(path, f"must be a table: write [{'.'.join(path)}]")
        return value

    def known(self, key: str, allowed: Any, path: KeyPath) -> None:
        if key not in allowed:
            close = difflib.get_close_matches(key, list(allowed), n=1)
            hint = f"did you mean {close[0]}?" if close else f"allowed are {', '.join(allowed)}"
            raise self._wrong(path, f"is not known: {hint}")

    def number(self, value: Any, path: KeyPath) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e9:
            raise self._wrong(path, "must be a number from 0 on")
        return float(value)

    def _wrong(self, path: KeyPath, what: str) -> SettingsError:
        line = line_of(self.lines, path)
        return SettingsError(f"{self.name}{f', line {line}' if line else ''}: {'.'.join(path)} {what}")
