"""A matrix keypad on simulated wires: ghosts, bounces, shorts, and rest."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_face.clock import ManualClock
from edge_face.door.keypad import SCAN, STUCK, KeyFilter, Keypad, open_keypad
from edge_face.door.mock import EdgeRecorder
from edge_face.errors import HardwareError

ROWS = ["GPIO5", "GPIO6", "GPIO13", "GPIO19"]
COLUMNS = ["GPIO12", "GPIO16", "GPIO20", "GPIO2"]
"""GPIO2 has a pull-up of its own on the board: a column that is let go is high there."""
KEYS = "123A456B789C*0#D"


class Pad:
    def __init__(self) -> None:
        self.clock = ManualClock(100.0)
        self.recorder = EdgeRecorder(self.clock.monotonic)
        self.woken = 0
        self.keys = ""
        keypad = open_keypad(ROWS, COLUMNS, KEYS, self.recorder, self.wake, sleep=lambda seconds: None)
        assert keypad is not None
        self.keypad: Keypad = keypad
        self.again: float | None = None

    def wake(self) -> None:
        self.woken += 1

    def press(self, key: str) -> None:
        row, column = divmod(KEYS.index(key), 4)
        self.recorder.connect(ROWS[row], COLUMNS[column])

    def let_go(self, key: str) -> None:
        row, column = divmod(KEYS.index(key), 4)
        self.recorder.disconnect(ROWS[row], COLUMNS[column])

    def wait(self, seconds: float = 0.05) -> str:
        """Ticks as a thread would: when it was woken, and when it wanted to."""
        end = self.clock.monotonic() + seconds
        before, ticks = len(self.keys), 0
        while True:
            found, self.again = self.keypad.tick(self.clock.monotonic())
            self.keys += found
            ticks += 1
            assert ticks < 10_000
            if self.again is None or self.again > end:
                break
            self.clock.sleep(self.again - self.clock.monotonic())
        self.clock.sleep(end - self.clock.monotonic())
        return self.keys[before:]


@pytest.mark.parametrize("key", KEYS)
def test_each_key(key: str) -> None:
    pad = Pad()
    assert pad.wait() == "" and pad.again is None, "at rest nothing is scanned"
    pad.press(key)
    assert pad.woken == 1, "the press wakes the scan"
    assert pad.wait(1.0) == key and pad.again is not None
    pad.let_go(key)
    assert pad.wait() == "" and pad.again is None
    pad.press(key)
    assert pad.woken == 2 and pad.wait() == key


def test_nothing_is_shorted_and_no_column_is_ever_driven_high() -> None:
    pad = Pad()
    for keys in ("1", "12", "1245", "147*", "159D"):
        for key in keys:
            pad.press(key)
        pad.wait()
        for key in keys:
            pad.let_go(key)
        pad.wait()
    assert "short" not in [edge.what for edge in pad.recorder.edges]
    assert {edge.level for edge in pad.recorder.edges if edge.what in ("claimed", "edge")} == {0}


def test_two_keys_that_overlap_both_count() -> None:
    pad = Pad()
    pad.press("1")
    assert pad.wait() == "1"
    pad.press("2")
    assert pad.wait() == "2"
    pad.let_go("1")
    assert pad.wait() == ""
    pad.press("3")
    assert pad.wait() == "3"


def test_a_ghost_is_no_key() -> None:
    pad = Pad()
    for key in "12":
        pad.press(key)
        assert pad.wait() == key
    pad.press("4")
    assert pad.wait() == "", "1, 2 and 4 make a 5 that nobody pressed"
    pad.let_go("1")
    assert pad.wait() == "", "nothing counts until all are let go"
    for key in "24":
        pad.let_go(key)
    pad.wait()
    pad.press("5")
    assert pad.wait() == "5"


def test_three_keys_are_too_many_even_where_no_ghost_can_be() -> None:
    pad = Pad()
    for key, expected in (("1", "1"), ("2", "2"), ("3", "")):
        pad.press(key)
        assert pad.wait() == expected
    for key in "123":
        pad.let_go(key)
    pad.wait()
    pad.press("3")
    assert pad.wait() == "3"


def test_two_keys_at_once_have_no_order_and_are_none() -> None:
    pad = Pad()
    pad.press("1")
    pad.press("9")
    assert pad.wait() == ""


def test_a_key_that_chatters_counts_once() -> None:
    pad = Pad()
    for _ in range(4):
        pad.press("7")
        pad.wait(SCAN * 0.4)
        pad.let_go("7")
        pad.wait(SCAN * 0.4)
    pad.press("7")
    pad.wait()
    assert pad.keys == "7"


def test_a_stuck_key_is_told_and_is_not_scanned_all_day() -> None:
    pad = Pad()
    pad.press("0")
    pad.wait(STUCK + 1.0)
    assert pad.keys == "0" and "stuck" in (pad.keypad.trouble or "")
    scans = sum(edge.what == "claimed" for edge in pad.recorder.edges)
    pad.wait(10.0)
    assert sum(edge.what == "claimed" for edge in pad.recorder.edges) - scans <= 10 / 0.25 * 4 + 4
    pad.press("4")
    assert pad.wait(1.0) == "4", "the others still work"
    pad.let_go("0")
    pad.let_go("4")
    pad.wait(1.0)
    assert pad.keypad.trouble is None and pad.again is None


def test_a_line_that_fails_is_told_and_heals(monkeypatch: pytest.MonkeyPatch) -> None:
    pad = Pad()
    pad.press("1")
    with monkeypatch.context() as broken:
        broken.setattr(Keypad, "_row_is_low", staticmethod(lambda row: 1 / 0))
        assert pad.wait() == "" and "GPIO5, GPIO6" in (pad.keypad.trouble or "") and pad.again is None
    assert pad.wait() == "1" and pad.keypad.trouble is None


def test_no_keypad_and_pins_that_are_taken() -> None:
    pad = Pad()
    assert open_keypad([], [], KEYS, pad.recorder, pad.wake) is None
    with pytest.raises(HardwareError, match="GPIO5 is in use"):
        open_keypad(["GPIO4", "GPIO5"], ["GPIO7"], "12", pad.recorder, pad.wake)
    with pytest.raises(HardwareError, match=r"inputs\.keypad_columns"):
        open_keypad(["GPIO4"], ["GPIO70"], "1", pad.recorder, pad.wake)
    pad.keypad.close()
    other = open_keypad(["GPIO4", "GPIO5"], ["GPIO7"], "12", pad.recorder, pad.wake)
    assert other is not None


def wires(keys: Iterable[int]) -> frozenset[tuple[int, int]]:
    return frozenset(divmod(key, 4) for key in keys)


@given(st.lists(st.sets(st.integers(0, 15), max_size=5), max_size=40))
def test_a_key_is_reported_only_while_it_is_down_and_once_a_press(scans: list[set[int]]) -> None:
    keys, reported = KeyFilter(), {}
    for number, scan in enumerate(scans):
        found = keys.scan(wires(scan))
        if found is None:
            continue
        assert found in wires(scan) and number > 0 and scans[number - 1] == scan and len(scan) <= 2
        last = reported.get(found)
        if last is not None:
            between = [one for one, other in zip(scans[last:number], scans[last + 1:number], strict=False)
                       if one == other and found not in wires(one)]
            assert between, "it was let go for two scans in between"
        reported[found] = number


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(KEYS), st.booleans()), max_size=12))
def test_what_comes_out_was_pressed(steps: list[tuple[str, bool]]) -> None:
    pad, down = Pad(), set()
    for key, pressed in steps:
        (pad.press if pressed else pad.let_go)(key)
        down = down | {key} if pressed else down - {key}
        assert set(pad.wait()) <= down
    assert "short" not in [edge.what for edge in pad.recorder.edges]
