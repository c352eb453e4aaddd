"""Aligned face -> embedding: a unit vector whose products with others are cosine similarities."""

from __future__ import annotations

import numpy as np

from edge_face.errors import ModelError
from edge_face.types import Floats, Image
from edge_face.vision.bundle import Bundle
from edge_face.vision.runtime import Interpreter

# A part shorter than this has no direction: the network said nothing about the picture.
SHORTEST = 1e-6


class Embedder:
    """Runs one file of an embedder bundle. One instance for each thread.

    `embed` takes a BGR uint8 crop of `size` (width, height) from `edge_face.vision.align`. Raises ModelError for a
    bundle that does not do what its manifest says.
    """

    def __init__(self, bundle: Bundle, precision: str = "int8", threads: int = 1) -> None:
        if bundle.embedding is None:
            raise ModelError(f"{bundle.folder} is a bundle for {bundle.task!r}, not for 'embedder'")
        entry = bundle.entry(precision)
        self.name = f"{bundle.folder / entry.name}"
        self.model_id = bundle.model_id
        self.dimension = bundle.embedding.dimension
        self.precision = entry.precision
        self.size = (bundle.input.width, bundle.input.height)
        self._rgb = bundle.input.colour == "RGB"
        self._mirrored = bundle.embedding.mirrored
        self._interpreter = Interpreter(bundle.read(entry), threads=threads, name=self.name)
        wanted = (1, bundle.input.height, bundle.input.width, 3)
        if [tensor.shape for tensor in self._interpreter.inputs] != [wanted]:
            raise ModelError(f"{self.name} takes {[t.shape for t in self._interpreter.inputs]}, its manifest says {wanted}")
        self._output = self._interpreter.output_names({bundle.embedding.output: (1, self.dimension)})[bundle.embedding.output]
        ends = np.cumsum(bundle.embedding.parts).tolist()
        self._parts = [slice(end - length, end) for end, length in zip(ends, bundle.embedding.parts, strict=True)]

    def embed(self, aligned: Image) -> Floats:
        """The embedding of an aligned face (height, width, 3) BGR uint8: float32 (dimension,) of length 1.

        Each part is brought to length 1 first, so that the cosine is the mean of the parts' cosines. A bundle that says
        "mirrored" is shown the face and its mirror image, and the direction between the two is taken. Raises ModelError.
        """
        width, height = self.size
        if aligned.shape != (height, width, 3) or aligned.dtype != np.uint8:
            raise ModelError(f"{self.name} takes aligned BGR faces of {width}x{height}, uint8, not {aligned.shape} {aligned.dtype}")
        embedding = self._look(aligned)
        if self._mirrored:
            # Light and pose are one-sided, a face hardly: the mean of both views tells people apart better than either.
            embedding = self._unit(embedding + self._look(aligned[:, ::-1]))
        return embedding

    def _look(self, face: Image) -> Floats:
        return self._unit(self._interpreter.run(face[:, :, ::-1] if self._rgb else face)[self._output].reshape(-1))

    def _unit(self, raw: Floats) -> Floats:
        """Each part brought to length 1, all of them together too. Raises ModelError."""
        embedding = np.empty(self.dimension, np.float32)
        share = np.float32(1.0 / np.sqrt(len(self._parts)))
        for part in self._parts:
            length = float(np.linalg.norm(raw[part]))
            if not SHORTEST < length < np.inf:  # NaN fails both
                raise ModelError(f"{self.name} gave an embedding of length {length}: the model is damaged or unfit for this board")
            embedding[part] = raw[part] * (share / np.float32(length))
        return embedding
