"""Watch rules: lingering, attempts, tampering, how alarms end, and what the owner's word does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from policy_door import ANN, STRANGER, Door

from edge_face.access import Alarm, Command, Contact, Facts, Kind, PolicyRules, Rules
from edge_face.access.watch import LASTS
from edge_face.settings import AccessSettings
from edge_face.types import Light

RULES = PolicyRules(Rules(fail_after=1e6), access=AccessSettings(linger=10.0, many_failures=0), has_contact=True, level="face")
TRIES = PolicyRules(Rules(rest=0.0), access=AccessSettings(linger=0.0, many_failures=4, code_fails=100), level="face")


def test_an_unknown_face_that_stays_near_is_reported_until_it_leaves() -> None:
    door = Door(RULES)
    assert door.watch(9.9, STRANGER) == [] and door.watch(0.5, STRANGER) == [Kind.ALARM]
    assert door.last.alarm is Alarm.LINGERING and door.why(Kind.ALARM) == {"lingering"} and door.state.alarms == {Alarm.LINGERING}
    assert door.watch(60.0, STRANGER) == [], "said once"
    assert door.watch(2.9) == [] and door.watch(0.5) == [Kind.ALARM_OVER] and door.why(Kind.ALARM_OVER) == {"cause-over"}


def test_turning_away_or_getting_another_track_does_not_begin_anew() -> None:
    door = Door(RULES)
    for i in range(11):
        door.watch(1.0, replace(STRANGER, track=i, yaw=80.0 if i % 2 else 0.0, judged=False, failing=("pose",)))
    assert door.state.alarms == {Alarm.LINGERING}


@pytest.mark.parametrize("faces", [[replace(STRANGER, eye_share=0.03)], [ANN], []], ids=["far", "known", "nobody"])
def test_whoever_is_far_or_known_does_not_linger(faces: list) -> None:  # type: ignore[type-arg]
    door = Door(RULES)
    door.watch(30.0, *faces)
    assert door.state.alarms == frozenset()


def test_a_guest_who_turns_away_does_not_linger() -> None:
    door = Door(RULES)
    door.watch(1.0, ANN)
    door.watch(30.0, replace(ANN, person=None, vote=None))
    assert Alarm.LINGERING not in door.state.alarms


@pytest.mark.parametrize("blind", [{"seeing": False}, {}], ids=str)
def test_nobody_lingers_where_nothing_can_be_seen(blind: dict[str, object]) -> None:
    door = Door(RULES)
    door.watch(11.0, STRANGER)
    for _ in range(40):
        door.now += 0.1
        door.tell(sight=Facts(door.now + 0.1, 0.0, (STRANGER,), light=Light.TOO_DARK), **blind)  # type: ignore[arg-type]
    assert door.state.alarms == frozenset(), "an alarm must not hang on a camera that was covered"


def test_many_failed_codes_and_approaches_are_an_attempt_to_get_in() -> None:
    door = Door(TRIES)
    assert [door.code(None) for _ in range(3)] == [[Kind.DENY]] * 3
    kinds = door.watch(2.5, STRANGER)
    assert kinds == [Kind.DENY, Kind.ALARM] and door.last.alarm is Alarm.ATTEMPTS
    assert door.tell(500.0) == [] and door.tell(110.0) == [Kind.ALARM_OVER]


def test_attempts_far_apart_are_none_and_a_face_that_was_never_compared_is_none() -> None:
    door = Door(TRIES)
    for _ in range(10):
        assert door.code(None, after=201.0) == [Kind.DENY]
    door = Door(TRIES)
    door.watch(60.0, replace(STRANGER, judged=False, failing=("light",)))
    assert door.state.watch.attempts == () and door.state.alarms == frozenset()


def test_the_memory_of_attempts_is_bounded() -> None:
    door = Door(TRIES)
    for _ in range(300):
        door.code(None, after=0.01)
    assert len(door.state.watch.attempts) == 4


def test_tampering_outlasts_its_cause_by_three_minutes_or_until_it_is_acknowledged() -> None:
    door = Door(RULES)
    assert door.tell(tamper=True) == [Kind.ALARM] and door.last.alarm is Alarm.TAMPER and door.tell(3600.0) == []
    assert door.tell(tamper=False) == [] and door.tell(LASTS - 1) == [] and door.tell(1.5) == [Kind.ALARM_OVER]
    door.tell(tamper=True)
    door.tell(tamper=False)
    assert door.order(Command.QUIET) == [Kind.QUIET, Kind.ALARM_OVER] and door.why(Kind.ALARM_OVER) == {"cause-over", "acknowledged"}


def test_a_cause_that_lasts_stays_shown_but_is_quiet_once_acknowledged() -> None:
    door = Door(RULES)
    door.tell(tamper=True)
    assert door.state.sounding == {Alarm.TAMPER}
    assert door.order(Command.QUIET) == [Kind.QUIET]
    assert door.state.sounding == frozenset() and door.state.alarms == {Alarm.TAMPER}
    assert door.tell(tamper=False) == [Kind.ALARM_OVER]
    assert door.tell(tamper=True) == [Kind.ALARM] and door.state.sounding == {Alarm.TAMPER}, "the next one is a new one"


def test_a_second_forced_opening_is_news_while_the_first_is_still_shown() -> None:
    door = Door(RULES, contact=Contact.CLOSED)
    assert door.open() == [Kind.ALARM]
    door.close()
    assert door.open(10.0) == [Kind.ALARM]
    door.close()
    assert door.tell(LASTS + 1) == [Kind.ALARM_OVER]


def test_quiet_counts_attempts_anew() -> None:
    door = Door(TRIES)
    for _ in range(4):
        door.code(None)
    assert door.order(Command.QUIET) == [Kind.QUIET, Kind.ALARM_OVER]
    assert door.code(None) == [Kind.DENY] and door.state.alarms == frozenset()
