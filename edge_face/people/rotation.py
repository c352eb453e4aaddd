"""A new device key: everything it opened is sealed anew in one transaction, then the new key takes the old one's place.

    1 write `device.key.next`   2 commit: ring, wrapped data keys, name tags, what belongs to nobody   3 overwrite and
    replace `device.key`        4 scrub: copies under the old key, freed pages, journal

The store says by a fingerprint which key opens it, and whoever opens it takes either: cut anywhere, it is the old store
with the old key or the new one with the new key, and the next writer does the rest. Keys that hash (marks of the
forgotten, audit log, codes) stay, and so do people's data keys unless they are renewed as well: whoever has the old device
key and an old copy of the database has these.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge_face.errors import StoreError
from edge_face.people import keys
from edge_face.people.database import Database
from edge_face.people.key_ring import KeyRing
from edge_face.people.person import name_key
from edge_face.people.sealed_records import ALIAS, SealedRecords, alias_of, resealed
from edge_face.people.sealed_templates import open_core, template_place
from edge_face.people.sealing import KEY_BYTES, SealBrokenError, place, seal, tag, unseal
from edge_face.people.shelf import picture_place
from edge_face.people.store import Store
from edge_face.people.tables import Tables
from edge_face.people.unlocking import find_key, put_key, unlock

_BATCH = 500
"""Rows in memory at a time."""
STEPS = ("new key written", "sealed anew", "committed", "key in place")


@dataclass(frozen=True, slots=True)
class Rotated:
    """What was sealed anew, and whose rows were damaged before and are as they were."""

    people: int
    rows: int
    damaged: tuple[str, ...]


def rotate_key(folder: str | Path, key_file: str | Path | None = None, *, renew_data_keys: bool = False, wait: float = 2.0,
               step: Callable[[str], None] = lambda _: None) -> Rotated:
    """Gives the store in `folder` a new device key. `renew_data_keys`: people's own keys too, and everything sealed under
    them. `step` is told what is done (STEPS). Raises StoreError: while another program writes the store, when the key is a
    credential of systemd, when the disk is full; the old key is then still the store's."""
    where = find_key(Path(folder), key_file)
    if where.credential:
        raise StoreError(f"the device key is a credential that systemd keeps ({where.path}) and cannot be replaced from here: write "
                         "it into a file (systemd-creds decrypt), rotate that ([store] key_file), and encrypt the new one")
    Store(folder, key_file, wait=wait).close()  # which does what was cut short
    with contextlib.closing(Database(Path(folder), read_only=False, wait=wait)) as database:
        ring, _ = unlock(database, where)
        device_key = keys.write_next(where.path)
        step(STEPS[0])
        try:
            with database.transaction():
                fresh = replace(ring, **{name: secrets.token_bytes(KEY_BYTES) for name in ("wrapping", "names", "events", "records")})
                done = _Resealing(database, ring, fresh, renew_data_keys).run()
                put_key(database, device_key, fresh)
                database.run("INSERT OR REPLACE INTO meta (key, value) VALUES ('unscrubbed', x'01')")
                step(STEPS[1])
        except BaseException:
            keys.drop_next(where.path)
            raise
        step(STEPS[2])
        keys.take_next(where.path)
        step(STEPS[3])
    Store(folder, key_file, wait=wait).close()
    return done


class _Resealing:
    """Inside a transaction: from one ring to another. What is damaged stays as it is: nobody could read it before either."""

    def __init__(self, database: Tables, old: KeyRing, new: KeyRing, deep: bool) -> None:
        self._database, self._old, self._new, self._deep = database, old, new, deep
        self._rows = 0
        self._damaged: list[str] = []

    def run(self) -> Rotated:
        people = 0
        for identity, in self._database.rows("SELECT id FROM person"):
            try:
                self._person(identity)
                people += 1
            except SealBrokenError:
                self._damaged.append(identity)
        self._events("person IS NULL", (), self._old.events, self._new.events, None)
        self._records(None, self._old.records, self._new.records)
        return Rotated(people, self._rows, tuple(self._damaged))

    def _person(self, identity: str) -> None:
        wrapped, tagged, record = self._database.rows("SELECT wrapped_key, name_tag, record FROM person WHERE id = ?", [identity])[0]
        key = self._old.data_key(identity, wrapped)
        core = open_core(key, identity, record)
        spelled = name_key(str(core["name"])).encode("utf-8")
        if tag(self._old.names, spelled) != tagged:
            raise SealBrokenError(f"the record of person {identity} is not under its own name")
        fresh = secrets.token_bytes(KEY_BYTES) if self._deep else key
        if self._deep:
            record = self._moved(key, fresh, record, place("person.record", identity))
            self._below(identity, key, fresh)
        self._database.run("UPDATE person SET wrapped_key = ?, name_tag = ?, record = ? WHERE id = ?",
                           [self._new.wrap(identity, fresh), tag(self._new.names, spelled), record, identity])
        self._rows += 1

    def _below(self, identity: str, old: bytes, new: bytes) -> None:
        """What lies under a person's data key."""
        alias = SealedRecords(self._database, b"", lambda _: old).get(ALIAS, identity, "") or {ALIAS: alias_of(old, identity)}
        for table, columns in (("template", "id, model"), ("picture", "id")):
            for row in self._database.rows(f"SELECT {columns} FROM {table} WHERE person = ?", [identity]):
                where = template_place(identity, row[1], row[0]) if table == "template" else picture_place(identity, row[0])
                self._one(table, "sealed", "id", row[0], old, new, where)
        self._events("person = ?", (identity,), old, new, identity)
        self._records(identity, old, new)
        # The audit log calls the person by what the first data key gave.
        SealedRecords(self._database, b"", lambda _: new).put(ALIAS, alias, identity, "")

    def _events(self, which: str, values: tuple[Any, ...], old: bytes, new: bytes, person: str | None) -> None:
        last = 0
        while rows := self._database.rows(f"SELECT id, wall, kind FROM event WHERE {which} AND id > ? ORDER BY id LIMIT {_BATCH}",
                                          [*values, last]):
            for number, wall, kind in rows:
                self._one("event", "details", "id", number, old, new, place("event.details", person, kind, wall))
            last = rows[-1][0]

    def _records(self, owner: str | None, old: bytes, new: bytes) -> None:
        for row, kind, mark, sealed in self._database.rows("SELECT rowid, kind, name_tag, sealed FROM sealed_record WHERE person IS ?",
                                                           [owner]):
            with self._marking(owner):
                fresh_mark, fresh = resealed(kind, owner, mark, sealed, old, new)
                self._database.run("UPDATE sealed_record SET name_tag = ?, sealed = ? WHERE rowid = ?", [fresh_mark, fresh, row])
                self._rows += 1

    def _one(self, table: str, column: str, by: str, which: str | int, old: bytes, new: bytes, where: bytes) -> None:
        sealed, = self._database.rows(f"SELECT {column} FROM {table} WHERE {by} = ?", [which])[0]
        with self._marking(f"{table} {which}"):
            self._database.run(f"UPDATE {table} SET {column} = ? WHERE {by} = ?", [self._moved(old, new, sealed, where), which])
            self._rows += 1

    @contextlib.contextmanager
    def _marking(self, what: str | None) -> Iterator[None]:
        try:
            yield
        except SealBrokenError:
            self._damaged.append(what or "a record of the house")

    @staticmethod
    def _moved(old: bytes, new: bytes, sealed: bytes, where: bytes) -> bytes:
        return seal(new, unseal(old, sealed, where, "a row"), where)
