"""The door's face embedder: a small residual net of plain 3x3 convolutions and ReLU6.

Plain convolutions rather than depthwise ones: on the CPUs that train and run it they do two to four times the work in
the same time, in float and in int8, and ReLU6 keeps every activation in a range that int8 can hold
(He et al. 2016, Deep Residual Learning; the 7x7 depthwise head is MobileFaceNet's, Chen et al. 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

SIZE = 112


def _normed(x: Any, name: str, width: int, kernel: int, stride: int = 1) -> Any:
    x = layers.Conv2D(width, kernel, stride, padding="same", use_bias=False, name=f"{name}_conv")(x)
    return layers.BatchNormalization(name=f"{name}_norm")(x)


def _block(x: Any, name: str, width: int, stride: int) -> Any:
    """Two 3x3 convolutions beside the input (or its 1x1 projection where the shape changes)."""
    inner = layers.ReLU(6.0, name=f"{name}_a_relu")(_normed(x, f"{name}_a", width, 3, stride))
    inner = _normed(inner, f"{name}_b", width, 3)
    if stride != 1 or x.shape[-1] != width:
        x = _normed(x, f"{name}_skip", width, 1, stride)
    return layers.ReLU(6.0, name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, inner]))


def build(
    stem: int = 16,
    widths: Sequence[int] = (32, 64, 128),
    blocks: Sequence[int] = (5, 6, 2),
    head: int = 384,
    dimension: int = 384,
    size: int = SIZE,
    dropout: float = 0.0,
) -> Any:
    """Keras model: RGB 0..255 float32[N,size,size,3] -> float32[N,dimension], not normalised.

    `size` is a multiple of 8; each stage starts at stride 2, as does the stem. `dropout` is the share of the pooled
    features that a training step leaves out.
    """
    if size % 8:
        raise ValueError(f"size must be a multiple of 8, not {size}")
    face = layers.Input((size, size, 3), name="face")
    x = layers.Rescaling(1 / 127.5, -1.0, name="scale")(face)
    x = layers.ReLU(6.0, name="stem_relu")(_normed(x, "stem", stem, 3, 2))
    for stage, (width, count) in enumerate(zip(widths, blocks, strict=True), 1):
        for number in range(1, count + 1):
            x = _block(x, f"s{stage}b{number}", width, 2 if number == 1 else 1)
    x = layers.ReLU(6.0, name="wide_relu")(_normed(x, "wide", head, 1))
    x = layers.DepthwiseConv2D(-(-size // 16), use_bias=False, name="pool_conv")(x)
    x = layers.BatchNormalization(name="pool_norm")(x)
    x = layers.Flatten(name="flat")(x)
    if dropout:
        x = layers.Dropout(dropout, name="drop")(x)
    x = layers.Dense(dimension, use_bias=False, name="project")(x)
    x = layers.BatchNormalization(name="embedding")(x)
    return keras.Model(face, x, name="embedder")


def deepen(model: Any, source: Any) -> list[str]:
    """Copy the weights of a shallower net of the same widths into `model`; blocks that are new start as the identity.

    A block whose last normalisation has gamma 0 gives its input back (ReLU6 of what is in 0..6 already), so the deeper
    net starts as good as the source was. Returns the new blocks' names. Raises ValueError where shapes do not fit.
    """
    theirs = {layer.name: layer for layer in source.layers}
    new = sorted({layer.name.split("_")[0] for layer in model.layers} - {name.split("_")[0] for name in theirs})
    for layer in model.layers:
        twin = theirs.get(layer.name)
        if twin is None:
            if layer.name.split("_")[0] not in new:
                raise ValueError(f"layer {layer.name} is neither in the source nor part of a new block")
            if layer.name.endswith("_b_norm"):
                layer.gamma.assign(layer.gamma * 0.0)
        elif layer.get_weights():
            layer.set_weights(twin.get_weights())
    return new


def pour_resized(model: Any, source: Any) -> None:
    """Copy the weights of a net for faces of another size: all but the window that pools the last map are the same, and that one is
    resampled, its sum kept. Raises ValueError where more than the window differs."""
    theirs = {layer.name: layer for layer in source.layers}
    for layer in model.layers:
        given = theirs[layer.name].get_weights() if layer.name in theirs else []
        wanted = layer.get_weights()
        if layer.name == "pool_conv" and given:
            given = [_resampled(given[0], wanted[0].shape[0])]
        if [w.shape for w in given] != [w.shape for w in wanted]:
            raise ValueError(f"layer {layer.name} differs in more than the size of the faces")
        if wanted:
            layer.set_weights(given)


def _resampled(window: Any, size: int) -> Any:
    """A window [n,n,channels,1] at another size, bilinear; it sums over as much of the map as before."""
    total = window.shape[0] ** 2
    places = (np.arange(size) + 0.5) * window.shape[0] / size - 0.5
    low = np.clip(np.floor(places).astype(int), 0, window.shape[0] - 1)
    high = np.minimum(low + 1, window.shape[0] - 1)
    part = np.clip(places - low, 0, 1)
    for axis in (0, 1):
        shape = [1] * window.ndim
        shape[axis] = size
        share = part.reshape(shape)
        window = np.take(window, low, axis) * (1 - share) + np.take(window, high, axis) * share
    return (window * total / size**2).astype(np.float32)
