"""The policy, case by case: who releases the door, for how long, and what ends it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from policy_door import ANN, MONDAY, Door

from edge_face.access import (
    Authority,
    Calendar,
    Command,
    Contact,
    Facts,
    Inputs,
    Kind,
    LockTraits,
    Mode,
    PolicyRules,
    PolicyState,
    Release,
    Rules,
    Window,
    step,
)
from edge_face.errors import SettingsError
from edge_face.settings import AccessSettings, DecisionSettings, DoorSettings, InputSettings, Settings

RULES = PolicyRules(Rules(pulse=3.0, max_release=10.0), level="face")
OFFICE = Calendar("UTC", hold_open=(Window(frozenset(range(5)), 9 * 60, 17 * 60),))
MAGNET = PolicyRules(RULES.face, {}, OFFICE, LockTraits("maglock", "safe"), level="face")


def granted(door: Door) -> Door:
    assert door.watch(1.0, ANN) == [Kind.GRANT]
    return door


def test_rules_are_those_of_the_settings() -> None:
    magnet = DoorSettings(kind="maglock", fail="safe", max_on=0, relock_on_open=False)
    settings = Settings(door=magnet, access=AccessSettings(held_open=7.0), inputs=InputSettings(contact_pin="GPIO5"))
    rules = PolicyRules.from_settings(settings, {}, OFFICE)
    assert rules == PolicyRules(Rules(), {}, OFFICE, LockTraits("maglock", "safe", "held", 0, False), AccessSettings(held_open=7.0), True)
    assert PolicyRules.from_settings(Settings(), {}, Calendar()) == PolicyRules(), "the defaults are written twice"
    with pytest.raises(SettingsError, match=r"decision\.votes"):
        PolicyRules.from_settings(Settings(decision=DecisionSettings(votes=9)), {}, OFFICE)


def test_a_face_a_code_the_button_and_the_owner_release_the_door_each_in_its_name() -> None:
    door = granted(Door(RULES))
    assert door.state.mode is Mode.RELEASED and door.state.standing is None
    assert door.state.release == Release(door.last.monotonic, door.last.monotonic + 3.0, Authority.FACE, "ann")
    assert (door.last.authority, door.last.seconds, door.last.person) == (Authority.FACE, pytest.approx(3.0), "ann")
    for tell, kind, authority in ((door.press, Kind.EXIT, Authority.EXIT), (lambda: door.code("bob"), Kind.CODE, Authority.CODE),
                                  (lambda: door.order(Command.RELEASE), Kind.OWNER, Authority.OWNER)):
        door.tell(20.0)
        assert tell() == [kind] and door.last.authority is authority and door.state.release.authority is authority  # type: ignore[union-attr]
        assert door.last.seconds == pytest.approx(3.0)
        assert door.tell(3.01) == [Kind.RELOCK] and door.why(Kind.RELOCK) == {"time-over"} and door.state.mode is Mode.SHUT


def test_pressing_on_never_releases_for_longer_in_one_piece_than_the_settings_say() -> None:
    door, begun = Door(RULES), 0.0
    for _ in range(500):
        kinds = door.press()
        begun = door.now if Kind.RELOCK in kinds else begun
        assert door.state.release is not None and door.state.release.until - door.state.release.since <= 10.0 + 1e-9
    assert sum(d.kind is Kind.RELOCK for d in door.all) == 4, "50 s in pieces of 10 s"


def test_a_coil_that_bears_little_bounds_the_release_too() -> None:
    assert replace(RULES, lock=LockTraits(max_on=5.0)).longest == 5.0
    assert replace(RULES, lock=LockTraits(max_on=0.0)).longest == 10.0
    assert replace(RULES, lock=LockTraits(fail="safe", max_on=5.0)).longest == 10.0, "it is locked by current, not released"
    door = Door(replace(RULES, lock=LockTraits(max_on=5.0)))
    assert door.order(Command.RELEASE, seconds=8.0) == [Kind.OWNER] and door.last.seconds == 5.0


def test_the_longer_release_keeps_its_authority() -> None:
    door = Door(RULES)
    door.order(Command.RELEASE, seconds=8.0)
    assert door.press() == [Kind.EXIT] and door.last.seconds == pytest.approx(3.0)
    release = door.state.release
    assert release is not None and release.authority is Authority.OWNER and release.exit_until == pytest.approx(door.now + 3.0)
    assert door.tell(7.95) == [Kind.RELOCK]


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -1.0, 1e-9])
def test_an_order_of_an_absurd_time_is_refused(seconds: float) -> None:
    door = Door(RULES)
    assert door.order(Command.RELEASE, seconds=seconds) == [Kind.DENY] and door.why(Kind.DENY) == {"bad-order", "owner"}
    assert door.state.release is None


def test_securing_ends_any_release_but_fire() -> None:
    door = Door(RULES)
    door.press()
    assert door.order(Command.SECURE) == [Kind.SECURE, Kind.RELOCK] and door.state.release is None
    assert door.order(Command.SECURE) == [Kind.SECURE, Kind.RELOCK], "said all the same: the lock may know better"
    door.tell(fire=True)
    assert door.order(Command.SECURE) == [Kind.DENY] and door.why(Kind.DENY) == {"fire", "owner"}
    assert door.state.standing is Authority.FIRE


def test_fire_releases_for_as_long_as_it_lasts_whatever_else_is() -> None:
    door = Door(RULES)
    door.order(Command.LOCKDOWN)
    assert door.tell(fire=True, seeing=False, clock_trusted=False) == [Kind.CLOCK, Kind.FIRE]
    assert door.last.authority is Authority.FIRE and door.last.seconds == 0 and door.state.mode is Mode.RELEASED
    assert door.tell(10_000.0) == [] and door.state.standing is Authority.FIRE
    assert door.press() == [] and door.code("ann") == [], "it is open to all: nobody is named"
    assert door.tell(3.5, fire=False) == [Kind.RELOCK] and door.why(Kind.RELOCK) == {"fire-over"}
    assert door.state.mode is Mode.LOCKDOWN


def test_a_press_just_before_a_standing_release_ends_is_kept() -> None:
    door = Door(RULES)
    door.tell(fire=True)
    door.press()
    assert door.tell(1.0, fire=False) == [Kind.RELOCK, Kind.EXIT] and door.why(Kind.EXIT) == {"exit-goes-on"}
    assert door.last.seconds == pytest.approx(2.0) and door.last.authority is Authority.EXIT
    assert door.tell(2.01) == [Kind.RELOCK]


def test_lockdown_beats_everything_but_exit_and_fire() -> None:
    door = granted(Door(MAGNET, hour=20))
    assert door.order(Command.LOCKDOWN) == [Kind.LOCKDOWN, Kind.RELOCK] and door.state.mode is Mode.LOCKDOWN
    assert door.order(Command.LOCKDOWN) == [], "it is one already"
    door.watch(4.0)
    assert door.watch(2.0, replace(ANN, track=9)) == [Kind.DENY] and "lockdown" in door.why(Kind.DENY)
    assert door.code("bob") == [Kind.DENY] and "lockdown" in door.why(Kind.DENY)
    assert door.order(Command.RELEASE) == [Kind.DENY] and door.state.release is None
    assert door.tell(16 * 3600.0) == [], "no hold-open window either"
    assert door.press() == [Kind.EXIT] and door.tell(4.0) == [Kind.RELOCK]
    assert door.order(Command.LIFT) == [Kind.LOCKDOWN_OVER, Kind.HOLD_OPEN]
    assert door.order(Command.LOCKDOWN) == [Kind.LOCKDOWN, Kind.HOLD_OVER, Kind.RELOCK] and door.state.standing is None


def test_who_is_leaving_when_a_lockdown_begins_may_leave() -> None:
    door = Door(RULES)
    door.press()
    assert door.order(Command.LOCKDOWN) == [Kind.LOCKDOWN] and door.state.release is not None
    assert door.tell(3.0) == [Kind.RELOCK]
    door = granted(Door(RULES))
    door.press()
    door.code("bob", after=1.0)
    assert door.order(Command.LOCKDOWN) == [Kind.LOCKDOWN, Kind.RELOCK, Kind.EXIT], "the code's time ends, the button's does not"
    assert door.last.seconds == pytest.approx(1.9)


def test_settings_may_close_the_exit_in_a_lockdown() -> None:
    door = Door(replace(RULES, access=AccessSettings(exit_in_lockdown=False)))
    door.press()
    assert door.order(Command.LOCKDOWN) == [Kind.LOCKDOWN, Kind.RELOCK]
    assert door.press() == [Kind.DENY] and door.why(Kind.DENY) == {"exit-closed"} and door.state.release is None


def test_a_lockdown_outlives_a_restart_if_it_is_told_so() -> None:
    state, _ = step(PolicyState(lockdown=True), Inputs(1.0, MONDAY), RULES)
    assert state.mode is Mode.LOCKDOWN


def test_whoever_stood_there_in_a_lockdown_proves_anew_that_they_mean_to_enter() -> None:
    door = Door(RULES)
    door.order(Command.LOCKDOWN)
    door.watch(2.0, ANN)
    assert door.tell(faces=[ANN], orders=()) == [] and door.order(Command.LIFT) == [Kind.LOCKDOWN_OVER]
    assert door.tell(faces=[ANN]) == []
    assert door.watch(0.5, ANN) == [Kind.GRANT]


def test_without_vision_a_face_opens_nothing_and_what_it_opened_is_locked() -> None:
    door = granted(Door(RULES))
    assert door.tell(seeing=False) == [Kind.RELOCK] and door.why(Kind.RELOCK) == {"blind"}
    assert door.watch(10.0, replace(ANN, track=5)) == []
    assert door.press() == [Kind.EXIT] and door.tell() == [], "the button's release stays"
    assert door.code("bob") == [Kind.CODE]
    assert door.tell(10.0, seeing=True) == [Kind.RELOCK]
    assert Kind.GRANT in door.watch(10.0) + door.watch(1.0, replace(ANN, track=7))


def test_the_exit_button_is_not_taken_back_with_a_face() -> None:
    door = Door(RULES)
    door.press()
    granted(door)
    assert door.tell(seeing=False) == [Kind.RELOCK, Kind.EXIT] and door.last.seconds == pytest.approx(1.9)


@pytest.mark.parametrize("age", [2.1, -0.2, math.nan, math.inf])
def test_pictures_of_another_time_open_nothing(age: float) -> None:
    door = Door(RULES)
    for _ in range(50):
        door.now += 0.1
        assert door.say(Inputs(door.now, MONDAY, sight=Facts(door.now - age, MONDAY, (ANN,)))) == []


def test_one_picture_gives_one_vote_however_often_it_is_told() -> None:
    door = Door(RULES)
    for _ in range(50):
        door.now += 0.03
        assert door.say(Inputs(door.now, MONDAY)) == []
        assert door.say(Inputs(door.now, MONDAY, sight=Facts(1000.0, MONDAY, (ANN,)))) == []
    assert len(door.state.approach.stays[0].votes) == 1


def test_a_picture_that_took_a_moment_through_vision_counts() -> None:
    door, kinds = Door(RULES), []
    for _ in range(10):
        door.now += 0.1
        kinds += door.say(Inputs(door.now - 0.05, MONDAY)) + door.say(Inputs(door.now, MONDAY, sight=Facts(door.now - 0.3, MONDAY, (ANN,))))
    assert kinds == [Kind.GRANT] and door.state.release.since == door.last.monotonic  # type: ignore[union-attr]


def test_a_hold_open_window_releases_the_door_for_its_time() -> None:
    door = Door(MAGNET, hour=8.99)
    assert door.state.release is None
    assert door.tell(60.0) == [Kind.HOLD_OPEN] and door.state.mode is Mode.HOLD_OPEN and door.state.standing is Authority.HOLD_OPEN
    assert (door.last.authority, door.last.seconds) == (Authority.HOLD_OPEN, 0.0)
    assert door.watch(2.0, ANN) == [] and door.code("bob") == [] and door.press() == [], "open to all: nobody is named"
    assert door.tell(8 * 3600.0) == [Kind.HOLD_OVER, Kind.RELOCK] and door.state.mode is Mode.SHUT


def test_a_hold_open_window_ends_when_the_owner_secures_the_door_until_it_is_over() -> None:
    door = Door(MAGNET)
    assert door.order(Command.SECURE) == [Kind.SECURE, Kind.HOLD_OVER, Kind.RELOCK]
    assert door.tell(3600.0) == [] and door.state.standing is None
    assert door.tell(3600.0, clock_trusted=False) == [Kind.CLOCK] and door.tell(clock_trusted=True) == [Kind.CLOCK_OVER], "nor so"
    door.tell(6 * 3600.0)
    assert door.tell(16 * 3600.0) == [Kind.HOLD_OPEN], "the next day"


def test_a_hold_open_window_needs_a_clock_that_can_be_believed() -> None:
    door = Door(MAGNET)
    assert door.tell(clock_trusted=False) == [Kind.CLOCK, Kind.HOLD_OVER, Kind.RELOCK] and door.why(Kind.RELOCK) == {"clock-untrusted"}
    assert door.tell(clock_trusted=True) == [Kind.CLOCK_OVER, Kind.HOLD_OPEN]
    assert door.tell(wall=math.nan) == [Kind.CLOCK, Kind.HOLD_OVER, Kind.RELOCK]


def test_fire_takes_a_hold_open_window_over_and_gives_it_back() -> None:
    door = Door(MAGNET)
    assert door.tell(fire=True) == [Kind.HOLD_OVER, Kind.FIRE]
    assert door.tell(fire=False) == [Kind.RELOCK, Kind.HOLD_OPEN]


def test_no_hold_open_window_burns_a_coil_and_that_is_said_once() -> None:
    door = Door(replace(MAGNET, lock=LockTraits(max_on=30.0)), hour=8.99)
    assert door.tell(60.0) == [Kind.DENY] and door.why(Kind.DENY) == {"hold-coil"}
    assert door.tell() == [] and door.state.release is None
    assert door.tell(24 * 3600.0) == [] and door.tell(9 * 3600.0) == [] and door.tell(15 * 3600.0) == [Kind.DENY], "once a window"
    assert Door(replace(MAGNET, lock=LockTraits(max_on=0.0))).state.mode is Mode.HOLD_OPEN
    assert Door(replace(MAGNET, lock=LockTraits("motor", "secure", "pulse", 30.0))).state.mode is Mode.HOLD_OPEN


def test_a_clock_that_is_not_believed_is_said_once() -> None:
    door = Door(RULES)
    assert door.tell(clock_trusted=False) == [Kind.CLOCK] and door.tell() == [] and door.tell(clock_trusted=True) == [Kind.CLOCK_OVER]
    untrusted = step(PolicyState(), Inputs(0.0, 0.0, clock_trusted=False), RULES)[1]
    assert [d.kind for d in untrusted] == [Kind.CLOCK], "also at the start"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e300])
def test_a_monotonic_time_that_is_none_locks_and_opens_nothing(bad: float) -> None:
    door = Door(MAGNET, hour=20)
    door.press()
    assert door.say(Inputs(bad, MONDAY, exit_pressed=True, fire=True)) == [Kind.RELOCK] and door.why(Kind.RELOCK) == {"clock"}
    assert math.isfinite(door.last.monotonic) and door.state.release is None
    assert door.tell(fire=True) == [Kind.FIRE], "the next good moment is obeyed"
    assert step(PolicyState(), Inputs(bad, bad, exit_pressed=True), RULES) == (PolicyState(), ())


def test_time_that_runs_backwards_begins_anew_locked() -> None:
    door = granted(Door(RULES, contact=Contact.CLOSED))
    for _ in range(5):
        door.code(None)
    assert door.all[-1].kind is Kind.CODE_REST
    assert door.tell(-500.0) == [Kind.RELOCK] and door.why(Kind.RELOCK) == {"clock"}
    assert door.state.codes.rest_until == door.now + 30.0, "a rest begins again"
    assert door.press() == [Kind.EXIT]
    door.order(Command.LOCKDOWN)
    door.tell(-5.0)
    assert door.state.lockdown, "what the owner ordered stands"


def test_the_wall_clock_ends_and_begins_no_timed_release() -> None:
    door = Door(RULES)
    door.press()
    for wall in (math.nan, 0.0, 4e12, -4e12, MONDAY):
        assert Kind.RELOCK not in door.tell(wall=wall)
    assert door.tell(3.0) == [Kind.RELOCK]


def test_a_press_that_came_with_a_picture_is_not_lost() -> None:
    door = Door(RULES)
    assert door.tell(sight=Facts(door.now, MONDAY, None, exit_pressed=True)) == [Kind.EXIT]
