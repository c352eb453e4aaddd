"""The bundled clips through our own detector: ben's head passes, ben's print turned the same way does not."""

from __future__ import annotations

from functools import cache

import pytest

from edge_face.access.actions import Action, orders
from edge_face.access.challenge import Challenge, ChallengeRules, Outcome, advance, start
from edge_face.access.facts import FaceFact
from edge_face.access.parallax import relief_of, shape_of
from edge_face.demo import clip_path
from edge_face.media import VideoReader
from edge_face.service.models import load_models
from edge_face.settings import Settings
from edge_face.types import TrackState

pytest.importorskip("ai_edge_litert")
RULES = ChallengeRules()
FPS = 15.0


@cache
def faces(clip: str) -> tuple[tuple[float, ...], ...]:
    """The landmarks of the largest face of each picture, in widths of the picture."""
    detector = load_models(Settings().vision).detector
    found = []
    with VideoReader(clip_path(clip)) as video:
        for _, _, image in video:
            largest = max(detector.detect(image, detector.recognise), key=lambda d: d.box.area)
            found.append(tuple((largest.landmarks / image.shape[1]).reshape(-1).tolist()))
    return tuple(found)


def play(clip: str, actions: tuple[Action, ...], begin: float) -> Challenge:
    """The challenge as it ends, from `begin` seconds of the clip on, each picture naming the person."""
    challenge = start(1, "p", actions, begin, RULES)
    for index, points in enumerate(faces(clip)):
        if index / FPS > begin:
            face = FaceFact(1, TrackState.CONFIRMED, 0.09, 0.0, "p", 0.9, 0.6, "p", True, "p", points=points)
            challenge = advance(challenge, face, index / FPS, RULES)
    return challenge


@pytest.mark.parametrize("begin", [0.4, 0.5, 0.6])
def test_the_head_that_turns_left_then_right_passes_before_five_seconds(begin: float) -> None:
    done = play("turn_live", (Action.LEFT, Action.RIGHT), begin)
    assert done.outcome is Outcome.PASSED
    assert done.last <= 4.7


@pytest.mark.parametrize("begin", [0.4, 0.6, 1.0])
@pytest.mark.parametrize("actions", orders((Action.LEFT, Action.RIGHT), 2))
def test_the_print_that_is_turned_the_same_way_fails_as_a_plane(actions: tuple[Action, ...], begin: float) -> None:
    failed = play("turn_print", actions, begin)
    assert failed.outcome is Outcome.FAILED
    assert failed.reason is not None and failed.reason.code == "liveness-plane"


def test_the_head_fails_every_other_order() -> None:
    for actions in orders(RULES.actions, 2):
        assert (play("turn_live", actions, 0.5).outcome is Outcome.PASSED) == (actions == (Action.LEFT, Action.RIGHT)), actions


@pytest.mark.parametrize("clip", ["turn_print", "spoof_print", "spoof_screen"])
def test_no_sheet_and_no_screen_passes_any_order(clip: str) -> None:
    for actions in orders((*RULES.actions, Action.NEARER), 2):
        assert play(clip, actions, 0.5).outcome is not Outcome.PASSED, actions


def test_the_nose_stands_out_of_the_head_and_not_of_the_print() -> None:
    relief = {}
    for clip in ("turn_live", "turn_print"):
        shapes = [shape for points in faces(clip) if (shape := shape_of(points))]
        relief[clip] = relief_of([(s.across, s.narrowness) for s in shapes])
    assert 0.4 < relief["turn_live"].relief < 0.7
    assert relief["turn_live"].span > 0.6
    assert relief["turn_print"].span < 0.08
