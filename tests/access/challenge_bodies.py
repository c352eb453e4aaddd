"""Heads and sheets that move before a camera, without noise, for the tests of challenges."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from edge_face.access.facts import FaceFact
from edge_face.types import TrackState

Points = npt.NDArray[np.float64]

HEAD: Points = np.array([(-0.5, 0, 0), (0.5, 0, 0), (0, 0.66, -0.6), (-0.415, 1.155, 0), (0.415, 1.155, 0)])
"""Five points in eye distances; the nose stands towards the camera."""
SHEET: Points = HEAD * (1.0, 1.0, 0.0)
FPS = 15.0


def seen(body: Points, *, yaw: float = 0.0, pitch: float = 0.0, distance: float = 0.6, x: float = 0.0) -> tuple[float, ...]:
    """The points in widths of the picture, of a body whose eyes are 63 mm apart. `x` in metres."""
    a, b = math.radians(yaw), math.radians(pitch)
    about_y = np.array([(math.cos(a), 0, -math.sin(a)), (0, 1, 0), (math.sin(a), 0, math.cos(a))])
    about_x = np.array([(1, 0, 0), (0, math.cos(b), math.sin(b)), (0, -math.sin(b), math.cos(b))])
    placed = body * 0.063 @ about_y.T @ about_x.T + (x, 0.0, distance)
    return tuple((placed[:, :2] / placed[:, 2:] * 0.83 + 0.5).reshape(-1).tolist())


def fact(points: tuple[float, ...], *, track: int = 1, person: str | None = "p", vote: str | None = "p", judged: bool = True,
         ambiguous: bool = False, state: TrackState = TrackState.CONFIRMED, eyes: float | None = 1.0) -> FaceFact:
    return FaceFact(track, state, 0.09, 0.0, person, 0.8, 0.6, person, judged, vote, points=points, ambiguous=ambiguous, eyes_open=eyes)


def bent(radius: float, eyes: float = 0.1) -> Points:
    """The sheet's points bent about an upright line through the middle of the face, for a print with so much (m) between the eyes."""
    angle = SHEET[:, 0] * eyes / radius
    depth = (1 - np.cos(angle)) * radius / eyes
    return np.column_stack([np.sin(angle) * radius / eyes, SHEET[:, 1], depth])


def ramp(now: float, begin: float, lasting: float = 0.5) -> float:
    share = min(max((now - begin) / lasting, 0.0), 1.0)
    return share * share * (3 - 2 * share)


def times(seconds: float, fps: float = FPS, start: float = 0.0) -> Iterator[float]:
    for index in range(1, int(seconds * fps) + 1):
        yield start + index / fps


def left_then_right(now: float) -> float:
    """Yaw of a willing person who is asked at 0: 30 degrees to the left, then as far to the right."""
    return 30 * ramp(now, 0.5) - 60 * ramp(now, 1.8, 0.7)


Film = Callable[[float], FaceFact | None]


def film(body: Points, yaw: Callable[[float], float] = left_then_right) -> Film:
    return lambda now: fact(seen(body, yaw=yaw(now)))
