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


class Deaf:
    """A factory whose pins have lost the thread that tells of edges."""

    def __init__(self) -> None:
        self.clock = ManualClock(100.0)
        self.recorder = EdgeRecorder(self.clock.monotonic)
        self.presses: list[int] = []
        self.full = False
        button = open_exit_button(SETTINGS, self.recorder, self.pressed)
        assert button is not None
        self.button = button

    def pressed(self) -> None:
        if self.full:
            raise MemoryError
        self.presses.append(1)

    def deafen(self) -> None:
        self.button._device.pin.when_changed = None

    def look(self, seconds: float) -> None:
        """As the daemon does, every 0.1 s."""
        for _ in range(round(seconds / 0.1)):
            self.clock.sleep(0.1)
            self.button.tick(self.clock.monotonic())


def test_a_press_of_which_no_edge_told_is_seen() -> None:
    door = Deaf()
    door.deafen()
    door.look(1.0)
    assert door.presses == []
    door.recorder.press("GPIO27")
    door.look(0.1)
    assert door.presses == []
    door.look(5.0)
    assert door.presses == [1]
    door.recorder.let_go("GPIO27")
    door.look(0.3)
    door.recorder.press("GPIO27")
    door.look(0.3)
    assert door.presses == [1, 1]


def test_looking_does_not_count_a_press_again() -> None:
    door = Deaf()
    door.recorder.press("GPIO27")
    for _ in range(3):  # it chatters
        door.clock.sleep(0.004)
        door.recorder.let_go("GPIO27")
        door.clock.sleep(0.004)
        door.recorder.press("GPIO27")
    door.look(5.0)
    assert door.presses == [1]
    door.recorder.let_go("GPIO27")
    door.look(1.0)
    assert door.presses == [1]


def test_a_button_that_was_held_at_the_start_is_no_press_by_looking_either() -> None:
    recorder = EdgeRecorder()
    recorder.press("GPIO27")
    presses: list[int] = []
    button = open_exit_button(SETTINGS, recorder, lambda: presses.append(1))
    assert button is not None
    for now in range(10):
        button.tick(float(now))
    assert presses == []


def test_a_press_for_which_there_was_no_memory_is_made_up_for() -> None:
    door = Deaf()
    door.full = True
    door.recorder.press("GPIO27")
    door.clock.sleep(0.05)
    door.recorder.let_go("GPIO27")
    door.look(0.3)
    assert door.presses == []
    door.full = False
    door.look(0.3)
    assert door.presses == [1]
