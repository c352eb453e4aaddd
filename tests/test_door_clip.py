"""The whole door on the bundled clip, with real networks, a real store and recorded pins: who is let in, who is seen.

The default settings throughout. Frames and seconds are the clip's own; nothing here is timed.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from edge_face.demo import clip_path, labels_path, people, stills
from edge_face.demo.enrolled import enrolled
from edge_face.demo.replay import Replay
from edge_face.demo.trace import Trace
from edge_face.evaluation.leaks import LabelledFace, Leak, find_leaks, read_labels
from edge_face.privacy.regions import Region
from edge_face.settings import DecisionSettings, Settings

FRAMES = 336
SETTINGS = replace(Settings(), decision=DecisionSettings(assurance="face"))


def play(who: str) -> Trace:
    with enrolled(SETTINGS, who, stills(who)) as door:
        replay = Replay(clip_path("door"), SETTINGS, door.pipeline, door.consenting, door.names)
        for _ in replay.frames():
            pass
        return replay.trace


@pytest.fixture(scope="module")
def labels() -> dict[int, tuple[LabelledFace, ...]]:
    return read_labels(labels_path("door"))


@pytest.fixture(scope="module")
def bens_door() -> Trace:
    return play("ben")


def leaks_of(trace: Trace, labels: dict[int, tuple[LabelledFace, ...]], who: str) -> list[Leak]:
    record = {f.index: [Region.from_json(r) for r in f.regions] for f in trace.frames}
    return find_leaks(record, labels, trace.width, trace.height, shown={who})


def entered_zone(who: str) -> float:
    """The second at which the labelled eyes are first over the zone's share of the width, facing."""
    for line in labels_path("door").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for face in row["faces"]:
            left, right = face["landmarks"]["left_eye"], face["landmarks"]["right_eye"]
            if face["name"] == who and abs(left[0] - right[0]) > SETTINGS.decision.zone * 640 and abs(face["yaw"]) < 25:
                return float(row["t"])
    raise AssertionError(f"{who} never comes near")


def test_ben_is_let_in_once_soon_after_he_comes_near(bens_door: Trace) -> None:
    grants = bens_door.grants()
    assert [bens_door.names[g.person or ""] for g in grants] == ["ben"]
    assert 4.0 <= grants[0].seconds <= 8.0
    assert grants[0].seconds - entered_zone("ben") <= 0.8
    assert any("needed" in reason for reason in grants[0].reasons)


def test_the_pin_moves_for_the_grant_alone_and_back_in_time(bens_door: Trace) -> None:
    assert [(e.pin, e.released) for e in bens_door.edges] == [(SETTINGS.door.lock_pin, True), (SETTINGS.door.lock_pin, False)]
    opened, shut = bens_door.edges
    assert opened.seconds == pytest.approx(bens_door.grants()[0].seconds)
    assert SETTINGS.door.pulse <= shut.seconds - opened.seconds <= SETTINGS.door.pulse + 2 / 15


def test_every_frame_leaves_once_and_in_order(bens_door: Trace) -> None:
    assert [f.index for f in bens_door.frames] == list(range(FRAMES))


def test_nobody_else_is_seen_in_any_frame(bens_door: Trace, labels: dict[int, tuple[LabelledFace, ...]]) -> None:
    assert len(labels) == FRAMES
    assert leaks_of(bens_door, labels, "ben") == []


def test_the_leak_measure_would_notice(bens_door: Trace, labels: dict[int, tuple[LabelledFace, ...]]) -> None:
    assert {leak.name for leak in find_leaks({}, labels, 640, 480, shown={"ben"})} == {"chidi", "hiro"}


def test_ben_is_shown_sharp_once_recognised(bens_door: Trace, labels: dict[int, tuple[LabelledFace, ...]]) -> None:
    sharp = {f.index for f in bens_door.frames if any(not t.hidden and t.person for t in f.tracks)}
    first = next(frame for frame, faces in labels.items() if faces)
    assert first < min(sharp) < 75  # known before he stands at the door
    standing = range(80, 110)
    assert len(sharp & set(standing)) >= 0.9 * len(standing)
    together = range(275, 305)
    assert len(sharp & set(together)) >= 0.8 * len(together)


@pytest.mark.parametrize("who", [name for name in people() if name != "ben"])
def test_with_somebody_else_enrolled_nobody_is_let_in_and_only_they_are_sharp(
        who: str, labels: dict[int, tuple[LabelledFace, ...]]) -> None:
    trace = play(who)
    assert trace.grants() == [] and trace.edges == []
    assert len(trace.frames) == FRAMES
    assert leaks_of(trace, labels, who) == []
    shown = {trace.names[t.person] for f in trace.frames for t in f.tracks if not t.hidden and t.person}
    assert shown <= {who}
    if who == "hiro":  # he stands still, facing, at 28 px between the eyes: near enough to be known
        assert shown == {"hiro"}
