"""Small Keras models of every architecture that the converter must take, their inputs, and a set of drawn pictures.

All weights are drawn by numpy, so that a model is the same everywhere. A model's name is its key in `ZOO`. Importing this module needs
no Keras; building a model does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
CLASSES = ("circle", "square", "triangle", "cross")
RAW = frozenset({"rescaling", "normalization", "anonymizer", "embedder", "batchnorm_first", "residual"})
"""Models that take pixels 0 to 255; the others take 0 to 1."""


def _keras() -> Any:
    import keras

    keras.utils.clear_session()  # layers are numbered from the start, so that names are the same in every build
    return keras


def settle(model: Any, seed: int = 0) -> Any:
    """Draws all weights anew: kernels by He's rule, statistics of normalisation near those of drawn nets."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        name, shape = variable.name, tuple(variable.shape)
        if "normalization" in variable.path.split("/")[-2] and not variable.path.split("/")[-2].startswith("batch"):
            continue  # adapted to data
        noise = rng.standard_normal(shape)
        if name.endswith("kernel"):
            depthwise = name == "depthwise_kernel" or "depthwise" in variable.path
            fan = np.prod(shape[:-2]) if depthwise else np.prod(shape[:-1])
            value = noise * np.sqrt(2.0 / max(float(fan), 1.0)) * (5 if "classes" in variable.path else 1)  # else all looks alike
        elif name == "gamma":
            value = 1 + 0.2 * noise
        elif name == "moving_variance":
            value = 1 + 0.3 * rng.random(shape)
        elif name == "alpha":
            value = 0.25 + 0.05 * noise
        elif name in ("bias", "beta", "moving_mean", "factor"):
            value = 0.1 * noise
        else:
            continue  # a counter of a random generator
        variable.assign(value.astype(np.float32))
    return model


def tutorial(size: int, classes: int, head: str, *, rescaling: bool = False, filters: int = 16) -> Any:
    """Conv-Pool-Conv-Pool-Flatten-Dense, as in every tutorial, weights not yet drawn. `head`: "sigmoid" gives one number for two
    classes, "softmax" one for each."""
    keras = _keras()
    layers = keras.layers
    return keras.Sequential([
        keras.Input((size, size, 3)), *([layers.Rescaling(1 / 255)] if rescaling else []),
        layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Flatten(), layers.Dense(16, activation="relu"),
        layers.Dense(1 if head == "sigmoid" else classes, activation=head)], name=f"tutorial_{size}_{head}")


def _vision(name: str, body: Callable[[Any, Any], Any], size: int = 24, channels: int = 3) -> Any:
    """A functional model with one picture input and what `body(layers, x)` makes of it."""
    keras = _keras()
    picture = keras.Input((size, size, channels), name="picture")
    return settle(keras.Model(picture, body(keras.layers, picture), name=name))


def _head(layers: Any, x: Any, classes: int = 4) -> Any:
    return layers.Dense(classes, activation="softmax", name="classes")(layers.GlobalAveragePooling2D()(x))


def _branches() -> Any:
    def body(layers: Any, x: Any) -> Any:
        x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x)
        left = layers.Conv2D(8, 1, activation="relu")(x)
        right = layers.Conv2D(8, 3, padding="same", activation="tanh")(x)
        third = layers.AveragePooling2D(3, strides=1, padding="same")(x)
        return _head(layers, layers.Concatenate()([left, right, third]))
    return _vision("branches", body)


def _residual() -> Any:
    def body(layers: Any, x: Any) -> Any:
        x = layers.Rescaling(1 / 127.5, offset=-1.0)(x)
        x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)
        for _ in range(2):
            y = layers.ReLU(6.0)(layers.BatchNormalization()(x))
            y = layers.Conv2D(8, 3, padding="same", use_bias=False)(y)
            x = layers.Add()([x, y])
        return _head(layers, layers.ReLU(6.0)(layers.BatchNormalization()(x)))
    return _vision("residual", body)


def _depthwise() -> Any:
    def body(layers: Any, x: Any) -> Any:
        x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
        x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
        return _head(layers, layers.SeparableConv2D(12, 3, activation="relu")(x))
    return _vision("depthwise", body)


def _batchnorm_after() -> Any:
    def body(layers: Any, x: Any) -> Any:
        x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(8, 3, use_bias=False)(x)))
        return _head(layers, layers.BatchNormalization()(layers.Conv2D(8, 3, activation="relu")(x)))
    return _vision("batchnorm_after", body)


def _batchnorm_before() -> Any:
    def body(layers: Any, x: Any) -> Any:
        x = layers.Conv2D(8, 3, activation="relu")(x)
        x = layers.Conv2D(8, 3, strides=2)(layers.ReLU()(layers.BatchNormalization()(x)))
        return layers.Dense(4)(layers.BatchNormalization()(layers.Flatten()(x)))
    return _vision("batchnorm_before", body)


def _batchnorm_alone() -> Any:
    def body(layers: Any, x: Any) -> Any:
        x = layers.MaxPooling2D()(layers.Conv2D(8, 3, activation="relu")(x))
        return _head(layers, layers.MaxPooling2D()(layers.BatchNormalization()(x)))  # between two pools: nothing to fold into
    return _vision("batchnorm_alone", body)


def _batchnorm_first() -> Any:
    model = _vision("batchnorm_first", lambda layers, x: _head(layers, layers.Conv2D(8, 3, strides=2, activation="relu")(
        layers.BatchNormalization(name="batch_first")(x))))
    first = model.get_layer("batch_first")
    first.moving_mean.assign([110.0, 120.0, 130.0])
    first.moving_variance.assign([60.0 ** 2, 65.0 ** 2, 70.0 ** 2])
    return model


def _activation(name: str, make: Callable[[Any], Any]) -> Any:
    def body(layers: Any, x: Any) -> Any:
        x = make(layers)(layers.Conv2D(8, 3, strides=2, padding="same")(x))
        return _head(layers, make(layers)(layers.Conv2D(8, 3, padding="same")(x)))
    return _vision(name, body)


def _upsampling() -> Any:
    def body(layers: Any, x: Any) -> Any:
        x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x)
        x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x)
        x = layers.UpSampling2D(2, interpolation="bilinear")(x)
        x = layers.Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu")(x)
        return layers.Conv2D(3, 3, padding="same", activation="sigmoid", name="picture_out")(x)
    return _vision("upsampling", body, 32)


def _anonymizer() -> Any:
    def body(layers: Any, x: Any) -> Any:
        x = layers.Rescaling(1 / 255)(x)
        x = layers.Conv2D(8, 5, strides=4, padding="same", activation="relu")(x)
        x = layers.Conv2D(8, 3, padding="same", activation="relu")(x)
        x = layers.UpSampling2D(4)(x)
        x = layers.Conv2D(3, 3, padding="same", activation="sigmoid")(x)
        return layers.Rescaling(255.0, name="anonymous")(x)
    return _vision("anonymizer", body, 112)


def _embedder() -> Any:
    def body(layers: Any, x: Any) -> Any:
        x = layers.Rescaling(1 / 127.5, offset=-1.0)(x)
        for width in (8, 16, 24):
            x = layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False)(x)
            x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
        x = layers.DepthwiseConv2D(14, use_bias=False)(x)
        return layers.BatchNormalization(name="embedding")(layers.Dense(32, use_bias=False)(layers.Flatten()(x)))
    return _vision("embedder", body, 112)


def _normalization() -> Any:
    keras = _keras()
    normal = keras.layers.Normalization(name="normalization")
    normal.adapt(np.random.default_rng(1).integers(0, 256, (16, 24, 24, 3)).astype(np.float32))
    return settle(keras.Sequential([keras.Input((24, 24, 3)), normal, keras.layers.Conv2D(8, 3, strides=2, activation="relu"),
                                    keras.layers.Flatten(), keras.layers.Dense(4, activation="softmax")], name="normalization"))


def _sequence(kind: str) -> Any:
    keras = _keras()
    cell = keras.layers.GRU if kind == "gru" else keras.layers.LSTM
    return settle(keras.Sequential([keras.Input((8, 12), name="features"), cell(16, unroll=True, return_sequences=True),
                                    cell(8, unroll=True), keras.layers.Dense(4, activation="softmax")], name=kind))


def _several_inputs() -> Any:
    keras = _keras()
    picture, features = keras.Input((24, 24, 3), name="picture"), keras.Input((6,), name="features")
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(8, 3, strides=2, activation="relu")(picture))
    x = keras.layers.Concatenate()([x, keras.layers.Dense(8, activation="relu")(features)])
    return settle(keras.Model([picture, features], keras.layers.Dense(4, activation="softmax")(x), name="several_inputs"))


def _several_outputs() -> Any:
    keras = _keras()
    picture = keras.Input((24, 24, 3), name="picture")
    x = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(picture)
    flat = keras.layers.GlobalAveragePooling2D()(x)
    # Three of one shape, two of another: told apart by name alone.
    outputs = {"zebra": keras.layers.Dense(4, name="zebra")(flat), "apple": keras.layers.Dense(4, activation="softmax", name="apple")(flat),
               "map": keras.layers.Conv2D(2, 1, name="map")(x), "middle": keras.layers.Dense(4, activation="sigmoid", name="middle")(flat),
               "second_map": keras.layers.Conv2D(2, 1, name="second_map")(x)}
    return settle(keras.Model(picture, outputs, name="several_outputs"))


def _rescaling() -> Any:
    return settle(_renamed(tutorial(32, 4, "softmax", rescaling=True, filters=8), "rescaling"))


def _renamed(model: Any, name: str) -> Any:
    model.name = name
    return model


def gentle_layer() -> Any:
    """A serialisable layer of one's own: x times a learned factor, plus x."""
    import keras

    if (known := keras.saving.get_registered_object("zoo>Gentle")) is not None:
        return known

    @keras.saving.register_keras_serializable(package="zoo")
    class Gentle(keras.layers.Layer):  # type: ignore[misc]
        def build(self, shape: Any) -> None:
            self.factor = self.add_weight(shape=(shape[-1],), initializer="zeros", name="factor")

        def call(self, x: Any) -> Any:
            return x + x * self.factor

    return Gentle


GENTLE = '''"""A layer of one's own."""
import keras


@keras.saving.register_keras_serializable(package="zoo")
class Gentle(keras.layers.Layer):
    def build(self, shape):
        self.factor = self.add_weight(shape=(shape[-1],), initializer="zeros", name="factor")

    def call(self, x):
        return x + x * self.factor
'''
"""The same as a file that a user would name."""


def _custom() -> Any:
    return _vision("custom", lambda layers, x: _head(layers, gentle_layer()(name="gentle")(layers.Conv2D(8, 3, activation="relu")(x))))


def lambda_model() -> Any:
    """A model with a Lambda layer (pickled code): not in `ZOO`, because it must be refused."""
    return _vision("lambda", lambda layers, x: _head(layers, layers.Lambda(lambda y: y * 2.0, name="doubling")(
        layers.Conv2D(8, 3, activation="relu")(x))))


ZOO: dict[str, Callable[[], Any]] = {
    "tutorial_64_sigmoid": lambda: settle(tutorial(64, 2, "sigmoid")),
    "tutorial_32_softmax": lambda: settle(tutorial(32, 4, "softmax")),
    "tutorial_128_sigmoid": lambda: settle(tutorial(128, 2, "sigmoid", filters=8)),
    "branches": _branches, "residual": _residual, "depthwise": _depthwise,
    "batchnorm_after": _batchnorm_after, "batchnorm_before": _batchnorm_before, "batchnorm_alone": _batchnorm_alone,
    "batchnorm_first": _batchnorm_first,
    "leaky_relu": lambda: _activation("leaky_relu", lambda layers: layers.LeakyReLU(negative_slope=0.1)),
    "prelu": lambda: _activation("prelu", lambda layers: layers.PReLU(shared_axes=[1, 2])),
    "hard_swish": lambda: _activation("hard_swish", lambda layers: layers.Activation("hard_swish")),
    "upsampling": _upsampling, "anonymizer": _anonymizer, "embedder": _embedder,
    "gru": lambda: _sequence("gru"), "lstm": lambda: _sequence("lstm"),
    "several_inputs": _several_inputs, "several_outputs": _several_outputs,
    "rescaling": _rescaling, "normalization": _normalization, "custom": _custom,
}


def input_names(model: Any) -> list[str]:
    """The names that the converter gives a model's inputs: the user's, or "input" where Keras numbered it."""
    names = [str(tensor.name) for tensor in model.inputs]
    return ["input" if re.fullmatch(r"(keras_tensor|input_layer)(_\d+)?", name) else name for name in names]


def examples(model: Any, count: int = 8, seed: int = 0, high: float | None = None) -> dict[str, Array]:
    """Inputs by name, float32 (count, *shape): drawn shapes on clouds for pictures, wandering values for features.

    `high`: what white is; by default what a model of `ZOO` takes (see `RAW`), 1 for others.
    """
    rng = np.random.default_rng((seed, 5))
    if high is None:
        high = 255.0 if model.name in RAW else 1.0
    out: dict[str, Array] = {}
    for name, tensor in zip(input_names(model), model.inputs, strict=True):
        shape = tuple(int(side) for side in tensor.shape[1:])
        if len(shape) == 3:
            pictures = shapes(count, shape[0], seed)[0].astype(np.float32)[:, :, :, ::-1]
            out[name] = (pictures[:, :, :shape[1], :shape[2]] * (high / 255)).astype(np.float32)
        else:
            steps = rng.standard_normal((count, *shape))
            out[name] = (np.cumsum(steps, 1) / np.sqrt(2) if len(shape) > 1 else steps).astype(np.float32)
    return out


def shapes(count: int, size: int, seed: int, classes: int = 4) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Pictures uint8 (count, size, size, 3) BGR with one drawn shape each, and which of `CLASSES` it is.

    Red circles, blue squares, green triangles, yellow crosses, of all shades, on a clouded ground: swapped colours or a wrong scale
    make another class of it.
    """
    import cv2

    rng = np.random.default_rng((seed, size))
    colours = np.array([(40, 40, 220), (220, 60, 40), (40, 200, 60), (30, 210, 220)], float)
    pictures = np.empty((count, size, size, 3), np.uint8)
    labels = rng.integers(0, classes, count)
    for index, label in enumerate(labels.tolist()):
        ground = rng.integers(40, 200) + 40 * rng.standard_normal((4, 4, 3))
        picture = np.ascontiguousarray(np.clip(cv2.resize(ground, (size, size), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8))
        colour = tuple(np.clip(colours[label] * rng.uniform(0.6, 1.1) + 25 * rng.standard_normal(3), 0, 255).tolist())
        r = float(rng.uniform(0.2, 0.35) * size)
        x, y = rng.uniform(r, size - r, 2)
        if label == 0:
            cv2.circle(picture, (int(x), int(y)), int(r), colour, -1)
        elif label == 1:
            cv2.rectangle(picture, (int(x - 0.85 * r), int(y - 0.85 * r)), (int(x + 0.85 * r), int(y + 0.85 * r)), colour, -1)
        elif label == 2:
            corners = np.array([(x, y - r), (x - 0.9 * r, y + 0.8 * r), (x + 0.9 * r, y + 0.8 * r)])
            cv2.fillConvexPoly(picture, corners.astype(np.int32), colour)
        else:
            cv2.line(picture, (int(x - r), int(y)), (int(x + r), int(y)), colour, max(2, int(r / 2)))
            cv2.line(picture, (int(x), int(y - r)), (int(x), int(y + r)), colour, max(2, int(r / 2)))
        pictures[index] = np.clip(picture + 6 * rng.standard_normal(picture.shape), 0, 255).astype(np.uint8)
    return pictures, labels.astype(np.int64)


def write_shapes(folder: Path, count: int, size: int, seed: int, classes: int = 4) -> Path:
    """The same as PNG files, a folder for each class."""
    import cv2

    pictures, labels = shapes(count, size, seed, classes)
    for index, (picture, label) in enumerate(zip(pictures, labels.tolist(), strict=True)):
        home = folder / CLASSES[label]
        home.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(home / f"{index:04d}.png"), picture)
    return folder


def trained_tutorial(size: int = 32, classes: int = 3, head: str = "softmax", *, rescaling: bool = True, pictures: int = 360,
                     epochs: int = 6, seed: int = 0) -> Any:
    """A tutorial's CNN trained on `shapes(..., seed=seed)`, RGB; it takes pixels 0 to 255 with `rescaling`, else 0 to 1.

    When this was written, 97.5 % of 200 unseen pictures were right (32 px, three classes; 36 % with red and blue swapped) and 96 %
    (64 px, two classes; 3 % swapped).
    """
    import keras

    two = head == "sigmoid"
    model = settle(tutorial(size, classes, head, rescaling=rescaling), seed)
    bgr, labels = shapes(pictures, size, seed, 2 if two else classes)
    x = bgr[:, :, :, ::-1].astype(np.float32) * (1.0 if rescaling else 1 / 255)
    model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy" if two else "sparse_categorical_crossentropy")
    for epoch in range(epochs):
        order = np.random.default_rng((seed, epoch)).permutation(len(x))
        for start in range(0, len(x), 32):
            part = order[start:start + 32]
            model.train_on_batch(x[part], labels[part].astype(np.float32) if two else labels[part])
    return model
