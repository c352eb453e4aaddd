"""Runs any bundle whose only input is a picture: from BGR pixels to what the network takes, and its outputs by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge_face.errors import ModelError
from edge_face.opencv import cv2
from edge_face.types import Floats, Image
from edge_face.vision.bundle import Bundle
from edge_face.vision.runtime import Interpreter

Pixels = npt.NDArray[np.uint8]


class PictureSpec(Protocol):
    """What a network takes: pixels, "RGB", "BGR" or "grey", and the middle share of the sides that is used."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def colour(self) -> str: ...
    @property
    def crop(self) -> float: ...


@dataclass(frozen=True, slots=True)
class PictureInput:
    """A `PictureSpec` of its own."""

    width: int
    height: int
    colour: str = "RGB"
    crop: float = 1.0


def prepare(picture: Image, spec: PictureSpec) -> Pixels:
    """A BGR uint8 picture of any size as uint8 (height, width, channels), pixels still 0 to 255: the middle `crop` of each
    side, brought to the size (by area down, bilinear up), then to the colour order. Raises ModelError for no such picture."""
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or picture.size == 0:
        raise ModelError(f"a network takes BGR pictures (height x width x 3, uint8), not {picture.shape} {picture.dtype}: "
                         "read pictures with edge_face.media.read_picture")
    rows, columns = (min(round(side * (1 - spec.crop) / 2), (side - 1) // 2) for side in picture.shape[:2])
    part = picture[rows:picture.shape[0] - rows, columns:picture.shape[1] - columns]
    small = (min(spec.width, part.shape[1]), min(spec.height, part.shape[0]))
    for size, method in ((small, cv2.INTER_AREA), ((spec.width, spec.height), cv2.INTER_LINEAR)):
        if (part.shape[1], part.shape[0]) != size:
            part = cv2.resize(part, size, interpolation=method)
    if spec.colour == "grey":
        return np.asarray(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY), np.uint8)[:, :, None]
    return np.ascontiguousarray(part[:, :, ::-1] if spec.colour == "RGB" else part)


class PictureModel:
    """One file of a bundle with one picture as its input. One instance for each thread.

    `outputs`: the shapes by the manifest's names, batch first. Raises ModelError for a bundle that does not do what its
    manifest says.
    """

    def __init__(self, bundle: Bundle, precision: str = "int8", *, size: tuple[int, int] | None = None, threads: int = 1) -> None:
        entry = bundle.entry(precision, size)
        self.name = str(bundle.folder / entry.name)
        self.precision = entry.precision
        given = bundle.input
        if given.kind != "picture":
            raise ModelError(f"{self.name} takes arrays, not a picture: edge_face.vision.Interpreter runs it")
        width, height = entry.size or size or (given.width, given.height)
        self.spec = PictureInput(width, height, given.colour, given.crop)
        self._interpreter = Interpreter(bundle.read(entry), threads=threads, name=self.name)
        wanted = (1, height, width, 1 if given.colour == "grey" else 3)
        if [tensor.shape for tensor in self._interpreter.inputs] != [wanted]:
            raise ModelError(f"{self.name} takes {[t.shape for t in self._interpreter.inputs]}, its manifest says {wanted}")
        self.outputs = _shapes(bundle)
        self._names = self._interpreter.output_names(self.outputs)

    def prepare(self, picture: Image) -> Pixels:
        """What the network gets of a BGR picture: uint8 (height, width, channels). Raises ModelError."""
        return prepare(picture, self.spec)

    def run(self, picture: Image) -> dict[str, Floats]:
        """The outputs by the manifest's names, float32 with the batch of 1, for a BGR uint8 picture (an aligned face where
        the bundle wants one). Raises ModelError, also for outputs that are no numbers."""
        found = self._interpreter.run(self.prepare(picture))
        outputs = {name: found[actual] for name, actual in self._names.items()}
        for name, value in outputs.items():
            if not np.isfinite(value).all():
                raise ModelError(f"{self.name} gave values of {name} that are no numbers: the model is damaged or unfit for this board")
        return outputs


def _shapes(bundle: Bundle) -> dict[str, tuple[int, ...]]:
    """The shapes of the outputs by name. Raises ModelError where the manifest gives none."""
    shapes = {}
    for name, output in bundle.manifest["outputs"].items():
        shape = output.get("shape") if isinstance(output, Mapping) else None
        if not isinstance(shape, list) or not shape or not all(isinstance(side, int) and side > 0 for side in shape):
            raise ModelError(f"{bundle.folder}: outputs.{name}.shape must be a list of whole numbers, 1 first")
        shapes[name] = tuple(shape)
    return shapes
