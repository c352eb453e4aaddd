"""The neural method's network: paints a face anew from its pixelated base, and from nothing else.

The network is handed the means of the mosaic's cells, brought to its size. So whatever it paints, of a face like or unlike those that it
learned from, is made of what `pixelate` at the same amount shows: to somebody who knows the network it tells exactly as much or less.
What it paints is also held within REACH grey levels of that base, so that nothing it dreams up strays far from the picture.
"""

from __future__ import annotations

import threading
from typing import Final

import numpy as np

from edge_face.errors import ModelError
from edge_face.opencv import cv2
from edge_face.privacy.methods._cells import means
from edge_face.privacy.patch import Patch
from edge_face.types import Image
from edge_face.vision.bundle import Bundle, load_bundle
from edge_face.vision.picture_model import PictureModel

REACH: Final = 64
"""Grey levels by which a painted picture may differ from its base."""
PRECISION: Final = "int8"
_own = threading.local()


class Painter:
    """Runs one file of an anonymizer bundle. One instance for each thread. Raises ModelError for a bundle that does not do what its
    manifest says."""

    def __init__(self, bundle: Bundle, precision: str = PRECISION) -> None:
        self._model = PictureModel(bundle, precision)
        spec = self._model.spec
        self.size = spec.width
        if spec.colour != "BGR" or spec.width != spec.height or self._model.outputs.get("picture") != (1, self.size, self.size, 3):
            raise ModelError(f"{self._model.name} takes {spec.width}x{spec.height} {spec.colour} and gives {self._model.outputs}: a square "
                             "BGR picture in and out is expected; train one with edge-face-convert train anonymizer")

    def paint(self, base: Image) -> Image:
        """A painted picture (size, size, 3) BGR for a base of the same shape. Raises ModelError."""
        painted = np.rint(np.clip(self._model.run(base)["picture"][0], 0, 255)).astype(np.uint8)
        found: Image = cv2.min(cv2.max(painted, cv2.subtract(base, (REACH,) * 4)), cv2.add(base, (REACH,) * 4))
        return found


def painter() -> Painter:
    """This thread's painter with the shipped bundle. Raises ModelError."""
    found: Painter | None = getattr(_own, "painter", None)
    if found is None:
        found = _own.painter = Painter(load_bundle("", "anonymizer"))
    return found


def base_of(patch: Patch, size: int) -> Image:
    """The mosaic of a patch, cell for cell that of the method pixelate, in `size` x `size` pixels, the colours between its cells' middles
    interpolated."""
    height, width = patch.pixels.shape[:2]
    cells, (left, top), (columns, rows) = means(patch, patch.cell)
    # From the base's pixels, through the patch's, to the cells'.
    across, down = cells.shape[1] / columns, cells.shape[0] / rows
    matrix = np.array([[width / size * across, 0, (width / size / 2 + left) * across - 0.5],
                       [0, height / size * down, (height / size / 2 + top) * down - 0.5]])
    found: Image = cv2.warpAffine(cells, matrix, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                                  borderMode=cv2.BORDER_REPLICATE)
    return found
