"""Where a camera sees a sheet, flat or bent about one axis.

A pinhole camera at the origin looks along +z; x goes right, y down. The sheet's own coordinates (s, t) are measured on its
surface from the middle of the face on it, in heights of that face, so that one unit is about 0.2 m for a life-size print.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
STEEPEST = 1.4
"""Radians of a bend beyond which the surface is not looked at."""


@dataclass(frozen=True)
class Pose:
    """How a sheet is held: angles in radians, middle of the face beside the optical axis and distance in face heights."""

    yaw: float
    pitch: float
    roll: float
    x: float
    y: float
    distance: float

    @staticmethod
    def draw(rng: np.random.Generator, tilt: float = 0.22) -> Pose:
        """Held up to a camera, more or less straight; `tilt` is the standard deviation of yaw in radians."""
        yaw, pitch, roll = np.clip(rng.standard_normal(3), -2.2, 2.2) * (tilt, 0.7 * tilt, 0.09)
        x, y = rng.uniform(-0.12, 0.12, 2)
        return Pose(float(yaw), float(pitch), float(roll), float(x), float(y), float(np.exp(rng.uniform(np.log(2.2), np.log(7.0)))))

    def moved(self, by: NDArray[np.float64]) -> Pose:
        """Another pose, `by` (6,) further in the order of the fields; the distance grows by a factor exp(by[5])."""
        yaw, pitch, roll, x, y, farther = (float(v) for v in by)
        return replace(self, yaw=self.yaw + yaw, pitch=self.pitch + pitch, roll=self.roll + roll, x=self.x + x, y=self.y + y,
                       distance=self.distance * float(np.exp(farther)))


@dataclass(frozen=True)
class Bend:
    """A cylinder of `radius` face heights, bulging towards the camera (`hollow`: away from it), whose axis is turned by
    `axis` radians from the sheet's vertical."""

    radius: float
    axis: float = 0.0
    hollow: bool = False

    @staticmethod
    def draw(rng: np.random.Generator) -> Bend:
        axis = rng.normal(0, 0.15) + (np.pi / 2 if rng.random() < 0.15 else 0.0)
        return Bend(float(np.exp(rng.uniform(np.log(0.5), np.log(2.5)))), float(axis), bool(rng.random() < 0.25))


@dataclass(frozen=True)
class View:
    """A camera's picture of a sheet: for each pixel (rows, columns) the place (s, t) on the sheet, the bend's angle there
    in radians (0 on a flat sheet), and whether the sheet's surface, endless, is met at all."""

    s: Floats
    t: Floats
    bend: Floats
    met: NDArray[np.bool_]


class Projection:
    """A sheet of a pose and perhaps a bend before a camera with a picture of `width` x `height`.

    `face` is the height of the face in pixels when seen straight from `pose.distance`.
    """

    def __init__(self, pose: Pose, bend: Bend | None, face: float, width: int, height: int) -> None:
        self._bend, self._size = bend, (width, height)
        self._focal = face * pose.distance
        cy, sy, cp, sp, cr, sr = (f(a) for a in (pose.yaw, pose.pitch, pose.roll) for f in (np.cos, np.sin))
        about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        turn = about_z @ about_x @ about_y
        self._middle = np.array([pose.x, pose.y, pose.distance])
        axis = bend.axis if bend is not None else 0.0
        self._turn = turn @ np.array([[np.cos(axis), -np.sin(axis), 0], [np.sin(axis), np.cos(axis), 0], [0, 0, 1]])
        self._axis = np.array([[np.cos(axis), -np.sin(axis)], [np.sin(axis), np.cos(axis)]])

    def view(self) -> View:
        """Traces a ray through every pixel."""
        width, height = self._size
        x = ((np.arange(width) + 0.5 - width / 2) / self._focal).astype(np.float32)[None]
        y = ((np.arange(height) + 0.5 - height / 2) / self._focal).astype(np.float32)[:, None]
        back = self._turn.T.astype(np.float32)
        ox, oy, oz = (float(v) for v in -(self._turn.T @ self._middle))
        dx, dy, dz = (back[i, 0] * x + back[i, 1] * y + back[i, 2] for i in range(3))
        if self._bend is None:
            far = -oz / np.where(np.abs(dz) < 1e-4, 1e-4, dz)
            s, t = ox + far * dx, oy + far * dy
            angle, met = np.zeros_like(s), far > 0
        else:
            radius = self._bend.radius
            centre = -radius if self._bend.hollow else radius
            a = dx * dx + dz * dz
            b = ox * dx + (oz - centre) * dz
            root = b * b - a * (ox * ox + (oz - centre) ** 2 - radius * radius)
            met = root > 0
            root = np.sqrt(np.maximum(root, 0))
            far = (-b + root if self._bend.hollow else -b - root) / a
            across, deep = ox + far * dx, oz + far * dz - centre
            angle = np.arctan2(across, deep if self._bend.hollow else -deep)
            met &= (far > 0) & (np.abs(angle) < STEEPEST)
            s, t = radius * angle, oy + far * dy
        s, t = self._axis[0, 0] * s + self._axis[0, 1] * t, self._axis[1, 0] * s + self._axis[1, 1] * t
        return View(s.astype(np.float32), t.astype(np.float32), angle.astype(np.float32), met)

    def project(self, places: NDArray[np.floating]) -> Floats:
        """Pixels (n, 2) of places (n, 2) on the sheet."""
        flat = np.asarray(places, np.float64) @ self._axis  # the inverse rotation, for row vectors
        if self._bend is None:
            solid = np.column_stack([flat, np.zeros(len(flat))])
        else:
            radius = self._bend.radius
            angle = np.clip(flat[:, 0] / radius, -STEEPEST, STEEPEST)
            deep = (np.cos(angle) - 1) * radius if self._bend.hollow else (1 - np.cos(angle)) * radius
            solid = np.column_stack([np.sin(angle) * radius, flat[:, 1], deep])
        seen = solid @ self._turn.T + self._middle
        width, height = self._size
        depth = np.maximum(seen[:, 2], 1e-3)
        return np.column_stack([seen[:, 0] / depth * self._focal + width / 2 - 0.5,
                                seen[:, 1] / depth * self._focal + height / 2 - 0.5]).astype(np.float32)
