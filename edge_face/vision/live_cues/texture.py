"""Micro-texture: how often each small pattern of lighter and darker neighbours occurs in a face, and a small network that knows skin.

Uniform local binary patterns: T. Ojala, M. Pietikainen, T. Maenpaa, "Multiresolution gray-scale and rotation invariant texture
classification with local binary patterns", IEEE TPAMI 24(7), 2002. In cells of the face, against prints: J. Maatta, A. Hadid,
M. Pietikainen, "Face spoofing detection from single images using micro-texture analysis", IJCB 2011. Of colours: Z. Boulkenafet,
J. Komulainen, A. Hadid, "Face spoofing detection using colour texture analysis", IEEE TIFS 11(8), 2016. A pattern says which of eight
neighbours are as light as the middle, so exposure and contrast change little in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from edge_face.opencv import cv2
from edge_face.types import Box, Floats, Image

SIDE = 48
"""Pixels of the face that is looked at: no more than what a face at the edge of the intent zone has."""
CELLS = 3
"""Cells across and down: patterns of eyes are not those of cheeks."""
RADII = ((1, 2), (1,), (1,))
"""Distances of the neighbours, in pixels, for brightness and both colour differences (Y, Cr, Cb)."""
REGION = (0.1, 0.2, 0.9, 0.97)
"""Left, top, right and bottom of what is looked at, in shares of the face's box: hair and room say nothing of the material."""
LEAST = 0.9
"""The region must have so many of SIDE pixels: one that is stretched has no fine texture."""
PATTERNS = 59
"""Patterns that are told apart: 58 with at most two changes around the circle, and all others."""
NUMBERS = PATTERNS * CELLS * CELLS * sum(map(len, RADII))
KIND = f"lbp-u8 y12 cr1 cb1, {SIDE} px, {CELLS}x{CELLS}"
"""What weights belong to."""
MOST = 4.0
"""Odds of 1 : 55, more than which a handful of people cannot show."""
_ROUND = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))


@dataclass(frozen=True, slots=True, eq=False)
class Skin:
    """A network of one hidden layer over the numbers of a face, with two ends: is it skin, and is it a kind of picture that was learned
    from? `weights` (NUMBERS, units), `biases`, `out` and `known` (units,), float32."""

    weights: Floats
    biases: Floats
    out: Floats
    bias: float
    known: Floats
    known_bias: float

    def value(self, numbers: Floats) -> float:
        """The logarithm of the odds for skin, at most MOST either way, times the chance that it knows such pictures: 0 where it does
        not, as of a camera unlike those that it learned from."""
        inner = np.maximum(numbers @ self.weights + self.biases, 0.0)
        odds, known = float(inner @ self.out) + self.bias, float(inner @ self.known) + self.known_bias
        return min(max(odds, -MOST), MOST) / (1.0 + math.exp(-min(max(known, -60.0), 60.0)))


def texture(image: Image, box: Box, skin: Skin) -> float | None:
    """The value of the face in `box`: above 0 is skin; None for a face that is too small or not in the picture."""
    numbers = face_patterns(image, box)
    return None if numbers is None else skin.value(numbers)


def face_patterns(image: Image, box: Box) -> Floats | None:
    """(NUMBERS,) float32: for each plane, radius and cell the square roots of the patterns' shares (their distances are then
    Hellinger's). None for a face that is too small or not in the picture."""
    face = face_region(image, box)
    return None if face is None else pattern_shares(face)


def face_region(image: Image, box: Box) -> Image | None:
    """(SIDE, SIDE, 3) BGR: the inner face; None where it has too few pixels, or reaches out of the picture by more than a fifth."""
    left, top, right, bottom = REGION
    x0, x1 = _within(box.x + left * box.width, box.x + right * box.width, image.shape[1])
    y0, y1 = _within(box.y + top * box.height, box.y + bottom * box.height, image.shape[0])
    whole = (right - left) * box.width * (bottom - top) * box.height
    if min(x1 - x0, y1 - y0) < LEAST * SIDE or (x1 - x0) * (y1 - y0) < 0.8 * whole:
        return None
    face = image[y0:y1, x0:x1]
    smaller = min(face.shape[:2]) >= SIDE
    return np.asarray(cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR), np.uint8)


def pattern_shares(face: Image) -> Floats:
    """The numbers of (SIDE, SIDE, 3) BGR pixels."""
    luma = cv2.cvtColor(face, cv2.COLOR_BGR2YCrCb)
    planes = [np.ascontiguousarray(luma[:, :, plane]) for plane in range(3)]
    return np.concatenate([_shares(plane, radius) for plane, radii in zip(planes, RADII, strict=True) for radius in radii])


def _shares(plane: npt.NDArray[np.uint8], radius: int) -> Floats:
    inner = SIDE - 2 * radius
    middle = plane[radius:radius + inner, radius:radius + inner]
    code = np.zeros((inner, inner), np.uint8)
    for bit, (y, x) in enumerate(_ROUND):
        code |= (plane[y * radius:y * radius + inner, x * radius:x * radius + inner] >= middle).view(np.uint8) << np.uint8(bit)
    places, sizes = _cells(inner)
    found = np.bincount((_bins()[code] + places).reshape(-1), minlength=CELLS * CELLS * PATTERNS)
    return np.asarray(np.sqrt(found.astype(np.float32) / sizes), np.float32)


def _within(start: float, end: float, length: int) -> tuple[int, int]:
    """Whole pixels of a stretch that are there; nothing for what is no number."""
    if not (np.isfinite(start) and np.isfinite(end)):
        return 0, 0
    return round(min(max(start, 0.0), length)), round(min(max(end, 0.0), length))


@lru_cache(maxsize=1)
def _bins() -> npt.NDArray[np.int16]:
    """For each of 256 patterns its place: one for each with at most two changes around the circle, the last for all others."""
    changes = [bin(code ^ (code >> 1 | (code & 1) << 7)).count("1") for code in range(256)]
    flat = [code for code in range(256) if changes[code] <= 2]
    return np.array([flat.index(code) if changes[code] <= 2 else PATTERNS - 1 for code in range(256)], np.int16)


@lru_cache(maxsize=4)
def _cells(inner: int) -> tuple[npt.NDArray[np.int16], Floats]:
    """Where each pixel's cell begins among the numbers, and by number how many pixels its cell has."""
    edges = np.cumsum([len(part) for part in np.array_split(np.arange(inner), CELLS)])
    row = np.searchsorted(edges, np.arange(inner), side="right")
    cell = (row[:, None] * CELLS + row[None]).astype(np.int16)
    sizes = np.bincount(cell.reshape(-1)).repeat(PATTERNS)
    return np.asarray(cell * PATTERNS, np.int16), sizes.astype(np.float32)
