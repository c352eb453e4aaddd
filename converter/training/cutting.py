"""One face out of a picture, as a training crop: aligned to the 112x112 template, with 8 px of margin or without."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from converter.faces import MARGIN
from edge_face.opencv import cv2
from edge_face.types import Detection, Floats, Image
from edge_face.vision.align import SIZE, TEMPLATE, Aligned, align, similarity

CROP = SIZE + 2 * MARGIN
DOMINATES = 2.0
"""The person a picture is about: their face has this many times the area of any other, and is the most central one."""


def cut(image: Image, landmarks: Floats) -> Aligned:
    """The face of (5, 2) `landmarks` as a crop of 128x128 BGR, of which the middle 112x112 are the aligned face.

    Raises ModelError for landmarks that make no face.
    """
    matrix = similarity(landmarks, TEMPLATE + MARGIN)
    # `align` fits its own template, which fills the crop; points that it must bring there by this very matrix make it
    # leave the margin instead.
    back = np.linalg.inv(matrix[:, :2])
    points = (TEMPLATE * (CROP / SIZE) - matrix[:, 2]) @ back.T
    return align(image, points.astype(np.float32), CROP)


def inner(crop: Image) -> Image:
    """The aligned face (112x112) of a crop with margin."""
    return np.ascontiguousarray(crop[MARGIN:-MARGIN, MARGIN:-MARGIN])


def as_crop(picture: Image) -> Image | None:
    """A picture that is an aligned face already, by its size: 128x128 as it is, 112x112 with its edge repeated."""
    if picture.shape[:2] == (CROP, CROP):
        return picture
    if picture.shape[:2] == (SIZE, SIZE):
        return np.asarray(cv2.copyMakeBorder(picture, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REPLICATE), np.uint8)
    return None


def dominant(found: Sequence[Detection], width: int, height: int) -> Detection | None:
    """The one face that a picture of that size is about, or None where there is none or nobody stands out."""
    if len(found) <= 1:
        return found[0] if found else None
    first, second = sorted(found, key=lambda face: -face.box.area)[:2]
    middle = np.array([width / 2, height / 2])
    nearest = min(found, key=lambda face: float(np.linalg.norm(np.array(face.box.centre) - middle)))
    return first if first is nearest and first.box.area >= DOMINATES * second.box.area else None
