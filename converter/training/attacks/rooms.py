"""What is around a sheet: a wall where no photograph of a room is at hand, the holder's thumbs, the shadow."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


def room(width: int, height: int, rng: np.random.Generator, photograph: Image | None = None) -> Image:
    """A background of that size: a piece of the photograph, else a wall with a door or a frame."""
    if photograph is not None:
        rows, columns = photograph.shape[:2]
        share = float(rng.uniform(0.5, 1.0))
        across = min(columns, int(rows * width / height))
        across = max(int(across * share), 16)
        down = min(max(int(across * height / width), 16), rows)
        left, top = (int(rng.integers(0, most + 1)) for most in (columns - min(across, columns), rows - down))
        piece = photograph[top:top + down, left:left + across]
        if rng.random() < 0.5:
            piece = piece[:, ::-1]
        out = cv2.resize(piece, (width, height), interpolation=cv2.INTER_AREA if down > height else cv2.INTER_CUBIC)
        return np.ascontiguousarray(cv2.GaussianBlur(out, (0, 0), 1.2) if rng.random() < 0.4 else out, dtype=np.uint8)
    colour = rng.uniform(70, 225) * (1 + rng.normal(0, 0.05, 3))
    ys, xs = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)[None]
    shade = 1 + rng.normal(0, 0.12) * xs + rng.normal(0, 0.12) * ys
    out = np.clip(shade[:, :, None] * colour, 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(0, 5))):
        x, y = rng.integers(-width // 4, width), rng.integers(-height // 4, height)
        across, down = rng.integers(width // 8, width), rng.integers(height // 6, 2 * height)
        paint = tuple(float(v) for v in np.clip(colour * rng.uniform(0.4, 1.3) * (1 + rng.normal(0, 0.1, 3)), 0, 255))
        cv2.rectangle(out, (int(x), int(y)), (int(x + across), int(y + down)), paint, -1 if rng.random() < 0.6 else int(rng.integers(1, 8)))
    return np.ascontiguousarray(cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.6, 2.5))), dtype=np.uint8)


def shadow(canvas: Image, covered: Floats, shift: tuple[float, float], spread: float, depth: float) -> Image:
    """The canvas with the shadow of what `covered` (0 to 1) says, shifted by pixels."""
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    soft = blurred(cv2.warpAffine(covered, move, covered.shape[::-1]), spread)
    return np.asarray(np.clip(canvas * (1 - depth * soft)[:, :, None], 0, 255), np.uint8)


def blurred(field: Floats, spread: float) -> Floats:
    """A wide blur (standard deviation in pixels), at a fourth of the resolution where that is wide enough."""
    if spread < 4:
        return np.asarray(cv2.GaussianBlur(field, (0, 0), max(spread, 0.5)), np.float32)
    rows, columns = field.shape[:2]
    small = cv2.resize(field, (columns // 4 + 1, rows // 4 + 1), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(cv2.GaussianBlur(small, (0, 0), spread / 4), (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)


def thumbs(canvas: Image, corners: Floats, face: float, colour: tuple[float, float, float]) -> None:
    """Two thumbs and hands over the lower edge of a sheet with `corners` (4, 2) (upper left, upper right, lower right, lower
    left) in pixels, in place. `face` is the height of the face in pixels."""
    right, left = corners[2], corners[3]
    middle = corners.mean(0)
    for corner in (left, right):
        inward = middle - corner
        inward = inward / max(float(np.linalg.norm(inward)), 1e-3)
        base = corner + np.array([inward[0] * 0.06, -0.1]) * face
        tip = base + np.array([inward[0] * 0.14, -0.16]) * face
        root = base + np.array([-inward[0] * 0.16, 0.55]) * face
        for start, end, thick, tone in ((root, base, 0.22, 0.8), (base, tip, 0.12, 1.0)):
            cv2.line(canvas, _fine(start), _fine(end), tuple(v * tone for v in colour), max(round(thick * face), 2), cv2.LINE_AA, 4)


def skin(rng: np.random.Generator) -> tuple[float, float, float]:
    """A colour of skin, B, G, R of 255."""
    tone = rng.uniform(0.3, 1.0)
    blue, green, red = np.array([145, 170, 215]) * tone * (1 + rng.normal(0, 0.05, 3))
    return float(blue), float(green), float(red)


def _fine(place: NDArray[np.floating]) -> tuple[int, int]:
    return round(float(np.clip(place[0], -2000, 4000)) * 16), round(float(np.clip(place[1], -2000, 4000)) * 16)
