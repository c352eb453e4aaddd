"""May somebody enter at this time, does the door stand open now: windows, holidays, validity, uses. Pure; nothing raises.

Windows are local times (`edge_face.access.local_time` says what the nights of the clock change mean). A window belongs to the
day on which it begins: one that begins on the eve of a holiday runs to its end, one that begins on the holiday is not there.
Whatever cannot be understood limits: an undefined schedule, an unknown zone, a clock without a time let in nobody whom they
concern, and nobody else is kept out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge_face.access import schedule_reasons as why
from edge_face.access.local_time import DAY_MINUTES, LocalTime, UnknownZoneError, local_time, zone_of
from edge_face.access.reasons import Reason
from edge_face.access.rights import Calendar, Rights, Window
from edge_face.access.rights_records import calendar_of, calendar_record, rights_of, rights_record

__all__ = ["NOBODY", "Verdict", "calendar_of", "calendar_record", "holds_open", "may_enter", "rights_of", "rights_record", "windows_now"]

NOBODY = Rights(uses=0)
"""In place of rights that were lost or cannot be understood: they let in nobody."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason`: None for whoever has no limits."""

    allowed: bool
    reason: Reason | None = None


_UNLIMITED = Verdict(True)


def may_enter(rights: Rights | None, calendar: Calendar, wall: float, trusted: bool) -> Verdict:
    """May somebody with these rights enter at `wall` (seconds since 1970)? `trusted`: the clock may be believed."""
    if rights is None:
        return _UNLIMITED
    try:
        reason = _used_up(rights) or (_times(rights, calendar, wall, trusted) if rights.timed else None)
    except UnknownZoneError:
        return Verdict(False, why.no_zone(calendar.zone))
    except (ValueError, TypeError, AttributeError, ArithmeticError, LookupError):
        return Verdict(False, why.odd_rights())
    if reason is None:
        return _UNLIMITED
    return Verdict(reason.code == "in-hours", reason)


def holds_open(calendar: Calendar, wall: float, trusted: bool) -> bool:
    """Is a hold-open window running? Never with a clock that may not be believed."""
    if not trusted or not calendar.hold_open:
        return False
    try:
        return _open(calendar.hold_open, (), calendar, local_time(wall, zone_of(calendar.zone)))
    except (ValueError, TypeError, AttributeError, ArithmeticError, LookupError):
        return False


def windows_now(named: Mapping[str, Sequence[Window]], calendar: Calendar, wall: float) -> tuple[tuple[str, ...], bool] | None:
    """Names of those whose windows are open at `wall`, holidays or not, and whether it is a holiday; None when that cannot be said."""
    try:
        now = local_time(wall, zone_of(calendar.zone))
        return tuple(name for name, windows in named.items() if _open(windows, windows, calendar, now)), now.date in calendar.holidays
    except (ValueError, TypeError, AttributeError, ArithmeticError, LookupError):
        return None


def schedules_of(rights: Rights, calendar: Calendar) -> tuple[list[str], list[str]]:
    """Names of all schedules that count for these rights, and names of schedules and groups that are not defined."""
    names: list[str] = []
    missing: list[str] = []
    for name in _listed(rights, calendar, missing):
        if name not in calendar.schedules:
            missing.append(name)
        elif name not in names:
            names.append(name)
    return names, missing


def _listed(rights: Rights, calendar: Calendar, missing: list[str]) -> Iterator[str]:
    yield from rights.schedules
    for group in rights.groups:
        if group in calendar.groups:
            yield from calendar.groups[group]
        else:
            missing.append(group)


def _used_up(rights: Rights) -> Reason | None:
    if rights.uses is None or 0 <= rights.used < rights.uses:
        return None
    return why.used_up(rights.uses) if rights.uses > 0 else why.odd_rights()


def _times(rights: Rights, calendar: Calendar, wall: float, trusted: bool) -> Reason | None:
    """Why not; "in-hours" why yes; None: valid, and any hour."""
    if not trusted:
        return why.clock_untrusted()
    if not math.isfinite(wall):
        return why.no_time()
    # Said so that a limit which is no number (NaN) limits.
    if rights.since is not None and not wall >= rights.since:
        return why.too_early(rights.since)
    if rights.until is not None and not wall < rights.until:
        return why.expired(rights.until)
    if not rights.schedules and not rights.groups:
        return None
    names, missing = schedules_of(rights, calendar)
    if not names:
        return why.no_schedule(tuple(missing))
    zone = zone_of(calendar.zone)
    try:
        now = local_time(wall, zone)
    except ValueError:
        return why.no_time()
    for name in names:
        if _open(calendar.schedules[name], calendar.on_holidays.get(name, ()), calendar, now):
            return why.in_hours(name, now.date in calendar.holidays)
    return why.outside_hours(tuple(names), now.date in calendar.holidays)


def _open(windows: Sequence[Window], on_holidays: Sequence[Window], calendar: Calendar, now: LocalTime) -> bool:
    """Is one of the windows open that began today or yesterday? Whether a day is a holiday decides which windows it has."""
    eve = LocalTime(now.day - 1, now.minute)
    today = on_holidays if now.date in calendar.holidays else windows
    if any(now.weekday in w.days and w.start <= now.minute and (now.minute < w.end or w.end <= w.start) for w in today):
        return True
    yesterday = on_holidays if eve.date in calendar.holidays else windows
    return any(w.end <= w.start and eve.weekday in w.days and w.start < DAY_MINUTES and now.minute < w.end for w in yesterday)
