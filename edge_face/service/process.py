"""This process: starts small, and says how large and how old it is."""

from __future__ import annotations

import contextlib
import importlib
import os
from pathlib import Path

from edge_face import memory

_NEEDED = ("edge_face.opencv", "edge_face.vision.pipeline", "edge_face.people.commands", "edge_face.people.store", "edge_face.people.codes",
           "edge_face.people.schedule_commands", "edge_face.audit", "gpiozero")


def settle() -> None:
    """Imports what the daemon's threads will need, then lets go of what only importing needed. Before any thread is started."""
    memory.limit_arenas()
    memory.keep_to_itself()
    for name in _NEEDED:
        # What is missing is said, with the way out, by whoever needs it.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    with contextlib.suppress(Exception):
        importlib.import_module("edge_face.vision.runtime").runtime_name()
    memory.unmap_unused_libraries()


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
