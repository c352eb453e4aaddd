"""The poor camera at the door: what it does to whatever stands before it, living or not.

One model for every species and for live faces, so that no net can learn the camera in place of the attack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Camera:
    """Settings of one camera in one light. `gain` and `gamma` are exposure and tone, `cast` a factor for each of B, G, R;
    `side` and `slope` a light from one side; `defocus` (standard deviation) and `motion` (length) in pixels; `resolved` the
    share of its pixels that the optics resolve; `noise` a standard deviation of 255 in grey; `crisp` how much the camera's
    own sharpening adds; `veil` the stray light over everything, of 1, that greys the blacks; `quality` JPEG's, 0: not
    compressed; `grey`: under infrared or at night."""

    gain: float = 1.0
    gamma: float = 1.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    side: float = 0.0
    slope: float = 0.0
    defocus: float = 0.0
    motion: float = 0.0
    heading: float = 0.0
    resolved: float = 1.0
    noise: float = 0.0
    crisp: float = 0.0
    veil: float = 0.0
    quality: int = 0
    grey: bool = False

    @staticmethod
    def draw(rng: np.random.Generator) -> Camera:
        """A cheap camera in an entrance: each fault with its own chance, mostly small."""
        def by_chance(chance: float, low: float, high: float) -> float:
            value = float(np.exp(rng.uniform(np.log(low), np.log(high))))
            return value if rng.random() < chance else 0.0

        dark = by_chance(0.15, 0.25, 0.65) or 1.0
        cast = np.exp(rng.normal(0, 0.05 if rng.random() < 0.75 else 0.10, 3))
        return Camera(gain=dark * float(np.exp(rng.normal(0, 0.16))), gamma=float(np.exp(rng.normal(0, 0.2))),
                      cast=(float(cast[0]), float(cast[1]), float(cast[2])), side=float(rng.uniform(0, 2 * np.pi)),
                      slope=by_chance(0.35, 0.05, 0.5), defocus=by_chance(0.4, 0.3, 1.0), motion=by_chance(0.12, 1.0, 3.0),
                      heading=float(rng.uniform(0, np.pi)), resolved=1.0 - by_chance(0.25, 0.1, 0.4),
                      noise=by_chance(0.8, 0.7, 5.5) * (1.4 if dark < 1 else 1.0), crisp=by_chance(0.4, 0.2, 1.0),
                      veil=by_chance(0.3, 0.03, 0.25),
                      quality=int(rng.integers(30, 95)) if rng.random() < 0.6 else 0, grey=bool(rng.random() < 0.04))

    @staticmethod
    def exposed(rng: np.random.Generator) -> Camera:
        """A good camera that is set otherwise, in another light: exposure, tone, colour, no noise and no blur."""
        cast = np.exp(rng.normal(0, 0.07, 3))
        return Camera(gain=float(np.exp(rng.normal(0, 0.25))), gamma=float(np.exp(rng.normal(0, 0.25))),
                      cast=(float(cast[0]), float(cast[1]), float(cast[2])), side=float(rng.uniform(0, 2 * np.pi)),
                      slope=float(rng.uniform(0, 0.4)) * float(rng.random() < 0.4),
                      veil=float(rng.uniform(0.02, 0.2)) * float(rng.random() < 0.3))

    def take(self, picture: Image, rng: np.random.Generator) -> Image:
        """The picture (rows, columns, 3) as this camera gives it; only the noise is drawn anew each time."""
        rows, columns = picture.shape[:2]
        light: NDArray[Any] = picture
        if self.resolved < 1:
            few = (max(int(columns * self.resolved), 8), max(int(rows * self.resolved), 8))
            small = cv2.resize(light, few, interpolation=cv2.INTER_AREA)
            light = cv2.resize(small, (columns, rows), interpolation=cv2.INTER_LINEAR)
        if self.defocus > 0.25:
            light = cv2.GaussianBlur(light, (0, 0), self.defocus)
        if self.motion >= 1:
            light = cv2.filter2D(light, -1, _streak(self.motion, self.heading))
        light = cv2.LUT(light, self._tones())
        if self.slope > 0:
            light = self._from_the_side(light)
        if self.noise > 0:
            light = _noisy(light, self.noise, rng)
        if self.crisp > 0:
            light = cv2.addWeighted(light, 1 + self.crisp, cv2.GaussianBlur(light, (0, 0), 1.0), -self.crisp, 0)
        if self.grey:
            light = cv2.cvtColor(cv2.cvtColor(light, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        if self.quality:
            done, blob = cv2.imencode(".jpg", light, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
            decoded = cv2.imdecode(blob, cv2.IMREAD_COLOR) if done else None
            light = light if decoded is None else decoded
        return np.ascontiguousarray(light, dtype=np.uint8)

    def _tones(self) -> Image:
        ramp = (np.arange(256) / 255 * (1 - self.veil) + self.veil) ** self.gamma * self.gain
        table = ramp[:, None] * np.asarray(self.cast)[None]
        # What is too bright is rolled off as cameras do, not clipped at once.
        table = np.where(table > 0.85, 0.85 + 0.15 * np.tanh((table - 0.85) / 0.15), table)
        return np.asarray(np.clip(table * 255 + 0.5, 0, 255), np.uint8).reshape(1, 256, 3)

    def _from_the_side(self, light: NDArray[Any]) -> Image:
        ys, xs = np.linspace(-1, 1, 8, dtype=np.float32)[:, None], np.linspace(-1, 1, 8, dtype=np.float32)[None]
        field = 1 + self.slope * (xs * np.cos(self.side) + ys * np.sin(self.side))
        small = np.clip(field * 128, 20, 255).astype(np.uint8)
        large = cv2.resize(small, (light.shape[1], light.shape[0]), interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.multiply(light, cv2.merge([large, large, large]), scale=1 / 128), np.uint8)


def _streak(length: float, heading: float) -> Floats:
    reach = max(int(np.ceil(length / 2)), 1)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    across, down = length / 2 * np.cos(heading), length / 2 * np.sin(heading)
    ends = [(round((reach + sign * across) * 16), round((reach + sign * down) * 16)) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, 4)
    return np.asarray(kernel / max(float(kernel.sum()), 1e-6), np.float32)


def _noisy(light: NDArray[Any], sigma: float, rng: np.random.Generator) -> Image:
    """Noise that is stronger in the grey than in the colours (chroma is filtered in every camera), and blotched a little."""
    cv2.setRNGSeed(int(rng.integers(2**31)))
    grey = np.empty(light.shape[:2], np.int16)
    cv2.randn(grey, 0, 8 * sigma)
    coloured = np.empty((light.shape[0] // 2 + 1, light.shape[1] // 2 + 1, 3), np.int16)
    cv2.randn(coloured, 0, 5 * sigma)
    field = cv2.resize(coloured, (light.shape[1], light.shape[0]), interpolation=cv2.INTER_LINEAR) + grey[:, :, None]
    return np.asarray(cv2.add(light, cv2.multiply(field, 1 / 8, dtype=cv2.CV_16S), dtype=cv2.CV_8U), np.uint8)
