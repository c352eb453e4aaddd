"""Running a float model in batches and writing it with a named signature: the same for Keras models and SavedModels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converter.contract import Array, Floats, SourceModel
from converter.sources.backend import keras_on_tensorflow, reason
from edge_face.errors import ModelError

BATCH = 32
Call = Callable[[Mapping[str, Any]], dict[str, Any]]
"""TensorFlow tensors by input name, batch first, to tensors by output name."""


def run_call(source: SourceModel, call: Call, values: Mapping[str, Array], traced: list[Any], single: bool = False) -> dict[str, Floats]:
    """Float outputs by name, in batches, or one at a time where the model takes no more; `traced` keeps the compiled function.
    Raises ModelError."""
    _, tf = keras_on_tensorflow()
    count = _checked(source, values)
    if not traced:
        signature = {spec.name: tf.TensorSpec((1 if single else None, *spec.shape), spec.dtype, name=spec.name) for spec in source.inputs}
        traced.append(tf.function(lambda **given: call(given), autograph=False).get_concrete_function(**signature))
    parts: dict[str, list[Floats]] = {spec.name: [] for spec in source.outputs}
    batch = 1 if single else BATCH
    for start in range(0, count, batch):
        fed = {spec.name: tf.constant(np.asarray(values[spec.name][start:start + batch]).astype(spec.dtype)) for spec in source.inputs}
        for name, found in traced[0](**fed).items():
            parts[name].append(found.numpy().astype(np.float32))
    return {name: np.concatenate(found) if found else np.zeros((0, *_shape(source, name)), np.float32) for name, found in parts.items()}


def export_call(source: SourceModel, call: Call, variables: Sequence[Any], folder: Path) -> None:
    """Writes a SavedModel with a batch of 1 and "serving_default" over these TensorFlow variables. Raises ModelError."""
    from converter.conversion.quiet import quiet

    _, tf = keras_on_tensorflow()
    signature = {spec.name: tf.TensorSpec((1, *spec.shape), spec.dtype, name=spec.name) for spec in source.inputs}
    shapes = {spec.name: (1, *spec.shape) for spec in source.outputs}

    def serve(**given: Any) -> dict[str, Any]:
        return {name: tf.ensure_shape(tf.cast(value, tf.float32), shapes[name]) for name, value in call(given).items()}

    try:
        with quiet():
            module = tf.Module()
            # The variables alone: with the Keras model itself in the tree, TensorFlow's converter no longer sees that they are constant.
            module.kept = list(variables)
            served = tf.function(serve, autograph=False).get_concrete_function(**signature)
            tf.saved_model.save(module, str(folder), signatures={"serving_default": served})
    except Exception as error:  # layers raise what they like while they are traced
        if isinstance(error, OSError) or "No space left" in str(error) or "Disk quota" in str(error):
            raise ModelError(f"the model cannot be written to {folder} ({reason(error)}): make room, or set TMPDIR to another "
                             "disk") from error
        raise ModelError(f"{source.path} cannot be written with a batch of 1 ({reason(error)}): build it for any batch, "
                         "keras.Input((height, width, 3))") from error


def _checked(source: SourceModel, values: Mapping[str, Array]) -> int:
    """How many examples there are. Raises ModelError."""
    if missing := [spec.name for spec in source.inputs if spec.name not in values]:
        raise ModelError(f"{source.path} needs values for its input {missing[0]}; given are {', '.join(values) or 'none'}")
    counts = set()
    for spec in source.inputs:
        shape = np.shape(values[spec.name])
        if shape[1:] != spec.shape:
            raise ModelError(f"{source.path}: the input {spec.name} takes {spec.shape}, not {shape[1:]}")
        counts.add(shape[0])
    if len(counts) != 1:
        raise ModelError(f"{source.path}: its inputs were given {sorted(counts)} examples: as many of each are needed")
    return int(counts.pop())


def _shape(source: SourceModel, name: str) -> tuple[int, ...]:
    return next(spec.shape for spec in source.outputs if spec.name == name)
