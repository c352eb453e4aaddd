"""What SQLite and the disk say, in one sentence with a way out."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from edge_face.errors import StoreError

FAULTS = (sqlite3.Error, UnicodeDecodeError)
"""What a database may raise: texts in a damaged one are no UTF-8, not even in SQLite's own messages."""
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG, errno.ENXIO})
_DISK_SQLITE = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})


class DiskRefusesError(StoreError):
    """The disk takes no data: it is full, read-only or broken. What is on it may still be read."""


class OlderStoreError(StoreError):
    """The database is of an older version, and was opened for reading only."""


def refused(error: OSError, sentence: str) -> StoreError:
    """The error of a file that could not be written, of the right class."""
    return (DiskRefusesError if error.errno in _DISK else StoreError)(sentence)


def explain(error: sqlite3.Error | UnicodeDecodeError, path: Path) -> StoreError:
    """One sentence with a way out for an error of SQLite's."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    reasons = {
        sqlite3.SQLITE_BUSY: f"{path} is locked by another program: close it and try again",
        sqlite3.SQLITE_LOCKED: f"{path} is locked by another program: close it and try again",
        sqlite3.SQLITE_READONLY: f"{path} cannot be written: run this as the user who owns it (sudo), or mount the disk for "
                                 "writing; nothing was changed",
        sqlite3.SQLITE_PERM: f"{path} cannot be opened: run this as the user who owns it (sudo)",
        sqlite3.SQLITE_CANTOPEN: f"{path} or its journal cannot be opened: run this as the user who owns it (sudo), and make "
                                 "its folder writable",
        sqlite3.SQLITE_FULL: f"the disk of {path} is full: make room (edge-face doctor); nothing was changed",
        sqlite3.SQLITE_IOERR: f"the disk of {path} does not take or give data ({error}): make room or replace it; nothing was "
                              "changed",
    }
    if isinstance(error, UnicodeDecodeError) or "decode" in str(error):
        return corrupt(path, "a text in it is no text")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return corrupt(path, str(error))
    kind = DiskRefusesError if code in _DISK_SQLITE else StoreError
    return kind(reasons.get(code) or f"the people store {path} failed ({plain(str(error))}): restore it from a backup if that "
                                     "happens again")


def corrupt(path: Path, detail: str) -> StoreError:
    return StoreError(f"{path} is damaged ({plain(detail)}): restore it from a backup, or move it away and "
                      "import the people from an export (edge-face people import FILE)")


def plain(detail: str) -> str:
    """SQLite's own words in one printable line: they may quote what lies in a damaged file."""
    lines = detail.splitlines()
    return "".join(c if c.isprintable() else "?" for c in (lines[-1].strip() if lines else "no reason given"))[:200]
