"""What is done every day: without a daemon here, through the socket where one runs; and when the database is rewritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_face.cli.main import main
from edge_face.people import Consent, Store
from edge_face.people.person import Given
from edge_face.service import maintenance
from edge_face.service.control import ControlSocket, Peer
from edge_face.service.protocol import socket_path
from edge_face.settings import Settings, StoreSettings

WALL = 1_790_000_000.0


def settings_in(folder: Path) -> Settings:
    return Settings(store=StoreSettings(folder=str(folder)))


@pytest.fixture
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk has room, whatever this machine's has."""
    monkeypatch.setattr(maintenance, "LOW", 0)


def consent() -> Consent:
    return Consent(Given(WALL, "in person"))


@pytest.mark.usefixtures("roomy")
def test_without_a_store_there_is_nothing_to_do_and_none_is_made(tmp_path: Path) -> None:
    assert maintenance.maintain(settings_in(tmp_path), WALL) == {"by": "this command", "people": 0, "troubles": []}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("roomy")
def test_everybody_is_looked_at(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.add("Ada", consent(), wall=WALL)
        store.add("Ben", consent(), wall=WALL)
    assert maintenance.maintain(settings_in(tmp_path), WALL) == {"by": "this command", "people": 2, "compacted": False, "troubles": []}


def test_a_full_disk_is_a_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(maintenance, "LOW", 1 << 80)
    config = tmp_path / "edge-face.toml"
    config.write_text(f'[store]\nfolder = "{tmp_path}"\n')
    assert main(["service", "maintain", "--json", "--config", str(config)]) == 1
    assert "MB are free" in json.loads(capsys.readouterr().out)["troubles"][0]


@pytest.mark.usefixtures("roomy")
def test_much_unused_room_is_given_back_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "SPARE", 100_000)
    with Store(tmp_path) as store:
        person = store.add("Ada", consent(), wall=WALL)
        for number in range(300):
            store.events.append("deny", WALL + number, person.id, {"reasons": ["x" * 2000]})
        assert not maintenance.give_space_back(store, tmp_path)
        store.events.prune(WALL + 299)
        before = store.unused_bytes()
        assert before > 100_000
        with monkeypatch.context() as full:
            full.setattr(maintenance, "LOW", 1 << 80)
            assert not maintenance.give_space_back(store, tmp_path), "on a full disk that room is the journal's"
        assert maintenance.give_space_back(store, tmp_path)
        assert store.unused_bytes() < 100_000 and store.person(person.id).name == "Ada" and store.events.count() == 1


@pytest.mark.usefixtures("roomy")
def test_a_running_door_is_asked(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    asked: list[dict[str, object]] = []

    def answer(arguments: dict[str, object], peer: Peer) -> dict[str, object]:
        asked.append(arguments)
        return {"clock_trusted": True, "troubles": ["the camera is gone"]}

    control = ControlSocket(socket_path(settings), {"service.maintain": answer})
    control.open()
    control.start()
    try:
        done = maintenance.maintain(settings, WALL)
    finally:
        control.close()
    assert done == {"by": "the running door", "clock_trusted": True, "troubles": ["the camera is gone"]} and asked == [{}]
