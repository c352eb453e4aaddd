"""The pipeline with a detector, embedder and gallery of the test's own: who is matched when, and who never."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from pipeline_world import BEN, HEIGHT, HIRO, STEP, WIDTH, Gallery, World, named, person

from edge_face.errors import ModelError
from edge_face.settings import Settings, VisionSettings
from edge_face.types import Box, Detection, Floats, Image, Light, TrackState
from edge_face.vision.align import TEMPLATE
from edge_face.vision.pipeline import MOST_EMBEDDINGS, MOST_FACES


def test_a_known_face_is_matched_in_its_first_good_frame() -> None:
    world = World()
    world.people["ben"] = (BEN, 200, 100, 50, 0.9)
    scene = world.look()
    (track,) = scene.tracks
    assert person(track) == "p1" and track.matched_at == scene.monotonic
    assert track.judged and track.vote == "p1" and track.votes == ("p1",) and track.failing == ()
    assert track.quality is not None and track.quality.eye_distance == pytest.approx(50, rel=0.05)
    assert (scene.width, scene.height, scene.light) == (WIDTH, HEIGHT, Light.OK)
    assert set(scene.timings) >= {"detect", "track", "align", "quality", "embed", "match"}


def test_detection_runs_once_a_frame_at_the_hiding_threshold() -> None:
    world = World()
    for _ in range(5):
        world.look()
    assert world.asked == [0.1] * 5
    own = World(replace(Settings(), vision=VisionSettings(hide_score=0.3, recognise_score=0.8)))
    own.people["weak"] = (BEN, 200, 100, 50, 0.7)
    scene = own.look()
    assert own.asked == [0.3] and scene.tracks == () and len(scene.weak) == 1


def test_a_stranger_is_never_anybody_and_weak_faces_are_not_embedded() -> None:
    world = World()
    world.people["hiro"] = (HIRO, 100, 100, 50, 0.9)
    world.people["weak"] = (BEN, 400, 100, 50, 0.3)
    for _ in range(30):
        scene = world.look()
        assert set(named(scene).values()) == {None} and len(scene.weak) == 1
        assert all(t.matched_at is None for t in scene.tracks)
    assert scene.tracks[0].match is not None and scene.tracks[0].match.best == "p1", "for reasons, the nearest"


def test_a_decided_face_is_looked_at_rarely_and_an_undecided_one_in_every_frame() -> None:
    world = World()
    world.people["ben"] = (BEN, 200, 100, 30, 0.9)
    counts = []
    for _ in range(40):
        world.look()
        counts.append(world.embeddings)
    assert counts[4] == 5, "five votes first"
    assert counts[-1] - counts[4] == pytest.approx(35 * STEP / 0.5, abs=1)
    world.people["ben"] = (BEN, 200, 100, 45, 0.9)
    before = world.embeddings
    for _ in range(6):
        world.look()
    assert world.embeddings - before >= 6, "in the zone every frame until it is settled"
    for _ in range(30):
        world.look()
    assert world.embeddings - before <= 6 + 3 + 30 * STEP / 0.5


def test_forcing_embeds_every_face_in_every_frame() -> None:
    world = World(force_embedding=True)
    world.people["far"] = (BEN, 200, 100, 7, 0.9)
    for _ in range(20):
        world.look()
    assert world.embeddings == 20


@pytest.mark.parametrize("what", ["size", "sharpness"])
def test_faces_that_are_too_small_or_poor_are_not_embedded_and_say_why(what: str) -> None:
    world = World()
    world.people["ben"] = (BEN, 200, 100, 9 if what == "size" else 50, 0.9)
    for _ in range(10):
        frame = world.frame()
        if what == "sharpness":
            frame = replace(frame, image=cv2.GaussianBlur(frame.image, (0, 0), 15))
        scene = world.pipeline.process(frame)
    assert world.embeddings == 0 and what in scene.tracks[0].failing and not scene.tracks[0].judged
    assert scene.tracks[0].match is None


def test_the_detail_stream_is_what_faces_are_aligned_from() -> None:
    world = World()
    world.people["ben"] = (BEN, 200, 100, 10, 0.9)
    scene = world.look(detail=2.4)
    (track,) = scene.tracks
    assert track.quality is not None and track.quality.eye_distance == pytest.approx(24, rel=0.1)
    assert person(track) == "p1" and track.box.x == 200, "boxes stay in the pixels of the frame"


def test_a_lost_face_is_not_matched_and_must_be_proved_when_it_is_back() -> None:
    world = World()
    world.people["ben"] = (BEN, 200, 100, 50, 0.9)
    for _ in range(6):
        world.look()
    del world.people["ben"]
    (track,) = world.look().tracks
    assert track.state is TrackState.COASTING and person(track) is None
    world.people["ben"] = (HIRO, 200, 100, 50, 0.9)
    scene = world.look()
    assert named(scene) == {1: None} and scene.tracks[0].judged, "embedded at once, and it is somebody else"
    for _ in range(5):
        assert named(world.look()) == {1: None}


def test_a_face_that_comes_back_as_itself_is_known_again_at_once() -> None:
    world = World()
    world.people["ben"] = (BEN, 200, 100, 50, 0.9)
    for _ in range(6):
        world.look()
    world.people.clear()
    world.look()
    world.people["ben"] = (BEN, 202, 100, 50, 0.9)
    assert named(world.look()) == {1: "p1"}


def test_another_face_under_the_same_box_loses_the_name_with_its_first_embedding() -> None:
    world = World(replace(Settings(), vision=VisionSettings(embed_every=0.0)))
    world.people["ben"] = (BEN, 200, 100, 50, 0.9)
    for _ in range(10):
        world.look()
    world.people["ben"] = (HIRO, 200, 100, 50, 0.9)
    for _ in range(10):
        scene = world.look()
        assert named(scene) == {1: None}
    assert scene.tracks[0].matched_at is None and set(scene.tracks[0].votes) == {None}


def test_when_two_faces_lie_on_each_other_both_lose_their_names() -> None:
    world = World(enrolled=(BEN, HIRO))
    world.people["ben"] = (BEN, 100, 100, 50, 0.9)
    world.people["hiro"] = (HIRO, 400, 100, 50, 0.9)
    for _ in range(6):
        scene = world.look()
    assert named(scene) == {1: "p1", 2: "p2"}
    for x in range(110, 260, 15):
        world.people["ben"] = (BEN, x, 100, 50, 0.9)
        world.people["hiro"] = (HIRO, 500 - x, 100, 50, 0.9)
        if 500 - 2 * x < 100:
            world.people.pop("hiro")
        scene = world.look()
        for track in scene.tracks:
            if track.ambiguous:
                assert person(track) is None and track.votes == () and track.matched_at is None
    assert any(t.ambiguous for t in scene.tracks)
    world.people["ben"] = (BEN, 250, 100, 50, 0.9)
    names = [named(world.look()) for _ in range(25)]
    assert "p1" in names[-1].values(), "and is recognised again once the doubt is over"


def test_matched_at_follows_the_frames_that_agree() -> None:
    world = World(replace(Settings(), vision=VisionSettings(embed_every=0.3)))
    world.people["ben"] = (BEN, 200, 100, 30, 0.9)
    for _ in range(40):
        scene = world.look()
        (track,) = scene.tracks
        assert track.matched_at is not None and scene.monotonic - track.matched_at <= 0.3 + STEP + 1e-6


def test_a_new_gallery_is_matched_at_once_and_has_to_be_proved() -> None:
    world = World()
    world.people["ben"] = (BEN, 200, 100, 30, 0.9)
    for _ in range(20):
        world.look()
    world.pipeline.gallery = Gallery([])
    scene = world.look()
    assert named(scene) == {1: None} and scene.tracks[0].matched_at is None
    world.pipeline.gallery = Gallery([BEN])
    assert named(world.look()) == {1: "p1"}


def test_what_was_known_of_a_face_is_overwritten_when_it_leaves() -> None:
    kept: list[Floats] = []

    class Keeping(World):
        def embed(self, aligned: Image) -> Floats:
            kept.append(super().embed(aligned))
            return kept[-1]

    world = Keeping()
    world.people["hiro"] = (HIRO, 200, 100, 50, 0.9)
    for _ in range(12):
        world.look()
    assert any(k.any() for k in kept)
    world.people.clear()
    for _ in range(20):
        world.look()
    assert kept and not any(k.any() for k in kept)
    world.people["hiro"] = (HIRO, 200, 100, 50, 0.9)
    world.look()
    world.pipeline.reset()
    assert not kept[-1].any()
    assert [t.id for t in world.look().tracks] == [3], "ids go on"


@pytest.mark.parametrize("part", ["detector", "embedder"])
def test_a_fault_is_raised_and_the_next_frame_works(part: str) -> None:
    world = World()
    world.people["ben"] = (BEN, 200, 100, 50, 0.9)
    world.broken = part
    with pytest.raises(ModelError):
        world.look()
    world.broken = ""
    assert named(world.look()) == {1: "p1"}


def test_darkness_is_said() -> None:
    world = World(wall=60)
    assert world.look(dark=True).light is Light.TOO_DARK
    assert world.look().light is Light.OK


def test_a_poster_full_of_faces_costs_a_bounded_amount_and_the_near_face_comes_first() -> None:
    world = World()
    for i in range(50):
        world.people[f"poster{i}"] = (HIRO, 8 + 62 * (i % 10), 8 + 50 * (i // 10), 13, 0.9)
    world.people["ben"] = (BEN, 330, 300, 50, 0.9)
    before = 0
    for _ in range(5):
        scene = world.look()
        assert world.embeddings - before <= MOST_EMBEDDINGS
        before = world.embeddings
        assert sum(t.quality is not None for t in scene.tracks) <= MOST_FACES
        assert "p1" in named(scene).values()


def test_the_sweep_adds_small_faces_and_no_second_boxes() -> None:
    class Sweep:
        recognise, hide = 0.5, 0.1
        calls = 0

        def detect(self, image: Image, threshold: float) -> list[Detection]:
            self.calls += 1
            return [Detection(d.box.moved(2, 0), d.landmarks, 0.8) for d in world.detect(image, threshold)] + [
                Detection(Box(500, 20, 12, 14), (TEMPLATE * 0.1 + (500, 20)).astype(np.float32), 0.8)]

    sweep = Sweep()
    world = World(replace(Settings(), vision=VisionSettings(sweep_every=3)), sweep=sweep)
    world.people["ben"] = (BEN, 200, 100, 50, 0.9)
    scenes = [world.look() for _ in range(9)]
    assert sweep.calls == 3
    assert [len(s.tracks) for s in scenes] == [1, 1, 2, 2, 2, 2, 2, 2, 2]


def test_landmarks_that_make_no_face_are_hidden_and_not_embedded() -> None:
    class Spots(World):
        def detect(self, image: Image, threshold: float) -> list[Detection]:
            return [Detection(Box(100, 100, 60, 70), np.full((5, 2), 130, np.float32), 0.9)]

    world = Spots()
    (track,) = world.look().tracks
    assert track.quality is None and not track.judged and world.embeddings == 0


def test_memory_holds_nothing_but_the_faces_in_view() -> None:
    world = World(enrolled=())
    for i in range(120):
        world.people = {"a": (HIRO, (37 * i) % 500, (53 * i) % 300, 40, 0.9)}
        world.look(step=0.7)
    assert len(world.pipeline._faces) <= 4


@pytest.mark.parametrize(("who", "left"), [(BEN, 0), (HIRO, 1)])
def test_a_weak_box_around_a_recognised_face_is_that_face_and_around_a_stranger_it_stays(who: int, left: int) -> None:
    class Haloed(World):
        def detect(self, image: Image, threshold: float) -> list[Detection]:
            (face,) = super().detect(image, threshold)
            return [face, Detection(face.box.grown(1.6), face.landmarks, 0.2)]

    world = Haloed()
    world.people["x"] = (who, 200, 100, 50, 0.9)
    for _ in range(4):
        scene = world.look()
    assert len(scene.weak) == left
