"""Enrolling from home, through the pages: a link, two questions, photos, the owner's word, and one pass at the door, alive."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from kiosk_house import Browser, House

from edge_face.demo import stills
from edge_face.errors import EnrolmentError
from edge_face.people.database_errors import DiskRefusesError
from edge_face.people.person import State


def invitation(house: House, name: str) -> str:
    """The path of a new link, as the owner's page shows it."""
    helper = house.logged_in("helper")
    page = helper.get(helper.at(helper.fill("/pending/invitations", name=name, hours="24")))
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


def test_a_no_ends_the_invitation_and_keeps_nothing(house: House) -> None:
    link = invitation(house, "Nina")
    phone = house.browser()
    answer = phone.fill(f"{link}/consent", recognise="no", show="yes")
    assert "nothing is kept of your face" in answer.text
    assert "not valid" in phone.get(link).text
    assert "declined" in house.logged_in("helper").get("/pending/invitations").text


def test_both_questions_want_an_answer_which_can_be_changed(house: House) -> None:
    link = invitation(house, "Nora")
    phone = house.browser()
    half = phone.fill(f"{link}/consent", recognise="yes")
    assert half.status_code == 422
    assert "Answer both questions" in half.text
    assert "answer the two questions first" in phone.fill(f"{link}/begin", source="camera").text
    phone.fill(f"{link}/consent", recognise="yes", show="yes")
    assert "Use this device&#39;s camera" in phone.get(link).text
    assert "May this door recognise you?" in phone.get(f"{link}?anew=1").text
    assert "no camera" in phone.fill(f"{link}/begin", source="camera").text, "this house has none"


def test_a_withdrawn_invitation_leads_nowhere(house: House) -> None:
    link = invitation(house, "Rosa")
    owner = house.logged_in("owner")
    found = next(row for row in house.ask("invite.list")["invitations"] if row["name"] == "Rosa")
    assert owner.at(owner.fill(f"/pending/invitations/{found['id']}/withdraw")) == "/pending/invitations"
    page = house.browser().get(link)
    assert (page.status_code, "not valid" in page.text) == (422, True)
    assert "no such open invitation" in owner.fill(f"/pending/invitations/{found['id']}/withdraw").text


@pytest.mark.parametrize("path", ["/join/x", "/join/" + "A" * 43, "/join/%00", "/join/" + "%F0%9F%98%80" * 43, "/mine/x",
                                  "/mine/" + "0" * 59, "/mine/" + "A" * 5000, "/mine/x/withdraw"])
def test_links_that_are_none(house: House, path: str) -> None:
    page = house.browser().get(path)
    assert page.status_code in (404, 422)
    assert "not valid" in page.text or page.status_code == 404


@pytest.mark.parametrize(("name", "hours", "words"), [("", "24", "name is empty"), ("Ben", "24", "already somebody named"),
                                                      ("Otto", "48", "at most 24 hours"), ("Otto", "soon", "not a number")])
def test_invitations_that_cannot_be_made(house: House, name: str, hours: str, words: str) -> None:
    answer = house.logged_in("helper").fill("/pending/invitations", name=name, hours=hours)
    assert answer.status_code == 422
    assert words in answer.text


def test_the_own_page_takes_back_and_erases(house: House) -> None:
    owner = house.logged_in("owner")
    made = owner.get(owner.at(owner.fill(f"/pending/{house.ids['Ben']}/link")))
    found = re.search(r'value="http://127\.0\.0\.1:8443(/mine/[\w-]{59})"', made.text)
    assert found is not None, made.text
    mine, phone = found.group(1), house.browser()
    assert "What this door keeps of Ben" in phone.get(mine).text
    assert phone.at(phone.fill(f"{mine}/withdraw", question="show")) == mine
    assert "no, you are hidden" in phone.get(mine).text
    assert phone.at(phone.fill(f"{mine}/give")) == mine
    assert house.ask("people.show", who=house.ids["Ben"])["consent"]["show"]["how"] == "answered on the person's own page"
    assert phone.at(phone.fill(f"{mine}/greeting", text="Hi, Ben & co")) == mine
    assert 'value="Hi, Ben &amp; co"' in phone.get(mine).text
    assert "at most 60 characters" in phone.fill(f"{mine}/greeting", text="x" * 61).text
    house.until(lambda: house.daemon.roster.greetings.get(house.ids["Ben"]) == "Hi, Ben & co")
    assert "erased at once" in phone.get(f"{mine}/withdraw").text
    assert "is one of" in phone.fill(f"{mine}/withdraw", question="everything").text
    assert "Tick the box first" in phone.fill(f"{mine}/forget").text
    assert "Nothing is kept of you any more" in phone.fill(f"{mine}/forget", sure="1").text
    assert "Ben" not in str(house.ask("people.list"))
    assert "not valid" in phone.get(mine).text
    assert any(row["what"] == "own-forget" for row in audited(house))


def audited(house: House) -> list[dict[str, Any]]:
    """Details of what the audit log says of the pages."""
    audit = house.daemon.parts.audit
    assert audit is not None
    from edge_face.audit import read_entries

    audit.call(lambda log: log.commit())
    folder = house.folder / "store" / "audit"
    return [dict(entry.record.details) for entry in read_entries(folder) if entry.record.kind == "pages"]


def test_a_full_disk_loses_nothing_and_another_link_cannot_go_on_with_it(door: House, monkeypatch: pytest.MonkeyPatch) -> None:
    link, other = invitation(door, "Felix"), invitation(door, "Otto")
    phone = door.browser()
    there = send_photos(phone, link, "felix", 3)
    session = there.split("id=")[1]
    for command in ("invite.state", "invite.done", "invite.cancel"):
        with pytest.raises(EnrolmentError, match="is over"):
            door.ask(command, None, secret=other.split("/")[-1], id=session)
    run = door.daemon.command

    def full(name: str, arguments: Any) -> Any:
        if name == "invite.done":
            raise DiskRefusesError("the disk is full: make room")
        return run(name, arguments)

    monkeypatch.setattr(door.daemon, "command", full)
    refused = phone.fill(there.replace("/photos", "/done"))
    assert refused.status_code == 422
    assert "the disk is full" in refused.text
    assert "Keep it" in refused.text
    monkeypatch.undo()
    assert "/mine/" in phone.at(phone.fill(there.replace("/photos", "/done")))
