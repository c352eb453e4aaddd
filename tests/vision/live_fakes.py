"""Faces that are alive or not, for tests of attack detection: painted pictures, a stand-in for the network, a tiny bundle."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from dense_model import dense_model
from manifest_samples import manifest

from edge_face.types import Box, Floats, Image, Liveness, LiveVerdict, Track, TrackState
from edge_face.vision.align import TEMPLATE

ROWS = [{"score": 0.2, "bpcer": 0.01, "apcer": 0.3}, {"score": 0.4, "bpcer": 0.05, "apcer": 0.1},
        {"score": 0.7, "bpcer": 0.2, "apcer": 0.05}]
CUES = {"network": {"weight": 2.0, "centre": 0.0, "scale": 2.0}, "border": {"weight": -0.5, "centre": 0.8, "scale": 0.8},
        "surroundings": {"weight": -1.0, "centre": 0.0, "scale": 0.5}}
THRESHOLDS: dict[str, Any] = {"passive": {"rows": ROWS}, "fusion": {"bias": 0.0, "cues": CUES, "rows": ROWS}}


def room(seed: int = 1, width: int = 640, height: int = 480) -> Image:
    """A wall with things on it."""
    rng = np.random.default_rng(seed)
    small = rng.integers(60, 190, (height // 16, width // 16, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def face(x: float, y: float, height: float = 110.0) -> tuple[Box, Floats]:
    """Box and landmarks of a face whose middle is there."""
    scale = height / 109
    box = Box(x - 40 * scale, y - height / 2, 80 * scale, height)
    points = (TEMPLATE - np.array([56.0, 62.5])) * scale + (x, y)
    return box, points.astype(np.float32)


def somebody(background: Image, x: float, y: float, sheet: bool, height: float = 110.0) -> tuple[Image, Box, Floats]:
    """A person before the background, or the same on a white-edged sheet with its own background."""
    image = background.copy()
    box, points = face(x, y, height)
    if sheet:
        half = (0.95 * height, 1.1 * height)
        corners = [(round(x + i * half[0]), round(y + j * half[1])) for i, j in ((-1, -1), (1, 1))]
        inner = cv2.resize(room(9), (max(corners[1][0] - corners[0][0], 1), max(corners[1][1] - corners[0][1], 1)))
        shown = np.full_like(inner, 245)
        shown[8:-8, 8:-8] = inner[8:-8, 8:-8]
        image = _pasted(image, shown, *corners[0])
    head = cv2.resize(room(3, 96, 128), (max(round(box.width), 1), max(round(box.height), 1)))
    return _pasted(image, np.asarray(head, np.uint8), round(box.x), round(box.y)), box, points


def _pasted(image: Image, part: Image, x: int, y: int) -> Image:
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + part.shape[1], image.shape[1]), min(y + part.shape[0], image.shape[0])
    if x1 > x0 and y1 > y0:
        image[y0:y1, x0:x1] = part[y0 - y:y1 - y, x0 - x:x1 - x]
    return image


def track(box: Box, points: Floats, number: int = 1, **more: Any) -> Track:
    return Track(number, box, points, 0.9, TrackState.CONFIRMED, 10, 0, **more)


def bundle(folder: Path, thresholds: dict[str, Any] | None = None, side: int = 16) -> Path:
    """A liveness bundle whose network takes light pictures for life: the logit is -4 for black, 4 for white."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = np.full((1, side * side * 3), 8.0 / (side * side * 3) / 255)
    content = dense_model(weights, np.array([-4.0]), (side, side, 3), activation="sigmoid", output="live")
    (folder / "int8.tflite").write_bytes(content)
    document = manifest("liveness", {"live": {"shape": [1, 1]}}, thresholds=THRESHOLDS if thresholds is None else thresholds)
    document["input"] |= {"width": side, "height": side, "colour": "BGR"}
    document["files"] = {"int8.tflite": {"sha256": hashlib.sha256(content).hexdigest()}}
    document.pop("gate")
    (folder / "manifest.json").write_text(json.dumps(document))
    return folder


class Constant:
    """In place of the network: what it is told to say."""

    def __init__(self, value: float = 0.9) -> None:
        self.value = value
        self.asked = 0

    def alive(self, image: Image, box: Box) -> float:
        self.asked += 1
        return self.value


class Verdicts:
    """In place of a judge: whom it was asked about, and what it says."""

    def __init__(self, verdict: LiveVerdict = LiveVerdict.LIVE) -> None:
        self.verdict = verdict
        self.looked: list[int] = []
        self.forgotten: list[int] = []
        self.looks: dict[int, int] = {}
        self.places: list[Box] = []
        self.due = True

    def wants(self, track_id: int, monotonic: float) -> bool:
        return self.due

    def look(self, track_id: int, image: Image, track: Track, monotonic: float) -> Liveness:
        self.looked.append(track_id)
        self.places.append(track.box)
        self.looks[track_id] = self.looks.get(track_id, 0) + 1
        return Liveness(self.verdict, 0.9, self.looks[track_id])

    def eyes(self, track_id: int, openness: float | None) -> None: ...

    def forget(self, track_id: int) -> None:
        self.forgotten.append(track_id)
        self.looks.pop(track_id, None)

    def clear(self) -> None:
        self.looks.clear()
