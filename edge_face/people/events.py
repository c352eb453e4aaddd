"""The door's diary: what happened, to whom, why, when. Reasons and scores, sealed; never a stranger's embedding."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_face.errors import PeopleError
from edge_face.people.mentions import FORGOTTEN, Mentions
from edge_face.people.sealing import SealBrokenError, place, seal, unseal
from edge_face.people.tables import Tables

KIND = re.compile(r"[a-z][a-z0-9_.-]{0,31}")
LONGEST_DETAILS = 16_384
"""Bytes of JSON."""
LONGEST_NUMBERS = 32
"""Numbers in one list: scores and votes fit, an embedding does not."""
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Event:
    """`person` is an id or None; details name people by their ids only."""

    id: int
    wall: float
    kind: str
    person: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """An event that is not written yet."""

    kind: str
    wall: float
    person: str | None
    details: Mapping[str, Any]


class EventLog:
    """Events in the people store. `data_key` gives a person's key, or None for somebody who is not there (any more);
    `own_key` seals what belongs to nobody."""

    def __init__(self, database: Tables, own_key: bytes, data_key: Callable[[str], bytes | None]) -> None:
        self._database, self._own_key, self._data_key = database, own_key, data_key
        self._pruned = False

    def append(self, kind: str, wall: float, person: str | None, details: Mapping[str, Any]) -> int:
        """Writes one event and returns its number. Raises PeopleError for details that do not belong in a diary,
        StoreError."""
        return self.append_all([Entry(kind, wall, person, details)])[0]

    def append_all(self, entries: Iterable[Entry]) -> list[int]:
        """Writes several events in one transaction: all or none."""
        checked = [(e, _checked(e)) for e in entries]
        numbers: list[int] = []
        with self._database.transaction():
            for entry, details in checked:
                numbers.append(self._write(entry, details))
        return numbers

    def query(self, limit: int = 100, since: float | None = None, kind: str | None = None, person: str | None = None, *,
              kinds: Sequence[str] = (), until: float | None = None, below: int | None = None, oldest: bool = False,
              above: int | None = None) -> list[Event]:
        """The newest first (`oldest`: the oldest first): at most `limit`, from the time `since`, before the time `until`, of one kind or
        any of `kinds`, of one person, numbered less than `below` and more than `above`. Raises StoreError; SealBrokenError for an event
        that was tampered with."""
        wanted = [("wall >= ?", since), ("wall < ?", until), ("kind = ?", kind), ("person = ?", person), ("id < ?", below),
                  ("id > ?", above)]
        chosen: list[tuple[str, tuple[Any, ...]]] = [(text, (value,)) for text, value in wanted if value is not None]
        if kinds:
            chosen.append((f"kind IN ({', '.join('?' * len(kinds))})", tuple(kinds)))
        where = f" WHERE {' AND '.join(text for text, _ in chosen)}" if chosen else ""
        order = "ASC" if oldest else "DESC"
        rows = self._database.rows(f"SELECT id, wall, kind, person, details FROM event{where} ORDER BY id {order} LIMIT ?",
                                   [*(value for _, values in chosen for value in values), max(limit, 0)])
        keys: dict[str | None, bytes] = {}
        return [self._read(row, keys) for row in rows]

    def get(self, number: int) -> Event | None:
        """One event by its number."""
        row = self._database.row("SELECT id, wall, kind, person, details FROM event WHERE id = ?", [number])
        return None if row is None else self._read(row, {})

    def numbers(self, limit: int, below: int | None = None) -> list[int]:
        """Of the newest events, the newest first; numbered less than `below`."""
        rows = self._database.rows("SELECT id FROM event WHERE ? IS NULL OR id < ? ORDER BY id DESC LIMIT ?", [below, below, limit])
        return [int(number) for number, in rows]

    def kinds(self) -> list[str]:
        """Of which kinds there are events."""
        return [str(kind) for kind, in self._database.rows("SELECT DISTINCT kind FROM event ORDER BY kind")]

    def count(self, kind: str | None = None, person: str | None = None) -> int:
        """How many events there are, of one kind, of one person."""
        row = self._database.row("SELECT count(*) FROM event WHERE (? IS NULL OR kind = ?) AND (? IS NULL OR person = ?)",
                                 [kind, kind, person, person])
        return int(row[0]) if row else 0

    def prune(self, before: float) -> int:
        """Deletes events older than that wall time; how many there were."""
        deleted = 0
        with self._database.transaction():
            last = self._last()
            # From the oldest number on, as far as there is something to delete: all of the table need not be read each time.
            # The first time it is, for what a clock that was wrong put elsewhere.
            below = 0
            while rows := self._database.rows("SELECT id, wall FROM event WHERE id > ? ORDER BY id LIMIT ?", [below, _BATCH]):
                below = rows[-1][0]
                gone = [number for number, wall in rows if wall < before]
                for number in gone:
                    deleted += self._database.run("DELETE FROM event WHERE id = ?", [number])
                if not gone and self._pruned:
                    break
            if deleted:
                self._database.run("INSERT OR REPLACE INTO meta (key, value) VALUES ('last event', ?)", [str(last).encode("ascii")])
        self._pruned = True
        return deleted

    def anonymise(self, person: str, name: str) -> None:
        """Inside a transaction: nothing in any event tells of this person any more. That something happened stays."""
        mentions = Mentions(person, name)
        keys: dict[str | None, bytes] = {}
        for row in self._database.rows("SELECT id, wall, kind, person, details FROM event WHERE person IS NOT ?", [person]):
            try:
                event = self._read(row, keys)
            except SealBrokenError:
                continue  # nobody can read it, and it must not stand in the way
            cleaned = mentions.cleaned(event.details)
            if cleaned != event.details:
                sealed = self._sealed(event.kind, event.wall, event.person, cleaned, keys[event.person])
                self._database.run("UPDATE event SET details = ? WHERE id = ?", [sealed, event.id])
        for number, wall, kind in self._database.rows("SELECT id, wall, kind FROM event WHERE person = ?", [person]):
            sealed = self._sealed(kind, wall, None, {FORGOTTEN: True}, self._own_key)
            self._database.run("UPDATE event SET person = NULL, details = ? WHERE id = ?", [sealed, number])

    def _write(self, entry: Entry, details: Mapping[str, Any]) -> int:
        person, key = entry.person, self._own_key
        if person is not None:
            own = self._data_key(person)
            if own is None:
                # Forgotten between the decision and its entry.
                person, details = None, {FORGOTTEN: True}
            else:
                key = own
        sealed = self._sealed(entry.kind, entry.wall, person, details, key)
        number = self._last() + 1
        self._database.run("INSERT INTO event (id, wall, kind, person, details) VALUES (?, ?, ?, ?, ?)",
                           [number, entry.wall, entry.kind, person, sealed])
        return number

    def _last(self) -> int:
        """The highest number that was ever given."""
        newest = self._database.row("SELECT max(id) FROM event")
        pruned = self._database.row("SELECT value FROM meta WHERE key = 'last event'")
        return max(int(newest[0] or 0) if newest else 0, int(pruned[0]) if pruned else 0)

    def _read(self, row: tuple[Any, ...], keys: dict[str | None, bytes]) -> Event:
        number, wall, kind, person, sealed = row
        if person not in keys:
            key = self._own_key if person is None else self._data_key(person)
            assert key is not None, "the database holds no event of somebody who is not there"
            keys[person] = key
        details = json.loads(unseal(keys[person], sealed, place("event.details", person, kind, wall), f"event {number}"))
        return Event(number, wall, kind, person, details)

    @staticmethod
    def _sealed(kind: str, wall: float, person: str | None, details: Mapping[str, Any], key: bytes) -> bytes:
        text = json.dumps(details, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
        return seal(key, text, place("event.details", person, kind, wall))


def _checked(entry: Entry) -> Mapping[str, Any]:
    """The details as JSON will give them back. Raises PeopleError."""
    if not KIND.fullmatch(entry.kind):
        raise PeopleError(f"{entry.kind!r} is no kind of event: small letters, digits, '.', '_', '-'")
    try:
        text = json.dumps(entry.details, ensure_ascii=False, allow_nan=False)
        size = len(text.encode("utf-8"))
        float(entry.wall).hex()
    except (TypeError, ValueError, RecursionError) as error:
        raise PeopleError(f"the details of an event are plain JSON values: {error}") from error
    if not isinstance(entry.details, Mapping) or size > LONGEST_DETAILS:
        raise PeopleError(f"the details of an event are an object of at most {LONGEST_DETAILS} bytes")
    details: dict[str, Any] = json.loads(text)
    _refuse_vectors(details)
    return details


def _refuse_vectors(value: Any) -> None:
    if isinstance(value, dict):
        for inner in value.values():
            _refuse_vectors(inner)
    elif isinstance(value, list):
        if sum(isinstance(inner, int | float) for inner in value) > LONGEST_NUMBERS:
            raise PeopleError("an event holds scores, never an embedding: a list of numbers is too long")
        for inner in value:
            _refuse_vectors(inner)
