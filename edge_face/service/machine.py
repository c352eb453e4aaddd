"""What the pages say about the machine itself: how warm its processor is, and how much room its disk has."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")


def temperature(source: Path = THERMAL) -> float | None:
    """Degrees Celsius; None where the kernel does not tell."""
    try:
        value = int(source.read_text(encoding="ascii")) / 1000
    except (OSError, ValueError):
        return None
    return round(value, 1) if -60 < value < 200 else None


def storage(folder: Path) -> dict[str, Any] | None:
    """Bytes of the disk that a folder lies on: {"free", "total"}; None where it cannot be asked."""
    try:
        state = os.statvfs(folder)
    except OSError:
        return None
    return {"free": state.f_bavail * state.f_frsize, "total": state.f_blocks * state.f_frsize}
