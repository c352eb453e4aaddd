"""Face alignment: a similarity transform of five landmarks onto the 112x112 ArcFace template.

Least squares in closed form: S. Umeyama, "Least-squares estimation of transformation parameters between two point
patterns", IEEE TPAMI 13(4), 1991; in the plane it is one complex division.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_face.errors import ModelError
from edge_face.opencv import cv2
from edge_face.types import Floats, Image

SIZE = 112
TEMPLATE: npt.NDArray[np.float64] = np.array(
    [(38.29, 51.70), (73.53, 51.50), (56.03, 71.74), (41.55, 92.37), (70.73, 92.20)])
"""Left eye, right eye, nose tip, left and right mouth corner (as seen) in a crop of 112x112."""
TEMPLATE.flags.writeable = False
SHRINK_FROM = 2.0
"""A face this many times larger than the crop is first shrunk by area: bilinear sampling would skip its pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """An aligned face. `image` is size x size x 3 BGR, `outside` the share of it that lies outside the picture
    (filled by repeating the edge), `scale` the crop's pixels for each pixel of the picture (below 1: the face was
    larger), `roll` the head's roll in degrees (> 0: clockwise as seen)."""

    image: Image
    outside: float
    scale: float
    roll: float


def similarity(source: npt.NDArray[np.floating], target: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """The 2x3 matrix of the rotation, uniform scale and shift that brings `source` nearest to `target`, both (n, 2).

    No reflection. Raises ModelError when the points are no numbers or all the same.
    """
    here = np.asarray(source, np.float64)
    there = np.asarray(target, np.float64)
    if not (np.isfinite(here).all() and np.isfinite(there).all()):
        raise ModelError("landmarks that are no numbers make no face")
    a = (here[:, 0] + 1j * here[:, 1])
    b = (there[:, 0] + 1j * there[:, 1])
    a0, b0 = a.mean(), b.mean()
    spread = float(np.sum(np.abs(a - a0) ** 2))
    if spread < 1e-9:
        raise ModelError("landmarks that are all the same point make no face")
    turn = np.sum((a - a0).conj() * (b - b0)) / spread
    if abs(turn) < 1e-9:
        raise ModelError("the landmarks fit the face template at no size")
    shift = b0 - turn * a0
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def align(image: Image, landmarks: Floats, size: int = SIZE) -> Aligned:
    """The face as a size x size crop. `landmarks` is (5, 2) in the pixels of `image`. Raises ModelError for
    landmarks that make no face."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ModelError(f"alignment takes BGR pictures (height x width x 3, uint8), not {image.shape} {image.dtype}")
    if landmarks.shape != (5, 2):
        raise ModelError(f"alignment takes five (x, y) landmarks, not an array of shape {landmarks.shape}")
    matrix = similarity(landmarks, TEMPLATE * (size / SIZE))
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    roll = math.degrees(math.atan2(-matrix[1, 0], matrix[0, 0]))
    outside = _outside(matrix, image.shape[1], image.shape[0], size)
    crop, _ = placed(image, landmarks, TEMPLATE * (size / SIZE), size)
    return Aligned(crop, outside, scale, roll)


def placed(image: Image, landmarks: Floats, target: npt.NDArray[np.float64], size: int) -> tuple[Image, npt.NDArray[np.float64]]:
    """The size x size crop in which the landmarks (5, 2) lie nearest to `target`, and the 2x3 matrix from the picture to it.
    Raises ModelError for landmarks that make no face."""
    matrix = similarity(landmarks, target)
    source, fitted, scale = image, matrix, math.hypot(matrix[0, 0], matrix[1, 0])
    if scale * SHRINK_FROM <= 1.0:
        source, fitted = _shrunk(image, matrix, scale, size)
    crop = cv2.warpAffine(source, fitted, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return crop, matrix


def _inverse(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    inverse = np.linalg.inv(matrix[:, :2])
    return np.column_stack([inverse, -inverse @ matrix[:, 2]])


def _outside(matrix: npt.NDArray[np.float64], width: int, height: int, size: int, steps: int = 28) -> float:
    """The share of the crop whose pixels come from outside the picture, on a grid of `steps` x `steps`."""
    back = _inverse(matrix)
    corners = np.array([(0.0, 0.0, 1.0), (size, 0.0, 1.0), (0.0, size, 1.0), (size, size, 1.0)]) @ back.T
    if (corners >= 0).all() and (corners <= (width, height)).all():
        return 0.0
    at = (np.arange(steps) + 0.5) * (size / steps)
    x = back[0, 0] * at[None] + back[0, 1] * at[:, None] + back[0, 2]
    y = back[1, 0] * at[None] + back[1, 1] * at[:, None] + back[1, 2]
    return float(1.0 - ((x >= 0) & (x <= width) & (y >= 0) & (y <= height)).mean())


def _shrunk(image: Image, matrix: npt.NDArray[np.float64], scale: float, size: int) -> tuple[Image, npt.NDArray[np.float64]]:
    """The part of the picture around the crop, shrunk by area by a whole factor, and the matrix that fits it."""
    back = _inverse(matrix)
    corners = np.array([(0.0, 0.0, 1.0), (size, 0.0, 1.0), (0.0, size, 1.0), (size, size, 1.0)]) @ back.T
    factor = int(1.0 / scale)
    low = np.floor(corners.min(0)) - 2 * factor
    high = np.ceil(corners.max(0)) + 2 * factor
    x0, y0 = (int(max(v, 0)) for v in low)
    x1, y1 = int(min(high[0], image.shape[1])), int(min(high[1], image.shape[0]))
    width, height = (x1 - x0) // factor, (y1 - y0) // factor
    if width < 1 or height < 1:
        return image, matrix
    part = image[y0:y0 + height * factor, x0:x0 + width * factor]
    small = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
    # Centre of a small pixel j lies at x0 + factor j + (factor - 1) / 2 in the picture.
    offset = np.array([x0, y0]) + (factor - 1) / 2
    fitted = np.column_stack([matrix[:, :2] * factor, matrix[:, 2] + matrix[:, :2] @ offset])
    return small, fitted
