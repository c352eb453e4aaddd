"""A mosaic whose cells stand on the hidden shape, also where the picture's edge cuts it."""

from __future__ import annotations

from edge_face.opencv import cv2
from edge_face.privacy.patch import Patch
from edge_face.types import Image

_FURTHEST = 4
"""How many times as large as what is seen of it a shape may be for its cells to be kept in their places."""


def mosaic(patch: Patch, cell: float) -> Image:
    """The mean colour of each of as many cells as fit into the hidden shape's box: a cell never becomes smaller than asked."""
    height, width = patch.pixels.shape[:2]
    small, (left, top), size = means(patch, cell)
    found: Image = cv2.resize(small, size, interpolation=cv2.INTER_NEAREST)[top:top + height, left:left + width]
    return found


def means(patch: Patch, cell: float) -> tuple[Image, tuple[int, int], tuple[int, int]]:
    """The same as a picture with a pixel for each cell; how many of the patch's pixels its cells begin before the patch (across, down);
    and how many they cover."""
    height, width = patch.pixels.shape[:2]
    face = patch.face
    left, top = _missing(-face.x, width), _missing(-face.y, height)
    right, bottom = _missing(face.x + face.width - width, width), _missing(face.y + face.height - height, height)
    whole = patch.pixels
    if left or top or right or bottom:
        whole = cv2.copyMakeBorder(whole, top, bottom, left, right, cv2.BORDER_REPLICATE)
    rows, columns = whole.shape[:2]
    grid = (max(int(min(columns, face.width) / cell), 1), max(int(min(rows, face.height) / cell), 1))
    small: Image = cv2.resize(whole, grid, interpolation=cv2.INTER_AREA)
    return small, (left, top), (columns, rows)


def _missing(length: float, seen: int) -> int:
    """Pixels of the shape beyond a side, and none where they are not worth the memory."""
    return round(length) if 1 <= length <= _FURTHEST * seen else 0
