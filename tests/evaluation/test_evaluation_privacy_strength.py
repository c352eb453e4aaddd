"""The share of identity that a way of hiding removes, on the bundled people."""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import pytest

from edge_face.demo import people, stills
from edge_face.errors import MediaError
from edge_face.evaluation.detection import AS_SEEN
from edge_face.evaluation.privacy_strength import PAD, Calibration, Removed, identity_removed, naive_auc, parrot_auc
from edge_face.media import read_picture
from edge_face.types import Box, Floats, Image
from edge_face.vision.align import align
from edge_face.vision.bundle import load_bundle
from edge_face.vision.embedder import Embedder


@pytest.fixture(scope="module")
def faces() -> Calibration:
    crops: list[Image] = []
    person: list[int] = []
    for number, name in enumerate(people()):
        folder = stills(name)[0].parent
        for line in (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines()[:3]:
            row = json.loads(line)
            marks = np.array([row["faces"][0]["landmarks"][part] for part in AS_SEEN], np.float32)
            crops.append(align(read_picture(folder / row["file"]), marks).image)
            person.append(number)
    return Calibration.of(np.stack(crops), np.array(person), Embedder(load_bundle("", "embedder")))


def test_nothing_hidden_removes_nothing(faces: Calibration) -> None:
    found = identity_removed(faces, lambda picture, region, marks, number: picture)
    assert faces.clear > 0.9
    assert found.share == 0.0
    assert found.naive == pytest.approx(found.clear, abs=1e-9)


def test_black_removes_more_than_a_thin_blur(faces: Calibration) -> None:
    from edge_face.opencv import cv2

    def black(picture: Image, region: Box, marks: Floats, number: int) -> Image:
        return np.zeros_like(picture)

    def blurred(picture: Image, region: Box, marks: Floats, number: int) -> Image:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), 2), np.uint8)

    assert identity_removed(faces, black).share == 1.0
    assert identity_removed(faces, blurred).share < 0.8


def test_hide_is_given_the_face_where_it_lies(faces: Calibration) -> None:
    seen: list[int] = []

    def look(picture: Image, region: Box, marks: Floats, number: int) -> Image:
        seen.append(number)
        height, width = picture.shape[:2]
        assert (height, width) == (112 + 2 * PAD,) * 2
        assert region.x < marks[:, 0].min() and region.x + region.width > marks[:, 0].max()
        assert region.clipped(width, height).area > 0.95 * region.area
        return picture

    identity_removed(faces, look)
    assert seen == list(range(len(faces.pictures)))


def test_auc_counts_pairs_and_half_of_ties() -> None:
    person: npt.NDArray[np.int64] = np.array([0, 0, 1, 1])
    apart = np.array([(1, 0), (1, 0), (0, 1), (0, 1)], np.float32)
    same = np.ones((4, 2), np.float32)
    swapped = np.array([(1, 0), (0, 1), (1, 0), (0, 1)], np.float32)
    assert parrot_auc(apart, person) == 1.0
    assert parrot_auc(same, person) == 0.5
    assert parrot_auc(swapped, person) == 0.25  # genuine 0, impostors 1, 0, 0, 1
    assert naive_auc(apart, apart, person) == 1.0


def test_removed_is_clipped() -> None:
    assert Removed(0.4, 0.45, 0.98).share == 1.0
    assert Removed(0.99, 0.4, 0.98).share == 0.0
    assert Removed(0.74, 0.6, 0.98).share == pytest.approx(0.5)


def test_people_with_one_picture_are_refused() -> None:
    crops = np.zeros((3, 112, 112, 3), np.uint8)
    with pytest.raises(MediaError, match="two pictures"):
        Calibration.of(crops, np.array([0, 1, 2]), Embedder(load_bundle("", "embedder")))
