"""Views for the landmarker: where the points are said to be is where they are."""

from __future__ import annotations

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", reason="views are warped with OpenCV")

from converter.training.composites import Photo, pyramid, read_labels  # noqa: E402
from converter.training.landmarker_data import VIEW, mirrored, of_aligned, of_portrait, placement, rough, sample  # noqa: E402
from edge_face.vision.align import TEMPLATE  # noqa: E402
from edge_face.vision.landmarker import EYES, MARGIN, view  # noqa: E402

COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255))


def dotted(points: np.ndarray, size: tuple[int, int], radius: int) -> np.ndarray:
    """A black picture with a disc of a colour of its own at each point."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    for (x, y), colour in zip(points, COLOURS, strict=True):
        cv2.circle(image, (round(x * 16), round(y * 16)), radius * 16, colour, -1, cv2.LINE_AA, 4)
    return image


def centres(image: np.ndarray) -> np.ndarray:
    """Where the discs are, by the centre of mass of their colours."""
    found = []
    for colour in COLOURS:
        weight = np.clip(255 - np.abs(image.astype(int) - colour).max(2), 0, 255).astype(float)
        weight[weight < 128] = 0
        ys, xs = np.indices(weight.shape)
        found.append(((xs * weight).sum() / weight.sum(), (ys * weight).sum() / weight.sum()))
    return np.array(found)


@pytest.mark.parametrize("seed", range(8))
def test_points_of_aligned_faces_lie_where_the_pixels_went(seed: int) -> None:
    crop = dotted(TEMPLATE + MARGIN, (128, 128), 7)
    image, points = of_aligned(crop, np.random.default_rng(seed))
    assert image.shape == (VIEW, VIEW, 3)
    assert np.abs(centres(image) - points).max() < 0.35, "a third of a pixel of the view"


@pytest.mark.parametrize("seed", range(8))
def test_points_of_portraits_lie_where_the_pixels_went(seed: int) -> None:
    points = (TEMPLATE - 56) * 2.6 + (210, 190)
    box = [80, 50, 260, 300]
    labels = read_labels([{"box": box, "landmarks": points.ravel().tolist(), "ignore": False}])
    photo = Photo("a", "portrait", pyramid(dotted(points, (420, 400), 14)), labels)
    image, found = of_portrait(photo, np.random.default_rng(seed))
    assert np.abs(centres(image) - found).max() < 0.5


def test_mirroring_keeps_left_left() -> None:
    points = mirrored(view(VIEW))
    assert points[0, 0] < points[1, 0] and points[3, 0] < points[4, 0]
    assert np.allclose(mirrored(points), view(VIEW))


def test_placement_keeps_rotation_scale_and_shift_and_nothing_else() -> None:
    project = placement()
    assert np.allclose(project @ project, project, atol=1e-5) and np.linalg.matrix_rank(project, tol=1e-3) == 4
    angle, middle = 0.2, TEMPLATE.mean(0)
    turn = 1.1 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = (TEMPLATE - middle) @ turn.T + middle + (3, -2) - TEMPLATE
    assert np.allclose(project @ moved.ravel() / EYES, moved.ravel() / EYES, atol=1e-4)
    nose = np.zeros((5, 2))
    nose[2, 0] = 1.0
    assert np.linalg.norm(project @ nose.ravel()) < 0.6, "a nose by itself is no placement"


def test_samples_are_views_with_their_points_and_depend_on_the_seed_alone() -> None:
    crops = np.stack([dotted(TEMPLATE + MARGIN, (128, 128), 7)])
    one, other = (sample(crops, [], np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(one[0], other[0]) and np.array_equal(one[1], other[1]) and one[2] == 0.0
    assert one[0].shape == (64, 64, 3) and one[0].dtype == np.uint8 and one[1].shape == (5, 2)
    assert rough(np.random.default_rng(0)).shape == (2, 3)
