"""A print cut along the face's outline, with holes at the eyes behind which other eyes, or darkness, are seen."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
FINE = 4
"""Bits below the pixel in which OpenCV is told coordinates."""


@dataclass(frozen=True)
class Cut:
    """How it is cut and worn: the `outline` as radii (n,) over the face's ellipse at equal angles; `wide` and `high` of the
    holes in eye distances; `skin` (B, G, R of 255) and `iris` behind them, `dark` for none seen; `off` (x, y) by which the
    eyes behind miss the holes, in eye distances."""

    outline: Floats
    wide: float
    high: float
    skin: tuple[float, float, float]
    iris: tuple[float, float, float]
    dark: bool
    off: tuple[float, float]

    @staticmethod
    def draw(rng: np.random.Generator) -> Cut:
        rough = cv2.GaussianBlur(rng.normal(0, 0.06, (1, 48)).astype(np.float32), (0, 0), 2.0, borderType=cv2.BORDER_REPLICATE)[0] * 1.6
        outline = np.float32(rng.uniform(0.98, 1.3)) + rough
        outline[-4:] = np.linspace(outline[-5], outline[0], 4)
        tone = rng.uniform(0.25, 0.95)
        skin = np.array([150, 175, 215]) * tone * (1 + rng.normal(0, 0.04, 3))
        iris = np.array([40, 60, 80]) * rng.uniform(0.3, 1.6, 3)
        x, y = rng.normal(0, 0.05, 2)
        return Cut(outline.astype(np.float32), float(rng.uniform(0.30, 0.48)), float(rng.uniform(0.14, 0.26)),
                   (float(skin[0]), float(skin[1]), float(skin[2])), (float(iris[0]), float(iris[1]), float(iris[2])),
                   bool(rng.random() < 0.35), (float(x), float(y)))

    def mask(self, shape: tuple[int, ...], middle: Floats, half: Floats, eyes: Floats) -> Image:
        """255 where paper is left, for a texture of `shape` (rows, columns) with the face's ellipse (`middle`, `half` axes)
        and its two `eyes` (2, 2), all in pixels."""
        angles = np.linspace(0, 2 * np.pi, len(self.outline), endpoint=False)
        edge = middle + np.column_stack([np.cos(angles), np.sin(angles)]) * half * self.outline[:, None]
        mask = np.zeros(shape, np.uint8)
        cv2.fillPoly(mask, [np.round(edge * 2 ** FINE).astype(np.int32)], 255, cv2.LINE_AA, FINE)
        across = float(np.linalg.norm(eyes[1] - eyes[0]))
        tilt = float(np.degrees(np.arctan2(*(eyes[1] - eyes[0])[::-1])))
        for eye in eyes:
            _ellipse(mask, eye, (self.wide * across / 2, self.high * across / 2), tilt, 0)
        return mask

    def behind(self, canvas: Image, eyes: Floats, gaze: tuple[float, float]) -> None:
        """Paints who looks through the holes at `eyes` (2, 2) pixels of the canvas, in place; `gaze` of -1 to 1."""
        across = float(np.linalg.norm(eyes[1] - eyes[0]))
        shade = 0.18 if self.dark else 1.0
        for eye in eyes:
            skin = tuple(v * shade for v in self.skin)
            _ellipse(canvas, eye, (0.42 * across, 0.34 * across), 0, skin)
            if self.dark:
                continue
            place = eye + np.asarray(self.off, np.float32) * across
            _ellipse(canvas, place, (0.19 * across, 0.075 * across), 0, tuple(min(0.55 * v + 95, 235) for v in self.skin))
            look = place + np.asarray(gaze, np.float32) * across * (0.07, 0.015)
            _ellipse(canvas, look, (0.072 * across, 0.072 * across), 0, self.iris)
            _ellipse(canvas, look, (0.032 * across, 0.032 * across), 0, (12, 12, 12))
            lid = np.array([[-0.2, -0.06], [0.2, -0.06]]) * across + place
            cv2.line(canvas, _fine(lid[0]), _fine(lid[1]),
                     tuple(0.35 * v for v in self.skin), max(round(0.035 * across), 1), cv2.LINE_AA, FINE)


def _ellipse(image: Image, middle: Floats, half: tuple[float, float], tilt: float, colour: object) -> None:
    axes = (max(round(half[0] * 2 ** FINE), 8), max(round(half[1] * 2 ** FINE), 8))
    cv2.ellipse(image, _fine(middle), axes, tilt, 0, 360, colour, -1, cv2.LINE_AA, FINE)


def _fine(place: NDArray[np.floating]) -> tuple[int, int]:
    return round(float(place[0]) * 2 ** FINE), round(float(place[1]) * 2 ** FINE)
