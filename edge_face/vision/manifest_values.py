"""Checks of single values of a manifest: what is wrong is a ModelError that names the key and what is allowed there."""

from __future__ import annotations

import math
import re
from typing import Any

from edge_face.errors import ModelError

DEPTH = 32
"""Levels of objects and lists in a manifest: no bundle needs more, and readers that recurse are safe."""
LINE = 200
"""Characters of a name or label."""
PROSE = 10_000
"""Characters of a sentence or paragraph."""
# Controls, line separators, halves of characters: they would break a line, a terminal or the encoding of a message.
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
UNFIT_PROSE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def shown(name: object) -> str:
    """What a manifest says, fit for a message: short and in one line."""
    return UNFIT.sub("?", str(name)[:120])


def wrong(where: str, key: str, allowed: str) -> ModelError:
    """The error for a key that is not what is allowed."""
    return ModelError(f"{where}: {shown(key)} must be {allowed}: the manifest is damaged or was edited; install the bundle again")


def mapping(value: Any, where: str, key: str) -> dict[str, Any]:
    """`value` as an object with names. Raises ModelError."""
    if not isinstance(value, dict):
        raise wrong(where, key, "an object")
    return value


def whole(value: Any, low: int, high: int, where: str, key: str) -> int:
    """`value` as a whole number of a range. Raises ModelError."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise wrong(where, key, f"a whole number from {low} to {high}")
    return int(value)


def real(value: Any, low: float, high: float, where: str, key: str) -> float:
    """`value` as a finite number of a range. Raises ModelError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high or not math.isfinite(value):
        raise wrong(where, key, f"a number from {low:g} to {high:g}")
    return float(value)


def truth(value: Any, where: str, key: str) -> bool:
    """`value` as true or false. Raises ModelError."""
    if not isinstance(value, bool):
        raise wrong(where, key, "true or false")
    return value


def text(value: Any, pattern: re.Pattern[str], allowed: str, where: str, key: str) -> str:
    """`value` as text that a pattern matches as a whole. Raises ModelError."""
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise wrong(where, key, allowed)
    return value


def one_of(value: Any, allowed: tuple[str, ...], where: str, key: str) -> str:
    """`value` as one of a few words. Raises ModelError."""
    if not isinstance(value, str) or value not in allowed:
        raise wrong(where, key, " or ".join(allowed))
    return value


def line(value: Any, where: str, key: str, longest: int = LINE) -> str:
    """`value` as one line of text for people: 1 to `longest` characters. Raises ModelError."""
    if not isinstance(value, str) or not 1 <= len(value) <= longest or UNFIT.search(value):
        raise wrong(where, key, f"one line of 1 to {longest} characters")
    return value


def prose(value: Any, where: str, key: str) -> str:
    """`value` as text for people, of several lines and possibly empty. Raises ModelError."""
    if not isinstance(value, str) or len(value) > PROSE or UNFIT_PROSE.search(value):
        raise wrong(where, key, f"text of at most {PROSE} characters")
    return value


def listed(value: Any, fewest: int, most: int, what: str, where: str, key: str) -> list[Any]:
    """`value` as a list of a range of lengths. Raises ModelError."""
    if not isinstance(value, list) or not fewest <= len(value) <= most:
        raise wrong(where, key, f"a list of {fewest} to {most} {what}")
    return value


def shape(value: Any, where: str, key: str) -> tuple[int, ...]:
    """`value` as a shape with its batch of 1 first. Raises ModelError."""
    sides = tuple(whole(side, 1, 10**9, where, key) for side in listed(value, 1, 8, "lengths", where, key))
    if sides[0] != 1:
        raise wrong(where, key, "a shape whose first length, the batch, is 1")
    return sides


def check_depth(document: Any, where: str) -> None:
    """Refuses what is nested deeper than DEPTH. Raises ModelError."""
    level, depth = [document], 0
    while level:
        if depth > DEPTH:
            raise ModelError(f"{where} is nested deeper than {DEPTH} levels: that is no manifest; install the bundle again")
        level = [inner for outer in level if isinstance(outer, dict | list)
                 for inner in (outer.values() if isinstance(outer, dict) else outer)]
        depth += 1
