"""The tracker: identities of boxes, coasting, crossing, and what it must survive."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_face.errors import ModelError
from edge_face.types import Box, Detection, Track, TrackState
from edge_face.vision.tracker import LIMIT, MOST_GROWTH, Tracked, Tracker

SIZE = (640, 480)
STEP = 1 / 15
MARKS = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)])


def face(x: float, y: float, side: float = 60.0, score: float = 0.9) -> Detection:
    """A face whose box has its upper left corner at (x, y)."""
    return Detection(Box(x, y, side, side * 1.25), (MARKS * (side, side * 1.25) + (x, y)).astype(np.float32), score)


class Run:
    """A tracker fed frame by frame."""

    def __init__(self, keep: float = 1.0) -> None:
        self.tracker = Tracker(recognise=0.5, keep=keep)
        self.now = 100.0

    def __call__(self, *found: Detection, step: float = STEP) -> Tracked:
        self.now += step
        return self.tracker.update(found, self.now, SIZE)


def only(tracked: Tracked) -> Track:
    (track,) = tracked.tracks
    return track


def test_a_face_is_believed_after_three_frames_and_keeps_its_id() -> None:
    run = Run()
    states = [only(run(face(100 + 5 * i, 100))) for i in range(5)]
    assert [t.state for t in states] == [TrackState.TENTATIVE] * 2 + [TrackState.CONFIRMED] * 3
    assert {t.id for t in states} == {1}
    assert [t.age for t in states] == [1, 2, 3, 4, 5]


def test_a_lost_face_goes_on_where_it_was_going_and_grows_with_every_frame() -> None:
    run = Run()
    for i in range(10):
        last = only(run(face(100 + 12 * i, 100)))
    lost = [only(run()) for _ in range(8)]
    assert all(t.state is TrackState.COASTING and t.id == last.id for t in lost)
    assert [t.missed for t in lost] == list(range(1, 9))
    areas = [last.box.area] + [t.box.area for t in lost]
    assert all(b > a for a, b in itertools.pairwise(areas))
    assert lost[-1].box.width <= last.box.width * MOST_GROWTH + 1e-6
    for n, track in enumerate(lost, 1):
        true = last.box.moved(12 * n, 0)
        assert track.box.intersection(true) > 0.95 * true.area
    assert np.allclose(lost[3].landmarks - last.landmarks, (48, 0), atol=12)


def test_a_lost_face_is_given_up_after_keep_seconds() -> None:
    run = Run(keep=0.5)
    for _ in range(4):
        run(face(200, 200))
    alive = [len(run().tracks) for _ in range(12)]
    assert alive == [1] * 7 + [0] * 5


def test_a_face_that_left_the_picture_ends_only_when_it_is_out() -> None:
    run = Run(keep=5.0)
    for i in range(8):
        run(face(400 + 20 * i, 100))
    ends = [bool(run().tracks) for _ in range(30)]
    assert ends[0] and not ends[-1]
    boxes_inside = sum(ends)
    # At 300 px a second and with a growing box it needs 80 px and more to be out.
    assert 4 <= boxes_inside <= 20


def test_ids_are_not_used_again() -> None:
    run = Run(keep=0.2)
    first = only(run(face(100, 100))).id
    for _ in range(10):
        run()
    assert only(run(face(100, 100))).id == first + 1


def test_a_weak_detection_keeps_a_track_alive_but_makes_none() -> None:
    run = Run()
    for _ in range(4):
        run(face(100, 100))
    kept = run(face(101, 100, score=0.2), face(400, 300, score=0.3))
    assert only(kept).state is TrackState.CONFIRMED and only(kept).score == pytest.approx(0.2)
    assert [d.box.x for d in kept.weak] == [400]
    for _ in range(20):
        hidden = run(face(101, 100, score=0.2), face(400, 300, score=0.3))
        assert len(hidden.tracks) == 1 and len(hidden.weak) == 1


def test_a_weak_entry_that_is_seen_clearly_becomes_a_track_once() -> None:
    run = Run()
    assert run(face(400, 300, score=0.3)).tracks == ()
    risen = run(face(402, 300, score=0.9))
    assert only(risen).id == 1 and risen.weak == ()


def test_a_weak_face_stays_hidden_for_a_moment_when_it_flickers() -> None:
    run = Run()
    for _ in range(5):
        run(face(400, 300, score=0.3))
    gone = [run().weak for _ in range(20)]
    assert all(len(weak) == 1 for weak in gone[:10]) and gone[-1] == ()
    single = Run()
    single(face(400, 300, score=0.3))
    assert sum(bool(single().weak) for _ in range(20)) <= 4


def test_a_weak_second_box_on_a_clear_face_is_dropped_and_a_small_one_inside_it_is_not() -> None:
    tracked = Run()(face(100, 100, 120), face(102, 101, 118, score=0.4), face(120, 120, 40, score=0.4))
    assert len(tracked.tracks) == 1 and [d.box.width for d in tracked.weak] == [40]


def test_two_people_side_by_side_keep_their_ids() -> None:
    run = Run()
    for i in range(30):
        tracked = run(face(100 + i, 100), face(190 + i, 110))
    assert {t.id: round(t.box.x) for t in tracked.tracks} == {1: 129, 2: 219}
    assert not any(t.ambiguous for t in tracked.tracks)


def test_people_who_pass_each_other_keep_their_ids_or_are_ambiguous() -> None:
    """Same height, opposite directions: the one behind is not found while they overlap."""
    run = Run()
    ambiguous = set()
    for i in range(40):
        left, right = face(100 + 8 * i, 200), face(420 - 8 * i, 204)
        found = [left, right] if left.box.iou(right.box) < 0.35 else [left]
        for track in run(*found).tracks:
            if track.ambiguous:
                ambiguous.add(track.id)
    after = {t.id: t.box.x for t in run(face(420, 200), face(100, 204)).tracks}
    swapped = after.get(1, 420) < 250 or after.get(2, 100) > 250
    assert not swapped or ambiguous >= {1, 2}
    assert ambiguous >= {1, 2}


def test_someone_far_behind_does_not_disturb_the_one_in_front() -> None:
    """As in the bundled clip: a smaller face passes behind, lower down, and is lost meanwhile."""
    run = Run()
    ids, ambiguous = [], False
    for i in range(16):
        behind = face(-30 + 30 * i, 225, 50, 0.8)
        found = [face(145, 154, 79, 0.95)]
        if behind.box.intersection(found[0].box) == 0:
            found.append(behind)
        tracked = run(*found)
        ids.append(min(t.id for t in tracked.tracks if t.box.iou(found[0].box) > 0.9))
        ambiguous |= any(t.ambiguous for t in tracked.tracks if t.id == ids[0])
    assert set(ids) == {ids[0]} and not ambiguous
    assert len(tracked.tracks) == 2, "and the one behind is found again as the same track"


def test_a_face_somewhere_else_than_expected_is_to_be_proved() -> None:
    run = Run()
    for _ in range(6):
        assert run(face(200, 200)).unsure == frozenset() or run.now < 100.2
    jumped = run(face(232, 200))
    assert jumped.unsure == {only(jumped).id}
    run()
    back = run(face(232, 200))
    assert back.unsure == {only(back).id}


def test_after_a_pause_nobody_is_who_they_were() -> None:
    run = Run()
    for _ in range(4):
        run(face(200, 200))
    assert only(run(face(200, 200), step=0.7)).ambiguous
    assert not only(run(face(200, 200))).ambiguous


def test_a_time_that_runs_backwards_keeps_nobody_for_ever() -> None:
    run = Run()
    for _ in range(4):
        run(face(200, 200))
    assert only(run(face(200, 200), step=-50.0)).ambiguous
    for _ in range(40):
        tracked = run()
    assert tracked.tracks == ()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["x", "width", "score", "landmark", "time"])
def test_what_is_not_a_number_is_refused_and_changes_nothing(bad: float, where: str) -> None:
    run = Run()
    for _ in range(3):
        run(face(200, 200))
    good = face(201, 200)
    box, marks, score = good.box, good.landmarks.copy(), good.score
    if where == "x":
        box = Box(bad, 200, 60, 75)
    elif where == "width":
        box = Box(200, 200, bad, 75)
    elif where == "score":
        score = bad
    elif where == "landmark":
        marks[2, 1] = bad
    with pytest.raises(ModelError):
        run.tracker.update([Detection(box, marks, score)], bad if where == "time" else run.now + STEP, SIZE)
    assert only(run(face(202, 200))).age == 4


def test_a_thousand_faces_are_bounded_and_none_of_them_is_lost_from_sight() -> None:
    run = Run()
    rng = np.random.default_rng(3)
    for _ in range(3):
        found = [face(float(x), float(y), 12, float(s)) for x, y, s in
                 zip(rng.uniform(0, 6400, 1000), rng.uniform(0, 4800, 1000), rng.uniform(0.2, 1.0, 1000), strict=True)]
        tracked = run(*found)
        assert len(tracked.tracks) <= LIMIT
        boxes = [t.box for t in tracked.tracks] + [d.box for d in tracked.weak]
        hidden = {(round(b.x, 3), round(b.y, 3)) for b in boxes}
        missing = [d for d in found if (round(d.box.x, 3), round(d.box.y, 3)) not in hidden
                   and not any(b.intersection(d.box) > 0.3 * d.box.area for b in boxes)]
        assert not missing
    near = run(face(300, 200, 150), *found)
    assert any(t.box.width == 150 for t in near.tracks), "a full house must not keep the one at the door out"


def test_clear_forgets_everybody_but_never_reuses_an_id() -> None:
    run = Run()
    run(face(10, 10))
    run.tracker.clear()
    assert only(run(face(10, 10))).id == 2


numbers = st.floats(-400, 1000, allow_nan=False)
detections = st.builds(face, numbers, numbers, st.floats(0.0, 500), st.floats(0.01, 1.0))
frames = st.lists(st.tuples(st.lists(detections, max_size=8), st.floats(-0.2, 1.5)), max_size=12)


@settings(max_examples=120, deadline=None)
@given(frames)
def test_any_detections_give_bounded_unique_deterministic_tracks(sequence: list[tuple[list[Detection], float]]) -> None:
    one, two = Tracker(0.5, 1.0), Tracker(0.5, 1.0)
    now, newest, gone, alive = 0.0, 0, set[int](), set[int]()
    for found, step in sequence:
        now += step
        a, b = one.update(found, now, SIZE), two.update(found, now, SIZE)
        ids = [t.id for t in a.tracks]
        assert len(set(ids)) == len(ids) <= LIMIT
        assert not set(ids) & gone, "an id came back"
        fresh = set(ids) - alive
        assert all(i > newest for i in fresh), "an id was used again"
        gone |= alive - set(ids)
        alive, newest = set(ids), max([newest, *ids])
        assert a.unsure <= alive
        for track in a.tracks:
            assert (track.missed > 0) == (track.state is TrackState.COASTING)
            assert np.isfinite(track.landmarks).all() and track.box.area > 0
        assert [(t.id, t.box, t.state, t.ambiguous) for t in a.tracks] == [(t.id, t.box, t.state, t.ambiguous) for t in b.tracks]
        assert [(d.box, d.score) for d in a.weak] == [(d.box, d.score) for d in b.weak]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(detections, max_size=6), min_size=1, max_size=10))
def test_every_detection_is_covered_by_something_that_is_hidden_or_tracked(sequence: list[list[Detection]]) -> None:
    tracker = Tracker(0.5, 1.0)
    for i, found in enumerate(sequence):
        tracked = tracker.update(found, i * STEP, SIZE)
        boxes = [t.box for t in tracked.tracks] + [d.box for d in tracked.weak]
        for d in found:
            if d.box.width >= 1 and d.box.height >= 1:
                assert any(b.iou(d.box) > 0.45 or b.intersection(d.box) > 0.7 * d.box.area for b in boxes)
