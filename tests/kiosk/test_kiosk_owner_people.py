"""The owner's pages on people: what they show, what their forms do, and that nothing happens by half."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from kiosk_house import Browser, House


@pytest.fixture
def owner(house: House) -> Browser:
    return house.logged_in("owner")


def after(browser: Browser, response: object) -> str:
    """The page that a form leads to."""
    return browser.get(browser.at(response)).text


def test_the_list_has_everybody_and_filters(house: House, owner: Browser) -> None:
    who = house.ids["Ben"]
    assert f'href="/people/{who}"' in owner.get("/people").text
    assert f"/people/{who}" in owner.get("/people?q=be").text and "Nobody like that" in owner.get("/people?q=zoe").text
    assert f"/people/{who}" in owner.get("/people?state=pending").text and "Nobody like that" in owner.get("/people?state=suspended").text


@pytest.mark.parametrize("query", ["from=-1", "from=99999999999999", "from=x", "state=odd", "q=" + "x" * 500])
def test_an_odd_query_is_no_fault(owner: Browser, query: str) -> None:
    assert owner.get(f"/people?{query}").status_code == 200


def test_a_person_has_consents_limits_and_ways_on(house: House, owner: Browser) -> None:
    text = owner.get(f"/people/{house.ids['Ben']}").text
    for said in ("in a test", "May be recognised", "at any time", "/consent", "/codes", "/limits", "/forget"):
        assert said in text


def test_nobody_is_no_page(owner: Browser) -> None:
    answer = owner.get("/people/0123456789abcdef")
    assert answer.status_code == 400 and "0123456789abcdef" in answer.text


def test_a_name_is_changed_and_a_bad_one_shown_with_its_reason(new_house: Callable[..., House]) -> None:
    house = new_house()
    owner, who = house.logged_in(), house.ids["Ben"]
    assert "The name was changed" in after(owner, owner.fill(f"/people/{who}/name", name="Benjamin"))
    refused = owner.fill(f"/people/{who}/name", name="  ")
    assert refused.status_code == 422 and "the name is empty" in refused.text and "Benjamin" in refused.text
    assert house.ask("people.show", who=who)["name"] == "Benjamin"


def test_a_name_is_shown_as_text_whatever_it_is(new_house: Callable[..., House]) -> None:
    house = new_house(people=("<b onclick=x>Ann & Co</b>".replace("/", ""),))
    owner = house.logged_in()
    text = owner.get("/people").text
    assert "<b onclick" not in text and "&lt;b onclick=x&gt;Ann &amp; Co" in text


def test_setting_aside_and_taking_in_again(new_house: Callable[..., House]) -> None:
    house = new_house(faces=("ben",), people=())
    owner, who = house.logged_in(), house.ids["ben"]
    assert "set aside" in after(owner, owner.fill(f"/people/{who}/state", to="suspended"))
    assert house.ask("people.show", who=who)["state"] == "suspended"
    owner.at(owner.fill(f"/people/{who}/state", to="active"))
    assert house.ask("people.show", who=who)["state"] == "active"


def test_consents_are_taken_back_and_given(new_house: Callable[..., House]) -> None:
    house = new_house()
    owner, who = house.logged_in(), house.ids["Ben"]
    assert "hidden like everybody else" in owner.get(f"/people/{who}/consent").text
    assert "written down" in after(owner, owner.fill(f"/people/{who}/consent", question="show", answer="withdraw"))
    assert house.ask("people.show", who=who)["consent"]["show"] is None
    owner.fill(f"/people/{who}/consent", question="show", answer="give")
    assert house.ask("people.show", who=who)["consent"]["show"]["how"] == "the owner's pages"
    assert owner.fill(f"/people/{who}/consent", question="everything", answer="give").status_code == 400


def test_forgetting_says_what_goes_and_wants_a_tick(new_house: Callable[..., House]) -> None:
    house = new_house()
    owner, who = house.logged_in(), house.ids["Ben"]
    assert "What goes, for good" in owner.get(f"/people/{who}/forget").text
    refused = owner.fill(f"/people/{who}/forget")
    assert refused.status_code == 422 and "Tick the box" in refused.text and house.ask("people.list")["total"] == 1
    assert "Ben was forgotten" in after(owner, owner.fill(f"/people/{who}/forget", sure="1"))
    assert house.ask("people.list")["total"] == 0
    assert owner.fill(f"/people/{who}/forget", sure="1").status_code == 400  # the back button, once more


def test_forgetting_asks_for_the_passphrase_first(house: House) -> None:
    stale = house.logged_in("owner", fresh=False)
    path = f"/people/{house.ids['Ben']}/forget"
    assert stale.at(stale.get(path)).startswith("/again?next=") and stale.at(stale.fill(path, sure="1")).startswith("/again")
    assert house.ask("people.list")["total"] == 1


def test_a_pin_is_shown_once(new_house: Callable[..., House]) -> None:
    house = new_house()
    owner, path = house.logged_in(), f"/people/{house.ids['Ben']}/codes"
    made = owner.fill(path, what="make", digits="6")
    found = re.search(r'big-code"><span>(\d{3,5})</span> <span>(\d{6})</span>', made.text)
    assert made.status_code == 200 and found is not None and "Shown only now" in made.text
    assert house.ask("codes.list")["codes"][0]["number"] == found.group(1)
    assert found.group(2) not in owner.get(path).text and "no-store" in made.headers["cache-control"]


def test_a_pin_of_their_own_is_typed_twice_and_must_be_good(new_house: Callable[..., House]) -> None:
    house = new_house()
    owner, path = house.logged_in(), f"/people/{house.ids['Ben']}/codes"
    assert "not the same" in owner.fill(path, what="pin", pin="481516", again="481517").text
    refused = owner.fill(path, what="pin", pin="123456", again="123456")
    assert refused.status_code == 422 and "123456" not in re.sub(r"<input[^>]*>", "", refused.text)
    assert house.ask("codes.list")["codes"] == []
    assert "The PIN is set. At the keypad: " in after(owner, owner.fill(path, what="pin", pin="481516", again="481516"))
    assert [row["what"] for row in house.ask("codes.list")["codes"]] == ["pin"]


def test_of_a_code_for_being_forced_no_page_tells(new_house: Callable[..., House]) -> None:
    house = new_house()
    owner, path = house.logged_in(), f"/people/{house.ids['Ben']}/codes"
    after(owner, owner.fill(path, what="pin", pin="481516", again="481516"))
    before = [re.sub(r"\d", "", owner.get(page).text) for page in (path, path.removesuffix("/codes"), "/codes", "/people")]
    assert "is set" in after(owner, owner.fill(f"{path}/forced", pin="274953", again="274953"))
    assert [re.sub(r"\d", "", owner.get(page).text) for page in (path, path.removesuffix("/codes"), "/codes", "/people")] == before


def test_an_app_shows_a_picture_once_and_waits_for_its_first_code(new_house: Callable[..., House]) -> None:
    house = new_house()
    owner, path = house.logged_in(), f"/people/{house.ids['Ben']}/codes"
    page = owner.fill(f"{path}/app").text
    assert "otpauth://totp/" in page and 'src="data:image/svg+xml' in page
    wrong = owner.fill(f"{path}/confirm", code="000 000")
    assert wrong.status_code == 422 and "waits for its first code" in wrong.text
    assert "otpauth" not in owner.get(path).text


def test_cards_are_added_and_taken_away(new_house: Callable[..., House]) -> None:
    house = new_house()
    owner, path = house.logged_in(), f"/people/{house.ids['Ben']}/codes"
    assert "card:1" in after(owner, owner.fill(path, what="card", card="01704242"))
    assert owner.fill(path, what="card", card="nonsense").status_code == 422
    assert "taken away" in after(owner, owner.fill(f"{path}/remove", what_="card:1"))
    assert house.ask("codes.list")["codes"] == []


def test_limits_are_set_in_the_doors_time(new_house: Callable[..., House]) -> None:
    house = new_house(changes={"access.timezone": "Asia/Shanghai"})
    owner, who = house.logged_in(), house.ids["Ben"]
    owner.fill("/hours", what="set", name="office", hours="Mo-Fr 08:00-18:00")
    page = owner.get(f"/people/{who}/limits").text
    assert "office" in page
    owner.at(owner.fill(f"/people/{who}/limits", schedules="office", since="2026-12-01T08:00", until="2026-12-02T18:00"))
    limits = house.ask("people.show", who=who)["limits"]
    assert limits["schedules"] == ["office"] and limits["until"] - limits["since"] == 34 * 3600 and limits["since"] % 86_400 == 0
    assert 'value="2026-12-01T08:00"' in owner.get(f"/people/{who}/limits").text
    refused = owner.fill(f"/people/{who}/limits", since="2026-12-02T08:00", until="2026-12-01T08:00")
    assert refused.status_code == 422 and "nobody could ever enter" in refused.text


def test_what_is_asked_of_one_person(new_house: Callable[..., House]) -> None:
    house = new_house()
    owner, who = house.logged_in(), house.ids["Ben"]
    owner.at(owner.fill(f"/people/{who}/assurance", assurance="code", release="5,5"))
    own = house.ask("people.show", who=who)["own"]
    assert own["assurance"] == "code" and own["release"] == 5.5
    refused = owner.fill(f"/people/{who}/assurance", minor="1")
    assert refused.status_code == 422 and "guardian" in refused.text


def test_a_helper_sees_the_forms_that_are_for_helpers(house: House) -> None:
    text = house.logged_in("helper").get(f"/people/{house.ids['Ben']}").text
    assert "/consent" in text and "/forget" not in text
    text = house.logged_in("viewer").get(f"/people/{house.ids['Ben']}").text
    assert "/consent" not in text and 'action="/people' not in text
