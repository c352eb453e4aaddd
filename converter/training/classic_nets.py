"""A plain net, LeNet, AlexNet, VGG, Inception and ResNet, scaled to faces of 32 to 128 px.

What made each of them is kept (its kernels, its branches, its shortcuts); widths and the number of stages follow the
picture's size. Where the original drew its weights carefully or normalised locally, batch normalisation stands here, as
in every later reading of them, so that all of them train by one recipe.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

SMALLEST = 32
"""Pixels: a stage never starts on a map smaller than 4x4."""
MOMENTUM = 0.9
"""Of the running statistics: Keras' 0.99 has not settled at the end of the short runs that small sets take."""


def _input(size: int, channels: int) -> tuple[Any, Any]:
    if size < SMALLEST or size % 16 or channels not in (1, 3):
        raise ValueError(f"the picture must be {SMALLEST} px or more, a multiple of 16, with 1 or 3 channels, not {size} with {channels}")
    face = layers.Input((size, size, channels), name="face")
    return face, layers.Rescaling(1 / 127.5, -1.0, name="scale")(face)


def _conv(x: Any, width: int, kernel: int, stride: int = 1, padding: str = "same", relu: bool = True) -> Any:
    x = layers.Conv2D(width, kernel, stride, padding=padding, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=MOMENTUM)(x)
    return layers.ReLU(6.0)(x) if relu else x


def _dense(x: Any, width: int) -> Any:
    x = layers.Dense(width, use_bias=False)(x)
    return layers.ReLU(6.0)(layers.BatchNormalization(momentum=MOMENTUM)(x))


def _embedder(face: Any, x: Any, dimension: int) -> Any:
    x = layers.Dense(dimension, use_bias=False, name="project")(x)
    return keras.Model(face, layers.BatchNormalization(momentum=MOMENTUM, name="embedding")(x), name="embedder")


def plain(size: int = 32, dimension: int = 128, channels: int = 3, widths: tuple[int, ...] = (32, 64, 128)) -> Any:
    """One layer after the other, as every first lesson has it: a 3x3 convolution and a 2x2 maximum pool for each of
    `widths`, then a dense layer."""
    face, x = _input(size, channels)
    for width in widths:
        if x.shape[1] < 4:
            raise ValueError(f"{len(widths)} stages are too many for {size} px: leave some of the widths out")
        x = layers.MaxPooling2D(2)(_conv(x, width, 3))
    return _embedder(face, layers.Flatten()(x), dimension)


def lenet(size: int = 112, dimension: int = 384, channels: int = 3) -> Any:
    """LeNet-5 (LeCun et al. 1998): two 5x5 convolutions without padding, each pooled by its mean, two dense layers."""
    face, x = _input(size, channels)
    for width in (6, 16):
        x = layers.AveragePooling2D(2)(_conv(x, width, 5, padding="valid"))
    x = layers.Flatten()(x)
    for width in (120, 84):
        x = _dense(x, width)
    return _embedder(face, x, dimension)


def alexnet(size: int = 112, dimension: int = 384, channels: int = 3) -> Any:
    """AlexNet (Krizhevsky et al. 2012): a wide first kernel, overlapping 3x3 maximum pools, three 3x3 convolutions in a
    row, dense layers at the end."""
    face, x = _input(size, channels)
    x = _conv(x, 32, 7 if size >= 64 else 5, 2 if size >= 64 else 1)
    x = layers.MaxPooling2D(3, 2, padding="same")(x)
    x = layers.MaxPooling2D(3, 2, padding="same")(_conv(x, 64, 5))
    for width in (128, 128, 96):
        x = _conv(x, width, 3)
    x = layers.MaxPooling2D(3, 2, padding="same")(x)
    x = _dense(layers.Flatten()(x), 128)
    return _embedder(face, x, dimension)


def vgg(size: int = 112, dimension: int = 384, channels: int = 3) -> Any:
    """VGG (Simonyan & Zisserman 2015): nothing but 3x3 convolutions, two by two, each pair followed by a 2x2 maximum pool
    and twice as wide as the one before."""
    face, x = _input(size, channels)
    for width in (16, 32, 64, 128, 128):
        if x.shape[1] < 4:
            break
        x = _conv(_conv(x, width, 3), width, 3)
        x = layers.MaxPooling2D(2)(x)
    x = _dense(layers.Flatten()(x), 256)
    return _embedder(face, x, dimension)


def _module(x: Any, one: int, three: tuple[int, int], five: tuple[int, int], pooled: int) -> Any:
    """An Inception module: four branches side by side, the larger kernels behind a 1x1 that narrows."""
    branches = [
        _conv(x, one, 1),
        _conv(_conv(x, three[0], 1), three[1], 3),
        _conv(_conv(x, five[0], 1), five[1], 5),
        _conv(layers.MaxPooling2D(3, 1, padding="same")(x), pooled, 1),
    ]
    return layers.Concatenate()(branches)


def inception(size: int = 112, dimension: int = 384, channels: int = 3) -> Any:
    """GoogLeNet (Szegedy et al. 2015) with six modules at about a third of its width; the mean over places at the end."""
    face, x = _input(size, channels)
    x = _conv(x, 24, 5 if size >= 64 else 3, 2)
    x = _conv(x, 48, 3)
    for width in (96, 216, 312):
        if x.shape[1] >= 8:
            x = layers.MaxPooling2D(3, 2, padding="same")(x)
        for _ in range(2):
            x = _module(x, width // 4, (width // 3, width // 2), (width // 12, width // 8), width // 8)
    x = layers.AveragePooling2D(int(x.shape[1]))(x)
    return _embedder(face, layers.Flatten()(x), dimension)


def resnet(size: int = 112, dimension: int = 384, channels: int = 3) -> Any:
    """ResNet-20's plan (He et al. 2016) with four stages: pairs of 3x3 convolutions beside a shortcut, the mean over places
    at the end."""
    face, x = _input(size, channels)
    x = _conv(x, 16, 3, 2 if size >= 64 else 1)
    for stage, width in enumerate((16, 32, 64, 128)):
        for block in range(3):
            stride = 2 if stage and not block else 1
            inner = _conv(_conv(x, width, 3, stride), width, 3, relu=False)
            if stride != 1 or x.shape[-1] != width:
                x = _conv(x, width, 1, stride, relu=False)
            x = layers.ReLU(6.0)(layers.Add()([x, inner]))
    x = layers.AveragePooling2D(int(x.shape[1]))(x)
    return _embedder(face, layers.Flatten()(x), dimension)
