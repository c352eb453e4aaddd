"""The back-off of codes and cards: what is counted, how long it rests, that no order of events makes guessing cheaper."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_face.access.code_rest import (
    MOST_PEOPLE,
    QUIET,
    CodeState,
    begun_anew,
    cleared,
    due,
    failed,
    left,
    only,
    passed,
    rest_of,
    rest_record,
    restored,
)
from edge_face.settings import AccessSettings

ACCESS = AccessSettings()
PEOPLE = st.sampled_from([None, "ann", "bob", "eve"])


def after(fails: int, person: str | None = None, now: float = 0.0) -> CodeState:
    state = CodeState()
    for _ in range(fails):
        state = failed(state, person, now, ACCESS)
    return state


def test_five_wrong_ones_rest_half_a_minute_and_then_twice_as_long_each_time() -> None:
    assert [rest_of(n, ACCESS) for n in (0, 4, 5, 6, 7, 8, 9, 10, 11, 10**6)] == [0, 0, 30, 60, 120, 240, 480, 900, 900, 900]
    assert rest_of(5, AccessSettings(code_rest=600.0, code_rest_most=60.0)) == 600.0, "never shorter than code_rest"
    assert left(after(4), None, 0.0) == 0.0 and left(after(5), None, 10.0) == 20.0 and due(after(5)) == 30.0


def test_guesses_of_a_day_are_few() -> None:
    """What docs/decisions/codes.md says."""
    state, now, guesses = CodeState(), 0.0, 0
    while now < 86_400.0:
        state = passed(state, now)
        if left(state, "ann", now) == 0.0:
            state, guesses = failed(state, "ann", now, ACCESS), guesses + 1
        now = max(now, due(state) or now)
    assert guesses == 104


def test_a_person_rests_wherever_the_failures_come_from() -> None:
    state = after(5, "ann")
    assert left(state, "ann", 0.0) == left(state, "bob", 0.0) == 30.0, "the door rests too"
    state = cleared(passed(after(4, "ann"), 0.0), "bob")
    assert dict(state.people)["ann"].fails == 4, "somebody else's right code says nothing of Ann's"
    assert cleared(state, "ann") == CodeState()


def test_a_day_without_a_wrong_code_forgets_and_a_little_less_does_not() -> None:
    state = passed(after(7, "ann"), 200.0)
    assert passed(state, QUIET - 1.0).fails == 7 and passed(state, QUIET) == CodeState()


def test_whoever_is_dropped_is_the_least_failed_and_stays_in_the_doors_count() -> None:
    state = after(4, "ann")
    for number in range(MOST_PEOPLE + 10):
        state = failed(state, f"p{number}", 0.0, ACCESS)
    people = dict(state.people)
    assert len(people) == MOST_PEOPLE and people["ann"].fails == 4 and state.fails == 4 + MOST_PEOPLE + 10
    assert "p0" not in people and f"p{MOST_PEOPLE + 9}" in people
    assert only(state, frozenset({"ann"})).people == (("ann", people["ann"]),)


def test_a_restart_begins_the_rest_anew_in_full_and_forgets_no_failure() -> None:
    state = after(7, "ann")
    record = json.loads(json.dumps(rest_record(state)))
    again = restored(record, 5000.0, ACCESS)
    assert left(again, None, 5000.0) == 120.0 and again.fails == 7 and dict(again.people)["ann"].fails == 7
    over = restored(rest_record(passed(state, 120.0)), 5000.0, ACCESS)
    assert left(over, "ann", 5000.0) == 0.0 and over.fails == 7, "a rest that was over is over"
    assert failed(over, None, 5000.0, ACCESS).rest_until == 5240.0
    assert restored(None, 0.0, ACCESS) == CodeState()


@pytest.mark.parametrize("record", [
    {}, [], 5, "x", {"door": [5, True]}, {"door": [True, False], "people": {}}, {"door": [-1, False], "people": {}},
    {"door": [1, 0], "people": {}}, {"door": [1, False], "people": []}, {"door": [1, False], "people": {"a": 3}},
    {"door": [1, False], "people": {}, "more": 1}, {"door": [10**7, False], "people": {}}, {"door": [1.0, False], "people": {}},
    {"door": [1, False], "people": {str(n): [1, False] for n in range(65)}}])
def test_a_record_that_was_spoilt_rests_as_long_as_may_be(record: object) -> None:
    state = restored(record, 100.0, ACCESS)
    assert left(state, None, 100.0) == 900.0 and state.people == ()


def test_another_clock_lets_nothing_end_earlier() -> None:
    state = begun_anew(after(6, "ann", 1000.0), 10.0, ACCESS)
    assert left(state, "ann", 10.0) == 60.0 and state.fails == 6
    assert begun_anew(after(2), -5.0, ACCESS).rest_until is None


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(["wrong", "right", "wait", "restart", "backwards"]), PEOPLE, st.floats(0, 1000)), max_size=60))
def test_no_order_of_events_makes_guessing_cheaper(events: list[tuple[str, str | None, float]]) -> None:
    """Within a day nothing is forgotten but what a right code takes away, and each wrong code is followed by its rest in full."""
    state, now = CodeState(), 0.0
    own: dict[str | None, int] = {}
    for what, person, seconds in events:
        if what == "wait":
            now += seconds
        elif what == "restart":
            state, now = restored(json.loads(json.dumps(rest_record(passed(state, now)))), 0.0, ACCESS), 0.0
        elif what == "backwards":
            now -= seconds
            state = begun_anew(state, now, ACCESS)
        state = passed(state, now)
        if what in ("wrong", "right") and left(state, person, now) == 0.0:
            if what == "wrong":
                state = failed(state, person, now, ACCESS)
                own[person] = own.get(person, 0) + 1
                assert left(state, person, now) >= rest_of(own[person], ACCESS) and state.fails >= own[person]
                assert left(state, None, now) >= rest_of(max(own.values()), ACCESS)
            elif person is not None:
                state, own[person] = cleared(state, person), 0
        assert state.fails == sum(own.values()) and all(tally.fails == own[who] for who, tally in state.people)
