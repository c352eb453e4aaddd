"""The database file under the people store: one writer, transactions that happen wholly or not at all, errors in words.

SQLite in WAL mode with `secure_delete`: what is deleted is overwritten. The writer holds a lock file for as long as it
is open; readers need none.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from edge_face.errors import StoreError
from edge_face.people import copies, migrations, schema
from edge_face.people.database_errors import FAULTS, DiskRefusesError, OlderStoreError, corrupt, explain, refused
from edge_face.people.keys import sync_folder
from edge_face.people.ownership import like
from edge_face.people.reading import as_if_newer, into_memory

FILE, LOCK = "people.db", "people.lock"
BUSY_SECONDS = 5.0
_IN_MEMORY = 32 << 20
"""Bytes of a database that is written anew in memory."""
_PIECE = 1 << 20
_MAGIC = b"SQLite format 3\x00"


class Database:
    """The open database file in `folder`. May be used from several threads, one at a time.

    Raises StoreError for a folder or file that cannot be used: missing (when reading only), locked by another writer for
    longer than `wait` seconds, read-only, corrupt, no database, of a newer version. `older`: a reader takes an older
    version as it is. `held`: the caller has the writer's lock (`locked`).
    """

    def __init__(self, folder: Path, *, read_only: bool, wait: float, older: bool = False,
                 held: bool = False) -> None:
        self.folder, self.path, self.read_only, self._older = folder, folder / FILE, read_only, older
        self._guard = threading.RLock()
        self._lock: int | None = None
        self._connection: sqlite3.Connection | None = None
        self.fresh = False
        """Was there no database before?"""
        try:
            if not read_only and not held:
                self._lock = _hold(folder, wait)
            self.fresh = self._look()
            self._connection = self._connect()
            with self.reporting():
                self._prepare()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Closes the file and gives the lock back. May be called again."""
        with self._guard:
            connection, self._connection = self._connection, None
            if connection is not None:
                with contextlib.suppress(sqlite3.Error):
                    if not self.read_only:
                        # SQLite removes the journal when the last connection closes, with what is in it.
                        self._connection = connection
                        connection.execute("PRAGMA busy_timeout = 0")
                        self._empty_journal()
                self._connection = None
                with contextlib.suppress(sqlite3.Error):
                    connection.close()
            held, self._lock = self._lock, None
            if held is not None:
                os.close(held)

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._guard, self.reporting():
            return self._open.execute(statement, values).fetchall()

    def row(self, statement: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        with self._guard, self.reporting():
            cursor = self._open.execute(statement, values)
            first: tuple[Any, ...] | None = cursor.fetchone()
            cursor.close()
            return first

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Runs a statement inside a transaction; the number of rows that it changed."""
        return self._open.execute(statement, values).rowcount

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens, or nothing. Raises StoreError, and whatever is raised inside."""
        with self._guard, self.reporting():
            if self.read_only:
                raise StoreError(f"the people store in {self.folder} was opened for reading only")
            self._open.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._open.execute("COMMIT")
            except BaseException:
                # After some errors (disk full) SQLite has rolled back by itself.
                with contextlib.suppress(sqlite3.Error):
                    if self._open.in_transaction:
                        self._open.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Queries inside see one and the same state."""
        with self._guard, self.reporting():
            nested = self._open.in_transaction
            if not nested:
                self._open.execute("BEGIN")
            try:
                yield
            finally:
                if not nested and self._open.in_transaction:
                    self._open.execute("ROLLBACK")

    def scrub(self) -> None:
        """Leaves nothing of deleted rows in any file: journal into the database, free pages dropped, journal cut to
        nothing. Raises StoreError, also when a reader keeps the journal in use."""
        with self._guard, self.reporting():
            self._checkpoint()
            if self.path.stat().st_size < _IN_MEMORY:
                # What VACUUM puts aside would otherwise lie in a temporary file, and then in free blocks.
                self._open.execute("PRAGMA temp_store = MEMORY")
            self._open.execute("VACUUM")
            self._checkpoint()

    def keep_copy(self, label: str) -> Path:
        """A whole copy beside the file (`edge_face.people.copies`). Raises StoreError."""
        with self._guard:
            return copies.keep_copy(self._open, self.path, label)

    def copy_to(self, file: Path) -> None:
        """A whole copy anywhere, without a journal. Raises StoreError."""
        with self._guard, self.reporting():
            try:
                copies.write_copy(self._open, file)
            except OSError as error:
                raise refused(error, f"{file} cannot be written ({error.strerror}): choose another place, or make room") from error

    def replace_with(self, draft: Path) -> None:
        """Puts another database, complete and without a journal, in the place of this one, which is closed; the lock is held
        until `close`. Raises StoreError while another program has the file open."""
        with self._guard, self.reporting():
            self._checkpoint()
            mode, = self._open.execute("PRAGMA journal_mode = DELETE").fetchone()
            if mode != "delete":
                raise StoreError(f"another program has {self.path} open: close it and try again")
            connection, self._connection = self._open, None
            connection.close()
            put_in_place(draft, self.path)

    def fold(self) -> None:
        """Journal into the database, as far as readers let: what was deleted is then overwritten there too."""
        with self._guard, self.reporting():
            self._empty_journal()

    @contextlib.contextmanager
    def reporting(self) -> Iterator[None]:
        """Turns SQLite's errors into StoreErrors."""
        try:
            yield
        except FAULTS as error:
            raise explain(error, self.path) from error

    @property
    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreError(f"the people store in {self.folder} is closed")
        return self._connection

    def _look(self) -> bool:
        """Is the file still to be made? Raises StoreError for what is no database of ours."""
        try:
            with self.path.open("rb") as file:
                head = file.read(len(_MAGIC))
        except FileNotFoundError as error:
            if self.read_only:
                raise StoreError(f"there is no people store in {self.folder}: enrol somebody (edge-face enroll NAME), or set "
                                 "[store] folder to where it is") from error
            return True
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read ({error.strerror}): run this as the user who owns it, or with "
                             "sudo") from error
        if head and head != _MAGIC:
            raise StoreError(f"{self.path} is not a database: it was damaged or is another file; move it away and import the "
                             "people from an export, or enrol them again")
        if not head and self.read_only:
            raise StoreError(f"{self.path} is empty: nobody is enrolled yet (edge-face enroll NAME)")
        return not head

    def _connect(self) -> sqlite3.Connection:
        if not self.read_only:
            _touch(self.path)
            return _connected(self.path, "rw")
        try:
            connection = _connected(self.path, "ro")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return connection
        except FAULTS as error:
            # A folder that cannot be written has no room for the journal's index; without a journal none is needed.
            journal = self.path.with_name(FILE + "-wal")
            if journal.exists() and journal.stat().st_size:
                return into_memory(self.path, journal, error)
            if os.access(self.folder, os.W_OK) and not isinstance(explain(error, self.path), DiskRefusesError):
                raise explain(error, self.path) from error
            return _connected(self.path, "ro&immutable=1")

    def _prepare(self) -> None:
        connection = self._open
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        if not self.fresh and self._begun():
            if self.read_only:
                raise StoreError(f"{self.path} is empty: nobody is enrolled yet (edge-face enroll NAME)")
            self.fresh = True
        if self.fresh:
            connection.execute("PRAGMA journal_mode = WAL")
            migrations.create(connection)
        self._check()
        if not self.read_only:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            migrations.bring_up(connection, self.path)

    def _begun(self) -> bool:
        """A database without anything in it: what a full disk or a cut leaves of one that was just being made."""
        marks = [self._open.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        return marks == [0, 0] and self._open.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)

    def _check(self) -> None:
        connection = self._open
        application, = connection.execute("PRAGMA application_id").fetchone()
        if application != schema.APPLICATION:
            raise StoreError(f"{self.path} is a database, but no people store of edge-face: set [store] folder to another "
                             "folder")
        version, = connection.execute("PRAGMA user_version").fetchone()
        if version > schema.VERSION:
            raise StoreError(f"{self.path} was written by a newer edge-face (its version is {version}, this one knows "
                             f"{schema.VERSION}): install the newer edge-face again")
        if version < schema.VERSION and self.read_only and self._older:
            as_if_newer(connection, version)
        elif version < schema.VERSION and self.read_only:
            raise OlderStoreError(f"{self.path} is of version {version}, which is brought to {schema.VERSION} when the store is "
                             "next opened for writing: start the door once, or run 'edge-face people list' as its owner")
        problem, = connection.execute("PRAGMA quick_check(1)").fetchone()
        if problem != "ok":
            raise corrupt(self.path, str(problem))

    def _checkpoint(self) -> None:
        if not self._empty_journal():
            raise StoreError(f"another program is reading {self.path}, so that what was erased is still in its journal: close "
                             "that program; it is cleaned when the store is next opened")

    def _empty_journal(self) -> bool:
        """Journal into the database, then its bytes overwritten, then cut: blocks that the file system frees still hold what was in them.
        Between the two checkpoints everybody reads the database alone; after a cut there, a journal of zeros is an empty one. False while
        a reader keeps the journal in use."""
        busy, _, _ = self._open.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        if busy:
            return False
        with contextlib.suppress(OSError):  # a disk that takes nothing: it is cut all the same
            _blank(self.path.with_name(f"{FILE}-wal"))
        busy, _, _ = self._open.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy


@contextlib.contextmanager
def locked(folder: Path, wait: float) -> Iterator[None]:
    """Holds the writer's lock of a folder. Raises StoreError."""
    descriptor = _hold(folder, wait)
    try:
        yield
    finally:
        os.close(descriptor)


def put_in_place(draft: Path, path: Path) -> None:
    """Renames a database that is complete on the disk. Raises StoreError."""
    try:
        for journal in ("-wal", "-shm", "-journal"):
            path.with_name(path.name + journal).unlink(missing_ok=True)
        draft.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise refused(error, f"{draft} cannot take the place of {path} ({error.strerror}): nothing was changed") from error


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    try:
        # Threads take turns under Database's own lock.
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_SECONDS,
                                     isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise explain(error, path) from error
    connection.text_factory = str
    return connection


def _touch(path: Path) -> None:
    """Makes the file with mode 0600 before SQLite would make it readable by others (its journals take the same mode)."""
    try:
        os.close(_made(path))
    except OSError as error:
        raise refused(error, f"{path} cannot be written ({error.strerror}): run this as the user who owns it (sudo), or mount the "
                             "disk for writing") from error


def _made(path: Path) -> int:
    """The file open for writing; made if it is not there. Raises OSError."""
    there = path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not there:
        like(path.parent, descriptor)
    return descriptor


def _blank(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        size = os.fstat(descriptor).st_size
        for start in range(0, size, _PIECE):
            os.pwrite(descriptor, bytes(min(_PIECE, size - start)), start)
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def writer_of(folder: Path) -> str:
    """" (process 123)": who said last that it writes the store, for messages; may be empty."""
    try:
        who = (folder / LOCK).read_text(encoding="ascii")[:20].strip()
    except (OSError, ValueError):
        return ""
    return f" (process {who})" if who.isdigit() else ""


def _hold(folder: Path, wait: float) -> int:
    """The writer's lock: ends with the process, whatever ends it."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = _made(folder / LOCK)
    except OSError as error:
        raise refused(error, f"the people store in {folder} cannot be written ({error.strerror}): run this as the user who owns it "
                             "(sudo), or set [store] folder") from error
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except OSError:
            if time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            os.close(descriptor)
            raise StoreError(f"the people store in {folder} is in use by another edge-face{writer_of(folder)}: "
                             "let it finish, or stop it (a door that runs as a service: sudo systemctl stop edge-face)") from None
    with contextlib.suppress(OSError):  # for messages only: a full disk has worse to say later
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor
