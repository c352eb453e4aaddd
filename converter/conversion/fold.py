"""Normalisations folded into the kernels before them, so that the converter cannot fold them into a kernel behind.

A batch normalisation after a convolution can be folded either way. Into the kernel before it, it scales whole output channels, each of
which has its own int8 scale: nothing is lost. Into a Dense layer behind it (which TFLiteConverter does where a Flatten stands between),
it scales that layer's inputs, which share one int8 scale for each output: small weights vanish beside large ones. Measured on the
shipped embedder: see docs/decisions/mixed-precision.md.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from converter.contract import Array
from converter.conversion.groups import LINEAR, calls, readers_of, without_activation


@contextlib.contextmanager
def folded(model: Any, values: Any) -> Iterator[tuple[str, ...]]:
    """The Keras model meanwhile with each normalisation's scale in the kernel before it; outputs stay the same up to rounding. Gives the
    normalisations' names. `values`: one example to walk the graph with. Layers that are called more than once stay as they are."""
    pairs = _pairs(model, values)
    kept = [(variable, _numbers(variable)) for pair in pairs for layer in pair for variable in layer.weights]
    try:
        for linear, norm in pairs:
            _fold(linear, norm)
        yield tuple(str(norm.name) for _, norm in pairs)
    finally:
        for variable, value in kept:
            variable.assign(value)


def _pairs(model: Any, values: Any) -> list[tuple[Any, Any]]:
    made = calls(model, values)
    readers = readers_of(made)
    uses = Counter(id(one.layer) for one in made)
    found = []
    for one in made:
        after = readers.get(one.outputs[0], []) if len(one.outputs) == 1 else []
        if len(after) != 1 or type(one.layer).__name__ not in LINEAR or not without_activation(one.layer):
            continue
        norm = made[after[0]].layer
        rank = len(one.layer.output.shape) if type(norm).__name__ == "BatchNormalization" else 0
        if rank and uses[id(one.layer)] == uses[id(norm)] == 1 and norm.axis in (-1, rank - 1):
            found.append((one.layer, norm))
    return found


def _fold(linear: Any, norm: Any) -> None:
    """Kernel and bias times the normalisation's scale; of the normalisation only a shift is left."""
    variance, mean = _numbers(norm.moving_variance), _numbers(norm.moving_mean)
    gamma = _numbers(norm.gamma) if norm.gamma is not None else np.ones_like(variance)
    beta = _numbers(norm.beta) if norm.beta is not None else np.zeros_like(variance)
    scale = gamma / np.sqrt(variance + norm.epsilon)
    kernel = linear.pointwise_kernel if type(linear).__name__ == "SeparableConv2D" else linear.kernel
    if type(linear).__name__ == "DepthwiseConv2D":
        shaped = scale.reshape(kernel.shape[-2:])
    elif type(linear).__name__ == "Conv2DTranspose":
        shaped = scale[:, None]
    else:
        shaped = scale
    kernel.assign((_numbers(kernel) * shaped).astype(np.float32))
    if linear.bias is not None:
        linear.bias.assign((_numbers(linear.bias) * scale).astype(np.float32))
    norm.moving_variance.assign(np.full_like(variance, 1.0 - norm.epsilon).astype(np.float32))
    norm.moving_mean.assign((mean * scale - beta).astype(np.float32))
    if norm.gamma is not None:
        norm.gamma.assign(np.ones_like(gamma, np.float32))
    if norm.beta is not None:
        norm.beta.assign(np.zeros_like(beta, np.float32))


def _numbers(variable: Any) -> Array:
    import keras

    return np.array(keras.ops.convert_to_numpy(variable), np.float64)
