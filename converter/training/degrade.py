"""What a cheap camera and bad light do to a picture, and what people wear over their faces.

Everything works on small BGR uint8 pictures, mostly through lookup tables, to stay near a millisecond a
picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

_NOISE: dict[int, NDArray[np.int16]] = {}


def _noise(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.int16]:
    """A random crop of a fixed field of unit noise (times 64): drawing fresh noise costs more than all
    else together."""
    if 0 not in _NOISE:
        _NOISE[0] = (np.random.default_rng(7).standard_normal((701, 907, 3)) * 64).astype(np.int16)
    field = _NOISE[0]
    if rows > field.shape[0] or columns > field.shape[1]:
        return np.clip(rng.standard_normal((rows, columns, 3)) * 64, -300, 300).astype(np.int16)
    y = int(rng.integers(0, field.shape[0] - rows + 1))
    x = int(rng.integers(0, field.shape[1] - columns + 1))
    return field[y : y + rows, x : x + columns]


def tone(image: Image, rng: np.random.Generator) -> Image:
    """Gamma, gain, contrast and colour cast through one lookup table per channel; now and then grey or
    very dark."""
    ramp = np.arange(256, dtype=np.float32) / 255
    gamma = float(np.exp(rng.normal(0, 0.25)))
    gain = float(np.exp(rng.normal(0, 0.15)))
    lift = float(rng.normal(0, 0.04))
    if rng.random() < 0.12:
        gain *= float(rng.uniform(0.15, 0.55))
    cast = np.exp(rng.normal(0, 0.08 if rng.random() < 0.8 else 0.2, 3)).astype(np.float32)
    table = (ramp**gamma)[:, None] * gain * cast[None] + lift
    lut = np.clip(table * 255 + 0.5, 0, 255).astype(np.uint8).reshape(1, 256, 3)
    out = cv2.LUT(image, lut)
    if rng.random() < 0.08:
        out = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return np.asarray(out, np.uint8)


def light(image: Image, rng: np.random.Generator) -> Image:
    """Light from one side, or a bright spot behind dark people."""
    rows, columns = image.shape[:2]
    ys, xs = np.linspace(-1, 1, 16, dtype=np.float32)[:, None], np.linspace(-1, 1, 16, dtype=np.float32)[None]
    if rng.random() < 0.7:
        angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.7)
        small = 1 + strength * (xs * np.cos(angle) + ys * np.sin(angle))
    else:
        cx, cy, spread = rng.uniform(-1, 1), rng.uniform(-1, 1), rng.uniform(0.2, 0.8)
        small = rng.uniform(0.4, 0.8) + 1.5 * np.exp(-((xs - cx) ** 2 + (ys - cy) ** 2) / spread)
    field = cv2.resize(
        np.clip(small * 128, 10, 255).astype(np.uint8), (columns, rows), interpolation=cv2.INTER_LINEAR
    )
    return np.asarray(cv2.multiply(image, cv2.merge([field, field, field]), scale=1 / 128), np.uint8)


def soften(image: Image, rng: np.random.Generator) -> Image:
    """Out of focus, moving, or enlarged from few pixels."""
    rows, columns = image.shape[:2]
    kind = rng.random()
    if kind < 0.4:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 1.3))), np.uint8)
    if kind < 0.7:
        length = int(rng.integers(2, 6))
        kernel = np.zeros((2 * length + 1, 2 * length + 1), np.float32)
        angle = rng.uniform(0, np.pi)
        tip = (round(length + length * np.cos(angle)), round(length + length * np.sin(angle)))
        cv2.line(kernel, (length, length), tip, 1.0)
        return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.uint8)
    share = float(rng.uniform(0.5, 0.85))
    small = cv2.resize(image, (int(columns * share), int(rows * share)), interpolation=cv2.INTER_AREA)
    mode = cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(small, (columns, rows), interpolation=mode), np.uint8)


def degrade(image: Image, rng: np.random.Generator) -> Image:
    """Light, tone, softness, noise and JPEG, each with its own chance; the size stays."""
    if rng.random() < 0.25:
        image = light(image, rng)
    if rng.random() < 0.85:
        image = tone(image, rng)
    if rng.random() < 0.28:
        image = soften(image, rng)
    if rng.random() < 0.4:
        rows, columns = image.shape[:2]
        sigma = float(np.exp(rng.uniform(np.log(1.0), np.log(14.0))))
        field = _noise(rng, rows, columns)
        image = cv2.add(image, cv2.multiply(field, sigma / 64, dtype=cv2.CV_16S), dtype=cv2.CV_8U).astype(
            np.uint8
        )
    if rng.random() < 0.35:
        done, blob = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 92))])
        decoded = cv2.imdecode(blob, cv2.IMREAD_COLOR) if done else None
        image = image if decoded is None else decoded.astype(np.uint8)
    return image


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    """A cloth colour: often black, white or light blue."""
    kind = rng.random()
    if kind < 0.25:
        value = int(rng.integers(5, 50))
        return value, value, value
    if kind < 0.55:
        value = int(rng.integers(180, 250))
        return value, int(value * rng.uniform(0.85, 1)), int(value * rng.uniform(0.7, 1))
    blue, green, red = (int(v) for v in rng.integers(10, 245, 3))
    return blue, green, red


def dress(image: Image, boxes: Floats, landmarks: Floats, rng: np.random.Generator) -> None:
    """Paint masks, scarves, dark glasses and stray blocks over some faces, in place. Labels stay: it is
    still a face."""
    for box, points in zip(boxes, landmarks, strict=True):
        x, y, w, h = (float(v) for v in box)
        chance = rng.random()
        if h < 12 or chance > 0.17:
            continue
        if not np.isfinite(points).all():
            continue
        eyes, nose, mouth = points[:4].reshape(2, 2), points[4:6], points[6:].reshape(2, 2)
        across = eyes[1] - eyes[0]
        down = mouth.mean(0) - eyes.mean(0)
        if chance < 0.09:
            top = nose - down * rng.uniform(0.0, 0.35)
            low = mouth.mean(0) + down * rng.uniform(0.55, 1.0)
            reach = max(float(np.linalg.norm(across)), 0.35 * w) * rng.uniform(0.75, 0.95)
            unit = across / max(float(np.linalg.norm(across)), 1e-3) * reach
            corners = np.stack(
                [
                    top - unit + down * 0.15,
                    top,
                    top + unit + down * 0.15,
                    low + 0.6 * unit,
                    low + down * 0.12,
                    low - 0.6 * unit,
                ]
            )
            cv2.fillPoly(image, [np.round(corners * 8).astype(np.int32)], _colour(rng), cv2.LINE_AA, 3)
        elif chance < 0.12:
            size = (max(int(0.28 * np.linalg.norm(across)), 1), max(int(0.2 * np.linalg.norm(across)), 1))
            shade = int(rng.integers(5, 70))
            for eye in eyes:
                cv2.ellipse(
                    image, (int(eye[0]), int(eye[1])), size, 0, 0, 360, (shade, shade, shade), -1, cv2.LINE_AA
                )
        else:
            side = np.asarray((w, h)) * rng.uniform(0.15, 0.4, 2)
            corner = np.asarray((x, y)) + rng.uniform(0, 1, 2) * (np.asarray((w, h)) - side)
            end = corner + side
            cv2.rectangle(
                image, (int(corner[0]), int(corner[1])), (int(end[0]), int(end[1])), _colour(rng), -1
            )
