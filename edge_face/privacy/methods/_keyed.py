"""What is random, drawn from a patch's seed: nobody without the key can draw it again, and it stays as it is while a track lasts."""

from __future__ import annotations

import functools
import hashlib

import numpy as np

from edge_face.opencv import cv2
from edge_face.privacy.patch import Patch
from edge_face.types import Image


@functools.lru_cache(maxsize=64)
def drawn(seed: int, *shape: int) -> Image:
    """An array of that shape with each of 256 values as likely as any other; not to be written to."""
    found: Image = np.frombuffer(hashlib.shake_256(seed.to_bytes(16, "big")).digest(int(np.prod(shape))), np.uint8)
    return found.reshape(shape)


def over_face(texture: Image, patch: Patch, interpolation: int) -> Image:
    """A square texture stretched over the hidden shape's box and mirrored beyond it, in the patch's pixels: it moves and grows with
    the face."""
    rows, columns = texture.shape[:2]
    height, width = patch.pixels.shape[:2]
    scale_x, scale_y = columns / max(patch.face.width, 1.0), rows / max(patch.face.height, 1.0)
    matrix = np.array([[scale_x, 0, (0.5 - patch.face.x) * scale_x - 0.5], [0, scale_y, (0.5 - patch.face.y) * scale_y - 0.5]])
    found: Image = cv2.warpAffine(texture, matrix, (width, height), flags=interpolation | cv2.WARP_INVERSE_MAP,
                                  borderMode=cv2.BORDER_REFLECT_101)
    return found
