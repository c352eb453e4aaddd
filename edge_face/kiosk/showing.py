"""How moments, sizes and spans look on a page: the door's own time zone, whatever the browser's."""

from __future__ import annotations

import datetime
import math
from typing import Any
from zoneinfo import ZoneInfo

from edge_face.access.local_time import UnknownZoneError, zone_of
from edge_face.access.moments import moment_from, moment_text
from edge_face.settings import Settings

KIB = 1024.0


def zone_named(name: str) -> ZoneInfo | None:
    """The system's where the name is empty or unknown here."""
    try:
        return zone_of(name)
    except UnknownZoneError:
        return None


class Shower:
    """Filters of the templates, for one door's time zone."""

    def __init__(self, settings: Settings) -> None:
        self.zone = zone_named(settings.access.timezone)

    def moment(self, wall: Any) -> str:
        """"2026-12-24 17:30:05"; a dash for none."""
        return moment_text(float(wall), self.zone) if _is_number(wall) else "-"

    def day(self, wall: Any) -> str:
        return self.moment(wall)[:10] if _is_number(wall) else "-"

    def field(self, wall: Any) -> str:
        """As an input of the type datetime-local has it; empty for none."""
        if not _is_number(wall):
            return ""
        return datetime.datetime.fromtimestamp(math.floor(float(wall)), self.zone).strftime("%Y-%m-%dT%H:%M")

    def machine(self, wall: Any) -> str:
        """For the attribute of <time>."""
        return datetime.datetime.fromtimestamp(float(wall), datetime.UTC).isoformat(timespec="seconds") if _is_number(wall) else ""

    def read(self, text: str, *, end: bool = False) -> float | None:
        """A moment that was typed or picked; None for an empty text. Raises AccessError."""
        return moment_from(text, self.zone, datetime.datetime.now(datetime.UTC).timestamp(), end=end) if text else None

    def size(self, count: Any) -> str:
        return size(count)

    def span(self, seconds: Any) -> str:
        return span(seconds)


def size(count: Any) -> str:
    """Bytes in words: "1.4 GB"."""
    if not _is_number(count):
        return "-"
    number = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if abs(number) < KIB or unit == "GB":
            return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"
        number /= KIB
    raise AssertionError("there is a last unit")


def span(seconds: Any) -> str:
    """"3 d 4 h", "2 h 5 min", "41 s"."""
    if not _is_number(seconds):
        return "-"
    left = max(0, int(seconds))
    days, hours, minutes = left // 86_400, left // 3600 % 24, left // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {left % 60} s" if minutes else f"{left} s"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
