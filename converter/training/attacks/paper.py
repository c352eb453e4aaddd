"""What printing does to a picture, and what light does to a sheet: ink, paper, halftone, grain, shading, glare."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.training.attacks.geometry import View

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
ANGLES = (0.262, 1.309, 0.785)
"""Screen angles of yellow, magenta and cyan, which darken B, G and R (15, 75 and 45 degrees)."""


@dataclass(frozen=True)
class Ink:
    """A print. `black` is what full ink still reflects and `white` what bare paper does (B, G, R; 1 is the room's white);
    `colour` the saturation left; `dots` in face heights between halftone dots and `dotted` their depth (a photo print has
    none); `grain` the standard deviation of inkjet grain, of 1; `fibre` that of the paper; `gloss` 0 matt to 1 glossy."""

    black: float
    white: tuple[float, float, float]
    colour: float
    tone: float
    dots: float
    dotted: float
    grain: float
    fibre: float
    gloss: float
    softened: float

    @staticmethod
    def draw(rng: np.random.Generator) -> Ink:
        kind = rng.random()  # a photo print, an inkjet on plain paper, a laser print
        tint = 1 + rng.normal(0, 0.03, 3)
        white = rng.uniform(0.74, 0.97) * tint
        laser = kind > 0.7
        photo = kind < 0.4
        return Ink(black=float(rng.uniform(0.03, 0.10) if photo else rng.uniform(0.09, 0.24)),
                   white=(float(white[0]), float(white[1]), float(white[2])),
                   colour=float(rng.uniform(0.7, 0.98) if photo else rng.uniform(0.4, 0.9)) * (0.0 if rng.random() < 0.05 else 1.0),
                   tone=float(np.exp(rng.normal(0.0, 0.18))), dots=float(1 / rng.uniform(70, 260)),
                   dotted=float(rng.uniform(0.3, 1.0)) if laser else float(rng.uniform(0.0, 0.15)),
                   grain=float(rng.uniform(0.004, 0.015) if photo else rng.uniform(0.015, 0.06)),
                   fibre=float(rng.uniform(0.0, 0.008) if photo else rng.uniform(0.006, 0.025)),
                   gloss=float(rng.uniform(0.3, 1.0) if photo else rng.uniform(0.0, 0.3)), softened=float(rng.uniform(0.0, 0.9)))

    def printed(self, texture: Image, rng: np.random.Generator) -> Image:
        """A picture (rows, columns, 3) as ink on paper."""
        if self.softened > 0.3:
            texture = np.asarray(cv2.GaussianBlur(texture, (0, 0), self.softened), np.uint8)
        grey = cv2.cvtColor(cv2.cvtColor(texture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        dull = cv2.addWeighted(texture, self.colour, grey, 1 - self.colour, 0)
        ramp = (np.arange(256) / 255) ** self.tone
        white = np.asarray(self.white)
        table = (self.black + ramp[:, None] * (white - self.black)) * 255
        inked = cv2.LUT(dull, np.clip(table + 0.5, 0, 255).astype(np.uint8).reshape(1, 256, 3)).astype(np.float32)
        cv2.setRNGSeed(int(rng.integers(2**31)))
        grain = np.empty(texture.shape, np.float32)
        cv2.randn(grain, 0, self.grain * 255)
        # Ink grain shows most in middle tones, where dots and paper mix.
        middle = 1.2 - 2 * np.abs(inked / 255 - 0.5)
        inked += cv2.GaussianBlur(grain, (0, 0), 0.6) * 1.6 * middle
        rows, columns = texture.shape[:2]
        fibre = np.empty((rows // 2 + 1, columns // 3 + 1), np.float32)
        cv2.randn(fibre, 0, self.fibre * 255)
        inked += cv2.resize(fibre, (columns, rows), interpolation=cv2.INTER_CUBIC)[:, :, None] * 1.6
        return np.asarray(np.clip(inked, 0, 255), np.uint8)

    def halftone(self, seen: Floats, view: View, pixel: float) -> Floats:
        """What the camera's pixels make of the dots: `seen` (rows, columns, 3) of 0 to 1; `pixel` is the size of a camera's
        pixel on the sheet in face heights. Dots much finer than pixels average out, those near their size beat with them."""
        passed = _passed(pixel / self.dots)
        depth = 0.35 * self.dotted * passed
        if depth < 0.01:
            return seen
        out = seen.copy()
        for channel, angle in enumerate(ANGLES):
            along = (view.s * np.cos(angle) + view.t * np.sin(angle)) * (2 * np.pi / self.dots)
            across = (view.t * np.cos(angle) - view.s * np.sin(angle)) * (2 * np.pi / self.dots)
            tone = np.clip(seen[:, :, channel], 0.02, 1)
            out[:, :, channel] += depth * 2 * tone * (1 - np.minimum(tone, 0.95)) * (np.cos(along) + np.cos(across))
        return out


@dataclass(frozen=True)
class Sheen:
    """Light on a sheet: brightness `level`, a `slope` across it towards `side`, a highlight at (x, y) of `spread` and
    `strength` (all in face heights), how strongly a bend shades (`lambert`), and where (`lamp`, radians)."""

    level: float
    slope: float
    side: float
    x: float
    y: float
    spread: float
    strength: float
    lambert: float
    lamp: float

    @staticmethod
    def draw(rng: np.random.Generator, gloss: float) -> Sheen:
        bright = rng.random() < 0.25 + 0.45 * gloss
        x, y = rng.uniform(-1.0, 1.0, 2)
        return Sheen(level=float(np.exp(rng.normal(0.0, 0.15))), slope=float(rng.uniform(0, 0.25)), side=float(rng.uniform(0, 2 * np.pi)),
                     x=float(x), y=float(y), spread=float(np.exp(rng.uniform(np.log(0.12), np.log(0.8)))),
                     strength=float(rng.uniform(0.08, 0.3 + 0.5 * gloss)) if bright else 0.0,
                     lambert=float(rng.uniform(0.3, 1.0)), lamp=float(rng.normal(0, 0.6)))

    def lit(self, seen: Floats, view: View, tilt: tuple[float, float]) -> Floats:
        """The sheet under this light; the highlight wanders against the sheet as `tilt` (yaw, pitch) changes."""
        shade = self.level * (1 + self.slope * (view.s * np.cos(self.side) + view.t * np.sin(self.side)))
        shade *= 1 - self.lambert * (1 - np.cos(view.bend - self.lamp) / max(np.cos(self.lamp), 0.5)) * (view.bend != 0)
        out = np.asarray(seen * np.clip(shade, 0.15, 2)[:, :, None], np.float32)
        if self.strength > 0:
            x, y = self.x + 4 * tilt[0], self.y - 4 * tilt[1]
            # On a bent sheet the highlight is a streak along the axis: it is narrow where the normal turns.
            narrow = 0.5 * view.bend + (view.s - x) / self.spread
            out += (self.strength * np.exp(-0.5 * (narrow ** 2 + ((view.t - y) / (self.spread * 1.4)) ** 2)))[:, :, None]
        return out


def _passed(cycles: float) -> float:
    """The share of a periodic pattern that pixels let through, with `cycles` of it in a pixel: a box as wide as the pixel
    and a lens that blurs over half a pixel."""
    return float(abs(np.sinc(min(cycles, 4.0) * 0.85)) * np.exp(-0.9 * min(cycles, 4.0) ** 2) + 0.04 * np.exp(-cycles))


