"""What the conversion's tests bring: a float model as a source, and calibration examples for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from zoo import examples

from converter.contract import Array, Floats, Material, SourceModel
from edge_face.vision.runtime import Interpreter


def source(model: Any, folder: Path) -> SourceModel:
    """A Keras model as the converter's sources hand it on: saved, and loaded again."""
    from converter.sources import load

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{model.name}.keras"
    model.save(path)
    return load(path)


def material(model: Any, count: int = 12, seed: int = 3) -> Material:
    """Drawn pictures as bytes (models of the zoo that take 0 to 1 see 0 to 255 then, which tests no accuracy), features as floats."""
    given = examples(model, count, seed, high=255.0)
    return Material({name: np.rint(value).astype(np.uint8) if value.ndim == 4 else value for name, value in given.items()})


def run_file(content: bytes, values: Mapping[str, Array]) -> dict[str, Floats]:
    """Outputs by name of a .tflite file by the device's own runtime, one example after the other."""
    net = Interpreter(content)
    rows = [net.run({name: value[index] for name, value in values.items()}) for index in range(len(next(iter(values.values()))))]
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}


def relative(one: Floats, other: Floats) -> float:
    """RMS of the difference over the RMS of `other`."""
    return float(np.sqrt(np.mean((one - other) ** 2) / np.mean(other ** 2)))
