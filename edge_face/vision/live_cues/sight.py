"""What one frame gives the cues: windows of the face's own pixels, the face small, its wide surroundings small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_face.opencv import cv2
from edge_face.types import Box, Floats, Image
from edge_face.vision.live_crop import cut, live_crop, square

WINDOW = 64
"""Pixels of a window: what a face at the edge of the intent zone has, so that it is never stretched."""
FACE = 48
WIDE = 3.2
"""The wide square's side in longer sides of the face's box: a sheet of twice the face's size lies within."""
AROUND = 128


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One look at a face. `windows`: (n, 64, 64) grey at the picture's own resolution, n = 0 for a face that is too small; `face`:
    48x48 BGR of its box; `around`: 128x128 grey of the wide square, whose left, top and pixels for each of its own are `place`;
    `inside`: left, top, right, bottom of what of it lies in the picture; `eye_distance` in the picture's pixels."""

    monotonic: float
    landmarks: Floats
    eye_distance: float
    windows: Floats
    face: Image
    around: Image
    place: tuple[float, float, float]
    inside: tuple[float, float, float, float]


def sight_of(image: Image, box: Box, landmarks: Floats, monotonic: float, *, close: bool = True, wide: bool = True,
             small: bool = True) -> Sight:
    """`close`, `wide`, `small`: with `windows`, `around`, `face` (else they are empty, and their time is saved). Raises
    ModelError for a box without area or without numbers."""
    left, top, side = square(box, WIDE)
    around = _around(image, left, top, side) if wide else np.zeros((0, 0), np.uint8)
    none = np.zeros((0, WINDOW, WINDOW), np.float32)
    face = live_crop(image, box, FACE, min(box.width, box.height) / max(box.width, box.height)) if small else np.zeros((0, 0, 3), np.uint8)
    eye_distance = float(np.linalg.norm(landmarks[1] - landmarks[0]))
    scale = side / AROUND
    inside = tuple(min(max(v / scale, 0.0), AROUND) for v in (-left, -top, image.shape[1] - left, image.shape[0] - top))
    return Sight(monotonic, np.asarray(landmarks, np.float32), eye_distance, _windows(image, box) if close else none, face, around,
                 (float(left), float(top), scale), (inside[0], inside[1], inside[2], inside[3]))


def _around(image: Image, left: int, top: int, side: int) -> Image:
    """That square of the picture, grey and small."""
    x0, y0 = (min(max(start, 0), length) for start, length in ((left, image.shape[1]), (top, image.shape[0])))
    part = image[y0:max(top + side, y0), x0:max(left + side, x0)]
    # Grey first, and only what is needed: a third of the work.
    grey = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY) if part.size else np.zeros(part.shape[:2], np.uint8)
    return cut(np.asarray(grey, np.uint8), left - x0, top - y0, side, AROUND)


def _windows(image: Image, box: Box) -> Floats:
    """Up to four windows of the middle of the face, none of which reaches out of the box or the picture."""
    inner = box.clipped(image.shape[1], image.shape[0])
    width, height = int(inner.width), int(inner.height)
    if min(width, height) < WINDOW:
        return np.zeros((0, WINDOW, WINDOW), np.float32)
    # Of large faces the middle: hair and background beside the cheeks are no texture of the face.
    reach = (min(width, max(WINDOW, round(0.8 * width))), min(height, max(WINDOW, round(0.8 * height))))
    x0, y0 = round(inner.x + (width - reach[0]) / 2), round(inner.y + (height - reach[1]) / 2)
    columns, rows = sorted({x0, x0 + reach[0] - WINDOW}), sorted({y0, y0 + reach[1] - WINDOW})
    parts = [image[y:y + WINDOW, x:x + WINDOW] for y in rows for x in columns]
    found = [cv2.cvtColor(part, cv2.COLOR_BGR2GRAY) for part in parts if part.shape[:2] == (WINDOW, WINDOW)]
    return np.asarray(found, np.float32).reshape(-1, WINDOW, WINDOW)
