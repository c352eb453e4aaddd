"""What the landmarker learns from: faces placed as roughly as a detector places them, and where their points really are.

Two kinds. Portraits with labelled landmarks say where each of the five points is. Aligned faces say only what placement
their landmarks had together (rotation, scale, shift onto the template), which is what recognition wants: there are
many more of them, and the embedder learned from just these placements.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.training.composites import Photo
from converter.training.degrade import tone
from converter.training.face_augment import HARD
from edge_face.vision.align import SIZE, TEMPLATE, placed
from edge_face.vision.landmarker import EYES, MARGIN, view

VIEW = 64
ROLL, SCALE, SHIFT = 7.0, 0.10, 0.16
"""Standard deviations of a rough placement: degrees, natural logarithm, eye distances; cut at 2.5 of them."""
HARD_SHARE, PORTRAITS = 0.3, 0.45
CHANGES = tuple(name for name in HARD if name not in ("cut", "far"))
Image = NDArray[np.uint8]
Points = NDArray[np.float32]


def rough(rng: np.random.Generator, size: int = VIEW) -> NDArray[np.float64]:
    """The 2x3 map from a well placed view to a roughly placed one."""
    turn, grow, right, down = np.clip(rng.standard_normal(4), -2.5, 2.5)
    angle, scale = np.deg2rad(turn * ROLL), np.exp(grow * SCALE)
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = view(size).mean(0)
    unit = EYES * size / (SIZE + 2 * MARGIN)
    shift = middle + np.array([right, down]) * SHIFT * unit - linear @ middle
    return np.column_stack([linear, shift])


def mirrored(points: NDArray[np.float64], size: int = VIEW) -> NDArray[np.float64]:
    """Points (5, 2) of the mirrored view, left and right as seen."""
    flipped = np.column_stack([size - 1 - points[:, 0], points[:, 1]])
    return flipped[[1, 0, 2, 4, 3]]


def of_aligned(crop: Image, rng: np.random.Generator) -> tuple[Image, NDArray[np.float64]]:
    """A view of an aligned face of 128x128 and where the template's points lie in it."""
    jitter = rough(rng)
    half = VIEW / crop.shape[0]
    if rng.random() < 0.5:  # shrunk by area, as large faces are; pixel j then lies at 2 j + 0.5 of the crop
        source = cv2.resize(crop, (VIEW, VIEW), interpolation=cv2.INTER_AREA)
        matrix = np.column_stack([jitter[:, :2], jitter[:, 2] + jitter[:, :2] @ np.full(2, 0.5 * half)])
    else:
        source, matrix = crop, np.column_stack([jitter[:, :2] * half, jitter[:, 2]])
    image = cv2.warpAffine(source, matrix, (VIEW, VIEW), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(image, np.uint8), view(VIEW) @ jitter[:, :2].T + jitter[:, 2]


def of_portrait(photo: Photo, rng: np.random.Generator) -> tuple[Image, NDArray[np.float64]]:
    """A view of a photo's only face and where its labelled points lie in it."""
    points = photo.labels.landmarks[0].reshape(5, 2).astype(np.float64)
    jitter = rough(rng)
    # A detector's points are not off all together only, but each by itself too.
    spread = np.asarray(rng.normal(0, 0.03, (5, 2)) * np.linalg.norm(points[1] - points[0]), np.float32)
    crop, matrix = placed(photo.levels[0], points.astype(np.float32) + spread, view(VIEW) @ jitter[:, :2].T + jitter[:, 2], VIEW)
    return crop, points @ matrix[:, :2].T + matrix[:, 2]


def sample(crops: NDArray[np.uint8], photos: Sequence[Photo], rng: np.random.Generator) -> tuple[Image, Points, float]:
    """A view (64, 64, 3) BGR, the offsets (5, 2) of its points from the template's in eye distances, and 1 where every
    single point is known, 0 where only their placement is."""
    known = bool(photos) and (not len(crops) or rng.random() < PORTRAITS)
    if known:
        image, points = of_portrait(photos[int(rng.integers(len(photos)))], rng)
    else:
        image, points = of_aligned(crops[int(rng.integers(len(crops)))], rng)
    if rng.random() < 0.5:
        image, points = np.ascontiguousarray(image[:, ::-1]), mirrored(points)
    image = _worse(image, rng)
    unit = EYES * VIEW / (SIZE + 2 * MARGIN)
    return image, ((points - view(VIEW)) / unit).astype(np.float32), float(known)


def _worse(image: Image, rng: np.random.Generator) -> Image:
    """Light and blur as at a door; small faces are enlarged ones."""
    if rng.random() < 0.35:
        side = int(rng.integers(14, 48))
        small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        image = np.asarray(cv2.resize(small, (VIEW, VIEW), interpolation=cv2.INTER_LINEAR), np.uint8)
    if rng.random() < 0.6:
        image = tone(image, rng)
    if rng.random() < HARD_SHARE:
        # Those changes are made for views of 112 px.
        large = np.asarray(cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR), np.uint8)
        large = HARD[str(rng.choice(CHANGES))](large, rng)
        image = np.asarray(cv2.resize(large, (VIEW, VIEW), interpolation=cv2.INTER_AREA), np.uint8)
    return image


def placement() -> NDArray[np.float32]:
    """The 10x10 matrix that takes five points (as x, y, x, y, … about the template) to the nearest ones that are a mere
    rotation, scaling and shift of the template: what alignment will make of them."""
    x, y = ((TEMPLATE - TEMPLATE.mean(0)) / EYES).T
    basis = np.zeros((10, 4))
    basis[0::2, 0], basis[1::2, 0] = x, y
    basis[0::2, 1], basis[1::2, 1] = -y, x
    basis[0::2, 2], basis[1::2, 3] = 1, 1
    q, _ = np.linalg.qr(basis)
    return np.asarray(q @ q.T, np.float32)
