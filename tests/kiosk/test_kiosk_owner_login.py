"""Claiming, logging in and out, the passphrase once more, and the logins themselves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from kiosk_house import PASSPHRASE, House

LONG = "seven green umbrellas sing"


def test_the_first_owner_comes_by_the_claim_code(new_house: Callable[..., House]) -> None:
    house = new_house(people=())
    browser = house.browser()
    assert browser.at(browser.get("/")) == "/claim" and browser.at(browser.get("/login")) == "/claim"
    code = house.console.call("kiosk.claim")["code"]
    differ = browser.fill("/claim", code=code, name="Olga", passphrase=LONG, again=LONG + "s")
    assert differ.status_code == 422 and "not the same" in differ.text and f'value="{code}"' in differ.text and LONG not in differ.text
    wrong = browser.fill("/claim", code="AAAA-AAAA-AAAA", name="Olga", passphrase=LONG, again=LONG)
    assert wrong.status_code == 422
    assert browser.at(browser.fill("/claim", code=code, name="Olga", passphrase=LONG, again=LONG)) == "/first-run"
    assert "The first steps" in browser.get("/first-run").text
    assert "has an owner already" in house.browser().get("/claim").text


def test_logging_in_leads_where_one_wanted_to_go(house: House) -> None:
    house.token("owner")
    browser = house.browser()
    asked = browser.at(browser.get("/people?q=be"))
    assert asked.startswith("/login?next=") and 'value="/people?q=be"' in browser.get(asked).text
    wrong = browser.fill("/login", name="Olga", passphrase="not this one", next="/people?q=be")
    assert wrong.status_code == 422 and 'value="/people?q=be"' in wrong.text and "not this one" not in wrong.text
    assert browser.at(browser.fill("/login", name="Olga", passphrase=PASSPHRASE, next="/people?q=be")) == "/people?q=be"
    assert browser.get("/people").status_code == 200 and browser.at(browser.get("/login")) == "/"


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org", "/\\example.org", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere(house: House, elsewhere: str) -> None:
    house.token("owner")
    browser = house.browser()
    assert 'name="next" value="/"' in browser.get("/login", params={"next": elsewhere}).text
    assert browser.at(browser.fill("/login", name="Olga", passphrase=PASSPHRASE, next=elsewhere)) == "/"


def test_logging_out_ends_the_session(house: House) -> None:
    browser = house.logged_in()
    assert browser.at(browser.fill("/logout")) == "/login"
    assert browser.at(browser.get("/people")).startswith("/login")


def test_the_passphrase_once_more(house: House) -> None:
    browser = house.logged_in(fresh=False)
    asked = browser.at(browser.get("/backup"))
    assert asked == "/again?next=%2Fbackup" and "whoever finds this browser open" in browser.get(asked).text
    assert browser.fill("/again", passphrase="something else", next="/backup").status_code == 422
    assert browser.at(browser.fill("/again", passphrase=PASSPHRASE, next="/backup")) == "/backup"
    assert browser.get("/backup").status_code == 200


def test_logins_are_added_changed_and_removed(new_house: Callable[..., House]) -> None:
    house = new_house()
    owner = house.logged_in()
    assert "not the same" in owner.fill("/accounts", name="Hilde", role="helper", passphrase=LONG, again="x").text
    short = owner.fill("/accounts", name="Hilde", role="helper", passphrase="short", again="short")
    assert short.status_code == 422 and "12" in short.text
    owner.at(owner.fill("/accounts", name="Hilde", role="helper", passphrase=LONG, again=LONG))
    hilde = house.browser()
    assert hilde.at(hilde.fill("/login", name="Hilde", passphrase=LONG)) == "/"
    assert hilde.get("/codes").status_code == 200 and hilde.get("/accounts").status_code == 403
    owner.at(owner.fill("/accounts/role", name="Hilde", role="viewer"))
    assert hilde.get("/codes").status_code in (303, 403)
    owner.at(owner.fill("/accounts/logout", name="Hilde"))
    assert hilde.at(hilde.get("/people")).startswith("/login")
    owner.at(owner.fill("/accounts/passphrase", name="Hilde", passphrase=LONG + " loudly", again=LONG + " loudly"))
    assert hilde.fill("/login", name="Hilde", passphrase=LONG).status_code == 422
    owner.at(owner.fill("/accounts/remove", name="Hilde"))
    assert "Hilde" not in owner.get("/accounts").text


def test_the_last_owner_stays(new_house: Callable[..., House]) -> None:
    owner = new_house().logged_in()
    assert owner.fill("/accounts/remove", name="Olga").status_code == 422
    assert owner.fill("/accounts/role", name="Olga", role="viewer").status_code == 422
    assert "Olga (you)" in owner.get("/accounts").text


def test_everybody_changes_their_own_passphrase_and_logs_out_elsewhere(new_house: Callable[..., House]) -> None:
    house = new_house()
    here, there = house.logged_in("viewer"), house.logged_in("viewer")
    assert "this browser" in here.get("/account").text
    here.at(here.fill("/account/others"))
    assert there.get("/people").status_code == 303 and here.get("/people").status_code == 200
    here.at(here.fill("/account", passphrase=LONG, again=LONG))
    assert house.browser().fill("/login", name="Vera", passphrase=PASSPHRASE).status_code == 422
