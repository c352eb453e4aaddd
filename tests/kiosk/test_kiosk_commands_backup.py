"""Backups through the pages: made while the door runs, restored in its place, and nothing lost by whatever goes wrong on the way."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from kiosk_house import PASSPHRASE, House

from edge_face.errors import ForbiddenError, FreshNeededError, PeopleError, ServiceError, StoreError, UsageError
from edge_face.people import Store
from edge_face.service.client import Client
from edge_face.service.protocol import web_socket_path
from edge_face.service.web.backup_commands import FOLDER

WORDS = "four random words together"


class Asking:
    """One login, as the pages keep it: what comes in pieces comes from one."""

    def __init__(self, house: House, role: str = "owner", *, fresh: bool = True) -> None:
        self._client = Client(web_socket_path(house.settings))
        self._token = house.token(role, fresh=fresh)

    def __call__(self, command: str, **arguments: Any) -> Any:
        return self._client.call(command, token=self._token, **arguments)


def made(house: House) -> bytes:
    ask, got, at = Asking(house), b"", 0
    answer = ask("backup.make", passphrase=WORDS)
    while at is not None:
        piece = ask("backup.piece", id=answer["id"], at=at)
        got += base64.b64decode(piece["piece"])
        at = piece["at"]
    assert len(got) == answer["size"]
    return got


def brought(house: House, content: bytes, size: int = 50_000) -> str:
    ask, identity = Asking(house), None
    for at in range(0, len(content), size):
        identity = ask("backup.bring", at=at, piece=base64.b64encode(content[at:at + size]).decode(),
                       **({"id": identity} if identity is not None else {}))["id"]
    assert identity is not None
    return identity


def test_a_backup_brings_back_people_codes_and_logins_and_the_door_starts_again(new_house: Callable[..., House]) -> None:
    house = new_house(people=("Ben", "Ada"))
    house.ask("codes.add", who="Ben", generate=6)
    Asking(house)("accounts.add", name="Zoe", role="viewer", passphrase=PASSPHRASE)
    assert house.ask("health")["last_backup"] is None
    content = made(house)
    assert house.ask("health")["last_backup"] == pytest.approx(house.daemon.clock.wall(), abs=60)
    house.ask("people.rename", who="Ben", name="Somebody")
    house.ask("people.forget", who="Ada")
    with pytest.raises(StoreError, match="1 person already"):
        house.ask("backup.restore", id=brought(house, content), passphrase=WORDS)
    done = house.ask("backup.restore", id=brought(house, content), passphrase=WORDS, replace=True)
    assert done["marks"] == "merged" and done["people"] == 1 and done["kept"] and done["logins"]  # whoever was forgotten here stays so
    house.until(lambda: not house._thread.is_alive())
    house.start()
    assert [person["name"] for person in house.ask("people.list")["people"]] == ["Ben"]
    assert [row["name"] for row in house.ask("codes.list")["codes"]] == ["Ben"]
    assert "Zoe" in {account["name"] for account in house.ask("accounts.list")["accounts"]}
    assert not (house.folder / "store" / FOLDER).exists()
    assert house.ask("audit.verify")["ok"]


def test_a_backup_of_another_door_takes_the_place_of_this_one(new_house: Callable[..., House]) -> None:
    first, second = new_house(people=("Ben",)), new_house(people=("Cleo",))
    content = made(first)
    second.ask("backup.restore", id=brought(second, content), passphrase=WORDS, replace=True)
    second.until(lambda: not second._thread.is_alive())
    with Store(second.folder / "store", read_only=True) as store:
        assert [person.name for person in store.people()] == ["Ben"]
    second.start()
    assert second.ask("session.who", None)["claimed"] is True  # by the login that came with it


@pytest.mark.parametrize("spoil", ["passphrase", "cut", "changed", "other"])
def test_what_is_no_backup_changes_nothing_and_the_door_goes_on(new_house: Callable[..., House], spoil: str) -> None:
    house = new_house(people=("Ben",))
    content = made(house)
    wrong = {"passphrase": content, "cut": content[:-100], "changed": content[:200] + bytes([content[200] ^ 1]) + content[201:],
             "other": b"PK\x03\x04 this is a zip"}[spoil]
    with pytest.raises((PeopleError, StoreError, ServiceError)):
        house.ask("backup.restore", id=brought(house, wrong), passphrase="another one entirely" if spoil == "passphrase" else WORDS,
                  replace=True)
    if spoil == "cut":  # only its end proves a backup whole: the store was closed by then, and the door starts again with it
        house.until(lambda: not house._thread.is_alive())
        house.start()
    assert [person["name"] for person in house.ask("people.list")["people"]] == ["Ben"]
    assert house.ask("people.rename", who="Ben", name="Benno")["name"] == "Benno"


def test_backups_are_the_owners_who_gave_the_passphrase_again(house: House) -> None:
    for command, arguments in (("backup.make", {"passphrase": WORDS}), ("backup.piece", {"id": "x", "at": 0}),
                               ("backup.bring", {"at": 0, "piece": "YWJj"}), ("backup.restore", {"id": "x", "passphrase": WORDS})):
        with pytest.raises(ForbiddenError):
            house.ask(command, "helper", **arguments)
        with pytest.raises(FreshNeededError):
            Asking(house, fresh=False)(command, **arguments)


def test_what_cannot_be_meant_is_refused(house: House) -> None:
    with pytest.raises(UsageError, match="passphrase"):
        house.ask("backup.make", passphrase="short")
    for arguments in ({"at": 0, "piece": "§"}, {"at": 0, "piece": "YWJ"}, {"at": 0, "piece": 3}, {"at": -1, "piece": "YWJj"},
                      {"at": 5, "piece": "YWJj"}, {"id": "x", "at": 0, "piece": "YWJj"}):
        with pytest.raises(UsageError):
            house.ask("backup.bring", **arguments)
    for command in ("backup.piece", "backup.restore"):
        with pytest.raises(UsageError, match="begin anew"):
            house.ask(command, id="0" * 32, **({"passphrase": WORDS} if command == "backup.restore" else {}))


def test_what_an_earlier_run_left_half_way_is_gone(new_house: Callable[..., House]) -> None:
    house = new_house()
    brought(house, b"half of something")
    assert list((house.folder / "store" / FOLDER).iterdir())
    house.stop()
    house.start()
    assert not (house.folder / "store" / FOLDER).exists()
