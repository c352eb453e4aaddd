"""From one version of the people store to the next: in one transaction, with a copy of the old file kept meanwhile.

A copy `people.db.v<old>` is made before the first step and kept until the new version has been opened once without
trouble. Forgetting somebody removes such copies too: they hold that person.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from edge_face.errors import StoreError
from edge_face.people import schema
from edge_face.people.database_errors import DiskRefusesError, explain
from edge_face.people.keys import sync_folder

Step = Callable[[sqlite3.Connection], None]


def _pictures(connection: sqlite3.Connection) -> None:
    """Version 2: pictures that people agreed to leave here."""
    for statement in schema.TABLES_2:
        connection.execute(statement)


def _sealed_records(connection: sqlite3.Connection) -> None:
    """Version 3: rights, codes and whatever else is sealed. The ring of keys follows when the store knows its device key."""
    for statement in schema.TABLES_3:
        connection.execute(statement)


STEPS: Mapping[int, Step] = {1: _pictures, 2: _sealed_records}
"""By the version that a step starts from. It runs inside a transaction."""


def create(connection: sqlite3.Connection) -> None:
    """The tables of the current version in an empty file; in one transaction, so that a cut leaves it empty."""
    connection.execute("BEGIN EXCLUSIVE")
    try:
        for statement in schema.TABLES_1:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION}")
        connection.execute("PRAGMA user_version = 1")
        _climb(connection, 1)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def bring_up(connection: sqlite3.Connection, path: Path) -> None:
    """Brings an older file to the current version; removes the copy of a migration that has proved itself.

    Raises StoreError; the file is then as it was.
    """
    version, = connection.execute("PRAGMA user_version").fetchone()
    if version == schema.VERSION:
        drop_copies(path)
        return
    keep_copy(connection, path, version)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        _climb(connection, version)
        broken = connection.execute("PRAGMA foreign_key_check").fetchone()
        if broken is not None:
            raise StoreError(f"{path} could not be brought to version {schema.VERSION} (a row of {broken[0]} has lost its "
                             "owner): it is as it was; please report this")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def keep_copy(connection: sqlite3.Connection, path: Path, version: int) -> Path:
    """A whole copy of the database beside it, complete before its name appears. Raises StoreError."""
    copy = _copy_of(path, version)
    draft = copy.with_name(f".{copy.name}.new")
    try:
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        target = sqlite3.connect(draft)
        try:
            connection.backup(target)
            # Without this the copy would want a journal of its own to be read.
            target.execute("PRAGMA journal_mode = DELETE")
        finally:
            target.close()
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(copy)
        sync_folder(copy.parent)
    except (OSError, sqlite3.Error) as error:
        draft.unlink(missing_ok=True)
        kind = DiskRefusesError if isinstance(error, OSError) else type(explain(error, path))
        raise kind(f"{path} is of an older version, and no copy of it could be kept ({error}): make room on the disk; "
                   "nothing was changed") from error
    return copy


def drop_copies(path: Path) -> None:
    """Removes the copies that migrations kept. Raises StoreError when one stays."""
    for copy in (*path.parent.glob(f"{path.name}.v*"), *path.parent.glob(f".{path.name}.v*.new*")):
        try:
            # Overwritten first: people who are forgotten must not stay behind in a freed block of the same file.
            with copy.open("r+b") as file:
                size = os.fstat(file.fileno()).st_size
                for start in range(0, size, 1 << 20):
                    file.write(bytes(min(1 << 20, size - start)))
                file.flush()
                os.fsync(file.fileno())
            copy.unlink()
        except OSError as error:
            raise StoreError(f"{copy}, a copy from before an update, cannot be removed ({error.strerror}): remove it") from error


def _climb(connection: sqlite3.Connection, version: int) -> None:
    while version < schema.VERSION:
        step = STEPS.get(version)
        if step is None:
            raise StoreError(f"there is no way from version {version} of the people store to {schema.VERSION}: install the "
                             "edge-face versions between, one after the other")
        step(connection)
        version += 1
        connection.execute(f"PRAGMA user_version = {version}")


def _copy_of(path: Path, version: int) -> Path:
    return path.with_name(f"{path.name}.v{version}")
