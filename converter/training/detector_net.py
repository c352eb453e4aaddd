"""The detector network: a small anchor-free face detector made of plain 3x3 convolutions.

Plain convolutions, BatchNorm and ReLU6 only: they train quickly on a CPU and every one of them has an int8
kernel, so the quantized file stays one delegate partition. Nothing here depends on the input size except the
static shape that is asked for, so weights trained at 320x240 run at 640x480.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

STRIDES: tuple[int, ...] = (8, 16, 32)
HEADS: tuple[tuple[str, int], ...] = (("score", 1), ("box", 4), ("landmarks", 10))
# Prior of a cell being a face when training starts: keeps the first steps from drowning in negatives.
SCORE_PRIOR_LOGIT = -4.0


@keras.saving.register_keras_serializable(package="edge_face")
class NearestResize(keras.layers.Layer):  # type: ignore[misc]
    """Nearest-neighbour resize to a fixed (height, width): one RESIZE_NEAREST_NEIGHBOR op, where
    UpSampling2D becomes TILE."""

    def __init__(self, height: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height = height
        self.width = width

    def call(self, inputs: Any) -> Any:
        return keras.ops.image.resize(inputs, (self.height, self.width), interpolation="nearest")

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        return (input_shape[0], self.height, self.width, input_shape[3])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.height, "width": self.width}


def _conv(x: Any, filters: int, name: str, *, stride: int = 1, size: int = 3, relu: bool = True) -> Any:
    """Convolution, BatchNorm and (unless asked otherwise) ReLU6."""
    padding = "same"
    if stride == 2:
        # TensorFlow's "same" pads an even side at its end and an odd side at both: cells would sit half a
        # cell elsewhere at 240 rows (7.5 cells of stride 32) than at 480. Padding odd sides at their end
        # keeps the phase.
        odd = (int(x.shape[1]) % 2, int(x.shape[2]) % 2)
        if any(odd):
            pad = ((0, 1 + odd[0]), (0, 1 + odd[1]))
            x = keras.layers.ZeroPadding2D(pad, name=f"{name}_pad")(x)
            padding = "valid"
    x = keras.layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding=padding,
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    x = keras.layers.BatchNormalization(momentum=0.97, epsilon=1e-3, name=f"{name}_norm")(x)
    return keras.layers.ReLU(max_value=6.0, name=f"{name}_relu")(x) if relu else x


def _residual(x: Any, filters: int, name: str) -> Any:
    """Two 3x3 convolutions around an identity."""
    y = _conv(x, filters, f"{name}_a")
    y = _conv(y, filters, f"{name}_b", relu=False)
    return keras.layers.ReLU(max_value=6.0, name=f"{name}_out")(keras.layers.Add(name=f"{name}_add")([x, y]))


def build(
    width: int = 320,
    height: int = 240,
    *,
    stem: int = 16,
    widths: Sequence[int] = (32, 48, 64, 96),
    blocks: Sequence[int] = (1, 1, 1),
    neck: int = 40,
    batch: int | None = None,
) -> keras.Model:
    """The network for one input size: uint8-range float BGR in, a dict of nine raw maps out.

    Keys are `score_8`, `box_8`, `landmarks_8` and so on for strides 16 and 32, each (batch, ceil(height /
    stride), ceil(width / stride), channels). Scores are logits.
    """
    inputs = keras.Input((height, width, 3), batch_size=batch, name="image")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(inputs)
    x = _conv(x, stem, "stem", stride=2)
    x = _conv(x, widths[0], "stage4", stride=2)
    levels: list[Any] = []
    for stride, filters, count in zip(STRIDES, widths[1:], blocks, strict=True):
        x = _conv(x, filters, f"stage{stride}", stride=2)
        for block in range(count):
            x = _residual(x, filters, f"stage{stride}_{block}")
        levels.append(x)

    merged: Any = None
    outputs: dict[str, Any] = {}
    for stride, level in reversed(list(zip(STRIDES, levels, strict=True))):
        side = _conv(level, neck, f"lateral{stride}", size=1)
        if merged is not None:
            rows, columns = int(level.shape[1]), int(level.shape[2])
            # The upper map has ceil(rows / 2) rows: resize to twice that and crop, so that cell (2i, 2j)
            # always meets cell (i, j) also where a side is odd (a plain resize to an odd size would drift).
            up = NearestResize(2 * int(merged.shape[1]), 2 * int(merged.shape[2]), name=f"up{stride}")(merged)
            extra = (2 * int(merged.shape[1]) - rows, 2 * int(merged.shape[2]) - columns)
            if any(extra):
                up = keras.layers.Cropping2D(((0, extra[0]), (0, extra[1])), name=f"crop{stride}")(up)
            side = keras.layers.Add(name=f"merge{stride}")([side, up])
        merged = side
        features = _conv(side, neck, f"neck{stride}")
        # Landmarks want finer features than "is there a face": a convolution of their own.
        marks = _conv(features, neck, f"marks{stride}")
        for kind, channels in HEADS:
            bias = keras.initializers.Constant(SCORE_PRIOR_LOGIT if kind == "score" else 0.0)
            outputs[f"{kind}_{stride}"] = keras.layers.Conv2D(
                channels,
                1,
                bias_initializer=bias,
                kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
                dtype="float32",
                name=f"{kind}_{stride}",
            )(marks if kind == "landmarks" else features)
    return keras.Model(inputs, outputs, name="edge_face_detector")


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Copy weights layer by layer, by name: the order of layers differs between input sizes."""
    for layer in target.layers:
        if layer.weights:
            layer.set_weights(source.get_layer(layer.name).get_weights())
