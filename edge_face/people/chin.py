"""A raised chin, seen against the same person's straight look: the nose tip comes nearer to the line of the eyes.

How high a nose tip stands below the eyes differs between people by far more than a raised chin changes it, but in one person
it falls by 0.009 to 0.014 eye distances a degree, and a smile, which moves the mouth, leaves it alone (docs/decisions/enrolment.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from edge_face.types import Floats

SMOOTHED = 5
"""Frames over whose median it is looked at: five points jitter."""
FEWEST = 3


def nose_height(landmarks: Floats) -> float | None:
    """How far the nose tip of (5, 2) landmarks lies below the line of the eyes, in eye distances, across the head's roll;
    None where the points make no face."""
    (lx, ly), (rx, ry), (nx, ny), (ax, ay), (bx, by) = landmarks.tolist()
    distance = math.hypot(rx - lx, ry - ly)
    angle = math.atan2(ry - ly + by - ay, rx - lx + bx - ax)
    if not math.isfinite(distance + angle) or distance < 1e-6:
        return None
    below = -math.sin(angle) * (nx - (lx + rx) / 2) + math.cos(angle) * (ny - (ly + ry) / 2)
    return below / distance if math.isfinite(below) else None


def level_of(heights: Sequence[float]) -> float | None:
    """The median height of a look, None of none."""
    return median(heights) if heights else None


def is_raised(level: float | None, heights: Sequence[float], lift: float) -> bool:
    """Has the nose come up by `lift` against `level`: in the median of the latest frames, and in the latest one by half of it at
    least, as that one may become the template?"""
    if level is None or len(heights) < FEWEST:
        return False
    return level - median(heights[-SMOOTHED:]) >= lift and level - heights[-1] >= lift / 2
