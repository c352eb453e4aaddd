"""The diary as pages read it: filtered, a page at a time, and as a table for a spreadsheet. On an open store."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edge_face.audit.table import cell, moment
from edge_face.errors import PeopleError, StoreError
from edge_face.people import Event, Store
from edge_face.people.access_records import visitors
from edge_face.service.books import event_row

MOST_LOOKED_AT = 5000
"""Events that are looked at for one answer, where they must be opened to tell whether they are meant."""
COLUMNS = ("event", "time", "kind", "name", "id", "authority", "reasons", "words")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events. Wall times; `person` and `visitor` are ids."""

    kinds: tuple[str, ...] = ()
    person: str | None = None
    visitor: str | None = None
    since: float | None = None
    until: float | None = None


def whose(store: Store, who: str) -> tuple[str | None, str | None]:
    """The id of a person, or of a visitor, by name or id. Raises PeopleError for nobody's."""
    wanted = " ".join(who.split()).casefold()
    for visitor in visitors(store):
        if wanted in (visitor.id, visitor.label.casefold()):
            return None, visitor.id
    return store.find(who).id, None


def events_page(store: Store, wanted: Wanted, before: int | None, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    """Rows, the newest first, numbered less than `before`, and where to go on, None at the end."""
    found: list[Event] = []
    looked = 0
    while len(found) < limit and looked < MOST_LOOKED_AT:
        asked = min(200, MOST_LOOKED_AT) if wanted.visitor is not None else limit
        batch = store.events.query(asked, wanted.since, person=wanted.person, kinds=wanted.kinds, until=wanted.until, below=before)
        looked += len(batch)
        for event in batch:
            before = event.id
            if wanted.visitor is None or event.details.get("visitor") == wanted.visitor:
                found.append(event)
            if len(found) == limit:
                break
        else:
            if len(batch) < asked:
                return _rows(store, found), None
    return _rows(store, found), before


def csv_of(rows: Sequence[dict[str, Any]], *, heading: bool) -> str:
    """RFC 4180; no cell is one that a spreadsheet would take for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    if heading:
        writer.writerow(COLUMNS)
    for row in rows:
        reasons = [reason for reason in row.get("reasons") or [] if isinstance(reason, dict)]
        writer.writerow([cell(value) for value in (
            row["id"], moment(row["wall"]), row["kind"], row["name"], row["person"] or row.get("visitor"), row.get("authority"),
            " ".join(str(reason.get("code")) for reason in reasons), "; ".join(str(reason.get("text")) for reason in reasons))])
    return out.getvalue()


def _rows(store: Store, events: Sequence[Event]) -> list[dict[str, Any]]:
    """With names of those who are still there, and whether there is a picture."""
    names: dict[str, str | None] = {}
    guests: dict[str, str] | None = None
    rows = []
    pictures = store.recordings.numbers() if events else set()
    for event in events:
        visitor = event.details.get("visitor")
        if event.person is not None and event.person not in names:
            names[event.person] = _name(store, event.person)
        if isinstance(visitor, str) and guests is None:
            guests = {guest.id: guest.label for guest in visitors(store)}
        name = names.get(event.person or "") if event.person is not None else (guests or {}).get(str(visitor))
        rows.append({**event_row(event, name), "picture": event.id in pictures})
    return rows


def _name(store: Store, person: str) -> str | None:
    try:
        return store.person(person).name
    except (PeopleError, StoreError):
        return None
