"""A drawn face, the same for everybody, that looks where the hidden one looks."""

from __future__ import annotations

import functools
import math

import numpy as np

from edge_face.opencv import cv2
from edge_face.privacy.methods._keyed import over_face
from edge_face.privacy.patch import Patch
from edge_face.types import Image
from edge_face.vision.pose import estimate_pose

BACK, SKIN, LINE, EYE = (176, 178, 180), (214, 220, 226), (92, 96, 100), (64, 66, 70)
STEP, COARSE, FURTHEST = 5.0, 10.0, 60.0
"""Degrees to which turn and tilt are rounded, and half the nod, and the furthest turn that is drawn. Landmarks shake by one or two degrees
from frame to frame: steps of 5 move a face by less than a pixel in twenty, steps of 10 made it jump three times a second."""
SIDES = (64, 128, 256, 512)
"""Pixels of a drawing."""
_BITS = 3


def drawn_face(patch: Patch) -> Image:
    """A head with eyes, nose and mouth in fixed proportions over the hidden shape's box, turned and tilted as the landmarks say, looking
    ahead without any; where there is no head only its background."""
    if not patch.head:
        return _plain(patch.pixels.shape[1], patch.pixels.shape[0])
    width, height = max(patch.face.width, 1.0), max(patch.face.height, 1.0)
    side = next((s for s in SIDES if s >= max(width, height)), SIDES[-1])
    # Drawn once for a pose and laid over each frame: that is three times as fast, and moves by less than a pixel.
    slender = min(max(round(8 * width / height), 4), 16) / 8
    return _laid_over(_head(side, slender, *_pose(patch)), patch)


def _laid_over(head: Image, patch: Patch) -> Image:
    """The drawing over the hidden shape's box, to the nearest pixel: half the work of any place between pixels."""
    box, (rows, columns) = patch.face, patch.pixels.shape[:2]
    left, top, width, height = round(box.x), round(box.y), max(round(box.width), 1), max(round(box.height), 1)
    if width * height > 4 * rows * columns:
        # Most of the box lies outside of the picture: only what is seen of it is made.
        return over_face(head, patch, cv2.INTER_LINEAR)
    x, y, right, bottom = max(left, 0), max(top, 0), min(left + width, columns), min(top + height, rows)
    if right <= x or bottom <= y:
        return _plain(columns, rows)
    sized = cv2.resize(head, (width, height), interpolation=cv2.INTER_LINEAR)[y - top:bottom - top, x - left:right - left]
    found: Image = cv2.copyMakeBorder(sized, y, rows - bottom, x, columns - right, cv2.BORDER_CONSTANT | cv2.BORDER_ISOLATED, value=BACK)
    return found


def _plain(width: int, height: int) -> Image:
    """The background alone. Filled by OpenCV: numpy takes ten times as long for a colour."""
    found: Image = np.empty((height, width, 3), np.uint8)
    cv2.rectangle(found, (0, 0), (width, height), BACK, cv2.FILLED)
    return found


@functools.lru_cache(maxsize=48)
def _head(side: int, slender: float, yaw: float, pitch: float, roll: float) -> Image:
    """The drawing, `side` pixels along its longer side; `slender`: width for height."""
    width, height = side * min(slender, 1.0), side / max(slender, 1.0)
    found = _plain(round(width), round(height))
    centre, scale = np.array((width / 2, height / 2)), min(width / 3.0, height / 3.6)
    cos, sin = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    turn, nod = math.radians(yaw), math.radians(pitch)

    def place(x: float, y: float, depth: float = 0.0) -> tuple[int, int]:
        """A point of the head, whose half width is 1, y down: what stands out moves with the turn."""
        turned, raised = x * math.cos(turn) + depth * math.sin(turn), y - depth * math.sin(nod)
        at = (centre + scale * np.array((cos * turned - sin * raised, sin * turned + cos * raised))) * (1 << _BITS)
        return round(float(at[0])), round(float(at[1]))

    def length(value: float) -> int:
        return max(round(value * scale * (1 << _BITS)), 1)

    def line(points: list[tuple[int, int]]) -> None:
        cv2.polylines(found, [np.array(points)], False, LINE, thick, cv2.LINE_AA, _BITS)

    thick = max(round(scale / 14), 1)
    skull = (place(0, 0), (length(1 - 0.12 * abs(math.sin(turn))), length(1.32)), roll, 0, 360)
    cv2.ellipse(found, *skull, SKIN, cv2.FILLED, cv2.LINE_AA, _BITS)
    cv2.ellipse(found, *skull, LINE, thick, cv2.LINE_AA, _BITS)
    for eye in (-0.42, 0.42):
        cv2.ellipse(found, place(eye, -0.18, 0.75), (length(0.13), length(0.17)), roll, 0, 360, EYE, cv2.FILLED, cv2.LINE_AA, _BITS)
    line([place(0, -0.1, 0.9), place(0, 0.28, 1.15), place(-0.1, 0.32, 0.95)])
    line([place(x, 0.68 + 0.1 * (1 - (x / 0.34) ** 2), 0.8) for x in np.linspace(-0.34, 0.34, 9).tolist()])
    return found


def _pose(patch: Patch) -> tuple[float, float, float]:
    """Yaw, pitch, roll in degrees, rounded."""
    if patch.landmarks is None:
        return 0.0, 0.0, 0.0
    pose = estimate_pose(patch.landmarks)
    if pose.plausible <= 0:
        return 0.0, 0.0, 0.0
    # Pitch is as much the length of somebody's nose as a nod: half of it, and no more than a little.
    return _rounded(pose.yaw, STEP, FURTHEST), _rounded(pose.pitch / 2, COARSE, 2 * COARSE), _rounded(pose.roll, STEP, 180.0)


def _rounded(angle: float, step: float, most: float) -> float:
    return max(-most, min(most, round(angle / step) * step))
