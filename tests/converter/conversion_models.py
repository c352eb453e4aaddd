"""What the conversion's tests bring: a float model as a source, and calibration examples for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from converter.contract import Array, Material, SourceModel
from tests.converter.zoo import examples


def source(model: Any) -> SourceModel:
    """A Keras model in memory as the converter's sources hand it on."""
    from converter.sources import from_keras

    return from_keras(model, Path(f"{model.name}.keras"), {})


def material(model: Any, count: int = 12, seed: int = 3) -> Material:
    """Drawn pictures as bytes (models of the zoo that take 0 to 1 see 0 to 255 then, which tests no accuracy), features as floats."""
    given = examples(model, count, seed, high=255.0)
    return Material({name: np.rint(value).astype(np.uint8) if value.ndim == 4 else value for name, value in given.items()})


def floats(values: Mapping[str, Array]) -> dict[str, Array]:
    """The same in float32, for the Keras model."""
    return {name: value.astype(np.float32) for name, value in values.items()}
