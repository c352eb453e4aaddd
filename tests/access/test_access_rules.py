"""Rules from settings, facts from scenes."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from edge_face.access import Facts, Rules, facts_of
from edge_face.access.facts import face_of
from edge_face.errors import SettingsError
from edge_face.settings import DecisionSettings, DoorSettings
from edge_face.types import Box, Light, Match, Scene, Track, TrackState

MARKS = np.float32([(100, 100), (160, 100), (130, 132), (106, 164), (154, 164)])
TRACK = Track(3, Box(80, 60, 100, 130), MARKS, 0.9, TrackState.CONFIRMED, 9, 0)


def test_rules_are_those_of_the_settings() -> None:
    rules = Rules.from_settings(DecisionSettings(), DoorSettings())
    assert rules == Rules(), "the defaults are written twice"
    changed = Rules.from_settings(DecisionSettings(votes=4, of=9, zone=0.1, fail_again=20.0), DoorSettings(pulse=7.0))
    assert (changed.votes, changed.of, changed.zone, changed.fail_again, changed.pulse) == (4, 9, 0.1, 20.0, 7.0)
    names = {f.name for f in fields(Rules)}
    assert names - {f.name for f in fields(DecisionSettings)} == {"pulse", "max_release"}


def test_a_release_is_never_longer_than_the_longest() -> None:
    assert Rules.from_settings(DecisionSettings(), DoorSettings(pulse=60.0, max_release=30.0)).pulse == 30.0


def test_rules_that_nobody_could_meet_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"decision\.votes"):
        Rules.from_settings(DecisionSettings(votes=6, of=5), DoorSettings())


def test_facts_of_a_scene() -> None:
    match = Match("id-1", "id-1", 0.8, 0.6, 0.1, 5.0)
    track = replace(TRACK, match=match, judged=True, vote="id-1")
    facts = facts_of(Scene(4, 5.0, 1e9, 640, 480, (track, replace(TRACK, id=4)), (), Light.OK), exit_pressed=True)
    assert (facts.monotonic, facts.wall, facts.healthy, facts.exit_pressed) == (5.0, 1e9, True, True)
    known, unknown = facts.faces or ()
    assert known.eye_share == pytest.approx(60 / 640) and abs(known.yaw) < 1
    assert (known.person, known.score, known.threshold, known.judged, known.vote) == ("id-1", 0.8, 0.6, True, "id-1")
    assert (unknown.person, unknown.judged, unknown.vote) == (None, False, None) and not unknown.score >= unknown.threshold


def test_a_frame_embedded_although_it_was_poor_is_not_judged() -> None:
    assert not face_of(replace(TRACK, judged=True, vote="x", failing=("light",)), 640).judged


def test_a_tick_can_be_judged_by_nobody() -> None:
    assert not Facts(1.0, 1.0).judgeable
    assert Facts(1.0, 1.0, ()).judgeable
    assert not Facts(1.0, 1.0, (), light=Light.TOO_DARK).judgeable
