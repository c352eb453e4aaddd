"""What a method gets to hide: the pixels under one hidden shape, and what may guide it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_face.types import Box, Floats, Image


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """`pixels`: (h, w, 3) BGR uint8, a view that must not be written to. `core`: (h, w) uint8, 255 inside the hidden shape. `face`:
    the hidden shape's box in the patch's own pixels; it may reach outside where the picture's edge cuts it. `amount`: 0 weakest to 1
    strongest in the method's own measure; `cell`: that amount as the pixels (>= 2) of the smallest detail that may survive. `seed`:
    for what is random: the same for one track and key throughout, so that nothing flickers and nothing averages away. `option`: the
    method's own, "" if none. `landmarks`: (5, 2) in the patch's pixels where they are known. `head`: one face is under the shape for all
    that is known; not so for a whole picture, for what only differs from the empty scene, and for what is hidden just in case."""

    pixels: Image
    core: Image
    face: Box
    amount: float
    cell: float
    seed: int
    option: str = ""
    landmarks: Floats | None = None
    head: bool = True


Method = Callable[[Patch], Image]
"""A new picture of the patch's shape. Whatever lies inside `core` replaces the original; the rim outside of it may be mixed."""
