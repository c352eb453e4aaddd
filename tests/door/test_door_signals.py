"""Patterns as functions of time, and the pins that they drive."""

from __future__ import annotations

import math
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.access.outcomes import Authority, Decision, Kind
from edge_face.clock import ManualClock
from edge_face.door import Signals, open_lock, open_signals
from edge_face.door.mock import EdgeRecorder
from edge_face.door.patterns import PROMPTS, Levels, Pattern, lasting, length, levels, next_change, pattern_for
from edge_face.settings import DoorSettings, SignalSettings

ALL = SignalSettings(buzzer_pin="GPIO18", green_pin="GPIO19", red_pin="GPIO20", alarm_pin="GPIO21")
PINS = {"buzzer": "GPIO18", "green": "GPIO19", "red": "GPIO20", "alarm": "GPIO21"}


def light(pattern: Pattern) -> tuple[bool, ...]:
    """Is any lamp on, every 50 ms for 8 s: what somebody sees who tells no colours."""
    return tuple((seen := levels(pattern, step * 0.05 + 0.025)).green or seen.red for step in range(160))


def test_no_two_patterns_look_alike_without_colours() -> None:
    for one, other in combinations(Pattern, 2):
        assert light(one) != light(other), (one, other)


def test_what_is_heard_is_told_apart_too() -> None:
    heard = {pattern: tuple(levels(pattern, step * 0.05 + 0.025).buzzer for step in range(160)) for pattern in Pattern}
    audible = [pattern for pattern, beeps in heard.items() if any(beeps)]
    assert audible == [Pattern.GRANTED, Pattern.DENIED, Pattern.ALARM, *dict.fromkeys(PROMPTS.values())]
    assert len({heard[pattern] for pattern in audible}) == len(audible)


@pytest.mark.parametrize("pattern", dict.fromkeys(PROMPTS.values()))
def test_what_is_asked_lights_both_lamps_and_beeps_twice(pattern: Pattern) -> None:
    seen = [levels(pattern, step * 0.05 + 0.025) for step in range(600)]
    assert all(one.green is one.red and not one.alarm for one in seen) and any(one.red for one in seen[-200:]), "for as long as it is asked"
    last = max(step for step, one in enumerate(seen) if one.buzzer) * 0.05
    flashes = sum(1 for one, other in pairwise(seen) if other.red and not one.red) + 1
    beeps = sum(1 for one, other in pairwise(seen) if other.buzzer and not one.buzzer) + 1
    assert last < 6.0 and beeps % 2 == 0 and beeps < flashes, "two rounds, then the lamps alone"


@pytest.mark.parametrize(("what", "flashes"), [("left", 1), ("right", 2), ("up", 3)])
def test_one_is_left_two_is_right_three_is_up(what: str, flashes: int) -> None:
    signals, recorder, clock = opened()
    signals.ask(what)
    until = clock.monotonic() + flashes * 0.6 + 0.25
    while clock.monotonic() < until:
        clock.sleep(0.05)
        signals.tick()
        signals.ask(what)
    ups = [edge for edge in recorder.edges if edge.pin == PINS["green"] and edge.what == "edge" and edge.level]
    assert len(ups) == flashes and shown(recorder) == set(), "said again it goes on in its rhythm"
    signals.ask("up" if what == "left" else "left")
    assert shown(recorder) == {"green", "red", "buzzer"}, "another one begins at once"
    signals.ask(None)
    assert shown(recorder) == set()


def test_an_answer_is_shown_over_what_is_asked_and_a_word_nobody_knows_is_nothing() -> None:
    signals, recorder, clock = opened()
    signals.hold(lasting(trouble=True))
    signals.ask("face")
    signals.show(Pattern.GRANTED)
    assert shown(recorder) == {"green", "buzzer"}
    clock.sleep(1.01)
    signals.tick()
    assert shown(recorder) == {"green", "red", "buzzer"}
    signals.ask("wait")
    assert shown(recorder) <= {"red"}
    quiet, heard, _ = opened(SignalSettings(buzzer_pin="GPIO18", red_pin="GPIO20", quiet=True))
    quiet.ask("code")
    assert shown(heard) == {"red"}


@pytest.mark.parametrize(("pattern", "beeps"), [(Pattern.GRANTED, [(0.0, 1.0)]), (Pattern.DENIED, [(0.0, 0.15), (0.3, 0.45), (0.6, 0.75)])])
def test_one_long_and_three_short(pattern: Pattern, beeps: list[tuple[float, float]]) -> None:
    for begin, end in beeps:
        assert levels(pattern, begin).buzzer and levels(pattern, end - 0.001).buzzer
        assert not levels(pattern, end).buzzer and not levels(pattern, begin - 0.001).buzzer
    assert levels(pattern, (length(pattern) or 0.0) + 0.1) == Levels()


@given(st.sampled_from(Pattern), st.floats(0, 1e6))
def test_between_two_changes_nothing_changes(pattern: Pattern, t: float) -> None:
    until = next_change(pattern, t)
    assert until > t
    end = min(until, t + 10.0)
    now = levels(pattern, t)
    for share in (0.1, 0.5, 0.9):
        at = t + (end - t) * share
        if at < until - 1e-5 and at > t + 1e-5:
            assert levels(pattern, at) == now or abs(at - t) < 1e-5 or next_change(pattern, t + 1e-5) < at


def test_a_scheduler_that_comes_only_when_asked_sees_every_flash() -> None:
    for pattern in Pattern:
        t, seen = 0.0, 0
        while t < 20.0:
            seen += levels(pattern, t).green or levels(pattern, t).red
            following = next_change(pattern, t)
            t = following
        assert seen == {Pattern.GRANTED: 1, Pattern.DENIED: 3, Pattern.RELEASED: 20, Pattern.ALARM: 80, Pattern.LOCKDOWN: 20,
                        Pattern.RESTING: 20, Pattern.TROUBLE: 5, Pattern.LEFT: 17, Pattern.RIGHT: 23, Pattern.UP: 26, Pattern.NEARER: 18,
                        Pattern.BLINK: 17, Pattern.FACTOR: 15, Pattern.FACE: 10}[pattern], pattern


@pytest.mark.parametrize("kind", Kind)
def test_every_decision_says_something_or_nothing(kind: Kind) -> None:
    pattern = pattern_for(Decision(kind, 1.0, 1.0, (), authority=Authority.FACE))
    opening = {Kind.GRANT, Kind.CODE, Kind.EXIT, Kind.OWNER, Kind.FIRE, Kind.HOLD_OPEN}
    assert pattern is (Pattern.GRANTED if kind in opening else Pattern.DENIED if kind is Kind.DENY else None)


def opened(settings: SignalSettings = ALL) -> tuple[Signals, EdgeRecorder, ManualClock]:
    clock = ManualClock(100.0)
    recorder = EdgeRecorder(clock.monotonic)
    return open_signals(settings, recorder, clock.monotonic), recorder, clock


def shown(recorder: EdgeRecorder) -> set[str]:
    return {name for name, pin in PINS.items() if recorder.level(pin)}


@pytest.mark.parametrize("active_high", [True, False])
def test_all_is_off_from_the_first_moment_to_the_last(active_high: bool) -> None:
    signals, recorder, _ = opened(SignalSettings(**{f"{name}_pin": pin for name, pin in PINS.items()}, active_high=active_high))
    signals.close()
    signals.close()
    off = int(not active_high)
    assert [edge.level for edge in recorder.edges] == [off] * 8
    assert signals.troubles == () and signals.levels == Levels()


def test_once_then_back_to_what_lasts() -> None:
    signals, recorder, clock = opened()
    signals.hold(lasting(released=True))
    assert shown(recorder) == {"green"}
    signals.show(Pattern.DENIED)
    assert shown(recorder) == {"buzzer", "red"}
    clock.sleep(0.2)
    signals.tick()
    assert shown(recorder) == set()
    clock.sleep(0.75)
    signals.tick()
    assert shown(recorder) == {"green"}
    signals.hold(())
    assert shown(recorder) == set()
    signals.show(None)
    assert shown(recorder) == set()


def test_a_lasting_pattern_keeps_its_rhythm_when_it_is_said_again() -> None:
    signals, recorder, clock = opened()
    for step in range(41):
        signals.hold([Pattern.LOCKDOWN])
        signals.tick()
        assert shown(recorder) == ({"red"} if step * 0.1 % 1 < 0.499 else set()), step
        clock.sleep(0.1)


def test_the_alarm_output_lasts_whatever_the_lamps_say() -> None:
    signals, recorder, clock = opened()
    signals.hold([Pattern.ALARM, Pattern.RELEASED])
    assert {"alarm", "green", "buzzer"} == shown(recorder)
    for _ in range(100):
        clock.sleep(0.05)
        signals.tick()
        assert "alarm" in shown(recorder) and "green" in shown(recorder)
    signals.hold([Pattern.RELEASED])
    assert shown(recorder) == {"green"}


def test_quiet_is_quiet() -> None:
    signals, recorder, clock = opened(SignalSettings(buzzer_pin="GPIO18", red_pin="GPIO20", quiet=True))
    signals.show(Pattern.ALARM)
    for _ in range(40):
        clock.sleep(0.02)
        signals.tick()
    assert [edge for edge in recorder.edges if edge.pin == "GPIO18" and edge.what == "edge"] == []
    assert [edge for edge in recorder.edges if edge.pin == "GPIO20" and edge.what == "edge"] != []


def test_what_is_not_fitted_is_not_driven() -> None:
    signals, recorder, _ = opened(SignalSettings())
    signals.show(Pattern.GRANTED)
    signals.hold(lasting(alarm=True, lockdown=True, resting=True, trouble=True))
    assert signals.tick() < math.inf and list(recorder.edges) == [] and signals.levels == Levels()
    signals.close()


def test_a_pin_that_cannot_be_had_is_told_and_the_rest_works() -> None:
    recorder = EdgeRecorder()
    with open_lock(DoorSettings(lock_pin="GPIO18"), recorder) as lock:
        signals = open_signals(SignalSettings(buzzer_pin="GPIO18", green_pin="GPIO19", red_pin="GPIO99"), recorder)
        assert [text.partition(":")[0] for text in signals.troubles] == ["signals.buzzer_pin", "signals.red_pin"]
        assert "GPIO18 is in use" in signals.troubles[0]
        signals.show(Pattern.GRANTED)
        assert recorder.level("GPIO19") == 1 and recorder.level("GPIO18") == 0
        assert lock.release(1.0, "face") and recorder.level("GPIO18") == 1
        signals.close()


class Failing:
    """An output whose driver fails for a while."""

    def __init__(self) -> None:
        self.broken, self.calls = True, 0

    def on(self) -> None:
        self.calls += 1
        if self.broken:
            raise OSError("i/o error")

    off = close = on


def test_a_signal_that_fails_while_it_runs_is_tried_again_now_and_then() -> None:
    clock = ManualClock(100.0)
    output = Failing()
    signals = Signals({"green": output}, ALL, clock.monotonic, {})
    signals.hold([Pattern.RELEASED])
    assert signals.troubles == ("signals.green_pin: pin GPIO19 cannot be used: i/o error",)
    for _ in range(50):
        clock.sleep(0.1)
        signals.tick()
    assert output.calls == 1, "not ten times a second"
    clock.sleep(5.1)
    output.broken = False
    signals.tick()
    assert signals.troubles == () and signals.levels.green
    output.broken = True
    signals.close()
    assert "i/o error" in signals.troubles[0]
