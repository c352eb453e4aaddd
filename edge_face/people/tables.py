"""What the rooms of the store ask of a database: the live one, or a copy from before an update."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol


class Tables(Protocol):
    """Queries anywhere, statements inside a transaction."""

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...

    def row(self, statement: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None: ...

    def run(self, statement: str, values: Sequence[Any] = ()) -> int: ...

    def transaction(self) -> AbstractContextManager[None]: ...


class LooseTables:
    """Those of a database file that no program works on: without a journal on the disk, deleted rows overwritten. Raises
    sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
        try:
            for pragma in ("journal_mode = MEMORY", "temp_store = MEMORY", "secure_delete = ON", "foreign_keys = ON", "synchronous = FULL"):
                self._connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        self._connection.close()

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        first: tuple[Any, ...] | None = self._connection.execute(statement, values).fetchone()
        return first

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        return self._connection.execute(statement, values).rowcount

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

    def has(self, table: str) -> bool:
        return self.row("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [table]) is not None

    def vacuum(self) -> None:
        self._connection.execute("VACUUM")
