"""What a telephone or tablet does to a picture: tone, glow, pixel grid and its moire, banding, reflections.

Moire comes by itself: the grid of the display's pixels is a periodic pattern on the sheet, and taking it at the camera's
pixels alone beats with them. How deep it is follows from how much of the pattern optics and pixels let through.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.training.attacks.geometry import View

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Display:
    """A screen. `level` is its brightness against the room's white, `black` what black still gives; `gamma`, `colour`
    (saturation) and `cast` (B, G, R) its picture; `pitch` the display's pixels in face heights, `grid` how deep its grid
    shows where it is resolved, `moire` how deep the beat, `coloured` how far the three colours beat apart; `bands` and
    `period` the dimming that a rolling shutter sees (of 1; in picture heights), `speed` bands a second; `mirror` what the
    glass reflects; `glow` the halo."""

    level: float
    black: float
    gamma: float
    colour: float
    cast: tuple[float, float, float]
    pitch: float
    moire: float
    coloured: float
    bands: float
    period: float
    speed: float
    phase: float
    mirror: float
    glow: float

    @staticmethod
    def draw(rng: np.random.Generator) -> Display:
        cast = np.exp(rng.normal(0, 0.05, 3)) * (rng.uniform(1.0, 1.12), 1.0, rng.uniform(0.9, 1.02))
        return Display(level=float(rng.uniform(0.75, 1.6)), black=float(rng.uniform(0.005, 0.09)), gamma=float(np.exp(rng.normal(0, 0.15))),
                       colour=float(rng.uniform(0.9, 1.5)), cast=(float(cast[0]), float(cast[1]), float(cast[2])),
                       pitch=float(1 / np.exp(rng.uniform(np.log(60), np.log(420)))), moire=float(rng.uniform(0.03, 0.24)),
                       coloured=float(rng.uniform(0.1, 1.0)), bands=float(rng.uniform(0.02, 0.16)) if rng.random() < 0.5 else 0.0,
                       period=float(rng.uniform(0.15, 1.2)), speed=float(rng.uniform(-4, 4)), phase=float(rng.uniform(0, 1)),
                       mirror=float(rng.uniform(0.02, 0.16)) if rng.random() < 0.6 else 0.0, glow=float(rng.uniform(0.0, 0.25)))

    def shown(self, texture: Image) -> Image:
        """A picture (rows, columns, 3) as the screen's own light, exposed so that its white nearly clips."""
        grey = cv2.cvtColor(cv2.cvtColor(texture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        vivid = cv2.addWeighted(texture, self.colour, grey, 1 - self.colour, 0)
        ramp = self.black + (1 - self.black) * (np.arange(256) / 255) ** self.gamma
        table = ramp[:, None] * np.asarray(self.cast)[None] * min(self.level, 1.25) * 255
        return np.asarray(cv2.LUT(vivid, np.clip(table, 0, 255).astype(np.uint8).reshape(1, 256, 3)), np.uint8)

    def seen(self, light: Floats, view: View, pixel: float, time: float) -> Floats:
        """What a camera makes of the lit grid: `light` (rows, columns, 3) of 0 to 1, `pixel` the size of its pixels on the
        sheet in face heights, `time` in seconds."""
        cycles = pixel / self.pitch
        # Above one display pixel to a camera pixel the grid is not resolved but its beat is, weaker the finer the grid.
        depth = self.moire * float(np.clip(1.25 / max(cycles, 0.6), 0.25, 1.0))
        along, down = view.s * (2 * np.pi / self.pitch), view.t * (2 * np.pi / self.pitch)
        rows = np.cos(down)
        out = light.copy()
        for channel in range(3):
            columns = np.cos(along + self.coloured * 2 * np.pi / 3 * (channel - 1))
            out[:, :, channel] *= 1 + depth * (0.8 * columns + 0.5 * rows)
        if self.bands:
            height = light.shape[0]
            place = np.arange(height, dtype=np.float32) / height / self.period + self.phase + self.speed * time
            out *= (1 + self.bands * np.clip(1.6 * np.sin(2 * np.pi * place), -1, 1)).astype(np.float32)[:, None, None]
        return out

    def reflecting(self, light: Floats, room: Floats) -> Floats:
        """With what the glass reflects of the room (any size)."""
        if not self.mirror:
            return light
        small = cv2.GaussianBlur(cv2.resize(room, (24, 24), interpolation=cv2.INTER_AREA)[:, ::-1], (0, 0), 2.0)
        large = cv2.resize(small, (light.shape[1], light.shape[0]), interpolation=cv2.INTER_CUBIC)
        return np.asarray(light + self.mirror * large, np.float32)
