"""Picture -> classes of a closed set with their probabilities, best first.

A classifier knows the classes that it was trained on and nothing else: a stranger is given somebody's name. A door
compares embeddings (`edge_face.vision.embedder`).
"""

from __future__ import annotations

import numpy as np

from edge_face.errors import ModelError
from edge_face.types import Image
from edge_face.vision.bundle import Bundle
from edge_face.vision.manifest_input import ALIGNED
from edge_face.vision.picture_model import PictureModel


class Classifier:
    """Runs one file of a classifier bundle. One instance for each thread.

    `labels` in the order of the output; `aligned`: it takes aligned faces (`edge_face.vision.align`), else whole pictures.
    `binary`: one number for two labels, the probability of the second. Raises ModelError for a bundle that does not do
    what its manifest says.
    """

    def __init__(self, bundle: Bundle, precision: str = "int8", *, threads: int = 1) -> None:
        if bundle.classes is None:
            raise ModelError(f"{bundle.folder} is a bundle for {bundle.task!r}, not for 'classifier'")
        self._model = PictureModel(bundle, precision, threads=threads)
        self.name, self.precision = self._model.name, self._model.precision
        self.labels: tuple[str, ...] = bundle.classes.labels
        self._output = bundle.classes.output
        self.binary = int(np.prod(self._model.outputs[self._output])) == 1
        self.aligned = bundle.input.alignment == ALIGNED

    def probabilities(self, picture: Image) -> tuple[float, ...]:
        """One probability for each of `labels` for a BGR uint8 picture (an aligned face where the bundle wants one). Raises
        ModelError."""
        values = self._model.run(picture)[self._output].reshape(-1)
        if self.binary:
            return 1.0 - float(values[0]), float(values[0])
        return tuple(float(value) for value in values)

    def classify(self, picture: Image) -> tuple[tuple[str, float], ...]:
        """The labels with their probabilities, best first. Raises ModelError."""
        return tuple(sorted(zip(self.labels, self.probabilities(picture), strict=True), key=lambda pair: -pair[1]))
