"""Where a face will be: a constant-velocity Kalman filter on the box's centre, a smoothed size.

Both axes share one covariance, for their noise is the same; everything is in units of the face's own size, so that a
face near the camera and one far off are judged alike. The filter of R. E. Kalman (1960) with a white-noise
acceleration model, with the time between frames as it really was.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge_face.types import Box

MEASURE = 0.05
"""Standard deviation of a detected centre, in face sizes."""
START_SPEED = 4.0
"""Standard deviation of an unknown speed, in face sizes a second: somebody walking past."""
ACCELERATION = 10.0
"""Standard deviation of the acceleration, in face sizes a second squared."""
SMOOTH = 0.6
"""Weight of the newest size."""
LONGEST_STEP = 1.0
"""A longer time is predicted like this one: nobody keeps walking on while the camera is gone."""


@dataclass(frozen=True, slots=True)
class Motion:
    """Centre (px), speed (px/s), size (px) and the covariance of position and speed (px^2, px^2/s, px^2/s^2)."""

    x: float
    y: float
    vx: float
    vy: float
    width: float
    height: float
    pp: float
    pv: float
    vv: float

    @property
    def size(self) -> float:
        """Side of the square as large as the face, px."""
        return math.sqrt(self.width * self.height)

    @property
    def doubt(self) -> float:
        """Standard deviation of the centre, in face sizes."""
        return math.sqrt(max(self.pp, 0.0)) / self.size

    @property
    def box(self) -> Box:
        return Box(self.x - self.width / 2, self.y - self.height / 2, self.width, self.height)


def start(box: Box) -> Motion:
    """A face seen for the first time: where it goes is not known."""
    (x, y), size = box.centre, math.sqrt(box.area)
    return Motion(x, y, 0.0, 0.0, box.width, box.height, (MEASURE * size) ** 2, 0.0, (START_SPEED * size) ** 2)


def predict(motion: Motion, seconds: float) -> Motion:
    """The same face `seconds` (>= 0) later."""
    t = min(seconds, LONGEST_STEP)
    noise = (ACCELERATION * motion.size) ** 2
    return Motion(
        motion.x + motion.vx * t, motion.y + motion.vy * t, motion.vx, motion.vy, motion.width, motion.height,
        motion.pp + 2 * t * motion.pv + t * t * motion.vv + noise * t**4 / 4,
        motion.pv + t * motion.vv + noise * t**3 / 2,
        motion.vv + noise * t * t,
    )


def correct(predicted: Motion, box: Box) -> Motion:
    """The prediction, mended by a box that was found."""
    (x, y), size = box.centre, math.sqrt(box.area)
    total = predicted.pp + (MEASURE * size) ** 2
    gain_p, gain_v = predicted.pp / total, predicted.pv / total
    dx, dy = x - predicted.x, y - predicted.y
    return Motion(
        predicted.x + gain_p * dx, predicted.y + gain_p * dy, predicted.vx + gain_v * dx, predicted.vy + gain_v * dy,
        predicted.width + SMOOTH * (box.width - predicted.width), predicted.height + SMOOTH * (box.height - predicted.height),
        (1 - gain_p) * predicted.pp, (1 - gain_p) * predicted.pv, predicted.vv - gain_v * predicted.pv,
    )
