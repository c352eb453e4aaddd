"""Sessions and logins, for the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edge_face.errors import ForbiddenError, LoginNeededError, PeopleError
from edge_face.people.person import name_key
from edge_face.service.web.accounts import Login
from edge_face.service.web.arguments import Arguments, text
from edge_face.service.web.roles import Caller, Role, WebCommand
from edge_face.service.web.saying import say

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon


def commands(daemon: Daemon) -> tuple[WebCommand, ...]:
    """`session.*` and `accounts.*`."""
    desk = _Desk(daemon)
    return (WebCommand("session.who", Role.NOBODY, desk.who),
            WebCommand("session.claim", Role.NOBODY, desk.claim, ("code", "name", "passphrase")),
            WebCommand("session.login", Role.NOBODY, desk.login, ("name", "passphrase")),
            WebCommand("session.logout", Role.NOBODY, desk.logout),
            WebCommand("session.fresh", Role.VIEWER, desk.fresh, ("passphrase",)),
            WebCommand("session.others", Role.VIEWER, desk.others),
            WebCommand("session.end_others", Role.VIEWER, desk.end_others, fresh=True),
            WebCommand("accounts.list", Role.OWNER, desk.list),
            WebCommand("accounts.add", Role.OWNER, desk.add, ("name", "role", "passphrase"), fresh=True),
            WebCommand("accounts.remove", Role.OWNER, desk.remove, ("name",), fresh=True),
            WebCommand("accounts.role", Role.OWNER, desk.role, ("name", "role"), fresh=True),
            WebCommand("accounts.logout", Role.OWNER, desk.end_sessions, ("name",), fresh=True),
            WebCommand("accounts.passphrase", Role.VIEWER, desk.passphrase, ("passphrase", "name"), fresh=True))


class _Desk:
    """Each method is a command: who asks, the arguments, the answer."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon, self._accounts, self._sessions = daemon, daemon.accounts, daemon.sessions

    def who(self, caller: Caller, given: Arguments) -> Any:
        """{"role", "name", "fresh", "claimed", "idle"}: `idle` seconds until the session ends when nobody uses it, null without one."""
        session = self._sessions.find(caller.token, touch=False) if caller.token else None
        return {"role": caller.role.name.lower(), "name": caller.name, "fresh": caller.fresh, "claimed": self._accounts.claimed(),
                "idle": None if session is None else round(self._sessions.left(session), 1)}

    def claim(self, caller: Caller, given: Arguments) -> Any:
        return self._logged_in(self._accounts.claim(text(given, "code"), text(given, "name"), text(given, "passphrase")), caller)

    def login(self, caller: Caller, given: Arguments) -> Any:
        return self._logged_in(self._accounts.login(text(given, "name"), text(given, "passphrase")), caller)

    def logout(self, caller: Caller, given: Arguments) -> Any:
        if caller.token:
            self._sessions.end(caller.token)
            say(self._daemon, caller, "logout")
        return {}

    def fresh(self, caller: Caller, given: Arguments) -> Any:
        """{"token", "role", "name"}: the session goes on under the new token, the old one has ended."""
        self._accounts.prove(caller.account, text(given, "passphrase"))
        token = self._sessions.renew(caller.token)
        if not token:
            raise LoginNeededError("log in first")
        say(self._daemon, caller, "again")
        return {"token": token, "role": caller.role.name.lower(), "name": caller.name}

    def others(self, caller: Caller, given: Arguments) -> Any:
        """{"sessions": [{"begun": wall, "this": bool}]} of the own account, the oldest first."""
        return {"sessions": [{"begun": session.wall, "this": self._sessions.is_that(session, caller.token)}
                             for session in self._sessions.of(caller.account)]}

    def end_others(self, caller: Caller, given: Arguments) -> Any:
        ended = self._sessions.end_of(caller.account, caller.token)
        say(self._daemon, caller, "sessions-ended", ended=ended)
        return {"ended": ended}

    def list(self, caller: Caller, given: Arguments) -> Any:
        """{"accounts": [{"name", "role", "added": wall, "sessions": how many, "you": bool}]}."""
        return {"accounts": [_shown(login) | {"sessions": len(self._sessions.of(login.id)), "you": login.id == caller.account}
                             for login in self._accounts.all()]}

    def add(self, caller: Caller, given: Arguments) -> Any:
        made = self._accounts.add(text(given, "name"), text(given, "role"), text(given, "passphrase"))
        self._say(caller, "account-added", made)
        return _shown(made)

    def remove(self, caller: Caller, given: Arguments) -> Any:
        gone = self._accounts.remove(text(given, "name"))
        self._say(caller, "account-removed", gone)
        return _shown(gone)

    def role(self, caller: Caller, given: Arguments) -> Any:
        changed = self._accounts.set_role(text(given, "name"), text(given, "role"))
        self._say(caller, "account-role", changed)
        return _shown(changed)

    def end_sessions(self, caller: Caller, given: Arguments) -> Any:
        """Of one login; without a name of all, except the one that asks."""
        name = text(given, "name", "")
        whose = [self._named(name)] if name else list(self._accounts.all())
        ended = sum(self._sessions.end_of(login.id, caller.token) for login in whose)
        say(self._daemon, caller, "account-logout", all=not name, ended=ended, at_once=True)
        if name:
            self._accounts.tell_changed("account-logout", whose[0])
        return {"ended": ended}

    def passphrase(self, caller: Caller, given: Arguments) -> Any:
        """Of the own login; of another one (`name`) for owners."""
        identity, name = caller.account, text(given, "name", "")
        if name:
            if caller.role is not Role.OWNER and name_key(name) != name_key(caller.name):
                raise ForbiddenError("only an owner changes the passphrase of another login")
            identity = self._named(name).id
        changed = self._accounts.set_passphrase(identity, text(given, "passphrase"), caller.token)
        self._say(caller, "account-passphrase", changed)
        return _shown(changed)

    def _named(self, name: str) -> Login:
        found = next((login for login in self._accounts.all() if name_key(login.name) == name_key(name)), None)
        if found is None:
            raise PeopleError("there is no login of that name")
        return found

    def _logged_in(self, login: Login, caller: Caller) -> Any:
        if caller.token:
            self._sessions.end(caller.token)  # one browser, one session
        return {"token": self._sessions.begin(login.id), "role": login.role.name.lower(), "name": login.name}

    def _say(self, caller: Caller, what: str, whose: Login) -> None:
        """Two records: who did it, and to whom."""
        say(self._daemon, caller, what, role=whose.role.name.lower(), own=whose.id == caller.account, at_once=True)
        self._accounts.tell_changed(what, whose)


def _shown(login: Login) -> dict[str, Any]:
    return {"name": login.name, "role": login.role.name.lower(), "added": login.added}
