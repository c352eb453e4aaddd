"""What a grant rests on, chosen by the owner: levels in hours of their own, and what is asked of one person in place of the door's.
Plain values in and out: the command line uses it, and so does the daemon's socket."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from edge_face.access.assurance import door_level, level_for, level_named
from edge_face.access.hours import hours_text, windows_from
from edge_face.access.rights import Calendar, Rights
from edge_face.access.rights_records import clean_actions, clean_level, clean_word, rights_of, rights_record
from edge_face.access.schedule import NOBODY
from edge_face.errors import AccessError, UsageError
from edge_face.people.access_records import load_calendar, load_rights, save_calendar, save_rights
from edge_face.people.command_table import Answer, CommandTable
from edge_face.people.sealing import SealBrokenError
from edge_face.people.store import Store

OWN = ("assurance", "actions", "release", "minor", "guardian")
_COMMANDS = {"people.assure": "assure", "schedule.assurance": "windows"}


class AssuranceCommands(CommandTable):
    """Commands on one open store. `changed` is called after whatever changes what is asked of whom."""

    table = _COMMANDS

    def __init__(self, store: Store, changed: Callable[[], None] = lambda: None, *, zone: str = "",
                 wall: Callable[[], float] = time.time) -> None:
        self._store, self._changed, self._zone, self._wall = store, changed, zone, wall

    def assure(self, who: Any, changes: Any = None) -> Answer:
        """What is asked of one person. `changes`: any of assurance, actions, release, minor, guardian; null takes one back, what is not
        named stays. Without changes it is only shown. Under 16 only with a guardian's consent."""
        if not isinstance(who, str):
            raise UsageError("'who' is a text")
        person = self._store.find(who)
        rights = load_rights(self._store, person.id)
        if changes is not None:
            if rights == NOBODY:
                raise AccessError(f"the limits of '{person.name}' are damaged: 'edge-face schedule person {person.id} --unlimited' lifts "
                                  "them, then set all anew")
            rights = _changed(rights, changes)
            save_rights(self._store, person.id, rights)
            self._note("people.assured", person.id, {**own_of(rights), "guardian": bool(rights.guardian)})
        return {"id": person.id, "name": person.name, "state": person.state.value, "own": own_of(rights), "damaged": rights == NOBODY}

    def windows(self, level: Any, hours: Any) -> Answer:
        """In these hours a grant rests on this level, whatever the door asks for otherwise ("never": no such hours any more)."""
        name = clean_level(level)
        if not isinstance(hours, str):
            raise UsageError("'hours' is a text")
        windows = windows_from(hours)
        try:
            calendar = load_calendar(self._store, self._zone)
        except (AccessError, SealBrokenError) as error:
            raise AccessError(f"hours and holidays are damaged ({error}): 'edge-face schedule reset' drops them, then set them "
                              "anew") from error
        table = {**calendar.assurance, name: windows}
        save_calendar(self._store, replace(calendar, assurance={n: w for n, w in table.items() if w}))
        self._note("schedule.assurance", None, {"assurance": name, "hours": hours_text(windows)})
        return {"level": name, "hours": hours_text(windows)}

    def _note(self, kind: str, person: str | None, details: Mapping[str, Any]) -> None:
        """Word to the door, and an entry in the diary, sealed with the person's key where it is about one."""
        self._changed()
        self._store.events.append(kind, self._wall(), person, dict(details))


def own_of(rights: Rights) -> Answer:
    """What is set for somebody alone; empty values are the door's."""
    return {"assurance": rights.assurance, "actions": [*rights.actions], "release": rights.release, "minor": rights.minor,
            "guardian": rights.guardian}


def windows_answer(calendar: Calendar) -> dict[str, str]:
    """Hours by level."""
    return {level: hours_text(windows) for level, windows in sorted(calendar.assurance.items())}


def asked_of(rights: Rights | None, door: str, calendar: Calendar, wall: float, trusted: bool, *, visitor: bool = False) -> Answer:
    """What is asked of somebody at a moment, what that means, and why it is that."""
    level = level_for(rights, door, calendar, wall, trusted, visitor=visitor)
    base = door_level(door, calendar, wall, trusted)
    if rights is not None and rights.assurance:
        why = "the owner chose it for this person"
    elif visitor:
        why = "visitors have a code alone"
    elif level != base:
        why = "under 16: a face alone is not enough"
    elif calendar.assurance and not trusted:
        why = "the clock is not believed: the strictest of the door's and of all hours with another one"
    elif base != level_named(door):
        why = "it is asked for at these hours"
    else:
        why = "it is what the door asks for"
    return {"level": level.name, "words": level.words, "why": why}


def _changed(rights: Rights, changes: Any) -> Rights:
    if not isinstance(changes, Mapping) or not changes:
        raise UsageError(f"changes are a table of any of {', '.join(OWN)}")
    odd = sorted(set(changes) - set(OWN))
    if odd:
        raise UsageError(f"there is nothing like '{str(odd[0])[:40]}' to be set: there is {', '.join(OWN)}")
    new: dict[str, Any] = {}
    if "assurance" in changes:
        new["assurance"] = "" if changes["assurance"] is None else clean_level(changes["assurance"])
    if "actions" in changes:
        new["actions"] = () if changes["actions"] is None else clean_actions(changes["actions"])
    if "release" in changes:
        new["release"] = changes["release"]
    if "minor" in changes:
        new["minor"] = changes["minor"] is not None and changes["minor"]
    if "guardian" in changes:
        new["guardian"] = "" if changes["guardian"] is None else clean_word(changes["guardian"], "a guardian's consent")
    made = rights_of(rights_record(replace(rights, **new)))
    if made.minor and not made.guardian:
        raise AccessError('somebody under 16 needs a guardian\'s consent: --under-16 --guardian "how it was given"')
    # With the age ends what a guardian had to say about it.
    return made if made.minor else replace(made, guardian="")
