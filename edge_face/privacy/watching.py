"""Finding faces for hiding them: a scene without identities, and a detector that looks closely at large pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge_face.opencv import cv2
from edge_face.types import Box, Detection, Frame, Image, Scene
from edge_face.vision.tracker import Tracker

SAME = 0.5
"""Boxes of two looks that overlap so much (IoU) are one face; the surer one stays."""
INSIDE = 0.7
"""A box at a tile's inner border with this share inside another one is a part of that face."""
OVERLAP = 0.25
"""Share of a tile's side that the next one repeats: a face smaller than that lies whole in one of them, a larger one is
found on the next coarser level."""


class FaceDetector(Protocol):
    """What finds faces; `recognise` and `hide` are the scores that its makers recommend."""

    recognise: float
    hide: float

    def detect(self, image: Image, threshold: float) -> list[Detection]: ...


class SceneMaker(Protocol):
    """What turns frames into scenes: `VisionPipeline`, or `Watcher` where nobody is to be known."""

    def process(self, frame: Frame) -> Scene: ...


class Watcher:
    """Detects and tracks, and knows nobody: for hiding everybody, without an embedder."""

    def __init__(self, detector: FaceDetector, keep: float, hide: float = 0.0) -> None:
        self._detector = detector
        self._hide = min(hide or detector.hide, detector.recognise)
        self._tracker = Tracker(detector.recognise, keep)

    def process(self, frame: Frame) -> Scene:
        """The scene of the next frame. Raises ModelError when the detector gives no numbers."""
        height, width = frame.image.shape[:2]
        found = self._detector.detect(frame.image, self._hide)
        tracked = self._tracker.update(found, frame.monotonic, (width, height))
        return Scene(frame.index, frame.monotonic, frame.wall, width, height, tracked.tracks, tracked.weak)


@dataclass(frozen=True, slots=True)
class _Tile:
    """A part of a scaled picture: where it begins there, and on which of its sides the picture goes on."""

    left: int
    top: int
    image: Image
    inner: tuple[bool, bool, bool, bool]


class FrameDetector:
    """The detector of a video's frames, whatever their size: finds faces of about 24 px and more.

    Up to 640 x 480 that is one look at 320 x 240; larger frames are looked at in tiles of 640 x 480 at half their size.
    `small`, `large`: the detectors for the two inputs; the larger one is made when it is first needed.
    """

    def __init__(self, small: FaceDetector, large: Callable[[], FaceDetector]) -> None:
        self.recognise, self.hide = small.recognise, small.hide
        self._small, self._large = small, large
        self._close: FaceDetector | None = None

    def detect(self, image: Image, threshold: float) -> list[Detection]:
        """Faces of at least `threshold`, best first, in pixels of `image`."""
        height, width = image.shape[:2]
        if width <= 640 and height <= 480:
            return self._small.detect(image, threshold)
        if self._close is None:
            self._close = CloseDetector(self._large(), finest=0.5, turned=False)
        return self._close.detect(image, threshold)


class CloseDetector:
    """A detector that looks closely: at the whole picture, at twice its size in overlapping tiles, and so on, and at the
    whole turned by a quarter either way, as pictures without orientation come.

    `width` x `height`: the size of a tile, the detector's own input. `finest`: up to which scale of the picture; at 1
    faces of about 12 px and more are found. `turned`: look at the turned picture too.
    """

    def __init__(self, detector: FaceDetector, width: int = 640, height: int = 480, *, finest: float = 1.0,
                 turned: bool = True) -> None:
        self.recognise, self.hide = detector.recognise, detector.hide
        self._detector, self._size, self._finest, self._turned = detector, (width, height), finest, turned

    def detect(self, image: Image, threshold: float) -> list[Detection]:
        """Faces of at least `threshold`, best first, in pixels of `image`."""
        whole: list[Detection] = []
        parts: list[Detection] = []
        rows, columns = image.shape[:2]
        for scale in self._scales(columns, rows):
            size = (max(round(columns * scale), 1), max(round(rows * scale), 1))
            level = image if scale == 1 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            for tile in self._tiles(level):
                for found in self._detector.detect(tile.image, threshold):
                    inner = _touches(found.box, tile)
                    placed = _placed(found, tile.left, tile.top, columns / size[0], rows / size[1])
                    (parts if inner else whole).append(placed)
        if self._turned:
            # A face on its side looks like many things a little: only what is surely one counts.
            whole += self._sideways(image, max(threshold, self.recognise))
        kept = _Kept(len(whole) + len(parts))
        for found in sorted(whole, key=lambda d: -d.score):
            if kept.most_iou(found.box) < SAME:
                kept.add(found)
        for found in sorted(parts, key=lambda d: -d.score):
            if kept.most_shared(found.box) < INSIDE * found.box.area:
                kept.add(found)
        return sorted(kept.found, key=lambda d: -d.score)

    def _scales(self, columns: int, rows: int) -> list[float]:
        fit = min(self._size[0] / columns, self._size[1] / rows)
        if fit >= self._finest:
            return [min(fit, 1.0)]
        levels = math.ceil(math.log2(self._finest / fit))
        # Coarse to fine; a level hardly larger than the whole would find the same faces again.
        return [fit, *(self._finest * 0.5 ** k for k in range(levels - 1, -1, -1) if self._finest * 0.5 ** k > fit * 1.2)]

    def _tiles(self, level: Image) -> Iterator[_Tile]:
        rows, columns = level.shape[:2]
        for top in _starts(rows, self._size[1]):
            for left in _starts(columns, self._size[0]):
                bottom, right = min(top + self._size[1], rows), min(left + self._size[0], columns)
                yield _Tile(left, top, np.ascontiguousarray(level[top:bottom, left:right]),
                            (left > 0, top > 0, right < columns, bottom < rows))

    def _sideways(self, image: Image, threshold: float) -> list[Detection]:
        rows, columns = image.shape[:2]
        found = []
        for turn in (cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_90_COUNTERCLOCKWISE):
            share = min(self._size[0] / rows, self._size[1] / columns, 1.0)
            small = cv2.resize(image, (max(round(columns * share), 1), max(round(rows * share), 1)),
                               interpolation=cv2.INTER_AREA)
            for d in self._detector.detect(cv2.rotate(small, turn), threshold):
                found.append(_turned_back(d, turn == cv2.ROTATE_90_CLOCKWISE, columns, rows,
                                          columns / small.shape[1], rows / small.shape[0], self.recognise))
        return found


class _Kept:
    """Detections that stand for themselves; how far another one lies over them. In one step for all: crowds have thousands."""

    def __init__(self, most: int) -> None:
        self.found: list[Detection] = []
        self._boxes = np.empty((most, 4))

    def add(self, found: Detection) -> None:
        box = found.box
        self._boxes[len(self.found)] = (box.x, box.y, box.x + box.width, box.y + box.height)
        self.found.append(found)

    def most_shared(self, box: Box) -> float:
        """The largest area that it shares with one of them; -1 without any."""
        return float(self._shared(box).max(initial=-1.0))

    def most_iou(self, box: Box) -> float:
        """The largest intersection over union; -1 without any."""
        shared, kept = self._shared(box), self._boxes[:len(self.found)]
        union = np.maximum((kept[:, 2] - kept[:, 0]) * (kept[:, 3] - kept[:, 1]) + box.area - shared, 1e-9)
        return float((shared / union).max(initial=-1.0))

    def _shared(self, box: Box) -> npt.NDArray[np.float64]:
        kept = self._boxes[:len(self.found)]
        width = np.minimum(kept[:, 2], box.x + box.width) - np.maximum(kept[:, 0], box.x)
        height = np.minimum(kept[:, 3], box.y + box.height) - np.maximum(kept[:, 1], box.y)
        shared: npt.NDArray[np.float64] = np.maximum(width, 0) * np.maximum(height, 0)
        return shared


def _starts(length: int, tile: int) -> list[int]:
    """Where tiles begin along a side: evenly spread, overlapping by OVERLAP of their size at least."""
    if length <= tile:
        return [0]
    count = math.ceil((length - tile) / (tile * (1 - OVERLAP))) + 1
    return [round(i * (length - tile) / (count - 1)) for i in range(count)]


def _touches(box: Box, tile: _Tile) -> bool:
    """Does a box reach a side of the tile beyond which the picture goes on?"""
    rows, columns = tile.image.shape[:2]
    reached = (box.x < 2, box.y < 2, box.x + box.width > columns - 2, box.y + box.height > rows - 2)
    return any(r and i for r, i in zip(reached, tile.inner, strict=True))


def _placed(found: Detection, left: int, top: int, scale_x: float, scale_y: float) -> Detection:
    marks = (found.landmarks + np.array((left, top), np.float32)) * np.array((scale_x, scale_y), np.float32)
    return Detection(found.box.moved(left, top).scaled(scale_x, scale_y), marks, found.score)


def _turned_back(found: Detection, clockwise: bool, columns: int, rows: int, scale_x: float, scale_y: float,
                 recognise: float) -> Detection:
    """A face of the turned picture in the pixels of the upright one. It is hidden, never recognised: aligned by hand it
    could be, but a face that lies on its side is none that approaches a door."""
    box, marks = found.box, found.landmarks
    if clockwise:
        x, y = box.y * scale_x, rows - (box.x + box.width) * scale_y
        placed = np.stack([marks[:, 1] * scale_x, rows - marks[:, 0] * scale_y], 1)
    else:
        x, y = columns - (box.y + box.height) * scale_x, box.x * scale_y
        placed = np.stack([columns - marks[:, 1] * scale_x, marks[:, 0] * scale_y], 1)
    return Detection(Box(x, y, box.height * scale_x, box.width * scale_y), placed.astype(np.float32),
                     min(found.score, 0.98 * recognise))
