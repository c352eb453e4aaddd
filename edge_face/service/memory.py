"""Keeps the resident memory of a long-running process small and flat, where the C library is glibc."""

from __future__ import annotations

import contextlib
import ctypes
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


def _libc() -> Any:
    return ctypes.CDLL(None)
