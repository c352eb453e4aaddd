"""What may be asked of a running daemon, and what each command takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from edge_face.errors import ServiceError, UsageError
from edge_face.service.control import Handler, Peer
from edge_face.service.door_thread import Order

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon


def handlers(daemon: Daemon) -> dict[str, Handler]:
    """Commands by name. They run in the control socket's threads."""

    from edge_face.people import PeopleCommands

    def status(arguments: dict[str, Any], peer: Peer) -> Any:
        _take(arguments)
        return daemon.status()

    def events(arguments: dict[str, Any], peer: Peer) -> Any:
        last = _whole(_take(arguments, "last").get("last", 20), "last")
        return daemon.books(lambda books: books.events(last))

    def why(arguments: dict[str, Any], peer: Peer) -> Any:
        event = _take(arguments, "event").get("event")
        number = None if event is None else _whole(event, "event")
        return daemon.books(lambda books: books.event(number))

    def settings_show(arguments: dict[str, Any], peer: Peer) -> Any:
        from edge_face.cameras.source import redact

        _take(arguments)
        shown = asdict(daemon.settings)
        shown["camera"]["source"] = redact(shown["camera"]["source"])
        return shown

    def pulse(arguments: dict[str, Any], peer: Peer) -> Any:
        _owner(peer)
        seconds = _seconds(_take(arguments, "seconds").get("seconds", daemon.settings.door.pulse))
        daemon.order(Order(min(seconds, daemon.settings.door.max_release), "owner"))
        return {"seconds": min(seconds, daemon.settings.door.max_release)}

    def secure(arguments: dict[str, Any], peer: Peer) -> Any:
        _owner(peer)
        _take(arguments)
        daemon.order(Order(None, "owner"))
        return {}

    def stop(arguments: dict[str, Any], peer: Peer) -> Any:
        _owner(peer)
        _take(arguments)
        daemon.stop(0)
        return {}

    table: dict[str, Handler] = {"status": status, "events": events, "why": why, "settings.show": settings_show,
                                 "door.pulse": pulse, "door.secure": secure, "stop": stop}
    for name in PeopleCommands.names():
        table[name] = partial(_people, daemon, name)
    return table


def _people(daemon: Daemon, name: str, arguments: dict[str, Any], peer: Peer) -> Any:
    return daemon.people(name, arguments)


def _owner(peer: Peer) -> None:
    if not peer.owner:
        raise ServiceError("only root and the daemon's own user may do that: use sudo")


def _take(arguments: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The arguments, none of which is unknown."""
    unknown = sorted(set(arguments) - set(names))
    if unknown:
        raise UsageError(f"there is no argument '{unknown[0]}' here" + (f": there is {', '.join(names)}" if names else ""))
    return arguments


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise UsageError(f"'{name}' is a whole number")
    return int(value)


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or not 0 < value <= 3600:
        raise UsageError("'seconds' is a number of seconds above 0")
    return float(value)
