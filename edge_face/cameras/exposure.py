"""Exposure that is right for the face: a pure controller, from the brightness of a face to exposure time and gain.

A camera's own automatic exposure looks at the whole picture: against the light a face turns black, in a dark hall a
lamp behind it decides. Here the face decides while there is one; without one for a while the camera's own automatic
takes over again.

Why it does not oscillate: each correction starts from the exposure at which the measured frame *was taken* (cameras
report it with the frame), not from the one asked for last, so that frames under way do no harm; half of the error is
corrected at a time; errors below a dead band are left alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge_face.types import Box, Image

GAMMA = 2.2
"""Assumed tone curve of the pictures: light is brightness to this power (sRGB and BT.709 are near it)."""
DAMPING = 0.5
MOST_STOPS = 2.0
"""The largest correction at a time; a stop is a factor of two in light."""
DEAD_BAND = 0.2
"""Stops."""
FACE_SHARE = 0.6
"""The inner part of a face's box is measured: hair and background are mostly outside of it."""
FORGET_SECONDS = 3.0
"""Without a face for so long the camera's own automatic takes over."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the camera can do: exposure times in microseconds, analogue gains.

    `sharp_time`: longer times smear a moving face, so gain is raised to `quiet_gain` before time goes beyond it.
    `mains_hz`: lamps flicker at twice this rate; times longer than one flicker are whole multiples of it (0: never mind).
    """

    shortest: float
    longest: float
    least_gain: float
    most_gain: float
    sharp_time: float = 16_000.0
    quiet_gain: float = 4.0
    mains_hz: float = 50.0

    def __post_init__(self) -> None:
        if not (0 < self.shortest <= self.longest and 0 < self.least_gain <= self.most_gain):
            raise ValueError(f"exposure limits are not in order: {self}")

    @property
    def least(self) -> float:
        """Least total exposure (time times gain)."""
        return self.shortest * self.least_gain

    @property
    def most(self) -> float:
        """Most total exposure."""
        return self.longest * self.most_gain


@dataclass(frozen=True, slots=True)
class Automatic:
    """The camera's own automatic exposure decides."""


@dataclass(frozen=True, slots=True)
class Manual:
    """Exposure time in microseconds and analogue gain."""

    time: float
    gain: float

    @property
    def total(self) -> float:
        return self.time * self.gain


@dataclass(frozen=True, slots=True)
class ExposureState:
    """`command` is what holds now; `face_at` the monotonic time at which a face was measured last."""

    command: Automatic | Manual = Automatic()
    face_at: float = -math.inf


@dataclass(frozen=True, slots=True)
class Measurement:
    """One frame: mean brightness of the faces (0 to 1, None without a face) and the total exposure it was taken at."""

    face: float | None
    total: float
    monotonic: float


def step(state: ExposureState, seen: Measurement, target: float, limits: Limits) -> ExposureState:
    """The state after one frame; when `command` is another object than before, the camera has to be told."""
    if seen.face is None:
        if isinstance(state.command, Manual) and seen.monotonic - state.face_at > FORGET_SECONDS:
            return replace(state, command=Automatic())
        return state
    state = replace(state, face_at=seen.monotonic)
    if not (math.isfinite(seen.total) and seen.total > 0):
        return state
    error = stops_between(seen.face, target)
    if abs(error) <= DEAD_BAND:
        return state
    change = max(-MOST_STOPS, min(MOST_STOPS, DAMPING * error))
    wanted = max(limits.least, min(limits.most, seen.total * 2.0**change))
    if isinstance(state.command, Manual) and abs(math.log2(wanted / state.command.total)) < DEAD_BAND / 4:
        return state  # asked for already, and under way
    return replace(state, command=split(wanted, limits))


def stops_between(brightness: float, target: float) -> float:
    """By how many stops a picture of that brightness is too dark for the target (below 0: too bright)."""
    return GAMMA * math.log2(max(target, 0.02) / max(min(brightness, 1.0), 0.02))


def split(total: float, limits: Limits) -> Manual:
    """Divides a total exposure into time and gain: short time first, then some gain, then more time, then all gain."""
    total = max(limits.least, min(limits.most, total))
    sharp = min(max(limits.sharp_time, limits.shortest), limits.longest)
    quiet = min(max(limits.quiet_gain, limits.least_gain), limits.most_gain)
    if total <= sharp * limits.least_gain:
        time = total / limits.least_gain
    elif total <= sharp * quiet:
        time = sharp
    else:
        time = min(total / quiet, limits.longest)
    time = max(_without_flicker(max(time, limits.shortest), limits), limits.shortest)
    gain = max(limits.least_gain, min(limits.most_gain, total / time))
    if time * gain < total * (1 - 1e-9):  # shortened for the flicker, and the gain is at its end: light matters more
        time = min(limits.longest, total / gain)
    return Manual(min(max(time, limits.shortest), limits.longest), gain)


def _without_flicker(time: float, limits: Limits) -> float:
    if limits.mains_hz <= 0:
        return time
    period = 1e6 / (2 * limits.mains_hz)
    return time if time < period else period * math.floor(time / period + 1e-9)


def face_brightness(image: Image, boxes: Sequence[Box]) -> float | None:
    """Mean luma (BT.601) of the inner part of the boxes, 0 to 1; large faces count more. None without a face."""
    height, width = image.shape[:2]
    weight = total = 0.0
    for box in boxes:
        inner = box.grown(FACE_SHARE).clipped(width, height)
        x0, y0 = int(inner.x), int(inner.y)
        x1, y1 = math.ceil(inner.x + inner.width), math.ceil(inner.y + inner.height)
        if inner.area < 16 or x1 <= x0 or y1 <= y0:
            continue
        total += inner.area * mean_luma(image[y0:y1, x0:x1])
        weight += inner.area
    return total / weight if weight > 0 else None


def mean_luma(image: Image) -> float:
    """Mean luma (BT.601) of a BGR picture, 0 to 1, from some thousand of its pixels.

    Pixels that are quite black are left out: privacy masks are, and they say nothing of the light.
    """
    stride = max(1, math.isqrt(max(image.shape[0] * image.shape[1] // 4096, 1)))
    pixels = image[::stride, ::stride].reshape(-1, 3)
    lit = pixels[pixels.any(axis=1)]
    if not len(lit):
        return 0.0
    blue, green, red = lit.mean(axis=0, dtype=np.float64)
    return float(0.114 * blue + 0.587 * green + 0.299 * red) / 255.0
