"""The life of a capture process as a state machine: single steps, then random walks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.cameras.backoff import (
    BACK_OFF_SECONDS,
    STEADY_SECONDS,
    Action,
    CaptureRules,
    CaptureState,
    Status,
    begin,
    on_end,
    on_exit,
    on_failure,
    on_frame,
    tick,
)

RULES = CaptureRules(stall=2.0, open=15.0, grace=0.5, death=2.0)
WAITING = (CaptureState.BACKING_OFF, CaptureState.GONE)


def started(now: float = 0.0) -> Status:
    status, action = tick(begin(now), now, RULES)
    assert action is Action.START
    return status


def running(now: float = 0.0) -> Status:
    return on_frame(started(now), now, RULES)


def test_the_first_tick_starts_and_the_first_frame_makes_it_run() -> None:
    assert started().state is CaptureState.OPENING and started().reopens == 0
    assert running().state is CaptureState.RUNNING and running().reason == ""


def test_frames_keep_it_running_for_ever() -> None:
    status = running()
    for number in range(2000):
        status = on_frame(status, number * 1.9, RULES)
        status, action = tick(status, number * 1.9 + 1.89, RULES)
        assert (status.state, action) == (CaptureState.RUNNING, Action.NONE)


def test_two_seconds_without_a_frame_end_it_politely_then_by_force() -> None:
    status, action = tick(running(100.0), 101.99, RULES)
    assert action is Action.NONE
    status, action = tick(status, 102.0, RULES)
    assert (status.state, action) == (CaptureState.STALLED, Action.TERMINATE)
    assert "2 s" in status.reason
    status, action = tick(status, 102.49, RULES)
    assert action is Action.NONE
    status, action = tick(status, 102.5, RULES)
    assert action is Action.KILL
    status, action = tick(status, 104.5, RULES)
    assert action is Action.ABANDON and status.state is CaptureState.BACKING_OFF


def test_late_frames_of_a_stalled_process_do_not_revive_it() -> None:
    status, _ = tick(running(), 2.0, RULES)
    assert on_frame(status, 2.1, RULES) == status
    assert on_failure(status, "another reason", 2.1, RULES) == status


def test_an_exit_waits_and_then_starts_again_with_its_reason() -> None:
    status = on_exit(on_failure(running(), "unplugged", 1.0, RULES), "code 3", 1.1)
    assert status.state is CaptureState.BACKING_OFF and status.reason == "unplugged"
    assert on_exit(running(), "code 3", 1.1).reason == "code 3"
    assert tick(status, 1.59, RULES)[1] is Action.NONE
    again, action = tick(status, 1.6, RULES)
    assert action is Action.START and again.reopens == 1


def test_waits_grow_to_thirty_seconds_and_the_camera_counts_as_gone() -> None:
    now, status, waits = 0.0, begin(0.0), []
    for number in range(10):
        status, action = tick(status, now, RULES)
        assert action is Action.START
        status = on_exit(status, "no camera", now)
        assert status.deadline is not None
        waits.append(status.deadline - now)
        assert status.state is (CaptureState.GONE if number >= len(BACK_OFF_SECONDS) - 1 else CaptureState.BACKING_OFF)
        now = status.deadline
    assert waits == pytest.approx([0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30])


def test_a_minute_of_good_frames_makes_it_as_new() -> None:
    status = on_exit(on_exit(running(), "x", 0.1), "x", 0.1)
    status, _ = tick(status, 10.0, RULES)
    status = on_exit(on_frame(status, 10.0, RULES), "x", 11.0)
    status, _ = tick(status, 20.0, RULES)
    failures = status.failures
    assert failures == 2
    status = on_frame(status, 20.0, RULES)
    status = on_frame(status, 20.0 + STEADY_SECONDS - 0.1, RULES)
    assert status.failures == failures
    assert on_frame(status, 20.0 + STEADY_SECONDS, RULES).failures == 0


def test_the_end_of_a_file_is_no_failure() -> None:
    status = on_end(running(), 5.0)
    assert status.state is CaptureState.ENDED and status.deadline is None
    assert on_exit(status, "code 0", 5.1) == status
    assert tick(status, 1e9, RULES) == (status, Action.NONE)


events = st.lists(st.tuples(st.sampled_from(["frame", "fail", "end", "exit", "tick", "tick", "tick"]), st.floats(0, 40)), max_size=120)


@given(events)
def test_random_walks_never_stick_and_never_start_twice(walk: list[tuple[str, float]]) -> None:
    now, status, alive = 0.0, begin(0.0), False
    starts = 0
    for event, pause in walk:
        now += pause
        if event == "frame" and alive:
            status = on_frame(status, now, RULES)
        elif event == "fail" and alive:
            status = on_failure(status, "it failed", now, RULES)
        elif event == "end" and alive:
            status = on_end(status, now)
        elif event == "exit" and alive:
            status, alive = on_exit(status, "it is gone", now), False
        else:
            status, action = tick(status, now, RULES)
            if action is Action.START:
                assert not alive, "started while one is still there"
                alive, starts = True, starts + 1
            elif action is Action.ABANDON:
                assert alive
                alive = False
            elif action is not Action.NONE:
                assert alive and status.state is CaptureState.STALLED
        assert status.since <= now
        assert status.deadline is not None or status.state is CaptureState.ENDED, "something always comes next"
        assert (status.state in WAITING) <= (not alive)
        if status.state in WAITING:
            assert status.deadline is not None and status.deadline - status.since <= BACK_OFF_SECONDS[-1]
        if status.state not in (CaptureState.RUNNING, CaptureState.OPENING):
            assert status.reason or not starts
    assert max(status.reopens, 0) == max(starts - 1, 0)


@given(st.floats(0, 100), st.floats(0, 100))
def test_left_alone_a_failed_camera_is_always_tried_again_within_a_minute(first: float, late: float) -> None:
    status, now = running(first), first + late
    until = now + 60
    while now < until:
        status, action = tick(status, now, RULES)
        if action is Action.START:
            return
        now += 0.25
    pytest.fail("never tried again")
