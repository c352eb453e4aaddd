"""The book of logins: rules and record. No disk, no daemon."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from edge_face.errors import AccessError, PeopleError
from edge_face.people.accounts import MOST, Account, AccountBook, account_book_of, accounts_record
from edge_face.people.code_hash import blank


def account(number: int, name: str = "", role: str = "viewer") -> Account:
    return Account(f"{number:016x}", name or f"Nr {number}", role, blank(), 1.7e9)


BOOK = AccountBook().with_new(account(1, "Olga", "owner")).with_new(account(2, "Hans", "helper"))


def test_the_record_is_the_book() -> None:
    record = json.loads(json.dumps(accounts_record(BOOK)))
    assert account_book_of(record) == BOOK
    assert account_book_of(None) == AccountBook() and not AccountBook().claimed and BOOK.claimed


def test_names_are_compared_without_regard_to_case() -> None:
    for name in ("olga", " OLGA ", "Olga"):
        assert BOOK.find(name).id == account(1).id
    with pytest.raises(PeopleError, match="already"):
        BOOK.with_new(account(3, "OLGA"))
    with pytest.raises(PeopleError, match="no login of that name"):
        BOOK.find("Ol")
    assert BOOK.named("\ud800") is None and BOOK.get("x") is None


def test_an_owner_is_always_left() -> None:
    for change in (lambda: BOOK.without(account(1).id), lambda: BOOK.with_role(account(1).id, "helper")):
        with pytest.raises(PeopleError, match="only owner"):
            change()
    both = BOOK.with_role(account(2).id, "owner")
    assert [one.name for one in both.without(account(1).id).accounts] == ["Hans"]
    assert BOOK.without(account(2).id).claimed


def test_roles_and_their_number() -> None:
    for role in ("king", "", "OWNER"):
        with pytest.raises(PeopleError, match="a role is viewer, helper or owner"):
            BOOK.with_role(account(2).id, role)
        with pytest.raises(PeopleError, match="a role is"):
            BOOK.with_new(account(3, role=role))
    full = BOOK
    for number in range(3, MOST + 1):
        full = full.with_new(account(number))
    with pytest.raises(PeopleError, match="32 logins"):
        full.with_new(account(99))


def test_a_new_secret_changes_nobody_else() -> None:
    secret = blank()
    changed = BOOK.with_secret(account(2).id, secret)
    assert changed.accounts[1].secret == secret and changed.accounts[0] == BOOK.accounts[0]


def test_nothing_secret_is_printed() -> None:
    assert BOOK.accounts[0].secret.hash.hex() not in repr(BOOK) and "secret" not in repr(BOOK)


@pytest.mark.parametrize(("path", "value"), [
    ((), []), ((), {}), (("accounts",), {}), (("accounts",), None), (("accounts",), [1]), (("more",), 1), (("accounts", 0, "id"), "x"),
    (("accounts", 0, "id"), 7), (("accounts", 0, "id"), "0" * 15 + "2"), (("accounts", 0, "name"), None), (("accounts", 0, "role"), "king"),
    (("accounts", 0, "role"), None), (("accounts", 0, "role"), []), (("accounts", 0, "added"), True), (("accounts", 0, "added"), "x"),
    (("accounts", 0, "more"), 1), (("accounts", 0, "secret"), {}), (("accounts", 0, "secret", "memory_kib"), 1 << 30),
    (("accounts", 0, "secret", "hash"), "AA==")])
def test_a_record_that_was_changed_lets_nobody_in(path: tuple[Any, ...], value: Any) -> None:
    record: Any = copy.deepcopy(accounts_record(BOOK))
    if not path:
        record = value
    else:
        inner = record
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value
    with pytest.raises(AccessError):
        account_book_of(record)
