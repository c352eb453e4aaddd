"""What is in a store, and whether it is whole: every seal opened, every row in its place."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from edge_face.errors import StoreError, UnknownError
from edge_face.people import copies, schema
from edge_face.people.database import FILE, Database
from edge_face.people.recordings import FOLDER
from edge_face.people.sealed_records import every_kind
from edge_face.people.store import Store
from edge_face.people.unlocking import find_key

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Facts:
    """Sizes in bytes. `copies`: name and version of each."""

    version: int
    people: int
    pictures: int
    records: int
    events: int
    forgotten: int
    size: int
    unused: int
    key: Path
    credential: bool
    protected: bool
    copies: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """How many seals were opened, and what is wrong, a sentence each."""

    seals: int
    wrong: tuple[str, ...]


def look_into(folder: str | Path, key_file: str | Path | None = None) -> Facts:
    """Raises StoreError."""
    folder, where = Path(folder), find_key(Path(folder), key_file)
    with Store(folder, key_file, read_only=True) as store:
        people, unused, protected = store.count(), store.unused_bytes(), store.protected
    with contextlib.closing(Database(folder, read_only=True, wait=0.0)) as database:
        pictures, records, events, forgotten = (int((database.row(f"SELECT count(*) FROM {table}") or (0,))[0])
                                                for table in ("picture", "sealed_record", "event", "tombstone"))
    size = sum(path.stat().st_size for path in folder.glob(f"{FILE}*") if path.is_file())
    found = tuple((copy.path.name, copy.version) for copy in copies.copies(folder / FILE))
    return Facts(schema.VERSION, people, pictures, records, events, forgotten, size, unused, where.path, where.credential,
                 protected, found)


def check(folder: str | Path, key_file: str | Path | None = None) -> Checked:
    """Opens every seal and lets SQLite look at every page; changes nothing. Raises StoreError when the store does not even
    open."""
    folder = Path(folder)
    seals, wrong = 0, []
    with contextlib.closing(Database(folder, read_only=True, wait=0.0)) as database:
        wrong += [f"{FILE}: {text}" for text, in database.rows("PRAGMA integrity_check(20)") if text != "ok"]
        wrong += [f"{FILE}: a row of {row[0]} has lost its owner" for row in database.rows("PRAGMA foreign_key_check")]
        kinds = every_kind(database)
    with Store(folder, key_file, read_only=True) as store:
        for person in store.iterate(lambda who, error: wrong.append(str(error))):
            seals += 2 + len(person.templates)
            try:
                seals += len(store.pictures(person.id))
            except StoreError as error:
                wrong.append(str(error))
        for kind in kinds:
            seals += sum(1 for _ in store.records(kind, lambda who, error: wrong.append(str(error))))
        opened, broken = _events(store)
        recorded, torn = _recordings(store)
    return Checked(seals + opened + recorded, (*wrong, *broken, *torn))


def _recordings(store: Store) -> tuple[int, list[str]]:
    opened, broken = 0, []
    for number in sorted(store.recordings.numbers()):
        try:
            opened += store.recordings.opened(number).check()
        except StoreError as error:
            broken.append(str(error))
        except UnknownError:
            broken.append(f"{FOLDER}/{number}.rec: the store knows nothing of it; it goes when the store is next opened for writing")
    return opened, broken


def _events(store: Store) -> tuple[int, list[str]]:
    opened, broken = 0, []
    below: int | None = None
    while numbers := store.events.numbers(_BATCH, below):
        for number in numbers:
            try:
                store.events.get(number)
                opened += 1
            except StoreError as error:
                broken.append(str(error))
        below = numbers[-1]
    return opened, broken
