"""Backups from a page: made, fetched whole, brought back; wrong files and passphrases change nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from kiosk_house import Browser, House

WORDS = "nine blue horses dance"


def made(browser: Browser) -> bytes:
    page = browser.fill("/backup", passphrase=WORDS, again=WORDS)
    found = re.search(r'href="(/backup/file/[^"]+)"', page.text)
    assert page.status_code == 200 and found is not None, page.text
    answer = browser.get(found.group(1))
    assert answer.status_code == 200 and ".backup" in answer.headers["content-disposition"]
    return bytes(answer.content)


def test_a_backup_is_fetched_and_brought_back(new_house: Callable[..., House]) -> None:
    house = new_house(people=("Ben", "Zoe"))
    owner = house.logged_in()
    assert "never" in owner.get("/backup").text
    file = made(owner)
    assert house.ask("health")["last_backup"] is not None and "Last backup" in owner.get("/backup").text
    owner.fill(f"/people/{house.ids['Ben']}/name", name="Benjamin")
    owner = house.logged_in()
    where = owner.at(owner.fill("/backup/restore", files={"file": ("door.backup", file)}, passphrase=WORDS, sure="1"))
    assert where == "/restarting?next=/"
    house._thread.join(30)
    assert not house._thread.is_alive()
    house._tokens.clear()
    house.start()
    assert [person["name"] for person in house.ask("people.list")["people"]] == ["Ben", "Zoe"]


def test_two_passphrases_that_differ_and_one_that_is_too_short(house: House) -> None:
    owner = house.logged_in()
    assert "not the same" in owner.fill("/backup", passphrase=WORDS, again="x").text
    assert owner.fill("/backup", passphrase="short", again="short").status_code == 422


@pytest.mark.parametrize(("file", "fields"), [
    (b"", {"passphrase": WORDS, "sure": "1"}), (b"GIF89a" * 100, {"passphrase": WORDS, "sure": "1"}),
    (None, {"passphrase": WORDS, "sure": "1"}), (b"something", {"passphrase": WORDS})])
def test_what_is_no_backup_changes_nothing(house: House, file: bytes | None, fields: dict[str, str]) -> None:
    owner = house.logged_in()
    answer = owner.fill("/backup/restore", files=None if file is None else {"file": ("x.gif", file)}, **fields)
    assert answer.status_code == 422 and 'role="alert"' in answer.text
    assert house.ask("people.list")["total"] == 1


def test_a_wrong_passphrase_changes_nothing(new_house: Callable[..., House]) -> None:
    house = new_house()
    owner = house.logged_in()
    file = made(owner)
    answer = owner.fill("/backup/restore", files={"file": ("door.backup", file)}, passphrase="eight red cows sleep", sure="1")
    assert answer.status_code == 422 and "passphrase" in answer.text
    cut = owner.fill("/backup/restore", files={"file": ("door.backup", file[:len(file) // 2])}, passphrase=WORDS, sure="1")
    assert cut.status_code == 422 or house.failure is None
    assert not house.ask("settings.show")["restart"]


def test_a_file_that_is_not_there_any_more(house: House) -> None:
    assert house.logged_in().get("/backup/file/0123456789abcdef0123456789abcdef").status_code == 400
    assert house.logged_in("helper").get("/backup").status_code == 403
