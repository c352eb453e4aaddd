"""Compares the outputs of two machines and makes the tables of `make arm64`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

FEW = 6.0
"""LSB within which 99 of 100 int8 outputs must lie: each layer rounds on its own, and a network has 15 to 40 of them."""
MOST_QUANTA = 16.0
"""LSB that no single int8 output may exceed: more is not rounding but another operation."""
WORSE = 1.15
"""int8 may be so much further from float32 there than here (root mean square): the one judgement that counts for recognition."""
MOST_FLOAT = 1e-3
"""float32 outputs differ by no more: the order of additions is another one."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far the outputs of one file lie apart. `largest` in the outputs' own units; for int8 files only: `quanta`, the largest in
    LSB, `most`, what 99 of 100 values do not exceed, and `worse`, error against float32 there over error here."""

    file: str
    values: int
    largest: float
    quanta: float | None = None
    most: float | None = None
    worse: float | None = None

    @property
    def good(self) -> bool:
        if self.quanta is None or self.most is None or self.worse is None:
            return self.largest <= MOST_FLOAT
        return self.quanta <= MOST_QUANTA and self.most <= FEW and self.worse <= WORSE


def compare(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[Difference]:
    """The differences by file (task/file/output are the keys; next to each int8 file there is its float32). Raises ValueError for
    outputs that one machine lacks, for other shapes, for no numbers, and for an int8 output whose quantum is not known."""
    names = sorted(set(ours) - {"about"})
    if names != sorted(set(theirs) - {"about"}):
        raise ValueError(f"the machines gave different outputs: {sorted(set(ours) ^ set(theirs))}")
    quanta = json.loads(str(ours["about"]))["quanta"]
    files: dict[str, list[str]] = {}
    for name in names:
        files.setdefault(name.rpartition("/")[0], []).append(name)
    return [_difference(file, outputs, ours, theirs, quanta) for file, outputs in files.items()]


def _difference(file: str, names: Sequence[str], ours: Mapping[str, Any], theirs: Mapping[str, Any],
                quanta: Mapping[str, float]) -> Difference:
    apart, steps = list[Any](), list[Any]()
    errors: tuple[list[Any], list[Any]] = ([], [])
    for name in names:
        one, other = np.asarray(ours[name], np.float64), np.asarray(theirs[name], np.float64)
        if one.shape != other.shape:
            raise ValueError(f"{name} has shape {one.shape} here and {other.shape} there")
        if not (np.isfinite(one).all() and np.isfinite(other).all()):
            raise ValueError(f"{name} has values that are no numbers")
        apart.append(np.abs(one - other).ravel())
        if "int8" not in file:
            continue
        if name not in quanta:
            raise ValueError(f"{name} is of an int8 file, but its quantum is not known")
        steps.append(apart[-1] / quanta[name])
        exact = np.asarray(ours[name.replace("int8", "float32")], np.float64)
        errors[0].append(((one - exact) / quanta[name]).ravel())
        errors[1].append(((other - exact) / quanta[name]).ravel())
    values = np.concatenate(apart)
    if not steps:
        return Difference(file, values.size, float(values.max()))
    lsb = np.concatenate(steps)
    here, there = (float(np.sqrt(np.mean(np.concatenate(error) ** 2))) for error in errors)
    return Difference(file, values.size, float(values.max()), float(lsb.max()), float(np.percentile(lsb, 99)), there / max(here, 1e-12))


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
