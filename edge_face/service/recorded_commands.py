"""Events with their pictures on the control socket, and the same for a command where no daemon runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from edge_face.errors import UnknownError, UsageError
from edge_face.people import Store
from edge_face.service import recorded
from edge_face.service.books import Books, open_books
from edge_face.service.client import daemon_for
from edge_face.service.diary import Wanted, whose
from edge_face.service.web.arguments import number, text, whole
from edge_face.settings import Settings

if TYPE_CHECKING:
    from edge_face.service.control import Handler
    from edge_face.service.daemon import Daemon

MOST = 1000
"""Events in one answer."""
NAMES = ("events.list", "events.show", "events.picture", "events.film", "events.original")
_ARGUMENTS = {"events.list": ("kind", "who", "since", "until", "before", "limit"), "events.film": ("event", "at")}
OnBooks = Callable[[Callable[[Books], Any]], Any]
Call = Callable[..., Any]
"""`call(command, **arguments)`."""


def recorded_handlers(daemon: Daemon) -> dict[str, Handler]:
    """For the control socket: whoever may ask there at all may see what happened and the hidden pictures of it."""
    return {name: partial(_handled, daemon, name) for name in NAMES}


@contextlib.contextmanager
def recorded_events(settings: Settings) -> Iterator[Call]:
    """Asks the running door, else the files. Raises `ServiceError`, `StoreError`."""
    client = daemon_for(settings)
    if client is not None:
        yield client.call
        return
    books = open_books(settings, read_only=True)
    try:
        yield lambda name, **arguments: run(lambda job: job(books), name, arguments)
    finally:
        books.close()


def run(on_books: OnBooks, name: str, arguments: Mapping[str, Any]) -> Any:
    """One command. Raises `UsageError` for arguments that cannot be meant, and what the store raises."""
    given, names = arguments, _ARGUMENTS.get(name, ("event",))
    if unknown := sorted(set(given) - set(names)):
        raise UsageError(f"there is no argument '{unknown[0]}' here: there is {', '.join(names)}")

    def ask(job: Callable[[Store], Any]) -> Any:
        return on_books(lambda books: books.ask(job))

    if name == "events.list":
        return ask(partial(_listed, given))
    event = whole(given, "event")
    if name == "events.show":
        return on_books(partial(shown, event))
    if name == "events.film":
        return recorded.film(ask, event, whole(given, "at", 0))
    return (recorded.picture if name == "events.picture" else recorded.original)(ask, event)


def shown(event: int, books: Books) -> dict[str, Any]:
    """One event with its reasons and what there is of it. Raises `UnknownError`."""
    if books.ask(lambda store: store.events.get(event) if event < 1 << 63 else None) is None:
        raise UnknownError(f"there is no event {event}: it may be so old that it was deleted")
    return {**books.event(event), "recording": books.ask(lambda store: recorded.recording_facts(store, event))}


def _handled(daemon: Daemon, name: str, arguments: dict[str, Any], peer: Any) -> Any:
    return run(daemon.books, name, arguments)


def _listed(given: Mapping[str, Any], store: Store) -> dict[str, Any]:
    who = text(given, "who", "").strip()
    person, visitor = whose(store, who) if who else (None, None)
    since, until = (number(given, name, low=-1e12) if given.get(name) is not None else None for name in ("since", "until"))
    kind = text(given, "kind", "", 32)
    before = whole(given, "before", low=1) if given.get("before") is not None else None
    wanted = Wanted((kind,) if kind else (), person, visitor, since, until)
    return recorded.listed(store, wanted, before, whole(given, "limit", 20, 1, MOST))
