"""All rows, how often each is tried in a full run, and how often in `make test`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .cameras import cameras
from .clocks import clocks
from .disks import disks
from .hostile import hostile
from .kills import kills
from .power import power
from .verdict import Row, Trial, trial


@dataclass(frozen=True, slots=True)
class Fault:
    """One row: its short name, how it is tried, how often in all, and how often in the short form."""

    name: str
    run: Callable[[Trial], Row]
    full: int
    short: int


FAULTS = (
    Fault("kills", kills, 1000, 9),
    Fault("power", power, 1000, 60),
    Fault("cameras", cameras, 450, 9),
    Fault("disks", disks, 250, 5),
    Fault("clocks", clocks, 100, 3),
    Fault("hostile", hostile, 100_000, 1500),
)


def run_rows(faults: Iterable[Fault], seed: int, scale: float, folder: Path, say: Callable[[str], None]) -> Iterator[Row]:
    """Row by row; `scale` multiplies how often, at least one round."""
    for fault in faults:
        begun = time.monotonic()
        row = fault.run(trial(max(1, round(fault.full * scale)), seed, fault.name, folder, say))
        row.seconds = time.monotonic() - begun
        yield row
