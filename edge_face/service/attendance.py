"""Who came on which day, from the diary: a purpose of its own, which the settings turn on and to which each person agrees or not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from edge_face.access.local_time import local_time
from edge_face.audit.table import cell, moment
from edge_face.errors import AccessError
from edge_face.people import Store

KIND = "attendance"
"""Of the store's record of a person: when and how they agreed."""
ENTRIES = ("grant", "code")
MOST_EVENTS = 20_000
COLUMNS = ("date", "name", "id", "first", "last", "times")


def agreed(store: Store) -> dict[str, Mapping[str, Any]]:
    """Who agreed to be listed, by id, and when and how."""
    return {owner: value for owner, _, value in store.records(KIND, lambda who, error: None) if owner is not None}


def days(store: Store, people: Iterable[str], since: float, until: float, zone: ZoneInfo | None) -> list[dict[str, Any]]:
    """A row for each day and person who agreed: the first and the last entry, and how many. Nothing from before they agreed. Raises
    AccessError for more entries than can be listed at once."""
    given, left = agreed(store), MOST_EVENTS
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for person in people:
        if person not in given:
            continue
        begin = max(since, float(given[person]["wall"]))
        events = store.events.query(left + 1, begin, person=person, kinds=ENTRIES, until=until, oldest=True)
        left -= len(events)
        if left < 0:
            raise AccessError(f"these are more than {MOST_EVENTS} entries: choose fewer days")
        name = store.person(person).name if events else ""
        for event in events:
            date = local_time(event.wall, zone).date.isoformat()
            new = {"date": date, "id": person, "name": name, "first": event.wall, "last": event.wall, "times": 0}
            row = rows.setdefault((date, person), new)
            row["first"], row["last"] = min(row["first"], event.wall), max(row["last"], event.wall)
            row["times"] += 1
    return sorted(rows.values(), key=lambda row: (row["date"], row["name"].casefold()))


def csv_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """RFC 4180, with a line of headings; times are UTC."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([cell(value) for value in (row["date"], row["name"], row["id"], moment(row["first"]), moment(row["last"]),
                                                   row["times"])])
    return out.getvalue()
