"""Whatever the facts hold: nothing raises, nothing grows, and nothing passes that was not done."""

from __future__ import annotations

import math
from dataclasses import replace

from challenge_bodies import HEAD, SHEET, bent, fact, seen
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_face.access.actions import Action
from edge_face.access.challenge import ChallengeRules, Outcome, advance, start
from edge_face.access.facts import FaceFact
from edge_face.types import LiveVerdict, TrackState

RULES = ChallengeRules(tuple(Action))
LARGEST = 12_000
NUMBERS = st.one_of(st.floats(), st.floats(-1, 2))
POSES = st.builds(lambda body, yaw, pitch, distance, x: seen(body, yaw=yaw, pitch=pitch, distance=distance, x=x),
                  st.sampled_from((HEAD, SHEET, bent(0.08))), st.floats(-60, 60), st.floats(-40, 40), st.floats(0.2, 3),
                  st.floats(-0.3, 0.3))
FACTS = st.builds(
    FaceFact, track=st.sampled_from((1, 1, 1, 2)), state=st.sampled_from(TrackState), eye_share=NUMBERS, yaw=NUMBERS,
    person=st.sampled_from(("p", "p", "q", None)), score=NUMBERS, threshold=NUMBERS, judged=st.booleans(),
    vote=st.sampled_from(("p", "p", "q", None)), ambiguous=st.sampled_from((False, False, False, True)),
    points=st.one_of(POSES, st.lists(NUMBERS, max_size=12).map(tuple)), live=st.sampled_from(LiveVerdict), eyes_open=st.none() | NUMBERS)
STEPS = st.lists(st.tuples(st.none() | FACTS, st.one_of(st.floats(0, 0.2), st.floats()), st.integers(-1, 3)), max_size=60)


@given(actions=st.lists(st.sampled_from(Action), max_size=4, unique=True), steps=STEPS)
@settings(max_examples=100, deadline=None)
def test_no_facts_make_it_raise_or_pass_early(actions: list[Action], steps: list[tuple[FaceFact | None, float, int]]) -> None:
    challenge, now = start(1, "p", tuple(actions), 0.0, RULES), 0.0
    for face, passed, others in steps:
        now += passed
        before = challenge
        challenge = advance(challenge, face, now, RULES, others=others)
        assert before.step <= challenge.step <= before.step + 1
        assert (challenge.outcome is Outcome.FAILED) == (challenge.reason is not None)
        assert challenge.reason is None or challenge.reason.code.startswith("liveness-")
        assert (challenge.outcome is Outcome.PASSED) <= (challenge.step == len(actions) > 0)
        assert len(repr(challenge)) < LARGEST
        assert challenge.evidence.text


@given(st.floats(4, 120), st.lists(st.floats(-0.05, 0.05), min_size=10, max_size=10))
@settings(max_examples=8, deadline=None)
def test_it_stays_small_however_long_it_goes_on(fps: float, noise: list[float]) -> None:
    rules = replace(RULES, seconds=1e9, min_fps=1.0)
    challenge, now = start(1, "p", (Action.LEFT, Action.RIGHT), 0.0, rules), 0.0
    for index in range(400):
        now += 1 / fps
        points = tuple(p + noise[(index + i) % 10] * 0.002 for i, p in enumerate(seen(HEAD, yaw=5 * math.sin(now))))
        challenge = advance(challenge, fact(points), now, rules)
    assert challenge.outcome is Outcome.GOING
    assert len(repr(challenge)) < LARGEST


@given(swing=st.lists(st.tuples(st.floats(-60, 60), st.floats(-40, 40), st.floats(0.35, 1.2)), min_size=2, max_size=6),
       flat=st.booleans(), eyes=st.floats(0.05, 0.12), radius=st.floats(0.08, 1.0))
@settings(max_examples=30, deadline=None)
def test_no_way_of_waving_a_sheet_passes(swing: list[tuple[float, float, float]], flat: bool, eyes: float, radius: float) -> None:
    body = SHEET if flat else bent(radius, eyes)
    for actions in ((Action.LEFT, Action.RIGHT), (Action.LEFT,), (Action.UP, Action.RIGHT)):
        challenge = start(1, "p", actions, 0.0, RULES)
        for index in range(int(15 * len(swing))):
            leg, share = divmod(index / 15, 1.0)
            here, there = swing[int(leg)], swing[min(int(leg) + 1, len(swing) - 1)]
            yaw, pitch, distance = (a + (b - a) * share for a, b in zip(here, there, strict=True))
            challenge = advance(challenge, fact(seen(body, yaw=yaw, pitch=pitch, distance=distance)), (index + 1) / 15, RULES)
        assert challenge.outcome is not Outcome.PASSED
