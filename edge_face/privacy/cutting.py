"""A picture cut to whom it shows: everything around is gone, not only hidden."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_face.errors import MediaError
from edge_face.privacy.masks import bounds
from edge_face.types import Box, Image

AROUND = 1.6
"""The sides of what is left, for those of a face's box: hair and chin belong to a portrait."""


def cut_to(image: Image, faces: Sequence[Box]) -> Image:
    """The smallest upright part of a picture that holds all these faces' boxes, grown by AROUND. Raises MediaError without any."""
    height, width = image.shape[:2]
    sides = [bounds(face.grown(AROUND), width, height) for face in faces]
    sides = [side for side in sides if side[2] > side[0] and side[3] > side[1]]
    if not sides:
        raise MediaError("nobody who is kept was surely recognised in it, so that there is nothing to cut it to")
    left, top = min(s[0] for s in sides), min(s[1] for s in sides)
    right, bottom = max(s[2] for s in sides), max(s[3] for s in sides)
    return np.ascontiguousarray(image[top:bottom, left:right])
