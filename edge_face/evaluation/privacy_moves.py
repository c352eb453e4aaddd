"""A picture as a track: the same face in several frames, moved a little from each to the next, hidden in each as a track is.

Averaging such frames is the cheapest attack on a method that loses other details in every frame (linkage, super-resolution). The
face shifts by up to 8 % of its width, its size changes by 3 % and its tilt by 2 degrees (standard deviations); the region follows
with the spread of the detector's boxes, which is more than a tracker's and thereby in the attacker's favour; the seed stays, as it
does on a track. The attacker knows where the landmarks are.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from edge_face.evaluation.hidden_regions import shaken
from edge_face.evaluation.privacy_ways import Way, aligned
from edge_face.opencv import cv2
from edge_face.privacy.masks import bounds
from edge_face.privacy.regions import Region
from edge_face.privacy.registry import anonymize
from edge_face.types import Box, Floats, Image

AROUND = 1.5
"""How much of the surroundings is moved along, the hidden region being 1."""
SHIFT, STRETCH, TILT = 0.08, 0.03, 2.0


def moved_views(image: Image, landmarks: Floats, region: Box, way: Way, frames: int, key: bytes, number: int) -> list[Image]:
    """Aligned hidden faces with their margin (128x128 BGR) of `frames` frames, the first one unmoved. `region`: the box of the hidden
    shape; the moves are drawn by `number`. Raises ModelError for landmarks that make no face."""
    random = np.random.default_rng([number, 5])
    left, top, right, bottom = bounds(region.grown(AROUND), image.shape[1], image.shape[0])
    part = np.ascontiguousarray(image[top:bottom, left:right])
    marks, box = (landmarks - (left, top)).astype(np.float32), region.moved(-left, -top)
    views = []
    for frame in range(frames):
        matrix = _move(box, random) if frame else np.eye(2, 3)
        picture = cv2.warpAffine(part, matrix, (part.shape[1], part.shape[0]), borderMode=cv2.BORDER_REPLICATE) if frame else part
        placed_marks = (marks @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
        here = shaken(_carried(box, matrix), random) if frame else box
        hidden = anonymize(picture, [Region(here, "unknown", 1)], way.method, way.strength, key=key, option=way.option,
                           faces=(placed_marks,))
        views.append(aligned(hidden, placed_marks))
    return views


def _move(box: Box, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """A small similarity about the middle of a box."""
    x, y = box.centre
    scale, turn = math.exp(random.normal(0, STRETCH)), math.radians(random.normal(0, TILT))
    c, s = scale * math.cos(turn), scale * math.sin(turn)
    dx, dy = random.uniform(-SHIFT, SHIFT, 2) * box.width
    return np.array([[c, -s, x - c * x + s * y + dx], [s, c, y - s * x - c * y + dy]])


def _carried(box: Box, matrix: npt.NDArray[np.float64]) -> Box:
    """An upright box of the same shape about the moved middle."""
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    x, y = (matrix[:, :2] @ box.centre + matrix[:, 2]).tolist()
    return Box(x - box.width * scale / 2, y - box.height * scale / 2, box.width * scale, box.height * scale)
