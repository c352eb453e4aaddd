"""Dates and moments as people write them, and back: "2026-12-24 17:30", "2026-12-24", "now", "+2h"."""

from __future__ import annotations

import datetime
import math
import re
from zoneinfo import ZoneInfo

from edge_face.access.local_time import first_moment
from edge_face.errors import AccessError

EXAMPLE = "2026-12-24 17:30"
_LATER = re.compile(r"\+([0-9]{1,5}) ?(m|min|h|d|w)")
_UNITS = {"m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?)?")


def moment_from(text: str, zone: ZoneInfo | None, now: float, *, end: bool = False) -> float:
    """Seconds since 1970. A date alone is its beginning; with `end`, its end: whoever is let in until a day may enter on that day.
    Raises AccessError."""
    plain = " ".join(text.split())
    if plain.casefold() == "now":
        return now
    later = _LATER.fullmatch(plain) if plain.isascii() else None
    if later is not None:
        return now + int(later[1]) * _UNITS[later[2]]
    found = _MOMENT.fullmatch(plain) if plain.isascii() else None
    if found is None:
        raise AccessError(f"'{_shown(text)}' is no time: it is written as {EXAMPLE}, 2026-12-24, now or +2h (m, h, d, w)")
    day = date_from(found[1])
    try:
        if found[2] is None:
            shown = datetime.datetime.combine(day + datetime.timedelta(days=int(end)), datetime.time())
        else:
            hours, minutes, seconds = int(found[2]), int(found[3]), int(found[4] or 0)
            if hours > 23 or minutes > 59 or seconds > 59:
                raise AccessError(f"'{plain[11:]}' is no time of day: there are 00:00 to 23:59")
            shown = datetime.datetime.combine(day, datetime.time(hours, minutes, seconds))
        return first_moment(shown, zone)
    except AccessError:
        raise
    except (ValueError, OverflowError) as error:
        raise AccessError(f"'{_shown(text)}' lies too far away") from error


def date_from(text: str) -> datetime.date:
    """Raises AccessError for whatever is no date as 2026-12-24."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) and text.isascii():
            return datetime.date.fromisoformat(text)
    except ValueError:
        pass
    raise AccessError(f"'{_shown(text)}' is no date of the calendar: it is written as 2026-12-24")


def moment_text(wall: float, zone: ZoneInfo | None) -> str:
    """"2026-12-24 17:30"; seconds only where there are any."""
    try:
        shown = datetime.datetime.fromtimestamp(math.floor(wall), zone)
    except (ValueError, OverflowError, OSError):
        return "a time that cannot be shown"
    return shown.strftime("%Y-%m-%d %H:%M:%S" if shown.second else "%Y-%m-%d %H:%M")


def _shown(text: str) -> str:
    return ascii(text[:40])[1:-1]
