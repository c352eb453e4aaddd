"""Enrolling from home, through the pages: a link, two questions, photos, the owner's word, and one pass at the door, alive."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from kiosk_house import Browser, House

from edge_face.demo import stills
from edge_face.people.person import State


def invitation(house: House, name: str) -> str:
    """The path of a new link, as the owner's page shows it."""
    page = house.logged_in("helper").fill("/pending/invitations", name=name, hours="24")
    found = re.search(r'value="http://127\.0\.0\.1:8443(/join/[\w-]{43})"', page.text)
    assert found is not None, page.text
    return found.group(1)


def photos(name: str, count: int) -> list[tuple[str, Any]]:
    return [("photo", (path.name, path.read_bytes(), "image/jpeg")) for path in stills(name)[:count]]


def send_photos(phone: Browser, link: str, name: str, count: int = 4) -> str:
    """From the answers to the page with what became of the photos; its path."""
    assert phone.at(phone.fill(f"{link}/consent", recognise="yes", show="no")) == link
    there = phone.at(phone.fill(f"{link}/begin", source="photos"))
    sent = phone.fill(there, files=photos(name, count))
    assert sent.status_code == 200
    assert "Keep it" in sent.text, sent.text
    return there


@pytest.fixture(scope="module")
def door() -> Any:
    made = House(clip="door", faces=("ana",), people=())
    yield made
    made.close()


def test_a_link_leads_to_the_door_only_by_approval_and_a_pass_alive(door: House) -> None:
    link = invitation(door, "Ben")
    phone = door.browser()
    assert "You are invited" in phone.get(link).text
    there = send_photos(phone, link, "ben")
    mine = phone.at(phone.fill(there.replace("/photos", "/done")))
    assert re.fullmatch(r"/mine/[0-9a-f]{16}[\w-]{43}\?new=1", mine)
    assert "You are not let in yet" in phone.get(mine).text
    assert "not valid" in phone.get(link).text, "one link, one enrolment"

    who = next(p for p in door.ask("people.list")["people"] if p["name"] == "Ben")
    assert who["state"] == "pending"
    assert who["id"] not in door.daemon.roster.gallery.people, "never matched while it waits"
    owner = door.logged_in("owner")
    assert "waits for the owner" in owner.get("/pending").text
    assert owner.fill(f"/pending/{who['id']}/pass").status_code == 422, "nobody passes who was not approved"
    assert owner.at(owner.fill(f"/pending/{who['id']}/approve")) == "/pending"
    assert who["id"] not in door.daemon.roster.gallery.people, "approved is not let in"
    passing = owner.at(owner.fill(f"/pending/{who['id']}/pass"))
    state = door.until(lambda: (s := owner.get(f"{passing}/state?after=-1").json())["phase"] != "running" and s, 60)
    assert state["phase"] == "passed", state
    assert "the door knows this person" in owner.get(passing).text
    assert who["id"] in door.daemon.roster.gallery.people
    assert "The door recognises you" in phone.get(mine).text

    taken = phone.fill(mine.split("?")[0] + "/withdraw", question="recognise")
    assert taken.status_code == 303
    assert who["id"] not in door.daemon.roster.gallery.people, "taken back by the person, at once"
    assert "no face is kept" in phone.get(mine).text


def test_somebody_elses_photos_never_pass(new_house: Callable[..., House]) -> None:
    """The link was passed on: Ana's photos, and Ben before the door."""
    house = new_house(clip="door", faces=(), people=())
    link = invitation(house, "Ana")
    phone = house.browser()
    there = send_photos(phone, link, "ana")
    phone.fill(there.replace("/photos", "/done"))
    who = house.ask("people.list")["people"][0]
    owner = house.logged_in("owner")
    owner.fill(f"/pending/{who['id']}/approve")
    passing = owner.at(owner.fill(f"/pending/{who['id']}/pass"))
    said: set[str] = set()

    def seen() -> bool:
        state = owner.get(f"{passing}/state?after=-1").json()
        assert state["phase"] == "running", state
        said.add(state["text"])
        return "This is not the face of the pictures that were sent" in said

    house.until(seen, 40)
    assert owner.at(owner.fill(f"{passing}/stop")) == "/pending"
    assert house.ask("people.list")["people"][0]["state"] == State.PENDING
