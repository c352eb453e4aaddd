"""The people store: who is enrolled, and the door's diary. Everything that tells of somebody is sealed.

    with Store("/var/lib/edge-face") as store:
        person = store.add("Ben", consent, templates, wall=time.time())

Every change is one transaction. `forget` leaves no byte of the person in the files of the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from edge_face.errors import PeopleError, StoreError, UnknownError
from edge_face.people import copies, tombstones
from edge_face.people.admission import KIND as ADMISSION
from edge_face.people.admission import Admission, admission_record, is_held
from edge_face.people.database import Database
from edge_face.people.database_errors import DiskRefusesError
from edge_face.people.events import EventLog
from edge_face.people.mentions import cut_from_house
from edge_face.people.person import Consent, Person, State, Template, clean_name, is_id, name_key, new_id, settled
from edge_face.people.pictures import Picture
from edge_face.people.recordings import Recordings, may_be_seen
from edge_face.people.records import core_of
from edge_face.people.sealed_records import SealedRecords
from edge_face.people.sealed_templates import SealedTemplates, open_core, sealed_core, template_rows
from edge_face.people.sealing import SealBrokenError, tag
from edge_face.people.shelf import Shelf, insist_on_consent
from edge_face.people.template_desk import TemplateDesk
from edge_face.people.unlocking import find_key, unlock

_PAGE = 64
"""People read at a time. Each comes with its templates: larger pages would stay in the process as freed memory."""


class Store(TemplateDesk):
    """People and events in `folder`. One writer at a time (it waits `wait` seconds for another to finish), any number of
    readers. `key_file`: the device key; None or empty: `device.key` in the folder. Raises StoreError."""

    def __init__(self, folder: str | Path, key_file: str | Path | None = None, read_only: bool = False, *,
                 wait: float = 2.0, or_read_only: bool = False) -> None:
        self.folder, self._key_file, self._wait = Path(folder), key_file, wait
        self.edition = 0
        """Goes up with each change of whose templates are here: what was computed from them is then old."""
        self.read_only_because: str | None = None
        """Why a store that was to be written is open for reading only."""
        try:
            self._open(read_only)
        except DiskRefusesError as error:
            if read_only or not or_read_only:
                raise
            self._open(True, older=True)
            self.read_only_because = str(error)

    @property
    def read_only(self) -> bool:
        return self._database.read_only

    def regain_writing(self) -> bool:
        """Tries again to open for writing what was opened for reading only because the disk refused; is it so now? Raises
        StoreError for anything else that is wrong."""
        if self.read_only_because is None:
            return not self.read_only
        # Closed first: connections of one process share the journal's index, which a reader may have mapped for reading only.
        self._database.close()
        try:
            self._open(False)
        except DiskRefusesError as error:
            self.read_only_because = str(error)
            self._open(True, older=True)
            return False
        self.read_only_because = None
        return True

    def reopen(self) -> None:
        """Opens the same folder again after `close`: another database may lie there now. Raises StoreError."""
        self._open(False)
        self.read_only_because = None

    def _open(self, read_only: bool, *, older: bool = False) -> None:
        database = Database(self.folder, read_only=read_only, wait=self._wait, older=older)
        try:
            self._database = database
            self._keys, self._device_key = unlock(database, find_key(self.folder, self._key_file))
            self._stones = tombstones.Tombstones(database, self.folder, self._keys.tombstones)
            self._shelf = Shelf(database)
            self._records = SealedRecords(database, self._keys.records, self._data_key)
            self._faces = SealedTemplates(database, self._records)
            self.events = EventLog(database, self._keys.events, self._data_key)
            self.recordings = Recordings(database, self._records, self._consent_now, self.events.get)
            if not read_only:
                self._tidy()
        except BaseException:
            database.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """May be called again."""
        self._database.close()

    def people(self, damaged: Callable[[str, StoreError], None] | None = None) -> list[Person]:
        """Everybody, with templates, by id. Whoever's record or templates were tampered with is handed to `damaged` (id
        and what is wrong) and left out; without it SealBrokenError is raised."""
        return list(self.iterate(damaged))

    def iterate(self, damaged: Callable[[str, StoreError], None] | None = None, *, after: str = "") -> Iterator[Person]:
        """The same, one after the other: for galleries that are large. `after`: only larger ids."""
        last, forgotten = after, self._stones.check()
        while True:
            with self._database.snapshot():
                rows = self._database.rows("SELECT id, wrapped_key, name_tag, record FROM person WHERE id > ? ORDER BY id "
                                           "LIMIT ?", [last, _PAGE])
                if not rows:
                    return
                faces = template_rows(self._database, last, rows[-1][0])
            for row in rows:
                if forgotten(row[0]):
                    continue
                try:
                    person = self._person(row, faces.get(row[0], []))
                except SealBrokenError as error:
                    if damaged is None:
                        raise
                    damaged(row[0], error)
                    continue
                yield person
            last = rows[-1][0]

    def count(self) -> int:
        """How many people there are, in whatever state."""
        row = self._database.row("SELECT count(*) FROM person")
        return int(row[0]) if row else 0

    def person(self, identity: str) -> Person:
        """Raises PeopleError when nobody has this id."""
        row = self._database.row("SELECT id, wrapped_key, name_tag, record FROM person WHERE id = ?", [identity])
        if row is None or self._stones.covers(identity):
            raise UnknownError(f"there is nobody with the id {identity}: 'edge-face people list' shows who is enrolled")
        return self._person(row, self._database.rows("SELECT id, model, sealed FROM template WHERE person = ? ORDER BY rowid",
                                                     [identity]))

    def find(self, who: str) -> Person:
        """Somebody by name (without regard to case) or id. Raises PeopleError."""
        if is_id(who):
            return self.person(who)
        name = clean_name(who)
        identity = self._named(name)
        if identity is None:
            raise UnknownError(f"there is nobody named '{name}': 'edge-face people list' shows who is enrolled")
        return self.person(identity)

    def has_name(self, name: str) -> bool:
        """Is somebody called that, whatever the case?"""
        return self._named(clean_name(name)) is not None

    def pictures(self, identity: str) -> tuple[Picture, ...]:
        """What a person left here, if anything. Raises PeopleError when nobody has this id, SealBrokenError."""
        return self._shelf.of(self._key_of(identity), identity)

    def count_pictures(self, identity: str) -> int:
        return self._shelf.count(identity)

    def drop_oldest_pictures(self, size: int) -> int:
        """Deletes pictures, the oldest first, until `size` bytes are free inside the file (journal and events then take them);
        how many there were."""
        with self._database.transaction():
            dropped = self._shelf.drop_oldest(size)
        if dropped:
            self._database.fold()
        return dropped

    def unused_bytes(self) -> int:
        """Inside the file: what was deleted leaves room for what comes."""
        pages = [self._database.row(f"PRAGMA {name}") or (0,) for name in ("freelist_count", "page_size")]
        return int(pages[0][0]) * int(pages[1][0])

    def compact(self) -> None:
        """Gives that room back to the disk; the whole file is written anew. Raises StoreError."""
        self._database.scrub()

    def finish_cleaning(self) -> bool:
        """Does what a cut, a full disk or a reader put off when something was erased; false when it is still in the way."""
        if self._database.row("SELECT 1 FROM meta WHERE key = 'unscrubbed'"):
            try:
                self._scrub()
            except StoreError:
                return False
        return True

    def add(self, name: str, consent: Consent, templates: Sequence[Template] = (), *, wall: float,
            identity: str | None = None, state: State | None = None, bring_back: bool = False,
            pictures: Sequence[Picture] = (), held: Admission | None = None) -> Person:
        """Enrols somebody new. Active when there are templates and the consent to be recognised, else pending; `state`
        may say suspended; whoever is `held` is pending until that is over. Raises PeopleError for a name or id that is taken, for the id of
        somebody who was forgotten unless `bring_back`, and for pictures without the consent to keep them."""
        state = State.PENDING if held is not None and held.held else state or State.ACTIVE
        person = settled(Person(identity or new_id(), clean_name(name), state, consent, wall, tuple(templates)))
        if not is_id(person.id):
            raise PeopleError("an id has 16 hexadecimal digits")
        insist_on_consent(person, pictures)
        with self._database.transaction():
            if self._stones.covers(person.id):
                if not bring_back:
                    raise PeopleError(f"'{person.name}' was forgotten here and is not brought back: --bring-back does")
                self._stones.lift(person.id)
                # Before the commit: a mark in the file alone would forget the person again at the next start.
                self._stones.write_file()
            if self._database.row("SELECT 1 FROM person WHERE id = ?", [person.id]):
                raise PeopleError(f"'{person.name}' is enrolled already, under the same id")
            self._insist_on_new_name(person.name)
            key, wrapped = self._keys.new_data_key(person.id)
            self._database.run("INSERT INTO person (id, wrapped_key, name_tag, record) VALUES (?, ?, ?, ?)",
                               [person.id, wrapped, self._name_tag(person.name), sealed_core(key, person)])
            self._faces.insert(key, person)
            self._shelf.put(key, person.id, pictures)
            if held is not None:
                self._records.put(ADMISSION, admission_record(held), person.id, "")
        self.edition += 1
        return person

    def rename(self, identity: str, name: str) -> Person:
        """Raises PeopleError for a name that somebody else has."""
        person, name = self.person(identity), clean_name(name)
        with self._database.transaction():
            if name_key(name) != name_key(person.name):
                self._insist_on_new_name(name)
            return self._rewrite(replace(person, name=name))

    def set_state(self, identity: str, state: State) -> Person:
        """Suspends somebody or lets them in again. Raises PeopleError for somebody who cannot be active: no templates, no
        consent."""
        person = self.person(identity)
        if state is State.ACTIVE:
            if self.is_held(identity):
                raise PeopleError(f"'{person.name}' waits to be approved and to pass once, alive, at the door's own camera: the "
                                  "owner's pages show who waits")
            if person.consent.recognise is None:
                raise PeopleError(f"'{person.name}' did not agree to be recognised: edge-face people consent '{person.name}' "
                                  "--give recognise")
            if not person.templates:
                raise PeopleError(f"'{person.name}' has no templates: edge-face enroll '{person.name}' --again")
        with self._database.transaction():
            return self._rewrite(replace(person, state=state))

    def set_consent(self, identity: str, consent: Consent) -> Person:
        """Who takes back the consent to be recognised loses the templates at once and is pending; who gives it and has
        templates becomes active. Pictures go with the consent to keep them."""
        person = self.person(identity)
        state = self._complete(person)
        erase = consent.recognise is None and bool(person.templates)
        drop = consent.pictures is None and self._shelf.count(identity) > 0
        with self._database.transaction():
            if erase:
                self._faces.clear(identity)
            if drop:
                self._shelf.clear(identity)
            if not may_be_seen(consent):
                drop |= self.recordings.drop_shown(identity)
            if erase or drop:
                self._mark_unscrubbed()
            person = self._rewrite(settled(replace(person, consent=consent, state=state,
                                                      templates=() if erase else person.templates)))
        if erase or drop:
            self.edition += 1
            self._scrub()
        return person

    def replace_templates(self, identity: str, templates: Sequence[Template], pictures: Sequence[Picture] | None = None) -> Person:
        """The templates of a new enrolment in place of the old ones, and pictures likewise unless None. A pending person with
        consent becomes active."""
        person = self.person(identity)
        state = self._complete(person)
        person = settled(replace(person, templates=tuple(templates), state=state))
        insist_on_consent(person, pictures or ())
        with self._database.transaction():
            self._faces.clear(identity)
            self._mark_unscrubbed()
            self._faces.insert(self._key_of(identity), person)
            if pictures is not None:
                self._shelf.clear(identity)
                self._shelf.put(self._key_of(identity), identity, pictures)
            self._rewrite(person)
        self.edition += 1
        self._scrub()
        return person

    def forget(self, identity: str, *, wall: float) -> None:
        """Leaves no byte of a person in the database's files, and a mark that keeps an import or a restored file from
        bringing the person back. Raises PeopleError for somebody who is not there; StoreError when a reader keeps the
        journal in use: the person is gone then, and the rest is done when the store is next opened."""
        try:
            name = self.person(identity).name
        except SealBrokenError:
            name = ""  # damaged, and to be forgotten all the more
        with self._database.transaction():
            self._erase(identity, name, wall)
        try:
            self._stones.write_file()
        finally:
            self._scrub()

    def is_held(self, identity: str) -> bool:
        """Does somebody wait to be approved and to pass at the door? A damaged record of it holds."""
        try:
            return is_held(self._records.get(ADMISSION, identity, ""))
        except SealBrokenError:
            return True

    def is_forgotten(self, identity: str) -> bool:
        """Was somebody with this id forgotten here?"""
        return self._stones.covers(identity)

    def clean_copies(self) -> list[Path]:
        """Brings the copies of earlier versions in line with who was forgotten and took consent back; those that had to be
        dropped instead."""
        since = copies.Since(self._stones.check(), self._consent_now, self._stones.marks())
        return copies.clean_copies(self._database.path, self._device_key, since)

    # --- inside ---

    def _tidy(self) -> None:
        """What a crash or a restored file left: forgotten people are forgotten again, cut-off cleaning is done."""
        copies.drop_leftovers(self._database.path)
        self._stones.settle()
        self.recordings.sweep(drafts=True)
        back = [identity for identity, in self._database.rows("SELECT id FROM person") if self._stones.covers(identity)]
        for identity in back:
            with self._database.transaction():
                row = self._database.row("SELECT id, wrapped_key, name_tag, record FROM person WHERE id = ?", [identity])
                assert row is not None
                try:
                    name = self._person(row, []).name
                except SealBrokenError:
                    name = ""
                self._erase(identity, name, None)
        self.finish_cleaning()

    def _complete(self, person: Person) -> State:
        """The state of somebody who lacks nothing any more: pending goes on only for who is held."""
        return State.ACTIVE if person.state is State.PENDING and not self.is_held(person.id) else person.state

    def _erase(self, identity: str, name: str, wall: float | None) -> None:
        self.edition += 1
        self.events.anonymise(identity, name)
        self._faces.clear(identity)
        self._shelf.clear(identity)
        cut_from_house(self._records, identity, name)
        self.recordings.drop_shown(identity, sealed=True)
        self._records.clear(identity)
        self._database.run("DELETE FROM person WHERE id = ?", [identity])
        if wall is not None:
            self._stones.put(identity, wall)
        self._mark_unscrubbed()

    def _mark_unscrubbed(self) -> None:
        self._database.run("INSERT OR REPLACE INTO meta (key, value) VALUES ('unscrubbed', x'01')")

    def _scrub(self) -> None:
        try:
            self.recordings.sweep()
            self.drop_stale_copies()
            self.clean_copies()
            self._database.scrub()
        except DiskRefusesError as error:
            raise DiskRefusesError("what was erased is gone from the store, but the disk takes no data, so that its bytes are still in the "
                                   "store's files: make room or mount it for writing; they are cleaned then") from error
        with self._database.transaction():
            self._database.run("DELETE FROM meta WHERE key IN ('unscrubbed', 'stale copies')")

    def _consent_now(self, identity: str) -> Consent | None:
        try:
            return self.person(identity).consent
        except (PeopleError, SealBrokenError):
            return None

    def _data_key(self, identity: str) -> bytes | None:
        row = self._database.row("SELECT wrapped_key FROM person WHERE id = ?", [identity])
        return None if row is None else self._keys.data_key(identity, row[0])

    def _key_of(self, identity: str) -> bytes:
        key = self._data_key(identity)
        if key is None:
            raise PeopleError(f"there is nobody with the id {identity} any more")
        return key

    def _person(self, row: Sequence[Any], faces: Iterable[Sequence[Any]]) -> Person:
        identity, wrapped, name_tag, sealed = row
        key = self._keys.data_key(identity, wrapped)
        person = core_of(identity, open_core(key, identity, sealed), tuple(self._faces.open(key, identity, face) for face in faces))
        if self._name_tag(person.name) != name_tag:
            raise SealBrokenError(f"the record of person {identity} was changed outside edge-face (its name is not the one it "
                                  "is listed under): restore the people store from a backup")
        return person

    def _named(self, name: str) -> str | None:
        row = self._database.row("SELECT id FROM person WHERE name_tag = ?", [self._name_tag(name)])
        return None if row is None or self._stones.covers(row[0]) else str(row[0])

    def _name_tag(self, name: str) -> bytes:
        return tag(self._keys.names, name_key(name).encode("utf-8"))

    def _insist_on_new_name(self, name: str) -> None:
        if self._named(name) is not None:
            raise PeopleError(f"there is already somebody named '{name}': choose another name, or 'edge-face enroll \"{name}\" "
                              "--again' for new templates")

    def _rewrite(self, person: Person) -> Person:
        self._database.run("UPDATE person SET name_tag = ?, record = ? WHERE id = ?",
                           [self._name_tag(person.name), sealed_core(self._key_of(person.id), person), person.id])
        return person
