"""Was somebody erased? Before it is done, what is to be looked for; afterwards, the raw bytes of every file of the door's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_face.errors import PeopleError, StoreError
from edge_face.minimisation.disk import DATABASE, named_by, roots, sockets
from edge_face.minimisation.disk import files as files_of
from edge_face.minimisation.needles import Needle, of_person, sealed_of, words_of
from edge_face.minimisation.raw_scan import Hit, Scanner
from edge_face.settings import Settings

Call = Callable[..., Any]
"""`call("privacy.export", who=...)`: a command of the store, asked of the door or carried out here."""
_HEAD = 256
"""Bytes in which a backup or an export says what it is (`edge_face.people.backup_file`, `transfer`)."""
TEMPLATES, PICTURES, EVERYTHING = "templates", "pictures", "everything"


@dataclass(frozen=True, slots=True)
class Search:
    """`needles` and `words`: what is looked for. Holds what it is about in plain: for as short as it takes."""

    identity: str
    name: str
    needles: tuple[Needle, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """`files` and `size` in bytes: how much was looked through. `shut`: backups and exports among them, into which nobody can look without
    their passphrase."""

    files: int
    size: int
    hits: tuple[Hit, ...]
    shut: tuple[Path, ...] = ()


def search_for(call: Call, settings: Settings, who: str, what: str = EVERYTHING) -> Search:
    """What to look for when somebody (name or id) is erased, or loses `TEMPLATES` or `PICTURES` only. Whose record is damaged is looked for
    by the id and the sealed values. Raises `PeopleError`, `StoreError`."""
    record = _record(call, who)
    database = Path(settings.store.folder) / DATABASE
    if what == EVERYTHING:
        needles = [*of_person(record), *sealed_of(database, str(record["id"]))]
        return Search(str(record["id"]), str(record.get("name") or ""), tuple(needles), tuple(words_of(record)))
    part = {"id": record["id"], what: record.get(what) or (), "codes": record.get("codes") if what == TEMPLATES else ()}
    needles = [needle for needle in of_person(part) if needle.what != "the id"]
    return Search(str(record["id"]), str(record.get("name") or ""), (*needles, *sealed_of(database, str(record["id"]), what)), ())


def look(settings: Settings, search: Search, also: Iterable[Path] = ()) -> Looked:
    """Looks through every file of the door's, and files and folders `also`. Raises `StoreError` for what cannot be read."""
    files = sorted({*(found.path for found in files_of(settings)), *_files(also)} - set(sockets(settings)))
    hits = Scanner(search.needles, search.words).look(files)
    return Looked(len(files), sum(_size(path) for path in files), tuple(hits), tuple(path for path in files if _is_shut(path)))


def where_from(settings: Settings, hit: Hit) -> str:
    """What the table says of the file in which something was found."""
    for word, root in roots(settings).items():
        if hit.path.is_relative_to(root):
            kept = named_by(f"{word}:{hit.path.relative_to(root) if hit.path != root else root.name}")
            return "no row of the table names this file" if kept is None else f"{kept.name}: {kept.erased}"
    return "not a file of the door's"


def _record(call: Call, who: str) -> Mapping[str, Any]:
    from edge_face.people.person import is_id

    try:
        found = call("privacy.export", who=who)
        return {**found["person"], "pictures": found["pictures"], "codes": found["codes"]}
    except StoreError as error:
        if not is_id(who):
            raise PeopleError(f"the record of '{who}' is damaged: name the person by the id ('edge-face people list' shows it)") from error
        return {"id": who}


def _files(also: Iterable[Path]) -> Iterable[Path]:
    for path in also:
        if not path.exists():
            raise StoreError(f"{path} is not there: name a file or folder that is to be looked through")
        yield from (inner for inner in path.rglob("*") if inner.is_file()) if path.is_dir() else [path]


def _is_shut(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return b'"edge-face backup"' in head or b'"edge-face people"' in head


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
