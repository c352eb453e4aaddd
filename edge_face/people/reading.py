"""Reading a database where nothing can be written: on a full or read-only disk, and of an older version.

Residents are let in all the same: the gallery needs no writing.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from pathlib import Path

from edge_face.people import schema
from edge_face.people.database_errors import DiskRefusesError, explain

LARGEST = 256 << 20
"""Bytes of a database that is read into memory."""
_RAM = Path("/dev/shm")


def into_memory(path: Path, journal: Path, reason: BaseException) -> sqlite3.Connection:
    """The database with its journal, in memory: what was committed after the last checkpoint is in the journal alone, and
    SQLite cannot read that one without writing beside it. Nobody else has the file open then. Raises StoreError."""
    try:
        if path.stat().st_size + journal.stat().st_size > LARGEST:
            raise DiskRefusesError(f"{path} cannot be opened for reading on a disk that takes no data ({reason}), and is too large to be "
                                   "read into memory: make room or mount the disk for writing") from reason
        with tempfile.TemporaryDirectory(dir=_RAM if _RAM.is_dir() else None) as folder:
            copy = Path(folder, path.name)
            shutil.copyfile(path, copy)
            shutil.copyfile(journal, copy.with_name(journal.name))
            source = sqlite3.connect(copy)
            memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            try:
                source.backup(memory)
            except BaseException:
                memory.close()
                raise
            finally:
                source.close()
    except sqlite3.Error as error:
        raise explain(error, path) from error
    except OSError as error:
        if isinstance(error, DiskRefusesError):
            raise
        raise DiskRefusesError(f"{path} cannot be opened for reading on a disk that takes no data ({reason}), nor be read into memory "
                               f"({error.strerror}): make room or mount the disk for writing") from error
    memory.execute("PRAGMA query_only = ON")
    return memory


def as_if_newer(connection: sqlite3.Connection, version: int) -> None:
    """Gives a reader of an older version the tables that later versions added, empty, in memory."""
    connection.execute("PRAGMA query_only = OFF")
    connection.execute("PRAGMA temp_store = MEMORY")
    for later, tables in ((2, schema.TABLES_2), (3, schema.TABLES_3)):
        for statement in tables:
            if version < later and statement.startswith("CREATE TABLE"):
                alone = re.sub(r"REFERENCES person \(id\)( ON DELETE CASCADE)?", "", statement)
                connection.execute(alone.replace("TABLE", "TEMP TABLE", 1))
