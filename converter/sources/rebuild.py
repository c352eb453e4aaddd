"""Makes a loaded Keras model fit: functional, float32, of fixed shape, with pixels scaled in front. Weights are shared, never drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from converter.sources.backend import reason
from converter.sources.names import automatic
from edge_face.errors import ModelError, UsageError

DTYPES = ("float32", "uint8", "int8", "int16", "int32", "int64", "bool")
RECURRENT = ("GRU", "LSTM", "SimpleRNN")


def functional(model: Any, keras: Any, path: Path) -> Any:
    """The model with symbolic inputs and outputs. Raises ModelError for a model that was never built."""
    if not getattr(model, "built", False) or not model.layers:
        raise ModelError(f"{path} was never built, so it has no weights: begin it with keras.Input((height, width, 3)), or call it once on "
                         "data, train it and save it again")
    if getattr(model, "inputs", None):
        return model
    shape = (model.get_build_config() or {}).get("input_shape")
    if shape is None or not isinstance(shape, list | tuple) or not all(isinstance(side, int | None) for side in shape):
        raise ModelError(f"{path} is a model of a class of its own ({type(model).__name__}) whose inputs are not stated: export it with "
                         "model.export('folder') and name that folder")
    try:
        picture = keras.Input(batch_shape=tuple(shape), name="input")
        return keras.Model(picture, model(picture))
    except Exception as error:  # whatever the class's own code raises
        raise ModelError(f"{path}: the class {type(model).__name__} cannot be called on an input of {tuple(shape)} ({reason(error)}): "
                         "export it with model.export('folder') and name that folder") from error


def in_float32(model: Any, keras: Any) -> Any:
    """A copy whose layers compute in float32, the model itself where they do already."""
    layers = model._flatten_layers(include_self=False, recursive=True)
    if all(str(layer.compute_dtype) == "float32" for layer in layers):
        return model

    def again(layer: Any) -> Any:
        return layer.__class__.from_config({**layer.get_config(), "dtype": "float32"})

    copy = keras.models.clone_model(model, clone_function=again, recursive=True)
    copy.set_weights(model.get_weights())
    return copy


def fixed_shapes(model: Any, size: tuple[int, int] | None, path: Path) -> list[tuple[int, ...]]:
    """Shapes of the inputs without the batch; `size` (width, height) for pictures whose size is open. Raises UsageError
    where it is missing, ModelError for what it cannot settle."""
    shapes = []
    for tensor in model.inputs:
        shape = tuple(tensor.shape)[1:]
        picture = len(shape) == 3
        if picture and size is not None:
            shape = (size[1], size[0], shape[2])
        if None in shape and picture and shape[2] is not None:
            raise UsageError(f"{path} takes pictures of any size ({_shown(tensor.shape)}), and a device runs one: say --size WxH")
        if None in shape:
            raise ModelError(f"{path}: the input {tensor.name} has an open length ({_shown(tensor.shape)}): build the model with a fixed "
                             f"one, such as keras.Input(({', '.join('16' if side is None else str(side) for side in shape)},)), pour the "
                             "weights in and save it again")
        shapes.append(tuple(int(side) for side in shape))
    return shapes


def with_shapes(model: Any, shapes: Sequence[tuple[int, ...]], names: Sequence[str], keras: Any, path: Path) -> Any:
    """The model, functional, over inputs of an open batch and these shapes. Raises ModelError where a layer does not take them."""
    wanted = [(None, *shape) for shape in shapes]
    if [tuple(tensor.shape) for tensor in model.inputs] == wanted and not isinstance(model, keras.Sequential):
        return model
    for layer in model._flatten_layers(include_self=False, recursive=True):
        if getattr(layer, "stateful", False) and type(layer).__name__ in RECURRENT:
            raise ModelError(f"{path}: layer {layer.name} keeps its state from call to call (stateful=True), which a file with a batch of "
                             "1 cannot: build it with stateful=False")
    inputs = [keras.Input(batch_shape=shape, dtype=str(tensor.dtype), name=name)
              for shape, name, tensor in zip(wanted, names, model.inputs, strict=True)]
    try:
        return over(model, inputs, keras)
    except Exception as error:  # keras raises ValueError, TypeError and its own
        was = ", ".join(_shown(tensor.shape) for tensor in model.inputs)
        now = ", ".join(_shown(shape) for shape in wanted)
        raise ModelError(f"{path} is built for {was} and cannot be run at {now} ({reason(error)}): leave --size out, or train it at "
                         "that size") from error


def over(model: Any, inputs: Sequence[Any], keras: Any, call: Callable[..., Any] | None = None) -> Any:
    """The same layers with the same weights over other inputs, `call(layer, *args, **kwargs)` calling each."""
    if isinstance(model, keras.Sequential):
        x, made = inputs[0], model.layers
        for layer in made:
            x = layer(x) if call is None else call(layer, x)
        return keras.Model(inputs[0], x, name=model.name)
    if _plain_functional(model):
        packed = keras.tree.pack_sequence_as(model.input, list(inputs))
        return keras.models.clone_model(model, input_tensors=packed, clone_function=lambda layer: layer, call_function=call)
    # A class of one's own: one layer inside.
    first = inputs if call is None else [call(lambda x: x, x) for x in inputs]
    packed = keras.tree.pack_sequence_as(model.input, list(first))
    return keras.Model(inputs, model(packed), name=model.name)


def scaled_in_front(model: Any, low: float, high: float, keras: Any) -> Any:
    """A model that takes pixels 0 to 255 and gives what `model` gives for the same picture at `low` to `high`."""
    tensor = model.inputs[0]
    name = tensor.name
    picture = keras.Input(batch_shape=tuple(tensor.shape), dtype="float32", name=name)
    layer = keras.layers.Rescaling((high - low) / 255.0, offset=low, name="pixels_scaled")
    scaled = layer(picture)
    if isinstance(model, keras.Sequential) or not _plain_functional(model):
        def direct(inner: Any, x: Any) -> Any:
            return inner(scaled if x is picture else x)

        return over(model, [picture], keras, direct)

    def call(inner: Any, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = keras.tree.map_structure(lambda x: scaled if x is picture else x, (args, kwargs))
        return inner(*args, **kwargs)

    return over(model, [picture], keras, call)


def activated(model: Any, kind: str, keras: Any) -> Any:
    """The model with an activation behind its only output."""
    return keras.Model(model.input, keras.layers.Activation(kind, name="probabilities")(model.outputs[0]), name=model.name)


def column(model: Any, number: int, keras: Any) -> Any:
    """The model with one number of its only output (n, count) in place of all: (n, 1)."""
    return keras.Model(model.input, model.outputs[0][:, number:number + 1], name=model.name)


def output_names(model: Any) -> tuple[list[str], list[bool]]:
    """Names of the outputs in the order of `model.outputs`, and which of them nobody chose."""
    names, chosen = [], []
    keys = {id(tensor): str(key) for key, tensor in model.output.items()} if isinstance(getattr(model, "output", None), Mapping) else {}
    for tensor in model.outputs:
        operation = tensor._keras_history.operation
        key = keys.get(id(tensor))
        name = key or str(operation.name)
        if key is None and hasattr(operation, "layers") and operation.layers:  # a model inside
            name = str(operation.layers[-1].name)
            operation = operation.layers[-1]
        names.append(name)
        chosen.append(key is None and automatic(name, type(operation).__name__))
    return names, chosen


def _plain_functional(model: Any) -> bool:
    return type(model).__name__ == "Functional" and type(model).__module__.startswith("keras.")


def _shown(shape: Sequence[int | None]) -> str:
    return "x".join("?" if side is None else str(side) for side in tuple(shape)[1:])
