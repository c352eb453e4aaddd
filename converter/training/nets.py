"""The nets that a recipe can name: the door's own, and the field's classics made small enough for faces.

Each builder gives a Keras model that takes pixels 0..255, float32[N,size,size,channels], and gives float32[N,dimension],
not normalised: an embedder's backbone, or with a head (`classifier`) a classifier. ReLU or ReLU6, static shapes, no
layer that TFLite has no int8 kernel for. At 112x112 with 384 numbers each but the plain one has 0.9 to 1.3 M parameters,
so that what differs is how they are built.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from converter.training import embedder_net
from converter.training.classic_nets import alexnet, inception, lenet, plain, resnet, vgg

NETWORKS: dict[str, Callable[..., Any]] = {
    "residual": embedder_net.build,
    "plain": plain,
    "lenet": lenet,
    "alexnet": alexnet,
    "vgg": vgg,
    "inception": inception,
    "resnet": resnet,
}
"""Builders by the name that a recipe's `[network] kind` gives."""


def classifier(backbone: Any, classes: int, dropout: float = 0.0, binary: bool = False) -> Any:
    """The backbone with a head: probabilities float32[N,classes] by softmax, or with `binary` the second class's float32[N,1]
    by sigmoid. Raises ValueError for fewer than two classes, or `binary` with more."""
    if classes < 2 or (binary and classes != 2):
        raise ValueError(f"{classes} classes do not make a {'two-class ' if binary else ''}classifier")
    x = layers.ReLU(6.0, name="head_relu")(backbone.output)
    if dropout:
        x = layers.Dropout(dropout, name="head_dropout")(x)
    x = layers.Dense(1 if binary else classes, name="logits")(x)
    x = layers.Activation("sigmoid" if binary else "softmax", dtype="float32", name="probability")(x)
    return keras.Model(backbone.input, x, name="classifier")
