"""Rights and calendar as JSON values and back. Strict: a key that is not known may be a limit, so it is refused."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from edge_face.access.local_time import DAY_MINUTES, UnknownZoneError, zone_of
from edge_face.access.rights import Calendar, Rights, Window
from edge_face.errors import AccessError
from edge_face.settings import ACTIONS, ASSURANCES, TURNS

MOST = 1000
"""Schedules, groups, windows of one schedule."""
MOST_HOLIDAYS = 2000
LONGEST = 64
"""Characters of a name of a schedule, a group or a holiday."""
LONGEST_WORD = 200
"""Characters of what is written down of a guardian's consent."""
SHORTEST_RELEASE, LONGEST_RELEASE = 0.2, 300.0
"""Seconds, as `DoorSettings` bounds them."""
OWN = ("assurance", "actions", "release", "minor", "guardian")
"""What an owner sets for one person besides times."""


def shown(text: str) -> str:
    """What somebody typed, in one printable line of a message."""
    flat = " ".join(text.split())[:LONGEST]
    return flat if flat.isprintable() else ascii(flat)[1:-1]


def clean_label(text: Any, what: str) -> str:
    """A name of a schedule, a group or a holiday. Raises AccessError."""
    if not isinstance(text, str):
        raise AccessError(f"a {what} has a name, which is a text")
    name = " ".join(text.split())
    if not name:
        raise AccessError(f"a {what} needs a name")
    if len(name) > LONGEST:
        raise AccessError(f"the name of a {what} has at most {LONGEST} characters: '{shown(name[:20])}…' has {len(name)}")
    if name.startswith("-") or not name.isprintable() or any(c in "=,;:'\"" for c in name):
        raise AccessError(f"the name of a {what} may not begin with a dash nor hold = , ; : or quotes: {ascii(name)[1:-1]}")
    return name


def clean_word(text: Any, what: str) -> str:
    """What was said about something, in one printable line. Raises AccessError."""
    if not isinstance(text, str):
        raise AccessError(f"{what} is a text")
    line = " ".join(text.split())
    if not line.isprintable() or len(line) > LONGEST_WORD:
        raise AccessError(f"{what} is one printable line of at most {LONGEST_WORD} characters")
    return line


def clean_level(text: Any) -> str:
    """One of `ASSURANCES`. Raises AccessError."""
    if text not in ASSURANCES:
        raise AccessError(f"'{shown(str(text)[:80])}' is no assurance: there is {', '.join(ASSURANCES)}")
    return str(text)


def clean_actions(values: Any) -> tuple[str, ...]:
    """Actions of somebody's own challenge: known ones, each once, two or more (or the one that is filmed once would always be right),
    and one at which a head can be told from a sheet. Raises AccessError."""
    if not isinstance(values, list) or len(values) > len(ACTIONS) or any(value not in ACTIONS for value in values):
        raise AccessError(f"actions of a challenge are a list of {', '.join(ACTIONS)}")
    if len(set(values)) != len(values) or len(values) < 2 or not set(TURNS) & set(values):
        raise AccessError("a challenge takes two different actions or more, and left or right among them: who can do neither "
                          "gets another assurance, as code or card")
    return tuple(values)


def rights_record(rights: Rights) -> dict[str, Any]:
    """What is as it always was leaves no trace: versions before this one read such a record too."""
    record: dict[str, Any] = {"schedules": [*rights.schedules], "groups": [*rights.groups], "since": rights.since, "until": rights.until,
                              "uses": rights.uses, "used": rights.used}
    own = {"assurance": rights.assurance, "actions": [*rights.actions], "release": rights.release, "minor": rights.minor,
           "guardian": rights.guardian}
    return record | {key: value for key, value in own.items() if value not in ("", [], None, False)}


def rights_of(value: Any) -> Rights:
    """Raises AccessError for whatever `rights_record` cannot have made."""
    fields = _fields(value, "limits", ("schedules", "groups", "since", "until", "uses", "used", *OWN))
    uses, used = fields.get("uses"), _whole(fields.get("used", 0), 0, 10**9, "used")
    since, until = (_moment(fields.get(key), key) for key in ("since", "until"))
    if since is not None and until is not None and not since < until:
        raise AccessError("limits that end before they begin let in nobody: give an end after the beginning")
    return Rights(_labels(fields.get("schedules", []), "schedule"), _labels(fields.get("groups", []), "group"), since, until,
                  None if uses is None else _whole(uses, 1, 10**9, "uses"), used,
                  clean_level(fields["assurance"]) if "assurance" in fields else "",
                  clean_actions(fields["actions"]) if "actions" in fields else (), _release(fields.get("release")),
                  _yes(fields.get("minor", False), "minor"), clean_word(fields.get("guardian", ""), "a guardian's consent"))


def calendar_record(calendar: Calendar) -> dict[str, Any]:
    def tables(schedules: Mapping[str, tuple[Window, ...]]) -> dict[str, Any]:
        return {name: _window_records(windows) for name, windows in schedules.items()}

    record = {"zone": calendar.zone, "schedules": tables(calendar.schedules), "on_holidays": tables(calendar.on_holidays),
              "groups": {name: [*schedules] for name, schedules in calendar.groups.items()},
              "holidays": {day.isoformat(): name for day, name in sorted(calendar.holidays.items())},
              "hold_open": _window_records(calendar.hold_open)}
    return {**record, "assurance": tables(calendar.assurance)} if calendar.assurance else record


def calendar_of(value: Any) -> Calendar:
    """Raises AccessError for whatever `calendar_record` cannot have made, and for a zone that is not known here."""
    fields = _fields(value, "calendar", ("zone", "schedules", "on_holidays", "groups", "holidays", "hold_open", "assurance"))
    zone = fields.get("zone", "")
    if not isinstance(zone, str):
        raise AccessError("a time zone is a name as Europe/Zurich")
    try:
        zone_of(zone)
    except UnknownZoneError as error:
        raise AccessError(f"{error}: it takes a name as Europe/Zurich") from error
    groups = {clean_label(name, "group"): _labels(schedules, "schedule") for name, schedules in _table(fields.get("groups", {}), "groups")}
    holidays: dict[datetime.date, str] = {}
    for day, name in _table(fields.get("holidays", {}), "holidays", MOST_HOLIDAYS):
        holidays[_date(day)] = clean_label(name, "holiday") if name != "" else ""
    return Calendar(zone, _schedules(fields.get("schedules", {})), _schedules(fields.get("on_holidays", {})), groups, holidays,
                    windows_of(fields.get("hold_open", [])),
                    {clean_level(level): windows_of(windows) for level, windows in _table(fields.get("assurance", {}), "assurance")})


def windows_of(value: Any) -> tuple[Window, ...]:
    """From `[[[0, 1], 480, 1080], ...]`: days (0 is Monday), start and end in minutes after midnight. Raises AccessError."""
    if not isinstance(value, list) or len(value) > MOST:
        raise AccessError(f"windows are a list of at most {MOST}")
    return tuple(map(_window, value))


def _window_records(windows: Iterable[Window]) -> list[Any]:
    return [[sorted(w.days), w.start, w.end] for w in windows]


def _window(value: Any) -> Window:
    if not isinstance(value, list) or len(value) != 3 or not isinstance(value[0], list) or not value[0]:
        raise AccessError("a window is a list of its days, its start and its end")
    days = frozenset(_whole(day, 0, 6, "a day") for day in value[0])
    return Window(days, _whole(value[1], 0, DAY_MINUTES - 1, "a start"), _whole(value[2], 0, DAY_MINUTES, "an end"))


def _schedules(value: Any) -> dict[str, tuple[Window, ...]]:
    return {clean_label(name, "schedule"): windows_of(windows) for name, windows in _table(value, "schedules")}


def _fields(value: Any, what: str, names: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise AccessError(f"{what} are no record")
    odd = [key for key in value if key not in names]
    if odd:
        raise AccessError(f"{what} hold '{str(odd[0])[:40]}', which this version does not know: it may be a limit, so nobody is let in by "
                          "them")
    return value


def _table(value: Any, what: str, most: int = MOST) -> list[tuple[Any, Any]]:
    if not isinstance(value, Mapping) or len(value) > most:
        raise AccessError(f"{what} are a table of at most {most}")
    return list(value.items())


def _labels(value: Any, what: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST:
        raise AccessError(f"names of a {what} are a list of at most {MOST}")
    return tuple(dict.fromkeys(clean_label(name, what) for name in value))


def _whole(value: Any, low: int, high: int, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise AccessError(f"{what} is a whole number from {low} to {high}")
    return int(value)


def _moment(value: Any, what: str) -> float | None:
    if value is None:
        return None
    # Compared, not asked whether it is finite: JSON has whole numbers that no float holds.
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e15 < value < 1e15:
        raise AccessError(f"'{what}' is a time in seconds")
    return float(value)


def _release(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not SHORTEST_RELEASE <= value <= LONGEST_RELEASE:
        raise AccessError(f"a release of one's own lasts {SHORTEST_RELEASE:g} to {LONGEST_RELEASE:g} seconds")
    return float(value)


def _yes(value: Any, what: str) -> bool:
    if not isinstance(value, bool):
        raise AccessError(f"'{what}' is true or false")
    return value


def _date(text: Any) -> datetime.date:
    def refuse() -> NoReturn:
        raise AccessError(f"'{str(text)[:40]}' is no date: it is written as 2026-12-25")

    if not isinstance(text, str) or len(text) != 10:
        refuse()
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        refuse()
