"""Looks of an approach made from stills: what a camera's frames of one face differ in, as far as a still can be made to.

A still of 128x128 (the aligned face with 8 px of margin) is placed, lit, blurred and made noisy as the frames of one
track are: every still has a light, a focus and a noise of its own; every look its own tremble of the landmarks, flicker
and grain. Expression and the turn of the head are the still's: only another still brings those.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from converter.training.face_augment import Augmentation, place
from edge_face.opencv import cv2
from edge_face.settings import VisionSettings
from edge_face.types import Image
from edge_face.vision.align import TEMPLATE, Aligned
from edge_face.vision.quality import Limits, assess, failing

TREMBLE = Augmentation(flip=0.0, rotation=3.0, scale=0.04, shift=1.7)
"""What landmarks do to an alignment that are off by a twenty-fifth of the eye distance: degrees, share, px of the crop."""
ZONE_EYES = 38.4
"""Eye distance at the edge of the intent zone in a picture 640 px wide: looks are judged as taken there."""
_LANDMARKS = (TEMPLATE * (ZONE_EYES / float(np.linalg.norm(TEMPLATE[1] - TEMPLATE[0])))).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Camera:
    """What all looks of one still share: gain and gamma of the light, blur (px) and noise (of 255)."""

    gain: float
    gamma: float
    blur: float
    noise: float

    @classmethod
    def drawn(cls, random: np.random.Generator) -> Camera:
        """A camera at a door by day or in a lit hall."""
        gain, gamma = np.exp(random.normal(0.0, 0.15, 2))
        return cls(float(gain), float(gamma), float(random.uniform(0.0, 0.9)), float(random.uniform(1.0, 7.0)))


def look(still: Image, camera: Camera, random: np.random.Generator) -> Image:
    """One frame's aligned face (112x112 BGR) of a still (128x128 BGR)."""
    face = place(still, TREMBLE, random)
    ramp = (np.arange(256) / 255) ** camera.gamma * camera.gain * np.exp(random.normal(0.0, 0.04)) * 255
    face = np.asarray(cv2.LUT(face, np.clip(ramp, 0, 255).astype(np.uint8)), np.uint8)
    blur = camera.blur + abs(random.normal(0.0, 0.3))
    if blur > 0.25:
        face = np.asarray(cv2.GaussianBlur(face, (0, 0), blur), np.uint8)
    grain = np.empty(face.shape, np.int16)
    cv2.setRNGSeed(int(random.integers(2**31)))
    cv2.randn(grain, 0, camera.noise)
    return np.asarray(cv2.add(face, grain, dtype=cv2.CV_8U), np.uint8)


def weight(face: Image, limits: Limits) -> float:
    """The quality by which the door's pool weighs an aligned face, or 0 for one that the door would not embed. Landmarks
    are the template's: turn and cover are not seen."""
    quality = assess(Aligned(face, 0.0, 1.0, 0.0), _LANDMARKS)
    return 0.0 if failing(quality, limits) else quality.overall


def looks(still: Image, count: int, seed: tuple[int, int]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """`count` looks (count, 112, 112, 3) of a still and their weights (count,). The same seed gives the same looks."""
    random = np.random.default_rng(seed)
    camera, limits = Camera.drawn(random), Limits.from_settings(VisionSettings())
    faces = np.stack([look(still, camera, random) for _ in range(count)])
    return faces, np.array([weight(face, limits) for face in faces], np.float32)
