"""Calibration examples as the engines take them: one at a time, float32, in the units of the network's own inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from converter.contract import Array, Material, SourceModel, TensorSpec
from edge_face.errors import ModelError


@dataclass(frozen=True, eq=False)
class Feed:
    """Examples by input. Iterating gives {name: (1, *shape)}; `pictures` are the inputs that take bytes (0 to 255).

    The first example is a copy of the material's first with the picture's first value black and its last white, so that a picture
    input's range is exactly 0 to 255 (scale 1: bytes go in as they are) while what the net sees stays a natural picture.
    """

    values: Mapping[str, Array]
    inputs: Sequence[TensorSpec]
    pictures: frozenset[str]

    def __len__(self) -> int:
        return len(next(iter(self.values.values())))

    def __iter__(self) -> Iterator[dict[str, Array]]:
        if self.pictures:
            yield {spec.name: self._bounded(spec, self._one(spec, 0)) for spec in self.inputs}
        for index in range(len(self)):
            yield {spec.name: self._one(spec, index) for spec in self.inputs}

    def _one(self, spec: TensorSpec, index: int) -> Array:
        return np.ascontiguousarray(self.values[spec.name][index][None], dtype=spec.dtype)

    def _bounded(self, spec: TensorSpec, value: Array) -> Array:
        if spec.name in self.pictures:
            flat = value.reshape(-1)
            flat[0], flat[-1] = 0, 255
        return value

    def first(self, count: int) -> Feed:
        """The same with at most `count` examples."""
        return Feed({name: value[:count] for name, value in self.values.items()}, self.inputs, self.pictures)


def feed(model: SourceModel, material: Material) -> Feed:
    """`material` for `model`'s inputs; pictures are those that come as bytes. Raises ModelError where they do not fit."""
    for spec in model.inputs:
        if spec.name not in material.values:
            raise ModelError(f"the calibration has nothing for input {spec.name} of {model.path.name}: it brings {_listed(material)}")
        value = material.values[spec.name]
        if tuple(value.shape[1:]) != tuple(spec.shape):
            raise ModelError(f"input {spec.name} of {model.path.name} takes shape {spec.shape}, "
                             f"the calibration brings {tuple(value.shape[1:])}")
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise ModelError(f"the calibration for input {spec.name} has numbers that are infinite or not a number: leave them out")
    if len(material) == 0:
        raise ModelError("the calibration has no examples: int8 needs some, best a few hundred like those in use")
    return Feed({spec.name: material.values[spec.name] for spec in model.inputs}, model.inputs,
                frozenset(spec.name for spec in model.inputs if material.values[spec.name].dtype == np.uint8))


def _listed(material: Material) -> str:
    return ", ".join(material.values) or "no input at all"
