"""Backups: the whole store under a passphrase, and its restoring on any card, under that card's own device key.

A backup holds the database as it lies and the ring of its keys; the device key is not in it. Restoring never brings back who
was forgotten: marks of the forgotten in the backup and on this card count both.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge_face.errors import PeopleError, StoreError
from edge_face.people import copies, keys, schema
from edge_face.people.backup_file import PIECE, BackupReader, check_target, write_backup_file
from edge_face.people.database import FILE, Database, locked, put_in_place
from edge_face.people.database_errors import refused
from edge_face.people.key_ring import KeyRing
from edge_face.people.ownership import like
from edge_face.people.passphrase import check_passphrase
from edge_face.people.store import Store
from edge_face.people.tables import LooseTables
from edge_face.people.tombstones import FILE as MARKS
from edge_face.people.tombstones import Tombstones, mark_of
from edge_face.people.unlocking import KeyPlace, find_key, put_key, unlock

STEPS = ("read", "prepared", "kept", "in place")
MERGED, BY_ID, IN_FILE, NONE = "merged", "by id", "in the file", "none"


@dataclass(frozen=True, slots=True)
class BackedUp:
    people: int
    size: int
    """Bytes of the file."""


@dataclass(frozen=True, slots=True)
class Restored:
    """`made`: when the backup was (seconds since 1970). `kept`: the copy of the store that was here (None also
    when nobody can open it and somebody had to be forgotten again). `marks`: how it is known
    who was forgotten here after the backup was made: "merged" (same store), "by id" (another store: its people are not in
    the backup's marks, but none of them is brought back), "in the file" (the database here was unreadable; its file of
    marks holds for a backup of the same store), "none" (nothing is known)."""

    people: int
    made: float
    kept: Path | None
    marks: str


def back_up(folder: str | Path, key_file: str | Path | None, path: str | Path, passphrase: str, *, replace: bool = False,
            wall: Callable[[], float] = time.time) -> BackedUp:
    """Writes everything that the store holds into one file; a running door is not disturbed. Raises StoreError, PeopleError,
    UsageError for a passphrase that is too short."""
    folder, path = Path(folder), Path(path)
    check_target(path, replace)
    check_passphrase(passphrase)
    with contextlib.closing(Database(folder, read_only=True, wait=0.0)) as database:
        ring, _ = unlock(database, find_key(folder, key_file))
        marks = Tombstones(database, folder, ring.tombstones).marks()
        copy = path.with_name(f".{path.name}.copy")
        try:
            with database.snapshot():
                people, = database.row("SELECT count(*) FROM person") or (0,)
                database.copy_to(copy)
            facts = {"made": wall(), "people": people, "version": schema.VERSION,
                     "ring": {name: key.hex() for name, key in asdict(ring).items()}, "marks": sorted(mark.hex() for mark in marks)}
            size = write_backup_file(path, facts, _pieces(copy), passphrase, replace=replace)
        finally:
            copies.drop(copy)
    return BackedUp(int(people), size)


def restore(folder: str | Path, key_file: str | Path | None, path: str | Path, passphrase: str, *, replace: bool = False,
            wait: float = 2.0, step: Callable[[str], None] = lambda _: None) -> Restored:
    """Puts a backup in the place of the store in `folder`, under the device key of this card, which is made if there is none.
    Without `replace` only where nobody is enrolled yet; with it a copy of the store that was there is kept. Cut anywhere, it
    is the store from before or the backup's. Raises StoreError, PeopleError."""
    folder, where = Path(folder), find_key(Path(folder), key_file)
    target, filed = folder / FILE, _size(folder / MARKS) > 0
    with BackupReader(Path(path), passphrase) as backup, locked(folder, wait), contextlib.ExitStack() as stack:
        here = _Here.look(folder, where, stack) if _size(target) else None
        if here is not None and not replace and not here.empty:
            raise StoreError(f"there is a people store in {folder} already: --replace puts the backup in its place and keeps a copy of it")
        ring, draft = _ring_of(backup.facts), copies.draft_of(target, "restoring")
        copies.drop(draft)  # what a cut left
        stack.callback(copies.drop, draft)
        _write(draft, backup.pieces())
        step(STEPS[0])
        device_key = where.load() if where.credential or os.path.lexists(where.path) else keys.create_key(where.path)
        _prepare(draft, device_key, ring, backup.facts, here)
        step(STEPS[1])
        kept = here.keep() if here is not None and not here.empty else None
        step(STEPS[2])
        if here is not None and here.database is not None:
            here.database.replace_with(draft)
        else:
            put_in_place(draft, target)
    step(STEPS[3])
    with Store(folder, key_file, wait=wait) as store:
        known = IN_FILE if filed else NONE
        if here is not None and here.ring is not None:
            known = MERGED if here.ring.tombstones == ring.tombstones else BY_ID
        return Restored(store.count(), float(backup.facts["made"]), kept if kept and kept.exists() else None, known)


@dataclass(frozen=True, slots=True)
class _Here:
    """The store that a backup takes the place of; no `database` when it cannot be read."""

    path: Path
    database: Database | None
    stones: Tombstones | None
    ring: KeyRing | None
    empty: bool

    @staticmethod
    def look(folder: Path, where: KeyPlace, stack: contextlib.ExitStack) -> _Here:
        try:
            with contextlib.ExitStack() as opened:
                database = Database(folder, read_only=False, wait=0.0, held=True)
                opened.callback(database.close)
                ring, _ = unlock(database, where)
                stones = Tombstones(database, folder, ring.tombstones)
                used = any(database.row(f"SELECT 1 FROM {table}") for table in ("person", "event", "sealed_record", "tombstone"))
                stack.push(opened.pop_all())
            return _Here(database.path, database, stones, ring, not used)
        except StoreError:
            return _Here(folder / FILE, None, None, None, False)

    def keep(self) -> Path:
        label = f"v{schema.VERSION}{copies.BEFORE_RESTORE}"
        if self.database is not None:
            return self.database.keep_copy(label)
        return copies.keep_damaged(self.path, label)


def _ring_of(facts: dict[str, Any]) -> KeyRing:
    try:
        return KeyRing(**{name: bytes.fromhex(value) for name, value in facts["ring"].items()})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PeopleError("this backup lacks the keys of its store: it was written by another program") from error


def _prepare(draft: Path, device_key: bytes, ring: KeyRing, facts: dict[str, Any], here: _Here | None) -> None:
    """Under this card's key, and with the marks of who was forgotten here."""
    try:
        version = copies.look(draft).version
        if version > schema.VERSION:
            raise PeopleError(f"this backup holds a store of version {version}, this edge-face knows {schema.VERSION}: install the newer "
                              "edge-face")
        with contextlib.closing(LooseTables(draft)) as tables, tables.transaction():
            marks = {bytes.fromhex(mark) for mark in facts["marks"]}
            if here is not None and here.stones is not None and here.ring is not None:
                if here.ring.tombstones == ring.tombstones:
                    marks |= here.stones.marks()
                covered = here.stones.check()
                marks |= {mark_of(ring.tombstones, identity) for identity, in tables.rows("SELECT id FROM person") if covered(identity)}
            for mark in sorted(marks):
                tables.run("INSERT OR IGNORE INTO tombstone (tag, wall) VALUES (?, 0)", [mark])
            put_key(tables, device_key, ring)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
    except (sqlite3.Error, UnicodeDecodeError, KeyError, ValueError) as error:
        if isinstance(error, PeopleError):
            raise
        raise PeopleError("the database in this backup is damaged: use another backup") from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _pieces(copy: Path) -> Iterator[bytes]:
    with copy.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _write(draft: Path, pieces: Iterator[bytes]) -> None:
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            like(draft.parent, file.fileno())
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise refused(error, f"{draft.parent} has no room for the backup's store ({error.strerror}): make room; nothing was "
                             "changed") from error
