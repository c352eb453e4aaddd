"""Where a face would be hidden whose five landmarks are known, and nothing else: for aligned crops and labelled pictures.

Fitted to the boxes of the shipped detector (int8, 640 x 480) on 1,500 portraits with labelled landmarks (the 70 of them that it
was never trained on agree): in the pixels of the 112x112 template a box is 81.7 wide and 110.8 high (standard deviations 5.2 and
7.0), around a centre that moves away from the middle as the nose does, to the other side (2.4 across, 2.3 down). Tilting the head
by up to 15 degrees changes neither side.
"""

from __future__ import annotations

import math

import numpy as np

from edge_face.privacy.regions import cover
from edge_face.settings import PrivacySettings
from edge_face.types import Box, Floats
from edge_face.vision.align import TEMPLATE, similarity

WIDTH, HEIGHT = 81.7, 110.8
CENTRE = 56.1, 64.5
"""Of the box in the template's pixels, for a face that looks straight ahead."""
TURN = -1.81
"""A nose that lies a pixel further to one side moves the box so far to the other: there is the rest of the head."""
OFF_CENTRE, OFF_SIDES = 2.4 / WIDTH, (5.2 / WIDTH, 7.0 / HEIGHT)
"""How far the detector's own boxes lie from these: standard deviations, of the width and of each side."""
NOSE = 2


def box_of_landmarks(landmarks: Floats) -> Box:
    """The box that our detector would find around a face with these landmarks (5, 2), in their pixels. Raises ModelError for
    landmarks that make no face."""
    to_picture = similarity(TEMPLATE, landmarks)
    to_template = similarity(landmarks, TEMPLATE)
    scale = math.hypot(to_picture[0, 0], to_picture[1, 0])
    nose = to_template[:, :2] @ landmarks[NOSE].astype(np.float64) + to_template[:, 2]
    centre = to_picture[:, :2] @ (CENTRE[0] + TURN * (nose[0] - TEMPLATE[NOSE, 0]), CENTRE[1]) + to_picture[:, 2]
    width, height = WIDTH * scale, HEIGHT * scale
    return Box(float(centre[0] - width / 2), float(centre[1] - height / 2), width, height)


def region_of_landmarks(landmarks: Floats, margin: float | None = None) -> Box:
    """The box whose superellipse would hide a face with these landmarks (5, 2), in their pixels; it may reach outside the
    picture. `margin`: as `privacy.margin`, its default. Raises ModelError for landmarks that make no face."""
    return cover(box_of_landmarks(landmarks), PrivacySettings().margin if margin is None else margin)


def shaken(box: Box, random: np.random.Generator) -> Box:
    """A face's box as the detector might as well have found it: moved and stretched by its own spread. Without that all aligned
    crops would be cut into the same cells, which no two pictures of a camera are."""
    wide, high = (math.exp(random.normal(0.0, spread)) for spread in OFF_SIDES)
    x, y = random.normal(0.0, OFF_CENTRE * box.width, 2)
    centre_x, centre_y = box.centre
    return Box(centre_x + float(x) - box.width * wide / 2, centre_y + float(y) - box.height * high / 2,
               box.width * wide, box.height * high)
