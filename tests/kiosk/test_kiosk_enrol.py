"""Enrolling on the owner's pages: at the door's camera, with another camera, by photos; and what is said when something is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import pytest
from kiosk_house import PASSPHRASE, Browser, House

from edge_face.clock import SystemClock
from edge_face.demo import clip_path, stills
from edge_face.media import VideoReader
from edge_face.people.database_errors import DiskRefusesError

MB = 1 << 20


@pytest.fixture(scope="module")
def door() -> Iterator[House]:
    """Ana is known; ben turns his head before the camera, there and back as a loop of the clip lets him."""
    made = House(clip="turn_live", faces=("ana",), people=("Cy",))
    yield made
    made.close()


def begin(browser: Browser, name: str, source: str, **form: str) -> str:
    return browser.at(browser.fill("/enrol", name=name, source=source, recognise="1", **form))


def leave(browser: Browser, there: str) -> None:
    browser.fill(f"/enrol/cancel/{there.split('/')[-1].split('?')[0]}")


def send(browser: Browser, there: str, *photos: tuple[str, bytes]) -> str:
    files = [("photo", (name, data, "image/jpeg")) for name, data in photos]
    answer = browser.fill(there, files=files)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def still(name: str, number: int = 0) -> tuple[str, bytes]:
    path = stills(name)[number]
    return path.name, path.read_bytes()


def frames() -> list[bytes]:
    with VideoReader(clip_path("turn_live")) as reader:
        return [cv2.imencode(".jpg", image)[1].tobytes() for index, _, image in reader if index % 3 == 0]


def test_at_the_doors_camera_somebody_is_known_at_once(door: House) -> None:
    helper = door.logged_in("helper")
    there = begin(helper, "Ben", "door", next="/first-run/assurance")
    assert re.fullmatch(r"/enrol/door/[\w-]{22}\?next=%2Ffirst-run%2Fassurance", there)
    address = there.split("?")[0]
    said: set[str] = set()

    def over() -> Any:
        state = helper.get(f"{address}/state?after=-1").json()
        said.add(state["text"])
        return state["phase"] != "running" and state

    assert door.until(over, 100)["phase"] == "ready"
    assert {"Turn your head a bit to your left", "Turn your head a bit to your right"} <= said
    page = helper.get(there).text
    assert "It worked." in page
    at = helper.at(helper.fill(f"/enrol/finish/{address.split('/')[-1]}?next=/first-run/assurance"))
    done = helper.get(at)
    assert helper.get(at).text == done.text, "it can be loaded again"
    assert door.logged_in("owner").at(door.logged_in("owner").get(at)) == "/people", "another login does not see the person's link"
    assert "The door knows Ben from now on" in done.text
    assert 'href="/first-run/assurance"' in done.text
    assert re.search(r'value="http://127\.0\.0\.1:8443/mine/[0-9a-f]{16}[\w-]{43}"', done.text)
    ben = next(person for person in door.ask("people.list")["people"] if person["name"] == "Ben")
    assert ben["state"] == "active"
    assert ben["consent"]["recognise"]["how"].startswith("asked by")
    assert ben["id"] in door.daemon.roster.gallery.people


class Quick(SystemClock):
    """Six seconds in one: somebody who turns their head as fast as the test sends pictures."""

    def monotonic(self) -> float:
        return super().monotonic() * 6


def test_with_another_camera_somebody_waits(door: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door.daemon.enrolling, "_clock", Quick())
    helper = door.logged_in("helper")
    there = begin(helper, "Ben elsewhere", "camera")
    pictures = frames()
    state: dict[str, Any] = {"phase": "running"}
    for picture in (pictures + pictures[::-1]) * 40:
        answer = helper.post(f"{there}/look", content=picture,
                             headers={"x-csrf": helper.csrf, "origin": "http://127.0.0.1:8443", "content-type": "image/jpeg"})
        assert answer.status_code == 200, answer.text
        state = answer.json()
        if state["phase"] != "running":
            break
    assert state["phase"] == "ready", state
    asked = helper.fill(f"/enrol/finish/{there.split('/')[-1]}")
    assert "looks like somebody who is enrolled" in asked.text, "it is ben"
    done = helper.get(helper.at(helper.fill(f"/enrol/finish/{there.split('/')[-1]}", sure="1")))
    assert "is not let in yet" in done.text
    assert "Ben elsewhere" in helper.get("/pending").text
    assert "Looks like somebody who is enrolled" in helper.get("/pending").text


def test_photos_that_cannot_be_used_say_why(door: House) -> None:
    helper = door.logged_in("helper")
    there = begin(helper, "Efua", "photos")
    heic = b"\0\0\0\x18ftypheic" + bytes(200)
    page = send(helper, there, ("a.heic", heic), ("b.txt", b"no picture"), still("efua"), ("c.jpg", still("efua")[1][:3000]))
    assert "Most Compatible" in page
    assert "send a photo as JPEG, PNG or WebP" in page
    assert "is cut off" in page
    assert "Photo 3 can be used" in page
    assert "1 photo can be used so far" in page
    assert "Keep it" not in page
    assert "Keep it" in send(helper, there, still("efua", 1))
    leave(helper, there)
    assert "Efua" not in str(door.ask("people.list"))


def test_no_photo_at_all(door: House) -> None:
    helper = door.logged_in("helper")
    there = begin(helper, "Nobody", "photos")
    assert "choose a file first" in helper.fill(there, files=[("photo", ("", b"", "application/octet-stream"))]).text
    assert "choose a file first" in helper.fill(there, x="1").text
    leave(helper, there)


def test_too_much_at_once_is_refused_before_it_is_read(door: House) -> None:
    helper = door.logged_in("helper")
    there = begin(helper, "Large", "photos")
    assert helper.fill(there, files=[("photo", ("a.jpg", bytes(49 * MB), "image/jpeg"))]).status_code == 413
    assert "at most 6 pictures" in send(helper, there, *([still("efua")] * 7))
    look = helper.post(f"{there.replace('photos', 'camera')}/look", content=bytes(2 * MB),
                       headers={"x-csrf": helper.csrf, "origin": "http://127.0.0.1:8443"})
    assert look.status_code == 413
    leave(helper, there)


def test_two_at_a_time_is_one_too_many(door: House) -> None:
    first, second = door.logged_in("helper"), door.logged_in("owner")
    there = begin(first, "One", "photos")
    answer = second.fill("/enrol", name="Two", source="photos", recognise="1")
    assert answer.status_code == 422
    assert "somebody else is enrolling just now" in answer.text
    assert 'value="Two"' in answer.text, "what was typed is kept"
    leave(first, there)
    leave(second, begin(second, "Two", "photos"))


@pytest.mark.parametrize(("form", "words"), [
    ({"name": "Dora", "source": "door"}, "ask first"),
    ({"name": "", "source": "door", "recognise": "1"}, "the name is empty"),
    ({"name": "ana", "source": "door", "recognise": "1"}, "already somebody named"),
    ({"name": "Dora", "source": "moon", "recognise": "1"}, "one of door, camera, photos"),
    ({"name": "Dora", "source": "door", "recognise": "1", "minor": "1"}, "how a guardian agreed"),
    ({"name": "Dora", "source": "photos", "again": "Cy"}, "made at the door"),
])
def test_forms_that_cannot_be_meant(door: House, form: dict[str, str], words: str) -> None:
    answer = door.logged_in("helper").fill("/enrol", **form)
    assert answer.status_code == 422
    assert words in answer.text


def test_what_a_link_brings_along_stands_in_the_form(door: House) -> None:
    page = door.logged_in("helper").get("/enrol?name=J%C3%BCrg%22%3E&next=//evil.example/&source=photos").text
    assert 'value="Jürg&#34;&gt;"' in page
    assert 'name="next" value=""' in page, "it leads to no other site"
    again = door.logged_in("helper").get(f"/enrol?again={door.ids['Cy']}").text
    assert "Cy stands before the door" in again


def test_an_address_of_an_enrolment_that_is_over_leads_back(door: House) -> None:
    helper = door.logged_in("helper")
    there = begin(helper, "Over", "photos")
    leave(helper, there)
    assert helper.get(there).status_code == 200, "it says that it was stopped"
    for path in ("/enrol/door/nothing", "/enrol/camera/nothing", "/enrol/photos/nothing"):
        assert helper.at(helper.get(path)) == "/enrol"
    assert helper.at(helper.get("/pending/pass/nothing")) == "/pending"
    state = helper.get("/enrol/door/nothing/state?after=-1", headers={"accept": "application/json"})
    assert state.status_code == 400
    assert "this enrolment is over: begin again" in state.text
    assert helper.fill("/enrol/finish/nothing").status_code == 422


def test_a_child_is_enrolled_with_a_guardians_consent(door: House) -> None:
    helper = door.logged_in("helper")
    there = begin(helper, "Hiro", "photos", minor="1", guardian="her mother, on paper")
    send(helper, there, *(still("hiro", number) for number in range(4)))
    assert "is not let in yet" in helper.get(helper.at(helper.fill(f"/enrol/finish/{there.split('/')[-1]}"))).text
    who = next(person for person in door.ask("people.list")["people"] if person["name"] == "Hiro")
    assert door.ask("people.show", who=who["id"])["own"]["minor"] is True
    owner = door.logged_in("owner")
    assert "Tick the box first" in owner.fill(f"/pending/{who['id']}/refuse").text
    assert owner.at(owner.fill(f"/pending/{who['id']}/refuse", sure="1")) == "/pending"
    assert "Hiro" not in str(door.ask("people.list"))


def test_the_daemon_gone_in_the_middle_is_said(new_house: Callable[..., House]) -> None:
    house = new_house(clip="turn_live", faces=(), people=())
    helper = house.logged_in("helper")
    there = begin(helper, "Ben", "photos")
    csrf = helper.csrf
    house.stop()
    page = helper.post(there, data={"csrf": csrf}, headers={"origin": "http://127.0.0.1:8443"})
    assert page.status_code == 503


def test_approving_asks_for_the_passphrase_again(door: House) -> None:
    stale = door.logged_in("owner", fresh=False)
    assert stale.at(stale.fill(f"/pending/{door.ids['Cy']}/approve")).startswith("/again")
    answer = door.logged_in("owner").fill(f"/pending/{door.ids['Cy']}/approve")
    assert "does not wait to be approved" in answer.text
    assert PASSPHRASE not in answer.text


def test_a_door_without_a_camera_says_so(house: House) -> None:
    answer = house.logged_in("helper").fill("/enrol", name="Dora", source="photos", recognise="1")
    assert "no camera" in answer.text


def test_a_disk_that_is_full_loses_nothing(door: House, monkeypatch: pytest.MonkeyPatch) -> None:
    helper = door.logged_in("helper")
    there = begin(helper, "Greta", "photos")
    send(helper, there, *(still("greta", number) for number in range(3)))
    finish = f"/enrol/finish/{there.split('/')[-1]}"
    command = door.daemon.command

    def full(name: str, arguments: Any) -> Any:
        if name == "pending.offer":
            raise DiskRefusesError("the disk is full: make room")
        return command(name, arguments)

    monkeypatch.setattr(door.daemon, "command", full)
    refused = helper.fill(finish)
    assert refused.status_code == 422
    assert "the disk is full" in refused.text
    assert "Nothing is lost while this page is open" in refused.text
    monkeypatch.undo()
    assert "Greta is enrolled" in helper.get(helper.at(helper.fill(finish))).text
    door.ask("pending.refuse", who=next(row["id"] for row in door.ask("pending.list")["pending"] if row["name"] == "Greta"))
