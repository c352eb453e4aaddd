"""Logins of the owner's pages, as the store keeps them: one sealed record of the house. Pure: book in, book out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from edge_face.errors import AccessError, PeopleError
from edge_face.people.code_hash import PinHash, pin_hash_of, pin_record
from edge_face.people.person import clean_name, is_id, name_key

KIND = "accounts"
"""Of the store's record."""
ROLES = ("viewer", "helper", "owner")
"""From the least to the most."""
OWNER = "owner"
MOST = 32


@dataclass(frozen=True, slots=True)
class Account:
    """`id` is random and never shown; `added`: wall time."""

    id: str
    name: str
    role: str
    secret: PinHash = field(repr=False)
    added: float


@dataclass(frozen=True, slots=True)
class AccountBook:
    """All logins, in the order in which they came."""

    accounts: tuple[Account, ...] = ()

    @property
    def claimed(self) -> bool:
        """Is there an owner?"""
        return any(account.role == OWNER for account in self.accounts)

    def get(self, identity: str) -> Account | None:
        return next((account for account in self.accounts if account.id == identity), None)

    def named(self, name: str) -> Account | None:
        """Without regard to case. Never raises."""
        wanted = name_key(" ".join(name.split()))
        return next((account for account in self.accounts if name_key(account.name) == wanted), None)

    def find(self, name: str) -> Account:
        """Raises PeopleError when there is none of that name."""
        account = self.named(name)
        if account is None:
            raise PeopleError("there is no login of that name")
        return account

    def with_new(self, account: Account) -> AccountBook:
        """Raises PeopleError for a name that is taken, and for one too many."""
        if self.named(account.name) is not None:
            raise PeopleError("there is a login of that name already: choose another name")
        if len(self.accounts) >= MOST:
            raise PeopleError(f"there are {MOST} logins, which is the most: remove one first")
        return AccountBook((*self.accounts, replace(account, name=clean_name(account.name), role=checked_role(account.role))))

    def without(self, identity: str) -> AccountBook:
        """Raises PeopleError for the last owner."""
        return self._with_owner(AccountBook(tuple(account for account in self.accounts if account.id != identity)))

    def with_role(self, identity: str, role: str) -> AccountBook:
        """Raises PeopleError for an unknown role, and where no owner would be left."""
        return self._with_owner(self._changed(identity, role=checked_role(role)))

    def with_secret(self, identity: str, secret: PinHash) -> AccountBook:
        return self._changed(identity, secret=secret)

    def _changed(self, identity: str, **changes: Any) -> AccountBook:
        return AccountBook(tuple(replace(account, **changes) if account.id == identity else account for account in self.accounts))

    def _with_owner(self, after: AccountBook) -> AccountBook:
        if self.claimed and not after.claimed:
            raise PeopleError("this is the only owner: make somebody else an owner first")
        return after


def checked_role(role: str) -> str:
    """Raises PeopleError."""
    if role not in ROLES:
        raise PeopleError(f"a role is {', '.join(ROLES[:-1])} or {ROLES[-1]}")
    return role


def accounts_record(book: AccountBook) -> dict[str, Any]:
    """For the store, which seals it."""
    return {"accounts": [{"id": account.id, "name": account.name, "role": account.role, "added": account.added,
                          "secret": pin_record(account.secret)} for account in book.accounts]}


def account_book_of(record: Mapping[str, Any] | None) -> AccountBook:
    """None: nobody has claimed the door yet. Raises AccessError for whatever `accounts_record` cannot have made."""
    if record is None:
        return AccountBook()
    try:
        rows = record["accounts"]
        if set(record) != {"accounts"} or not isinstance(rows, list) or len(rows) > MOST:
            raise ValueError("rows")
        accounts = tuple(_account(row) for row in rows)
        if len({account.id for account in accounts}) != len(accounts):
            raise ValueError("two of one id")
        return AccountBook(accounts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AccessError("the record of the logins is not what it must be: nobody can log in; 'edge-face owner reset' on the device "
                          "removes them all and begins anew") from error


def _account(row: Mapping[str, Any]) -> Account:
    identity, name, role, added = row["id"], row["name"], row["role"], row["added"]
    if set(row) != {"id", "name", "role", "added", "secret"} or not isinstance(identity, str) or not is_id(identity):
        raise ValueError("fields")
    if not isinstance(name, str) or role not in ROLES or isinstance(added, bool) or not isinstance(added, int | float):
        raise ValueError("fields")
    return Account(identity, name, role, pin_hash_of(row["secret"]), float(added))
