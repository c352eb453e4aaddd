"""A second, closer look at a face: where exactly are eyes, nose and mouth?

The detector sees the whole picture at 320x240 or 640x480 and misses an eye by a sixth of the eye distance on hard
pictures; recognition wants the face placed as precisely as the faces that the embedder learned from. This small network
takes the face as the detector placed it, 64x64, and says where the five points are (a cascade, as in Zhang et al. 2016,
MTCNN).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_face.errors import ModelError
from edge_face.opencv import cv2
from edge_face.types import Floats, Image
from edge_face.vision.align import SIZE, TEMPLATE, placed
from edge_face.vision.bundle import Bundle
from edge_face.vision.runtime import Interpreter

MARGIN = 8.0
"""Template pixels around the 112 of an aligned face that the network sees as well."""
FARTHEST = 1.0
"""A point moved by more than this many eye distances was not refined but lost: the detector's points then stay."""
LOOKS = 2
"""A second look starts where the first one ended, so nearer to what the network knows best (docs/decisions/landmarker.md)."""
EYES = float(np.hypot(*(TEMPLATE[1] - TEMPLATE[0])))
"""Distance between the eyes in the template."""


def view(size: int) -> npt.NDArray[np.float64]:
    """The template's five points (5, 2) in the network's view of `size` x `size` pixels."""
    return (TEMPLATE + MARGIN) * (size / (SIZE + 2 * MARGIN))


class Landmarker:
    """Runs one file of a landmarker bundle. One instance for each thread. Raises ModelError for a bundle that does not
    do what its manifest says."""

    def __init__(self, bundle: Bundle, precision: str = "int8", threads: int = 1) -> None:
        entry = bundle.entry(precision)
        self.name = f"{bundle.folder / entry.name}"
        self._interpreter = Interpreter(bundle.read(entry), threads=threads, name=self.name)
        self.size = bundle.input.width
        if [tensor.shape for tensor in self._interpreter.inputs] != [(1, self.size, self.size, 3)] or bundle.input.colour != "BGR":
            raise ModelError(f"{self.name} takes {[t.shape for t in self._interpreter.inputs]}: a square BGR view is expected")
        self._output = self._interpreter.output_names({"landmarks": (1, 10)})["landmarks"]
        self._view = view(self.size)
        self._unit = EYES * self.size / (SIZE + 2 * MARGIN)

    def refine(self, image: Image, landmarks: Floats) -> Floats:
        """Better landmarks (5, 2) for a face of `image` (BGR) whose rough `landmarks` (5, 2) are known, in its pixels.

        Rough ones are given back where they make no face or the network is lost. Raises ModelError.
        """
        for _ in range(LOOKS):
            try:
                crop, matrix = placed(image, landmarks, self._view, self.size)
            except ModelError:
                return landmarks
            offsets = self._interpreter.run(crop)[self._output].reshape(5, 2)
            if not np.isfinite(offsets).all() or float(np.abs(offsets).max()) > FARTHEST:
                return landmarks
            points = self._view + offsets * self._unit
            back = cv2.invertAffineTransform(matrix)
            landmarks = np.asarray(points @ back[:, :2].T + back[:, 2], np.float32)
        return landmarks
