"""Aligned faces hidden as the door hides them, by its own methods: what the attacks learn from."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.faces import MARGIN
from converter.training.recipe import ranged
from edge_face.evaluation.hidden_regions import box_of_landmarks, shaken
from edge_face.privacy.regions import Region, cover
from edge_face.privacy.registry import anonymize_at, anonymizer
from edge_face.settings import PrivacySettings
from edge_face.vision.align import TEMPLATE

Image = NDArray[np.uint8]
PAD = 48
"""Pixels by which a crop's edge is repeated, so that the whole hidden region lies inside of the picture."""


@dataclass(frozen=True)
class Hidden:
    """How the faces were hidden that an attack is to see through: `methods`, one drawn for each face, at an amount of the method's own
    measure drawn from `least` to `most` (0 weakest, 1 strongest). The key is another one for each face.
    `clear`: the share of faces that are shown as they are, so that sharp galleries can be compared with too."""

    methods: tuple[str, ...]
    least: float = ranged(0.0, 0, 1)
    most: float = ranged(1.0, 0, 1)
    clear: float = ranged(0.0, 0, 1)

    def __post_init__(self) -> None:
        if not self.methods:
            raise ValueError("methods names no method to see through")
        if self.least > self.most:
            raise ValueError("least is above most")
        for name in self.methods:
            anonymizer(name)


def hide(crop: Image, how: Hidden, rng: np.random.Generator) -> Image:
    """An aligned face of 128x128 BGR with its face hidden, the region as far off as the detector's boxes are."""
    if rng.random() < how.clear:
        return crop
    picture = cv2.copyMakeBorder(crop, PAD, PAD, PAD, PAD, cv2.BORDER_REPLICATE)
    marks = (TEMPLATE + MARGIN + PAD).astype(np.float32)
    region = Region(cover(shaken(box_of_landmarks(marks), rng), PrivacySettings().margin), "unknown")
    done = anonymize_at(np.asarray(picture, np.uint8), [region], how.methods[int(rng.integers(len(how.methods)))],
                        float(rng.uniform(how.least, how.most)), key=rng.bytes(32), faces=(marks,))
    return np.ascontiguousarray(done[PAD:-PAD, PAD:-PAD])
