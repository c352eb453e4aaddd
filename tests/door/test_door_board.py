"""The board of mock pins that outlives its process, seen and worked from another one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.door import make_safe, open_exit_button, open_lock
from edge_face.door.board import Board
from edge_face.door.circuit import PINS, Circuit
from edge_face.door.mock import EdgeRecorder
from edge_face.errors import HardwareError, UsageError
from edge_face.settings import DoorSettings

DIES = ("import os, signal; from edge_face.door import *; from edge_face.settings import DoorSettings as D;"
        "lock = open_lock(D(), pin_factory(D())); lock.release(3.0, 'face'); os.kill(os.getpid(), signal.SIGKILL)")


def killed_in_a_grant(path: Path) -> Board:
    board = Board(path)
    board.resist("GPIO17", 0)
    done = subprocess.run([sys.executable, "-c", DIES], env={**os.environ, "EDGE_FACE_BOARD": str(path)}, check=False)
    assert done.returncode == -signal.SIGKILL
    return board


def test_a_driven_pin_keeps_its_level_after_a_kill_until_the_next_process_makes_it_safe(tmp_path: Path) -> None:
    board = killed_in_a_grant(tmp_path / "board")
    board.killed("keeps")
    assert board.is_output("GPIO17") and board.level("GPIO17") == 1, "the door stands open"
    recorder = EdgeRecorder(board=Board(tmp_path / "board"))
    make_safe(DoorSettings(), recorder)
    recorder.close()
    assert board.level("GPIO17") == 0 and not board.is_output("GPIO17")
    assert [(edge.what, edge.level) for edge in recorder.edges] == [("freed", 0), ("claimed", 0), ("freed", 0)]


def test_without_a_resistor_a_pin_floats_at_what_it_was(tmp_path: Path) -> None:
    board = killed_in_a_grant(tmp_path / "board")
    board.resist("GPIO17", None)
    board.killed("drops")
    assert not board.is_output("GPIO17") and board.level("GPIO17") == 1


def test_a_kernel_that_drops_pins_leaves_them_to_the_resistor(tmp_path: Path) -> None:
    board = killed_in_a_grant(tmp_path / "board")
    board.killed("drops")
    assert not board.is_output("GPIO17") and board.level("GPIO17") == 0
    with pytest.raises(UsageError, match="keeps or drops"):
        board.killed("melts")


def test_a_hand_outside_presses_the_button_of_the_door(tmp_path: Path, wait: Callable[[Callable[[], bool]], None]) -> None:
    inside, outside = Board(tmp_path / "board"), Board(tmp_path / "board")
    recorder = EdgeRecorder(board=inside)
    presses: list[float] = []
    button = open_exit_button(DoorSettings(exit_pin="GPIO27"), recorder, lambda: presses.append(1.0))
    assert button is not None and outside.level("GPIO27") == 1
    outside.press("GPIO27")
    wait(lambda: len(presses) == 1)
    assert button.pressed and outside.level("GPIO27") == 0
    outside.let_go("GPIO27")
    wait(lambda: not button.pressed)
    recorder.close()


def test_every_bit_of_a_card_arrives_with_its_time(tmp_path: Path, wait: Callable[[Callable[[], bool]], None]) -> None:
    from gpiozero import InputDevice

    inside, outside = Board(tmp_path / "board"), Board(tmp_path / "board")
    recorder = EdgeRecorder(board=inside)
    seen: list[tuple[int, float]] = []
    devices = [InputDevice(number, pull_up=True, pin_factory=recorder) for number in (23, 24)]
    calls = [lambda ticks, state: seen.append((0, ticks)), lambda ticks, state: seen.append((1, ticks))]
    for device, call in zip(devices, calls, strict=True):
        device.pin.edges = "falling"
        device.pin.when_changed = call
    bits = [1, 0, 0, 1, 1, 1, 0, 1] * 4
    outside.send_bits("GPIO23", "GPIO24", bits)
    wait(lambda: len(seen) == len(bits))
    assert [bit for bit, _ in seen] == bits
    assert all(later - earlier == pytest.approx(0.002, abs=1e-6) for (_, earlier), (_, later) in pairwise(seen))
    recorder.close()


def test_a_door_that_looked_away_for_too_long_takes_the_last_state(tmp_path: Path, wait: Callable[[Callable[[], bool]], None]) -> None:
    board = Board(tmp_path / "board")
    for _ in range(3000):
        board.press("GPIO22")
        board.let_go("GPIO22")
    board.press("GPIO22")
    recorder = EdgeRecorder(board=Board(tmp_path / "board"))
    assert recorder.level("GPIO22") == 0
    recorder.close()
    recorder._seen = 0
    recorder._ended.clear()
    board.let_go("GPIO22")
    board.drive("GPIO22", 1)
    import threading

    thread = threading.Thread(target=recorder._watch, daemon=True)
    thread.start()
    wait(lambda: recorder.level("GPIO22") == 1)
    recorder._ended.set()
    thread.join(10)


@pytest.mark.parametrize("content", [b"", b"x" * 10, b"EFBOARD1" + bytes(100)])
def test_a_file_that_is_no_board(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "file"
    place.write_bytes(content)
    if content:
        with pytest.raises(HardwareError, match="is no board"):
            Board(place)
        assert place.read_bytes() == content
    else:
        Board(place).close()
    with pytest.raises(HardwareError, match="cannot be opened"):
        Board(tmp_path / "nowhere" / "board")


PIN = st.integers(0, PINS - 1)
MOVES = st.lists(st.one_of(
    st.tuples(st.just("claim"), PIN, st.integers(0, 1)), st.tuples(st.just("free"), PIN, st.sampled_from(["floating", "up", "down"])),
    st.tuples(st.just("drive"), PIN, st.sampled_from([None, 0, 1])), st.tuples(st.just("resist"), PIN, st.sampled_from([None, 0, 1])),
    st.tuples(st.just("connect"), PIN, PIN)), max_size=30)


@given(MOVES)
def test_connected_pins_are_at_one_level_and_an_output_that_is_alone_wins(moves: list[tuple[str, int, object]]) -> None:
    circuit = Circuit()
    for name, pin, value in moves:
        getattr(circuit, name)(pin, value)
    for pin in range(PINS):
        net = circuit.net(pin)
        driven = [each for each in net if circuit.is_output(each)]
        if driven and not circuit.shorted(pin):
            assert {circuit.level(each) for each in net} == {circuit.level(driven[0])}
        assert all(circuit.net(each) == net for each in net)


def test_two_outputs_on_one_wire_are_recorded_as_a_short() -> None:
    from gpiozero import OutputDevice

    recorder = EdgeRecorder()
    recorder.connect("GPIO5", "GPIO6")
    one = OutputDevice(5, initial_value=False, pin_factory=recorder)
    other = OutputDevice(6, initial_value=False, pin_factory=recorder)
    assert "short" not in [edge.what for edge in recorder.edges]
    other.on()
    assert recorder.edges[-1].what == "short" and not one.is_active


def test_a_jumper_carries_the_lock_to_an_input() -> None:
    recorder = EdgeRecorder()
    recorder.connect("GPIO17", "GPIO23")
    recorder.pin(23).pull = "up"
    with open_lock(DoorSettings(), recorder) as lock:
        assert recorder.level("GPIO23") == 0
        lock.release(1.0, "face")
        assert recorder.level("GPIO23") == 1 and bool(recorder.pin(23).state)
