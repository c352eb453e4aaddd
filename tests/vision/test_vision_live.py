"""The verdict over a track: from how many looks on, at which score, and what makes everything start anew."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from live_fakes import CUES, ROWS, THRESHOLDS, bundle, face, room, somebody, track

from edge_face.errors import ModelError
from edge_face.types import Box, Image, Liveness, LiveVerdict
from edge_face.vision.bundle import load_bundle
from edge_face.vision.live import ENOUGH, EVERY, MOST_TRACKS, SETTLED, LivenessJudge, LiveNetwork
from edge_face.vision.live_fusion import MOST_TERM, NEVER, Fusion, limits, rows_of
from edge_face.vision.live_track import LOOKS, LiveTrack


def judge(folder: Path, **more: float) -> LivenessJudge:
    return LivenessJudge(load_bundle(bundle(folder), "liveness"), **more)


def light(level: int) -> Image:
    """A wall; the network takes a light one for life."""
    return np.full((480, 640, 3), level, np.uint8)


def look(judging: LivenessJudge, image: Image, times: int = 1, start: float = 0.0, number: int = 1) -> Liveness:
    box, points = face(320, 240)
    for n in range(times):
        found = judging.look(number, image, track(box, points), start + n / 15)
    return found


def test_there_is_no_verdict_before_enough_looks(tmp_path: Path) -> None:
    judging = judge(tmp_path)
    for number in range(1, ENOUGH):
        found = look(judging, light(250))
        assert (found.verdict, found.frames) == (LiveVerdict.UNKNOWN, number)
    assert look(judging, light(250)).verdict is LiveVerdict.LIVE


@pytest.mark.parametrize(("level", "verdict"), [(250, LiveVerdict.LIVE), (5, LiveVerdict.ATTACK), (130, LiveVerdict.UNSURE)])
def test_the_score_gives_the_verdict(tmp_path: Path, level: int, verdict: LiveVerdict) -> None:
    found = look(judge(tmp_path), light(level), 8)
    assert found.verdict is verdict and 0.0 <= found.score <= 1.0
    assert ("network" in found.against) == (verdict is LiveVerdict.ATTACK)


def test_the_owner_chooses_the_rate(tmp_path: Path) -> None:
    home = bundle(tmp_path)
    rates = {rate: LivenessJudge(load_bundle(home, "liveness"), bpcer=rate) for rate in (0.005, 0.02, 0.05, 0.2)}
    assert [j.attack_threshold for j in rates.values()] == [0.2, 0.2, 0.4, 0.7]
    assert [j.threshold for j in rates.values()] == [0.7] * 4, "alive from where few attacks pass, whatever the owner wants"
    assert rates[0.05].still_threshold == 0.4


def test_without_any_safe_score_nobody_is_called_alive() -> None:
    rows = rows_of({"rows": [{"score": 0.3, "bpcer": 0.01, "apcer": 0.5}, {"score": 0.6, "bpcer": 0.1, "apcer": 0.2}]})
    assert limits(rows, 0.05) == (0.3, NEVER)


@pytest.mark.parametrize("thresholds", [{}, {"passive": {"rows": ROWS}}, {"fusion": {"bias": 0.0, "cues": CUES, "rows": ROWS}}])
def test_a_bundle_that_was_not_measured_judges_nobody(tmp_path: Path, thresholds: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        LivenessJudge(load_bundle(bundle(tmp_path, thresholds), "liveness"))


def test_a_bundle_for_something_else_is_refused() -> None:
    with pytest.raises(ModelError, match="not for 'liveness'"):
        LiveNetwork(load_bundle("", "embedder"))


def test_cues_that_could_not_be_measured_add_nothing() -> None:
    fusion = Fusion.of(THRESHOLDS, 0.05)
    assert fusion.score({}) == 0.5
    assert fusion.score({"network": 2.0}) == fusion.score({"network": 2.0, "border": None, "surroundings": None})
    assert fusion.score({"network": 2.0, "surroundings": 1.0}) < fusion.score({"network": 2.0})
    assert fusion.score({"network": 1e9}) == fusion.score({"network": 8.0}), "one mad cue says no more than four scales"
    assert max(abs(term) for term in fusion.terms({"network": -9e9, "surroundings": 9e9}).values()) == MOST_TERM
    assert fusion.against({"network": 8.0, "surroundings": 2.0, "border": 2.0}) == ("surroundings", "border")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_never_alive(tmp_path: Path, value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    judging = judge(tmp_path)
    monkeypatch.setattr(LiveTrack, "cues", lambda self: {"network": 3.0, "surroundings": value})
    found = look(judging, light(250), 8)
    if math.isfinite(found.score) and value != math.inf and not math.isnan(value):
        assert found.verdict is LiveVerdict.LIVE  # far below the centre is a cue like another, clipped
    else:
        assert found.verdict is not LiveVerdict.LIVE and math.isfinite(found.score)


def test_a_box_without_numbers_raises_and_leaves_the_judge_usable(tmp_path: Path) -> None:
    judging = judge(tmp_path)
    box, points = face(320, 240)
    with pytest.raises(ModelError):
        judging.look(1, light(200), track(Box(math.nan, 0, 10, 10), points), 0.0)
    with pytest.raises(ModelError):
        judging.look(1, light(200), track(Box(0, 0, 0, 0), points), 0.0)
    assert judging.look(1, light(250), track(box, np.full((5, 2), np.nan, np.float32)), 0.1).verdict is LiveVerdict.UNKNOWN


@pytest.mark.parametrize("bar", ["glasses", "mask", "both"])
def test_black_bars_over_a_face_never_raise(tmp_path: Path, bar: str) -> None:
    judging = judge(tmp_path)
    for number in range(10):
        image, box, points = somebody(room(), 300 + 5 * number, 240, sheet=False)
        if bar != "mask":
            image[round(points[0, 1]) - 12:round(points[0, 1]) + 12, round(box.x):round(box.x + box.width)] = 0
        if bar != "glasses":
            image[round(points[2, 1]):round(box.y + box.height), round(box.x):round(box.x + box.width)] = 0
        found = judging.look(1, image, track(box, points), number / 15)
        judging.eyes(1, None)
    assert isinstance(found.verdict, LiveVerdict) and math.isfinite(found.score)


def test_a_track_that_was_forgotten_starts_from_nothing(tmp_path: Path) -> None:
    judging = judge(tmp_path)
    assert look(judging, light(250), 8).verdict is LiveVerdict.LIVE
    judging.forget(1)
    assert look(judging, light(250)).verdict is LiveVerdict.UNKNOWN
    assert look(judging, light(250), 8, number=2).verdict is LiveVerdict.LIVE
    judging.clear()
    assert look(judging, light(250), number=2).frames == 1
    judging.forget(77)


def test_tracks_do_not_share_what_is_known(tmp_path: Path) -> None:
    judging = judge(tmp_path)
    assert look(judging, light(250), 8, number=1).verdict is LiveVerdict.LIVE
    assert look(judging, light(5), 8, number=2).verdict is LiveVerdict.ATTACK
    assert look(judging, light(250), 1, 1.0, number=1).verdict is LiveVerdict.LIVE


def test_what_is_swapped_in_tells_within_the_window(tmp_path: Path) -> None:
    judging = judge(tmp_path)
    look(judging, light(250), LOOKS)
    assert look(judging, light(5), LOOKS, 2.0).verdict is LiveVerdict.ATTACK


def test_looks_are_frequent_at_first_and_after_a_pause(tmp_path: Path) -> None:
    judging = judge(tmp_path)
    assert judging.wants(1, 0.0)
    look(judging, light(250), SETTLED)
    last = (SETTLED - 1) / 15
    assert not judging.wants(1, last + 0.5 * EVERY) and judging.wants(1, last + EVERY)
    assert judging.wants(1, last - 1.0), "a clock that went back"
    look(judging, light(250), 1, last + 2.0)
    assert judging.wants(1, last + 2.05), "who comes back after a while is looked at anew"


def test_memory_is_bounded(tmp_path: Path) -> None:
    judging = judge(tmp_path)
    for number in range(MOST_TRACKS + 20):
        look(judging, light(250), number=number)
    assert len(judging._tracks) == MOST_TRACKS
    memory = judging._tracks[MOST_TRACKS + 19]
    look(judging, light(250), 200, number=MOST_TRACKS + 19)
    for _ in range(500):
        judging.eyes(MOST_TRACKS + 19, 0.5)
    assert len(memory._tones) <= LOOKS and len(memory._earlier) <= 3 and len(memory._eyes) <= 60
    assert len(memory._values) == LOOKS


def test_only_cues_that_are_weighed_are_measured() -> None:
    box, points = face(320, 240)
    chosen, every = LiveTrack({"network"}), LiveTrack()
    for number in range(12):
        for memory in (chosen, every):
            memory.look(room(), box, points, 0.7, number / 15)
    assert {name for name, value in chosen.cues().items() if value is not None} == {"network"}
    assert {"moire", "border", "highlights", "flicker", "banding"} <= {name for name, value in every.cues().items() if value is not None}


def test_still_pictures_have_no_memory(tmp_path: Path) -> None:
    judging = judge(tmp_path)
    box, _ = face(320, 240)
    assert judging.still(light(250), box) > 0.9 > 0.1 > judging.still(light(5), box)
    assert judging._tracks == {}


def test_a_face_on_a_sheet_scores_below_the_same_face_without(tmp_path: Path) -> None:
    scores = []
    for sheet in (False, True):
        judging = judge(tmp_path)
        for number in range(12):
            image, box, points = somebody(room(), 280 + 8 * number, 240 + 3 * number, sheet=sheet)
            found = judging.look(1, image, replace(track(box, points), age=number), number / 15)
        scores.append(found.score)
    assert scores[0] > scores[1] + 0.1
