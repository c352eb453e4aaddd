"""The lock over gpiozero's mock pins: every edge is looked at."""

from __future__ import annotations

import gc
import math
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge_face.door import describe_lock, make_safe, open_lock, safe_level
from edge_face.door.mock import EdgeRecorder
from edge_face.errors import HardwareError, UsageError
from edge_face.settings import DoorSettings

KINDS = [DoorSettings(active_high=high, fail=fail) for high in (True, False) for fail in ("secure", "safe")]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def released_level(settings: DoorSettings) -> int:
    """Written out on its own: strike: current opens; magnet: current locks."""
    return {(True, "secure"): 1, (False, "secure"): 0, (True, "safe"): 0, (False, "safe"): 1}[settings.active_high, settings.fail]


@pytest.mark.parametrize("settings", KINDS, ids=str)
def test_no_edge_towards_released_at_start_and_none_outside_a_grant(settings: DoorSettings) -> None:
    clock = Clock()
    recorder = EdgeRecorder(clock)
    lock = open_lock(settings, recorder, clock)
    released = released_level(settings)
    assert [(edge.what, edge.level) for edge in recorder.edges if edge.what in ("claimed", "edge")] == [("claimed", 1 - released)]
    assert not lock.released
    assert lock.release(3.0, "face") == 103.0
    assert recorder.level("GPIO17") == released
    clock.now = 102.9
    assert not lock.tick()
    assert lock.released and lock.authority == "face"
    clock.now = 103.0
    assert lock.tick()
    assert recorder.level("GPIO17") == 1 - released
    assert [(edge.time, edge.level) for edge in recorder.edges if edge.what == "edge"] == [(100.0, released), (103.0, 1 - released)]
    assert not lock.tick() and lock.until is None and lock.authority == ""


@pytest.mark.parametrize("settings", KINDS, ids=str)
@pytest.mark.parametrize("mid_grant", [False, True])
def test_close_leaves_the_coil_off(settings: DoorSettings, mid_grant: bool) -> None:
    recorder = EdgeRecorder()
    lock = open_lock(settings, recorder)
    if mid_grant:
        lock.release(3.0, "face")
    lock.close()
    assert recorder.level("GPIO17") == safe_level(settings)
    assert recorder.edges[-1].what == "freed"
    assert safe_level(settings) == (0 if settings.active_high else 1)
    lock.close()
    with pytest.raises(HardwareError, match="the lock is closed"):
        lock.release(1.0, "face")
    lock.secure()
    assert recorder.edges[-1].what == "freed"


@pytest.mark.parametrize("settings", KINDS, ids=str)
def test_making_safe_switches_the_coil_off_and_never_on(settings: DoorSettings) -> None:
    recorder = EdgeRecorder()
    make_safe(settings, recorder)
    assert [(edge.what, edge.level) for edge in recorder.edges if edge.what != "input"] == [
        ("claimed", safe_level(settings)), ("freed", safe_level(settings))]


def test_a_strike_that_is_closed_is_locked() -> None:
    settings = DoorSettings()
    assert safe_level(settings) == 1 - released_level(settings)
    assert "safe state: locked" in describe_lock(settings)
    assert "safe state: open" in describe_lock(replace(settings, fail="safe"))


def test_a_second_grant_lasts_longer_but_never_past_the_hard_maximum() -> None:
    clock = Clock()
    lock = open_lock(DoorSettings(max_release=5.0), EdgeRecorder(clock), clock)
    lock.release(3.0, "face")
    clock.now = 102.0
    assert lock.release(3.0, "exit button") == 105.0
    assert lock.authority == "exit button"
    assert lock.release(0.1, "face") == 105.0
    clock.now = 104.0
    assert lock.release(60.0, "owner") == 105.0
    clock.now = 105.0
    assert lock.tick()
    assert lock.release(60.0, "owner") == 110.0


def test_a_grant_after_a_missed_tick_begins_anew() -> None:
    clock = Clock()
    recorder = EdgeRecorder(clock)
    lock = open_lock(DoorSettings(max_release=5.0, max_on=0.0), recorder, clock)
    lock.release(3.0, "face")
    clock.now = 200.0
    assert lock.release(3.0, "face") == 203.0
    assert [edge.level for edge in recorder.edges if edge.what == "edge"] == [1, 0, 1]


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan, math.inf])
def test_times_that_cannot_be_meant(seconds: float) -> None:
    recorder = EdgeRecorder()
    lock = open_lock(DoorSettings(), recorder)
    with pytest.raises(UsageError):
        lock.release(seconds, "face")
    with pytest.raises(UsageError):
        lock.release(1.0, "")
    assert not lock.released and recorder.level("GPIO17") == 0


def test_a_forgotten_lock_is_not_left_released() -> None:
    recorder = EdgeRecorder()
    open_lock(DoorSettings(), recorder).release(3.0, "face")
    gc.collect()
    assert recorder.level("GPIO17") == 0


class BrokenOutput:
    """Its relay driver fails when it is switched on."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def on(self) -> None:
        self.calls.append("on")
        raise RuntimeError("i/o error")

    def off(self) -> None:
        self.calls.append("off")

    def close(self) -> None:
        self.calls.append("close")


def test_a_pin_that_cannot_be_driven_ends_locked() -> None:
    from edge_face.door.lock import Lock

    output = BrokenOutput()
    lock = Lock(output, DoorSettings())
    with pytest.raises(HardwareError, match="pin GPIO17 cannot be used: i/o error"):
        lock.release(1.0, "face")
    assert output.calls == ["on", "off"] and not lock.released
    lock.close()
    assert output.calls == ["on", "off", "off", "close"]


def test_close_gives_the_pin_back_even_when_it_cannot_be_written() -> None:
    from edge_face.door.lock import Lock

    class Dead(BrokenOutput):
        def off(self) -> None:
            super().off()
            raise OSError("gone")

    output = Dead()
    with pytest.raises(HardwareError, match="gone"):
        Lock(output, DoorSettings()).close()
    assert output.calls == ["off", "close"]


def test_secure_does_not_wait_for_a_thread_that_hangs_inside() -> None:
    from edge_face.door.lock import Lock

    stuck, inside = threading.Event(), threading.Event()

    class Hanging(BrokenOutput):
        def on(self) -> None:
            self.calls.append("on")
            inside.set()
            stuck.wait(30)

    output = Hanging()
    lock = Lock(output, DoorSettings())
    thread = threading.Thread(target=lock.release, args=(3.0, "face"), daemon=True)
    thread.start()
    assert inside.wait(10)
    lock.secure()
    assert output.calls == ["on", "off"]
    stuck.set()
    thread.join(10)


def test_two_locks_on_one_pin_are_refused() -> None:
    recorder = EdgeRecorder()
    first = open_lock(DoorSettings(), recorder)
    with pytest.raises(HardwareError, match="GPIO17 is in use already"):
        open_lock(DoorSettings(), recorder)
    assert first.release(1.0, "face")


@given(st.text(max_size=12))
def test_any_pin_name_opens_or_is_refused_in_one_sentence(name: str) -> None:
    try:
        open_lock(DoorSettings(lock_pin=name), EdgeRecorder()).close()
    except HardwareError as error:
        assert "door.lock_pin" in str(error)


class LockWalk(RuleBasedStateMachine):
    """Whatever happens in whatever order: released only inside what was granted, never longer than the maximum."""

    @initialize(settings=st.sampled_from(KINDS), longest=st.floats(0.5, 20))
    def start(self, settings: DoorSettings, longest: float) -> None:
        self.settings = replace(settings, max_release=longest, max_on=0.0)
        self.clock = Clock()
        self.recorder = EdgeRecorder(self.clock)
        self.lock = open_lock(self.settings, self.recorder, self.clock)
        self.granted_until = 0.0

    @rule(seconds=st.floats(0.01, 100))
    def release(self, seconds: float) -> None:
        self.granted_until = max(self.granted_until, self.clock.now + seconds)
        self.lock.release(seconds, "face")

    @rule(step=st.floats(0, 10))
    def wait(self, step: float) -> None:
        self.clock.now += step
        self.lock.tick()

    @rule()
    def secure(self) -> None:
        self.lock.secure()
        self.granted_until = 0.0

    @invariant()
    def released_only_when_granted(self) -> None:
        level = self.recorder.level("GPIO17")
        released = level == released_level(self.settings)
        assert released == self.lock.released
        if released:
            assert self.clock.now < self.granted_until

    @invariant()
    def never_too_long(self) -> None:
        edges = [edge for edge in self.recorder.edges if edge.what == "edge"]
        for begin, end in zip(edges, [*edges[1:], None], strict=False):
            if begin.level == released_level(self.settings):
                end_time = end.time if end else self.clock.now
                # one step of the walk (up to 10 s) may pass before anybody ticks
                assert end_time - begin.time <= self.settings.max_release + 10.0 + 1e-6


TestLockWalk = LockWalk.TestCase
