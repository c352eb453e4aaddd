"""Surroundings that move with the face: those of a photo do, those of a person stay where they are.

A. Anjos, S. Marcel, "Counter-measures to photo attacks in face recognition: a public database and a baseline", IJCB 2011 (motion of
face and background); the motion is that of the landmarks, and the surroundings are compared with where they were and with where
they would be had they moved with the face.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from edge_face.errors import ModelError
from edge_face.opencv import cv2
from edge_face.types import Floats, Mask
from edge_face.vision.align import similarity
from edge_face.vision.live_cues.sight import AROUND, WIDE, Sight

LEAST_MOVE = 1.0
"""Pixels of the wide square that its surroundings would have moved by: less is lost in the landmarks' own tremble."""
LEAST_CHANGE = 2.0
"""Grey levels: a bare wall tells nothing."""
_CALM = 0.8
_UNIT = AROUND / WIDE / 2


def surroundings(sight: Sight, earlier: Iterable[Sight]) -> float | None:
    """The logarithm of how much better the surroundings fit when they move with the face than when they stay (> 0: they move with
    it), against that earlier look from which the face has moved most; None where it hardly moved or there is nothing to see."""
    before = max(earlier, key=lambda past: float(np.abs(past.landmarks - sight.landmarks).sum()), default=None)
    if before is None:
        return None
    try:
        motion = similarity(before.landmarks, sight.landmarks)
    except ModelError:
        return None
    if not LEAST_MOVE <= _moved(motion, before, sight) <= 0.4 * AROUND:
        return None
    still = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    stays, follows = (_change(sight, before, move) for move in (still, motion))
    if stays is None or follows is None or max(stays, follows) < LEAST_CHANGE:
        return None
    return math.log((stays + _CALM) / (follows + _CALM))


def _moved(motion: npt.NDArray[np.float64], before: Sight, sight: Sight) -> float:
    """By how many of the wide square's pixels the corners of the surroundings would have moved with the face, in the mean."""
    middle = before.landmarks.mean(axis=0)
    reach = 1.5 * _UNIT * before.place[2]
    corners = middle + reach * np.array([(-1, -1), (1, -1), (-1, 0.5), (1, 0.5)])
    shift = corners @ motion[:, :2].T + motion[:, 2] - corners
    return float(np.hypot(shift[:, 0], shift[:, 1]).mean()) / sight.place[2]


def _change(sight: Sight, before: Sight, motion: npt.NDArray[np.float64]) -> float | None:
    """Mean difference (grey levels) between the surroundings and those of `before` moved by `motion` (picture to picture)."""
    (left, top, scale), (x0, y0, past) = sight.place, before.place
    # From the pixels of the earlier square to those of this one, through the picture.
    turn = motion[:, :2] * (past / scale)
    shift = (motion[:, :2] @ np.array([x0, y0]) + motion[:, 2] - (left, top)) / scale
    matrix = np.column_stack([turn, shift])
    size = (AROUND, AROUND)
    # Bilinear in both, so that smoothing favours neither.
    moved = cv2.warpAffine(before.around, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    known = cv2.warpAffine(_within(before), matrix, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    where = _ring() & (np.asarray(known) > 0) & (_within(sight) > 0)
    if where.sum() < 0.4 * _ring().sum():
        return None
    difference: Floats = sight.around[where].astype(np.float32) - np.asarray(moved)[where]
    return float(np.abs(difference - difference.mean()).mean())


def _within(sight: Sight) -> npt.NDArray[np.uint8]:
    """255 where the square is in the picture."""
    left, top, right, bottom = (round(value) for value in sight.inside)
    found = np.zeros((AROUND, AROUND), np.uint8)
    found[top:bottom, left:right] = 255
    return found


@lru_cache(maxsize=1)
def _ring() -> Mask:
    """Beside and above the head: hair moves with any face, shoulders and hands with most."""
    across, down = np.meshgrid(*[(np.arange(AROUND) + 0.5 - AROUND / 2) / _UNIT] * 2)
    sides = (np.abs(across) >= 1.15) & (np.abs(across) <= 1.9) & (down >= -1.9) & (down <= 0.7)
    top = (np.abs(across) < 1.15) & (down >= -1.9) & (down <= -1.5)
    return np.asarray(sides | top, np.bool_)
