"""The face with its surroundings, as the passive attack detector sees it in training and at the door."""

from __future__ import annotations

import math

import numpy as np

from edge_face.errors import ModelError
from edge_face.opencv import cv2
from edge_face.types import Box, Image

SHARE = 1.8
"""The crop's side, times the longer side of the face's box: room for a sheet's edge or a bezel (after the 2.7 and 4.0 scales of
Minivision's Silent-Face-Anti-Spoofing, as far as pictures of faces alone give surroundings)."""
SIZE = 96
OUTSIDE = 127
"""The grey of what lies outside the picture."""
MOST_SIDE = 16384
"""Boxes beyond this make no crop: detectors may say anything."""


def live_crop(image: Image, box: Box, size: int = SIZE, share: float = SHARE) -> Image:
    """`size` x `size` BGR: a square around the middle of `box` whose side is `share` times the longer side of the box, grey
    where it leaves the picture. A new array. Raises ModelError for a box without area or without numbers."""
    left, top, side = square(box, share)
    return cut(image, left, top, side, size)


def cut(picture: Image, left: int, top: int, side: int, size: int) -> Image:
    """`size` x `size` pixels of that square of a picture, BGR or grey (height x width). A new array."""
    inside, (x0, y0) = _inside(picture, left, top, side)
    if side == size and inside.shape[:2] == (size, size):
        return inside.copy()
    shape = picture.shape[2:]
    if not inside.size:
        return np.full((size, size, *shape), OUTSIDE, np.uint8)
    if inside.shape[:2] == (side, side):
        return _resized(inside, size, size)
    # Padded at the picture's own pixels, so that every edge of the grey is as sharp as the square is scaled.
    whole = np.full((side, side, *shape), OUTSIDE, np.uint8)
    whole[y0:y0 + inside.shape[0], x0:x0 + inside.shape[1]] = inside
    return _resized(whole, size, size)


def square(box: Box, share: float = SHARE) -> tuple[int, int, int]:
    """Left, top and side, in whole pixels, of the square that `live_crop` takes; it may reach outside the picture. Raises ModelError."""
    cx, cy = box.centre
    longer = max(box.width, box.height) * share
    if not (math.isfinite(cx) and math.isfinite(cy) and math.isfinite(longer)) or min(box.width, box.height) <= 0:
        raise ModelError("a face's box has no area: it cannot be looked at for liveness")
    # Of whole fours, so that halving it twice moves nothing.
    side = max(4 * round(longer / 4), 1)
    if side > MOST_SIDE or max(abs(cx), abs(cy)) > MOST_SIDE:
        raise ModelError("a face's box is larger than any picture: it cannot be looked at for liveness")
    return round(cx - side / 2), round(cy - side / 2), side


def _inside(image: Image, left: int, top: int, side: int) -> tuple[Image, tuple[int, int]]:
    """What of the square lies in the picture, and where in the square that begins."""
    height, width = image.shape[:2]
    x0, y0 = min(max(left, 0), width), min(max(top, 0), height)
    x1, y1 = min(max(left + side, 0), width), min(max(top + side, 0), height)
    return image[y0:max(y1, y0), x0:max(x1, x0)], (x0 - left, y0 - top)


def _resized(picture: Image, width: int, height: int) -> Image:
    # Halved as often as it goes: means of 2x2 pixels are quick, those of other sizes are not, and both see every pixel alike.
    while picture.shape[1] >= 2 * width and picture.shape[0] >= 2 * height:
        rows, columns = picture.shape[0] // 2, picture.shape[1] // 2
        picture = np.asarray(cv2.resize(picture[:2 * rows, :2 * columns], (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    if picture.shape[1::-1] == (width, height):
        return np.ascontiguousarray(picture)
    smaller = width < picture.shape[1]
    resized = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    return np.ascontiguousarray(resized, dtype=np.uint8)
