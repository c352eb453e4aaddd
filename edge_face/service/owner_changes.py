"""What a grant rests on, in the audit log: at each start for the door and for whoever has something else of their own, and at each change
by the owner. What is changed while no door runs is said by the next start; the diary has it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from edge_face.access.rights import Calendar, Rights
from edge_face.audit import AuditRecord
from edge_face.audit.record import Detail

KIND = "assurance"
Alias = Callable[[str], str | None]


def at_start(level: str, rights: Mapping[str, Rights], calendar: Calendar, alias_of: Alias, wall: float) -> Iterator[AuditRecord]:
    """The door's level, those of its hours, and what people have of their own. Visitors have nothing of their own."""
    yield AuditRecord(KIND, wall, None, "owner", {"level": _word(level), "hours": tuple(map(_word, sorted(calendar.assurance)))})
    for who, own in rights.items():
        if own.assurance or own.actions or own.release is not None or own.minor:
            yield _of_person(alias_of(who), own.assurance, own.actions, own.release, own.minor, wall)


def change_of(command: str, arguments: Mapping[str, Any], answer: Any, alias_of: Alias, wall: float) -> AuditRecord | None:
    """A record of a command that was carried out; None for one that changed nothing of this. No name, no free text."""
    if command == "schedule.assurance":
        return AuditRecord(KIND, wall, None, "owner", {"level": _word(answer["level"]), "never": answer["hours"] == "never"})
    if command != "people.assure" or arguments.get("changes") is None:
        return None
    own = answer["own"]
    return _of_person(alias_of(answer["id"]), own["assurance"], own["actions"], own["release"], own["minor"], wall)


def _of_person(alias: str | None, level: str, actions: Any, release: float | None, minor: bool, wall: float) -> AuditRecord:
    details: dict[str, Detail] = {"level": _word(level) if level else "door", "minor": minor}
    if release is not None:
        details["release"] = release
    if actions:
        details["actions"] = tuple(actions)
    return AuditRecord(KIND, wall, alias, "owner", details)


def _word(level: str) -> str:
    """As the audit log writes words."""
    return level.replace("+", "-")
