"""All that the pages may ask, and who is asking: each request is resolved to a caller here, and refused here.

The web process checks too, so that it can lead whoever is not logged in to the right page, but nothing rests on that.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from edge_face.errors import ForbiddenError, FreshNeededError, LoginNeededError, UsageError
from edge_face.service.control import Handler, Peer
from edge_face.service.log import fields
from edge_face.service.web.roles import Caller, Role, WebCommand

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon

_log = logging.getLogger("edge_face.pages")

COMMAND_MODULES = ("accounts_commands", "kiosk_commands", "data_commands", "door_commands", "events_commands", "settings_commands",
                   "backup_commands", "enrol_commands", "recording_commands")
"""In this package. Each has `commands(daemon) -> tuple[WebCommand, ...]`."""
UNASKED = frozenset({
    "session.who", "kiosk.state", "kiosk.picture", "kiosk.notice", "view.overlay", "view.picture", "metrics.read", "enrol.state",
    "health"})
"""What a page asks again and again by itself: it does not keep a session alive."""


def web_commands(daemon: Daemon) -> tuple[WebCommand, ...]:
    """Every command of every module. Raises `ValueError` where two have one name."""
    found: list[WebCommand] = []
    for name in COMMAND_MODULES:
        full = f"{__package__}.{name}"
        try:
            module = importlib.import_module(full)
        except ModuleNotFoundError as error:
            if error.name != full:
                raise
            continue
        found += module.commands(daemon)
    names = [command.name for command in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two commands of the pages are called {twice[0]}")
    return tuple(found)


def web_handlers(daemon: Daemon, commands: Iterable[WebCommand] | None = None) -> dict[str, Handler]:
    """The commands as the socket wants them."""
    return {command.name: partial(run_for, daemon, command) for command in (web_commands(daemon) if commands is None else commands)}


def run_for(daemon: Daemon, command: WebCommand, arguments: dict[str, Any], peer: Peer | None = None) -> Any:
    """One request. `token` among the arguments says who asks. Raises `LoginNeededError`, `ForbiddenError`, `FreshNeededError`, `UsageError`
    before the command runs, and then whatever the command raises."""
    given = dict(arguments)
    token = given.pop("token", "")
    if not isinstance(token, str):
        raise UsageError("'token' is a text")
    caller = caller_of(daemon, token, touch=command.name not in UNASKED)
    insist(command, caller)
    unknown = sorted(set(given) - set(command.names))
    if unknown:
        known = f": there is {', '.join(command.names)}" if command.names else ""
        raise UsageError(f"there is no argument '{unknown[0][:40]}' here{known}")
    return command.run(caller, given)


def caller_of(daemon: Daemon, token: str, *, touch: bool = True) -> Caller:
    """Who asks with this token; nobody with none, with one that has ended, and where the account is gone."""
    session = daemon.sessions.find(token, touch=touch) if token else None
    if session is None:
        return Caller(Role.NOBODY)
    account = daemon.accounts.get(session.account)
    if account is None:
        daemon.sessions.end(token)
        return Caller(Role.NOBODY)
    return Caller(account.role, account.id, account.name, daemon.sessions.is_fresh(session), token)


def insist(command: WebCommand, caller: Caller) -> None:
    """Raises what keeps this caller from this command."""
    if command.role is Role.NOBODY:
        return
    if caller.role is Role.NOBODY:
        raise LoginNeededError("log in first")
    if caller.role < command.role:
        _log.warning("a login asked for more than it may", extra=fields(command=command.name, role=caller.role.name.lower()))
        raise ForbiddenError(f"this is for {_for_whom(command.role)}: you are logged in as {caller.role.name.lower()}")
    if command.fresh and not caller.fresh:
        raise FreshNeededError("give your passphrase once more for this")


def _for_whom(role: Role) -> str:
    return "the owner" if role is Role.OWNER else "the owner and helpers"
