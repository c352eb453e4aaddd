"""Alignment: the transform is the least-squares similarity, the crop shows what the template says."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from faces_on_file import stills
from hypothesis import given
from hypothesis import strategies as st

from edge_face.errors import ModelError
from edge_face.vision.align import SIZE, TEMPLATE, align, similarity

points = st.lists(st.tuples(st.floats(-500, 500), st.floats(-500, 500)), min_size=5, max_size=5).map(np.array)


def turned(points_: np.ndarray, degrees: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    turn = np.deg2rad(degrees)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return points_ @ matrix.T + shift


@given(degrees=st.floats(-180, 180), scale=st.floats(0.05, 20), x=st.floats(-3000, 3000), y=st.floats(-3000, 3000))
def test_a_similarity_is_recovered_exactly(degrees: float, scale: float, x: float, y: float) -> None:
    there = turned(TEMPLATE, degrees, scale, (x, y))
    matrix = similarity(TEMPLATE, there)
    np.testing.assert_allclose(TEMPLATE @ matrix[:, :2].T + matrix[:, 2], there, atol=1e-6 * (1 + scale * 100))


@given(source=points, target=points, change=st.lists(st.floats(-0.05, 0.05), min_size=4, max_size=4))
def test_no_neighbouring_similarity_fits_better(source: np.ndarray, target: np.ndarray, change: list[float]) -> None:
    try:
        matrix = similarity(source, target)
    except ModelError:
        return

    def cost(a: float, b: float, x: float, y: float) -> float:
        moved = source @ np.array([[a, -b], [b, a]]).T + (x, y)
        return float(((moved - target) ** 2).sum())

    best = (matrix[0, 0], matrix[1, 0], matrix[0, 2], matrix[1, 2])
    size = np.abs(source).max() + np.abs(target).max() + 1
    assert cost(*best) <= cost(*(np.array(best) + change)) + 1e-9 * size**2


def test_it_agrees_with_opencv_on_labelled_faces() -> None:
    for still in stills():
        ours = similarity(still.landmarks, TEMPLATE)
        theirs, _ = cv2.estimateAffinePartial2D(still.landmarks, TEMPLATE.astype(np.float32), method=cv2.LMEDS)
        # OpenCV weighs outliers down; on good landmarks the two are near each other.
        corners = np.array([(100, 100, 1), (400, 100, 1), (100, 500, 1), (400, 500, 1)], np.float64)
        assert np.abs(corners @ ours.T - corners @ theirs.T).max() < 25


@pytest.mark.parametrize("bad", [np.zeros((5, 2)), np.full((5, 2), 7.0), np.full((5, 2), np.nan), np.full((5, 2), np.inf),
                                 np.array([(0, 0), (1, 1), (2, 2), (3, np.nan), (4, 4)])])
def test_points_that_make_no_face_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(ModelError):
        align(np.zeros((50, 50, 3), np.uint8), bad.astype(np.float32))


@pytest.mark.parametrize("image", [np.zeros((50, 50), np.uint8), np.zeros((50, 50, 4), np.uint8), np.zeros((50, 50, 3), np.float32)])
def test_only_bgr_pictures_are_taken(image: np.ndarray) -> None:
    with pytest.raises(ModelError, match="BGR"):
        align(image, TEMPLATE.astype(np.float32))


def test_four_landmarks_are_refused() -> None:
    with pytest.raises(ModelError, match="five"):
        align(np.zeros((50, 50, 3), np.uint8), TEMPLATE[:4].astype(np.float32))


def marked(landmarks: np.ndarray, width: int = 640, height: int = 480, radius: int = 5) -> np.ndarray:
    image = np.zeros((height, width, 3), np.uint8)
    for colour, (x, y) in zip([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255)], landmarks, strict=True):
        cv2.circle(image, (round(float(x)), round(float(y))), radius, colour, -1)
    return image


@pytest.mark.parametrize(("degrees", "scale"), [(0, 1.0), (25, 1.3), (-40, 0.8), (10, 3.0), (170, 1.5)])
def test_landmarks_land_on_the_template(degrees: float, scale: float) -> None:
    landmarks = turned(TEMPLATE - 56, degrees, scale, (320, 240)).astype(np.float32)
    aligned = align(marked(landmarks, radius=max(3, round(4 * scale))), landmarks)
    assert aligned.image.shape == (SIZE, SIZE, 3)
    assert aligned.scale == pytest.approx(1 / scale, rel=1e-3)
    assert aligned.roll == pytest.approx(degrees, abs=0.01)
    assert aligned.outside == 0.0
    for channels, spot in zip([(0,), (1,), (2,), (0, 1), (1, 2)], TEMPLATE, strict=True):
        alone = np.all([aligned.image[:, :, c] > 127 if c in channels else aligned.image[:, :, c] < 128 for c in range(3)], axis=0)
        ys, xs = np.nonzero(alone)
        np.testing.assert_allclose((xs.mean(), ys.mean()), spot, atol=1.0)


def test_the_share_outside_is_measured() -> None:
    image = np.full((112, 112, 3), 90, np.uint8)
    half = align(image, (TEMPLATE - (56, 0)).astype(np.float32))
    assert half.outside == pytest.approx(0.5, abs=0.02)
    assert align(image, (TEMPLATE + 500).astype(np.float32)).outside == 1.0
    assert align(image, TEMPLATE.astype(np.float32)).outside == pytest.approx(0.0, abs=0.02)
    # The edge is repeated: no black bars that the network would take for hair.
    assert half.image.min() == 90


def test_a_large_face_is_shrunk_by_area_not_by_skipping() -> None:
    """A fine checkerboard becomes grey; bilinear sampling alone would show moire of black and white."""
    fine = np.tile(np.array([[0, 255], [255, 0]], np.uint8).repeat(2, 0).repeat(2, 1), (400, 400))
    image = np.repeat(fine[:, :, None], 3, 2)
    landmarks = (TEMPLATE * 9.3 + 100).astype(np.float32)
    crop = align(image, landmarks).image.astype(float)
    assert crop.std() < 12
    assert crop.mean() == pytest.approx(127.5, abs=3)


@pytest.mark.parametrize("factor", [2, 5, 8])
def test_shrinking_first_moves_nothing(factor: int) -> None:
    """The crop of an enlarged picture is the crop of the picture."""
    for still in stills("front.jpg"):
        small = cv2.resize(still.image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        # Pixel centres: enlarging by f puts the old centre x at f x + (f - 1) / 2.
        at = (still.landmarks + 0.5) * 0.5 - 0.5
        large = cv2.resize(small, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        one = align(small, at).image.astype(float)
        two = align(large, factor * at + (factor - 1) / 2).image.astype(float)
        assert np.abs(one - two).mean() < 2.5
        break


def test_a_face_larger_than_the_picture_still_aligns() -> None:
    image = np.full((40, 60, 3), 10, np.uint8)
    aligned = align(image, (TEMPLATE * 30 - 1000).astype(np.float32))
    assert aligned.image.shape == (SIZE, SIZE, 3)
    assert aligned.outside > 0.9


def test_other_sizes_scale_the_template() -> None:
    landmarks = (TEMPLATE + 60).astype(np.float32)
    image = marked(landmarks)
    large = align(image, landmarks, size=224)
    assert large.image.shape == (224, 224, 3)
    assert large.scale == pytest.approx(2.0, rel=1e-3)
