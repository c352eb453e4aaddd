"""Aligned faces as a door sees them: turned, shifted, badly lit, blurred, far away, covered, cut by the frame.

In: crops of 128x128 BGR (the 112 template with 8 px of margin). Out: 112x112 BGR. About 0.2 ms a face.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.faces import MARGIN
from converter.training.degrade import dress, light, tone
from edge_face.vision.align import SIZE, TEMPLATE

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Augmentation:
    """What is done to a face, each with its chance; angles in degrees, shifts in px of the 112 template.

    `hard` is the share of faces that get one or two of the strong changes (see `HARD`), `tone` that of light changes
    of gain, gamma and colour. `rotation`, `scale` and `shift` are standard deviations, cut at 2.5 of them: about what
    landmarks that are off by a twentieth of the eye distance do to an alignment.
    """

    flip: float = 0.5
    rotation: float = 4.0
    scale: float = 0.04
    shift: float = 2.0
    tone: float = 0.6
    hard: float = 0.3
    without: tuple[str, ...] = ()
    """Names of strong changes left out (for ablations)."""

    def __post_init__(self) -> None:
        unknown = set(self.without) - set(HARD)
        if unknown:
            raise ValueError(f"unknown augmentation {', '.join(sorted(unknown))}: known are {', '.join(HARD)}")


def place(crop: Image, how: Augmentation, rng: np.random.Generator) -> Image:
    """The 112x112 face of a 128x128 crop, turned, scaled, shifted and mirrored by chance."""
    turn, grow, right, down = np.clip(rng.standard_normal(4), -2.5, 2.5)
    angle, scale = np.deg2rad(turn * how.rotation), np.exp(grow * how.scale)
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    flip = -1.0 if rng.random() < how.flip else 1.0
    centre, middle = SIZE / 2, SIZE / 2 + MARGIN
    matrix = np.array([[flip * cos, flip * -sin, 0.0], [sin, cos, 0.0]])
    matrix[:, 2] = centre - 0.5 - matrix[:, :2] @ (middle - 0.5, middle - 0.5) + np.array([right, down]) * how.shift
    return np.asarray(cv2.warpAffine(crop, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR,
                                     borderMode=cv2.BORDER_REFLECT_101), np.uint8)


def far(face: Image, rng: np.random.Generator) -> Image:
    """Few pixels: down to 24 to 80 px and up again."""
    size = int(rng.integers(24, 80))
    small = cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR), np.uint8)


def defocus(face: Image, rng: np.random.Generator) -> Image:
    """Out of focus."""
    return np.asarray(cv2.GaussianBlur(face, (0, 0), float(rng.uniform(0.6, 2.2))), np.uint8)


def motion(face: Image, rng: np.random.Generator) -> Image:
    """Moving while the shutter was open: 5 to 11 px."""
    reach = int(rng.integers(2, 6))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    angle = rng.uniform(0, np.pi)
    across, down = round(reach * np.cos(angle)), round(reach * np.sin(angle))
    cv2.line(kernel, (reach - across, reach - down), (reach + across, reach + down), 1.0)
    return np.asarray(cv2.filter2D(face, -1, kernel / kernel.sum()), np.uint8)


def noise(face: Image, rng: np.random.Generator) -> Image:
    """Sensor noise of a dark hall: standard deviation 4 to 20 of 255."""
    grain = np.empty(face.shape, np.int16)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    cv2.randn(grain, 0, float(rng.uniform(4, 20)))
    return np.asarray(cv2.add(face, grain, dtype=cv2.CV_8U), np.uint8)


def jpeg(face: Image, rng: np.random.Generator) -> Image:
    """JPEG at quality 15 to 60."""
    done, blob = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 60))])
    decoded = cv2.imdecode(blob, cv2.IMREAD_COLOR) if done else None
    return face if decoded is None else np.asarray(decoded, np.uint8)


def dark(face: Image, rng: np.random.Generator) -> Image:
    """A tenth to a half of the light, and the noise that comes with it."""
    return noise(np.asarray(cv2.convertScaleAbs(face, alpha=float(rng.uniform(0.1, 0.5))), np.uint8), rng)


def grey(face: Image, rng: np.random.Generator) -> Image:
    """One channel, as under infrared light: grey, sometimes with bright skin."""
    one = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY) if rng.random() < 0.5 else face[:, :, 2]
    gamma = float(rng.uniform(0.6, 1.3))
    table = (np.linspace(0, 1, 256) ** gamma * 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(cv2.LUT(one, table), cv2.COLOR_GRAY2BGR), np.uint8)


def cover(face: Image, rng: np.random.Generator) -> Image:
    """A mask, dark glasses, or something held before the face."""
    # Drawn at the template's places; `dress` covers about one face in six, so it is asked until it did.
    box, points = np.array([[8.0, 4.0, 96.0, 104.0]], np.float32), TEMPLATE.reshape(1, 10).astype(np.float32)
    covered = face.copy()
    for _ in range(40):
        dress(covered, box, points, rng)
        if not np.array_equal(covered, face):
            break
    return covered


def cut(face: Image, rng: np.random.Generator) -> Image:
    """The frame's edge: up to a fifth of one side is missing (what alignment fills with black)."""
    width = int(rng.integers(4, SIZE // 5))
    side = int(rng.integers(0, 4))
    out = np.rot90(face, side).copy()
    out[:width] = 0
    return np.ascontiguousarray(np.rot90(out, -side))


HARD = {
    "far": far, "defocus": defocus, "motion": motion, "noise": noise, "jpeg": jpeg, "dark": dark,
    "light": light, "grey": grey, "cover": cover, "cut": cut,
}
"""The strong changes by name; each takes a 112x112 face and a generator and gives a new face."""


def augment(crop: Image, how: Augmentation, rng: np.random.Generator) -> Image:
    """One training face (112x112 BGR) of a crop (128x128 BGR)."""
    face = place(crop, how, rng)
    if rng.random() < how.tone:
        face = tone(face, rng)
    if rng.random() < how.hard:
        names = [name for name in HARD if name not in how.without]
        for name in rng.choice(names, 1 + int(rng.random() < 0.35), replace=False) if names else ():
            face = HARD[str(name)](face, rng)
    return face
