"""From one version of the people store to the next: in one transaction, with a copy of the old file kept.

The copy `people.db.v<old>` is made before the first step (`edge_face.people.copies` says how long it stays).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from edge_face.errors import StoreError
from edge_face.people import schema
from edge_face.people.copies import drop_copies, keep_copy

Step = Callable[[sqlite3.Connection], None]


def _pictures(connection: sqlite3.Connection) -> None:
    """Version 2: pictures that people agreed to leave here."""
    for statement in schema.TABLES_2:
        connection.execute(statement)


def _sealed_records(connection: sqlite3.Connection) -> None:
    """Version 3: rights, codes and whatever else is sealed; events that write less. The ring of keys follows when the store
    knows its device key."""
    for statement in (*schema.TABLES_3, *schema.EVENTS_3):
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
    """Brings an older file to the current version; the copy of the version before stays, those of earlier ones go.

    Raises StoreError; the file is then as it was.
    """
    version, = connection.execute("PRAGMA user_version").fetchone()
    if version == schema.VERSION:
        return
    keep_copy(connection, path, f"v{version}")
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
    drop_copies(path, below=version)


def _climb(connection: sqlite3.Connection, version: int) -> None:
    while version < schema.VERSION:
        step = STEPS.get(version)
        if step is None:
            raise StoreError(f"there is no way from version {version} of the people store to {schema.VERSION}: install the "
                             "edge-face versions between, one after the other")
        step(connection)
        version += 1
        connection.execute(f"PRAGMA user_version = {version}")
