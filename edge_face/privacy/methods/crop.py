"""The region cut out of the picture: blank paper with a clean edge."""

from __future__ import annotations

import numpy as np

from edge_face.opencv import cv2
from edge_face.privacy.patch import Patch
from edge_face.privacy.registry import method
from edge_face.types import Image

PAPER, EDGE = (238, 242, 244), (150, 156, 160)


@method("crop")
def crop(patch: Patch) -> Image:
    """Paper, and along the inside of the hidden shape the line of the cut. What the option "to" means is done where the whole picture is
    at hand (`edge_face.privacy.cutting`)."""
    found: Image = np.full_like(patch.pixels, PAPER)
    width = min(max(round(min(patch.face.width, patch.face.height) / 64), 1), 8)
    inner = cv2.erode(patch.core, np.ones((2 * width + 1,) * 2, np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=255)
    found[inner == 0] = EDGE
    return found
