"""Picture -> classes of a closed set with their probabilities, best first.

A classifier knows the classes that it was trained on and nothing else: a stranger is given somebody's name. A door
compares embeddings (`edge_face.vision.embedder`).
"""

from __future__ import annotations

import numpy as np

from edge_face.errors import ModelError
from edge_face.types import Image
from edge_face.vision.bundle import Bundle
from edge_face.vision.picture_model import PictureModel

OUTPUT = "probability"


class Classifier:
    """Runs one file of a classifier bundle. One instance for each thread.

    `labels` in the order of the output; `aligned`: it takes aligned faces (`edge_face.vision.align`), else whole pictures.
    `binary`: one number for two labels, the probability of the second. Raises ModelError for a bundle that does not do
    what its manifest says.
    """

    def __init__(self, bundle: Bundle, precision: str = "int8", *, threads: int = 1) -> None:
        if bundle.task != "classifier":
            raise ModelError(f"{bundle.folder} is a bundle for {bundle.task!r}, not for 'classifier'")
        self._model = PictureModel(bundle, precision, threads=threads)
        self.name, self.precision = self._model.name, self._model.precision
        output = bundle.manifest["outputs"].get(OUTPUT)
        if output is None:
            raise ModelError(f"{bundle.folder}: outputs.{OUTPUT} is missing: make the bundle again")
        labels = output.get("labels")
        if not isinstance(labels, list) or len(labels) < 2 or not all(isinstance(label, str) for label in labels):
            raise ModelError(f"{bundle.folder}: outputs.{OUTPUT}.labels must be a list of two or more names")
        self.labels: tuple[str, ...] = tuple(labels)
        count = int(np.prod(self._model.outputs[OUTPUT]))
        self.binary = count == 1 and len(labels) == 2
        if not self.binary and count != len(labels):
            raise ModelError(f"{bundle.folder}: outputs.{OUTPUT} gives {count} numbers for {len(labels)} labels: name each class once")
        self.aligned = getattr(bundle.input, "alignment", "none") != "none"

    def probabilities(self, picture: Image) -> tuple[float, ...]:
        """One probability for each of `labels` for a BGR uint8 picture (an aligned face where the bundle wants one). Raises
        ModelError."""
        values = self._model.run(picture)[OUTPUT].reshape(-1)
        if self.binary:
            return 1.0 - float(values[0]), float(values[0])
        return tuple(float(value) for value in values)

    def classify(self, picture: Image) -> tuple[tuple[str, float], ...]:
        """The labels with their probabilities, best first. Raises ModelError."""
        return tuple(sorted(zip(self.labels, self.probabilities(picture), strict=True), key=lambda pair: -pair[1]))
