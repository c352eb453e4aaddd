"""A Keras model as the converter sees it: layers that become one int8 operator, and where between them numbers are rounded.

The graph is walked by Keras's own interpreter (`Function._run_through_graph`, on which `clone_model` rests), so that every layer's
output can be looked at or changed in passing, with real tensors as well as while TensorFlow traces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from converter.contract import SourceModel

Call = Callable[..., Any]
KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel", "recurrent_kernel")
LINEAR = ("Conv1D", "Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose", "Dense")
SAME = ("InputLayer", "Dropout", "SpatialDropout2D", "GaussianNoise", "Flatten", "Reshape", "Permute", "MaxPooling2D", "GlobalMaxPooling2D",
        "ZeroPadding2D", "Cropping2D", "UpSampling2D", "RepeatVector", "Identity", "ActivityRegularization")
"""Layers that give their input's own numbers, in another order or fewer: int8 rounds nothing anew."""


@dataclass(slots=True)
class Group:
    """Layers that int8 does as one: a kernel's layer, its normalisation and its ReLU, or one layer alone. `name` and `operator` are the
    first layer's; `kernels` its variables, each with the axes of its output channels; `end` is the call whose output is rounded."""

    name: str
    operator: str
    end: int
    kernels: list[tuple[Any, tuple[int, ...]]] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """Of its kernels in int8."""
        total = 0
        for kernel, _ in self.kernels:
            size = 1
            for side in kernel.shape:
                size *= int(side)
            total += size
        return total


@dataclass(slots=True)
class Made:
    """One call of a layer, its tensors by number."""

    layer: Any
    inputs: list[int]
    outputs: list[int]


def walk(model: Any, values: Any, call: Call) -> Any:
    """What `model` gives for `values`, `call(layer, *args, **kwargs)` standing for each layer's own call, models inside included."""
    import keras

    def through(layer: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(layer, keras.Sequential) or (isinstance(layer, keras.Model) and type(layer).__name__ == "Functional"):
            return walk(layer, args[0] if len(args) == 1 else list(args), call)
        return call(layer, *args, **kwargs)

    if isinstance(model, keras.Sequential):
        for layer in model.layers:
            values = through(layer, values)
        return values
    return model._run_through_graph(values, operation_fn=lambda operation: operation, call_fn=through)


def packed(model: SourceModel, values: Mapping[str, Any]) -> Any:
    """Inputs by name in the structure that the Keras model takes."""
    import keras

    return keras.tree.pack_sequence_as(model.keras.input, [values[spec.name] for spec in model.inputs])


def unpacked(model: SourceModel, outputs: Any) -> dict[str, Any]:
    """Outputs by name from the structure that the Keras model gives."""
    import keras

    return {spec.name: value for spec, value in zip(model.outputs, keras.tree.flatten(outputs), strict=True)}


def groups(model: Any, values: Any) -> list[Group]:
    """The groups of a Keras model in the order of their calls; `values` is one example to walk with."""
    made = calls(model, values)
    readers = readers_of(made)
    found: list[Group] = []
    taken: set[int] = set()
    for index, one in enumerate(made):
        kind = type(one.layer).__name__
        if index in taken or kind in SAME:
            continue
        end = index
        while (following := _fused(made, readers, end, kind)) is not None:
            end = following
            taken.add(end)
        found.append(Group(str(one.layer.name), kind, end, _kernels(one.layer)))
    return found


def calls(model: Any, values: Any) -> list[Made]:
    """Every layer's call with the tensors that it takes and gives, by number."""
    import keras

    made: list[Made] = []
    numbers: dict[int, int] = {}
    held: list[Any] = []  # so that no tensor's identity is given to another

    def number(tensor: Any) -> int:
        held.append(tensor)
        return numbers.setdefault(id(tensor), len(numbers))

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        outputs = layer(*args, **kwargs)
        made.append(Made(layer, [number(x) for x in keras.tree.flatten((args, kwargs)) if hasattr(x, "shape")],
                          [number(x) for x in keras.tree.flatten(outputs)]))
        return outputs

    walk(model, values, call)
    return made


def readers_of(made: Sequence[Made]) -> dict[int, list[int]]:
    """The calls that take each tensor."""
    readers: dict[int, list[int]] = {}
    for index, one in enumerate(made):
        for tensor in one.inputs:
            readers.setdefault(tensor, []).append(index)
    return readers


def _fused(made: Sequence[Made], readers: Mapping[int, list[int]], index: int, first: str) -> int | None:
    """The call that int8 does together with call `index`: its only reader, where that is a normalisation after a kernel, or a ReLU."""
    outputs = made[index].outputs
    after = readers.get(outputs[0], []) if len(outputs) == 1 else []
    if len(after) != 1:
        return None
    here, following = made[index].layer, made[after[0]].layer
    if type(following).__name__ == "BatchNormalization" and type(here).__name__ in LINEAR and without_activation(here):
        return after[0]
    clamps = type(following).__name__ == "ReLU" and following.max_value in (None, 6, 6.0) and not following.negative_slope
    clamps = clamps or (type(following).__name__ == "Activation" and _activation(following) in ("relu", "relu6"))
    return after[0] if clamps and (first in LINEAR or first in ("Add", "BatchNormalization")) and without_activation(here) else None


def _activation(layer: Any) -> str:
    return getattr(getattr(layer, "activation", None), "__name__", "")


def without_activation(layer: Any) -> bool:
    """Nothing is done within the layer after its sum."""
    return _activation(layer) in ("", "linear")


def _kernels(layer: Any) -> list[tuple[Any, tuple[int, ...]]]:
    found: list[tuple[Any, tuple[int, ...]]] = []
    for variable in layer.weights:
        if variable.name in KERNELS:
            rank = len(variable.shape)
            depthwise = variable.name == "depthwise_kernel" or type(layer).__name__ == "DepthwiseConv2D"
            transposed = type(layer).__name__ == "Conv2DTranspose"
            found.append((variable, (rank - 2, rank - 1) if depthwise else (rank - 2,) if transposed else (rank - 1,)))
    return found
