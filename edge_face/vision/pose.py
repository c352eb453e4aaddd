"""Head pose and plausibility from five landmarks: coarse, but free.

Yaw: the nose tip stands NOSE eye distances before the plane of eyes and mouth, so its offset from the line between
their middles is NOSE sin(yaw) where their width is cos(yaw). NOSE, the neutral pitch and its slope were fitted to the
labels of the bundled people (docs/decisions/quality.md), where yaw is right within about 3 degrees; pitch differs by
10 degrees and more between people, for it depends on the length of the nose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge_face.types import Floats

NOSE = 0.62
NEUTRAL = 0.585
"""Where the nose tip stands between eyes (0) and mouth (1) of a face that looks straight: median of 5,600 real faces."""
PITCH_SLOPE = 100.0
"""Degrees of pitch for one distance between eyes and mouth."""
MOUTH = 0.83
"""Width of the mouth for one distance between the eyes (the alignment template's)."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Degrees (yaw > 0: turned to the right of the picture, pitch > 0: up, roll > 0: clockwise as seen), the distance
    between the eyes in pixels, and `plausible`, 0 to 1: can five such points belong to one face?"""

    yaw: float
    pitch: float
    roll: float
    eye_distance: float
    plausible: float


def estimate_pose(landmarks: Floats) -> Pose:
    """The pose of the face with these (5, 2) landmarks."""
    (lx, ly), (rx, ry), (nx, ny), (ax, ay), (bx, by) = landmarks.tolist()
    eye, mouth = (rx - lx, ry - ly), (bx - ax, by - ay)
    across = (eye[0] + mouth[0], eye[1] + mouth[1])
    angle = math.atan2(across[1], across[0])
    cos, sin = math.cos(angle), math.sin(angle)
    down = ((ax + bx - lx - rx) / 2, (ay + by - ly - ry) / 2)
    nose = (nx - (lx + rx) / 2, ny - (ly + ry) / 2)
    # Turned by -angle about the middle of the eyes: x along the eyes, y towards the mouth.
    mouth_x, mouth_y = cos * down[0] + sin * down[1], -sin * down[0] + cos * down[1]
    nose_x, nose_y = cos * nose[0] + sin * nose[1], -sin * nose[0] + cos * nose[1]
    width = (across[0] * cos + across[1] * sin) / 2
    distance, height = math.hypot(*eye), math.hypot(*down)
    if height < 1e-6 or mouth_y < 0.2 * height:
        return Pose(90.0, 0.0, math.degrees(angle), distance, 0.0)
    share = nose_y / mouth_y
    yaw = math.degrees(math.atan2((nose_x - mouth_x * share) / NOSE, max(width, 1e-6)))
    pitch = max(-90.0, min(90.0, PITCH_SLOPE * (NEUTRAL - share)))
    # The mouth is parallel to the eyes and has its share of their width from wherever one looks.
    twist = math.hypot(mouth[0] - MOUTH * eye[0], mouth[1] - MOUTH * eye[1]) / height
    plausible = _ramp(twist, 0.5, 0.2) * _ramp(share, -0.3, 0.1) * _ramp(share, 1.5, 1.1)
    return Pose(yaw, pitch, math.degrees(angle), distance, plausible)


def _ramp(value: float, zero: float, one: float) -> float:
    return max(0.0, min(1.0, (value - zero) / (one - zero)))
