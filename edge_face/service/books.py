"""The store as the daemon uses it: who is known, what happened. Used in the store thread only."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from edge_face import memory
from edge_face.access import Calendar, Decision, Rights
from edge_face.access.assurance import level_of
from edge_face.errors import EdgeFaceError, PeopleError, StoreError, UsageError
from edge_face.people import Event, Gallery, PeopleCommands, Person, Store
from edge_face.people.admission_commands import AdmissionCommands, forget_stale
from edge_face.people.assurance_commands import AssuranceCommands
from edge_face.people.codes import CodeBook, CodeCommands
from edge_face.people.command_table import Commands, run_in
from edge_face.people.greetings import GreetingCommands, greetings_of
from edge_face.people.invitations import InvitationDesk
from edge_face.people.room import make_room
from edge_face.people.schedule_commands import ScheduleCommands, rights_from_store, spend
from edge_face.people.subject import SubjectCommands
from edge_face.people.totp_records import keep_used
from edge_face.service.log import fields
from edge_face.service.maintenance import give_space_back
from edge_face.service.models import Models
from edge_face.service.recorder_upkeep import free_room, tidy_recordings
from edge_face.settings import Settings

_log = logging.getLogger("edge_face.store")

R = TypeVar("R")
DAY = 86_400.0
MOST_EVENTS = 1000
"""In one answer."""


@dataclass(frozen=True, slots=True, eq=False)
class Roster:
    """Who is known at one moment: the gallery that matches, who agreed to be shown, and both in words."""

    gallery: Gallery | None
    """None at a door without a camera."""
    people: int
    consenting: frozenset[str]
    described: str
    threshold: str
    measured: bool
    """The wanted rate of false grants is measured for so many people."""
    rights: Mapping[str, Rights] = field(default_factory=dict)
    calendar: Calendar = field(default_factory=Calendar)
    codes: CodeBook | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    """What the audit log calls people and visitors."""
    greetings: Mapping[str, str] = field(default_factory=dict)
    """How people wish to be greeted by the page beside the door."""


class Books(Protocol):
    """What the daemon asks of a store."""

    def roster(self, models: Models | None) -> Roster: ...

    def write(self, decision: Decision) -> int | None: ...

    def events(self, last: int) -> list[dict[str, Any]]: ...

    def event(self, number: int | None) -> dict[str, Any]: ...

    def regain(self) -> bool: ...

    def tidy(self, wall: float) -> None: ...

    def command(self, name: str, arguments: Mapping[str, Any]) -> Any: ...

    def ask(self, job: Callable[[Store], R]) -> R: ...

    def swap(self, job: Callable[[], R]) -> R: ...

    def take_change(self) -> bool: ...

    def record(self, kind: str) -> dict[str, Any] | None: ...

    def keep(self, kind: str, value: Mapping[str, Any]) -> None: ...

    def prove(self) -> None: ...

    def spend(self, visitor: str) -> bool: ...

    def keep_used(self, person: str, step: int) -> None: ...

    def audit_key(self) -> bytes: ...

    @property
    def trouble(self) -> str: ...


class StoreBooks:
    """Books over an open store. Raises `StoreError` for what the disk does."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store, self._settings = store, settings
        self._changed = False
        self._model = ""
        self._tables: tuple[Commands, ...] = ()
        self._visitors: frozenset[str] = frozenset()
        self._protect()
        self._assemble(None)

    def close(self) -> None:
        self.store.close()

    @property
    def trouble(self) -> str:
        """Why nothing can be written now; empty while all is well."""
        return self.store.read_only_because or ""

    def audit_key(self) -> bytes:
        """The key of the audit log's chain."""
        return self.store.audit_key()

    def roster(self, models: Models | None) -> Roster:
        """Everybody who may be recognised by these models, at the rate of the settings, and what they may. Raises `ModelError`."""
        rights, calendar = rights_from_store(self.store, self._settings.access.timezone, _left_out)
        codes, greetings = CodeBook.build(self.store, _left_out), greetings_of(self.store, _left_out)
        self._visitors = frozenset(name for _, name, _ in self.store.records("visitor"))
        enrolled = self.store.count()
        if models is None:
            words = f"{enrolled} enrolled, none to be recognised: this door has no camera"
            return Roster(None, 0, frozenset(), words, "", True, rights, calendar, codes, self._aliases(), greetings)
        bundle = models.embedder_bundle
        if self._model != bundle.model_id:
            self._model = bundle.model_id
            self._assemble(models)
        gallery = Gallery.build(_passing(self.store.iterate(_left_out)), bundle.model_id, self._settings.decision.false_grants,
                                bundle.thresholds, self._settings.decision.verify_rate)
        again = len(gallery.must_enrol_again)
        words = f"{len(gallery)} to be recognised, {gallery.templates} templates, {enrolled} enrolled"
        if again:
            words += f"; {again} must be enrolled again: their templates are another embedder's"
        return Roster(gallery, len(gallery), gallery.consenting, words, gallery.threshold.sentence, gallery.threshold.measured,
                      rights, calendar, codes, self._aliases(), greetings)

    def write(self, decision: Decision) -> int:
        """Keeps a decision with its reasons; the event's number."""
        details: dict[str, Any] = {"reasons": [{"code": reason.code, "text": reason.text, "values": _plain(reason.values)}
                                               for reason in decision.reasons]}
        if decision.track is not None:
            details["track"] = decision.track
        if decision.seconds and math.isfinite(decision.seconds):
            details["seconds"] = round(decision.seconds, 3)
        if decision.authority is not None:
            details["authority"] = decision.authority.value
        if decision.alarm is not None:
            details["alarm"] = decision.alarm.value
        person = decision.person
        if person in self._visitors:
            # A visitor has no key of their own to seal it under.
            person, details["visitor"] = None, person
        return self.store.events.append(kind_of(decision), decision.wall, person, details)

    def events(self, last: int) -> list[dict[str, Any]]:
        """The latest events, newest last. Raises `UsageError` for a count that cannot be meant."""
        if not 1 <= last <= MOST_EVENTS:
            raise UsageError(f"between 1 and {MOST_EVENTS} events can be shown, not {last}")
        return [self._row(event) for event in reversed(self.store.events.query(limit=last))]

    def event(self, number: int | None) -> dict[str, Any]:
        """One event, or the latest one that decided about a face or a code. Raises `UsageError` when there is none."""
        if number is not None:
            found = self.store.events.get(number) if 0 <= number < 1 << 63 else None
            if found is None:
                raise UsageError(f"there is no event {number}: 'edge-face why --last 20' lists the latest")
            return self._row(found)
        latest = [event for kind in ("grant", "deny", "code") for event in self.store.events.query(limit=1, kind=kind)]
        if not latest:
            raise UsageError("nobody has come to this door yet")
        return self._row(max(latest, key=lambda event: event.id))

    def regain(self) -> bool:
        """Tries again to write where the disk refused: can it be written now? Deletes nothing by the clock, which nobody vouches for."""
        if self.store.read_only_because is None:
            return True
        with contextlib.suppress(StoreError):
            free_room(self.store.recordings)
        return self.store.regain_writing()

    def tidy(self, wall: float) -> None:
        """Deletes what is older than the settings allow, by a clock that is believed."""
        if not self.regain():
            return
        if not self.store.finish_cleaning():
            _log.warning("bytes of what was erased are still in the store's files: another program reads it, or the disk is full")
        tidy_recordings(self.store.recordings, self._settings, wall)
        gone = self.store.events.prune(wall - self._settings.store.keep_events * DAY)
        if gone:
            _log.info("old events were deleted", extra=fields(events=gone))
        if stale := forget_stale(self.store, wall):
            _log.info("people who waited too long to be admitted were forgotten", extra=fields(people=stale))
        InvitationDesk(self.store).tidy(wall)
        dropped = make_room(self.store)
        if dropped:
            _log.warning("the disk is nearly full: the oldest kept pictures were deleted", extra=fields(pictures=dropped))
        if give_space_back(self.store, Path(self._settings.store.folder)):
            _log.info("unused space of the database was given back")

    def command(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """A command of `edge-face people`, `schedule` or `codes`. Raises what it raises; `take_change` says afterwards whether to
        call `roster`."""
        return run_in(self._tables, name, arguments)

    def ask(self, job: Callable[[Store], R]) -> R:
        """Anything else of the open store, that changes neither whom the door knows nor what they may."""
        return job(self.store)

    def swap(self, job: Callable[[], R]) -> R:
        """Runs a job that puts another database in the place of this one, which is closed meanwhile. Raises what the job raises, and
        StoreError when what lies there then does not open."""
        self.store.close()
        try:
            return job()
        finally:
            self.store.reopen()
            self._protect()
            self._assemble(self._models)
            self._changed = True

    def take_change(self) -> bool:
        """Has a command changed whom the door knows or what they may, since this was last asked?"""
        changed, self._changed = self._changed, False
        return changed

    def record(self, kind: str) -> dict[str, Any] | None:
        """A sealed record of the door itself."""
        return self.store.record(kind)

    def keep(self, kind: str, value: Mapping[str, Any]) -> None:
        """Puts such a record in the place of the last one."""
        self.store.put_record(kind, value)

    def prove(self) -> None:
        """Writes a record of no meaning. Raises StoreError while the disk takes nothing."""
        if not self.store.read_only:
            self.keep("disk", {"writes": True})

    def spend(self, visitor: str) -> bool:
        """Counts an entry of a visitor; false for anybody else. The roster is then to be read again."""
        return visitor in self._visitors and spend(self.store, visitor)

    def keep_used(self, person: str, step: int) -> None:
        """A code that changes with the time was used: neither it nor an earlier one counts any more."""
        keep_used(self.store, person, step)

    def _assemble(self, models: Models | None) -> None:
        self._models = models
        bundle = models.embedder_bundle if models is not None else None
        people = PeopleCommands(self.store, self._people_changed, embedder_id=bundle.model_id if bundle else None,
                                thresholds=bundle.thresholds if bundle else None, rate=self._settings.decision.false_grants)
        zone, door = self._settings.access.timezone, level_of(self._settings)
        self._tables = (people, ScheduleCommands(self.store, self._people_changed, zone=zone, assurance=door),
                        AssuranceCommands(self.store, self._people_changed, zone=zone),
                        CodeCommands(self.store, self._people_changed),
                        AdmissionCommands(self.store, self._people_changed, embedder_id=bundle.model_id if bundle else None),
                        GreetingCommands(self.store, self._people_changed), SubjectCommands(self.store, people, self._people_changed))

    def _protect(self) -> None:
        """Templates of a store that has none yet are protected from the first one on, if the settings say so."""
        try:
            if self._settings.store.cancelable and not self.store.protect_if_empty() and not self.store.read_only:
                _log.warning("the templates are kept as embeddings, as they were before [store] cancelable was set: with the door stopped, "
                             "'edge-face store protect' turns them into codes")
        except StoreError as error:
            _log.error("the templates are not protected: %s", error)

    def _aliases(self) -> dict[str, str]:
        key = self.store.audit_key()
        visitors = {visitor: hmac.new(key, b"visitor " + visitor.encode(), hashlib.sha256).hexdigest()[:16] for visitor in self._visitors}
        return self.store.aliases() | visitors

    def _people_changed(self) -> None:
        self._changed = True

    def _row(self, event: Event) -> dict[str, Any]:
        name = None
        if event.person is not None:
            with contextlib.suppress(PeopleError, StoreError):
                name = self.store.person(event.person).name
        return event_row(event, name)


def _passing(people: Iterator[Person]) -> Iterator[Person]:
    """One after the other, each wiped when the next one is asked for: the gallery has its own copy."""
    for person in people:
        yield person
        for template in person.templates:
            memory.wipe(template.embedding)


def _left_out(identity: str | None, error: EdgeFaceError) -> None:
    _log.error("a person is left out: %s", error, extra=fields(person=identity))


def open_books(settings: Settings, *, read_only: bool = False) -> StoreBooks:
    """The books in the settings' folder. Raises `StoreError`."""
    return StoreBooks(Store(settings.store.folder, settings.store.key_file or None, read_only, or_read_only=True), settings)


def kind_of(decision: Decision) -> str:
    """The event kind of a decision: "grant", "deny", "exit", "rest", "rest-over", "relock"."""
    return decision.kind.value.replace(" ", "-")


def event_row(event: Event, name: str | None) -> dict[str, Any]:
    """An event for JSON: id, wall (seconds since 1970), kind, person (id or None), name, and its details."""
    return {**event.details, "id": event.id, "wall": event.wall, "kind": event.kind, "person": event.person, "name": name}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """What JSON can hold; a number that is none becomes null."""
    return {name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in values.items()}
