"""White noise over the face."""

from __future__ import annotations

from edge_face.opencv import cv2
from edge_face.privacy.methods._keyed import drawn, over_face
from edge_face.privacy.patch import Patch
from edge_face.privacy.registry import method
from edge_face.types import Image

SIDE = 96
"""Grains across the hidden shape."""


@method("noise", feather=0.12)
def noise(patch: Patch) -> Image:
    """The face with the weight 1 - amount and noise with the rest: at 1 the noise alone. The grains stay where they are on a track, so
    that averaging its pictures does not wear them away."""
    grains = over_face(drawn(patch.seed, SIDE, SIDE, 3), patch, cv2.INTER_NEAREST)
    found: Image = cv2.addWeighted(patch.pixels, 1 - patch.amount, grains, patch.amount, 0)
    return found
