"""Quality of single faces: known people, made worse in known ways."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from posed_stills import Posed, posed_stills

from edge_face.settings import VisionSettings
from edge_face.types import Floats, Image, Light, Quality
from edge_face.vision.align import TEMPLATE, align
from edge_face.vision.light import judge_light
from edge_face.vision.pose import estimate_pose
from edge_face.vision.quality import ENROLMENT, Limits, advice, assess, failing

STILLS = list(posed_stills())


def of(image: Image, landmarks: Floats, covered: float = 0.0) -> Quality:
    return assess(align(image, landmarks), landmarks, covered)


@pytest.fixture(scope="module")
def front() -> tuple[Image, Floats]:
    (still,) = [s for s in STILLS if s.person == "ben" and s.file == "front.jpg"]
    return still.image, still.landmarks


@pytest.mark.parametrize("still", STILLS, ids=[f"{s.person}-{s.file}" for s in STILLS])
def test_enrolment_stills_of_all_skins_and_ages_are_good_enough(still: Posed) -> None:
    quality = of(still.image, still.landmarks)
    assert failing(quality, ENROLMENT) == () and advice(quality) == ()
    assert all(0.0 <= v <= 1.0 for v in (quality.sharpness, quality.light, quality.pose, quality.size, quality.occlusion))


def test_yaw_is_right_within_a_few_degrees_and_has_the_right_sign() -> None:
    errors = [estimate_pose(s.landmarks).yaw - s.yaw for s in STILLS]
    assert np.mean(np.abs(errors)) < 2.5 and np.max(np.abs(errors)) < 8
    assert {math.copysign(1, estimate_pose(s.landmarks).yaw) for s in STILLS if s.file == "left.jpg"} == {1.0}


def test_pitch_goes_up_with_the_chin() -> None:
    by = {(s.person, s.file): estimate_pose(s.landmarks).pitch for s in STILLS}
    people = {s.person for s in STILLS}
    assert all(by[p, "up.jpg"] > by[p, "front.jpg"] + 5 for p in people)


@pytest.mark.parametrize("angle", [-60, -20, 0, 35])
def test_roll_is_measured_and_changes_nothing_else(angle: float) -> None:
    turn = cv2.getRotationMatrix2D((56, 66), -angle, 1.0)
    points = (TEMPLATE @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    straight, rolled = estimate_pose(TEMPLATE.astype(np.float32)), estimate_pose(points)
    assert rolled.roll == pytest.approx(straight.roll + angle, abs=0.1)
    assert rolled.yaw == pytest.approx(straight.yaw, abs=0.1) and rolled.pitch == pytest.approx(straight.pitch, abs=0.1)


def test_blur_lowers_sharpness_step_by_step_until_the_face_is_refused(front: tuple[Image, Floats]) -> None:
    image, landmarks = front
    eye = estimate_pose(landmarks).eye_distance
    blurs = [of(cv2.GaussianBlur(image, (0, 0), s * eye / 35), landmarks).sharpness for s in (0.5, 2.0, 3.0, 4.5, 7.0)]
    assert blurs == sorted(blurs, reverse=True) and blurs[0] > 0.9 and blurs[-1] < 0.1
    smeared = cv2.filter2D(image, -1, np.full((1, round(eye * 0.8)), 1 / round(eye * 0.8), np.float32))
    quality = of(smeared, landmarks)
    assert quality.sharpness < 0.5, "movement blurs one direction only"
    assert "sharpness" in failing(replace(quality, sharpness=0.1), VisionSettings())
    assert advice(replace(quality, sharpness=0.1)) == ("blurred: hold still",)


def test_noise_does_not_pass_for_sharpness(front: tuple[Image, Floats]) -> None:
    image, landmarks = front
    blurred = cv2.GaussianBlur(image, (0, 0), 9.0)
    noisy = np.clip(blurred + np.random.default_rng(1).normal(0, 6, image.shape), 0, 255).astype(np.uint8)
    assert of(noisy, landmarks).sharpness < of(blurred, landmarks).sharpness + 0.35


def test_light_names_what_is_wrong(front: tuple[Image, Floats]) -> None:
    image, landmarks = front
    dark, bright = (image * 0.12).astype(np.uint8), np.clip(image.astype(np.int32) + 150, 0, 255).astype(np.uint8)
    assert failing(of(dark, landmarks), VisionSettings()) == ("light",) and advice(of(dark, landmarks)) == ("too dark: turn to the light",)
    assert advice(of(bright, landmarks))[0].startswith("too bright")
    flat = np.full_like(image, 110)
    assert any("flat" in s for s in advice(of(flat, landmarks)))
    centre = float(landmarks[:, 0].mean())
    ramp = np.clip(1 / (1 + np.exp((np.arange(image.shape[1]) - centre) / 5)), 0.06, 1)[None, :, None]
    side = of((image * ramp).astype(np.uint8), landmarks)
    assert side.side < -0.5 and "to your right" in " ".join(advice(side)), "picture left is one's own right"


def test_size_says_how_many_pixels_are_needed(front: tuple[Image, Floats]) -> None:
    image, landmarks = front
    small = cv2.resize(image, None, fx=0.39, fy=0.39, interpolation=cv2.INTER_AREA)
    quality = of(small, landmarks * 0.39)
    assert advice(quality) == ("too far: 28 px between the eyes, 35 needed",)
    assert failing(quality, VisionSettings()) == ()
    assert "size" in failing(of(cv2.resize(image, None, fx=0.1, fy=0.1), landmarks * 0.1), VisionSettings())


def test_turning_away_is_told_from_the_persons_own_side() -> None:
    (left,) = [s for s in STILLS if s.person == "ben" and s.file == "left.jpg"]
    quality = of(left.image, left.landmarks)
    assert quality.yaw > 20
    strict = replace(ENROLMENT, pose=0.9)
    assert advice(quality, strict) == ("turn a little right",)
    assert advice(replace(quality, yaw=-30), strict) == ("turn a little left",)
    assert advice(replace(quality, yaw=0.0, pitch=40.0), strict) == ("look a little further down",)


def test_a_face_cut_by_the_frame_or_behind_another_is_occluded(front: tuple[Image, Floats]) -> None:
    image, landmarks = front
    edge = int(landmarks[:, 0].mean())
    cut = of(np.ascontiguousarray(image[:, edge:]), landmarks - np.float32([edge, 0]))
    assert cut.occlusion < 0.4 and "occlusion" in failing(cut, VisionSettings())
    assert of(image, landmarks, covered=0.5).occlusion < 0.4 < of(image, landmarks, covered=0.02).occlusion
    assert any("uncovered" in s for s in advice(cut))


def test_points_that_make_no_face_are_implausible(front: tuple[Image, Floats]) -> None:
    _, landmarks = front
    for broken in (landmarks[[1, 0, 2, 3, 4]], landmarks[[3, 4, 2, 0, 1]] * np.float32([1, -1]) * np.float32([-1, 1]),
                   np.tile(landmarks[:1], (5, 1))):
        assert estimate_pose(broken.astype(np.float32)).plausible < 0.3
    assert estimate_pose(landmarks).plausible == 1.0


def test_nothing_that_is_not_a_number_passes() -> None:
    good = Quality(1, 1, 1, 1, 1, 60.0, 0.0, 0.0, 0.0)
    assert failing(good, VisionSettings()) == ()
    for name in ("sharpness", "light", "pose", "occlusion", "eye_distance"):
        assert failing(replace(good, **{name: math.nan}), Limits(0, 0, 0, 0, 0)) != ()


@given(hnp.arrays(np.float32, (5, 2), elements=st.floats(-2000, 2000, width=32)))
def test_any_five_points_have_a_finite_pose(points: Floats) -> None:
    pose = estimate_pose(points)
    assert all(math.isfinite(v) for v in (pose.yaw, pose.pitch, pose.roll, pose.eye_distance))
    assert 0.0 <= pose.plausible <= 1.0 and abs(pose.yaw) <= 90 and abs(pose.pitch) <= 90


def test_the_light_of_a_whole_picture() -> None:
    rng = np.random.default_rng(0)
    dark = rng.integers(0, 14, (480, 640, 3), dtype=np.uint8)
    assert judge_light(dark) is Light.TOO_DARK
    dark[200:300, 300:380] = 120
    assert judge_light(dark) is Light.OK, "one lit face in a dark hall"
    assert judge_light(np.full((480, 640, 3), 250, np.uint8)) is Light.TOO_BRIGHT
    masked = rng.integers(60, 180, (480, 640, 3), dtype=np.uint8)
    masked[:, :560] = 0
    assert judge_light(masked) is Light.OK, "privacy masks are black"
    assert judge_light(np.zeros((1, 1, 3), np.uint8)) is Light.TOO_DARK
