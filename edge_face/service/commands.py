"""What may be asked of a running daemon, and what each command takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from edge_face.access.clock_trust import KIND as CLOCK_RECORD
from edge_face.access.inputs import Command, Order
from edge_face.door import describe_lock
from edge_face.errors import ServiceError, UsageError
from edge_face.service.control import Handler, Peer
from edge_face.service.recorded_commands import recorded_handlers
from edge_face.service.web.claim import LIVES as CLAIM_LIVES

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon


OWNERS = frozenset({"clock.set", "schedule.assurance"})
"""Commands on the store that are for root and the daemon's user only."""


def handlers(daemon: Daemon) -> dict[str, Handler]:
    """Commands by name. They run in the control socket's threads."""

    from edge_face.people import PeopleCommands
    from edge_face.people.assurance_commands import AssuranceCommands
    from edge_face.people.codes import CodeCommands
    from edge_face.people.schedule_commands import ScheduleCommands
    from edge_face.people.subject import SubjectCommands

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
        seconds = min(seconds, daemon.settings.door.max_release)
        daemon.order(Order(Command.RELEASE, seconds))
        return {"seconds": seconds}

    def order(command: Command, arguments: dict[str, Any], peer: Peer) -> Any:
        _owner(peer)
        _take(arguments)
        daemon.order(Order(command))
        return {}

    def present(arguments: dict[str, Any], peer: Peer) -> Any:
        from edge_face.people.card_desk import add_presented

        return add_presented(daemon.desk, daemon.command, **_take(arguments, "who", "seconds"))

    def door_status(arguments: dict[str, Any], peer: Peer) -> Any:
        _take(arguments)
        return door_facts(daemon)

    def opened(arguments: dict[str, Any], peer: Peer) -> Any:
        from edge_face.privacy.sealed.opening import opening_record

        taken = _take(arguments, "what", "key", "visible", "opened", "faces")
        try:
            key, visible = (bytes.fromhex(taken[name]) for name in ("key", "visible"))
            record = opening_record(taken["what"], key, visible, taken["opened"], taken["faces"], daemon.clock.wall())
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError("sealed.opened takes what, key, visible, opened and faces") from error
        audit = daemon.parts.audit
        if audit is None or not audit.call(lambda log: log.append(record, daemon.clock.monotonic()) and log.commit()):
            raise ServiceError("the audit log does not take the opening just now: nothing was opened; 'edge-face doctor' says why")
        return {}

    def maintain(arguments: dict[str, Any], peer: Peer) -> Any:
        _owner(peer)
        _take(arguments)
        return daemon.maintain()

    def claim(arguments: dict[str, Any], peer: Peer) -> Any:
        _owner(peer)
        _take(arguments)
        return {"code": daemon.accounts.new_claim_code(), "seconds": CLAIM_LIVES}

    def reset(arguments: dict[str, Any], peer: Peer) -> Any:
        _owner(peer)
        _take(arguments)
        removed, code = daemon.accounts.reset()
        return {"removed": removed, "code": code, "seconds": CLAIM_LIVES}

    def stop(arguments: dict[str, Any], peer: Peer) -> Any:
        _owner(peer)
        _take(arguments)
        daemon.stop(0)
        return {}

    table: dict[str, Handler] = {"status": status, "events": events, "why": why, "settings.show": settings_show,
                                 "door.status": door_status, "door.pulse": pulse, "stop": stop, "codes.present": present,
                                 "service.maintain": maintain, "sealed.opened": opened,
                                 "kiosk.claim": claim, "owner.reset": reset}
    table |= {f"door.{word}": partial(order, command) for word, command in
              (("secure", Command.SECURE), ("lockdown", Command.LOCKDOWN), ("lift", Command.LIFT), ("quiet", Command.QUIET))}
    for name in (*PeopleCommands.names(), *ScheduleCommands.names(), *AssuranceCommands.names(), *CodeCommands.names(),
                 *SubjectCommands.names()):
        table[name] = partial(_books, daemon, name)
    return table | recorded_handlers(daemon)


def _books(daemon: Daemon, name: str, arguments: dict[str, Any], peer: Peer) -> Any:
    """What is kept in the store. Setting the clock decides who gets in, and so does a level: for the owner only."""
    if name in OWNERS or (name == "people.assure" and not _stricter(arguments)):
        _owner(peer)
    answer = daemon.command(name, arguments)
    if name == "clock.set":
        daemon.keeper.adopt(daemon.books(lambda books: books.record(CLOCK_RECORD)))
    return answer


def _stricter(arguments: Mapping[str, Any]) -> bool:
    """Does it change nothing, or say of somebody no more than that they are under 16? Whoever enrols children may do that."""
    changes = arguments.get("changes")
    return changes is None or (isinstance(changes, Mapping) and set(changes) <= {"minor", "guardian"} and changes.get("minor") is True)


def door_facts(daemon: Daemon) -> dict[str, Any]:
    """What is wired and how it stands, for whoever wires it."""
    health, parts = daemon.health(), daemon.parts
    inputs, signals, lock = parts.inputs, parts.signals, parts.lock
    return {"lock": describe_lock(daemon.settings.door), **health.as_json()["door"],
            "until": lock.until - daemon.clock.monotonic() if lock is not None and lock.until is not None else None,
            "exit_pressed": parts.button.pressed if parts.button is not None else None,
            "fire": inputs.fire if inputs is not None else None, "tamper": inputs.tamper if inputs is not None else None,
            "signals": asdict(signals.levels) if signals is not None else None,
            "troubles": [*(inputs.troubles if inputs is not None else ()), *(signals.troubles if signals is not None else ())]}


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
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 3600:
        raise UsageError("'seconds' is a number of seconds above 0")
    return float(value)
