"""Black: nothing of the face is left, not even its colour."""

from __future__ import annotations

import numpy as np

from edge_face.privacy.registry import method
from edge_face.types import Image


@method("solid")
def solid(patch: Image, cell: float) -> Image:
    """Every pixel black, whatever the cell."""
    return np.zeros_like(patch)
