"""Guided enrolment: which way to look, what is wrong, when it is enough."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_fakes import near, quality, unit

from edge_face.people.guide import (
    CROWD,
    EXTRA,
    HOLD,
    NOBODY,
    STRANGER,
    TOO_FAR,
    Guide,
    Look,
    Prompt,
    Rules,
    Step,
    advance,
    pose_label,
)

RULES = Rules(same=0.4)
FACE = unit(1)
NOSE, RAISED = 0.62, 0.52
TURNS = {Step.STRAIGHT: (0.0, NOSE), Step.LEFT: (18.0, NOSE), Step.RIGHT: (-18.0, NOSE), Step.UP: (0.0, RAISED)}


def _look(at: float, yaw: float = 0.0, nose: float | None = NOSE, *, seed: int = 1, sharpness: float = 1.0) -> Look:
    return Look(at, 1, quality(yaw, 0.0, sharpness), (), near(FACE, 0.8, seed), nose=nose)


def _run(looks: Iterable[Look], rules: Rules = RULES, guide: Guide | None = None) -> tuple[Guide, list[Prompt]]:
    guide, prompts = guide or Guide(), []
    for look in looks:
        guide, prompt = advance(guide, look, rules)
        prompts.append(prompt)
    return guide, prompts


def _obedient(fps: float = 10.0, start: float = 0.0, until: int = 4) -> Guide:
    """Somebody who does at once what is asked, up to a step."""
    guide, now = Guide(), start
    while not guide.done(RULES) and guide.step < until:
        step = RULES.steps[guide.step]
        guide, _ = advance(guide, _look(now, *TURNS[step]), RULES)
        now += 1.0 / fps
        assert now - start < 60
    return guide


def test_somebody_who_does_what_is_asked_is_done_in_four_steps() -> None:
    guide = _obedient()
    assert guide.failure is None and guide.skipped == ()
    assert [t.pose for t in guide.takes] == [Step.STRAIGHT, Step.LEFT, Step.RIGHT, Step.UP]


def test_the_best_picture_of_a_step_is_taken() -> None:
    sharp = [0.5, 0.9, 0.6, 0.55, 0.5]
    guide, _ = _run(_look(k * 0.3, seed=k, sharpness=s) for k, s in enumerate(sharp))
    assert guide.step == 1
    assert guide.takes[0].quality.sharpness == 0.9


def test_a_step_needs_frames_and_time() -> None:
    guide, _ = _run(_look(k * 0.01) for k in range(20))
    assert guide.step == 0
    guide, _ = _run([_look(0.0), _look(5.0)])
    assert guide.step == 0


@pytest.mark.parametrize(("look", "text"), [
    (Look(0.0, 0), NOBODY), (Look(0.0, 2), CROWD.format(faces=2)),
    (Look(0.0, 1, quality(), ("too dark: turn to the light", "blurred")), "too dark: turn to the light"),
    (Look(0.0, 1, quality(30.0), (), FACE), "look straight into the camera: turn to your right"),
    (Look(0.0, 1, quality(-30.0), (), FACE), "look straight into the camera: turn to your left"),
    (Look(0.0, 1, quality(), (), FACE), HOLD)])
def test_what_is_wrong_is_said(look: Look, text: str) -> None:
    guide, prompt = advance(Guide(), look, RULES)
    assert prompt.text == text
    assert guide.takes == () and guide.step == 0


def test_turns_are_measured_against_the_own_straight_look() -> None:
    guide, now = Guide(), 0.0
    while guide.step == 0:
        guide, _ = advance(guide, _look(now, 10.0), RULES)
        now += 0.2
    for yaw, text in ((12.0, "turn your head a bit to your left"), (19.0, HOLD), (60.0, TOO_FAR)):
        guide, prompt = advance(guide, _look(now, yaw), RULES)
        assert prompt.text == text


def test_a_mirrored_picture_turns_the_sides() -> None:
    mirrored = Rules(same=0.4, mirrored=True)
    assert pose_label(quality(20.0), RULES) == pose_label(quality(-20.0), mirrored) == Step.LEFT
    assert advance(Guide(), Look(0.0, 1, quality(30.0), (), FACE), mirrored)[1].text.endswith("turn to your left")


def test_two_faces_spoil_what_was_collected_in_the_step() -> None:
    guide, _ = _run([_look(0.0), _look(0.5)])
    assert guide.good == 2
    guide, prompt = advance(guide, Look(0.6, 2), RULES)
    assert guide.good == 0 and guide.best is None and "only one person" in prompt.text


def test_somebody_else_is_refused_after_the_first_step() -> None:
    guide = _obedient(until=1)
    stranger = Look(100.0, 1, quality(18.0), (), unit(99))
    guide, prompt = advance(guide, Look(stranger.monotonic, 1, stranger.quality, (), stranger.embedding), Rules(same=0.4, patience=1e9))
    assert prompt.text == STRANGER and len(guide.takes) == 1


def test_nothing_usable_ends_with_the_commonest_reason() -> None:
    looks = [Look(k * 1.0, 1, quality(), ("too dark: turn to the light",)) for k in range(18)] + [Look(19.0, 0), Look(21.0, 0)]
    guide, prompts = _run(looks)
    assert guide.done(RULES) and guide.failure is not None
    assert "too dark" in guide.failure and "20 s" in guide.failure
    assert prompts[-1].text == guide.failure


def test_a_step_that_cannot_be_done_is_left_out() -> None:
    guide = _obedient(until=1)
    entered = guide.entered or 0.0
    guide, _ = _run((_look(entered + k) for k in range(1, 23)), guide=guide)
    assert guide.skipped == (Step.LEFT,) and guide.step == 2 and guide.failure is None


def test_a_chin_that_cannot_be_measured_is_taken_after_a_while() -> None:
    guide = _obedient(until=3)
    entered = guide.entered or 0.0
    early, _ = _run((_look(entered + 0.1 * k) for k in range(29)), guide=guide)
    assert early.step == 3 and early.best is None
    late, _ = _run((_look(entered + 0.1 * k) for k in range(60)), guide=guide)
    assert late.done(RULES) and late.takes[-1].pose == EXTRA


def _asked_for_up(noses: Iterable[float | None], *, guide: Guide | None = None, every: float = 0.1) -> Guide:
    """From the beginning of the last step on, until it is done."""
    guide = guide or _obedient(until=3)
    entered = guide.entered or 0.0
    for k, nose in enumerate(noses):
        if guide.done(RULES):
            break
        guide, _ = advance(guide, _look(entered + every * k, nose=nose, seed=k), RULES)
    return guide


def test_a_raised_chin_is_seen_against_the_own_straight_look() -> None:
    guide = _asked_for_up([NOSE] * 5 + [RAISED] * 20)
    assert guide.done(RULES) and guide.takes[-1].pose == Step.UP
    # The same heights are nobody's raised chin when they are what the straight look had.
    low = Guide()
    while low.step < 3:
        step = RULES.steps[low.step]
        low, _ = advance(low, _look((low.entered or 0.0) + 0.3 * (low.good + 1), TURNS[step][0], RAISED), RULES)
    assert _asked_for_up([RAISED] * 60, guide=low).takes[-1].pose == EXTRA


def test_one_frame_that_jitters_is_no_raised_chin() -> None:
    noses = [NOSE, NOSE, RAISED, NOSE, NOSE, NOSE, RAISED, NOSE, NOSE, RAISED] * 6
    assert _asked_for_up(noses).takes[-1].pose == EXTRA


def test_a_chin_raised_by_too_little_counts_as_extra() -> None:
    assert _asked_for_up([NOSE - 0.02] * 60).takes[-1].pose == EXTRA


def test_a_chin_that_is_raised_late_replaces_the_extra_picture() -> None:
    guide = _asked_for_up([NOSE] * 32 + [RAISED] * 20)
    assert guide.takes[-1].pose == Step.UP


def test_without_a_measure_everything_goes_on() -> None:
    guide, now = Guide(), 0.0
    while not guide.done(RULES):
        guide, _ = advance(guide, _look(now, TURNS[RULES.steps[guide.step]][0], None), RULES)
        now += 0.1
    assert [t.pose for t in guide.takes] == [Step.STRAIGHT, Step.LEFT, Step.RIGHT, EXTRA] and guide.skipped == ()


def test_when_it_is_over_it_is_over() -> None:
    guide = _obedient()
    again, prompt = advance(guide, Look(999.0, 2), RULES)
    assert again is guide and prompt.share == 1.0 and "thank you" in prompt.text


def test_a_clock_that_runs_backwards_begins_the_step_anew() -> None:
    guide, _ = _run([_look(100.0), _look(100.5), _look(50.0)])
    assert guide.entered == 50.0 and guide.good == 1 and guide.failure is None


LOOKS = st.builds(
    lambda gap, faces, yaw, pitch, sharp, bad, seed: (gap, faces, yaw, pitch, sharp, bad, seed),
    st.floats(0.0, 3.0), st.integers(0, 3), st.floats(-90, 90), st.floats(-60, 60), st.floats(0, 1), st.booleans(), st.integers(0, 3))


@given(st.lists(LOOKS, max_size=80))
def test_whatever_comes_it_ends_in_time_and_takes_only_one_person(steps: list[tuple[float, int, float, float, float, bool, int]]) -> None:
    guide, now, share = Guide(), 0.0, 0.0
    for gap, faces, yaw, pitch, sharp, bad, seed in steps:
        now += gap
        embedding = unit(50) if seed == 3 else near(FACE, 0.8, seed)
        look = Look(now, faces, quality(yaw, pitch, sharp) if faces == 1 else None, ("blurred: hold still",) if bad else (),
                    embedding if faces == 1 and not bad else None)
        before = guide
        guide, prompt = advance(guide, look, RULES)
        assert prompt.text and 0.0 <= prompt.share <= 1.0
        assert guide.step >= before.step and len(guide.takes) + len(guide.skipped) == guide.step
        share = prompt.share
        if faces != 1 or bad:
            assert guide.takes == before.takes
        for one in guide.takes:
            assert one is guide.takes[0] or max(float(one.embedding @ t.embedding) for t in guide.takes if t is not one) >= RULES.same
    if now > 4 * 23.0 + 4 * 3.0 and len(steps) > 8:
        assert guide.done(RULES) or guide.step >= 1
    assert share <= 1.0
    if guide.skipped:
        assert Step.STRAIGHT not in guide.skipped


@pytest.mark.parametrize(("yaw", "label"), [(0.0, "straight"), (15.0, "left"), (-15.0, "right"), (2.0, "straight")])
def test_poses_by_name(yaw: float, label: str) -> None:
    assert pose_label(quality(yaw, 10.0), RULES) == label
