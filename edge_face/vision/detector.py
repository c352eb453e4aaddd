"""Picture -> faces: resize, run the network, read its maps, suppress overlapping boxes.

The maps are those of an anchor-free detector with strides (docs/bundles.md): each cell gives a logit, a box and five
landmarks. Only cells above the threshold are decoded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_face.errors import ModelError
from edge_face.opencv import cv2
from edge_face.types import Box, Detection, Floats, Image
from edge_face.vision.bundle import Bundle, load_bundle
from edge_face.vision.landmarker import Landmarker
from edge_face.vision.manifest import real, whole
from edge_face.vision.runtime import Interpreter

KINDS = {"score": 1, "box": 4, "landmarks": 10}
PADDING = 127
"""Grey that the networks scale to 0, which is what their convolutions see beyond the picture's edge anyway."""
MOST_CANDIDATES = 3000
IMPLAUSIBLE = 0.98
"""A face whose landmarks cannot be right keeps at most this share of the recognising score: hidden, never recognised."""
MOST_REFINED = 8
"""Faces of one picture whose landmarks get a closer look, the largest first."""
LEAST_REFINED = 16.0
"""Height in pixels below which a face has no detail that a closer look could use."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the maps are written: strides, names of the maps by kind and stride, limits of log sizes, NMS overlap."""

    strides: tuple[int, ...]
    names: Mapping[tuple[str, int], str]
    log_limits: tuple[float, float]
    overlap: float


@dataclass(frozen=True, slots=True)
class Level:
    """The maps of one stride by their names in the file, and how many cells a row has."""

    stride: int
    score: str
    box: str
    landmarks: str
    columns: int


def read_encoding(outputs: Mapping[str, Any], where: str) -> Encoding:
    """Checks the `outputs` of a detector's manifest. Raises ModelError."""
    for key, known in (("box_encoding", "centre-log"), ("score_encoding", "logit"), ("landmarks_encoding", "cell-offset")):
        if outputs.get(key) != known:
            raise ModelError(f"{where}: outputs.{key} is {str(outputs.get(key))[:40]!r}, this edge-face reads {known!r}: update edge-face")
    strides, limits, given = outputs.get("strides"), outputs.get("log_limits"), outputs.get("names")
    if not isinstance(strides, list) or not 1 <= len(strides) <= 8 or len(set(map(str, strides))) != len(strides):
        raise ModelError(f"{where}: outputs.strides must be a list of 1 to 8 different strides")
    if not isinstance(limits, list) or len(limits) != 2:
        raise ModelError(f"{where}: outputs.log_limits must be two numbers")
    if not isinstance(given, dict):
        raise ModelError(f"{where}: outputs.names must be an object")
    steps = tuple(whole(stride, 1, 256, where, "outputs.strides") for stride in strides)
    names: dict[tuple[str, int], str] = {}
    for kind in KINDS:
        maps = given.get(kind)
        for stride in steps:
            name = maps.get(str(stride)) if isinstance(maps, dict) else None
            if not isinstance(name, str):
                raise ModelError(f"{where}: outputs.names.{kind} names no map for stride {stride}")
            names[kind, stride] = name
    if len(set(names.values())) != len(names):
        raise ModelError(f"{where}: outputs.names gives one map two meanings")
    low, high = (real(limit, -16.0, 16.0, where, "outputs.log_limits") for limit in limits)
    return Encoding(steps, names, (low, high), real(outputs.get("suppression_iou"), 0.05, 0.95, where, "outputs.suppression_iou"))


class Detector:
    """Runs one file of a detector bundle at one input size. One instance for each thread.

    A picture of the input's shape (4:3) fills the input; any other is scaled to fit and padded. Where the bundle has a
    file of half the size, that one looks too, for faces that are too large for this one to see whole. Faces that score for
    recognising get the landmarks of the bundle in the folder `landmarker` (empty: the shipped one; None: none). Raises
    ModelError for a bundle that does not do what its manifest says.
    """

    def __init__(self, bundle: Bundle, width: int = 320, height: int = 240, precision: str = "int8", threads: int = 1,
                 landmarker: str | None = "") -> None:
        if bundle.task != "detector":
            raise ModelError(f"{bundle.folder} is a bundle for {bundle.task!r}, not for 'detector'")
        entry = bundle.entry(precision, (width, height))
        self.name = str(bundle.folder / entry.name)
        self.model_id = bundle.model_id
        self.precision = entry.precision
        self.size = (width, height)
        scores = bundle.thresholds.get("sizes", {}).get(f"{width}x{height}", bundle.thresholds)
        self.recognise, self.hide = float(scores["recognise"]), float(scores["hide"])
        self._encoding = read_encoding(bundle.manifest["outputs"], str(bundle.folder / "manifest.json"))
        self._rgb = bundle.input.colour == "RGB"
        self._interpreter = Interpreter(bundle.read(entry), threads=threads, name=self.name)
        if [tensor.shape for tensor in self._interpreter.inputs] != [(1, height, width, 3)]:
            raise ModelError(f"{self.name} takes {[t.shape for t in self._interpreter.inputs]}, not {(1, height, width, 3)}")
        wanted = {name: (1, -(-height // stride), -(-width // stride), KINDS[kind])
                  for (kind, stride), name in self._encoding.names.items()}
        actual = self._interpreter.output_names(wanted)
        names = {key: actual[name] for key, name in self._encoding.names.items()}
        self._levels = [Level(stride, names["score", stride], names["box", stride], names["landmarks", stride], -(-width // stride))
                        for stride in self._encoding.strides]
        self._canvas: Image = np.full((height, width, 3), PADDING, np.uint8)
        self._filled = (width, height)
        half = (width // 2, height // 2)
        self._half = None
        if any(file.size == half and file.precision == entry.precision for file in bundle.files):
            self._half = Detector(bundle, *half, precision, threads, None)
        self._landmarker = None if landmarker is None else Landmarker(load_bundle(landmarker, "landmarker"), threads=threads)

    def detect(self, image: Image, threshold: float) -> list[Detection]:
        """Faces whose score is `threshold` (above 0, below 1) or more, best first, in the pixels of `image` (BGR uint8,
        any size). Raises ModelError for a picture of another kind and for a network that gives no numbers."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
            raise ModelError(f"the detector takes BGR pictures (height x width x 3, uint8), not {image.shape} {image.dtype}: "
                             "read pictures with edge_face.media.read_picture")
        if not 0.0 < threshold < 1.0:
            raise ModelError(f"the detection threshold must lie between 0 and 1, not {threshold}")
        corners, scores, points = self._look(image, threshold)
        if self._half is not None:
            larger = self._half._look(image, threshold)
            corners, scores, points = (np.concatenate(pair) for pair in zip((corners, scores, points), larger, strict=True))
        if not len(scores):
            return []
        kept = suppress(corners, scores, self._encoding.overlap)
        found = [
            Detection(Box(float(x0), float(y0), float(x1 - x0), float(y1 - y0)), points[i], float(scores[i]))
            for i, (x0, y0, x1, y1) in zip(kept, corners[kept], strict=True) if scores[i] >= threshold
        ]
        return found if self._landmarker is None else self._refined(image, found, self._landmarker)

    def _look(self, image: Image, threshold: float) -> tuple[Floats, Floats, Floats]:
        """Corners (n, 4), scores (n,) and landmarks (n, 5, 2) of what this file sees, in pixels of the picture, before
        suppression."""
        fitted, scale_x, scale_y = self._fit(image)
        maps = self._interpreter.run(fitted[:, :, ::-1] if self._rgb else fitted)
        corners, scores, points = self._decode(maps, threshold)
        unit = np.array([scale_x, scale_y], np.float32)
        corners = corners * np.concatenate([unit, unit])
        points = points * unit
        middle = (corners[:, :2] + corners[:, 2:]) / 2
        inside = ((middle >= 0) & (middle <= (image.shape[1], image.shape[0]))).all(1)
        if not inside.all():  # a face found in the padding
            corners, scores, points = corners[inside], scores[inside], points[inside]
        if len(scores):
            scores = np.where(plausible(corners, points), scores, np.minimum(scores, np.float32(IMPLAUSIBLE * self.recognise)))
        return corners, scores, points

    def _refined(self, image: Image, found: list[Detection], landmarker: Landmarker) -> list[Detection]:
        """The same faces, those that may be recognised with better landmarks."""
        fit = [i for i, face in enumerate(found) if face.score >= self.recognise and face.box.height >= LEAST_REFINED]
        for i in sorted(fit, key=lambda i: -found[i].box.area)[:MOST_REFINED]:
            found[i] = replace(found[i], landmarks=landmarker.refine(image, found[i].landmarks))
        return found

    def _fit(self, image: Image) -> tuple[Image, float, float]:
        """The picture at the input's size, and how many of its pixels one input pixel stands for, across and down."""
        width, height = self.size
        rows, columns = image.shape[:2]
        share = min(width / columns, height / rows)
        across, down = max(min(round(columns * share), width), 1), max(min(round(rows * share), height), 1)
        if (across, down) == (columns, rows) == self.size:
            return image, 1.0, 1.0
        method = cv2.INTER_AREA if share < 1.0 else cv2.INTER_LINEAR
        if (across, down) == self.size:
            return cv2.resize(image, self.size, interpolation=method), columns / across, rows / down
        if self._filled != (across, down):
            self._canvas[:] = PADDING
            self._filled = (across, down)
        self._canvas[:down, :across] = cv2.resize(image, (across, down), interpolation=method)
        return self._canvas, columns / across, rows / down

    def _decode(self, maps: Mapping[str, Floats], threshold: float) -> tuple[Floats, Floats, Floats]:
        """Boxes (n, 4) as x0 y0 x1 y1, scores (n,), landmarks (n, 5, 2) in input pixels, of cells above the threshold."""
        limit = math.log(threshold / (1.0 - threshold))
        logits, boxes, marks, cells, units = [], [], [], [], []
        for level in self._levels:
            score = maps[level.score].reshape(-1)
            if not math.isfinite(float(score.max())):
                raise ModelError(f"{self.name} gave scores that are no numbers: the model is damaged or unfit for this board")
            chosen = np.flatnonzero(score >= limit)
            if not len(chosen):
                continue
            logits.append(score[chosen])
            boxes.append(maps[level.box].reshape(-1, 4)[chosen])
            marks.append(maps[level.landmarks].reshape(-1, 10)[chosen])
            cells.append(np.stack([chosen % level.columns, chosen // level.columns], 1).astype(np.float32))
            units.append(np.full(len(chosen), level.stride, np.float32))
        if not logits:
            return np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32)
        logit, raw, mark = np.concatenate(logits), np.concatenate(boxes), np.concatenate(marks)
        if not (np.isfinite(raw).all() and np.isfinite(mark).all()):
            raise ModelError(f"{self.name} gave boxes that are no numbers: the model is damaged or unfit for this board")
        unit = np.concatenate(units)[:, None]
        centre = (np.concatenate(cells) + np.float32(0.5)) * unit
        middle = centre + raw[:, :2] * unit
        half = np.exp(np.clip(raw[:, 2:], *self._encoding.log_limits)) * unit * np.float32(0.5)
        points = centre[:, None] + mark.reshape(-1, 5, 2) * unit[..., None]
        scores = 1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0)))
        return np.concatenate([middle - half, middle + half], 1), scores.astype(np.float32), points


def plausible(corners: Floats, points: Floats) -> npt.NDArray[np.bool_]:
    """Which faces have landmarks that can belong to their box: around its middle, neither one spot nor all over.

    `corners` (n, 4) x0 y0 x1 y1, `points` (n, 5, 2). Wide limits: turned and tilted heads pass.
    """
    size = np.maximum(corners[:, 2:] - corners[:, :2], 1e-6)
    relative = (points - (corners[:, :2] + size / 2)[:, None]) / size[:, None]
    near = (np.abs(relative) <= 0.8).all((1, 2)) & (np.abs(relative.mean(1)) <= 0.35).all(1)
    spread = relative.std(1).max(1)
    wide: npt.NDArray[np.bool_] = near & (spread >= 0.06)
    return wide


def suppress(corners: Floats, scores: Floats, overlap: float) -> npt.NDArray[np.int64]:
    """Greedy non-maximum suppression: indices of the boxes (n, 4) x0 y0 x1 y1 that stay, best first."""
    order = np.argsort(-scores, kind="stable")[:MOST_CANDIDATES]
    area = np.maximum(corners[:, 2] - corners[:, 0], 0) * np.maximum(corners[:, 3] - corners[:, 1], 0)
    kept: list[int] = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(int(best))
        low = np.maximum(corners[best, :2], corners[order, :2])
        high = np.minimum(corners[best, 2:], corners[order, 2:])
        side = np.maximum(high - low, 0)
        shared = side[:, 0] * side[:, 1]
        order = order[shared <= overlap * np.maximum(area[best] + area[order] - shared, 1e-6)]
    return np.asarray(kept, np.int64)
