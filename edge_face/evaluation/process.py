"""What a process costs: resident memory, start-up time, heat. Linux's /proc, no further package."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path


def memory_mb(pid: int | None = None) -> dict[str, float]:
    """Resident memory now and at its peak, in MB; empty where /proc does not tell (process gone)."""
    try:
        text = Path(f"/proc/{pid or os.getpid()}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return {}
    rows = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {name: int(rows[key].split()[0]) / 1024 for name, key in (("resident", "VmRSS"), ("peak", "VmHWM")) if key in rows}


def children_of(pid: int) -> list[int]:
    """Process ids of the direct children."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(number) for number in task.read_text().split()]
        except OSError:
            continue
    return found


def share_mb(pid: int) -> float:
    """Proportional set size of a process in MB: pages shared by n processes count 1/n in each. 0 where /proc does not tell."""
    try:
        rows = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0.0
    return next((int(row.split()[1]) / 1024 for row in rows if row.startswith("Pss:")), 0.0)


def start_seconds(command: list[str], runs: int = 5) -> float:
    """Median wall time of a command from start to exit, output thrown away."""
    taken = []
    for _ in range(runs):
        begun = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        taken.append(time.perf_counter() - begun)
    return sorted(taken)[len(taken) // 2]


def help_cost(runs: int = 5) -> dict[str, float]:
    """`edge-face --help` beside a bare Python that does nothing, seconds and ratio."""
    bare = start_seconds([sys.executable, "-c", "pass"], runs)
    helped = start_seconds([sys.executable, "-m", "edge_face.cli.main", "--help"], runs)
    return {"bare_python": bare, "help": helped, "ratio": helped / bare}

