"""A small network paints a soft face from the mosaic's cells."""

from __future__ import annotations

from edge_face.opencv import cv2
from edge_face.privacy.painter import base_of, painter
from edge_face.privacy.patch import Patch
from edge_face.privacy.registry import method
from edge_face.types import Image


@method("neural", feather=0.12)
def neural(patch: Patch) -> Image:
    """What the network paints of the patch's mosaic, which is all that it sees. Raises ModelError where its bundle cannot be used."""
    chosen = painter()
    height, width = patch.pixels.shape[:2]
    found: Image = cv2.resize(chosen.paint(base_of(patch, chosen.size)), (width, height), interpolation=cv2.INTER_LINEAR)
    return found
