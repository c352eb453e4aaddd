"""The landmarker: a face of 64x64 to the offsets of its five points, 0.4 M parameters, 29 M multiply-accumulates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import Model, layers


def _conv(x: Any, name: str, width: int, stride: int = 1, size: int = 3) -> Any:
    x = layers.Conv2D(width, size, stride, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(momentum=0.98, name=f"{name}_norm")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)


def build(size: int = 64, widths: Sequence[int] = (24, 48, 64, 96), dense: int = 128) -> Any:
    """Keras model: BGR 0..255 float32[N,size,size,3] -> "landmarks" float32[N,10]: x, y of left eye, right eye, nose tip,
    left and right mouth corner as seen, each from its place in the template, in eye distances."""
    face = layers.Input((size, size, 3), name="face")
    x = layers.Rescaling(1 / 127.5, -1.0, name="scale")(face)
    for stage, width in enumerate(widths):
        x = _conv(x, f"s{stage}a", width, 2)
        if stage:
            x = _conv(x, f"s{stage}b", width)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(dense, use_bias=False, name="dense")(x)
    x = layers.BatchNormalization(momentum=0.98, name="dense_norm")(x)
    x = layers.ReLU(6.0, name="dense_relu")(x)
    x = layers.Dense(10, name="landmarks")(x)
    return Model(face, x, name="landmarker")
