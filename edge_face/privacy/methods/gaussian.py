"""Gaussian blur."""

from __future__ import annotations

from edge_face.opencv import cv2
from edge_face.privacy.methods._shrunk import on_shrunk
from edge_face.privacy.patch import Patch
from edge_face.privacy.registry import method
from edge_face.types import Image


@method("gaussian", feather=0.12)
def gaussian(patch: Patch) -> Image:
    """Blur with a standard deviation of 0.6 cells: a wave as long as two cells keeps 17 % of its contrast, one as long as
    one cell 0.1 %."""
    return on_shrunk(patch, lambda small, unit: cv2.GaussianBlur(small, (0, 0), 0.6 * unit, borderType=cv2.BORDER_REPLICATE))
