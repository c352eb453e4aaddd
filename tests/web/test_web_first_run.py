"""The first run as somebody walks it who never saw it: with only what is on the pages. Then a restore, and somebody who is forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from walking import OWNER, PASSPHRASE, until, violations

from edge_face.demo.house import House

STARTING: list[dict[str, Any]] = [{"name": "the door is just starting"}]
SECRET = "words for the backup only"
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def bare(make_house: Callable[..., House]) -> House:
    """Nobody's house; ben stands at the door and turns his head."""
    return make_house((), clip="turn_live", changes={"camera.width": 640})


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the walk leaves the backup that it fetched."""
    return tmp_path_factory.mktemp("backup") / "door.backup"


def step(one: Any, name: str) -> None:
    assert violations(one.page) == []
    one.shot(f"first-run-{name}", whole=True)


def test_from_a_claim_code_to_a_door_that_lets_somebody_in(bare: House, visit: Callable[..., Any], backup: Path) -> None:
    one = visit(bare, "laptop")
    page = one.owner("/")
    assert one.path == "/claim" and "edge-face kiosk claim" in one.text
    step(one, "claim")
    page.get_by_label("Claim code").fill(bare.claim_code())
    page.fill("[name=name]", OWNER)
    page.fill("[name=passphrase]", PASSPHRASE)
    page.fill("[name=again]", PASSPHRASE)
    page.get_by_role("button", name="Become the owner").click()
    page.wait_for_url("**/first-run", wait_until="commit")
    step(one, "steps")
    page.get_by_role("link", name="Aim the camera", exact=True).click()
    # The camera: a live picture with boxes.
    page.wait_for_url("**/first-run/camera", wait_until="commit")
    one.sees("document.querySelector('img.picture').naturalWidth > 0", "no picture came")
    one.sees("document.querySelector('svg.overlay').childElementCount > 0", "nobody is framed in the picture")
    step(one, "camera")
    page.get_by_role("link", name="further").click()
    # Masks, drawn with the mouse.
    page.wait_for_url("**/first-run/masks", wait_until="commit")
    one.sees("document.querySelector('img.picture').naturalWidth > 0", "no picture came")
    box = page.locator(".drawing").bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.2, steps=4)
    page.mouse.up()
    drawn = page.evaluate("[...document.querySelectorAll('.areas input')].map((one) => one.value).filter(Boolean).length")
    assert drawn == 4
    step(one, "masks")
    page.get_by_role("button", name="Save the areas and go on").click()
    page.wait_for_url("**/first-run/door", wait_until="commit")
    # The lock moves, once.
    assert [edge for edge in edges(bare) if edge] == []
    page.get_by_role("button", name="Release it once").click()
    until(lambda: 1 in edges(bare), 20, "the lock was not released")
    step(one, "door")
    page.get_by_role("link", name="Further").click()
    # The first person.
    page.get_by_role("link", name="Enrol the first person").click()
    page.fill("[name=name]", "Ben")
    page.get_by_label("I may be recognised by this door.").check()
    page.get_by_label("I may be seen sharp in pictures that leave the door.").check()
    step(one, "enrol")
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/enrol/door/**", wait_until="commit")
    step(one, "guide")
    page.get_by_role("button", name="Keep it").wait_for(timeout=180_000)
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("heading", name="Ben is enrolled").wait_for()
    step(one, "enrolled")
    page.get_by_role("link", name="Go on").click()
    # What opens the door.
    page.wait_for_url("**/first-run/assurance", wait_until="commit")
    step(one, "assurance")
    page.locator("input[name=assurance][value='face+code']").check()
    page.get_by_role("button", name="Choose this and go on").click()
    page.wait_for_url("**/first-run/backup", wait_until="commit")
    page.fill("[name=passphrase]", SECRET)
    page.fill("[name=again]", SECRET)
    page.get_by_role("button", name="Make a backup").click()
    link = page.get_by_role("link", name="Fetch the backup")
    link.wait_for(timeout=120_000)
    with page.expect_download() as fetched:
        link.click()
    fetched.value.save_as(backup)
    assert backup.stat().st_size > 1000 and b"Ben" not in backup.read_bytes()
    step(one, "backup")
    # Back and forth, as people do: nothing is done twice, nothing is lost.
    before = bare.client.call("people.list")["people"]
    for _ in range(2):
        page.go_back(wait_until="domcontentloaded")
    one.owner("/first-run")
    assert bare.client.call("people.list")["people"] == before
    one.owner("/first-run/done")
    step(one, "done")
    page.get_by_role("link", name="Start the door again").click()
    one.again()
    page.get_by_role("button", name="Start it again").click()
    page.wait_for_url("**/login*", wait_until="commit", timeout=90_000)
    page = one.login()
    step(one, "overview")
    assert bare.client.call("settings.show")["decision"]["assurance"] == "face+code"
    assert len(bare.client.call("settings.show")["camera"]["privacy_masks"]) == 1


def test_a_backup_brings_back_what_was_and_not_who_was_forgotten(bare: House, visit: Callable[..., Any], backup: Path) -> None:
    if not backup.exists():
        pytest.skip("the walk before this did not come as far as the backup")
    one = visit(bare, "laptop")
    page = one.login(then="/people")
    who = bare.client.call("people.list")["people"][0]["id"]
    bare.client.call("people.rename", who="Ben", name="Benjamin")
    restore(one, backup)
    until(lambda: [person["name"] for person in people(bare)] == ["Ben"], 90, "the backup's name is not back")
    # And now he is forgotten, which a restore does not undo.
    page = one.login(then="/people")
    page.get_by_role("link", name="Ben", exact=True).click()
    one.owner(f"/people/{who}/forget")
    one.again()
    step(one, "forget")
    page.get_by_label("Yes, forget Ben").check()
    page.locator("main form button").click()  # its sign is part of its name
    until(lambda: people(bare) == [], 60, "he is still there")
    assert "Ben" not in one.owner("/events").locator("main").inner_text()
    restore(one, backup)
    page = one.login(then="/people")
    assert until(lambda: people(bare) != STARTING) and people(bare) == []
    one.shot("people-none")


def test_a_file_that_is_no_backup_changes_nothing(bare: House, visit: Callable[..., Any], tmp_path: Path) -> None:
    until(lambda: people(bare) != STARTING)
    before = people(bare)
    one = visit(bare, "laptop")
    one.login(then="/backup/restore")
    one.again()
    odd = tmp_path / "holiday.jpg"
    odd.write_bytes(b"\xff\xd8\xff\xe0 not a backup" * 100)
    one.page.set_input_files("[name=file]", odd)
    one.page.fill("[name=passphrase]", SECRET)
    one.page.get_by_label("Replace what is here now").check()
    one.page.get_by_role("button", name="Restore").click()
    alert = one.page.get_by_role("alert")
    alert.wait_for()
    assert "backup" in alert.inner_text() and people(bare) == before
    step(one, "no-backup")


def restore(one: Any, file: Path) -> None:
    page = one.owner("/backup/restore")
    one.again()
    step(one, "restore")
    page.set_input_files("[name=file]", file)
    page.fill("[name=passphrase]", SECRET)
    page.get_by_label("Replace what is here now").check()
    page.get_by_role("button", name="Restore").click()
    page.wait_for_url("**/login*", wait_until="commit", timeout=120_000)


def people(house: House) -> list[dict[str, Any]]:
    try:
        return list(house.client.call("people.list")["people"])
    except Exception:
        return STARTING


def edges(house: House) -> list[int]:
    """Levels of the lock's pin, edge by edge."""
    rows = [json.loads(line) for line in house.edges.read_text().split("\n")[:-1]] if house.edges.exists() else []
    return [row["level"] for row in rows if row["what"] == "edge" and row["pin"] == "GPIO17"]
