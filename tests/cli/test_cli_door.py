"""`edge-face door` on a board of mock pins, worked from outside as by an installer's hands."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_face import door
from edge_face.cli import door_walk, door_watch
from edge_face.cli.main import main
from edge_face.door import DoorInputs
from edge_face.door.board import Board
from edge_face.door.wiegand import frame_bits
from edge_face.door.wired import LAST, remember, remembered
from edge_face.settings import DoorSettings

SETTINGS = """
[door]
exit_pin = "GPIO27"
pulse = 0.4
drive_pulse = 0.3
[inputs]
contact_pin = "GPIO22"
fire_pin = "GPIO25"
tamper_pin = "GPIO8"
keypad_rows = ["GPIO5", "GPIO6", "GPIO13", "GPIO26"]
keypad_columns = ["GPIO12", "GPIO16", "GPIO20"]
keypad_keys = "123456789*0#"
wiegand_d0 = "GPIO23"
wiegand_d1 = "GPIO24"
[signals]
buzzer_pin = "GPIO18"
green_pin = "GPIO19"
red_pin = "GPIO21"
alarm_pin = "GPIO4"
[store]
folder = "{folder}"
"""


Wait = Callable[[Callable[[], bool]], None]


def until(true: Callable[[], bool]) -> None:
    """Waits until something is true that another thread or process does; fails after 20 s."""
    for _ in range(4000):
        if true():
            return
        time.sleep(0.005)
    raise AssertionError("it never came true")


@pytest.fixture
def wait() -> Wait:
    return until


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    """The settings of a fully wired door at rest, and the other end of its wires."""
    monkeypatch.chdir(tmp_path)
    for name in ("EDGE_FACE_CONFIG", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EDGE_FACE_BOARD", str(tmp_path / "board"))
    monkeypatch.setenv("EDGE_FACE_EDGES", str(tmp_path / "edges"))
    (tmp_path / "edge-face.toml").write_text(SETTINGS.replace("{folder}", str(tmp_path)))
    made = Board(tmp_path / "board")
    for pin in ("GPIO22", "GPIO25", "GPIO8"):
        made.press(pin)
    yield made
    made.close()


def edges(folder: Path, pin: str = "GPIO17") -> list[tuple[str, int]]:
    lines = [json.loads(line) for line in (folder / "edges").read_text().splitlines()]
    return [(line["what"], line["level"]) for line in lines if line["pin"] == pin and line["what"] != "input"]


def test_status(board: Board, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    board.let_go("GPIO22")
    assert main(["door", "status", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert not shown["daemon"] and len(shown["wired"]) == 18
    assert shown["state"]["contact"] == "open" and shown["state"]["fire"] is False and shown["state"]["exit_pressed"] is False
    assert edges(tmp_path) == [], "the lock's pin is left as it is"
    board.press("GPIO27")
    board.let_go("GPIO25")
    assert main(["door", "status"]) == 0
    text = capsys.readouterr().out
    assert "exit pressed: yes" in text and "fire: yes" in text and "exit button GPIO27 door.exit_pin" in " ".join(text.split())


def test_pulse(board: Board, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["door", "pulse"]) == 0
    assert "GPIO17 was released for" in capsys.readouterr().out
    assert edges(tmp_path) == [("claimed", 0), ("edge", 1), ("edge", 0), ("freed", 0)]
    assert main(["door", "pulse", "0.1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seconds"] >= 0.1


@pytest.mark.parametrize("seconds", ["0", "-1", "31", "nan", "inf"])
def test_pulses_that_cannot_be(board: Board, capsys: pytest.CaptureFixture[str], seconds: str, tmp_path: Path) -> None:
    assert main(["door", "pulse", "--", seconds]) == 2
    assert "pin GPIO17" in capsys.readouterr().err and not (tmp_path / "edges").exists()


def test_wrong_use(board: Board, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["door", "open"]) == 2
    assert main(["door", "status", "3"]) == 2
    assert "goes with 'pulse'" in capsys.readouterr().err
    assert main(["door"]) == 2


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_pulse_that_is_ended_leaves_the_door_locked(board: Board, end: signal.Signals, wait: Wait) -> None:
    child = subprocess.Popen([sys.executable, "-m", "edge_face.cli.main", "door", "pulse", "30"], stderr=subprocess.PIPE,
                             # Tests that run in the background have it ignored, and so would the child.
                             preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    wait(lambda: board.level("GPIO17") == 1)
    child.send_signal(end)
    assert child.wait(30) == 130
    assert board.level("GPIO17") == 0 and not board.is_output("GPIO17")


def kill_in_a_pulse(board: Board, wait: Wait) -> None:
    child = subprocess.Popen([sys.executable, "-m", "edge_face.cli.main", "door", "pulse", "30"])
    wait(lambda: board.level("GPIO17") == 1)
    child.kill()
    child.wait(30)
    board.killed("keeps")
    assert board.level("GPIO17") == 1


def test_safe_after_a_kill(board: Board, capsys: pytest.CaptureFixture[str], wait: Wait) -> None:
    board.resist("GPIO17", 0)
    kill_in_a_pulse(board, wait)
    assert main(["door", "safe"]) == 0
    assert board.level("GPIO17") == 0 and "the coil is off: GPIO17" in capsys.readouterr().out
    assert main(["door", "safe"]) == 0, "may be said again"


def test_safe_without_settings_uses_what_the_door_last_ran_on(
        board: Board, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
        wait: Wait) -> None:
    kill_in_a_pulse(board, wait)
    (tmp_path / "edge-face.toml").write_text("[door\n")
    assert main(["door", "safe"]) == 2
    assert "THE COIL WAS NOT SWITCHED OFF" in capsys.readouterr().err and board.level("GPIO17") == 1
    assert remember(DoorSettings(), tmp_path)
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path}:/elsewhere")
    assert main(["door", "safe"]) == 2, "it says so, and it is done"
    shown = capsys.readouterr()
    assert "as the door last ran" in shown.err and "edge-face.toml" in shown.err and "the coil is off" in shown.out
    assert board.level("GPIO17") == 0


def test_safe_after_the_settings_were_changed_under_a_running_door(
        board: Board, tmp_path: Path, capsys: pytest.CaptureFixture[str], wait: Wait) -> None:
    kill_in_a_pulse(board, wait)
    remember(DoorSettings(), tmp_path)
    changed = (tmp_path / "edge-face.toml").read_text().replace("[door]", '[door]\nlock_pin = "GPIO9"\nactive_high = false')
    (tmp_path / "edge-face.toml").write_text(changed)
    assert main(["door", "safe"]) == 0
    assert board.level("GPIO17") == 0 and board.level("GPIO9") == 1, "both coils are off"
    assert capsys.readouterr().out.count("the coil is off") == 2


def test_safe_tries_every_coil_and_tells_the_one_that_failed(board: Board, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    remember(DoorSettings(pins="lgpio", chip=9), tmp_path)
    assert main(["door", "safe", "--state", str(tmp_path)]) == 1
    shown = capsys.readouterr()
    assert "gpiochip9 is not there" in shown.err and "the coil is off: GPIO17" in shown.out


def test_safe_switches_lamps_and_buzzer_off_too(
        board: Board, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for number in (17, 18, 19):
        board.circuit.claim(number, 1)
    assert main(["door", "safe"]) == 0
    assert [board.level(pin) for pin in ("GPIO17", "GPIO18", "GPIO19")] == [0, 0, 0]
    assert capsys.readouterr().err == "" and edges(tmp_path, "GPIO18") == [("freed", 1), ("claimed", 0), ("freed", 0)]


def test_safe_beside_a_running_door_has_it_lock(
        board: Board, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (tmp_path / "edge-face.toml").read_text().replace("[door]", '[door]\npins = "lgpio"\nchip = 9', 1)
    (tmp_path / "edge-face.toml").write_text(text)
    assert main(["door", "safe"]) == 1
    assert "gpiochip9 is not there" in capsys.readouterr().err
    fake = FakeDaemon()
    monkeypatch.setattr("edge_face.service.client.daemon_for", lambda settings: fake)
    assert main(["door", "safe"]) == 0
    assert fake.calls == [("door.secure", {})] and "told to lock" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "[]", "{", '{"lock_pin": "GPIO99"}', '{"lock_pin": 3}', "[" * 100_000, "\udcff"])
def test_a_damaged_memory_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / LAST).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert remembered(tmp_path) is None


def test_a_memory_of_another_version_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    assert remembered(tmp_path) is None
    assert remember(DoorSettings(lock_pin="GPIO4", active_high=False), tmp_path)
    found = json.loads((tmp_path / LAST).read_text())
    (tmp_path / LAST).write_text(json.dumps({**found, "new_key": 1}))
    assert remembered(tmp_path) == DoorSettings(lock_pin="GPIO4", active_high=False)
    assert not remember(DoorSettings(), tmp_path / "nowhere") and list(tmp_path.iterdir()) == [tmp_path / LAST]


KEYS = {key: divmod(number, 3) for number, key in enumerate("123456789*0#")}
ROWS, COLUMNS = ("GPIO5", "GPIO6", "GPIO13", "GPIO26"), ("GPIO12", "GPIO16", "GPIO20")


class Hands:
    """Does what the walk asks for, when it asks for it."""

    def __init__(self, board: Board, monkeypatch: pytest.MonkeyPatch, *, keys: str = "1234567890#") -> None:
        self.board, self.keys, self.said = board, keys, ""
        self.inputs: list[DoorInputs] = []
        opened = door.open_inputs

        def opening(*arguments: Any, **more: Any) -> DoorInputs:
            self.inputs.append(opened(*arguments, **more))
            return self.inputs[0]

        monkeypatch.setattr(door, "open_inputs", opening)
        monkeypatch.setattr(sys, "stdout", self)

    def write(self, text: str) -> int:
        self.said += text
        board = self.board
        for prompt, move in (("press the exit", lambda: (board.press("GPIO27"), board.let_go("GPIO27"))),
                             ("open the door", lambda: board.let_go("GPIO22")), ("close the door", lambda: board.press("GPIO22")),
                             ("fire contact", lambda: board.let_go("GPIO25")), ("open the housing", lambda: board.let_go("GPIO8")),
                             ("set it back", lambda: [board.press(pin) for pin in ("GPIO25", "GPIO8")]), ("key 1 2", self.key),
                             ("hold a card", lambda: board.send_bits("GPIO23", "GPIO24", frame_bits(17, 4242)))):
            if prompt in text:
                move()
        return len(text)

    def key(self) -> None:
        threading.Thread(target=self.type_them, daemon=True).start()

    def type_them(self) -> None:
        """Each key until it was understood: how long that takes is the machine's business."""
        inputs, = self.inputs
        keypad = inputs._keypad
        assert keypad is not None
        for key in self.keys:
            pending = inputs._entry.pending
            row, column = KEYS[key]
            self.board.connect(ROWS[row], COLUMNS[column])
            until(lambda pending=pending: inputs._entry.pending != pending)
            self.board.disconnect(ROWS[row], COLUMNS[column])
            until(lambda: keypad._active_since is None)

    def flush(self) -> None:
        """Nothing waits."""


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_walk, "PULSE", 0.1)
    monkeypatch.setattr(door_walk, "SHOWN", 0.1)


def outcomes(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if line.startswith(("ok ", "failed ", "not seen "))]
    return [(line[:9].strip(), line[10:]) for line in lines]


def test_the_walk_finds_everything_in_order(board: Board, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hands = Hands(board, monkeypatch)
    assert main(["door", "test", "--yes", "--patience", "60"]) == 0
    assert outcomes(hands.said) == [
        ("not seen", "lock"), ("ok", "exit button"), ("ok", "door contact, open"), ("ok", "door contact, closed"), ("ok", "fire, alarm"),
        ("ok", "fire, quiet"), ("ok", "tamper, alarm"), ("ok", "tamper, quiet"), ("ok", "keypad: 1234567890 was understood"),
        ("ok", "card reader: a card of 8 digits"), ("not seen", "signals")]
    assert "01704242" not in hands.said, "a card's number is nobody's business"
    assert edges(tmp_path) == [("claimed", 0), ("edge", 1), ("edge", 0), ("freed", 0)]
    assert ("edge", 1) in edges(tmp_path, "GPIO18") and edges(tmp_path, "GPIO18")[-1] == ("freed", 0)


def test_the_walk_tells_a_keypad_whose_columns_are_in_another_order(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = Hands(board, monkeypatch, keys="3216549870#")
    assert main(["door", "test", "--yes", "--patience", "60"]) == 1
    failed = [note for result, note in outcomes(hands.said) if result == "failed"]
    assert len(failed) == 1 and "3216549870 was understood: rows or columns" in failed[0]


def test_the_walk_names_what_does_not_come_and_what_to_check(
        board: Board, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (tmp_path / "edge-face.toml").read_text()
    fitted = [line for line in text.splitlines() if not line.startswith(("contact", "fire", "keypad", "buzzer", "green", "red", "alarm"))]
    (tmp_path / "edge-face.toml").write_text("\n".join(fitted))
    assert main(["door", "test", "--yes", "--patience", "0.1"]) == 1
    assert [row for row in outcomes(capsys.readouterr().out) if row[0] == "failed"] == [
        ("failed", "exit button: pin GPIO27: check the button, its cable to ground and [door] exit_pin"),
        ("failed", "tamper, alarm: pin GPIO8: check [inputs] tamper_level and the loop"),
        ("failed", "card reader: GPIO23, GPIO24: check the level shifter, and that D0 and D1 are not swapped")]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_moves_before_a_yes(
        board: Board, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert main(["door", "test"]) == 1
    assert "nothing was moved" in capsys.readouterr().out and not (tmp_path / "edges").exists()
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert main(["door", "test"]) == 2
    assert "--yes" in capsys.readouterr().err and not (tmp_path / "edges").exists()


def test_a_no_to_a_question_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "edge-face.toml").write_text(f'[store]\nfolder = "{tmp_path}"\n')
    monkeypatch.setattr(sys, "stdin", Terminal("y\nn\n"))
    assert main(["door", "test", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == [{"step": "lock", "result": "failed", "note":
                                                    "pin GPIO17: check [door] active_high, fail, the relay and its supply"}]


def test_watch_shows_each_change_and_no_code(board: Board, capsys: pytest.CaptureFixture[str]) -> None:
    from edge_face.settings_file import load_settings

    moves: list[Callable[[], Any]] = [
        lambda: board.let_go("GPIO22"), lambda: board.press("GPIO27"), lambda: board.let_go("GPIO27"),
        lambda: board.send_bits("GPIO23", "GPIO24", frame_bits(17, 4242))]
    shown: list[dict[str, Any]] = []
    begun = time.monotonic()

    def stop() -> bool:
        shown.extend(json.loads(line) for line in capsys.readouterr().out.splitlines())
        if moves and len(shown) >= 4:  # the first levels of four inputs
            moves.pop(0)()
        return any(each["pin"] == "card reader" for each in shown) or time.monotonic() - begun > 20

    assert door_watch.watch(load_settings(), True, stop=stop) == 0
    assert [(each["pin"], each["state"]) for each in shown[4:]] == [
        ("GPIO22", "high"), ("GPIO27", "low"), ("GPIO27", "high"), ("card reader", "of 8 digits")]
    assert "4242" not in str(shown)


def test_a_pin_in_use_is_named(board: Board, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = (tmp_path / "edge-face.toml").read_text().replace('"mock"', '"lgpio"').replace("[door]", '[door]\npins = "lgpio"\nchip = 9', 1)
    (tmp_path / "edge-face.toml").write_text(broken)
    for action in ("status", "pulse", "watch"):
        assert main(["door", action]) == 1
        assert "gpiochip9 is not there" in capsys.readouterr().err


class FakeDaemon:
    """Answers as the running door does."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def call(self, command: str, **arguments: Any) -> Any:
        self.calls.append((command, arguments))
        if command == "door.pulse":
            return {"seconds": arguments["seconds"]}
        return {"lock": "GPIO17", "released": False, "until": 3.0 - len(self.calls), "contact": "closed" if len(self.calls) < 4 else "open",
                "prompt": {"what": None, "until": None} if len(self.calls) < 4 else {"what": "left", "until": 9.0 - len(self.calls)},
                "signals": {"green": len(self.calls) > 3}, "troubles": ["signals.red_pin: gone"]}


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> FakeDaemon:
    fake = FakeDaemon()
    monkeypatch.setattr("edge_face.service.client.daemon_for", lambda settings: fake)
    monkeypatch.setattr(door_watch, "POLL", 0.0)
    return fake


def test_a_running_door_is_asked_and_its_pins_are_left_alone(
        board: Board, daemon: FakeDaemon, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["door", "pulse", "2"]) == 0
    assert main(["door", "status"]) == 1, "it has a trouble"
    said = capsys.readouterr().out
    assert "TROUBLE  signals.red_pin: gone" in said and "  prompt: what -, until -\n" in said
    assert main(["door", "test", "--yes"]) == 1
    assert "GPIO17 and the others belong to the door that runs" in capsys.readouterr().err
    from edge_face.settings_file import load_settings

    assert door_watch.watch(load_settings(), False, stop=lambda: len(daemon.calls) > 6) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines[-3:]] == ["open", "left", "True"]
    assert "prompt what" in lines[-2] and not any("until" in line for line in lines)
    assert daemon.calls[0] == ("door.pulse", {"seconds": 2.0})
    assert not (tmp_path / "edges").exists() and os.environ["EDGE_FACE_BOARD"]


@pytest.mark.parametrize(("action", "says"),
                         [("secure", "locked"), ("lockdown", "lockdown"), ("lift", "lifted"), ("quiet", "acknowledged")])
def test_what_only_a_running_door_can_do_is_ordered_there(
        board: Board, daemon: FakeDaemon, capsys: pytest.CaptureFixture[str], action: str, says: str) -> None:
    assert main(["door", action]) == 0
    assert daemon.calls == [(f"door.{action}", {})] and says in capsys.readouterr().out
    assert main(["door", action, "3"]) == 2, "a number of seconds goes with pulse only"


def test_without_a_running_door_there_is_no_lockdown(board: Board, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["door", "lockdown"]) == 1
    assert "the door does not run" in capsys.readouterr().err
