"""Hostile inputs: what the daemon reads, from whatever side, changed at random. Only errors in words may come of it, and no release.

A `Target` is one way in. Each round changes its input once and tries it; an `EdgeFaceError` is an answer, anything else is a crash.
"""

from __future__ import annotations

import random
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_face.errors import EdgeFaceError

from .verdict import UNNAMED, Row, Trial


class Granted(Exception):
    """Something hostile was believed: the door would have opened, or somebody was let in."""


class Crashed(Exception):
    """An error that was caught far out and told as "something failed": inside it was a crash."""


Try = Callable[[random.Random], None]


@dataclass(frozen=True, slots=True)
class Target:
    """`share`: how many of the rounds, relative to the others; `make`: prepares the input in a folder and returns what tries a
    changed one. `close` is called at the end, when `make`'s result has one."""

    name: str
    share: float
    make: Callable[[Path], Try]


def hostile(trial: Trial, targets: tuple[Target, ...] | None = None) -> Row:
    row = Row("hostile inputs", "no crash, no grant")
    row.count(UNNAMED, 0)
    if targets is None:
        from .hostile_targets import TARGETS

        targets = TARGETS
    whole = sum(target.share for target in targets)
    for target in targets:
        rounds = max(1, round(trial.rounds * target.share / whole))
        place = trial.folder / target.name
        place.mkdir()
        attempt = target.make(place)
        try:
            for number in range(rounds):
                seed = trial.random.getrandbits(32)
                _once(row, target.name, attempt, seed)
                row.rounds += 1
                if number % 500 == 0:
                    trial.say(f"hostile inputs: {target.name} {number} of {rounds}, {row.broken} broken")
        finally:
            close = getattr(attempt, "close", None)
            if close is not None:
                close()
        row.count(f"at {target.name}", rounds)
    return row


def _once(row: Row, name: str, attempt: Try, seed: int) -> None:
    try:
        attempt(random.Random(seed))
    except EdgeFaceError as error:
        row.count("refused in words")
        if not str(error).strip():
            row.fails(f"{name}, input {seed}: an error without a word ({type(error).__name__})")
    except Granted as error:
        row.count(UNNAMED)
        row.fails(f"{name}, input {seed}: believed: {error}")
    except Crashed as error:
        row.fails(f"{name}, input {seed}: crashed: {error}")
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        row.fails(f"{name}, input {seed}: {type(error).__name__}: {str(error)[:200]} at {Path(last.filename).name}:{last.lineno}")
    else:
        row.count("taken without harm")
