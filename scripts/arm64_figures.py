"""Compares the outputs of two machines and makes the tables of `make arm64`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

MOST_QUANTA = 3.0
"""A few LSB: int8 outputs of one file on two processors differ by no more quanta (integer kernels round in other places)."""
MOST_FLOAT = 1e-3
"""float32 outputs differ by no more: the order of additions is another one."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far the outputs of one file lie apart, at most; `quanta` for int8 files only. `same`: share of values that are equal to
    half a quantum (int8) or to 1e-6 (float32)."""

    file: str
    values: int
    largest: float
    quanta: float | None
    same: float

    @property
    def good(self) -> bool:
        return self.largest <= MOST_FLOAT if self.quanta is None else self.quanta <= MOST_QUANTA


def compare(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[Difference]:
    """The differences by file (task/file/output are the keys). Raises ValueError for outputs that one machine lacks, for other
    shapes, and for an int8 file of whose output the quantum is not known."""
    names = sorted(set(ours) - {"about"})
    if names != sorted(set(theirs) - {"about"}):
        raise ValueError(f"the machines gave different outputs: {sorted(set(ours) ^ set(theirs))}")
    quanta = json.loads(str(ours["about"]))["quanta"]
    files: dict[str, list[tuple[int, float, float | None, int]]] = {}
    for name in names:
        one, other = np.asarray(ours[name], np.float64), np.asarray(theirs[name], np.float64)
        if one.shape != other.shape:
            raise ValueError(f"{name} has shape {one.shape} here and {other.shape} there")
        apart = np.abs(one - other)
        if not np.isfinite(apart).all():
            raise ValueError(f"{name} has values that are no numbers")
        file = name.rpartition("/")[0]
        step = quanta.get(name)
        if step is None and "int8" in file:
            raise ValueError(f"{name} is of an int8 file, but its quantum is not known")
        files.setdefault(file, []).append((apart.size, float(apart.max()), None if step is None else float(apart.max() / step),
                                           int((apart <= (1e-6 if step is None else step / 2)).sum())))
    found = []
    for file, rows in files.items():
        steps = [step for _, _, step, _ in rows if step is not None]
        total, same = sum(row[0] for row in rows), sum(row[3] for row in rows)
        found.append(Difference(file, total, max(row[1] for row in rows), max(steps) if steps else None, same / total))
    return found


@dataclass(frozen=True, slots=True)
class TestRun:
    """What pytest did, from its JUnit XML."""

    passed: int
    skipped: int
    failed: tuple[str, ...]

    @property
    def good(self) -> bool:
        return self.passed > 0 and not self.failed


def read_junit(path: Path) -> TestRun:
    """Raises ValueError where the file is missing or damaged: pytest did not come to its end."""
    try:
        cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        raise ValueError(f"pytest left no results ({error})") from error
    failed = tuple(f"{case.get('classname')}::{case.get('name')}" for case in cases
                   if case.find("failure") is not None or case.find("error") is not None)
    skipped = sum(case.find("skipped") is not None for case in cases)
    return TestRun(len(cases) - skipped - len(failed), skipped, failed)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that is readable as text as well."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines)
