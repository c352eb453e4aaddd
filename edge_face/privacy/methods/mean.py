"""A moving average (box filter)."""

from __future__ import annotations

from edge_face.opencv import cv2
from edge_face.privacy.methods._shrunk import on_shrunk
from edge_face.privacy.patch import Patch
from edge_face.privacy.registry import method
from edge_face.types import Image


@method("mean", feather=0.12)
def mean(patch: Patch) -> Image:
    """Means over a square of two cells around each pixel."""
    return on_shrunk(patch, lambda small, unit: cv2.blur(small, (2 * round(unit) + 1,) * 2, borderType=cv2.BORDER_REPLICATE))
