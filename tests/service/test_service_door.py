"""The whole door as a process of its own: bundled clip, real networks, real store, mock pins watched from outside."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from doors import Running, enrol, eventually, messages

from edge_face.cli.main import main
from edge_face.errors import PeopleError, ServiceError, UsageError
from edge_face.people import Store


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("store")
    return folder, enrol(folder, "ben")


@pytest.fixture
def folder(enrolled: tuple[Path, dict[str, str]], tmp_path: Path) -> Path:
    """A store of its own with ben in it."""
    copy = tmp_path / "door"
    shutil.copytree(enrolled[0], copy)
    return copy


@pytest.fixture
def ben(enrolled: tuple[Path, dict[str, str]]) -> str:
    return enrolled[1]["ben"]


@pytest.fixture
def waiting(folder: Path) -> Iterator[Running]:
    """A door that runs on a film that never ends (nobody is let in before frame 60)."""
    with Running(folder) as door:
        door.wait_for("first picture decided on")
        yield door


def test_the_clip_gives_exactly_one_grant_to_ben(folder: Path, ben: str, capsys: pytest.CaptureFixture[str]) -> None:
    with Running(folder, "--fast", "--once", "--set=door.pulse=0.5") as door:
        assert door.end() == (0, "")
    log = door.log()
    with Store(folder, read_only=True) as store:
        assert [line["person"] for line in log if line["message"].startswith("grant:")] == [store.alias(ben)]
    said = door.log_file.read_text().replace(str(folder), "")
    assert "ben" not in said and ben not in said
    assert [(edge["what"], edge["level"]) for edge in door.edges()] == [("claimed", 0), ("edge", 1), ("edge", 0), ("freed", 0)]
    up, down = door.edges("edge")
    assert 0.45 <= down["time"] - up["time"] < 10

    said = "\n".join(messages(log, "daemon"))
    for words in ("settings: ", "runtime: ", "models: edge-face-detector", "camera: file:", "lock: GPIO17 (mock pins", "assurance: ",
                  "people: 1 to be recognised", "threshold: 1 false grant in 10,000 approaches", "first picture decided on"):
        assert words in said

    assert main(["why", "--config", str(folder / "edge-face.toml")]) == 0
    told = capsys.readouterr().out
    assert "ben: let in, released for 0.5 s" in told and "needed" in told
    assert main(["why", "--last", "5", "--json", "--config", str(folder / "edge-face.toml")]) == 0
    assert [event["kind"] for event in json.loads(capsys.readouterr().out)] == ["grant", "relock"]


def test_nobody_is_let_in_whom_the_door_does_not_know(tmp_path: Path) -> None:
    with Running(tmp_path, "--fast", "--once") as door:
        assert door.end() == (0, "")
    assert door.edges("edge") == []
    assert not door.said("grant:") and door.said("deny:")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
@pytest.mark.parametrize("fail", ["secure", "safe"])
def test_a_signal_in_the_middle_of_a_grant_leaves_the_coil_off(folder: Path, number: signal.Signals, code: int, fail: str) -> None:
    released = 1 if fail == "secure" else 0
    with Running(folder, "--fast", "--set=door.pulse=25", f"--set=door.fail={fail}") as door:
        eventually(lambda: released in door.levels())
        assert door.levels() == [released]
        assert door.end(number) == (code, "edge-face: interrupted\n" if code == 130 else "")
    assert door.edges()[-1]["what"] == "freed" and door.edges()[-1]["level"] == 0
    assert not (folder / "control.sock").exists()
    with sqlite3.connect(folder / "people.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_commands_while_it_runs(waiting: Running, ben: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    client = waiting.client
    status = client.call("status")
    assert status["healthy"] and status["people"] == 1 and status["pid"] == waiting.process.pid
    assert status["first_decision"] > 0 and status["memory_mb"] > 0 and not status["door"]["released"]
    assert [person["id"] for person in client.call("people.list")["people"]] == [ben]
    assert client.call("settings.show")["store"]["folder"] == str(folder)

    client.call("door.pulse", seconds=20)
    eventually(lambda: waiting.levels() == [1])
    assert client.call("status")["door"]["released"]
    client.call("door.secure")
    eventually(lambda: waiting.levels() == [1, 0])
    assert [e["kind"] for e in client.call("events") if e["kind"] != "clock"][:2] == ["owner", "secure"]
    assert main(["why", "--last", "20", "--config", str(folder / "edge-face.toml")]) == 0
    assert "released by the owner" in capsys.readouterr().out

    for command, arguments, kind in [("door.pulse", {"seconds": -1}, UsageError), ("door.pulse", {"minutes": 1}, UsageError),
                                     ("door.pulse", {"seconds": "long"}, UsageError), ("why", {"event": 10**30}, UsageError),
                                     ("events", {"last": 0}, UsageError), ("events", {"last": True}, UsageError),
                                     ("people.show", {"who": "nobody"}, PeopleError), ("people.show", {}, UsageError),
                                     ("people.show", {"who": 3}, UsageError), ("status", {"x": 1}, UsageError)]:
        with pytest.raises(kind):
            client.call(command, **arguments)
    with socket.socket(socket.AF_UNIX) as hostile:
        hostile.connect(str(client.path))
        hostile.sendall(b"\xff\x00" * 5000 + b"\n")
        assert b'"ok": false' in hostile.recv(4096)

    client.call("stop")
    assert waiting.end() == (0, "")
    assert waiting.levels() == [1, 0]


def test_a_second_door_is_refused_before_it_touches_a_pin(waiting: Running, folder: Path, tmp_path: Path) -> None:
    edges = tmp_path / "second.jsonl"
    second = Running(folder, environment={"EDGE_FACE_EDGES": str(edges)})
    code, errors = second.end()
    assert code == 1 and f"already running (process {waiting.process.pid})" in errors and errors.count("\n") == 1
    assert not edges.exists()
    assert waiting.client.call("status")["healthy"]


def test_who_is_forgotten_while_it_runs_is_not_let_in(waiting: Running, ben: str) -> None:
    waiting.client.call("people.forget", who="ben")
    assert waiting.client.call("status")["people"] == 0
    eventually(lambda: waiting.said("deny:"))
    assert not waiting.said("grant:") and waiting.levels() == []


def test_a_camera_that_is_gone_does_not_end_the_door(folder: Path) -> None:
    with Running(folder, "--source=usb:63", "--set=door.exit_pin=GPIO27") as door:
        door.wait_for("people: 1 to be recognised")
        eventually(lambda: not door.client.call("status")["camera"]["ok"])
        status = door.client.call("status")
        assert not status["healthy"] and "camera" in status["summary"]
        door.client.call("door.pulse", seconds=0.3)
        eventually(lambda: door.levels() == [1, 0])
        assert door.process.poll() is None
        assert door.end(signal.SIGTERM) == (0, "")


@pytest.mark.parametrize(("options", "settings", "code", "words"), [
    (("--set=door.pulse=99",), "", 2, "the command line: door.pulse = 99 is out of range"),
    (("--set=door.pulse",), "", 2, "write SECTION.KEY=VALUE"),
    (("--set=door.lock_pin=GPIO99",), "", 2, 'door.lock_pin = "GPIO99"'),
    (("--set=decision.assurance=face+card",), "", 2, 'decision.assurance = "face+card" needs a card reader'),
    (("--pins=lgpio", "--set=decision.assurance=face", "--set=door.chip=9"), "", 1, "/dev/gpiochip9 is not there"),
    (("--source=webcam",), "", 2, "is not a camera"),
    (("--set=vision.embedder=/nowhere",), "", 1, "no embedder bundle in /nowhere"),
    ((), "[door]\npulze = 3\n", 2, "line 2: there is no key 'door.pulze'"),
    ((), '[store]\nfolder = "/proc/nowhere"\n', 1, "cannot be made in /proc/nowhere"),
])
def test_what_keeps_it_from_starting_is_one_sentence(folder: Path, options: tuple[str, ...], settings: str, code: int, words: str) -> None:
    with Running(folder, *options, settings=settings) as door:
        ended, errors = door.end()
    assert (ended, errors.count("\n")) == (code, 1), errors
    assert words in errors and errors.startswith("edge-face: ")
    assert [edge["level"] for edge in door.edges()] in ([], [0, 0])


def test_a_tampered_store_is_one_sentence(folder: Path) -> None:
    (folder / "people.db").write_bytes(b"this is no database, it only looks as long as one" * 400)
    with Running(folder) as door:
        code, errors = door.end()
    assert code == 1 and errors.count("\n") == 1 and "store" in errors
    assert [edge["level"] for edge in door.edges()] == [0, 0]


def test_after_sigkill_the_coil_is_switched_off_by_the_service_manager(folder: Path) -> None:
    with Running(folder) as door:
        door.wait_for("first picture decided on")
        door.client.call("door.pulse", seconds=20)
        eventually(lambda: door.levels() == [1])
        door.end(signal.SIGKILL)
        assert door.edges()[-1]["level"] == 1, "what a hard kill leaves behind: docs/wiring.md"
    after = Running(folder, "--safe")
    assert after.end() == (0, "")
    assert [(edge["what"], edge["level"]) for edge in after.edges()] == [("claimed", 0), ("freed", 0)]
    with pytest.raises(ServiceError, match="is not running"):
        door.client.call("status")
    with Running(folder) as again:
        again.wait_for("first picture decided on")
        assert again.end(signal.SIGTERM)[0] == 0


def test_systemd_hears_how_it_is(folder: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "600000", "WATCHDOG_PID": ""}
        with Running(folder, environment=environment) as door:
            heard = [manager.recv(4096).decode()]
            assert heard[0].startswith("READY=1")
            while heard.count("WATCHDOG=1") < 3:
                heard.append(manager.recv(4096).decode())
            assert any(line.startswith("STATUS=locked, ") for line in heard)
            door.end(signal.SIGTERM)
            while not heard[-1].startswith("STOPPING=1"):
                heard.append(manager.recv(4096).decode())
