"""What tomllib does not do: say on which line a key stands, write values, read one key of a command line."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from typing import Any

from edge_face.errors import UsageError

KeyPath = tuple[str, ...]


class _Scanner:
    """Walks over the text of a TOML document that tomllib has accepted; notes where each key begins."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        line_of, counted = 1, 0
        while self.at < len(self.text):
            start = self.at
            char = self.text[self.at]
            if char in " \t\r\n":
                self.at += 1
                continue
            if char == "#":
                self._to_line_end()
                continue
            line_of += self.text.count("\n", counted, start)
            counted = start
            if char == "[":
                self.at += 2 if self.text.startswith("[[", self.at) else 1
                table = self._key()
                self._note(table, line_of)
                self._to_line_end()
            else:
                self._note(table + self._key(), line_of)
                self._value()
            if self.at <= start:  # cannot happen on valid TOML; never loop on anything else
                self._to_line_end()
                self.at = max(self.at, start + 1)
        return self.lines

    def _note(self, path: KeyPath, line: int) -> None:
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], line)

    def _to_line_end(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end

    def _key(self) -> KeyPath:
        """A dotted key up to (and over) its `=` or `]`."""
        parts: list[str] = []
        bare = ""
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in "\"'":
                begin = self.at + 1
                self._string()
                bare = self.text[begin:self.at - 1]
                continue
            self.at += 1
            if char in "=]\n":
                break
            if char == ".":
                parts.append(bare)
                bare = ""
            elif char not in " \t\r":
                bare += char
        return (*parts, bare)

    def _value(self) -> None:
        depth = 0
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in "\"'":
                self._string()
                continue
            if char == "#":
                self._to_line_end()
                continue
            if char == "\n" and depth <= 0:
                return
            depth += (char in "[{") - (char in "]}")
            self.at += 1

    def _string(self) -> None:
        """Over one string of any of the four kinds."""
        quote = self.text[self.at]
        end = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self.at += len(end)
        while self.at < len(self.text) and not self.text.startswith(end, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += len(end)
        if len(end) == 3:
            while self.text.startswith(quote, self.at):  # up to two quotes may touch the closing three
                self.at += 1


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line (from 1) on which each table and key of a valid TOML document first stands."""
    return _Scanner(text).scan()


def line_of(lines: Mapping[KeyPath, int], path: KeyPath) -> int | None:
    """The line of a key, or of the nearest table or inline table around it."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def toml_value(value: Any) -> str:
    """One value as TOML. Raises `TypeError` for what TOML (or a settings file) cannot hold."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TypeError(f"{value} does not belong into a settings file")
        return repr(value)
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which TOML wants escaped too.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{toml_key(str(name))} = {toml_value(item)}" for name, item in value.items())
        return "{ " + inner + " }" if inner else "{}"
    raise TypeError(f"{type(value).__name__} does not belong into a settings file")


def toml_key(name: str) -> str:
    """A key, quoted where it must be."""
    bare = name and all(char.isascii() and (char.isalnum() or char in "-_") for char in name)
    return name if bare else toml_value(name)


def parsed_change(text: str) -> dict[str, Any]:
    """`door.pulse=1.5` of a command line's --set, as TOML would read it; a value that is no TOML is taken as text. Raises `UsageError`."""
    key, equals, value = text.partition("=")
    if not equals or key.count(".") != 1:
        raise UsageError(f"--set {text}: write SECTION.KEY=VALUE, as door.pulse=1.5")
    try:
        parsed = tomllib.loads(f"value = {value}")
    except (tomllib.TOMLDecodeError, ValueError):
        return {key.strip(): value}
    return {key.strip(): parsed["value"] if set(parsed) == {"value"} else value}
