"""A still face made to move: head a little aside, nose before the ears, eyes shut for a moment. The room stays."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_face.types import Box

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Sway:
    """How somebody stands still who does not: amplitudes in face heights, frequencies in hertz, and the moments at which the
    eyes shut."""

    amplitude: tuple[float, float, float, float]
    hertz: tuple[float, float, float, float]
    phase: tuple[float, float, float, float]
    blinks: tuple[float, ...]

    @staticmethod
    def draw(rng: np.random.Generator) -> Sway:
        a, f, p = rng.uniform(0.015, 0.05, 4), rng.uniform(0.15, 0.9, 4), rng.uniform(0, 2 * np.pi, 4)
        moments, time = [], float(rng.uniform(0, 3))
        while time < 30:
            moments.append(time)
            time += float(rng.uniform(1.5, 5))
        return Sway(_four(a), _four(f), _four(p), tuple(moments))

    def at(self, time: float) -> tuple[float, float, float, float, float]:
        """Head aside and down, nose beyond that aside and down (face heights), and the eyes' closing, 0 to 1."""
        waves = zip(self.amplitude, self.hertz, self.phase, strict=True)
        x, y, yaw, pitch = (a * float(np.sin(2 * np.pi * f * time + p)) for a, f, p in waves)
        shut = max((1 - abs(time - moment - 0.1) / 0.12 for moment in self.blinks), default=0.0)
        return x, 0.5 * y, yaw, 0.6 * pitch, float(np.clip(1.6 * shut, 0, 1))


def moved(picture: Image, box: Box, landmarks: Floats, how: tuple[float, float, float, float, float]) -> tuple[Image, Box, Floats]:
    """The picture with its face moved as `Sway.at` says, and where it is then."""
    x, y, yaw, pitch, shut = how
    high, centre = box.height, np.asarray(box.centre, np.float32)
    out = _shut(picture, landmarks, shut) if shut > 0.05 else picture
    rows, columns = picture.shape[:2]
    xs, ys = np.arange(columns, dtype=np.float32)[None], np.arange(rows, dtype=np.float32)[:, None]
    nose = landmarks[2]
    head = np.exp(-((xs - centre[0]) ** 2 + (ys - centre[1]) ** 2) / (2 * (0.75 * high) ** 2))
    front = np.exp(-((xs - nose[0]) ** 2 + (ys - nose[1]) ** 2) / (2 * (0.28 * high) ** 2))
    across, down = high * (x * head + yaw * front), high * (y * head + pitch * front)
    out = np.asarray(cv2.remap(out, xs - across, ys - down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101), np.uint8)

    def there(place: Floats) -> Floats:
        near = np.exp(-((place - centre) ** 2).sum(1) / (2 * (0.75 * high) ** 2))[:, None]
        fore = np.exp(-((place - nose) ** 2).sum(1) / (2 * (0.28 * high) ** 2))[:, None]
        return np.asarray(place + high * (near * (x, y) + fore * (yaw, pitch)), np.float32)

    return out, Box(box.x + high * x, box.y + high * y, box.width, box.height), there(landmarks)


def _shut(picture: Image, landmarks: Floats, how_far: float) -> Image:
    """Lids of the colour of the skin above them, drawn over the eyes."""
    out = picture.copy()
    across = float(np.linalg.norm(landmarks[1] - landmarks[0]))
    for eye in landmarks[:2]:
        above = eye - (0, 0.2 * across)
        x, y = (int(np.clip(v, 0, most - 1)) for v, most in zip(above, picture.shape[1::-1], strict=True))
        lid = picture[max(y - 1, 0):y + 2, max(x - 2, 0):x + 3].reshape(-1, 3).mean(0)
        half = (max(round(0.2 * across * 16), 8), max(round(0.1 * across * how_far * 16), 8))
        middle = (round(float(eye[0]) * 16), round(float(eye[1] - 0.1 * across * (1 - how_far)) * 16))
        cv2.ellipse(out, middle, half, 0, 0, 360, tuple(float(v) for v in lid), -1, cv2.LINE_AA, 4)
    return out


def _four(values: NDArray[np.floating]) -> tuple[float, float, float, float]:
    a, b, c, d = (float(v) for v in values)
    return a, b, c, d
