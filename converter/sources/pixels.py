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
        if kind == "Rescaling":
            scale = float(np.max(np.abs(np.asarray(layer.scale, np.float64))))
            if scale < 0.1:
                return RAW, f"its layer {layer.name} scales pixels, so it takes them from 0 to 255"
            return UNIT, f"its layer {layer.name} multiplies by {scale:g}, so it takes pixels from 0 to 1: say --pixels if it does not"
        if kind in ("Normalization", "BatchNormalization"):
            mean = layer.mean if kind == "Normalization" else layer.moving_mean
            bright = float(np.mean(np.asarray(mean, np.float64))) > BRIGHT
            seen = "0 to 255" if bright else "0 to 1"
            return RAW if bright else UNIT, (f"its first layer {layer.name} has seen pixels of a mean of "
                                             f"{float(np.mean(np.asarray(mean))):.3g}, so it takes them from {seen}")
        if layer.weights:
            break
    return UNIT, "nothing in the model scales pixels, so 0 to 1 is assumed: say --pixels 0,255 if it was trained on raw pixels"


def _saved(model: SourceModel) -> tuple[tuple[float, float], str]:
    scopes = {name for name in getattr(model, "operators", ()) if name.startswith("scope:")}
    if scopes:
        layer = sorted(scopes)[0].removeprefix("scope:")
        return RAW, f"it has a layer {layer}, which is taken to scale pixels from 0 to 255: say --pixels if it does not"
    return UNIT, ("no layer of the SavedModel is called rescaling or normalization, so pixels from 0 to 1 are assumed: say --pixels 0,255 "
                  "if it was trained on raw pixels")


def _first_layers(model: Any) -> list[Any]:
    """Layers in order, those of models inside among them."""
    out: list[Any] = []
    for layer in model.layers:
        out.extend(_first_layers(layer) if getattr(layer, "layers", None) else [layer])
    return out
