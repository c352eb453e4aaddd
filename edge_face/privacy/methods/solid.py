"""Black: nothing of the face is left, not even its colour."""

from __future__ import annotations

import numpy as np

from edge_face.privacy.patch import Patch
from edge_face.privacy.registry import method
from edge_face.types import Image


@method("solid")
def solid(patch: Patch) -> Image:
    """Every pixel black, whatever the amount."""
    return np.zeros_like(patch.pixels)
