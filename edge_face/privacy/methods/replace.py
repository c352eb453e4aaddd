"""Something else in the face's place: a drawn face, a colour or a picture."""

from __future__ import annotations

import functools
import os

import numpy as np

from edge_face.opencv import cv2
from edge_face.privacy.methods._drawn import drawn_face
from edge_face.privacy.methods._keyed import over_face
from edge_face.privacy.options import FACE, colour_of
from edge_face.privacy.patch import Patch
from edge_face.privacy.registry import method
from edge_face.types import Image

SIDE = 512
"""Pixels of the picture that are kept at most."""


@method("replace")
def replace(patch: Patch) -> Image:
    """Nothing of the original, whatever the amount. Raises MediaError for a picture that cannot be read."""
    if patch.option in ("", FACE):
        return drawn_face(patch)
    colour = colour_of(patch.option)
    if colour is not None:
        return np.full_like(patch.pixels, colour)
    texture = _picture(patch.option, os.stat(patch.option).st_mtime_ns if os.path.exists(patch.option) else 0)  # noqa: PTH110, PTH116
    return over_face(texture, patch, cv2.INTER_LINEAR)


@functools.lru_cache(maxsize=4)
def _picture(path: str, changed: int) -> Image:
    """The picture, square and small; read again when its file changes."""
    from edge_face.media import read_picture

    found: Image = cv2.resize(read_picture(path), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return found
