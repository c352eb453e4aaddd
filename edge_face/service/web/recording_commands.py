"""Pictures and films of events for the pages: hidden as they were taken; nothing here could show more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edge_face.people import Store
from edge_face.service import recorded
from edge_face.service.web.arguments import Arguments, whole
from edge_face.service.web.roles import Caller, Role, WebCommand
from edge_face.service.web.saying import say

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon


def commands(daemon: Daemon) -> tuple[WebCommand, ...]:
    """`events.picture`, `events.film`, `events.original`."""

    def ask(job: Callable[[Store], Any]) -> Any:
        return daemon.books(lambda books: books.ask(job))

    def picture(caller: Caller, given: Arguments) -> Any:
        return recorded.picture(ask, whole(given, "event"))

    def film(caller: Caller, given: Arguments) -> Any:
        return recorded.film(ask, whole(given, "event"), whole(given, "at", 0))

    def original(caller: Caller, given: Arguments) -> Any:
        answer = recorded.original(ask, whole(given, "event"))
        say(daemon, caller, "events-original")
        return answer

    return (WebCommand("events.picture", Role.VIEWER, picture, ("event",)),
            WebCommand("events.film", Role.VIEWER, film, ("event", "at")),
            WebCommand("events.original", Role.OWNER, original, ("event",)))
