"""A border: straight edges on three sides of a face, near it, are those of a sheet or a bezel.

After K. Patel, H. Han, A. K. Jain, "Secure face unlock: spoof detection on smartphones", IEEE TIFS 11(10), 2016 (bezel detection).
A line is looked for at each side by itself, tilted up to 12 degrees; a door frame or a picture on the wall gives one or two sides.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from edge_face.opencv import cv2
from edge_face.types import Floats, Image
from edge_face.vision.live_cues.sight import AROUND, WIDE

STEP = 10.0
"""Grey levels between neighbours that make an edge."""
_HALF = AROUND // 2
_UNIT = _HALF / WIDE / 2
"""Half the longer side of the face's box in pixels of the halved wide square."""
_NEAR, _FAR = 1.0, 2.9
"""Where a line may be, in halves of the face's longer side from its middle."""
LEAST_ROOM = 1.8
"""So far the picture must reach on a side."""
_ALONG = (-1.6, 1.3)
"""The stretch over which it must be straight."""
_TILTS = (-0.2, -0.13, -0.07, 0.0, 0.07, 0.13, 0.2)


def border(around: Image, inside: tuple[float, float, float, float]) -> float | None:
    """How much of each of the three most visible sides is one straight edge, in the mean, 0 to 1, of the wide square around a face
    (128x128 grey), of which only `inside` (left, top, right, bottom) is in the picture. None where too little of it is."""
    small = np.asarray(cv2.resize(around.astype(np.float32), (_HALF, _HALF), interpolation=cv2.INTER_AREA), np.float32)
    left, top, right, bottom = (value / 2 for value in inside)
    turned = ((small, left), (small[:, ::-1], _HALF - right), (small.T, top), (small.T[:, ::-1], _HALF - bottom))
    sides = [found for picture, gone in turned if (found := _side(picture, gone)) is not None]
    return sum(sorted(sides)[-3:]) / 3 if len(sides) >= 3 else None


def _side(picture: Floats, gone: float) -> float | None:
    """The best covered straight line left of the face: the share of rows that have an edge of one sign there. `gone` columns are
    outside the picture, whose own border is no edge."""
    if gone > _HALF / 2 - LEAST_ROOM * _UNIT:
        return None
    strip = picture[:, :_HALF // 2 + 2]
    step = strip[:, 2:] - strip[:, :-2]
    # Both signs at once, a bit each; an edge counts in its own column and the next.
    edges = np.zeros((_HALF, _HALF // 2 + 2), np.uint8)
    edges[:, 1:-1] = (step > STEP) + 16 * (step < -STEP)
    if gone > 0:
        edges[:, :math.ceil(gone) + 2] = 0
    edges[:, 1:] |= edges[:, :-1]
    places = _places()
    found = edges.reshape(-1).take(places)
    signs = max(int((found & 15).sum(axis=0, dtype=np.uint8).max()), int((found >> 4).sum(axis=0, dtype=np.uint8).max()))
    return signs / len(places)


@lru_cache(maxsize=1)
def _places() -> npt.NDArray[np.int64]:
    """Where the points of every line that is tried lie in a flat strip: (rows, lines)."""
    middle = _HALF / 2
    rows = np.arange(round(middle + _ALONG[0] * _UNIT), round(middle + _ALONG[1] * _UNIT))
    starts = np.arange(max(round(middle - _FAR * _UNIT), 1), round(middle - _NEAR * _UNIT))
    slant = np.array(_TILTS)[:, None, None] * (rows - rows.mean())[None, None]
    width = _HALF // 2 + 2
    columns = np.clip(np.rint(starts[None, :, None] + slant).astype(np.int64), 0, width - 1)
    return np.ascontiguousarray((rows * width + columns).reshape(-1, len(rows)).T)
