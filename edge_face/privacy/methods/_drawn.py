"""A drawn face, the same for everybody, that looks where the hidden one looks."""

from __future__ import annotations

import math

import numpy as np

from edge_face.opencv import cv2
from edge_face.privacy.patch import Patch
from edge_face.types import Image
from edge_face.vision.pose import estimate_pose

BACK, SKIN, LINE, EYE = (176, 178, 180), (214, 220, 226), (92, 96, 100), (64, 66, 70)
STEP, FURTHEST = 10.0, 60.0
"""Degrees to which the pose is rounded, and the furthest turn that is drawn: what it tells of the person stays small."""
_BITS = 3


def drawn_face(patch: Patch) -> Image:
    """A head with eyes, nose and mouth in fixed proportions over the hidden shape's box, turned and tilted as the landmarks say, looking
    ahead without any."""
    found: Image = np.full_like(patch.pixels, BACK)
    yaw, pitch, roll = _pose(patch)
    width, height = patch.face.width, patch.face.height
    centre = np.array(patch.face.centre)
    scale = min(width / 3.0, height / 3.6)
    cos, sin = math.cos(math.radians(roll)), math.sin(math.radians(roll))

    def place(x: float, y: float, depth: float = 0.0) -> tuple[int, int]:
        """A point of the head, whose half width is 1, y down: what stands out moves with the turn."""
        turned = x * math.cos(math.radians(yaw)) + depth * math.sin(math.radians(yaw))
        raised = y - depth * math.sin(math.radians(pitch))
        at = centre + scale * np.array((cos * turned - sin * raised, sin * turned + cos * raised))
        far = np.clip(at, -1e5, 1e5) * (1 << _BITS)
        return round(float(far[0])), round(float(far[1]))

    def length(value: float) -> int:
        return max(round(min(value * scale, 1e5) * (1 << _BITS)), 1)

    thick = min(max(round(scale / 14), 1), 64)
    narrow = 1 - 0.12 * abs(math.sin(math.radians(yaw)))
    outline = (place(0, 0), (length(narrow), length(1.32)), roll, 0, 360)
    cv2.ellipse(found, *outline, SKIN, cv2.FILLED, cv2.LINE_AA, _BITS)
    cv2.ellipse(found, *outline, LINE, thick, cv2.LINE_AA, _BITS)
    for side in (-0.42, 0.42):
        cv2.ellipse(found, place(side, -0.18, 0.75), (length(0.13), length(0.17)), roll, 0, 360, EYE, cv2.FILLED, cv2.LINE_AA, _BITS)
    nose = [place(0, -0.1, 0.9), place(0, 0.28, 1.15), place(-0.1, 0.32, 0.95)]
    cv2.polylines(found, [np.array(nose)], False, LINE, thick, cv2.LINE_AA, _BITS)
    mouth = [place(x, 0.68 + 0.1 * (1 - (x / 0.34) ** 2), 0.8) for x in np.linspace(-0.34, 0.34, 9).tolist()]
    cv2.polylines(found, [np.array(mouth)], False, LINE, thick, cv2.LINE_AA, _BITS)
    return found


def _pose(patch: Patch) -> tuple[float, float, float]:
    """Yaw, pitch, roll in degrees, rounded."""
    if patch.landmarks is None:
        return 0.0, 0.0, 0.0
    pose = estimate_pose(patch.landmarks)
    if pose.plausible <= 0:
        return 0.0, 0.0, 0.0
    # Pitch is as much the length of somebody's nose as a nod: half of it, and no more than a little.
    return (_rounded(pose.yaw, FURTHEST), _rounded(pose.pitch / 2, 20.0), _rounded(pose.roll, 180.0))


def _rounded(angle: float, most: float) -> float:
    return max(-most, min(most, round(angle / STEP) * STEP))
