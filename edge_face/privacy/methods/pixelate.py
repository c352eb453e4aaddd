"""Mosaic: the mean colour of each square cell."""

from __future__ import annotations

from edge_face.opencv import cv2
from edge_face.privacy.registry import method
from edge_face.types import Image


@method("pixelate")
def pixelate(patch: Image, cell: float) -> Image:
    """Means over squares of about `cell` pixels."""
    height, width = patch.shape[:2]
    # Rounded down: a cell never becomes smaller than asked.
    grid = (max(int(width / cell), 1), max(int(height / cell), 1))
    small = cv2.resize(patch, grid, interpolation=cv2.INTER_AREA)
    found: Image = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    return found
