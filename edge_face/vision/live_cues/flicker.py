"""Flicker and banding: a screen's backlight and refresh against the camera's exposure and its rows, which are read one by one.

The face's brightness is taken against that of its surroundings, so that lamps and automatic exposure, which change both, cancel.
Bands run along the rows, so they differ from frame to frame down the face and not across it. After Z. Boulkenafet, J. Komulainen,
A. Hadid's survey of screen artefacts (Handbook of Biometric Anti-Spoofing, 2nd ed., 2019, ch. 9: temporal cues).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from edge_face.types import Floats, Mask
from edge_face.vision.live_cues.sight import AROUND, FACE, WIDE, Sight

GAP = 0.2
"""Seconds between two looks beyond which they are not neighbours."""
FEWEST = 4
SHIFT = 1
"""Pixels of the small face by which two looks may be off each other."""
LEAST_OUTER = 400
"""Pixels of the surroundings."""
_EDGE = round(AROUND / WIDE * 0.75)


@dataclass(frozen=True, slots=True, eq=False)
class Tone:
    """A look's `level` (log of the face's brightness over its surroundings'), None where there are none,
    and the logarithms of the middle of the face's brightness by row and by column."""

    monotonic: float
    level: float | None
    rows: Floats
    columns: Floats


def tone_of(sight: Sight) -> Tone:
    """The brightness of one look."""
    grey = sight.face.astype(np.float32).mean(axis=2)
    quarter = FACE // 4
    inner = float(grey[quarter:-quarter, quarter:-quarter].mean())
    left, top, right, bottom = (round(value) for value in sight.inside)
    # Top and sides of the wide square as far as they are in the picture: below are shoulders or hands, in the middle is the face.
    outer = sight.around[top:bottom, left:right][_outer()[top:bottom, left:right]]
    level = math.log((inner + 4.0) / (float(outer.mean()) + 4.0)) if outer.size > LEAST_OUTER else None
    profiles = [np.log(grey[:, quarter:-quarter].mean(axis=1) + 4.0), np.log(grey[quarter:-quarter].mean(axis=0) + 4.0)]
    return Tone(sight.monotonic, level, profiles[0], profiles[1])


@lru_cache(maxsize=1)
def _outer() -> Mask:
    where = np.zeros((AROUND, AROUND), np.bool_)
    where[:_EDGE] = where[_EDGE:-_EDGE, :_EDGE // 2] = where[_EDGE:-_EDGE, -_EDGE // 2:] = True
    return where


def flicker(tones: Sequence[Tone]) -> float | None:
    """The logarithm of the second difference's spread of the level over neighbouring looks; None for too few of them."""
    seconds = [a.level - 2 * b.level + c.level for a, b, c in zip(tones, tones[1:], tones[2:], strict=False)
               if a.level is not None and b.level is not None and c.level is not None and _neighbours(a, b) and _neighbours(b, c)]
    if len(seconds) < FEWEST - 2:
        return None
    return math.log(float(np.sqrt(np.mean(np.square(seconds)))) + 1e-3)


def banding(tones: Sequence[Tone]) -> float | None:
    """Change between neighbouring looks by row over that by column, the median of logarithms; None for too few looks."""
    ratios = []
    for before, after in pairwise(tones):
        if _neighbours(before, after):
            down, across = (_change(b, a) for b, a in ((before.rows, after.rows), (before.columns, after.columns)))
            ratios.append(math.log((down + 0.003) / (across + 0.003)))
    return float(np.median(ratios)) if len(ratios) >= FEWEST - 1 else None


def _neighbours(before: Tone, after: Tone) -> bool:
    return 0 < after.monotonic - before.monotonic <= GAP


def _change(before: Floats, after: Floats) -> float:
    """The spread of the difference of two profiles, mean and slope left out, where they fit best: boxes tremble."""
    line = np.linspace(-1.0, 1.0, len(before) - 2 * SHIFT, dtype=np.float32)
    best = math.inf
    for shift in range(2 * SHIFT + 1):
        difference = after[SHIFT:-SHIFT] - before[shift:len(before) - 2 * SHIFT + shift]
        difference = difference - difference.mean()
        best = min(best, float((difference - line * (difference @ line) / (line @ line)).std()))
    return best
