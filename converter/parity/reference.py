"""What the float model says of examples, through preprocessing written here a second time.

On purpose nothing of `edge_face.vision` and nothing of OpenCV is used: a mistake in the device's colour order, scaling, crop or
resizing would otherwise be on both sides and show nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from converter.contract import Array, Floats, Pictures, Preprocessing, SourceModel, TensorSpec
from edge_face.errors import ModelError

BATCH = 16
GREY = np.array([0.114, 0.587, 0.299])
"""Weights of blue, green and red in luma (ITU-R BT.601)."""
PADDING = 127
Step = Callable[[int], None]


def no_step(count: int) -> None:
    """Nobody watches."""


def resized(picture: npt.NDArray[np.number], width: int, height: int) -> npt.NDArray[np.float64]:
    """(h, w, c) to (height, width, c): each side that shrinks by averaging over areas, each that grows by interpolation
    between the middles of pixels."""
    return _rows(_rows(picture, height).swapaxes(0, 1), width).swapaxes(0, 1)


def _rows(values: npt.NDArray[np.number], length: int) -> npt.NDArray[np.float64]:
    """(n, m, c) to (length, m, c)."""
    have = len(values)
    if have == length:
        return np.asarray(values, np.float64)
    if have > length:
        # Whole rows from the one that an area begins in, less the part before it, and the part of the row that it ends in.
        edges = np.arange(length + 1) * (have / length)
        first = np.minimum(np.floor(edges + 1e-9), have).astype(int)
        sums = np.add.reduceat(values, first[:-1], axis=0, dtype=np.float64)
        parts = (edges - first)[:, None, None] * values[np.minimum(first, have - 1)]
        return np.asarray((sums - parts[:-1] + parts[1:]) * (length / have), np.float64)
    at = np.clip((np.arange(length) + 0.5) * (have / length) - 0.5, 0, have - 1)
    low = np.floor(at).astype(int)
    share = (at - low)[:, None, None]
    return np.asarray(values[low] * (1 - share) + values[np.minimum(low + 1, have - 1)] * share, np.float64)


def view(picture: Pictures, spec: Preprocessing) -> Pictures:
    """A BGR picture as the bytes (height, width, channels) that the network is meant to see."""
    height, width = picture.shape[:2]
    top, left = (min(round(side * (1 - spec.crop) / 2), (side - 1) // 2) for side in (height, width))
    return coloured(resized(picture[top:height - top, left:width - left], spec.width, spec.height), spec.colour)


def coloured(bgr: npt.NDArray[np.float64], colour: str) -> Pictures:
    """Blue, green, red (h, w, 3) in another order, as bytes."""
    if colour == "grey":
        bgr = np.rint(bgr) @ GREY[:, None]
    elif colour == "RGB":
        bgr = bgr[:, :, [2, 1, 0]]
    return np.clip(np.rint(bgr), 0, 255).astype(np.uint8)


def letterbox(picture: Pictures, width: int, height: int) -> tuple[npt.NDArray[np.float64], tuple[float, float]]:
    """A BGR picture as large as it fits into width x height, in the upper left corner on grey; and how many of its pixels one
    pixel of that stands for, across and down."""
    rows, columns = picture.shape[:2]
    share = min(width / columns, height / rows)
    across, down = max(min(round(columns * share), width), 1), max(min(round(rows * share), height), 1)
    canvas = np.full((height, width, 3), float(PADDING))
    canvas[:down, :across] = resized(picture, across, down)
    return canvas, (columns / across, rows / down)


def in_range(pixels: Pictures, spec: Preprocessing, dtype: str) -> Array:
    """Bytes in the range that the model was trained on, as the dtype of its input."""
    values = spec.low + pixels.astype(np.float32) * np.float32((spec.high - spec.low) / 255.0)
    return values.astype(dtype) if np.dtype(dtype).kind == "f" else np.rint(values).astype(dtype)


def of_pictures(model: SourceModel, pictures: Sequence[Pictures], spec: Preprocessing, step: Step = no_step) -> dict[str, Floats]:
    """The outputs (n, *shape) by name for BGR pictures. Raises ModelError for a model with another input than one picture, and
    for outputs that are no numbers."""
    source = only_picture(model, spec)
    parts = []
    for start in range(0, len(pictures), BATCH):
        views = np.stack([view(picture, spec) for picture in pictures[start:start + BATCH]])
        parts.append(finite(model.run({source.name: in_range(views, spec, source.dtype)}), model))
        step(len(views))
    return _joined(parts)


def of_values(model: SourceModel, values: Mapping[str, Array], step: Step = no_step) -> dict[str, Floats]:
    """The outputs by name for inputs by name, each (n, *shape). Raises ModelError."""
    missing = [spec.name for spec in model.inputs if spec.name not in values]
    if missing:
        raise ModelError(f"the examples have nothing for the inputs {', '.join(missing)} of {model.path.name}")
    count = len(values[model.inputs[0].name])
    parts = []
    for start in range(0, count, BATCH):
        batch = {spec.name: np.asarray(values[spec.name][start:start + BATCH], spec.dtype) for spec in model.inputs}
        parts.append(finite(model.run(batch), model))
        step(min(BATCH, count - start))
    return _joined(parts)


def only_picture(model: SourceModel, spec: Preprocessing) -> TensorSpec:
    """The input that takes the picture. Raises ModelError where there is another, or of another shape."""
    wanted = (spec.height, spec.width, 1 if spec.colour == "grey" else 3)
    if [source.shape for source in model.inputs] != [wanted]:
        raise ModelError(f"{model.path.name} takes {', '.join(str(source.shape) for source in model.inputs)}, not one {spec.colour} "
                         f"picture {wanted}: say its size and colours")
    return model.inputs[0]


def finite(outputs: dict[str, Floats], model: SourceModel) -> dict[str, Floats]:
    """The same. Raises ModelError when the float model itself gives values that are no numbers."""
    for name, value in outputs.items():
        if not np.isfinite(value).all():
            raise ModelError(f"{model.path.name} itself gives values of {name} that are no numbers: its weights are damaged or the "
                             "training diverged; nothing can be converted")
    return outputs


def _joined(parts: Sequence[Mapping[str, Floats]]) -> dict[str, Floats]:
    return {name: np.concatenate([np.asarray(part[name], np.float32) for part in parts]) for name in parts[0]}
