"""Marks of people who were forgotten: keyed hashes of their ids, in the database and in a file beside it.

The file outlives a database that was restored from a backup, so that the people in it who were forgotten since are
forgotten again. A mark tells nothing without the device key.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from edge_face.errors import StoreError
from edge_face.people.database import Database
from edge_face.people.database_errors import refused
from edge_face.people.keys import sync_folder
from edge_face.people.ownership import like
from edge_face.people.sealing import tag

FILE = "forgotten"


def mark_of(key: bytes, identity: str) -> bytes:
    """The keyed hash of an id."""
    return tag(key, identity.encode("ascii", "replace"))


class Tombstones:
    """All marks, from both places. Raises StoreError."""

    def __init__(self, database: Database, folder: Path, key: bytes) -> None:
        self._database, self._path, self._key = database, folder / FILE, key
        # What was read from the file alone: what the database holds is asked of it, so that a rollback is seen.
        self._filed = self._read_file()

    def covers(self, identity: str) -> bool:
        """Was somebody with this id forgotten?"""
        mark = self._mark(identity)
        return mark in self._filed or self._database.row("SELECT 1 FROM tombstone WHERE tag = ?", [mark]) is not None

    def check(self) -> Callable[[str], bool]:
        """`covers` as of now, for asking about many."""
        marks = self.marks()
        return lambda identity: self._mark(identity) in marks

    def put(self, identity: str, wall: float) -> None:
        """Inside a transaction; `write_file` follows."""
        self._database.run("INSERT OR REPLACE INTO tombstone (tag, wall) VALUES (?, ?)", [self._mark(identity), wall])

    def lift(self, identity: str) -> None:
        """Inside a transaction; `write_file` follows."""
        mark = self._mark(identity)
        self._database.run("DELETE FROM tombstone WHERE tag = ?", [mark])

    def settle(self) -> None:
        """Brings both places to hold the same marks: the union."""
        missing = self._filed - self._marks()
        if missing:
            with self._database.transaction():
                for mark in sorted(missing):
                    self._database.run("INSERT OR IGNORE INTO tombstone (tag, wall) VALUES (?, 0)", [mark])
        if self._marks() != self._filed:
            self.write_file()

    def write_file(self) -> None:
        """Makes the file hold what the database holds, wholly or not at all."""
        marks = self._marks()
        draft = self._path.with_name(f".{FILE}.{secrets.token_hex(6)}")
        try:
            try:
                descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                with os.fdopen(descriptor, "w", encoding="ascii") as file:
                    like(draft.parent, descriptor)
                    file.writelines(f"{mark.hex()}\n" for mark in sorted(marks))
                    file.flush()
                    os.fsync(file.fileno())
                draft.replace(self._path)
            finally:
                draft.unlink(missing_ok=True)
            sync_folder(self._path.parent)
        except OSError as error:
            raise refused(error, f"{self._path} cannot be written ({error.strerror}): make room; it is written when the store is "
                                 "next opened") from error
        self._filed = marks

    def _mark(self, identity: str) -> bytes:
        return tag(self._key, identity.encode("ascii", "replace"))

    def marks(self) -> set[bytes]:
        """All of them."""
        return self._filed | self._marks()

    def _marks(self) -> set[bytes]:
        return {mark for mark, in self._database.rows("SELECT tag FROM tombstone")}

    def _read_file(self) -> set[bytes]:
        try:
            text = self._path.read_text(encoding="ascii")
            return {bytes.fromhex(line) for line in text.split()}
        except FileNotFoundError:
            return set()
        except (OSError, ValueError) as error:
            raise StoreError(f"{self._path} cannot be read ({getattr(error, 'strerror', None) or 'it is damaged'}): it says who was "
                             "forgotten; restore it, or remove it and forget those people again if they come back") from error
