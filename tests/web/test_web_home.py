"""Enrolment at home: an invitation, a phone, the person's own answers; nobody is let in by a link."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from walking import claim, violations

from edge_face.demo.house import House

pytestmark = pytest.mark.timeout(600)
NAME = "Benedict"


@pytest.fixture(scope="module")
def home(make_house: Callable[..., House]) -> House:
    """Nobody is enrolled; ben walks up to the door, again and again."""
    house = make_house(())
    claim(house)
    return house


@pytest.fixture(scope="module")
def kept() -> dict[str, str]:
    """What one test hands to the next: the person's own link."""
    return {}


def invite(one: Any, name: str) -> str:
    """The owner makes a link."""
    page = one.login(then="/pending/invitations")
    one.again()
    page.fill("[name=name]", name)
    page.get_by_role("button", name="Make a link").click()
    page.get_by_role("heading", name=f"Link for {name}").wait_for()
    assert violations(page) == []
    one.shot("invited", whole=True)
    return str(page.locator("#f-link").input_value())


def state_of(house: House, name: str) -> str:
    found = [person for person in house.client.call("people.list")["people"] if person["name"] == name]
    return str(found[0]["state"]) if found else "nobody"


def test_from_a_link_to_the_first_pass(home: House, visit: Callable[..., Any], kept: dict[str, str]) -> None:
    owner = visit(home, "laptop")
    link = invite(owner, NAME)
    phone = visit(home, "phone")
    page = phone.page
    page.goto(link)
    assert violations(page) == [] and page.evaluate("document.referrer") == ""
    phone.shot("join-consent", whole=True)
    page.locator("input[name=recognise][value=yes]").check()
    page.locator("input[name=show][value=no]").check()
    page.get_by_role("button", name="Go on").click()
    phone.shot("join-start", whole=True)
    assert violations(page) == []
    page.get_by_role("button", name="Use this device's camera").click()
    page.locator("video.picture").wait_for()
    phone.sees("(document.querySelector('video.picture')?.videoWidth ?? 1) > 0", "the phone's camera gives no picture")
    phone.shot("join-camera")
    page.get_by_role("button", name="Keep it").wait_for(timeout=240_000)
    phone.shot("join-ready", whole=True)
    page.get_by_role("button", name="Keep it").click()
    page.wait_for_url("**/mine/**", wait_until="commit")
    assert "not let in yet" in phone.text and violations(page) == []
    phone.shot("mine", whole=True)
    kept["mine"] = page.url
    # A link that was used, or passed on, does nothing more.
    thief = visit(home, "phone")
    thief.page.goto(link)
    assert thief.page.locator("input[name=recognise]").count() == 0 and NAME not in thief.text
    assert state_of(home, NAME) == "pending"
    # He stands at the door all the while, and is nobody to it.
    beside = visit(home, "panel5")
    beside.kiosk()
    beside.phase("denied")
    with pytest.raises(AssertionError, match="waited for"):
        beside.phase("granted", seconds=25)
    # The owner approves; the first pass is at the door's own camera.
    page = owner.owner("/pending")
    owner.shot("pending", whole=True)
    page.get_by_role("button", name=f"Approve {NAME}").click()
    if owner.path == "/again":
        owner.again()
        page = owner.owner("/pending")
        page.get_by_role("button", name=f"Approve {NAME}").click()
    page.get_by_role("button", name="First pass, now").click()
    page.wait_for_url("**/pending/pass/**", wait_until="commit")
    owner.shot("first-pass", whole=True)
    page.get_by_text("Passed: the door knows this person from now on.").wait_for(timeout=130_000)
    assert state_of(home, NAME) == "active"
    beside.phase("granted")


def test_the_person_takes_the_consent_back(home: House, visit: Callable[..., Any], kept: dict[str, str]) -> None:
    if "mine" not in kept:
        pytest.skip("nobody has enrolled at home before this")
    phone = visit(home, "phone")
    page = phone.page
    page.goto(kept["mine"])
    assert "The door recognises you" in phone.text
    page.get_by_role("link", name="Take it back").click()
    phone.shot("mine-sure", whole=True)
    assert violations(page) == []
    page.locator("main form button").first.click()
    page.wait_for_load_state("domcontentloaded")
    assert state_of(home, NAME) != "active"
    beside = visit(home, "panel5")
    beside.kiosk()
    beside.phase("denied")


def test_who_says_no_leaves_nothing_behind(home: House, visit: Callable[..., Any]) -> None:
    link = invite(visit(home, "laptop"), "Nora")
    phone = visit(home, "phone")
    phone.page.goto(link)
    phone.page.locator("input[name=recognise][value=no]").check()
    phone.page.locator("input[name=show][value=no]").check()
    phone.page.get_by_role("button", name="Go on").click()
    phone.page.wait_for_load_state("domcontentloaded")
    assert "nothing is kept" in phone.text and violations(phone.page) == []
    phone.shot("join-declined")
    assert state_of(home, "Nora") == "nobody"


def test_photos_of_every_wrong_kind_are_answered_in_words(home: House, visit: Callable[..., Any], tmp_path: Any) -> None:
    link = invite(visit(home, "laptop"), "Pia")
    phone = visit(home, "phone", forgive="413|422")
    page = phone.page
    page.goto(link)
    page.locator("input[name=recognise][value=yes]").check()
    page.locator("input[name=show][value=no]").check()
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Send photos instead").click()
    page.locator("input[type=file]").wait_for()
    phone.shot("join-photos", whole=True)
    assert violations(page) == []
    heic = tmp_path / "IMG_0001.HEIC"
    heic.write_bytes(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(2000))
    text = tmp_path / "photo.jpg"
    text.write_text("no picture at all")
    for file, words in ((heic, r"HEIC|HEIF|JPEG"), (text, r"picture|photo|JPEG")):
        page.set_input_files("input[type=file]", file)
        phone.submit("input[type=file]")
        page.wait_for_load_state("domcontentloaded")
        assert re.search(words, phone.text), phone.text
        if page.locator("input[type=file]").count() == 0:
            page.go_back()
    assert state_of(home, "Pia") == "nobody"
