"""Where a face would be hidden, by its landmarks alone, against what the detector and the hider do."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edge_face.demo import people, stills
from edge_face.errors import ModelError
from edge_face.evaluation.detection import AS_SEEN
from edge_face.evaluation.hidden_regions import box_of_landmarks, region_of_landmarks, shaken
from edge_face.media import read_picture
from edge_face.privacy.regions import cover
from edge_face.settings import PrivacySettings
from edge_face.types import Box, Floats
from edge_face.vision.align import TEMPLATE
from edge_face.vision.bundle import load_bundle
from edge_face.vision.detector import Detector

FRONTAL: Floats = TEMPLATE.astype(np.float32)


def test_box_grows_moves_and_stands_upright_with_the_face() -> None:
    box = box_of_landmarks(FRONTAL)
    moved = box_of_landmarks(FRONTAL * 2 + (10, 30))
    assert (moved.x, moved.y) == pytest.approx((box.x * 2 + 10, box.y * 2 + 30), abs=1e-3)
    assert (moved.width, moved.height) == pytest.approx((box.width * 2, box.height * 2), rel=1e-5)
    turn = np.radians(10)
    tilted = FRONTAL @ np.array([(np.cos(turn), np.sin(turn)), (-np.sin(turn), np.cos(turn))], np.float32)
    assert box_of_landmarks(tilted).width == pytest.approx(box.width, rel=1e-4)


def test_box_of_a_turned_head_reaches_to_its_back() -> None:
    turned = FRONTAL.copy()
    turned[2, 0] += 8  # the nose to the right: more of the head lies on the left
    assert box_of_landmarks(turned).centre[0] < box_of_landmarks(FRONTAL).centre[0] - 5


def test_region_is_the_box_and_its_margin() -> None:
    box, region, bare = box_of_landmarks(FRONTAL), region_of_landmarks(FRONTAL), region_of_landmarks(FRONTAL, 0.0)
    assert region == cover(box, PrivacySettings().margin)
    assert bare == cover(box, 0.0)
    assert box.width < bare.width < region.width
    assert region.centre[0] == pytest.approx(box.centre[0])


@pytest.mark.parametrize("marks", [np.full((5, 2), np.nan), np.zeros((5, 2))])
def test_landmarks_that_make_no_face_are_refused(marks: Floats) -> None:
    with pytest.raises(ModelError, match="landmarks"):
        region_of_landmarks(marks.astype(np.float32))


def test_it_is_where_the_detector_finds_the_bundled_people() -> None:
    detector = Detector(load_bundle("", "detector"), 640, 480, "int8", 1, landmarker="")
    overlaps = []
    for name in people():
        picture = stills(name)[0]
        row = next(r for line in (picture.parent / "labels.jsonl").read_text(encoding="utf-8").splitlines()
                   if (r := json.loads(line))["file"] == picture.name)
        marks = np.array([row["faces"][0]["landmarks"][part] for part in AS_SEEN], np.float32)
        found = detector.detect(read_picture(picture), detector.recognise)
        overlaps.append(max(d.box.iou(box_of_landmarks(marks)) for d in found))
    assert float(np.median(overlaps)) > 0.75


def test_shaken_boxes_differ_little_and_by_their_seed() -> None:
    box = Box(10, 20, 80, 110)
    one, again, other = (shaken(box, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one == again
    assert one != other
    many = [shaken(box, np.random.default_rng(seed)) for seed in range(200)]
    assert np.mean([b.iou(box) for b in many]) > 0.8
    assert np.std([b.width for b in many]) == pytest.approx(5.2 * 80 / 81.7, rel=0.25)
