"""The door as its pages may order it, how it is, and what its networks are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kiosk_house import PASSPHRASE, House

from edge_face.errors import (
    ForbiddenError,
    FreshNeededError,
    LoginNeededError,
    ServiceError,
    TooManyTriesError,
    UsageError,
    WrongPassphraseError,
)
from edge_face.service.client import Client
from edge_face.service.machine import storage, temperature
from edge_face.service.protocol import web_socket_path


def stale(house: House, command: str, role: str, **arguments: Any) -> Any:
    return Client(web_socket_path(house.settings)).call(command, token=house.token(role, fresh=False), **arguments)


def done(house: House) -> list[str]:
    return [str(row["details"].get("what")) for row in house.ask("audit.tail", last=100)["records"]]


def test_an_empty_house_may_be_tried_once_its_wires_are_there(new_house: Callable[..., House]) -> None:
    house = new_house(people=())
    assert house.ask("door.status", "viewer")["testable"] is True
    with pytest.raises(FreshNeededError):
        stale(house, "door.test", "owner")
    with pytest.raises(ForbiddenError):
        house.ask("door.test", "helper")
    assert house.ask("door.test", seconds=0.3) == {"seconds": 0.3}
    house.until(lambda: house.ask("door.status")["released"])
    house.until(lambda: not house.ask("door.status")["released"])
    assert "door-test" in done(house)
    for wrong in (0, -1, 31, "x", True):
        with pytest.raises(UsageError):
            house.ask("door.test", seconds=wrong)


def test_a_house_that_knows_somebody_is_opened_from_no_page_not_even_after_all_were_forgotten(new_house: Callable[..., House]) -> None:
    house = new_house(people=("Ben",))
    with pytest.raises(ForbiddenError, match="at the device"):
        house.ask("door.test")
    house.ask("people.forget", who="Ben")
    assert house.ask("door.status")["testable"] is False
    with pytest.raises(ForbiddenError, match="at the device"):
        house.ask("door.test")
    with pytest.raises(ForbiddenError, match="remote_unlock"):
        house.ask("door.unlock", passphrase=PASSPHRASE)
    assert not house.ask("door.status")["released"]


def test_forgetting_first_and_trying_the_door_then_is_no_way_in(new_house: Callable[..., House]) -> None:
    house = new_house(people=("Ben",))
    house.ask("people.forget", who="Ben")
    with pytest.raises(ForbiddenError):
        house.ask("door.test")


def test_a_remote_unlock_asks_for_the_passphrase_each_time_and_is_said(new_house: Callable[..., House]) -> None:
    house = new_house({"kiosk.remote_unlock": True})
    with pytest.raises(LoginNeededError):
        house.ask("door.unlock", None, passphrase=PASSPHRASE)
    with pytest.raises(ForbiddenError):
        house.ask("door.unlock", "helper", passphrase=PASSPHRASE)
    with pytest.raises(UsageError):
        house.ask("door.unlock")  # a login that is fresh is not enough
    with pytest.raises(WrongPassphraseError):
        house.ask("door.unlock", passphrase="not the one")
    assert not house.ask("door.status")["released"] and "door-unlock" not in done(house)
    assert house.ask("door.unlock", passphrase=PASSPHRASE, seconds=0.3)["seconds"] == 0.3
    house.until(lambda: house.ask("door.status")["released"])
    assert "door-unlock" in done(house)
    house.ask("door.lockdown", "helper")
    with pytest.raises(ServiceError, match="lockdown"):
        house.ask("door.unlock", passphrase=PASSPHRASE)
    with pytest.raises((WrongPassphraseError, TooManyTriesError)):
        for _ in range(8):
            with pytest.raises(WrongPassphraseError):
                house.ask("door.unlock", passphrase="not the one")
        house.ask("door.unlock", passphrase="not the one")


def test_a_lockdown_is_a_helpers_word_and_lifting_it_the_owners(new_house: Callable[..., House]) -> None:
    house = new_house()
    with pytest.raises(ForbiddenError):
        house.ask("door.lockdown", "viewer")
    house.ask("door.lockdown", "helper")
    house.until(lambda: house.ask("door.status")["lockdown"])
    with pytest.raises(ForbiddenError):
        house.ask("door.lift", "helper")
    with pytest.raises(FreshNeededError):
        stale(house, "door.lift", "owner")
    house.ask("door.lift")
    house.until(lambda: not house.ask("door.status")["lockdown"])
    house.ask("door.secure", "helper")
    house.ask("door.quiet", "helper")
    assert [what for what in done(house) if what.startswith("door-")] == ["door-quiet", "door-secure", "door-lift", "door-lockdown"]


def test_health_says_how_door_and_machine_are(house: House) -> None:
    health = house.ask("health", "viewer")
    assert health["status"]["healthy"] and health["storage"]["total"] >= health["storage"]["free"] > 0
    assert all(len(row) == 3 for row in health["made_of"]) and health["last_backup"] is None and health["version"]
    assert health["temperature"] is None or -60 < health["temperature"] < 200


@pytest.mark.parametrize(("text", "degrees"), [("48312\n", 48.3), ("-5000", -5.0), ("", None), ("warm", None), ("999999999", None)])
def test_a_temperature_is_one_or_none(tmp_path: Path, text: str, degrees: float | None) -> None:
    (tmp_path / "temp").write_text(text)
    assert temperature(tmp_path / "temp") == degrees
    assert temperature(tmp_path / "gone") is None and storage(tmp_path / "gone") is None


def test_the_networks_are_shown_with_card_and_figures_and_not_where_they_lie(house: House) -> None:
    models = house.ask("models.list", "viewer")["models"]
    assert [model["task"] for model in models] == ["detector", "landmarker", "embedder", "liveness"]
    for model in models:
        assert model["card"].startswith("#") and model["figures"]["metrics"] and model["licence"] and model["model_id"]
        assert str(Path(__file__).resolve().parents[2]) not in str(model)
