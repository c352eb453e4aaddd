"""The disk as it is: every file in the door's folders, every table, kind of record and row of the table meta, and which row of the table
of kept things names it."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_face.audit.place import audit_folder
from edge_face.errors import StoreError
from edge_face.keeping import Kept
from edge_face.minimisation.table import table
from edge_face.service.protocol import socket_path, web_socket_path
from edge_face.settings import Settings

DATABASE = "people.db"
"""`edge_face.people.database.FILE`, which is not loaded to look at names."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something on the disk. `address` as in `edge_face.keeping`; `path`: its file; `size` in bytes (of a table: rows)."""

    address: str
    path: Path
    size: int
    kept: Kept | None
    """The row of the table that names it."""


def roots(settings: Settings) -> dict[str, Path]:
    """The folders and single files that the door writes, by the word before the colon of an address."""
    found = {"audit": audit_folder(settings), "store": Path(settings.store.folder), "kiosk": Path(settings.kiosk.folder)}
    if settings.store.key_file:
        found["key"] = Path(settings.store.key_file)
    if settings.service.preview_file:
        found["preview"] = Path(settings.service.preview_file)
    return found


def sockets(settings: Settings) -> tuple[Path, ...]:
    """Sockets and their locks, wherever the settings put them."""
    return tuple(path for socket in (socket_path(settings), web_socket_path(settings)) for path in (socket, Path(f"{socket}.lock")))


def walk(settings: Settings) -> Iterator[Found]:
    """Everything in the door's folders and in its database. Raises `StoreError` for what may not be looked into."""
    yield from files(settings)
    yield from inside(Path(settings.store.folder) / DATABASE)


def files(settings: Settings) -> Iterator[Found]:
    """Every file in the door's folders. Raises `StoreError` for a folder that may not be looked into."""
    places = roots(settings)
    for word, root in places.items():
        if root.is_dir():
            inner = [other for other in places.values() if other != root and other.is_relative_to(root)]
            yield from (_found(f"{word}:{path.relative_to(root)}", path) for path in _files(root)
                        if not any(path.is_relative_to(other) for other in inner))
        elif root.exists():
            yield _found(f"{word}:{root.name}", root)


def inside(database: Path) -> Iterator[Found]:
    """What a database holds, by its names alone: no key is needed. Raises `StoreError`."""
    if not database.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)) as connection:
            names = [name for name, in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
            for name in names:
                count, = connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()
                yield _found(f"table:{name}", database, count)
            if "sealed_record" in names:
                for kind, count in connection.execute("SELECT kind, count(*) FROM sealed_record GROUP BY kind ORDER BY kind"):
                    yield _found(f"record:{kind}", database, count)
            for key, length in connection.execute("SELECT key, length(value) FROM meta ORDER BY key") if "meta" in names else ():
                yield _found(f"meta:{key}", database, length)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise StoreError(f"{database} cannot be looked into ({error}): 'edge-face store check' says what is wrong with it") from error


def unnamed(settings: Settings) -> list[Found]:
    """What lies there and no row of the table names: it should be nothing."""
    own = set(sockets(settings))
    return [found for found in walk(settings) if found.kept is None and found.path not in own]


def named_by(address: str) -> Kept | None:
    """The row that names an address; the first one whose pattern fits."""
    return next((kept for kept in table() if any(_fits(address, pattern) for pattern in kept.where)), None)


def _fits(address: str, pattern: str) -> bool:
    (word, name), (wanted, shape) = address.split(":", 1), pattern.split(":", 1)
    # A star does not reach over a slash: what lies in a folder that nobody named is found.
    return word == wanted and name.count("/") == shape.count("/") and fnmatch.fnmatchcase(name, shape)


def _found(address: str, path: Path, size: int | None = None) -> Found:
    if size is None:
        with contextlib.suppress(OSError):
            size = path.lstat().st_size
    return Found(address, path, size or 0, named_by(address))


def _files(root: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise StoreError(f"{error.filename} cannot be looked into ({error.strerror}): run this as the user who owns it, or with sudo")

    for folder, _, names in os.walk(root, onerror=refuse):
        yield from (Path(folder, name) for name in sorted(names))
