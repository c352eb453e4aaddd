"""A mosaic whose cells stand on the hidden shape, wherever the picture's edge cuts it."""

from __future__ import annotations

import math

from edge_face.opencv import cv2
from edge_face.privacy.patch import Patch
from edge_face.types import Image


def mosaic(patch: Patch, cell: float) -> Image:
    """The mean colour of each square of `cell` pixels, rounded up: a cell never becomes smaller than asked. One is in the middle."""
    side = max(math.ceil(cell), 1)
    height, width = patch.pixels.shape[:2]
    left, top = (_before(middle, side) for middle in patch.face.centre)
    right, bottom = -(left + width) % side, -(top + height) % side
    padded = cv2.copyMakeBorder(patch.pixels, top, bottom, left, right, cv2.BORDER_REPLICATE)
    size = padded.shape[1], padded.shape[0]
    small = cv2.resize(padded, (size[0] // side, size[1] // side), interpolation=cv2.INTER_AREA)
    found: Image = cv2.resize(small, size, interpolation=cv2.INTER_NEAREST)[top:top + height, left:left + width]
    return found


def _before(middle: float, side: int) -> int:
    """How many pixels the first cell begins before the patch."""
    return -round(middle - side / 2) % side
