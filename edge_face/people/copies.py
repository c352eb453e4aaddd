"""Copies of the whole database that are kept beside it: of the version before an update, of the store before a restore.

`edge-face store rollback` brings one back to work. Forgetting reaches them: a copy is cleaned of whoever was forgotten or
took a consent back since, and dropped when it cannot be cleaned. The next update, a new device key and `edge-face store
forget-copy` drop them.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from edge_face.errors import StoreError
from edge_face.people import schema
from edge_face.people.database_errors import DiskRefusesError, explain, refused
from edge_face.people.events import EventLog
from edge_face.people.key_ring import KeyRing, fingerprint, old_ring, open_ring
from edge_face.people.keys import sync_folder
from edge_face.people.mentions import cut_from_house
from edge_face.people.ownership import like
from edge_face.people.person import Consent
from edge_face.people.sealed_records import SealedRecords
from edge_face.people.sealed_templates import open_core
from edge_face.people.sealing import SealBrokenError
from edge_face.people.tables import LooseTables, Tables

# Every copy is called people.db.v...: edge-face 0.1 drops those when somebody is forgotten.
BEFORE_RESTORE, BEFORE_ROLLBACK = "-before-restore", "-before-rollback"
_NAME = re.compile(rf"\.v(\d+)({BEFORE_RESTORE}|{BEFORE_ROLLBACK})?")
_TABLES = ("template", "picture", "sealed_record")


@dataclass(frozen=True, slots=True)
class Copy:
    """`version`: of the database in it; `key`: the fingerprint of the device key that opens it."""

    path: Path
    version: int
    key: bytes


@dataclass(frozen=True, slots=True)
class Since:
    """What copies must follow: who was forgotten, what people agree to now (None: not in the store), and all marks."""

    forgotten: Callable[[str], bool]
    consent: Callable[[str], Consent | None]
    marks: Iterable[bytes]


def keep_copy(connection: sqlite3.Connection, path: Path, label: str) -> Path:
    """A whole copy of the database at `path` beside it, complete before its name appears. Raises StoreError."""
    copy, draft = path.with_name(f"{path.name}.{label}"), draft_of(path, label)
    try:
        write_copy(connection, draft)
        draft.replace(copy)
        sync_folder(copy.parent)
    except (OSError, sqlite3.Error) as error:
        draft.unlink(missing_ok=True)
        kind = DiskRefusesError if isinstance(error, OSError) else type(explain(error, path))
        raise kind(f"no copy of {path} could be kept beside it ({error}): make room on the disk; nothing was changed") from error
    return copy


def write_copy(connection: sqlite3.Connection, file: Path) -> None:
    """A whole copy of an open database, on the disk when this returns. Raises OSError, sqlite3.Error."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)) as empty:
        like(file.parent, empty.fileno())
    target = sqlite3.connect(file)
    try:
        connection.backup(target)
        # Without this the copy would want a journal of its own to be read.
        target.execute("PRAGMA journal_mode = DELETE")
    finally:
        target.close()
    with file.open("rb") as written:
        os.fsync(written.fileno())


def keep_damaged(path: Path, label: str) -> Path:
    """A copy of a file that cannot be opened, byte for byte; with its journal where SQLite can still read both. Raises
    StoreError."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return keep_copy(connection, path, label)
    except (sqlite3.Error, StoreError):
        copy, draft = path.with_name(f"{path.name}.{label}"), draft_of(path, label)
        try:
            shutil.copyfile(path, draft)
            draft.chmod(0o600)
            with draft.open("rb") as written:
                like(path.parent, written.fileno())
                os.fsync(written.fileno())
            draft.replace(copy)
            sync_folder(copy.parent)
        except OSError as error:
            raise refused(error, f"no copy of {path} could be kept beside it ({error.strerror}): make room on the disk; nothing was "
                                 "changed") from error
        return copy


def draft_of(path: Path, label: str) -> Path:
    """Where a database is made that is to be called `label`: whatever a cut leaves there is dropped later."""
    return path.with_name(f".{path.name}.{label}.new")


def copies(path: Path) -> list[Copy]:
    """Those of the database at `path` that can be read; of the latest version first, then the latest made."""
    found = []
    for file in _files(path):
        try:
            copy = look(file)
            found.append(((copy.version, file.stat().st_mtime_ns), copy))
        except (OSError, sqlite3.Error, StoreError):
            continue
    return [copy for _, copy in sorted(found, key=lambda pair: pair[0], reverse=True)]


def drop_copies(path: Path, *, below: int | None = None) -> list[Path]:
    """Removes the copies of the database at `path` (`below`: of versions before that one), and what a cut left of one.
    Raises StoreError when one stays."""
    gone = [file for file in _files(path) if below is None or _version_of(path, file) < below]
    for file in gone:
        drop(file)
    drop_leftovers(path)
    return gone


def drop_leftovers(path: Path) -> None:
    """What a cut left of a copy that was being made, cleaned or put in place. Raises StoreError when it stays."""
    for file in (*path.parent.glob(f".{path.name}.*.new*"), *path.parent.glob(f"{path.name}.v*-journal")):
        drop(file)


def drop(copy: Path) -> None:
    """Removes a file, its bytes overwritten: people who are forgotten must not stay behind in its freed blocks."""
    try:
        with copy.open("r+b") as file:
            size = os.fstat(file.fileno()).st_size
            for start in range(0, size, 1 << 20):
                file.write(bytes(min(1 << 20, size - start)))
            file.flush()
            os.fsync(file.fileno())
        copy.unlink()
    except FileNotFoundError:
        return
    except OSError as error:
        raise refused(error, f"{copy}, a copy of the store, cannot be removed ({error.strerror}): remove it") from error


def clean_copies(path: Path, device_key: bytes, since: Since) -> list[Path]:
    """Brings all copies in line; those that had to be dropped, as nobody could clean them. Raises StoreError when one can
    neither be cleaned nor dropped."""
    dropped = []
    drop_leftovers(path)
    for file in _files(path):
        try:
            if look(file).key != fingerprint(device_key):
                raise StoreError("sealed under an earlier device key")
            _clean(file, device_key, since)
        except (OSError, sqlite3.Error, UnicodeDecodeError, StoreError):
            drop(file)
            dropped.append(file)
    return dropped


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.parent.glob(f"{path.name}.v*") if _NAME.fullmatch(file.name[len(path.name):]))


def _version_of(path: Path, file: Path) -> int:
    return int(file.name[len(path.name) + 2:].split("-")[0])


def look(file: Path) -> Copy:
    """What a copy is. Raises StoreError, sqlite3.Error for one that is damaged."""
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        application, = connection.execute("PRAGMA application_id").fetchone()
        version, = connection.execute("PRAGMA user_version").fetchone()
        problem, = connection.execute("PRAGMA quick_check(1)").fetchone()
        row = connection.execute("SELECT value FROM meta WHERE key = 'key'").fetchone()
        if application != schema.APPLICATION or problem != "ok" or row is None:
            raise StoreError(f"{file} is damaged")
        return Copy(file, int(version), bytes(row[0]))
    finally:
        connection.close()


def _clean(file: Path, device_key: bytes, since: Since) -> None:
    tables = LooseTables(file)
    try:
        present = [table for table in _TABLES if tables.has(table)]
        ring = _ring(tables, device_key)
        changed = False
        with tables.transaction():
            for identity, wrapped in tables.rows("SELECT id, wrapped_key FROM person"):
                if since.forgotten(identity):
                    _erase(tables, ring, identity, wrapped, present)
                    changed = True
                    continue
                consent = since.consent(identity)
                if consent is None:
                    continue
                for table, given in (("template", consent.recognise), ("picture", consent.pictures)):
                    if given is None and table in present:
                        changed |= tables.run(f"DELETE FROM {table} WHERE person = ?", [identity]) > 0
            if changed:
                for mark in since.marks:
                    tables.run("INSERT OR IGNORE INTO tombstone (tag, wall) VALUES (?, 0)", [mark])
        if changed:
            tables.vacuum()
    finally:
        tables.close()
    with file.open("rb") as written:
        os.fsync(written.fileno())


def _ring(tables: Tables, device_key: bytes) -> KeyRing:
    row = tables.row("SELECT value FROM meta WHERE key = 'ring'")
    return old_ring(device_key) if row is None else open_ring(device_key, row[0])


def _erase(tables: Tables, ring: KeyRing, identity: str, wrapped: bytes, present: Iterable[str]) -> None:
    def data_key(person: str) -> bytes | None:
        row = tables.row("SELECT wrapped_key FROM person WHERE id = ?", [person])
        return None if row is None else ring.data_key(person, row[0])

    try:
        record, = tables.row("SELECT record FROM person WHERE id = ?", [identity]) or (b"",)
        name = str(open_core(ring.data_key(identity, wrapped), identity, record)["name"])
    except (SealBrokenError, KeyError):
        name = ""
    EventLog(tables, ring.events, data_key).anonymise(identity, name)
    if "sealed_record" in present:
        cut_from_house(SealedRecords(tables, ring.records, data_key), identity, name)
    for table in present:
        tables.run(f"DELETE FROM {table} WHERE person = ?", [identity])
    tables.run("DELETE FROM person WHERE id = ?", [identity])
