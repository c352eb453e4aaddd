"""What the anonymizer learns from: the patch around a face as the door would hide it, its pixelated base, and the blurred face.

The net sees the base alone. Whatever it paints, it cannot show more of a face than the pixelated picture does, also of a face unlike
all that it learned from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.faces import MARGIN
from converter.training.composites import Photo
from converter.training.degrade import tone
from edge_face.evaluation.hidden_regions import box_of_landmarks, shaken
from edge_face.privacy.regions import cover
from edge_face.types import Box
from edge_face.vision.align import TEMPLATE

Image = NDArray[np.uint8]
Filter = Literal["gaussian", "mean", "median"]

VIEW = 128
HIDDEN = 0.5
"""The door's default margin around a face's box."""
ROLL, SCALE, SHIFT = 6.0, 0.08, 0.03
"""Standard deviations of a patch's placement beside the detector's own: degrees, natural logarithm of each side, shares of the sides; cut
at 2.5 of them."""
BOX = box_of_landmarks((TEMPLATE + MARGIN).astype(np.float32))
"""A face's box in the crops of 128x128."""
FINE = 8
"""Pixels of the picture that a base is made of, for each cell."""
UNIT = 4
"""Pixels of the picture that a target is filtered in, for each cell."""


def patch_of_aligned(crop: Image, rng: np.random.Generator, jitter: float = 1.0) -> Image:
    """The patch (128, 128, 3) that hides an aligned face of 128x128, roughly placed; mirrored at the crop's border."""
    region = cover(shaken(BOX, rng) if jitter else BOX, HIDDEN)
    turn, wide, high, right, down = np.clip(rng.standard_normal(5), -2.5, 2.5) * jitter
    angle = np.deg2rad(turn * ROLL)
    width, height = region.width * np.exp(wide * SCALE), region.height * np.exp(high * SCALE)
    centre = np.array(region.centre) + np.array([right * width, down * height]) * SHIFT
    # From the patch's pixels to the crop's.
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([width / VIEW, height / VIEW])
    shift = centre - linear @ np.full(2, (VIEW - 1) / 2)
    return np.asarray(cv2.warpAffine(crop, np.column_stack([linear, shift]), (VIEW, VIEW), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                                     borderMode=cv2.BORDER_REFLECT_101), np.uint8)


def patch_of_portrait(photo: Photo, rng: np.random.Generator, jitter: float = 1.0) -> Image:
    """The patch that hides a photo's only face, with what is really around it, cut at the picture's border as the door cuts it."""
    x, y, width, height = (float(v) for v in photo.labels.boxes[0])
    region = cover(Box(x, y, width, height), HIDDEN)
    wide, high, right, down = np.clip(rng.standard_normal(4), -2.5, 2.5) * jitter
    width, height = region.width * np.exp(wide * SCALE), region.height * np.exp(high * SCALE)
    left, top = region.x + region.width * (0.5 + right * SHIFT) - width / 2, region.y + region.height * (0.5 + down * SHIFT) - height / 2
    picture = photo.levels[0]
    rows, columns = picture.shape[:2]
    first, last = max(round(left), 0), min(round(left + width), columns)
    upper, lower = max(round(top), 0), min(round(top + height), rows)
    if last - first < 16 or lower - upper < 16:
        upper, lower, first, last = 0, rows, 0, columns
    return fitted(picture[upper:lower, first:last])


def fitted(patch: Image, size: int = VIEW) -> Image:
    """A patch of any shape as the net's square: by area where it shrinks, bilinear where it grows."""
    down = (min(size, patch.shape[1]), min(size, patch.shape[0]))
    small = cv2.resize(patch, down, interpolation=cv2.INTER_AREA)
    return np.asarray(small if down == (size, size) else cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)


def coarse(patch: Image, across: int, down: int, phase: tuple[float, float] = (0.0, 0.0)) -> Image:
    """What the net sees: the means of about `across` x `down` cells and nothing else, the colours between their middles interpolated, in a
    picture of the patch's size. `phase`: how much of the first cell, as a share, lies before the patch."""
    fine = cv2.resize(patch, (FINE * across, FINE * down), interpolation=cv2.INTER_AREA)
    left, top = (round(share * FINE) % FINE for share in phase)
    right, bottom = -left % FINE, -top % FINE
    padded = cv2.copyMakeBorder(fine, top, bottom, left, right, cv2.BORDER_REPLICATE)
    size = padded.shape[1], padded.shape[0]
    cells = cv2.resize(padded, (size[0] // FINE, size[1] // FINE), interpolation=cv2.INTER_AREA)
    smooth = cv2.resize(cells, size, interpolation=cv2.INTER_LINEAR)[top:top + fine.shape[0], left:left + fine.shape[1]]
    return np.asarray(cv2.resize(smooth, (patch.shape[1], patch.shape[0]), interpolation=cv2.INTER_LINEAR), np.uint8)


def blurred(patch: Image, across: int, down: int, kind: Filter) -> Image:
    """What the net should paint: the sharp patch through a filter as wide as the cells, as `edge_face.privacy.methods` filters."""
    small = cv2.resize(patch, (UNIT * across, UNIT * down), interpolation=cv2.INTER_AREA)
    if kind == "gaussian":
        done = cv2.GaussianBlur(small, (0, 0), 0.6 * UNIT, borderType=cv2.BORDER_REPLICATE)
    elif kind == "mean":
        done = cv2.blur(small, (2 * UNIT + 1, 2 * UNIT + 1), borderType=cv2.BORDER_REPLICATE)
    else:
        done = cv2.medianBlur(small, 2 * UNIT + 1)
    return np.asarray(cv2.resize(done, (patch.shape[1], patch.shape[0]), interpolation=cv2.INTER_LINEAR), np.uint8)


def grid(rng: np.random.Generator, fewest: float, most: float) -> tuple[int, int]:
    """Cells across and down a patch: across drawn evenly by logarithm; a face is higher than wide."""
    across = float(np.exp(rng.uniform(np.log(fewest), np.log(most))))
    return max(round(across), 1), max(round(across * float(rng.uniform(1.0, 1.6))), 1)


def sample(crops: NDArray[np.uint8], photos: Sequence[Photo], rng: np.random.Generator, portraits: float, jitter: float) -> Image:
    """A sharp patch (128, 128, 3) BGR, mirrored half of the time, in changing light. `portraits`: the share taken from photos."""
    if photos and (not len(crops) or rng.random() < portraits):
        patch = patch_of_portrait(photos[int(rng.integers(len(photos)))], rng, jitter)
    else:
        patch = patch_of_aligned(crops[int(rng.integers(len(crops)))], rng, jitter)
    if rng.random() < 0.5:
        patch = np.ascontiguousarray(patch[:, ::-1])
    return tone(patch, rng) if rng.random() < 0.5 else patch
