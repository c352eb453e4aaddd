"""The daemon's side of the logins: claiming, logging in, proving the passphrase again, and what owners do to logins."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from edge_face import memory
from edge_face.audit import AuditRecord
from edge_face.audit.place import account_alias
from edge_face.audit.record import Detail
from edge_face.errors import ForbiddenError, TooManyTriesError, WrongPassphraseError
from edge_face.people.account_passphrase import check_passphrase, is_right, passphrase_hash
from edge_face.people.accounts import KIND, OWNER, Account, AccountBook, account_book_of, accounts_record
from edge_face.people.code_hash import PinHash, blank
from edge_face.people.person import clean_name, new_id
from edge_face.service.web.claim import ClaimCode
from edge_face.service.web.login_rest import KIND as REST
from edge_face.service.web.login_rest import LoginRest
from edge_face.service.web.roles import Role
from edge_face.service.web.sessions import Sessions

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon

WRONG = "the name or the passphrase is not right"
WRONG_CLAIM = "this claim code is not right, or an hour old, or used: 'sudo edge-face kiosk claim' on the device prints a new one"
_STRANGER = "0" * 16
"""In place of the id of an account that is not there."""


@dataclass(frozen=True, slots=True)
class Login:
    """An account as the rest of the daemon knows it. `id` is not for showing."""

    id: str
    name: str
    role: Role
    added: float


class Accounts:
    """From any thread but the store's. What is kept is read once and held: `reread` after the store was replaced.

    Raises, from anything that reads: StoreError, AccessError for a damaged record, ServiceError while the daemon starts.
    """

    def __init__(self, daemon: Daemon, sessions: Sessions) -> None:
        self._daemon, self._sessions = daemon, sessions
        self._guard = threading.RLock()
        self._held: AccountBook | None = None
        self._key = b""
        self._blank = blank()
        self._code = ClaimCode(daemon.clock.monotonic)
        self._rest = LoginRest(lambda: self._record(REST), lambda value: self._keep(REST, value), daemon.clock.monotonic)
        self._told_rest = False

    # Who there is

    def all(self) -> tuple[Login, ...]:
        return tuple(map(_login, self._book().accounts))

    def get(self, identity: str) -> Login | None:
        account = self._book().get(identity)
        return None if account is None else _login(account)

    def claimed(self) -> bool:
        """Has this door an owner?"""
        return self._book().claimed

    def alias(self, identity: str) -> str:
        """What the audit log calls an account: 16 hexadecimal digits."""
        return account_alias(self._audit_key(), identity)

    def aliases(self) -> dict[str, str]:
        """Names by aliases, for whoever reads the audit log."""
        return {self.alias(account.id): account.name for account in self._book().accounts}

    def reread(self) -> None:
        """The store is another now: a backup was restored. Everybody is logged out."""
        with self._guard:
            self._held, self._key = None, b""
            self._sessions.end_all()

    # The device's own console

    def new_claim_code(self) -> str:
        """Raises ForbiddenError for a door that has an owner."""
        if self.claimed():
            raise ForbiddenError("this door has an owner already, who logs in on the pages; a lost passphrase: sudo edge-face owner "
                                 "reset")
        return self._code.new()

    def reset(self) -> tuple[int, str]:
        """Removes all logins, ends all sessions, forgets wrong tries: how many logins there were, and a new claim code."""
        with self._guard:
            try:
                gone = len(self._book().accounts)
            except Exception:
                gone = 0  # a damaged record is what this is for
            self._put(AccountBook())
            self._sessions.end_all()
        self._rest.clear()
        self._tell("reset", None, at_once=True, logins=gone)
        return gone, self._code.new()

    # Logging in

    def claim(self, code: str, name: str, passphrase: str) -> Login:
        """The first owner. Raises ForbiddenError for a door that has one, WrongPassphraseError, TooManyTriesError; PeopleError and
        UsageError for a name or passphrase that will not do: the code can then be used again."""
        if self.claimed():
            raise ForbiddenError("this door has an owner already: log in")
        with self._trying(None, "claim") as right:
            if not self._code.is_right(code):
                self._tell("wrong", None, way="claim")
                raise WrongPassphraseError(WRONG_CLAIM)
            right()
            account = self._made(name, OWNER, passphrase)
            with self._guard:
                if self.claimed() or not self._code.spend(code):
                    raise WrongPassphraseError(WRONG_CLAIM)
                self._put(self._book().with_new(account))
        self._tell("claimed", account.id, at_once=True)
        return _login(account)

    def login(self, name: str, passphrase: str) -> Login:
        """Raises WrongPassphraseError, the same for a name that is not there, after as long; TooManyTriesError."""
        account = self._book().named(name[:1000])
        with self._trying(account.id if account is not None else None, "login") as right:
            if not self._proven(account, passphrase):
                self._tell("wrong", account.id if account is not None else None, way="login")
                raise WrongPassphraseError(WRONG)
            right()
        assert account is not None
        self._tell("login", account.id, role=account.role)
        return _login(account)

    def prove(self, identity: str, passphrase: str) -> None:
        """Somebody who is logged in gives the passphrase again. Raises WrongPassphraseError, TooManyTriesError."""
        account = self._book().get(identity)
        with self._trying(f"{identity}/again", "again", alone=True) as right:
            if not self._proven(account, passphrase):
                self._tell("wrong", identity, way="again")
                raise WrongPassphraseError("the passphrase is not right")
            right()

    # What owners do to logins

    def add(self, name: str, role: str, passphrase: str) -> Login:
        """Raises PeopleError, UsageError."""
        account = self._made(name, role, passphrase)
        with self._guard:
            self._put(self._book().with_new(account))
        return _login(account)

    def remove(self, name: str) -> Login:
        """And logs that account out. Raises PeopleError, also for the only owner."""
        with self._guard:
            account = self._book().find(name)
            self._put(self._book().without(account.id))
            self._sessions.end_of(account.id)
        for key in (account.id, f"{account.id}/again"):
            self._rest.forget(key)
        return _login(account)

    def set_role(self, name: str, role: str) -> Login:
        """Raises PeopleError, also for the only owner."""
        with self._guard:
            account = self._book().find(name)
            self._put(self._book().with_role(account.id, role))
        return _login(replace(account, role=role))

    def set_passphrase(self, identity: str, passphrase: str, but: str = "") -> Login:
        """And ends the account's sessions, except that of the token `but`. Raises PeopleError, UsageError."""
        account = self._book().get(identity)
        if account is None:
            raise ForbiddenError("this login is gone")
        secret = self._hashed(account.id, check_passphrase(passphrase, account.name))
        with self._guard:
            self._put(self._book().with_secret(account.id, secret))
            self._sessions.end_of(account.id, but)
        return _login(account)

    # Inside

    def _made(self, name: str, role: str, passphrase: str) -> Account:
        called, identity = clean_name(name), new_id()
        return Account(identity, called, role, self._hashed(identity, check_passphrase(passphrase, called)), self._daemon.clock.wall())

    def _hashed(self, identity: str, passphrase: str) -> PinHash:
        base = blank()
        return replace(base, hash=self._hash(identity, passphrase, base), added=self._daemon.clock.wall())

    def _proven(self, account: Account | None, passphrase: str) -> bool:
        """One hash, whether there is such an account or not."""
        kept = account.secret if account is not None else self._blank
        given = self._hash(account.id if account is not None else _STRANGER, passphrase[:1000], kept)
        return is_right(given, kept) and account is not None

    def _hash(self, identity: str, passphrase: str, like: PinHash) -> bytes:
        """19 MiB that would stay with whichever thread hashed are given back."""
        try:
            return passphrase_hash(self._pepper(), identity, passphrase, like)
        finally:
            memory.trim()

    def _trying(self, key: str | None, way: str, *, alone: bool = False) -> _Trying:
        return _Trying(self, self._rest, key, way, alone)

    def tell_rest(self, way: str) -> None:
        """The first that is refused in a rest, not each."""
        if not self._told_rest:
            self._told_rest = True
            self._tell("rest", None, way=way)

    def rest_is_over(self) -> None:
        self._told_rest = False

    def _tell(self, what: str, identity: str | None, *, at_once: bool = False, **details: Detail) -> None:
        """A record of kind "login"."""
        audit = self._daemon.parts.audit
        if audit is not None:
            alias = None if identity is None else self.alias(identity)
            audit.later(AuditRecord("login", self._daemon.clock.wall(), alias, None, {"what": what, **details}), at_once=at_once)

    def tell_changed(self, what: str, whose: Login) -> None:
        """Whose login was changed; by whom says a record of its own."""
        self._tell(what, whose.id, at_once=True, role=whose.role.name.lower())

    def _book(self) -> AccountBook:
        held = self._held
        if held is not None:
            return held
        with self._guard:
            if self._held is None:
                self._held = account_book_of(self._record(KIND))
            return self._held

    def _put(self, book: AccountBook) -> None:
        self._keep(KIND, accounts_record(book))
        self._held = book

    def _record(self, kind: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._daemon.books(lambda books: books.record(kind))
        return found

    def _keep(self, kind: str, value: Mapping[str, Any]) -> None:
        self._daemon.books(lambda books: books.keep(kind, value))

    def _audit_key(self) -> bytes:
        if not self._key:
            self._key = self._daemon.books(lambda books: books.audit_key())
        return self._key

    def _pepper(self) -> bytes:
        return hmac.new(self._audit_key(), b"passphrases of logins", hashlib.sha256).digest()


class _Trying:
    """`LoginRest.trying`, which tells the audit log of a rest."""

    def __init__(self, accounts: Accounts, rest: LoginRest, key: str | None, way: str, alone: bool) -> None:
        self._accounts, self._way = accounts, way
        self._around = rest.trying(key, alone=alone)

    def __enter__(self) -> Callable[[], None]:
        try:
            right = self._around.__enter__()
        except TooManyTriesError:
            self._accounts.tell_rest(self._way)
            raise
        self._accounts.rest_is_over()
        return right

    def __exit__(self, *error: Any) -> None:
        self._around.__exit__(*error)


def _login(account: Account) -> Login:
    return Login(account.id, account.name, Role[account.role.upper()], account.added)
