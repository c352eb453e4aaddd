"""What the pins did, as it was written down outside the process, and whether somebody had allowed it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Allowance:
    """Somebody's word: the door may be released on it once, from `since` until `until` (monotonic seconds)."""

    authority: str
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Opening:
    """The door was released from `since` to `until` (None: it still was when the log ended)."""

    since: float
    until: float | None


def read_edges(path: Path) -> list[dict[str, object]]:
    """All whole lines; the last may be cut by a kill."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().split("\n")[:-1]]


def openings(edges: Iterable[dict[str, object]], pin: str, released_level: int, before: int) -> list[Opening]:
    """Every time that the level of the lock's pin was that of a released door, however it got there. `before`: its level when
    the log began."""
    found: list[Opening] = []
    level, since = before, None
    for edge in edges:
        if edge["pin"] != pin or edge["level"] == level:
            continue
        level, at = int(str(edge["level"])), float(str(edge["time"]))
        if level == released_level:
            since = at
        elif since is not None:
            found.append(Opening(since, at))
            since = None
    return found if since is None else [*found, Opening(since, None)]


def unallowed(openings: Sequence[Opening], allowances: Sequence[Allowance]) -> list[Opening]:
    """Openings for which nobody gave a word; each word opens once, the one that ends soonest first."""
    free = sorted(allowances, key=lambda word: word.until)
    found = []
    for opening in openings:
        word = next((word for word in free if word.since <= opening.since <= word.until), None)
        if word is None:
            found.append(opening)
        else:
            free.remove(word)
    return found
