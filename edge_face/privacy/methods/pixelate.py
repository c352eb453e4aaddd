"""Mosaic: the mean colour of each square cell."""

from __future__ import annotations

from edge_face.privacy.methods._cells import mosaic
from edge_face.privacy.patch import Patch
from edge_face.privacy.registry import method
from edge_face.types import Image


@method("pixelate")
def pixelate(patch: Patch) -> Image:
    """Means over squares of at least `cell` pixels."""
    return mosaic(patch, patch.cell)
