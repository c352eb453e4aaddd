"""The store as the daemon uses it: who is known, what happened. Used in the store thread only."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from edge_face.access import Decision
from edge_face.errors import PeopleError, StoreError, UsageError
from edge_face.people import Event, Gallery, PeopleCommands, Store
from edge_face.service.log import fields
from edge_face.service.models import Models
from edge_face.settings import Settings

_log = logging.getLogger("edge_face.store")

DAY = 86_400.0
MOST_EVENTS = 1000
"""In one answer."""


@dataclass(frozen=True, slots=True, eq=False)
class Roster:
    """Who is known at one moment: the gallery that matches, who agreed to be shown, and both in words."""

    gallery: Gallery
    people: int
    consenting: frozenset[str]
    described: str
    threshold: str
    measured: bool
    """The wanted rate of false grants is measured for so many people."""


class Books(Protocol):
    """What the daemon asks of a store."""

    def roster(self, models: Models) -> Roster: ...

    def write(self, decision: Decision) -> None: ...

    def note(self, kind: str, authority: str, wall: float, seconds: float | None) -> None: ...

    def events(self, last: int) -> list[dict[str, Any]]: ...

    def event(self, number: int | None) -> dict[str, Any]: ...

    def tidy(self, wall: float) -> None: ...

    def people(self, command: str, arguments: Mapping[str, Any]) -> Any: ...

    def take_change(self) -> bool: ...


class StoreBooks:
    """Books over an open store. Raises `StoreError` for what the disk does."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store, self._settings = store, settings
        self._changed = False
        self._model = ""
        self._commands = PeopleCommands(store, self._people_changed, rate=settings.decision.false_grants)

    def close(self) -> None:
        self.store.close()

    def roster(self, models: Models) -> Roster:
        """Everybody who may be recognised by these models, at the rate of the settings. Raises `ModelError`."""
        bundle = models.embedder_bundle

        def damaged(identity: str, error: StoreError) -> None:
            _log.error("a person is left out: %s", error, extra=fields(person=identity))

        if self._model != bundle.model_id:
            self._model = bundle.model_id
            self._commands = PeopleCommands(self.store, self._people_changed, embedder_id=bundle.model_id,
                                            thresholds=bundle.thresholds, rate=self._settings.decision.false_grants)
        gallery = Gallery.build(self.store.iterate(damaged), bundle.model_id, self._settings.decision.false_grants, bundle.thresholds)
        again = len(gallery.must_enrol_again)
        enrolled = self.store.count()
        words = f"{len(gallery)} to be recognised, {gallery.templates} templates, {enrolled} enrolled"
        if again:
            words += f"; {again} must be enrolled again: their templates are another embedder's"
        return Roster(gallery, len(gallery), gallery.consenting, words, gallery.threshold.sentence,
                      gallery.threshold.measured)

    def write(self, decision: Decision) -> None:
        """Keeps a decision with its reasons."""
        details: dict[str, Any] = {"reasons": [{"code": reason.code, "text": reason.text, "values": _plain(reason.values)}
                                               for reason in decision.reasons]}
        if decision.track is not None:
            details["track"] = decision.track
        if decision.seconds:
            details["seconds"] = round(decision.seconds, 3)
        self.store.events.append(kind_of(decision), decision.wall, decision.person, details)

    def note(self, kind: str, authority: str, wall: float, seconds: float | None) -> None:
        """Keeps what happened at the door without a decision of the controller."""
        details: dict[str, Any] = {"authority": authority}
        if seconds is not None:
            details["seconds"] = round(seconds, 3)
        self.store.events.append(kind, wall, None, details)

    def events(self, last: int) -> list[dict[str, Any]]:
        """The latest events, newest last. Raises `UsageError` for a count that cannot be meant."""
        if not 1 <= last <= MOST_EVENTS:
            raise UsageError(f"between 1 and {MOST_EVENTS} events can be shown, not {last}")
        return [self._row(event) for event in reversed(self.store.events.query(limit=last))]

    def event(self, number: int | None) -> dict[str, Any]:
        """One event, or the latest one that decided about a face. Raises `UsageError` when there is none."""
        if number is not None:
            found = self.store.events.get(number) if 0 <= number < 1 << 63 else None
            if found is None:
                raise UsageError(f"there is no event {number}: 'edge-face why --last 20' lists the latest")
            return self._row(found)
        latest = [event for kind in ("grant", "deny") for event in self.store.events.query(limit=1, kind=kind)]
        if not latest:
            raise UsageError("nobody has come to this door yet")
        return self._row(max(latest, key=lambda event: event.id))

    def tidy(self, wall: float) -> None:
        """Deletes what is older than the settings allow."""
        gone = self.store.events.prune(wall - self._settings.store.keep_events * DAY)
        if gone:
            _log.info("old events were deleted", extra=fields(events=gone))

    def people(self, command: str, arguments: Mapping[str, Any]) -> Any:
        """A command of `edge-face people`. Raises what it raises; `take_change` says afterwards whether to call `roster`."""
        return self._commands.run(command, arguments)

    def take_change(self) -> bool:
        """Has a command changed whom the door knows, since this was last asked?"""
        changed, self._changed = self._changed, False
        return changed

    def _people_changed(self) -> None:
        self._changed = True

    def _row(self, event: Event) -> dict[str, Any]:
        name = None
        if event.person is not None:
            with contextlib.suppress(PeopleError, StoreError):
                name = self.store.person(event.person).name
        return event_row(event, name)


def open_books(settings: Settings, *, read_only: bool = False) -> StoreBooks:
    """The books in the settings' folder. Raises `StoreError`."""
    return StoreBooks(Store(settings.store.folder, settings.store.key_file or None, read_only), settings)


def kind_of(decision: Decision) -> str:
    """The event kind of a decision: "grant", "deny", "exit", "rest", "rest-over", "relock"."""
    return decision.kind.value.replace(" ", "-")


def event_row(event: Event, name: str | None) -> dict[str, Any]:
    """An event for JSON: id, wall (seconds since 1970), kind, person (id or None), name, and its details."""
    return {**event.details, "id": event.id, "wall": event.wall, "kind": event.kind, "person": event.person, "name": name}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """What JSON can hold; a number that is none becomes null."""
    return {name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in values.items()}
