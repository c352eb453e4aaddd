"""A .tflite file in the place of a float model: what another file is compared with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from converter.contract import Array, Floats, Kind, Precision, TensorSpec
from converter.inspection.flat import FlatModel, read_flat
from edge_face.errors import ModelError
from edge_face.vision.runtime import Interpreter


class TfliteSource:
    """Runs a .tflite file, already known to be sound, as the rooms behind run a float model. Inputs are real units (pixels, not
    quanta) whatever the file takes; outputs are float32. Raises ModelError."""

    kind: Kind = "tflite"
    keras: Any = None

    def __init__(self, path: Path, content: bytes) -> None:
        self.path = path
        self.record: Mapping[str, Any] = {}
        self.said: tuple[str, ...] = ()
        self.weights_sha256 = hashlib.sha256(content).hexdigest()
        self._runtime = Interpreter(content, name=path.name)
        self.inputs = tuple(TensorSpec(tensor.name, tensor.shape[1:]) for tensor in self._runtime.inputs)
        self.outputs = tuple(TensorSpec(tensor.name, tensor.shape[1:]) for tensor in self._runtime.outputs)

    def run(self, values: Mapping[str, Array]) -> dict[str, Floats]:
        """Outputs by name for inputs by name, each (n, *shape): one after the other, as on the device."""
        count = len(next(iter(values.values())))
        answers = [self._runtime.run({name: value[index] for name, value in values.items()}) for index in range(count)]
        return {tensor.name: np.concatenate([answer[tensor.name] for answer in answers]) for tensor in self._runtime.outputs}

    def export(self, folder: Path) -> None:
        """There is no way back. Raises ModelError."""
        raise ModelError(f"{self.path.name} is a TFLite file already and cannot be converted: bring the Keras model it was made from")


def precision_of(content: bytes) -> Precision:
    """What a .tflite file computes in: by the types of its weights and of what its matrices multiply."""
    model: FlatModel = read_flat(content)
    tensors = model.graphs[0].tensors
    kinds = {tensor.dtype for tensor in tensors if tensor.constant and len(tensor.shape) > 1}
    if "int8" not in kinds:
        return "float16" if "float16" in kinds else "float32"
    # Of a dynamic range file only the weights are integers; of a mixed one some of what is computed is.
    return "int8" if any(tensor.dtype == "int8" and not tensor.constant for tensor in tensors) else "dynamic"
