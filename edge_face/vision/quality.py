"""How usable one face is in one frame: named components after ISO/IEC 29794-5, each 0 (unusable) to 1 (ideal).

Constants are measured, see docs/decisions/quality.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_face.opencv import cv2
from edge_face.settings import VisionSettings
from edge_face.types import Floats, Image, Quality
from edge_face.vision.align import Aligned
from edge_face.vision.pose import estimate_pose

BLURRED, SHARP = 2e-4, 5e-3
"""Second-derivative energy over variance: a face blurred beyond recognition, and one as sharp as it needs to be."""
FULL_SIZE = 35.0
"""Eye distance of the aligned crop, px: a face with more pixels brings nothing new."""
_ROUGHNESS = np.array([(1, -2, 1), (-2, 4, -2), (1, -2, 1)], np.float32)
_NOISE_GAIN = 420 / 64**2
"""What the 5x5 second derivative makes of white noise of variance 1."""
COMPONENTS = ("size", "occlusion", "light", "pose", "sharpness")
"""The components in the order in which a person can do something about them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The least that is asked of a face: components 0 to 1, eye distance in pixels of the picture."""

    sharpness: float
    light: float
    pose: float
    occlusion: float
    eye_distance: float

    @classmethod
    def from_settings(cls, settings: VisionSettings) -> Limits:
        """What the settings ask of a face that is to be embedded."""
        return cls(settings.min_sharpness, settings.min_light, settings.min_pose, settings.min_occlusion, settings.min_eye_distance)


ENROLMENT = Limits(sharpness=0.45, light=0.5, pose=0.45, occlusion=0.8, eye_distance=35.0)
"""A template serves for years: more is asked of it than of a frame at the door."""


def assess(aligned: Aligned, landmarks: Floats, covered: float = 0.0) -> Quality:
    """The quality of a face that was aligned by these (5, 2) landmarks, in pixels of the picture aligned from.

    `covered` is the share of its box that lies behind other faces. What covers a face otherwise (a mask, a hand) is
    seen only where it throws the landmarks off.
    """
    pose = estimate_pose(landmarks)
    grey = cv2.cvtColor(aligned.image, cv2.COLOR_BGR2GRAY)
    light, brightness, contrast, side = _light(grey)
    free = _ramp(aligned.outside, 0.4, 0.02) * _ramp(covered, 0.6, 0.05) * pose.plausible
    turned = _ramp(abs(pose.yaw), 56.0, 12.0) * _ramp(abs(pose.pitch), 60.0, 25.0) * _ramp(abs(pose.roll), 90.0, 35.0)
    return Quality(sharpness=_sharpness(grey), light=light, pose=turned, size=_ramp(pose.eye_distance, 6.0, FULL_SIZE),
                   occlusion=free, eye_distance=pose.eye_distance, yaw=pose.yaw, pitch=pose.pitch, roll=pose.roll,
                   brightness=brightness, contrast=contrast, side=side)


def failing(quality: Quality, limits: Limits | VisionSettings) -> tuple[str, ...]:
    """Names of the components that are not good enough, or () for a face that may be embedded. NaN never passes."""
    if isinstance(limits, VisionSettings):
        limits = Limits.from_settings(limits)
    passed = {
        "size": quality.eye_distance >= limits.eye_distance,
        "occlusion": quality.occlusion >= limits.occlusion,
        "light": quality.light >= limits.light,
        "pose": quality.pose >= limits.pose,
        "sharpness": quality.sharpness >= limits.sharpness,
    }
    return tuple(name for name in COMPONENTS if not passed[name])


def advice(quality: Quality, limits: Limits | VisionSettings = ENROLMENT) -> tuple[str, ...]:
    """For each failing component one sentence that tells the person in front of the camera what to do."""
    if isinstance(limits, VisionSettings):
        limits = Limits.from_settings(limits)
    return tuple(_sentence(name, quality, limits) for name in failing(quality, limits))


def _sentence(name: str, quality: Quality, limits: Limits) -> str:
    if name == "size":
        return f"too far: {quality.eye_distance:.0f} px between the eyes, {limits.eye_distance:.0f} needed"
    if name == "occlusion":
        return "not all of the face can be seen: come into the middle of the picture and leave it uncovered"
    if name == "light":
        if quality.brightness < 0.25:
            return "too dark: turn to the light"
        if quality.brightness > 0.8:
            return "too bright: step out of the direct light"
        if quality.contrast < 0.15:
            return "the light is too flat to see the face: turn to the light"
        if abs(quality.side) > 0.3:
            return f"the light comes from one side: turn to your {'left' if quality.side > 0 else 'right'}, towards it"
        return "parts of the face are too bright or too dark: turn to an even light"
    if name == "pose":
        if _ramp(abs(quality.yaw), 56.0, 12.0) < 1.0:
            # Turned to the right of the picture is turned to one's own left.
            return f"turn a little {'right' if quality.yaw > 0 else 'left'}"
        if _ramp(abs(quality.pitch), 60.0, 25.0) < 1.0:
            return f"look a little further {'down' if quality.pitch > 0 else 'up'}"
        return "hold the head upright"
    return "blurred: hold still" if quality.eye_distance >= limits.eye_distance else "blurred: hold still and come nearer"


def _ramp(value: float, zero: float, one: float) -> float:
    """0 at `zero`, 1 at `one`, straight between; NaN gives 0."""
    share = (value - zero) / (one - zero)
    return 0.0 if not share > 0.0 else min(share, 1.0)


@cache
def _areas(size: int) -> tuple[tuple[slice, slice], npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """The face's oval in an aligned crop: the window around it, its mask there, and the mask's left and right half."""
    unit = size / 112
    window = (slice(round(20 * unit), size), slice(round(18 * unit), round(94 * unit)))
    y, x = np.mgrid[:size, :size] / unit
    oval = ((((x - 56) / 38) ** 2 + ((y - 66) / 46) ** 2) <= 1)
    parts = [np.ascontiguousarray((part[window]).astype(np.uint8) * 255) for part in (oval, oval & (x < 56), oval & (x >= 56))]
    return window, parts[0], parts[1], parts[2]


def _light(grey: Image) -> tuple[float, float, float, float]:
    """Score, mean brightness, contrast (5th to 95th percentile) and side of the light, on the face's oval."""
    window, oval, left, right = _areas(grey.shape[0])
    face = grey[window]
    counts = cv2.calcHist([face], [0], oval, [256], [0, 256]).ravel()
    total = np.cumsum(counts)
    count = float(total[-1])
    mean = float(counts @ np.arange(256, dtype=np.float32)) / count
    low, high = (float(np.searchsorted(total, share * count)) for share in (0.05, 0.95))
    clipped = float(counts[:6].sum() + counts[250:].sum()) / count
    a, b = float(cv2.mean(face, left)[0]), float(cv2.mean(face, right)[0])
    side = (b - a) / (a + b + 1.0)
    # Dark skin in a dim hall is no fault of light: 60 of 255 is enough, as long as the face has contrast.
    score = min(_ramp(mean, 15.0, 55.0), _ramp(mean, 252.0, 222.0), _ramp(high - low, 8.0, 35.0),
                _ramp(clipped, 0.6, 0.15), _ramp(abs(side), 0.75, 0.35))
    return score, mean / 255, (high - low) / 255, side


def _sharpness(grey: Image) -> float:
    """Second derivatives (5x5 Sobel) over the variance of the face; the weaker of the two directions, so that a face
    smeared sideways is not sharp; less what the camera's noise adds (J. Immerkaer, "Fast noise variance estimation",
    Computer Vision and Image Understanding 64(2), 1996)."""
    window, oval, _, _ = _areas(grey.shape[0])
    face = grey[window]
    _, deviation = cv2.meanStdDev(face, mask=oval)
    variance = float(deviation[0, 0]) ** 2 + 16.0
    rough = cv2.mean(np.abs(cv2.filter2D(face, cv2.CV_16S, _ROUGHNESS)), mask=oval)[0]
    noise = (math.sqrt(math.pi / 2) / 6.0 * float(rough)) ** 2
    energy = (min(_energy(face, 2, 0, oval), _energy(face, 0, 2, oval)) - _NOISE_GAIN * noise) / variance
    return _ramp(math.log(max(energy, 1e-9)), math.log(BLURRED), math.log(SHARP))


def _energy(face: Any, dx: int, dy: int, mask: Any) -> float:
    mean, deviation = cv2.meanStdDev(cv2.Sobel(face, cv2.CV_32F, dx, dy, ksize=5, scale=1 / 64), mask=mask)
    return float(mean[0, 0]) ** 2 + float(deviation[0, 0]) ** 2
