"""What is done to Keras models before they are trained: drawn, copied, cut, frozen, loaded."""

from __future__ import annotations

import fnmatch
import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_face.errors import ModelError, SettingsError

DRAWN = (("kernel", "kernel"), ("kernel", "depthwise"), ("depthwise_kernel", "depthwise"), ("pointwise_kernel", "pointwise"),
         ("recurrent_kernel", "recurrent"), ("embeddings", "embeddings"))
"""Weights of Keras layers that are drawn, and the initializers' names."""


def twin(model: Any, policy: str) -> Any:
    """A copy of the model with the same weights and the same layers frozen, its layers of a dtype policy."""
    import keras

    def again(layer: Any) -> Any:
        return layer.__class__.from_config({**layer.get_config(), "dtype": policy})

    copy = keras.models.clone_model(model, clone_function=again)
    for mine, theirs in zip(copy.layers, model.layers, strict=True):
        mine.trainable = theirs.trainable
    copy.set_weights(model.get_weights())
    return copy


def draw(model: Any, seed: int) -> None:
    """Draws again, by numpy, all weights that an initializer of the variance-scaling family drew, so that a seed gives
    the same net on every backend (He et al. 2015; Glorot & Bengio 2010). Others, zeros and ones, stay."""
    import keras

    rng = np.random.default_rng((seed, 3))
    for layer in model._flatten_layers(include_self=False, recursive=True):
        for name, drawn_by in DRAWN:
            variable, how = getattr(layer, name, None), getattr(layer, f"{drawn_by}_initializer", None)
            if how is None or not isinstance(variable, keras.Variable):
                continue
            shape = tuple(variable.shape)
            if isinstance(how, keras.initializers.VarianceScaling):
                variable.assign(_scaled(shape, how, rng))
            elif isinstance(how, keras.initializers.Orthogonal):
                square = rng.standard_normal((max(math.prod(shape[:-1]), shape[-1]), min(math.prod(shape[:-1]), shape[-1])))
                q = np.linalg.qr(square)[0]
                variable.assign((how.gain * (q if q.shape[0] == math.prod(shape[:-1]) else q.T)).reshape(shape).astype(np.float32))


def _scaled(shape: tuple[int, ...], how: Any, rng: np.random.Generator) -> Any:
    field = math.prod(shape[:-2])
    fan_in, fan_out = shape[-2] * field, shape[-1] * field
    count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[how.mode]
    variance = how.scale / max(count, 1.0)
    if how.distribution == "uniform":
        reach = math.sqrt(3 * variance)
        return rng.uniform(-reach, reach, shape).astype(np.float32)
    values = rng.standard_normal(shape)
    if how.distribution == "truncated_normal":
        while (far := np.abs(values) > 2).any():
            values[far] = rng.standard_normal(int(far.sum()))
        variance /= 0.87962566103423978 ** 2  # a normal cut at 2 has this standard deviation
    return (values * math.sqrt(variance)).astype(np.float32)


def load_model(path: Path) -> Any:
    """The Keras model in a `.keras` file, all of it trainable. Raises ModelError."""
    import keras

    if not path.is_file():
        raise ModelError(f"{path} is no file: name a model saved as .keras")
    if not zipfile.is_zipfile(path):
        raise ModelError(f"{path} is no Keras model, or was cut off: a whole file saved by model.save('name.keras') is needed")
    try:
        model = keras.models.load_model(path, compile=False)
    except Exception as error:  # keras raises a dozen kinds, from KeyError to h5py's OSError
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"{path} is no Keras model that can be loaded ({reason[:160]})") from error
    model.trainable = True
    return model


def pour(model: Any, source: Any, path: Path) -> None:
    """Copies the weights of a net of the same layers. Raises ModelError where shapes differ."""
    mine, theirs = model.get_weights(), source.get_weights()
    if [w.shape for w in mine] != [w.shape for w in theirs]:
        raise ModelError(f"{path} is another net than the recipe's [network]: {len(theirs)} weights there, {len(mine)} here, "
                         "or of other shapes; use [start] mode = \"deepen\" or \"transfer\", or the same [network]")
    model.set_weights(theirs)


def cut(model: Any, layer: str) -> Any:
    """The model's input and the output of a layer (default: the last), as a model. Raises SettingsError."""
    import keras

    names = [each.name for each in model.layers]
    if layer and layer not in names:
        raise SettingsError(f"[start] cut: the model has no layer {layer}: its last are {', '.join(names[-8:])}")
    end = model.get_layer(layer).output if layer else model.outputs[0]
    return keras.Model(model.inputs, end)


def freeze(model: Any, patterns: Sequence[str]) -> int:
    """Freezes the layers whose names match a pattern; gives the number of trainable weights left. Raises SettingsError."""
    for pattern in patterns:
        chosen = [layer for layer in model.layers if fnmatch.fnmatchcase(layer.name, pattern)]
        if not chosen:
            raise SettingsError(f"[start] freeze: no layer is named {pattern}: the model has "
                                f"{', '.join(layer.name for layer in model.layers[:12])}, …")
        for layer in chosen:
            layer.trainable = False
    left = sum(int(math.prod(v.shape)) for v in model.trainable_variables)
    if not left:
        raise SettingsError("[start] freeze leaves nothing to train: freeze fewer layers")
    return left


def with_head(trunk: Any, network: Any, seed: int) -> Any:
    """The trunk with a new embedding head: pooled where it is a map, then Dense of `dimension` and normalisation.

    Raises SettingsError for other keys than `dimension` and `dropout`.
    """
    import keras
    from keras import layers

    unknown = set(network) - {"dimension", "dropout"}
    if unknown:
        raise SettingsError(f"[network] {sorted(unknown)[0]} says nothing in transfer: allowed are dimension, dropout")
    dimension, dropout = network.get("dimension", 128), network.get("dropout", 0.0)
    if type(dimension) is not int or dimension < 1 or not 0 <= dropout < 1:
        raise SettingsError("[network] dimension must be a whole number above 0, dropout from 0 to below 1")
    x = trunk.outputs[0]
    if len(x.shape) == 4:
        x = layers.GlobalAveragePooling2D(name="head_pool")(x)
    if len(x.shape) != 2:
        raise SettingsError(f"[start] cut: the layer gives {tuple(x.shape)}, neither a map nor a vector: cut at another one")
    if dropout:
        x = layers.Dropout(dropout, name="head_drop")(x)
    project = layers.Dense(dimension, use_bias=False, name="head_project")
    x = layers.BatchNormalization(name="head_embedding")(project(x))
    model = keras.Model(trunk.inputs, x)
    project.kernel.assign(_scaled(tuple(project.kernel.shape), keras.initializers.GlorotUniform(), np.random.default_rng((seed, 3))))
    return model
