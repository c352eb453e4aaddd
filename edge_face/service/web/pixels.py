"""Pictures for the daemon come as bare pixels: no decoder of its own ever meets a stranger's bytes."""

from __future__ import annotations

import base64
import binascii

import numpy as np

from edge_face.errors import UsageError
from edge_face.types import Image

LONGEST_SIDE = 1280
LEAST_SIDE = 64
MOST_PIXELS = 1280 * 960
LONGEST = MOST_PIXELS * 4
"""Characters of base64."""


def pixels_of(width: int, height: int, pixels: str) -> Image:
    """(height, width, 3) BGR. Raises UsageError for anything that is no such picture."""
    if not LEAST_SIDE <= min(width, height) <= max(width, height) <= LONGEST_SIDE or width * height > MOST_PIXELS:
        raise UsageError(f"a picture has sides of {LEAST_SIDE} to {LONGEST_SIDE} pixels and at most {MOST_PIXELS} pixels")
    try:
        raw = base64.b64decode(pixels, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UsageError("'pixels' is base64") from error
    if len(raw) != width * height * 3:
        raise UsageError(f"a picture of {width} x {height} pixels has {width * height * 3} bytes, not {len(raw)}")
    image: Image = np.frombuffer(raw, np.uint8).reshape(height, width, 3)
    return image


def packed(image: Image) -> str:
    """The opposite."""
    return base64.b64encode(np.ascontiguousarray(image).tobytes()).decode("ascii")
