"""A challenge: what passes, what fails, and with which reason."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from challenge_bodies import FPS, HEAD, SHEET, Film, bent, fact, film, left_then_right, ramp, seen, times

from edge_face.access.actions import TURNS, Action, orders
from edge_face.access.challenge import NOT_HELD, Challenge, ChallengeRules, Outcome, advance, chance, choose, start
from edge_face.access.facts import FaceFact
from edge_face.settings import LivenessSettings
from edge_face.types import TrackState

LEFT, RIGHT, UP, NEARER, BLINK = Action
RULES = ChallengeRules()


def play(shown: Film, actions: tuple[Action, ...] = (LEFT, RIGHT), *, seconds: float = 12.0, fps: float = FPS, others: int = 0,
         rules: ChallengeRules = RULES) -> Challenge:
    challenge = start(1, "p", actions, 0.0, rules)
    for now in times(seconds, fps):
        challenge = advance(challenge, shown(now), now, rules, others=others)
        if challenge.outcome is not Outcome.GOING:
            break
    return challenge


def code(challenge: Challenge) -> str:
    assert challenge.outcome is Outcome.FAILED, challenge
    assert challenge.reason is not None
    return challenge.reason.code


def test_a_head_that_follows_passes_in_its_time_and_says_why() -> None:
    done = play(film(HEAD))
    assert done.outcome is Outcome.PASSED
    assert done.last - done.started <= 3.0
    assert done.reason is None and done.wanted is None
    assert done.evidence.code == "liveness-challenge"
    relief = done.evidence.values["relief"]
    assert isinstance(relief, float) and 0.4 < relief < 0.8


def test_what_is_wanted_goes_from_action_to_action() -> None:
    challenge = start(1, "p", (LEFT, RIGHT), 0.0, RULES)
    wanted = [challenge.wanted]
    for now in times(3):
        challenge = advance(challenge, film(HEAD)(now), now, RULES)
        if challenge.wanted is not wanted[-1]:
            wanted.append(challenge.wanted)
    assert wanted == [LEFT, RIGHT, None]


@pytest.mark.parametrize("body", [SHEET, bent(0.08), bent(0.08, 0.063), bent(0.2)], ids=["flat", "bent", "bent, life size", "less"])
@pytest.mark.parametrize("wide", [30, 45, 60])
def test_a_sheet_that_is_turned_fails_as_a_plane(body: npt.NDArray[np.float64], wide: float) -> None:
    turning = film(body, lambda now: left_then_right(now) / 30 * wide)
    assert code(play(turning)) == "liveness-plane"


def test_a_bent_sheet_that_swings_from_far_right_to_far_left_fails() -> None:
    swung = play(film(bent(0.08, 0.12), lambda now: -45 + 90 * ramp(now, 0.5) - 90 * ramp(now, 2.0)))
    assert code(swung) in ("liveness-plane", "liveness-time")


def test_a_wrong_turn_first_fails_by_its_order() -> None:
    failed = play(film(HEAD), (RIGHT, LEFT))
    assert code(failed) == "liveness-order"
    assert failed.reason is not None and failed.reason.values == {"wanted": "right", "seen": "left"}


def test_a_recording_in_another_order_fails_every_other_challenge() -> None:
    for order in orders((LEFT, RIGHT, UP, NEARER), 2):
        assert (play(film(HEAD), order).outcome is Outcome.PASSED) == (order == (LEFT, RIGHT))


def test_a_small_wobble_the_other_way_is_no_wrong_action() -> None:
    done = play(film(HEAD, lambda now: left_then_right(now) - 10 * ramp(now, 0.2, 0.2) + 10 * ramp(now, 0.4, 0.2)))
    assert done.outcome is Outcome.PASSED


def test_turning_on_further_after_the_first_action_is_no_wrong_one() -> None:
    assert play(film(HEAD, lambda now: 45 * ramp(now, 0.5, 1.0) - 80 * ramp(now, 2.2, 0.7))).outcome is Outcome.PASSED


def test_what_was_done_before_it_was_asked_for_does_not_count() -> None:
    # Turned to the right already, and staying there.
    assert code(play(film(HEAD, lambda _: -22.0), (RIGHT, LEFT))) == "liveness-time"


def test_standing_still_runs_out_of_time() -> None:
    failed = play(film(HEAD, lambda _: 0.0))
    assert code(failed) == "liveness-time"
    assert failed.last - failed.started == pytest.approx(RULES.seconds, abs=0.1)


def test_the_second_turn_has_its_own_time() -> None:
    assert play(film(HEAD, lambda now: 30 * ramp(now, 3.0) - 60 * ramp(now, 7.0))).outcome is Outcome.PASSED
    assert code(play(film(HEAD, lambda now: 30 * ramp(now, 3.0) - 60 * ramp(now, 9.5)), seconds=20)) == "liveness-time"


@pytest.mark.parametrize("fps", [8, 10, 30, 60])
def test_it_can_be_held_from_eight_pictures_a_second(fps: float) -> None:
    assert play(film(HEAD), fps=fps).outcome is Outcome.PASSED


def test_five_pictures_a_second_are_too_few_and_nobodys_attempt() -> None:
    failed = play(film(HEAD), fps=5)
    assert code(failed) == "liveness-slow"
    assert "liveness-slow" in NOT_HELD
    assert failed.last < 2.0


def test_a_pause_in_the_pictures_ends_it() -> None:
    challenge = advance(start(1, "p", (LEFT,), 0.0, RULES), film(HEAD)(0.0), 0.1, RULES)
    assert code(advance(challenge, film(HEAD)(0.0), 3.0, RULES)) == "liveness-slow"


@pytest.mark.parametrize("fps", [10, 15, 30])
def test_photos_of_a_turned_face_held_up_one_after_the_other_fail(fps: float) -> None:
    shown = play(film(HEAD, lambda now: 0.0 if now < 1 else 30.0 if now < 2 else -30.0), fps=fps)
    assert code(shown) in ("liveness-jump", "liveness-time", "liveness-order")
    assert shown.step == 0


def test_one_glitch_of_the_landmarks_is_forgiven() -> None:
    frames = iter(range(1000))
    assert play(lambda now: fact(seen(HEAD, yaw=left_then_right(now), x=0.3 * (next(frames) == 10)))).outcome is Outcome.PASSED


def test_a_face_that_is_somewhere_else_from_one_picture_to_the_next_fails() -> None:
    assert code(play(lambda now: fact(seen(HEAD, yaw=left_then_right(now), x=0.3 * (now > 0.6))))) == "liveness-jump"


@pytest.mark.parametrize(("change", "expected"), [
    ({"track": 2}, "liveness-track"), ({"ambiguous": True}, "liveness-track"), ({"person": "q"}, "liveness-person"),
    ({"vote": "q"}, "liveness-person")])
def test_another_face_in_mid_challenge_ends_it(change: dict[str, object], expected: str) -> None:
    assert code(play(lambda now: fact(seen(HEAD, yaw=left_then_right(now)), **(change if now > 1.4 else {})))) == expected  # type: ignore[arg-type]


def test_a_face_that_looks_here_and_is_recognised_no_more_is_another_one() -> None:
    def entered(now: float) -> FaceFact:
        return fact(seen(HEAD, yaw=left_then_right(now)), person=None if now > 0.2 else "p", vote=None if now > 0.2 else "p")

    assert code(play(entered)) == "liveness-person"


def test_a_face_that_is_not_recognised_while_it_turns_does_not_pass() -> None:
    def masked(now: float) -> FaceFact:
        away = abs(left_then_right(now)) > 3
        return fact(seen(HEAD, yaw=left_then_right(now)), vote=None if away else "p", judged=not away)

    assert code(play(masked)) == "liveness-person"


def test_somebody_else_near_for_long_ends_it_and_passing_by_does_not() -> None:
    assert code(play(film(HEAD), others=1)) == "liveness-company"
    challenge = start(1, "p", (LEFT, RIGHT), 0.0, RULES)
    for now in times(4):
        challenge = advance(challenge, film(HEAD)(now), now, RULES, others=int(0.5 < now < 1.2))
    assert challenge.outcome is Outcome.PASSED


def test_who_leaves_has_failed() -> None:
    assert code(play(lambda now: film(HEAD)(now) if now < 1 else None)) == "liveness-lost"
    coasting = replace(fact(seen(HEAD)), state=TrackState.COASTING)
    assert code(play(lambda now: film(HEAD)(now) if now < 1 else coasting)) == "liveness-lost"


def test_coming_nearer_and_looking_up_are_seen_but_prove_no_head_by_themselves() -> None:
    def comes(now: float) -> FaceFact:
        return fact(seen(HEAD, yaw=30 * ramp(now, 2.5), distance=0.7 - 0.2 * ramp(now, 0.5, 1.0)))

    assert play(comes, (NEARER, LEFT)).outcome is Outcome.PASSED

    def rises(now: float) -> FaceFact:
        return fact(seen(HEAD, yaw=30 * ramp(now, 2.5), pitch=20 * ramp(now, 0.5) - 20 * ramp(now, 2.0)))

    assert play(rises, (UP, LEFT)).outcome is Outcome.PASSED
    only = play(lambda now: fact(seen(HEAD, pitch=20 * ramp(now, 0.5) - 20 * ramp(now, 2.0))), (UP,))
    assert only.step == 1
    assert code(only) == "liveness-plane"


def test_a_blink_is_seen_against_ones_own_eyes() -> None:
    def blinks(now: float, level: float = 0.7, shut: float = 0.3) -> FaceFact:
        return fact(seen(HEAD, yaw=30 * ramp(now, 2.0)), eyes=shut if 1.0 < now < 1.2 else level)

    assert play(blinks, (BLINK, LEFT)).outcome is Outcome.PASSED
    assert code(play(lambda now: blinks(now, shut=0.6), (BLINK, LEFT))) == "liveness-order"


def test_dark_glasses_make_a_blink_unseen() -> None:
    failed = play(lambda now: fact(seen(HEAD), eyes=None), (BLINK, LEFT))
    assert code(failed) == "liveness-unseen"
    assert "liveness-unseen" in NOT_HELD


def test_a_clock_that_runs_backwards_or_is_no_number_fails() -> None:
    challenge = advance(start(1, "p", (LEFT,), 5.0, RULES), film(HEAD)(0.0), 5.1, RULES)
    assert code(advance(challenge, film(HEAD)(0.0), 5.0, RULES)) == "liveness-clock"
    assert code(advance(challenge, film(HEAD)(0.0), math.nan, RULES)) == "liveness-clock"


def test_nothing_to_ask_for_fails_at_once() -> None:
    assert code(start(1, "p", (), 0.0, RULES)) == "liveness-unheld"


def test_between_two_actions_there_is_a_pause_in_which_nothing_is_asked_for() -> None:
    challenge, wanted = start(1, "p", (LEFT, RIGHT), 0.0, RULES, dice=0xFFFF), []
    for now in times(4):
        challenge = advance(challenge, film(HEAD, lambda now: 30 * ramp(now, 0.5) - 60 * ramp(now, 2.4))(now), now, RULES)
        wanted.append(challenge.wanted)
    assert challenge.outcome is Outcome.PASSED
    assert wanted[:12] == [LEFT] * 12
    assert len([w for w in wanted[:30] if w is None]) in (9, 10)


def test_what_a_recording_does_in_the_pause_fails() -> None:
    challenge = start(1, "p", (LEFT, RIGHT), 0.0, RULES, dice=0xFFFF)
    for now in times(4):
        challenge = advance(challenge, film(HEAD, lambda now: 30 * ramp(now, 0.5) - 60 * ramp(now, 1.0, 0.4))(now), now, RULES)
    assert code(challenge) == "liveness-order"
    assert challenge.reason is not None and "before it was asked for" in challenge.reason.text


def test_coming_back_in_the_pause_is_fine() -> None:
    challenge = start(1, "p", (LEFT, RIGHT), 0.0, RULES, dice=0xFFFF)
    for now in times(4):
        yaw = 30 * ramp(now, 0.5) - 30 * ramp(now, 1.1, 0.4) - 30 * ramp(now, 2.4)
        challenge = advance(challenge, fact(seen(HEAD, yaw=yaw)), now, RULES)
    assert challenge.outcome is Outcome.PASSED


@pytest.mark.parametrize("dice", [0, 1, -1, 2**64 - 1, 2**200, -(2**70)])
def test_pauses_are_short_whatever_the_dice(dice: int) -> None:
    pauses = start(1, "p", tuple(Action), 0.0, RULES, dice=dice).pauses
    assert len(pauses) == 4 and all(0.0 <= pause <= 0.6 for pause in pauses)


def test_what_is_over_stays_over() -> None:
    done = play(film(HEAD))
    assert advance(done, None, math.nan, RULES, others=9) is done


def test_every_order_is_drawn_alike_and_has_a_turn() -> None:
    rules = ChallengeRules(tuple(Action), 2)
    able = orders(tuple(Action), 2)
    assert len(able) == 20 - 6
    assert [choose(rules, dice) for dice in range(len(able))] == list(able)
    assert all(len(set(order)) == 2 and set(order) & set(TURNS) for order in able)
    assert choose(rules, 2**64 - 1) in able and choose(rules, -5) in able


@pytest.mark.parametrize(("actions", "number", "expected"), [
    (("left", "right", "up"), 2, 1 / 6), (("left", "right", "up", "nearer"), 2, 1 / 10), (tuple(Action), 2, 1 / 14),
    (tuple(Action), 3, 1 / 54), (("left", "right"), 2, 1 / 2), (("left",), 2, 1.0), (("up", "blink"), 2, 1.0)])
def test_the_chance_that_a_recording_fits_is_counted(actions: tuple[str, ...], number: int, expected: float) -> None:
    rules = ChallengeRules.from_settings(LivenessSettings(actions=list(actions), number=number))
    assert chance(rules) == pytest.approx(expected)
    assert chance(ChallengeRules(tuple(Action), number), own=actions) == pytest.approx(expected)


def test_ones_own_actions_take_the_place_of_the_doors() -> None:
    assert choose(RULES, 12345, own=("left", "unknown")) == (LEFT,)
    assert choose(RULES, 12345, own=("blink", "up")) == ()
    assert set(choose(RULES, 7, own=("blink", "left"))) == {BLINK, LEFT}
