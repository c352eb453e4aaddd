"""What a coil may do: never too long in one piece, half of the time in the long run."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge_face.clock import ManualClock
from edge_face.door import Lock, open_lock
from edge_face.door.coil import Coil
from edge_face.door.mock import EdgeRecorder
from edge_face.errors import HardwareError, SettingsError
from edge_face.settings import DoorSettings

STRIKE = DoorSettings(max_on=10.0, max_release=300.0)


def opened(settings: DoorSettings = STRIKE) -> tuple[Lock, EdgeRecorder, ManualClock]:
    clock = ManualClock(100.0)
    recorder = EdgeRecorder(clock.monotonic)
    return open_lock(settings, recorder, clock.monotonic), recorder, clock


def on_times(recorder: EdgeRecorder, end: float) -> list[tuple[float, float]]:
    """When the pin was at high level."""
    found: list[tuple[float, float]] = []
    began: float | None = None
    for edge in [*recorder.edges, None]:
        if edge is not None and edge.what not in ("edge", "claimed", "freed"):
            continue
        level = edge.level if edge is not None else 0
        at = edge.time if edge is not None else end
        if level and began is None:
            began = at
        elif not level and began is not None:
            found.append((began, at))
            began = None
    return found


def test_a_long_release_ends_with_the_coils_time_and_the_next_waits_until_it_is_cool() -> None:
    lock, recorder, clock = opened()
    assert lock.release(60.0, "owner") == 110.0
    clock.sleep(10.0)
    assert lock.tick() and not lock.released
    assert lock.rest == pytest.approx(5.0)
    clock.sleep(1.0)
    with pytest.raises(HardwareError, match=r"GPIO17: .*cools down for 4 s more \(door\.max_on = 10"):
        lock.release(3.0, "face")
    assert recorder.level("GPIO17") == 0
    clock.sleep(4.0)
    assert lock.release(60.0, "face") == 115.0 + 5.0, "half of the allowance is there again"


def test_many_short_releases_do_not_get_round_it() -> None:
    lock, recorder, clock = opened()
    refused = 0
    for _ in range(400):
        try:
            lock.release(0.9, "face")
        except HardwareError:
            refused += 1
        for _ in range(10):
            clock.sleep(0.1)
            lock.tick()
    total = sum(end - begin for begin, end in on_times(recorder, clock.monotonic()))
    assert refused > 0 and total <= 0.5 * 400.0 + 10.0 + 1.0, "it is ticked every 0.1 s"


def test_a_lease_comes_and_goes_with_the_coil() -> None:
    lock, recorder, clock = opened()
    seen = []
    for _ in range(120):
        end = lock.release(2.0, "fire", lease=True)
        assert lock.released == (end > clock.monotonic())
        seen.append(lock.released)
        clock.sleep(0.5)
        lock.tick()
        clock.sleep(0.5)
        lock.tick()
    assert max(end - begin for begin, end in on_times(recorder, clock.monotonic())) <= 10.0 + 0.5
    assert 50 <= sum(seen) <= 75, "on 10, off 5, on 5, ..."


def test_a_lease_outlasts_the_hard_maximum_for_as_long_as_it_is_renewed() -> None:
    lock, recorder, clock = opened(DoorSettings(max_on=0.0, max_release=5.0))
    for _ in range(3600):
        assert lock.release(3.0, "hold open", lease=True) == clock.monotonic() + 3.0
        assert not lock.tick()
        clock.sleep(1.0)
    assert lock.authority == "hold open"
    clock.sleep(2.0)
    assert lock.tick() and recorder.level("GPIO17") == 0
    assert lock.release(1000.0, "fire", lease=True) == clock.monotonic() + 10.0, "never more at a time"


def test_a_release_beside_a_lease_keeps_its_own_end() -> None:
    lock, _, clock = opened(DoorSettings(max_on=0.0, max_release=5.0))
    lock.release(3.0, "hold open", lease=True)
    assert lock.release(5.0, "face") == 105.0 and lock.authority == "hold open"
    clock.sleep(4.0)
    assert not lock.tick() and lock.authority == "face"
    assert lock.release(60.0, "face") == 105.0, "the hard maximum counts from where this release began"
    clock.sleep(1.0)
    assert lock.tick() and lock.authority == ""


def test_a_magnet_is_not_a_coil_that_releases() -> None:
    lock, _, clock = opened(DoorSettings(fail="safe", max_on=1.0, max_release=300.0))
    assert lock.release(100.0, "owner") == 200.0
    clock.sleep(99.0)
    assert not lock.tick() and lock.released


MOTOR = DoorSettings(kind="motor", drive="pulse", drive_pulse=0.5, pulse=3.0, max_release=30.0)


def test_a_motor_gets_an_impulse_and_the_release_lasts() -> None:
    lock, recorder, clock = opened(MOTOR)
    assert lock.release(3.0, "face") == 103.0 and lock.due == 100.5
    assert recorder.level("GPIO17") == 1
    clock.sleep(0.5)
    assert not lock.tick() and lock.released and recorder.level("GPIO17") == 0 and lock.due == 103.0
    clock.sleep(1.0)
    lock.release(3.0, "exit button")
    assert recorder.level("GPIO17") == 1, "who comes later gets an impulse of their own: the works may have run out"
    clock.sleep(0.5)
    lock.tick()
    clock.sleep(2.5)
    assert lock.tick() and not lock.released
    assert on_times(recorder, clock.monotonic()) == [(100.0, 100.5), (101.5, 102.0)]


def test_a_lease_of_a_motor_repeats_its_impulse() -> None:
    lock, recorder, clock = opened(MOTOR)
    for _ in range(9):
        lock.release(2.0, "hold open", lease=True)
        clock.sleep(0.5)
        lock.tick()
        clock.sleep(0.5)
        lock.tick()
    assert [begin for begin, _ in on_times(recorder, 0.0)] == [100.0, 103.0, 106.0]


@pytest.mark.parametrize("end", ["secure", "close"])
def test_an_impulse_ends_at_once_when_the_door_is_locked(end: str) -> None:
    lock, recorder, _ = opened(MOTOR)
    lock.release(3.0, "face")
    getattr(lock, end)()
    assert recorder.level("GPIO17") == 0 and lock.due is None


def test_a_magnet_on_real_pins_waits_for_the_owners_word() -> None:
    magnet = DoorSettings(kind="maglock", fail="safe", pins="lgpio")
    recorder = EdgeRecorder()
    with pytest.raises(SettingsError, match=r"GPIO17 is not driven: .*egress_cut = true"):
        open_lock(magnet, recorder)
    assert list(recorder.edges) == [], "no pin was touched"
    open_lock(replace(magnet, egress_cut=True), recorder).close()
    open_lock(replace(magnet, pins="mock"), recorder).close()


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 20)), max_size=40), st.floats(0.5, 30))
def test_whoever_heeds_limit_and_rest_keeps_the_coil_whole(steps: list[tuple[bool, float]], longest: float) -> None:
    coil, now, total, since = Coil(longest), 50.0, 0.0, None
    for wanted, seconds in steps:
        if wanted and coil.rest(now) == 0 and since is None:
            coil.on(now)
            since = now
        elif not wanted and since is not None:
            coil.off(now)
            total, since = total + now - since, None
        end = now + seconds
        if since is not None and coil.limit <= end:
            assert coil.limit - since <= longest + 1e-6
            total, since = total + coil.limit - since, None
            coil.off(coil.limit)
        now = end
    if since is not None:
        total += now - since
    assert total <= longest + (now - 50.0) / 2 + 1e-6


def test_zero_is_made_for_being_on_always() -> None:
    coil = Coil(0.0)
    coil.on(0.0)
    assert coil.limit == math.inf and coil.rest(1e9) == 0.0


class CoilWalk(RuleBasedStateMachine):
    """Whoever asks for whatever: the coil is never on for longer than `max_on`, if somebody ticks when it is due."""

    @initialize(longest=st.floats(1.0, 30), drive=st.sampled_from(["held", "pulse"]))
    def start(self, longest: float, drive: str) -> None:
        self.longest = max(longest, 1.0)
        self.lock, self.recorder, self.clock = opened(DoorSettings(max_on=self.longest, drive=drive, max_release=300.0))

    @rule(seconds=st.floats(0.1, 300), lease=st.booleans())
    def release(self, seconds: float, lease: bool) -> None:
        try:
            self.lock.release(seconds, "fire" if lease else "face", lease=lease)
        except HardwareError as error:
            assert "cools down" in str(error) and not self.lock.released

    @rule(step=st.floats(0, 40))
    def wait(self, step: float) -> None:
        end = self.clock.monotonic() + step
        while (due := self.lock.due) is not None and due <= end:
            self.clock.sleep(due - self.clock.monotonic())
            self.lock.tick()
            if self.lock.due == due:
                self.clock.sleep(1e-6)
        self.clock.sleep(end - self.clock.monotonic())

    @rule()
    def secure(self) -> None:
        self.lock.secure()

    @invariant()
    def never_too_long(self) -> None:
        for begin, end in on_times(self.recorder, self.clock.monotonic()):
            assert end - begin <= self.longest + 1e-3


TestCoilWalk = CoilWalk.TestCase
