"""Arguments of the pages' commands, each of its kind and within bounds. All raise `UsageError` naming the argument."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_face.errors import UsageError

LONGEST_TEXT = 1000
Arguments = Mapping[str, Any]


def text(arguments: Arguments, name: str, default: str | None = None, longest: int = LONGEST_TEXT) -> str:
    """A text of at most `longest` characters; it must be given unless there is a default."""
    value = _given(arguments, name, default)
    if not isinstance(value, str):
        raise UsageError(f"'{name}' is a text")
    if len(value) > longest:
        raise UsageError(f"'{name}' has at most {longest} characters")
    return value


def whole(arguments: Arguments, name: str, default: int | None = None, low: int = 0, high: int = 1 << 53) -> int:
    """A whole number from `low` to `high`."""
    value = _given(arguments, name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise UsageError(f"'{name}' is a whole number from {low} to {high}")
    return int(value)


def number(arguments: Arguments, name: str, default: float | None = None, low: float = 0.0, high: float = 1e12) -> float:
    """A finite number from `low` to `high`."""
    value = _given(arguments, name, default)
    # Compared before all else: a whole number of 400 digits is no float, and no comparison holds for NaN.
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise UsageError(f"'{name}' is a number from {low:g} to {high:g}")
    return float(value)


def flag(arguments: Arguments, name: str, default: bool | None = None) -> bool:
    """True or false."""
    value = _given(arguments, name, default)
    if not isinstance(value, bool):
        raise UsageError(f"'{name}' is true or false")
    return value


def _given(arguments: Arguments, name: str, default: Any) -> Any:
    value = arguments.get(name)
    if value is None:
        value = default
    if value is None:
        raise UsageError(f"'{name}' is missing")
    return value
