"""The anonymizer's net: a picture in, a picture of the same size out, down to a few cells and up again (Ronneberger et al. 2015, U-Net).

Plain 3x3 convolutions with ReLU6 and bilinear enlarging, which int8 runs whole. The same net, turned round, undoes what a method did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

SIZE = 128


def _conv(x: Any, name: str, width: int, stride: int = 1, size: int = 3) -> Any:
    x = layers.Conv2D(width, size, stride, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(momentum=0.98, name=f"{name}_norm")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)


def build(size: int = SIZE, stem: int = 12, widths: Sequence[int] = (16, 24, 32, 48), blocks: int = 1) -> Any:
    """Keras model: BGR 0..255 float32[N,size,size,3] -> "picture" float32[N,size,size,3], BGR 0..255.

    `stem` channels at half the size, then one halving for each of `widths` with `blocks` convolutions more; on the way up what was seen
    on the way down at the same size is added. Raises ValueError for a size that does not halve so often.
    """
    if size % 2 ** (len(widths) + 1):
        raise ValueError(f"size must be a multiple of {2 ** (len(widths) + 1)} for {len(widths)} widths, not {size}")
    face = layers.Input((size, size, 3), name="face")
    x = layers.Rescaling(1 / 127.5, -1.0, name="scale")(face)
    x = _conv(x, "stem", stem, 2)
    seen = [x]
    for level, width in enumerate(widths, 1):
        x = _conv(x, f"down{level}", width, 2)
        for block in range(blocks):
            x = _conv(x, f"down{level}_{block}", width)
        seen.append(x)
    for level in range(len(widths), 0, -1):
        beside = seen[level - 1]
        x = layers.UpSampling2D(2, interpolation="bilinear", name=f"up{level}_enlarge")(x)
        x = _conv(x, f"up{level}_a", int(beside.shape[-1]))
        x = layers.Add(name=f"up{level}_add")([x, beside])
        x = _conv(x, f"up{level}_b", int(beside.shape[-1]))
    x = layers.UpSampling2D(2, interpolation="bilinear", name="up0_enlarge")(x)
    # What is painted is added to what was seen, so that the net begins with a copy. ReLU6 holds the sum in a range in which int8 has a step
    # for about each grey level.
    x = layers.Conv2D(3, 3, padding="same", kernel_initializer="zeros", name="paint_conv")(x)
    x = layers.Add(name="paint_add")([x, layers.Rescaling(6.0 / 255.0, name="seen")(face)])
    x = layers.ReLU(6.0, name="paint_relu")(x)
    x = layers.Rescaling(255.0 / 6.0, dtype="float32", name="picture")(x)
    return keras.Model(face, x, name="anonymizer")
