"""What is in a Keras file or a SavedModel: layers, shapes, parameters, multiply-accumulates, and what our trainer noted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RECURRENT = ("GRU", "LSTM", "SimpleRNN")
KEPT_OF_RECORD = ("task", "recipe", "name", "version", "backend", "seconds", "pictures", "people")


def inspect_keras(path: Path) -> dict[str, Any]:
    """{"file", "kind", "inputs", "outputs", "weights_sha256", "record", "said"}, and what `model_facts` gives but for a SavedModel,
    which has no layers any more. Raises ModelError, MissingExtraError without TensorFlow."""
    from converter.sources.model import load

    source = load(path)
    found: dict[str, Any] = {
        "file": path.name, "kind": source.kind, "weights_sha256": source.weights_sha256, "said": list(source.said),
        "inputs": [{"name": each.name, "shape": list(each.shape), "dtype": each.dtype} for each in source.inputs],
        "outputs": [{"name": each.name, "shape": list(each.shape), "dtype": each.dtype} for each in source.outputs],
        "record": {key: source.record[key] for key in KEPT_OF_RECORD if key in source.record} if source.record else None}
    return found if source.keras is None else found | model_facts(source.keras)


def model_facts(model: Any) -> dict[str, Any]:
    """Layers, parameters and multiply-accumulates of a built Keras model."""
    layers = [_layer(layer) for layer in _flat_layers(model)]
    return {"layers": layers, "parameters": int(model.count_params()), "macs": sum(layer["macs"] or 0 for layer in layers),
            "macs_uncounted": sorted({layer["kind"] for layer in layers if layer["macs"] is None})}


def _flat_layers(model: Any) -> Iterator[Any]:
    """All layers, those of models inside models in their place."""
    for layer in model.layers:
        if hasattr(layer, "layers") and layer.layers:
            yield from _flat_layers(layer)
        else:
            yield layer


def _layer(layer: Any) -> dict[str, Any]:
    shape = _shape(layer, "output")
    return {"name": str(layer.name), "kind": type(layer).__name__, "output": shape, "parameters": int(layer.count_params()),
            "macs": layer_macs(layer)}


def _shape(layer: Any, side: str) -> list[int | None] | None:
    """Of one tensor, without the batch; None where a layer has several or none."""
    try:
        shape = getattr(layer, side).shape
    except (AttributeError, ValueError):  # called several times, or never
        return None
    return [None if length is None else int(length) for length in shape[1:]]


def layer_macs(layer: Any) -> int | None:
    """Multiply-accumulates of one run, biases not counted; None where a layer has a matrix of weights and is not of a kind that is known,
    or has no fixed shape."""
    kind = type(layer).__name__
    kernels = [tuple(int(side) for side in weight.shape) for weight in layer.weights if len(weight.shape) >= 2]
    if not kernels:
        return 0
    entering, leaving = _shape(layer, "input"), _shape(layer, "output")
    if entering is None or leaving is None or None in (*entering, *leaving):
        return None
    first, last = [side or 0 for side in entering], [side or 0 for side in leaving]
    kernel = kernels[0]
    if kind in RECURRENT and not layer.go_backwards:
        # Every step multiplies its input and its state by the gates' matrices.
        return first[0] * sum(math.prod(each) for each in kernels[:2])
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        return None
    if kind in ("Conv1D", "Conv2D", "Conv3D"):  # kernel: sides, inputs of a group, outputs
        return math.prod(last) * math.prod(kernel[:-1])
    if kind in ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"):  # kernel: sides, outputs, inputs
        return math.prod(first) * math.prod(kernel[:-1])
    if kind in ("DepthwiseConv1D", "DepthwiseConv2D"):  # kernel: sides, inputs, outputs of each
        return math.prod(last) * math.prod(kernel[:-2])
    if kind in ("SeparableConv1D", "SeparableConv2D"):
        places = math.prod(last[:-1])
        return places * (math.prod(kernels[0]) + math.prod(kernels[1]))
    if kind == "Dense":
        return math.prod(last) * kernel[0]
    if kind in ("Embedding", "PReLU", "BatchNormalization", "LayerNormalization", "Normalization"):
        return 0  # looked up or one product for each number, as everywhere in this count
    return None
