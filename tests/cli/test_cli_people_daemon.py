"""While a daemon runs, commands on people are its business: it holds the store, they ask it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from people_cli import Shell

from edge_face.demo import stills
from edge_face.people import PeopleCommands, Store
from edge_face.service.control import ControlSocket, Peer
from edge_face.vision.bundle import load_bundle

BEN = str(stills("ben")[0].parent)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, capsys, monkeypatch)


@pytest.fixture
def asked(run: Shell) -> Iterator[list[str]]:
    """Commands that the daemon was asked."""
    seen: list[str] = []
    bundle = load_bundle("", "embedder")
    with Store(run.store) as store:
        commands = PeopleCommands(store, embedder_id=bundle.model_id, thresholds=bundle.thresholds)

        def handler(name: str, arguments: dict[str, Any], peer: Peer) -> Any:
            seen.append(name)
            return commands.run(name, arguments)

        socket = ControlSocket(run.store / "control.sock", {name: partial(handler, name) for name in PeopleCommands.names()})
        socket.open()
        socket.start()
        yield seen
        socket.close()


def test_everything_goes_through_the_daemon(run: Shell, asked: list[str], tmp_path: Path) -> None:
    done = run("enroll", "Bén", "--images", BEN, "--consent", "recognise,show")
    assert done.code == 0, done.err
    assert [p["name"] for p in run("people", "list", "--json").json["people"]] == ["Bén"]
    assert run("people", "suspend", "bén").code == 0
    target = str(tmp_path / "people.efp")
    assert run("people", "export", target, "--passphrase-file", run.passphrase()).code == 0
    assert run("people", "forget", "Bén", "--yes").code == 0
    done = run("people", "import", target, "--bring-back", "--passphrase-file", run.passphrase(), "--json")
    assert done.code == 0 and done.json["imported"][0]["state"] == "suspended"
    assert {"people.known", "people.alike", "people.enroll", "people.list", "people.suspend", "people.export", "people.forget",
            "people.import"} <= set(asked)


def test_its_errors_are_ours(run: Shell, asked: list[str]) -> None:
    done = run("people", "show", "Nobody")
    assert done.code == 1 and "nobody named 'Nobody'" in done.err and done.err.count("\n") == 1
    run("enroll", "Ben", "--images", BEN, "--consent", "recognise")
    done = run("enroll", "BEN", "--images", BEN, "--consent", "recognise")
    assert done.code == 1 and "already somebody named" in done.err
    assert asked[-1] == "people.known"


def test_its_camera_is_in_use(run: Shell, asked: list[str]) -> None:
    done = run("enroll", "Ben", "--consent", "recognise")
    assert done.code == 2 and "running door holds its camera" in done.err and asked == []


def test_a_large_gallery_travels_in_pieces(run: Shell, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.people.commands.PAGE_BYTES", 30_000)
    root = Path(BEN).parent
    assert run("people", "import", "--tree", str(root), "--consent", "recognise").code == 0
    target = str(tmp_path / "people.efp")
    assert run("people", "export", target, "--passphrase-file", run.passphrase(), "--json").json["people"] == 8
    assert asked.count("people.export") >= 2
    for person in run("people", "list", "--json").json["people"]:
        run("people", "forget", person["id"], "--yes")
    done = run("people", "import", target, "--bring-back", "--passphrase-file", run.passphrase(), "--json")
    assert len(done.json["imported"]) == 8 and asked.count("people.import") >= 2
