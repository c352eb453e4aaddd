"""What may be done with hours, holidays, limits, visitors and the clock, as plain values in and out: the command line uses it, and so
does the daemon's socket. Moments are seconds since 1970; hours are texts as `edge_face.access.hours` reads them."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from edge_face import clock_sources
from edge_face.access import clock_trust
from edge_face.access.hours import hours_text, windows_from
from edge_face.access.moments import date_from
from edge_face.access.rights import Calendar, Rights
from edge_face.access.rights_records import MOST_HOLIDAYS, clean_label, rights_of, rights_record, shown
from edge_face.access.schedule import NOBODY, holds_open, may_enter
from edge_face.errors import AccessError, UsageError
from edge_face.people.access_records import (
    CALENDAR,
    load_calendar,
    load_rights,
    rights_from_store,
    save_calendar,
    save_rights,
    spend,
    visitors,
)
from edge_face.people.assurance_commands import asked_of, windows_answer
from edge_face.people.command_table import Answer, CommandTable
from edge_face.people.sealing import SealBrokenError
from edge_face.people.store import Store
from edge_face.people.visitors import VisitorDesk, visitor_summary

__all__ = ["WRITING", "ScheduleCommands", "rights_from_store", "spend"]

OWN_CLOCK = 60.0
"""Seconds by which the clock of whoever sets it may differ from the one that is set: it is the same machine."""
RESERVED = ("any", "always", "never", "daily")
"""Words that mean something else where a schedule may stand."""
LIMITS = ("schedules", "groups", "since", "until")
_COMMANDS = {
    "schedule.show": "show", "schedule.set": "set_hours", "schedule.remove": "remove", "schedule.group": "group",
    "schedule.holiday": "holiday", "schedule.workday": "workday", "schedule.hold_open": "hold_open", "schedule.person": "person",
    "schedule.visitor": "visitor", "schedule.visitor_remove": "visitor_remove", "schedule.visitor_clear": "visitor_clear",
    "schedule.test": "test", "schedule.reset": "reset", "clock.show": "clock_show", "clock.set": "clock_set",
}
WRITING = frozenset(_COMMANDS) - {"schedule.show", "schedule.test", "clock.show"}
"""The commands that need a store opened for writing."""


class ScheduleCommands(CommandTable):
    """Commands on one open store. `changed` is called after whatever changes who may enter when. `zone`, `assurance`: those of the
    settings. The clocks and what the machine says about them can be handed in."""

    table = _COMMANDS

    def __init__(self, store: Store, changed: Callable[[], None] = lambda: None, *, zone: str = "", assurance: str = "",
                 wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic,
                 signs: Callable[[], clock_trust.ClockSigns] = clock_sources.read_signs,
                 boot: Callable[[], str] = clock_sources.boot_id) -> None:
        self._store, self._changed, self._zone, self._wall, self._monotonic = store, changed, zone, wall, monotonic
        self._signs, self._boot, self._door = signs, boot, assurance
        self._desk = VisitorDesk(store, wall)

    def show(self) -> Answer:
        """Everything: hours, groups, holidays, who is limited and how, visitors, and whether the clock is believed."""
        limited: list[Answer] = []
        damaged: list[Answer] = []
        try:
            calendar = self._calendar()
        except AccessError as error:
            calendar = Calendar(self._zone)
            damaged.append({"id": None, "problem": str(error)})
        people = self._store.people(lambda who, error: damaged.append({"id": who, "problem": str(error)}))
        for person in sorted(people, key=lambda p: p.name.casefold()):
            rights = load_rights(self._store, person.id)
            if rights != Rights():
                limited.append({"id": person.id, "name": person.name, **_limits(rights)})
        guests = list(visitors(self._store, lambda who, error: damaged.append({"id": who, "problem": str(error)})))
        clock = self.clock_show()
        asked = asked_of(None, self._door, calendar, self._wall(), bool(clock["trusted"]))
        return {**_calendar_answer(calendar), "assurance": {**asked, "hours": windows_answer(calendar)}, "people": limited,
                "visitors": [visitor_summary(v, self._wall()) for v in guests],
                "damaged": damaged, "clock": clock}

    def set_hours(self, name: Any, hours: Any = None, on_holidays: Any = None) -> Answer:
        """Defines a schedule, or changes it: its hours, its hours on holidays, or both. Never on holidays unless said."""
        label = _schedule_name(name)
        if hours is None and on_holidays is None:
            raise UsageError("hours or hours on holidays: what is to be set?")
        calendar = self._calendar()
        if hours is None and label not in calendar.schedules:
            raise AccessError(_unknown("schedule", label, calendar.schedules))
        windows = calendar.schedules.get(label, ()) if hours is None else windows_from(_text(hours, "hours"))
        special = dict(calendar.on_holidays)
        if on_holidays is not None:
            special[label] = windows_from(_text(on_holidays, "on_holidays"))
        self._save(replace(calendar, schedules={**calendar.schedules, label: windows},
                           on_holidays={n: w for n, w in special.items() if w}), "schedule.set")
        return {"name": label, "hours": hours_text(windows), "on_holidays": hours_text(special.get(label, ()))}

    def remove(self, name: Any) -> Answer:
        """Removes a schedule or a group that nobody is limited to."""
        label, calendar = _text(name, "name"), self._calendar()
        if label not in calendar.schedules and label not in calendar.groups:
            raise AccessError(_unknown("schedule or group", label, {**calendar.schedules, **calendar.groups}))
        users = self._users(label)
        users += [f"the group '{group}'" for group, names in calendar.groups.items() if label in names and label in calendar.schedules]
        if users:
            whose = ", ".join(users[:3]) + (f" and {len(users) - 3} more" if len(users) > 3 else "")
            raise AccessError(f"'{label}' is what {whose} may enter by, and then could not: change that first")
        rest = [{key: value for key, value in table.items() if key != label}
                for table in (calendar.schedules, calendar.on_holidays, calendar.groups)]
        self._save(replace(calendar, schedules=rest[0], on_holidays=rest[1], groups=rest[2]), "schedule.removed")  # type: ignore[arg-type]
        return {"removed": label}

    def reset(self) -> Answer:
        """Drops hours, groups and holidays that are damaged. Raises AccessError when they are not."""
        try:
            self._calendar()
        except AccessError:
            self._store.drop_record(CALENDAR)
            self._note("schedule.removed", None)
            return {}
        raise AccessError("hours and holidays are not damaged: 'edge-face schedule remove' removes what is not wanted")

    def group(self, name: Any, schedules: Any) -> Answer:
        """A group whose people may enter within any of these schedules."""
        label, calendar = _schedule_name(name), self._calendar()
        names = self._names(schedules, calendar.schedules, "schedule")
        if not names:
            raise UsageError(f"the group '{label}' needs a schedule: whoever is in it could never enter")
        self._save(replace(calendar, groups={**calendar.groups, label: names}), "schedule.set")
        return {"name": label, "schedules": [*names]}

    def holiday(self, first: Any, last: Any = None, name: Any = "") -> Answer:
        """Makes holidays of a day, or of all days from `first` to `last`."""
        days, calendar = _days(first, last), self._calendar()
        label = clean_label(name, "holiday") if name else ""
        holidays = {**calendar.holidays, **dict.fromkeys(days, label)}
        if len(holidays) > MOST_HOLIDAYS:
            raise AccessError(f"there may be {MOST_HOLIDAYS} holidays: remove old ones")
        self._save(replace(calendar, holidays=holidays), "schedule.set")
        return {"days": [day.isoformat() for day in days], "name": label}

    def workday(self, first: Any, last: Any = None) -> Answer:
        """Makes ordinary days of holidays. Raises AccessError when none of the days is one."""
        days, calendar = _days(first, last), self._calendar()
        gone = [day for day in days if day in calendar.holidays]
        if not gone:
            raise AccessError(f"{days[0].isoformat()} is no holiday here: 'edge-face schedule show' lists them")
        self._save(replace(calendar, holidays={d: n for d, n in calendar.holidays.items() if d not in gone}), "schedule.set")
        return {"removed": [day.isoformat() for day in gone]}

    def hold_open(self, hours: Any) -> Answer:
        """When the door stands released for everybody ("never": not at all; never on holidays)."""
        windows = windows_from(_text(hours, "hours"))
        self._save(replace(self._calendar(), hold_open=windows), "schedule.set")
        return {"hold_open": hours_text(windows)}

    def person(self, who: Any, changes: Any = None) -> Answer:
        """Limits of a person. `changes`: any of schedules, groups, since, until; null lifts that limit, what is not named stays.
        Without changes they are only shown."""
        person = self._store.find(_text(who, "who"))
        rights = load_rights(self._store, person.id)
        if changes is not None:
            if rights == NOBODY:
                # What is not named would stay, and nobody knows any more what that was.
                if not isinstance(changes, Mapping) or set(changes) != set(LIMITS):
                    raise AccessError(f"the limits of '{person.name}' are damaged: lift them all with --unlimited, then set them anew")
                rights = Rights()
            rights = self._changed_rights(rights, changes)
            save_rights(self._store, person.id, rights)
            self._note("schedule.person", person.id)
        return {"id": person.id, "name": person.name, "state": person.state.value, **_limits(rights)}

    def visitor(self, label: Any, uses: Any = 1, changes: Any = None, digits: Any = 6) -> Answer:
        """A visitor with a code, which is in the answer this once. `uses`: entries in all, null: any number."""
        rights = self._changed_rights(Rights(uses=_uses(uses)), changes or {})
        made, pin = self._desk.add(clean_label(label, "visitor"), rights, digits)
        self._note("schedule.visitor", None)
        return {**visitor_summary(made, self._wall()), "pin": pin}

    def visitor_remove(self, who: Any) -> Answer:
        gone = self._desk.remove(_text(who, "who"))
        self._note("schedule.visitor-removed", None)
        return {"removed": gone.id, "label": gone.label}

    def visitor_clear(self) -> Answer:
        """Removes all visitors whose entries or time are over. Raises AccessError when the clock is not to be believed."""
        clock = self.clock_show()
        if not clock["trusted"]:
            raise AccessError(f"whose time is over cannot be told: {clock['why']}")
        gone = self._desk.clear()
        if gone:
            self._note("schedule.visitor-removed", None)
        return {"removed": [visitor.id for visitor in gone]}

    def test(self, who: Any, at: Any = None) -> Answer:
        """May a person or visitor enter at this moment, or now, and why? A moment that is given is taken for granted: the clock
        is asked about now only."""
        text, calendar = _text(who, "who"), self._calendar()
        clock = self.clock_show()
        moment = self._wall() if at is None else _seconds(at)
        guest = self._desk.find(text)
        if guest is not None:
            named, rights, barred = {"id": guest.id, "name": guest.label, "state": "visitor"}, guest.rights, False
        else:
            person = self._store.find(text)
            named = {"id": person.id, "name": person.name, "state": person.state.value}
            rights, barred = load_rights(self._store, person.id), named["state"] == "suspended"
        trusted = at is not None or bool(clock["trusted"])
        verdict = may_enter(rights, calendar, moment, trusted)
        reason = None if verdict.reason is None else {"code": verdict.reason.code, "text": verdict.reason.text}
        return {**named, "at": moment, "allowed": verdict.allowed and not barred, "reason": reason,
                "open_to_all": holds_open(calendar, moment, trusted), "clock": clock, **_limits(rights),
                "assurance": asked_of(rights, self._door, calendar, moment, trusted, visitor=guest is not None)}

    def clock_show(self) -> Answer:
        """Does the clock count, and why (not)?"""
        state = clock_trust.restored(self._store.record(clock_trust.KIND), self._boot())
        signs, wall = self._signs(), self._wall()
        state, trusted, why = clock_trust.judge(state, self._monotonic(), wall, signs)
        return {"wall": wall, "zone": self._zone, "trusted": trusted, "why": why, "network": signs.kernel, "stamp": signs.stamp,
                "rtc": signs.rtc}

    def clock_set(self, wall: Any) -> Answer:
        """The owner says that the machine's clock, which shows `wall`, is right from now on."""
        own = self._wall()
        if abs(_seconds(wall) - own) > OWN_CLOCK:
            raise AccessError("the time given is not what the door's clock shows: set the clock of this machine first")
        boot = self._boot()
        state = clock_trust.restored(self._store.record(clock_trust.KIND), boot)
        state = clock_trust.set_by_owner(state, self._monotonic(), own)
        self._store.put_record(clock_trust.KIND, clock_trust.trust_record(state, self._monotonic(), own, boot))
        self._note("clock.set", None)
        return self.clock_show()

    def _calendar(self) -> Calendar:
        try:
            return load_calendar(self._store, self._zone)
        except (AccessError, SealBrokenError) as error:
            raise AccessError(f"hours and holidays are damaged ({error}): 'edge-face schedule reset' drops them, then set them "
                              "anew") from error

    def _save(self, calendar: Calendar, kind: str) -> None:
        save_calendar(self._store, calendar)
        self._note(kind, None)

    def _note(self, kind: str, person: str | None) -> None:
        """What every change ends with: word to the door, and an entry in the diary."""
        self._changed()
        self._store.events.append(kind, self._wall(), person, {})

    def _changed_rights(self, rights: Rights, changes: Any) -> Rights:
        if not isinstance(changes, Mapping):
            raise UsageError("changes are a table of schedules, groups, since and until")
        odd = sorted(set(changes) - set(LIMITS))
        if odd:
            raise UsageError(f"there is no limit '{str(odd[0])[:40]}': there are schedules, groups, since and until")
        calendar = self._calendar()
        new: dict[str, Any] = {}
        for key, there, what in (("schedules", calendar.schedules, "schedule"), ("groups", calendar.groups, "group")):
            if key in changes:
                new[key] = self._names(changes[key] or [], there, what)
        for key in ("since", "until"):
            if key in changes:
                new[key] = None if changes[key] is None else _seconds(changes[key])
        rights = replace(rights, **new)
        if rights.since is not None and rights.until is not None and rights.until <= rights.since:
            raise AccessError("the end is not after the beginning: nobody could ever enter")
        return rights_of(rights_record(rights))

    def _names(self, values: Any, there: Mapping[str, Any], what: str) -> tuple[str, ...]:
        """Names that are defined, each once."""
        if not isinstance(values, Sequence) or isinstance(values, str) or not all(isinstance(v, str) for v in values):
            raise UsageError(f"a list of names: each is a {what}")
        names = tuple(dict.fromkeys(clean_label(value, what) for value in values))
        for name in names:
            if name not in there:
                raise AccessError(_unknown(what, name, there))
        return names

    def _users(self, label: str) -> list[str]:
        """People and visitors who are limited to a schedule or group."""
        found = [f"'{person.name}'" for person in self._store.people(lambda who, error: None)
                 if label in (rights := load_rights(self._store, person.id)).schedules + rights.groups]
        return found + [f"the visitor '{v.label}'" for v in visitors(self._store) if label in v.rights.schedules + v.rights.groups]


def _calendar_answer(calendar: Calendar) -> Answer:
    return {"zone": calendar.zone,
            "schedules": {name: {"hours": hours_text(windows), "on_holidays": hours_text(calendar.on_holidays.get(name, ()))}
                          for name, windows in sorted(calendar.schedules.items())},
            "groups": {name: [*names] for name, names in sorted(calendar.groups.items())},
            "holidays": {day.isoformat(): name for day, name in sorted(calendar.holidays.items())},
            "hold_open": hours_text(calendar.hold_open)}


def _limits(rights: Rights) -> Answer:
    return {"limits": rights_record(rights), "damaged": rights == NOBODY}


def _schedule_name(name: Any) -> str:
    label = clean_label(name, "schedule")
    if label.casefold() in RESERVED:
        raise AccessError(f"'{label}' means something else here: choose another name")
    return label


def _unknown(what: str, name: str, there: Mapping[str, Any]) -> str:
    known = f"there is {', '.join(sorted(there)[:20])}" if there else "there is none yet: edge-face schedule set NAME HOURS"
    return f"there is no {what} '{shown(name)}': {known}"


def _days(first: Any, last: Any) -> list[datetime.date]:
    start = date_from(_text(first, "first"))
    end = start if last is None else date_from(_text(last, "last"))
    if end < start:
        raise AccessError(f"{end.isoformat()} is before {start.isoformat()}: the first day comes first")
    if (end - start).days >= 366:
        raise AccessError("holidays of more than a year: give a shorter range")
    return [start + datetime.timedelta(days=n) for n in range((end - start).days + 1)]


def _uses(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10_000:
        raise UsageError("entries are a whole number from 1 to 10000, or null for any number")
    return int(value)


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e12 <= value <= 1e12:
        raise UsageError("a moment is a number of seconds since 1970")
    return float(value)


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"'{what}' is a text")
    return value
