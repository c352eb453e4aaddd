"""The liveness net: a face with its surroundings of 96x96 to how likely a living person is there.

Plain and residual 3x3 convolutions with ReLU6; the early ones keep half the resolution, since moire, dots and grain are fine
patterns. About 46 M multiply-accumulates and 0.32 M parameters as shipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import Model, layers


def _norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(momentum=0.98, name=f"{name}_norm")(x)


def _conv(x: Any, name: str, width: int, stride: int = 1) -> Any:
    x = layers.Conv2D(width, 3, stride, padding="same", use_bias=False, name=f"{name}_conv")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(_norm(x, name))


def _residual(x: Any, name: str, width: int) -> Any:
    inner = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, _norm(inner, name)]))


def build(size: int = 96, widths: Sequence[int] = (24, 40, 80, 112), depths: Sequence[int] = (1, 1, 1, 1), dense: int = 48,
          dropout: float = 0.2) -> Any:
    """Keras model: BGR 0..255 float32[N,size,size,3] -> "live" float32[N,1], 0 attack to 1 live."""
    face = layers.Input((size, size, 3), name="face")
    x = layers.Rescaling(1 / 127.5, -1.0, name="scale")(face)
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        x = _conv(x, f"s{stage}", width, 2)
        for number in range(depth):
            x = _residual(x, f"s{stage}r{number}", width)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dense(dense, use_bias=False, name="dense")(x)
    x = layers.ReLU(6.0, name="dense_relu")(_norm(x, "dense"))
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(1, name="logit")(x)
    return Model(face, layers.Activation("sigmoid", dtype="float32", name="live")(x), name="liveness")
