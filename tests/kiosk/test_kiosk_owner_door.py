"""The door's own pages: how it stands, test, lockdown, opening from afar, health, models, picture and masks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from kiosk_house import PASSPHRASE, House


def released(house: House) -> bool:
    return bool(house.ask("door.status")["released"])


def test_how_it_stands_and_what_is_wired(house: House) -> None:
    text = house.logged_in("viewer").get("/door").text
    assert "locked" in text and "Keypad" in text and "nothing is driven" in text and "not fitted" in text
    assert "/door/lockdown" not in text and "/door/unlock" not in text


def test_lockdown_is_said_before_and_lifted_by_the_owner(new_house: Callable[..., House]) -> None:
    house = new_house()
    helper, owner = house.logged_in("helper"), house.logged_in()
    assert "exit button goes on working" in helper.get("/door/lockdown").text and not house.ask("door.status")["lockdown"]
    helper.at(helper.fill("/door/lockdown"))
    house.until(lambda: house.ask("door.status")["lockdown"])
    text = helper.get("/door").text
    assert "lockdown" in text and "/door/lift" not in text and helper.fill("/door/lift").status_code == 403
    owner.at(owner.fill("/door/lift"))
    house.until(lambda: not house.ask("door.status")["lockdown"])


def test_the_lock_is_tried_before_anybody_is_enrolled_and_never_after(new_house: Callable[..., House]) -> None:
    house = new_house(people=())
    owner = house.logged_in()
    assert "Release it once" in owner.get("/door/test").text and "/door/test" in owner.get("/door").text
    owner.at(owner.fill("/door/test"))
    house.until(lambda: released(house))
    later = new_house()
    owner = later.logged_in()
    assert "Release it once" not in owner.get("/door/test").text and "/door/test" not in owner.get("/door").text
    assert owner.fill("/door/test").status_code == 403 and not released(later)


def test_the_pages_open_no_door_unless_the_file_says_so(house: House) -> None:
    owner = house.logged_in()
    assert "remote_unlock is off" in owner.get("/door/unlock").text and 'name="passphrase"' not in owner.get("/door/unlock").text
    assert owner.fill("/door/unlock", passphrase=PASSPHRASE).status_code == 403 and not released(house)


def test_opening_from_afar_asks_for_the_passphrase_each_time(new_house: Callable[..., House]) -> None:
    house = new_house(changes={"kiosk.remote_unlock": True})
    owner = house.logged_in()
    assert "audit log with your login" in owner.get("/door/unlock").text
    wrong = owner.fill("/door/unlock", passphrase="not it")
    assert wrong.status_code == 422 and "not it" not in wrong.text and not released(house)
    assert owner.at(owner.fill("/door/unlock", passphrase=PASSPHRASE)) == "/door"
    house.until(lambda: released(house))
    assert house.logged_in("helper").get("/door/unlock").status_code == 403


def test_health_and_overview_say_what_is_wrong(house: House) -> None:
    viewer = house.logged_in("viewer")
    health = viewer.get("/health").text
    for word in ("Memory of the door", "not believed", "Last backup", "never", "What this door is made of", "Storage"):
        assert word in health
    overview = viewer.get("/").text
    assert "1 person is enrolled" in overview and "locked" in overview and "/backup" not in overview
    assert "Make a backup" in house.logged_in().get("/").text


@pytest.mark.parametrize("task", ["detector", "landmarker", "embedder", "liveness"])
def test_every_model_has_its_card(house: House, task: str) -> None:
    viewer = house.logged_in("viewer")
    assert f"/models/{task}" in viewer.get("/models").text
    card = viewer.get(f"/models/{task}").text
    assert "<table>" in card and "&lt;" not in card.split("<main")[1].split("<table>")[0]


def test_a_model_that_is_not_there(house: House) -> None:
    assert house.logged_in().get("/models/oracle").status_code == 404


def test_the_picture_page_works_without_a_camera(house: House) -> None:
    assert house.logged_in("viewer").get("/live").status_code == 200


def test_masks_are_percentages_and_wait_for_a_new_start(new_house: Callable[..., House]) -> None:
    house = new_house()
    owner = house.logged_in()
    owner.at(owner.fill("/masks", x0="10", y0="20", width0="30,5", height0="40", x1="", y1="", width1="", height1=""))
    answer = house.ask("settings.show")
    assert answer["settings"]["camera"]["privacy_masks"] == [[0.1, 0.2, 0.305, 0.4]] and answer["restart"]
    page = owner.get("/masks").text
    assert 'value="30.5"' in page and "/restart?next=/masks" in page
    owner.at(owner.fill("/masks", x0="90", y0="0", width0="30", height0="100"))  # drawn over the edge: cut there
    assert house.ask("settings.show")["settings"]["camera"]["privacy_masks"] == [[0.9, 0.0, 0.1, 1.0]]
    owner.at(owner.fill("/masks", x0="", y0="", width0="", height0=""))
    assert house.ask("settings.show")["settings"]["camera"]["privacy_masks"] == []


@pytest.mark.parametrize(("typed", "said"), [
    ({"x0": "10"}, "four numbers"), ({"x0": "a", "y0": "1", "width0": "1", "height0": "1"}, "not a number"),
    ({"x0": "0", "y0": "0", "width0": "0", "height0": "5"}, "no size"),
    ({"x0": "-5", "y0": "0", "width0": "5", "height0": "5"}, "outside")])
def test_half_an_area_is_not_saved(house: House, typed: dict[str, str], said: str) -> None:
    answer = house.logged_in().fill("/masks", **typed)
    assert answer.status_code == 422 and said in answer.text
    assert house.ask("settings.show")["settings"]["camera"]["privacy_masks"] == []
