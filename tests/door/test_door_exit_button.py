"""The exit button on mock pins."""

from __future__ import annotations

import pytest

from edge_face.clock import ManualClock
from edge_face.door import open_exit_button
from edge_face.door.mock import EdgeRecorder
from edge_face.errors import HardwareError
from edge_face.settings import DoorSettings

SETTINGS = DoorSettings(exit_pin="GPIO27")


def test_each_press_calls_once_however_long_it_is_held() -> None:
    clock = ManualClock(100.0)
    recorder = EdgeRecorder(clock.monotonic)
    presses: list[int] = []
    button = open_exit_button(SETTINGS, recorder, lambda: presses.append(1))
    assert button is not None
    assert presses == [] and not button.pressed
    recorder.press("GPIO27")
    assert len(presses) == 1 and button.pressed
    clock.sleep(60.0)
    recorder.let_go("GPIO27")
    assert len(presses) == 1 and not button.pressed
    clock.sleep(0.1)
    recorder.press("BOARD13")
    assert len(presses) == 2
    button.close()
    clock.sleep(0.1)
    recorder.let_go("GPIO27")
    clock.sleep(0.1)
    recorder.press("GPIO27")
    assert len(presses) == 2
    button.close()


def test_a_button_that_is_held_while_the_door_starts_is_no_press() -> None:
    recorder = EdgeRecorder()
    recorder.press("GPIO27")
    presses: list[int] = []
    button = open_exit_button(SETTINGS, recorder, lambda: presses.append(1))
    assert button is not None and button.pressed and presses == []


def test_no_button() -> None:
    assert open_exit_button(DoorSettings(), EdgeRecorder(), lambda: None) is None


def test_a_pin_that_is_none() -> None:
    with pytest.raises(HardwareError, match=r"door\.exit_pin"):
        open_exit_button(DoorSettings(exit_pin="GPIO40"), EdgeRecorder(), lambda: None)
