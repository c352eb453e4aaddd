"""Rights, calendar and visitors as the store keeps them: sealed records, read into what the policy takes.

Whatever was tampered with or cannot be understood limits: a person whose rights are damaged is let in by none, a calendar that
is damaged has no hours. Who has no rights record has no limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from edge_face.access.rights import Calendar, Rights
from edge_face.access.schedule import NOBODY, calendar_of, calendar_record, rights_of, rights_record
from edge_face.errors import AccessError, EdgeFaceError, StoreError

RIGHTS, CALENDAR, VISITOR = "rights", "calendar", "visitor"
Damaged = Callable[[str | None, EdgeFaceError], None]
"""Whose (None: the door's own, or a visitor's) and what is wrong."""


class Records(Protocol):
    """What is needed of a store (`edge_face.people.store.Store`)."""

    def put_record(self, kind: str, value: Mapping[str, Any], owner: str | None = None, name: str = "") -> None: ...

    def record(self, kind: str, owner: str | None = None, name: str = "") -> dict[str, Any] | None: ...

    def records(self, kind: str, damaged: Callable[[str | None, StoreError], None] | None = None
                ) -> Iterator[tuple[str | None, str, dict[str, Any]]]: ...

    def drop_record(self, kind: str, owner: str | None = None, name: str = "") -> bool: ...


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody with a code and limits, and without a face: `id` has 16 hex digits, `code` is the keyed hash."""

    id: str
    label: str
    rights: Rights
    code: str
    created: float


def rights_from_store(store: Records, zone: str = "", damaged: Damaged = lambda who, error: None
                      ) -> tuple[dict[str, Rights], Calendar]:
    """Rights by the ids of people and visitors, and the calendar in this time zone (empty: the system's). Raises StoreError for
    what the disk does."""
    rights: dict[str, Rights] = {}

    def lost(owner: str | None, error: EdgeFaceError) -> None:
        if owner is not None:
            rights[owner] = NOBODY
        damaged(owner, error)

    for owner, _, value in store.records(RIGHTS, lost):
        if owner is None:
            continue
        try:
            rights[owner] = rights_of(value)
        except AccessError as error:
            lost(owner, error)
    rights |= {visitor.id: visitor.rights for visitor in visitors(store, damaged)}
    try:
        calendar = load_calendar(store, zone)
    except (AccessError, StoreError) as error:
        damaged(None, error)
        calendar = Calendar(zone)
    return rights, calendar


def load_calendar(store: Records, zone: str = "") -> Calendar:
    """Raises AccessError and StoreError for one that is damaged."""
    record = store.record(CALENDAR)
    return replace(Calendar() if record is None else calendar_of(record), zone=zone)


def save_calendar(store: Records, calendar: Calendar) -> None:
    """Without the zone, which is in the settings."""
    store.put_record(CALENDAR, calendar_record(replace(calendar, zone="")))


def load_rights(store: Records, owner: str) -> Rights:
    """Of a person; `Rights()` without a record, `NOBODY` for a damaged one."""
    try:
        record = store.record(RIGHTS, owner)
        return Rights() if record is None else rights_of(record)
    except (AccessError, StoreError):
        return NOBODY


def save_rights(store: Records, owner: str, rights: Rights) -> None:
    """No limits leave no record."""
    if rights == Rights():
        store.drop_record(RIGHTS, owner)
    else:
        store.put_record(RIGHTS, rights_record(rights), owner)


def visitors(store: Records, damaged: Damaged = lambda who, error: None) -> Iterator[Visitor]:
    """All of them, in the order in which they came; whose record is damaged is left out, and so is let in by nothing."""
    for _, name, value in store.records(VISITOR, damaged):
        try:
            yield _visitor(name, value)
        except AccessError as error:
            damaged(None, error)


def save_visitor(store: Records, visitor: Visitor) -> None:
    store.put_record(VISITOR, {"label": visitor.label, "rights": rights_record(visitor.rights), "code": visitor.code,
                               "created": visitor.created}, name=visitor.id)


def spend(store: Records, visitor_id: str) -> bool:
    """Counts an entry of a visitor, after a grant; false when there is no such visitor. Raises StoreError."""
    record = store.record(VISITOR, name=visitor_id)
    if record is None:
        return False
    try:
        visitor = _visitor(visitor_id, record)
    except AccessError:
        return False
    save_visitor(store, replace(visitor, rights=replace(visitor.rights, used=visitor.rights.used + 1)))
    return True


def _visitor(name: str, value: Mapping[str, Any]) -> Visitor:
    label, code, created = value.get("label"), value.get("code"), value.get("created")
    if not isinstance(label, str) or not isinstance(code, str) or isinstance(created, bool) or not isinstance(created, int | float):
        raise AccessError(f"the record of visitor {name} is not what it must be: remove the visitor and make a new one")
    return Visitor(name, label, rights_of(value.get("rights")), code, float(created))
