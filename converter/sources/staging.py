"""From a picture as it lies there to what the device's stage takes, and from that to what the network takes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

from converter.contract import Pictures, Plan, Preprocessing
from edge_face.vision.picture_model import prepare

PADDING = 127
LEAST_SIDE, ROOM = 320, 1.5
"""Whole pictures are kept up to this many pixels a side, or this many times the network's: they are many, and shown smaller anyway."""


class Stager:
    """Aligned faces or whole pictures, as the plan says. `stage(picture)` gives the picture and the digest that the trainer
    knows it by, or in words why it cannot be used. Any thread may call it."""

    def __init__(self, plan: Plan) -> None:
        assert plan.preprocessing is not None
        self._plan, self._spec = plan, plan.preprocessing
        self._cut: Callable[[Pictures], Pictures | str] | None = None
        if self._spec.aligned:
            from converter.training.datasets import CropReader

            self._cut = CropReader().cut

    def stage(self, picture: Pictures) -> tuple[Pictures, str] | str:
        if self._cut is None:
            kept = bounded(picture, self._spec)
            return kept, digest(kept)
        crop = self._cut(picture)
        if isinstance(crop, str):
            return crop
        from converter.training.classifier_data import crop_digest
        from converter.training.cutting import inner

        if self._plan.task == "landmarker":
            return _rough(crop), digest(crop)
        return inner(crop), crop_digest(crop)


def digest(picture: Pictures) -> str:
    """What a picture is known by, whatever its file: 64 bits of its pixels' SHA-256."""
    return hashlib.sha256(repr(picture.shape).encode() + np.ascontiguousarray(picture).tobytes()).hexdigest()[:16]


def bounded(picture: Pictures, spec: Preprocessing) -> Pictures:
    """The picture, shrunk by area where it is much larger than the network's input."""
    from edge_face.opencv import cv2

    limit = max(LEAST_SIDE, round(ROOM * max(spec.width, spec.height)))
    longest = max(picture.shape[:2])
    if longest <= limit:
        return picture
    size = tuple(max(round(side * limit / longest), 1) for side in (picture.shape[1], picture.shape[0]))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def network_input(picture: Pictures, plan: Plan) -> Pictures:
    """uint8 (height, width, channels) by the device's own code; a detector's picture keeps its shape and is padded."""
    spec = plan.preprocessing
    assert spec is not None
    return prepare(_letterbox(picture, spec) if plan.task == "detector" else picture, spec)


def _letterbox(picture: Pictures, spec: Preprocessing) -> Pictures:
    """As `edge_face.vision.detector` fits a picture: as large as it goes, in the upper left corner on grey."""
    from edge_face.opencv import cv2

    rows, columns = picture.shape[:2]
    share = min(spec.width / columns, spec.height / rows)
    across, down = max(min(round(columns * share), spec.width), 1), max(min(round(rows * share), spec.height), 1)
    canvas = np.full((spec.height, spec.width, 3), PADDING, np.uint8)
    canvas[:down, :across] = cv2.resize(picture, (across, down), interpolation=cv2.INTER_AREA if share < 1 else cv2.INTER_LINEAR)
    return canvas


def _rough(crop: Pictures) -> Pictures:
    """A face placed as roughly as a detector places it, which is what the landmarker sees; the same for the same face."""
    from converter.training.landmarker_data import of_aligned

    return of_aligned(crop, np.random.default_rng(int(digest(crop), 16)))[0]
