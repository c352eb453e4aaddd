"""What range of pixels a model was trained on, seen from its first layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from converter.contract import SourceModel

RAW, UNIT = (0.0, 255.0), (0.0, 1.0)
BRIGHT = 4.0
"""A mean of inputs above this is one of pixels up to 255, not up to 1."""


def guess_pixels(model: SourceModel) -> tuple[tuple[float, float], str]:
    """Black and white as the model takes them, and the sentence that says why."""
    if not model.inputs[0].dtype.startswith("float"):
        return RAW, f"its input is {model.inputs[0].dtype}, so it takes pixels 0 to 255"
    if model.keras is None:
        return _saved(model)
    for layer in _first_layers(model.keras):
        kind = type(layer).__name__
        if (seen := _arithmetic(layer)) is not None:
            return seen
        if kind == "Rescaling":
            scale = float(np.max(np.abs(np.asarray(layer.scale, np.float64))))
            if scale < 0.1:
                return RAW, f"its layer {layer.name} scales pixels, so it takes them from 0 to 255"
            return UNIT, f"its layer {layer.name} multiplies by {scale:g}, so it takes pixels from 0 to 1: say --pixels if it does not"
        if kind in ("Normalization", "BatchNormalization"):
            mean = layer.mean if kind == "Normalization" else layer.moving_mean
            bright = float(np.mean(np.asarray(mean, np.float64))) > BRIGHT
            ranged = "0 to 255" if bright else "0 to 1"
            return RAW if bright else UNIT, (f"its first layer {layer.name} has seen pixels of a mean of "
                                             f"{float(np.mean(np.asarray(mean))):.3g}, so it takes them from {ranged}")
        if getattr(layer, "weights", None):
            break
    return UNIT, "nothing in the model scales pixels, so 0 to 1 is assumed: say --pixels 0,255 if it was trained on raw pixels"


def _saved(model: SourceModel) -> tuple[tuple[float, float], str]:
    scopes = {name for name in getattr(model, "operators", ()) if name.startswith("scope:")}
    if scopes:
        layer = sorted(scopes)[0].removeprefix("scope:")
        return RAW, f"it has a layer {layer}, which is taken to scale pixels from 0 to 255: say --pixels if it does not"
    return UNIT, ("no layer of the SavedModel is called rescaling or normalization, so pixels from 0 to 1 are assumed: say --pixels 0,255 "
                  "if it was trained on raw pixels")


def _arithmetic(operation: Any) -> tuple[tuple[float, float], str] | None:
    """What a plain operation (x / 127.5, x - mean) says of the pixels, as `keras.applications`' preprocess_input leaves them."""
    kind = type(operation).__name__
    if kind not in ("TrueDivide", "Divide", "Multiply", "Subtract", "Add"):
        return None
    numbers = [np.abs(np.asarray(value, np.float64)) for node in operation._inbound_nodes[:1]
               for value in (*node.arguments.args, *node.arguments.kwargs.values()) if _constant(value)]
    if not numbers:
        return None
    size = float(np.max(numbers[0]))
    if kind in ("TrueDivide", "Divide"):
        raw = size > 10
    elif kind == "Multiply":
        raw = size < 0.1
    else:
        raw = size > BRIGHT
    if raw:
        return RAW, f"it begins with the operation {operation.name} by {size:g}, so it takes pixels from 0 to 255"
    return UNIT, f"it begins with the operation {operation.name} by {size:g}, so it takes pixels from 0 to 1: say --pixels if it does not"


def _constant(value: Any) -> bool:
    if isinstance(value, int | float | list | tuple | np.ndarray):
        return np.asarray(value).dtype.kind in "fiu"
    return hasattr(value, "numpy") and not hasattr(value, "_keras_history")


def _first_layers(model: Any) -> list[Any]:
    """Layers and plain operations in order, those of models inside among them."""
    out: list[Any] = []
    for layer in getattr(model, "operations", None) or model.layers:
        out.extend(_first_layers(layer) if getattr(layer, "layers", None) else [layer])
    return out
