"""What a store must hold, from what was acknowledged, and what a store does hold: both in the same plain words."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edge_face.people import Store

FOREVER = 1_000_000


@dataclass
class Truth:
    """`people`: name, state and number of templates by id. `events`: kind and person by number. `records`: values by kind, owner
    and name, as JSON. `audit`: subjects of audit records that were committed, by number."""

    people: dict[str, list[Any]] = field(default_factory=dict)
    events: dict[int, list[Any]] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    records: dict[str, Any] = field(default_factory=dict)
    audit: dict[int, str] = field(default_factory=dict)
    backup: Truth | None = None
    """What the backup holds that was made last."""

    def apply(self, deed: Mapping[str, Any]) -> None:
        """What an acknowledged deed of the worker changes."""
        what, who = deed["do"], str(deed.get("id", ""))
        if what in ("add", "rename", "state", "templates"):
            self.people[who] = [deed["name"], deed["state"], deed["templates"]]
        elif what == "forget":
            self.people.pop(who, None)
            self.forgotten.add(who)
            for row in self.events.values():
                if row[1] == who:
                    row[1] = None
            self.records = {key: value for key, value in self.records.items() if json.loads(key)[1] != who}
        elif what == "event":
            self.events[deed["number"]] = [deed["kind"], deed["person"]]
        elif what == "put":
            self.records[deed["key"]] = deed["value"]
        elif what == "drop":
            self.records.pop(deed["key"], None)
        elif what == "audit":
            self.audit.update({int(number): subject for number, subject in deed["records"].items()})
        elif what == "backup":
            self.backup = replace(copy.deepcopy(self), backup=None)
        elif what == "restore" and self.backup is not None:
            then = copy.deepcopy(self.backup)
            self.people, self.events, self.records = then.people, then.events, then.records
            for one in list(self.forgotten):
                self.apply({"do": "forget", "id": one})
        elif what == "prune":
            self.audit = {number: subject for number, subject in self.audit.items() if number >= deed["first"]}

    def after(self, deed: Mapping[str, Any], held: Truth) -> Truth:
        """The same with one more deed that was not acknowledged: what only its end would have told is taken from `held`."""
        later, deed = copy.deepcopy(self), dict(deed)
        if deed["do"] == "event":
            deed["number"] = max(held.events, default=0)
        if deed["do"] in ("audit", "prune"):
            return later
        later.apply(deed)
        return later


def truth_of(notes: Iterable[bytes], start: Truth | None = None) -> tuple[Truth, dict[str, Any] | None]:
    """What must be there by a worker's notes, and the deed that was begun and not acknowledged, if any."""
    truth, pending = copy.deepcopy(start) if start else Truth(), None
    for line in notes:
        table = json.loads(line)
        if "begin" in table:
            pending = table["begin"]
        elif "done" in table:
            truth.apply(table["done"])
            pending = None
    return truth, pending


def held_by(store: Store) -> Truth:
    """What an open store holds. Raises StoreError."""
    held = Truth()
    for person in store.iterate():
        held.people[person.id] = [person.name, person.state.value, len(person.templates)]
    for event in store.events.query(limit=FOREVER):
        held.events[event.id] = [event.kind, event.person]
    for kind in ("rights", "visitor", "calendar"):
        for owner, name, value in store.records(kind):
            held.records[record_key(kind, owner, name)] = value
    return held


def record_key(kind: str, owner: str | None, name: str) -> str:
    return json.dumps([kind, owner, name])


def differences(truth: Truth, pending: Mapping[str, Any] | None, held: Truth) -> list[str]:
    """What is lost, come back or made up; empty when the store holds what was acknowledged, with or without the pending deed."""
    found = _compared(truth, held)
    if found and pending is not None and not _compared(truth.after(pending, held), held):
        return []
    return found


def _compared(truth: Truth, held: Truth) -> list[str]:
    found: list[str] = []
    for what in ("people", "events", "records"):
        wanted, there = getattr(truth, what), getattr(held, what)
        found += [f"{what}: {key} was acknowledged and is lost" for key in wanted.keys() - there.keys()]
        found += [f"{what}: {key} is there and should not be" for key in there.keys() - wanted.keys()]
        found += [f"{what}: {key} is {there[key]!r} and was {wanted[key]!r}" for key in wanted.keys() & there.keys()
                  if wanted[key] != there[key]]
    found += [f"{who} was erased and came back" for who in truth.forgotten & held.people.keys()]
    return found


def traces(truth: Truth, folder: Path) -> list[str]:
    """Ids of erased people that still lie in some file."""
    contents = [(path.name, path.read_bytes()) for path in folder.rglob("*") if path.is_file()]
    return [f"{who} was erased and still lies in {name}" for who in sorted(truth.forgotten) for name, data in contents
            if who.encode() in data]
