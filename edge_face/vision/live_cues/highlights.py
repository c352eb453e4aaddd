"""Highlights: glossy sheets and glass shine in patches, paper hardly at all; skin has small ones on nose and forehead.

D. Wen, H. Han, A. K. Jain, "Face spoof detection with image distortion analysis", IEEE TIFS 10(4), 2015 (specular reflection).
"""

from __future__ import annotations

import math

import numpy as np

from edge_face.types import Image

BRIGHT = 1.5
"""Times the face's median brightness."""
COLOURLESS = 0.8
"""The least channel over the largest: a highlight has the lamp's colour, not the skin's."""


def highlights(face: Image) -> float | None:
    """The logarithm (base 10) of the share of shining pixels of a small BGR face, -2.7 for none; None for a dark face."""
    pixels = face.reshape(-1, 3).astype(np.float32)
    most, least = pixels.max(axis=1), pixels.min(axis=1)
    median = float(np.median(most))
    if median < 20:
        return None
    shining = (most > min(BRIGHT * median, 250.0)) & (least > COLOURLESS * most)
    return math.log10(float(shining.mean()) + 0.002)
