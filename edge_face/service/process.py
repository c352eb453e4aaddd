"""This process: keeps its memory small and flat where the C library is glibc, and says how large and how old it is."""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path
from typing import Any

_M_ARENA_MAX = -8
"""mallopt(3): the number of arenas; glibc's default is eight a core, each of which keeps what it freed."""
ARENAS = 2


def limit_arenas() -> None:
    """As MALLOC_ARENA_MAX does, for a process that runs already. Call it before threads are started."""
    with contextlib.suppress(AttributeError, OSError):
        _libc().mallopt(_M_ARENA_MAX, ARENAS)


def trim() -> None:
    """Gives freed memory back to the system: after loading models, and now and then."""
    with contextlib.suppress(AttributeError, OSError):
        _libc().malloc_trim(0)


def one_opencv_thread() -> None:
    """OpenCV's own pool costs memory and fights with the networks for two small cores."""
    from edge_face.opencv import cv2

    cv2.setNumThreads(1)


def resident_mb() -> float:
    """Resident memory of this process in MB; 0 where /proc does not tell."""
    try:
        rows = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0.0
    return next((int(row.split()[1]) / 1024 for row in rows if row.startswith("VmRSS:")), 0.0)


def age() -> float:
    """Seconds since this process was started, imports and all; 0 where /proc does not tell."""
    try:
        # Field 22 of proc_pid_stat(5), counted after the name in parentheses, which may hold blanks.
        started = int(Path("/proc/self/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[19])
        uptime = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 0.0
    return max(uptime - started / os.sysconf("SC_CLK_TCK"), 0.0)


def _libc() -> Any:
    return ctypes.CDLL(None)
