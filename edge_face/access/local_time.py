"""From seconds to the day and minute that a clock on the wall shows, without ever going back.

In autumn an hour is shown twice. Here the clock stands still for the second time, just before the time to which it has been
already: so a time of day means *the first moment at which the clock shows it or a later time*. It exists once, also where the
clock jumps over it (then it is the moment of the jump), and what is earlier by the clock is never later in truth.
"""

from __future__ import annotations

import datetime
import math
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY_MINUTES = 1440


class LocalTime(NamedTuple):
    """`day` as `datetime.date.toordinal` counts, `minute` after midnight."""

    day: int
    minute: int

    @property
    def date(self) -> datetime.date:
        return datetime.date.fromordinal(self.day)

    @property
    def weekday(self) -> int:
        """0 is Monday."""
        return (self.day + 6) % 7


class UnknownZoneError(ValueError):
    """There is no such time zone here."""


def zone_of(name: str) -> ZoneInfo | None:
    """An IANA zone, None for the empty name (the system's). Raises UnknownZoneError."""
    if not name:
        return None
    try:
        return ZoneInfo(name)  # which keeps them
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise UnknownZoneError(f"there is no time zone '{name}' here") from error


def local_time(wall: float, zone: ZoneInfo | None) -> LocalTime:
    """Raises ValueError for what is no time between the years 2 and 9998."""
    if not math.isfinite(wall):
        raise ValueError("no number")
    try:
        shown = datetime.datetime.fromtimestamp(math.floor(wall), zone)
        if shown.fold:
            shown = _latest_before(shown, math.floor(wall), zone)
    except (OverflowError, OSError) as error:
        raise ValueError("no time of any year") from error
    if not 2 <= shown.year <= 9998:
        raise ValueError("no time of any year")
    return LocalTime(shown.toordinal(), shown.hour * 60 + shown.minute)


def first_moment(shown: datetime.datetime, zone: ZoneInfo | None) -> float:
    """When the clock first shows this time, or a later one. Seconds since 1970; `shown` without a zone. Raises ValueError."""
    try:
        moment = shown.replace(tzinfo=zone, fold=0).timestamp()
        if datetime.datetime.fromtimestamp(moment, zone).replace(tzinfo=None, fold=0) == shown:
            return moment
        # It is jumped over, between these two.
        before, after = int(shown.replace(tzinfo=zone, fold=1).timestamp()), int(moment)
        while after - before > 1:
            middle = (before + after) // 2
            if datetime.datetime.fromtimestamp(middle, zone).replace(tzinfo=None) < shown:
                before = middle
            else:
                after = middle
        return float(after)
    except (OverflowError, OSError) as error:
        raise ValueError("no time of any year") from error


def _latest_before(shown: datetime.datetime, wall: int, zone: ZoneInfo | None) -> datetime.datetime:
    """The clock shows this for the second time: the last second that it showed before it was set back."""
    before = int(shown.replace(fold=0).timestamp())  # the same reading, the first time: the clock was set back after it
    after = wall
    naive = shown.replace(tzinfo=None)
    start = before
    while after - before > 1:
        middle = (before + after) // 2
        reading = datetime.datetime.fromtimestamp(middle, zone).replace(tzinfo=None)
        if reading - naive == datetime.timedelta(seconds=middle - start):
            before = middle
        else:
            after = middle
    return naive + datetime.timedelta(seconds=before - start)
