"""The first run: each step by itself, in any order, twice, and what it says is done."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from kiosk_house import House

from edge_face.kiosk.assurance_words import MEANINGS
from edge_face.kiosk.first_run_pages import STEPS, choices
from edge_face.settings import ASSURANCES

WORDS = "nine blue horses dance"
ORDER = [step.name for step in STEPS]


def test_from_the_first_step_to_the_last(new_house: Callable[..., House]) -> None:
    house = new_house(people=(), changes={"decision.assurance": "code"})
    owner = house.logged_in()
    start = owner.get("/first-run").text
    assert start.count("to do") >= 4 and "Go on: Hide what is not yours" in start  # there is no camera to be aimed
    for before, name in pairwise(ORDER):
        assert f'href="/first-run/{name}"' in owner.get(f"/first-run/{before}").text
    assert owner.at(owner.fill("/first-run/masks", x0="0", y0="0", width0="10", height0="10")) == "/first-run/door"
    assert owner.at(owner.fill("/first-run/door")) == "/first-run/door"
    house.until(lambda: house.ask("door.status")["released"])
    assert "Did it move?" in owner.get("/first-run/door").text
    assert owner.at(owner.fill("/first-run/assurance", assurance="code", pad="1")) == "/first-run/backup"
    made = owner.fill("/first-run/backup", passphrase=WORDS, again=WORDS)
    assert made.status_code == 200 and "/backup/file/" in made.text and 'href="/first-run/done"' in made.text
    saved = house.ask("settings.show")
    assert saved["overlay"]["camera.privacy_masks"] == [[0.0, 0.0, 0.1, 0.1]]
    assert saved["settings"]["kiosk"]["pad"] is True
    assert owner.get(re.findall(r'/backup/file/[^"]+', made.text)[0]).status_code == 200
    done = owner.get("/first-run/done").text
    assert "/restart?next=%2F" in done and done.count("not yet") == 1  # nobody is enrolled


def test_a_camera_that_works_is_aimed_before_anything_else(new_house: Callable[..., House]) -> None:
    house = new_house(clip="door", people=())
    owner = house.logged_in()
    house.until(lambda: house.ask("health")["status"]["camera"]["ok"])
    assert "Go on: Aim the camera" in owner.get("/first-run").text
    owner.at(owner.fill("/first-run/masks", x0="0", y0="0", width0="10", height0="10"))
    assert "Go on: Test the lock" in owner.get("/first-run").text


def test_the_back_button_and_a_second_time_do_no_harm(new_house: Callable[..., House]) -> None:
    house = new_house(people=())
    owner = house.logged_in()
    for _ in range(2):
        owner.at(owner.fill("/first-run/masks", x0="5", y0="5", width0="10", height0="10"))
        owner.at(owner.fill("/first-run/assurance", assurance="code", pad="1"))
        for name in reversed(ORDER):
            assert owner.get(f"/first-run/{name}").status_code == 200
    assert house.ask("settings.show")["overlay"]["camera.privacy_masks"] == [[0.05, 0.05, 0.1, 0.1]]


@pytest.mark.parametrize(("step", "fields"), [("masks", {"x0": "1"}), ("assurance", {"assurance": "magic"}), ("assurance", {}),
                                              ("backup", {"passphrase": "a", "again": "b"}), ("backup", {"passphrase": "a", "again": "a"})])
def test_what_is_wrong_is_said_on_its_own_step(house: House, step: str, fields: dict[str, str]) -> None:
    answer = house.logged_in().fill(f"/first-run/{step}", **fields)
    assert answer.status_code == 422 and 'role="alert"' in answer.text
    assert f'aria-current="step">{STEPS[ORDER.index(step)].title}' in answer.text
    assert house.ask("settings.show")["overlay"] == {}


def test_steps_that_there_are_not_and_who_may_not(house: House) -> None:
    assert house.logged_in().get("/first-run/magic").status_code == 404
    assert house.logged_in("helper").get("/first-run").status_code == 403
    assert house.browser().get("/first-run/camera").status_code == 303


def test_after_somebody_is_enrolled_the_lock_is_not_tried_from_here(house: House) -> None:
    owner = house.logged_in()
    assert "Release it once" not in owner.get("/first-run/door").text
    assert owner.fill("/first-run/door").status_code == 403


def test_every_level_has_a_meaning_and_what_it_lacks() -> None:
    assert set(MEANINGS) == set(ASSURANCES)
    bare = {"inputs": {"keypad_rows": [], "wiegand_d0": ""}, "camera": {"source": "picamera2"}, "kiosk": {"pad": False}}
    found = {one["name"]: one for one in choices(bare)}
    assert next(iter(found)) == "face+code" and set(found) == set(ASSURANCES)
    assert found["face"]["missing"] is None and found["face+code"]["missing"] and found["face+code"]["able"]  # with codes on the page
    assert not found["card"]["able"] and not found["face+card"]["able"]
    padded = {one["name"]: one["missing"] for one in choices({**bare, "kiosk": {"pad": True}})}
    assert padded["face+code"] is None and padded["code"] is None and padded["card"] is not None
    blind = {one["name"]: one["able"] for one in choices({**bare, "camera": {"source": "none"}})}
    assert blind == {"face": False, "face+challenge": False, "face+code": False, "face+card": False, "code": True, "card": False}
