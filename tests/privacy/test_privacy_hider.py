"""Who is hidden: everybody, unless every single condition holds. The conditions are written down here a second time."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pytest
import scenes
from hypothesis import example, given
from hypothesis import strategies as st
from scenes import known, scene, stranger, weak

from edge_face.privacy import Hider, covered_share, mask_of
from edge_face.privacy.hider import same_face
from edge_face.settings import PrivacySettings
from edge_face.types import Box, Scene, Track, TrackState
from edge_face.vision.pose import estimate_pose

SETTINGS = PrivacySettings()
HIDER = Hider(SETTINGS)
BEN = frozenset({"ben"})
FAR = Box(250, 10, 40, 50)


def may_be_sharp(track: Track, where: Scene, consenting: Collection[str]) -> bool:
    """The rules, independent of the code under test, but for what neighbours do."""
    m, q, b = track.match, track.quality, track.box
    return (track.state is TrackState.CONFIRMED and track.missed == 0 and not track.ambiguous
            and m is not None and m.person in consenting and m.score >= m.threshold
            and sum(t.match is not None and t.match.person == m.person for t in where.tracks) == 1
            and track.matched_at is not None and 0 <= where.monotonic - track.matched_at <= SETTINGS.keep
            and q is not None and abs(q.yaw) < SETTINGS.sharp_yaw and abs(estimate_pose(track.landmarks).yaw) < SETTINGS.sharp_yaw
            and b.x >= 1 and b.y >= 1 and b.x + b.width <= where.width - 1 and b.y + b.height <= where.height - 1)


def sharp(where: Scene, consenting: Collection[str] = BEN) -> set[int]:
    hidden = {r.track for r in HIDER.regions(where, consenting)}
    return {t.id for t in where.tracks} - hidden


def test_a_known_consenting_person_is_sharp() -> None:
    assert HIDER.regions(scene(known()), BEN) == ()


@pytest.mark.parametrize(("track", "source", "why"), [
    (known(person=None), "unknown", "not matched"),
    (known(person="eve"), "unknown", "not consenting"),
    (known(score=0.49), "unknown", "below threshold"),
    (known(score=math.nan), "unknown", "below threshold"),
    (known(state=TrackState.TENTATIVE), "unsure", "not confirmed"),
    (known(state=TrackState.COASTING, missed=1), "coasting", "not found"),
    (known(missed=1), "coasting", "not found"),
    (known(ambiguous=True), "unsure", "ambiguous"),
    (known(matched_at=None), "unsure", "match too old"),
    (known(matched_at=8.99), "unsure", "match too old"),
    (known(matched_at=10.01), "unsure", "match too old"),
    (known(matched_at=math.nan), "unsure", "match too old"),
    (known(yaw=46), "unsure", "turned"),
    (known(yaw=-46), "unsure", "turned"),
    (known(judged=False), "unsure", "turned"),
    (replace(known(), landmarks=scenes.landmarks(Box(100, 80, 60, 80), 60)), "unsure", "turned"),
    (replace(known(), landmarks=np.full((5, 2), np.nan, np.float32)), "unsure", "turned"),
    (known(box=Box(-5, 80, 60, 80)), "unsure", "cut"),
    (known(box=Box(100, 0.5, 60, 80)), "unsure", "cut"),
    (known(box=Box(270, 80, 60, 80)), "unsure", "cut"),
    (known(box=Box(100, 170, 60, 80)), "unsure", "cut"),
    (stranger(1, Box(100, 80, 60, 80)), "unknown", "not matched"),
])
def test_one_missing_condition_is_enough_to_be_hidden(track: Track, source: str, why: str) -> None:
    (region,) = HIDER.regions(scene(track), BEN)
    assert (region.source, region.why, region.track) == (source, why, track.id)
    assert covered_share(mask_of([region], scenes.WIDTH, scenes.HEIGHT), track.box) == 1.0


def test_nobody_consents_nobody_is_shown() -> None:
    assert sharp(scene(known()), ()) == set()


def test_two_who_are_taken_for_one_person_are_both_hidden() -> None:
    regions = HIDER.regions(scene(known(1), known(2, FAR)), BEN)
    assert [r.why for r in regions] == ["named twice"] * 2
    # Also when the second is not sharp for other reasons: one of them is not who he seems.
    assert sharp(scene(known(1), known(2, FAR, matched_at=None))) == set()


def test_beside_a_hidden_face_nobody_is_sharp_and_it_goes_on() -> None:
    near, next_to, apart = Box(165, 80, 60, 80), Box(230, 80, 60, 80), Box(10, 10, 30, 40)
    row = scene(known(1), stranger(2, near))
    assert sharp(row) == set()
    ana = known(3, Box(40, 80, 55, 80), person="ana")
    # The stranger's region reaches ben, ben's reaches ana.
    assert sharp(scene(ana, known(1), stranger(2, near)), {"ben", "ana"}) == set()
    assert sharp(scene(known(1), stranger(2, next_to)), BEN) == {1}
    assert sharp(scene(known(1), known(3, apart, person="ana"), stranger(2, near)), {"ben", "ana"}) == {3}


def test_a_weak_detection_beside_a_known_face_is_hidden_and_covers_what_it_reaches_of_it() -> None:
    close, on_it = Box(164, 90, 40, 50), Box(150, 90, 40, 50)
    regions = HIDER.regions(scene(known(), weak=(weak(close),)), BEN)
    assert [r.source for r in regions] == ["weak"] and regions[0].box.intersection(Box(100, 80, 60, 80)) > 0
    assert sharp(scene(known(), weak=(weak(close),))) == {1}
    assert sharp(scene(known(), weak=(weak(on_it),))) == set()


def test_weak_detections_are_hidden_unless_they_are_the_known_face_again() -> None:
    box = Box(100, 80, 60, 80)
    again, photo, other = Box(106, 88, 48, 64), Box(125, 120, 20, 26), Box(20, 20, 30, 40)
    assert same_face(again, box) and not same_face(photo, box)
    assert same_face(box.grown(1.8), box) and not same_face(box.grown(2.1), box) and not same_face(box.moved(25, 25).grown(1.3), box)
    assert HIDER.regions(scene(known(), weak=(weak(again),)), BEN) == ()
    regions = HIDER.regions(scene(known(), weak=(weak(other),)), BEN)
    assert [r.source for r in regions] == ["weak"] and sharp(scene(known(), weak=(weak(other),))) == {1}
    assert sharp(scene(known(), weak=(weak(photo),))) == set()  # a picture held before a known face
    assert sharp(scene(known(), weak=(weak(box.grown(1.8)),))) == {1}
    # Somebody larger where a known face was only expected: that one may be why it was not found.
    covering = scene(known(state=TrackState.COASTING, missed=1), weak=(weak(box.grown(1.8)),))
    assert covered_share(mask_of(HIDER.regions(covering, BEN), scenes.WIDTH, scenes.HEIGHT), box.grown(1.8)) == 1.0
    # When the face itself is hidden, the second look at it is hidden too.
    assert {r.source for r in HIDER.regions(scene(known(matched_at=None), weak=(weak(again),)), BEN)} == {"unsure", "weak"}


def test_a_place_that_is_no_number_hides_everything() -> None:
    for box in (Box(math.nan, 0, 10, 10), Box(0, 0, math.inf, 10)):
        lost = replace(stranger(2, FAR), box=box)
        for where in (scene(known(), lost), scene(known(), weak=(replace(weak(FAR), box=box),))):
            (region,) = HIDER.regions(where, BEN)
            assert region.whole and mask_of([region], where.width, where.height).all()


@given(where=scenes.scenes, consenting=st.sets(st.sampled_from(["ben", "ana", "eve"])))
@example(where=scene(known()), consenting={"ben"})
@example(where=scene(known(), stranger(2, FAR)), consenting={"ben"})
def test_fail_closed(where: Scene, consenting: set[str]) -> None:
    """Whatever does not satisfy all conditions lies whole under the mask, and so does every weak detection elsewhere."""
    regions = HIDER.regions(where, consenting)
    mask = mask_of(regions, where.width, where.height)
    shown = {t.id for t in where.tracks} - {r.track for r in regions}
    for track in where.tracks:
        if track.id in shown:
            assert may_be_sharp(track, where, consenting)
            assert not any(r.box.intersection(track.box) > 0 for r in regions if r.track is not None)
            assert not any(d.box.intersection(track.box) > 0 and not same_face(d.box, track.box) for d in where.weak)
        elif track.box.area > 0:
            assert covered_share(mask, track.box) == 1.0
    boxes = [t.box for t in where.tracks if t.id in shown]
    for detection in where.weak:
        if detection.box.area > 0 and not any(same_face(detection.box, b) for b in boxes):
            assert covered_share(mask, detection.box) == 1.0


@given(where=scenes.scenes)
def test_pure_and_indifferent_to_order(where: Scene) -> None:
    again = replace(where, tracks=where.tracks[::-1], weak=where.weak[::-1])
    first = HIDER.regions(where, BEN)
    assert HIDER.regions(where, BEN) == first
    assert {r.track for r in HIDER.regions(again, BEN)} == {r.track for r in first}


@given(margin=st.floats(0.2, 2), box=st.builds(Box, st.floats(10, 200), st.floats(10, 150), st.floats(1, 100), st.floats(1, 80)))
def test_any_margin_from_a_fifth_holds_the_whole_box(margin: float, box: Box) -> None:
    (region,) = Hider(PrivacySettings(margin=margin)).regions(scene(stranger(1, box)), BEN)
    # Down to the last corner pixel, which a fifth just misses.
    assert covered_share(mask_of([region], scenes.WIDTH, scenes.HEIGHT), box) >= 0.99
