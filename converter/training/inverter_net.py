"""The inverter: an embedding back to a face. An attack to measure with, never a part of the door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import Model, layers

SMALLEST = 7


def _conv(x: Any, name: str, width: int) -> Any:
    x = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(momentum=0.98, name=f"{name}_norm")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)


def build(dimension: int = 384, seed: int = 160, widths: Sequence[int] = (96, 48, 32)) -> Any:
    """Keras model: unit embeddings float32[N,dimension] -> BGR 0..255 float32[N,112,112,3].

    `seed`: channels of the 7x7 picture that the embedding is spread into; each of `widths` doubles its side. What is left to 112 px
    is enlarged: the embedder looks at shapes that such pictures hold. Raises ValueError for more doublings than 112 px take.
    """
    if not 1 <= len(widths) <= 4:
        raise ValueError("widths are 1 to 4 stages, each of which doubles the side of 7 px")
    embedding = layers.Input((dimension,), name="embedding")
    x = layers.Rescaling(dimension ** 0.5, name="scale")(embedding)
    x = layers.Dense(SMALLEST * SMALLEST * seed, use_bias=False, name="spread")(x)
    x = layers.BatchNormalization(momentum=0.98, name="spread_norm")(x)
    x = layers.ReLU(6.0, name="spread_relu")(x)
    x = layers.Reshape((SMALLEST, SMALLEST, seed), name="seed")(x)
    for stage, width in enumerate(widths):
        x = layers.UpSampling2D(2, interpolation="bilinear", name=f"s{stage}_up")(x)
        x = _conv(x, f"s{stage}a", width)
        x = _conv(x, f"s{stage}b", width)
    x = layers.Conv2D(3, 3, padding="same", activation="sigmoid", name="paint")(x)
    x = layers.Rescaling(255.0, name="pixels")(x)
    left = 2 ** (4 - len(widths))
    if left > 1:
        x = layers.UpSampling2D(left, interpolation="bilinear", name="face")(x)
    return Model(embedding, x, name="inverter")
