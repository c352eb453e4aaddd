"""The door leaf: entries, forced doors, doors held open; strikes relock, bolts wait."""

from __future__ import annotations

from dataclasses import replace

import pytest
from policy_door import ANN, Door

from edge_face.access import (
    Alarm,
    Authority,
    Calendar,
    Command,
    Contact,
    Kind,
    LockTraits,
    Mode,
    PolicyRules,
    Rules,
    Window,
)
from edge_face.settings import AccessSettings

RULES = PolicyRules(Rules(), access=AccessSettings(held_open=20.0), has_contact=True, level="face")
MOTOR = replace(RULES, lock=LockTraits("motor", "secure", "pulse"))
ALWAYS = Calendar("UTC", hold_open=(Window(frozenset(range(7)), 0, 1440),))


def shut(rules: PolicyRules = RULES) -> Door:
    return Door(rules, contact=Contact.CLOSED)


def test_a_strike_relocks_when_the_door_opens() -> None:
    door = shut()
    assert door.watch(1.0, ANN) == [Kind.GRANT]
    assert door.open() == [Kind.OPENED, Kind.RELOCK] and door.why(Kind.RELOCK) == {"relock-on-open"}
    assert [d.person for d in door.all[-2:]] == ["ann", "ann"] and door.state.mode is Mode.OPEN and door.state.release is None
    assert door.close(2.0) == [Kind.CLOSED] and door.state.mode is Mode.SHUT


def test_the_settings_may_let_a_release_run_its_time() -> None:
    door = shut(replace(RULES, lock=LockTraits(relock_on_open=False)))
    door.press()
    assert door.open() == [Kind.OPENED] and door.tell(3.0) == [Kind.RELOCK] and door.why(Kind.RELOCK) == {"time-over"}


def test_who_presses_at_an_open_door_gets_the_whole_time() -> None:
    door = shut()
    door.press()
    door.open()
    assert door.press() == [Kind.EXIT] and door.tell(2.9) == [] and door.tell(0.2) == [Kind.RELOCK]


@pytest.mark.parametrize(("rules", "levels"), [(RULES, {"fire": True}), (replace(RULES, lock=LockTraits(max_on=0), calendar=ALWAYS), {})])
def test_a_standing_release_is_not_ended_by_the_first_who_opens(rules: PolicyRules, levels: dict[str, object]) -> None:
    door = shut(rules)
    door.tell(**levels)  # type: ignore[arg-type]
    assert door.open() == [Kind.OPENED] and door.state.standing in (Authority.FIRE, Authority.HOLD_OPEN)
    assert door.tell(500.0) == [], "nor is it held open"
    assert door.close() == [Kind.CLOSED]


def test_a_door_opened_without_a_release_is_forced() -> None:
    door = shut()
    assert door.open() == [Kind.ALARM] and door.last.alarm is Alarm.FORCED and door.state.mode is Mode.FORCED
    assert door.tell(500.0) == [], "and not held open besides"
    assert door.close() == [Kind.CLOSED] and door.state.mode is Mode.SHUT
    assert door.state.alarms == {Alarm.FORCED}, "noticed even when it was closed again"


def test_a_door_pushed_a_moment_after_its_time_is_not_forced() -> None:
    door = shut()
    door.press()
    door.tell(3.0)
    assert door.open(1.0) == [Kind.OPENED] and "after a release" in door.last.reasons[0].text
    door.close()
    assert door.open(1.0) == [Kind.ALARM]


def test_one_grant_is_one_entry_not_two() -> None:
    door = shut()
    door.press()
    assert door.open() == [Kind.OPENED, Kind.RELOCK]
    door.close(5.0)
    assert door.open() == [Kind.ALARM]


def test_a_door_that_is_open_at_the_start_is_not_forced_but_may_be_held() -> None:
    door = Door(RULES, contact=Contact.OPEN)
    assert door.all == [] and door.state.mode is Mode.OPEN
    assert door.tell(20.5) == [Kind.ALARM] and door.last.alarm is Alarm.HELD and door.state.mode is Mode.HELD_OPEN


def test_a_door_that_stands_open_for_too_long_is_held() -> None:
    door = shut()
    door.press()
    door.open()
    assert door.tell(19.9) == [] and door.tell(0.2) == [Kind.ALARM] and door.last.alarm is Alarm.HELD
    assert door.press() == [Kind.EXIT], "a press changes nothing about that"
    assert door.close() == [Kind.CLOSED, Kind.ALARM_OVER] and door.state.alarms == frozenset()
    never = shut(replace(RULES, access=AccessSettings(held_open=0.0)))
    never.press()
    never.open()
    assert never.tell(10_000.0) == []


def test_held_counts_from_the_end_of_a_hold_open_window() -> None:
    door = shut(replace(RULES, lock=LockTraits(max_on=0), calendar=ALWAYS))
    door.open()
    door.tell(500.0)
    assert door.order(Command.SECURE) == [Kind.SECURE, Kind.HOLD_OVER, Kind.RELOCK]
    assert door.tell(19.0) == [] and door.tell(2.0) == [Kind.ALARM]


def test_a_bolt_is_thrown_only_when_the_door_is_closed() -> None:
    door = shut(MOTOR)
    door.press()
    assert door.open() == [Kind.OPENED], "no relock on opening"
    assert door.tell(5.0) == [] and door.state.release is None and door.state.bolt_waits is not None
    assert door.close(2.0) == [Kind.CLOSED, Kind.RELOCK] and door.why(Kind.RELOCK) == {"bolt-waited"} and door.state.bolt_waits is None


def test_a_bolt_does_not_wait_for_ever_in_silence() -> None:
    door = shut(replace(MOTOR, access=AccessSettings(held_open=0.0)))
    door.press()
    door.open()
    door.tell(5.0)
    assert door.tell(60.0) == [] and door.tell(0.5) == [Kind.ALARM]
    assert door.last.alarm is Alarm.HELD and door.why(Kind.ALARM) == {"bolt-waits"}
    assert door.close() == [Kind.CLOSED, Kind.RELOCK, Kind.ALARM_OVER]


def test_the_owner_and_a_lockdown_throw_no_bolt_at_an_open_door_either() -> None:
    for command, kind in ((Command.SECURE, Kind.SECURE), (Command.LOCKDOWN, Kind.LOCKDOWN)):
        door = Door(MOTOR, contact=Contact.OPEN)
        assert door.order(command) == [kind] and door.state.bolt_waits is not None
        assert door.close() == [Kind.CLOSED, Kind.RELOCK]


def test_a_new_release_takes_the_waiting_bolt_back() -> None:
    door = shut(MOTOR)
    door.press()
    door.open()
    door.tell(5.0)
    assert door.press() == [Kind.EXIT] and door.close() == [Kind.CLOSED] and door.tell(3.0) == [Kind.RELOCK]
    assert door.why(Kind.RELOCK) == {"time-over"}


def test_after_a_fire_with_the_door_open_a_bolt_lets_people_leave_and_in() -> None:
    door = Door(MOTOR, contact=Contact.OPEN)
    door.tell(fire=True)
    door.press(after=60.0)
    assert door.tell(fire=False) == [Kind.EXIT] and door.why(Kind.EXIT) == {"exit-goes-on"}, "no bolt, the button's time goes on"
    assert door.order(Command.RELEASE) == [Kind.OWNER] and door.last.seconds == pytest.approx(3.0)


def test_a_contact_that_breaks_makes_no_alarm_and_lets_the_bolt_be_thrown() -> None:
    door = shut(MOTOR)
    door.press()
    door.open()
    door.tell(5.0)
    assert door.tell(contact=None) == [Kind.RELOCK], "nobody can tell any more: locked is the safer of the two"
    assert door.open() == [] and door.state.mode is Mode.OPEN, "nothing is made of what may have happened meanwhile"


def test_a_contact_that_is_not_fitted_is_not_asked() -> None:
    door = Door(replace(MOTOR, has_contact=False), contact=Contact.CLOSED)
    assert door.open() == [] and door.press() == [Kind.EXIT] and door.tell(3.0) == [Kind.RELOCK]
    assert door.state.mode is Mode.SHUT
