"""Median filter: flat patches of colour with clear edges, like a poster."""

from __future__ import annotations

from edge_face.opencv import cv2
from edge_face.privacy.methods._shrunk import on_shrunk
from edge_face.privacy.patch import Patch
from edge_face.privacy.registry import method
from edge_face.types import Image


@method("median", feather=0.12)
def median(patch: Patch) -> Image:
    """Medians over a square of two cells around each pixel."""
    return on_shrunk(patch, lambda small, unit: cv2.medianBlur(small, 2 * round(unit) + 1))
