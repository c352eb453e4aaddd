"""What a row of the table says: how often, what was found broken, and the figures beside it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

UNNAMED = "edges towards released that nobody had allowed"
"""The figure that is added up over all rows, and must be 0."""
MOST_SHOWN = 20
"""Broken promises of a row that are kept in words; all are counted."""


@dataclass
class Row:
    """One fault. `skipped`: why it could not be tried, in one sentence; a skipped row is neither good nor bad and is shown."""

    name: str
    must: str
    rounds: int = 0
    broken: int = 0
    examples: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    skipped: str = ""
    seconds: float = 0.0

    def fails(self, sentence: str) -> None:
        """A promise was broken."""
        self.broken += 1
        if len(self.examples) < MOST_SHOWN:
            self.examples.append(sentence)

    def count(self, figure: str, by: float = 1) -> None:
        self.figures[figure] = self.figures.get(figure, 0) + by

    def most(self, figure: str, value: float) -> None:
        """Keeps the largest."""
        self.figures[figure] = max(self.figures.get(figure, value), value)

    @property
    def good(self) -> bool:
        return not self.broken


@dataclass(frozen=True)
class Trial:
    """What a row is given: how many rounds, its own random numbers, a folder of its own, and where progress is said."""

    rounds: int
    random: random.Random
    folder: Path
    say: Callable[[str], None] = lambda text: None


def trial(rounds: int, seed: int, name: str, folder: Path, say: Callable[[str], None] = lambda text: None) -> Trial:
    """Each row's random numbers hang on the seed and its name only: a row alone repeats what it did among the others."""
    own = folder / name
    own.mkdir(parents=True, exist_ok=True)
    return Trial(rounds, random.Random(f"{seed} {name}"), own, say)
