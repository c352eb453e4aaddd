"""A film shown on a tablet that somebody holds up to the camera, rendered: bezel, tone curve, glare, moire, tremor, sensor.

For one question of the tests: what does the door do when a screen plays the right order (docs/liveness.md)? Moire is not painted
but sampled: the striped pixels of the screen are read at the middle of each pixel of the camera, as the aliasing of a real one
(K. Patel, H. Han, A. Jain, "Secure face unlock: spoof detection on smartphones", IEEE TIFS 11(10), 2016, show it for screens).
No detector was trained on, or tuned with, what this module renders. Deterministic: the same setting gives the same frames.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_face.opencv import cv2
from edge_face.types import Floats, Image

ASPECT = 3 / 4
"""Width over height of the glass, held upright."""
BEZEL = 0.045
"""Its width, as a share of the glass's width."""
FOCAL = 1.1
"""Of the door's camera, in picture widths: about 50 degrees across."""
FINE = 2
"""The outlines are drawn at so many times the picture's pixels."""
GAMMA = 2.2
WHITE = np.array((1.12, 1.0, 0.92), np.float32)
"""BGR of the glass's white beside the room's lamps: cooler."""
SKIN, SLEEVE, SHIRT = (96, 132, 178), (38, 26, 30), (46, 34, 62)
"""BGR of the hands and arms that hold it, and of who stands behind."""


@dataclass(frozen=True, slots=True)
class Showing:
    """How the tablet is held and what it looks like. `height`: of its glass, as a share of the picture's height; `yaw`, `pitch`, `roll` in
    degrees; `brightness`: its white, 1 that of the picture; `gamma`: of its tone curve beside the right one; `columns`: pixels across
    its glass; `moire`: modulation by its stripes, 0 none, 0.3 strong; `glare`: 0 to 1; `tremor`: of the hands, pixels."""

    height: float = 0.8
    yaw: float = 0.0
    pitch: float = -4.0
    roll: float = 0.0
    brightness: float = 0.95
    gamma: float = 1.1
    columns: int = 1024
    moire: float = 0.12
    glare: float = 0.4
    tremor: float = 1.0
    seed: int = 0


def showings(number: int = 20, seed: int = 7) -> tuple[Showing, ...]:
    """So many that differ in everything; moire evenly from hardly any to strong, heights such that a face on it is near enough for the
    door."""
    random = np.random.default_rng(seed)
    moire = np.linspace(0.01, 0.30, number)
    height = random.permutation(np.linspace(0.70, 0.98, number))
    bright = random.permutation(np.linspace(0.7, 1.15, number))
    return tuple(Showing(float(height[i]), float(random.uniform(-12, 12)), float(random.uniform(-10, 6)), float(random.uniform(-4, 4)),
                         float(bright[i]), float(random.uniform(0.95, 1.25)), int(random.choice([768, 834, 1024, 1200, 1536])),
                         float(moire[i]), float(random.uniform(0.0, 0.6)), float(random.uniform(0.3, 2.0)), seed * 1000 + i)
                 for i in range(number))


def on_tablet(film: Iterable[tuple[float, Image]], hall: Image, showing: Showing) -> Iterator[tuple[float, Image]]:
    """The frames of `film` (seconds, picture) as the camera before `hall` sees them on the tablet. The middle of the film is shown,
    over its whole height."""
    random = np.random.default_rng(showing.seed)
    hands = _Tremor(showing.tremor, random)
    lamp = random.uniform((0.55, 0.0), (1.0, 0.3))
    for seconds, picture in film:
        yield seconds, _camera(_render(picture, hall, showing, hands, seconds, lamp), random)


class _Tremor:
    """Slow sway and the 8 to 12 Hz of hands that hold something up."""

    def __init__(self, amplitude: float, random: np.random.Generator) -> None:
        self._rate = np.concatenate([random.uniform(0.2, 0.7, (5, 2)), random.uniform(8.0, 12.0, (5, 1))], axis=1)
        self._phase = random.uniform(0, 2 * math.pi, (5, 3))
        self._size = amplitude * np.array([3.0, 1.5, 0.5])

    def at(self, seconds: float) -> npt.NDArray[np.float64]:
        """(5,): pixels across and down, degrees of yaw, pitch and roll."""
        moved = (self._size * np.sin(2 * math.pi * self._rate * seconds + self._phase)).sum(axis=1)
        shares: npt.NDArray[np.float64] = moved * np.array([1.0, 1.0, 0.35, 0.35, 0.2])
        return shares


def _render(picture: Image, hall: Image, showing: Showing, hands: _Tremor, seconds: float, lamp: npt.NDArray[np.float64]) -> Floats:
    """The picture before the sensor, 0 to 255, float."""
    height, width = hall.shape[:2]
    tall = showing.height * height
    wide = tall * ASPECT
    dx, dy, yaw, pitch, roll = hands.at(seconds)
    plane = _Plane(width, height, (width / 2 + dx, height * 0.5 + dy), (showing.yaw + yaw, showing.pitch + pitch, showing.roll + roll))
    scene = hall.astype(np.float32)
    _body(scene, plane, wide, tall)
    edge = BEZEL * wide
    outline = _rounded(plane, wide / 2 + edge, tall / 2 + edge, 1.6 * edge)
    _paint(scene, outline, (24.0, 23.0, 22.0))
    glass = plane.corners(wide / 2, tall / 2)
    (left, top, right, bottom), cover = _cover(glass, width, height)
    part = scene[top:bottom, left:right]
    part += (_shown(picture, glass - (left, top), (right - left, bottom - top), showing, lamp) - part) * cover
    for side in (-1, 1):
        _hand(scene, plane, side, wide, tall, edge)
    return scene


class _Plane:
    """A plane before the camera: (x, y) in pixels of its own to pixels of the picture."""

    def __init__(self, width: int, height: int, middle: tuple[float, float], turned: tuple[float, float, float]) -> None:
        yaw, pitch, roll = (math.radians(angle) for angle in turned)
        around_y = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
        around_x = np.array([[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]])
        around_z = np.array([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
        self._axes = (around_z @ around_x @ around_y)[:, :2]
        self._middle, self._focal = np.array(middle), FOCAL * width

    def seen(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """(n, 2) of the plane to (n, 2) of the picture."""
        space = np.asarray(points, np.float64) @ self._axes.T
        there: npt.NDArray[np.float64] = space[:, :2] / (1 + space[:, 2:] / self._focal) + self._middle
        return there

    def corners(self, half_width: float, half_height: float) -> npt.NDArray[np.float64]:
        return self.seen([(-half_width, -half_height), (half_width, -half_height), (half_width, half_height), (-half_width, half_height)])


def _shown(picture: Image, glass: npt.NDArray[np.float64], size: tuple[int, int], showing: Showing,
           lamp: npt.NDArray[np.float64]) -> Floats:
    """The glass as it shines, over the whole picture: the film, its tone curve, the stripes, the lamp's reflection."""
    tall, wide = picture.shape[:2]
    middle = min(round(tall * ASPECT), wide)
    left = (wide - middle) // 2
    film = np.array([(left, 0), (left + middle, 0), (left + middle, tall), (left, tall)], np.float32)
    there = cv2.getPerspectiveTransform(film, glass.astype(np.float32))
    warped = cv2.warpPerspective(picture, there, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE).astype(np.float32) / 255
    light = np.float32(showing.brightness) * WHITE * warped ** np.float32(GAMMA * showing.gamma)
    rows = showing.columns / ASPECT
    pixels = np.array([(0, 0), (showing.columns, 0), (showing.columns, rows), (0, rows)], np.float32)
    u, v = _coordinates(cv2.getPerspectiveTransform(glass.astype(np.float32), pixels), size)
    down = 1 + 0.5 * showing.moire * np.cos(2 * math.pi * v)
    for channel in range(3):  # stripes of blue, green, red beside one another
        wave = np.cos(2 * math.pi * (u - channel / 3))
        across = 1 + showing.moire * (wave + 0.3 * (2 * wave * wave - 1))  # the stripe and its first overtone
        light[..., channel] *= across * down
    x, y = u / showing.columns, v / rows
    spot = np.exp(-(((x - lamp[0]) / 0.28) ** 2 + ((y - lamp[1]) / 0.14) ** 2))
    veil = 0.012 + showing.glare * (0.55 * spot + 0.03 * np.clip(1 - y, 0, 1))
    reflected: Floats = np.clip(light + veil[..., None], 0, 1).astype(np.float32) ** np.float32(1 / GAMMA) * 255
    return reflected


def _coordinates(home: npt.NDArray[np.float64], size: tuple[int, int]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Where on the screen the middle of each pixel of the picture falls, in screen pixels."""
    x, y = np.meshgrid(np.arange(size[0], dtype=np.float64), np.arange(size[1], dtype=np.float64))
    depth = home[2, 0] * x + home[2, 1] * y + home[2, 2]
    return (home[0, 0] * x + home[0, 1] * y + home[0, 2]) / depth, (home[1, 0] * x + home[1, 1] * y + home[1, 2]) / depth


def _rounded(plane: _Plane, half_width: float, half_height: float, radius: float) -> npt.NDArray[np.float64]:
    turn = np.linspace(0, math.pi / 2, 8)
    arc = radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    corners = [((half_width - radius, half_height - radius), 0), ((radius - half_width, half_height - radius), 1),
               ((radius - half_width, radius - half_height), 2), ((half_width - radius, radius - half_height), 3)]
    points = []
    for (x, y), quarter in corners:
        c, s = (1, 0, -1, 0)[quarter], (0, 1, 0, -1)[quarter]
        points.append(arc @ np.array([[c, s], [-s, c]]) + (x, y))
    return plane.seen(np.concatenate(points))


def _cover(outline: npt.NDArray[np.float64], width: int, height: int) -> tuple[tuple[int, int, int, int], Floats]:
    """The part of the picture (left, top, right, bottom) around an outline, and how much of each of its pixels lies inside, 0 to 1
    (rows, columns, 1)."""
    left, top = np.clip(np.floor(outline.min(axis=0)).astype(int) - 1, 0, (width - 1, height - 1))
    right, bottom = np.clip(np.ceil(outline.max(axis=0)).astype(int) + 1, (left + 1, top + 1), (width, height))
    mask = np.zeros(((bottom - top) * FINE, (right - left) * FINE), np.uint8)
    cv2.fillPoly(mask, [np.round((outline - (left, top)) * FINE * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    small = cv2.resize(mask, (int(right - left), int(bottom - top)), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return (int(left), int(top), int(right), int(bottom)), small[..., None]


def _paint(scene: Floats, outline: npt.NDArray[np.float64], colour: tuple[float, float, float], shade: float = 0.0) -> None:
    """Fills an outline; `shade`: how much darker its left and right edges are, as of something round."""
    (left, top, right, bottom), cover = _cover(outline, scene.shape[1], scene.shape[0])
    tone = np.ones_like(cover)
    if shade:
        inner = cv2.distanceTransform((cover > 0.5).astype(np.uint8), cv2.DIST_L2, 5)[..., None]
        tone -= shade * (1 - inner / max(float(inner.max()), 1.0)) ** 2
    part = scene[top:bottom, left:right]
    part += (np.asarray(colour, np.float32) * tone - part) * cover


def _body(scene: Floats, plane: _Plane, wide: float, tall: float) -> None:
    """Who holds it stands behind it: shoulders and the top of a head may be seen."""
    x, y = plane.seen([(0.0, 0.0)])[0]
    height = scene.shape[0]
    turn = np.linspace(math.pi, 2 * math.pi, 24)
    shoulders = np.stack([x + 0.75 * wide * np.cos(turn), y + 0.30 * tall + 0.35 * tall * np.sin(turn)], axis=1)
    _paint(scene, np.concatenate([shoulders, [(x + 0.75 * wide, height + 9), (x - 0.75 * wide, height + 9)]]), SHIRT, 0.3)


def _hand(scene: Floats, plane: _Plane, side: int, wide: float, tall: float, edge: float) -> None:
    """A forearm from below and a thumb over the bezel."""
    grip = plane.seen([(side * (wide / 2 + edge), 0.32 * tall)])[0]
    below = np.array([grip[0] + side * 0.16 * wide, scene.shape[0] + 0.05 * tall])
    _paint(scene, _capsule(grip + np.array((0, 0.10 * tall)), below, 0.065 * wide, 0.11 * wide), SLEEVE, 0.3)
    _paint(scene, _capsule(grip + np.array((side * 0.01 * wide, 0.12 * tall)), grip, 0.085 * wide, 0.06 * wide), SKIN, 0.35)
    _paint(scene, _capsule(grip, grip - np.array((side * 0.10 * wide, 0.04 * tall)), 0.045 * wide, 0.035 * wide), SKIN, 0.35)


def _capsule(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64], first: float, second: float) -> npt.NDArray[np.float64]:
    """The outline of two discs and what is between them."""
    turn = np.linspace(0, 2 * math.pi, 24, endpoint=False)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    points = np.concatenate([one + first * ring, other + second * ring]).astype(np.float32)
    hull: npt.NDArray[np.float64] = cv2.convexHull(points).reshape(-1, 2).astype(np.float64)
    return hull


def _camera(scene: Floats, random: np.random.Generator) -> Image:
    """Lens and sensor: a little blur, noise that grows with the light, 8 bits."""
    soft = cv2.GaussianBlur(scene, (0, 0), 0.5)
    noisy = soft + random.standard_normal(soft.shape, dtype=np.float32) * (1.2 + 0.006 * soft)
    image: Image = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    return image
