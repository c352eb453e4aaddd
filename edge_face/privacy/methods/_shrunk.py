"""Filters on a shrunken patch: the same result as on the full one to within its own blur, at a cost that does not grow
with the face."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge_face.opencv import cv2
from edge_face.privacy.patch import Patch
from edge_face.types import Image

UNIT = 4.0
"""Pixels of the shrunken patch for each cell."""


def on_shrunk(patch: Patch, blur: Callable[[Image, float], Image]) -> Image:
    """`blur(small, unit)` of the patch shrunk until a cell has UNIT pixels (never enlarged), brought back to size."""
    height, width = patch.pixels.shape[:2]
    scale = min(UNIT / patch.cell, 1.0)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    small = (np.ascontiguousarray(patch.pixels) if size == (width, height)
             else cv2.resize(patch.pixels, size, interpolation=cv2.INTER_AREA))
    found: Image = cv2.resize(blur(small, max(patch.cell * scale, 1.0)), (width, height), interpolation=cv2.INTER_LINEAR)
    return found
