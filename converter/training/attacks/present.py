"""Presentations: a picture held up to a poor camera as a print, a mask, a screen; or the same person standing there.

All of it is simulated. What is not: masks of silicone or latex, make-up, printed relief, infrared, and screens so fine and
well exposed that the camera shows nothing of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.training.attacks.camera import Camera
from converter.training.attacks.cutout import Cut
from converter.training.attacks.display import Display
from converter.training.attacks.geometry import Bend, Pose, Projection, View
from converter.training.attacks.moving import Sway, moved
from converter.training.attacks.paper import Ink, Sheen
from converter.training.attacks.rooms import blurred, room, shadow, skin, thumbs
from edge_face.types import Box

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Picture = tuple[Image, Box, Floats]
"""A picture, the face's box and its five landmarks (5, 2), in pixels."""


@dataclass(frozen=True)
class Species:
    """A kind of presentation. `live`: bona fide; `screen`: shown by a display, else on paper; `moves`: what it shows moves."""

    name: str
    live: bool = False
    screen: bool = False
    bent: bool = False
    cut: bool = False
    moves: bool = False
    simulated: bool = True


SPECIES: Mapping[str, Species] = {species.name: species for species in (
    Species("live", live=True, moves=True), Species("print"), Species("bent-print", bent=True), Species("cut-out", cut=True),
    Species("screen", screen=True), Species("replay", screen=True, moves=True))}
"""By name; "live" is the camera alone."""


@dataclass(frozen=True, eq=False)
class Presentation:
    """What the camera gives: the image (rows, columns, 3), the face's box and landmarks (5, 2) in its pixels."""

    image: Image
    box: Box
    landmarks: Floats


def present(species: str, picture: Image, box: Box, landmarks: Floats, rng: np.random.Generator, background: Image | None = None, *,
            face: float | None = None, size: tuple[int, int] | None = None) -> Presentation:
    """One picture of a camera. `face` is the height of the face in its pixels (else drawn, 60 to 180), `size` its width and
    height (else two to three faces). A live picture ends where the given picture does. Raises KeyError for no species."""
    shown = (picture, box, np.asarray(landmarks, np.float32).reshape(5, 2))
    return _stage(SPECIES[species], shown, rng, background, face, size).frame(shown, 0.0, rng)


def present_track(species: str, pictures: Sequence[Picture], rng: np.random.Generator, frames: int, fps: float,
                  background: Image | None = None, *, face: float | None = None,
                  size: tuple[int, int] | None = None) -> Iterator[Presentation]:
    """A track of `frames` pictures: a hand that trembles, tilts and comes nearer, flicker, noise that is new each time. Of
    several pictures one is shown after another (a screen's, or a living person's); a single one is made to move where the
    species does. Raises KeyError, ValueError for no pictures."""
    if not pictures:
        raise ValueError("no pictures to present")
    kind = SPECIES[species]
    given = [(picture, box, np.asarray(points, np.float32).reshape(5, 2)) for picture, box, points in pictures]
    stage = _stage(kind, given[0], rng, background, face, size)
    sway = Sway.draw(rng)
    for number in range(frames):
        time = number / fps
        shown = given[0]
        if kind.moves:
            shown = given[number % len(given)] if len(given) > 1 else moved(*shown, sway.at(time))
        yield stage.frame(shown, time, rng)


def _stage(kind: Species, shown: Picture, rng: np.random.Generator, background: Image | None, face: float | None,
           size: tuple[int, int] | None) -> _Live | _Sheet:
    face = face or float(np.exp(rng.uniform(np.log(60), np.log(180))))
    if size is None:
        side = max(round(face * float(rng.uniform(2.1, 2.9))), 32)
        size = (side, side)
    return (_Live if kind.live else _Sheet)(kind, shown, rng, background, face, size)


class _Live:
    """Somebody before the camera: the picture, at the camera's resolution, a little turned."""

    def __init__(self, kind: Species, shown: Picture, rng: np.random.Generator, background: Image | None, face: float,
                 size: tuple[int, int]) -> None:
        _, box, _ = shown
        self._camera = Camera.draw(rng)
        self._scale = face / box.height
        self._middle = np.asarray(box.centre, np.float64)
        self._size, self._roll = size, float(np.clip(rng.normal(0, 0.05), -0.12, 0.12))

    def frame(self, shown: Picture, time: float, rng: np.random.Generator) -> Presentation:
        picture, box, points = shown
        rows, columns = picture.shape[:2]
        half = np.minimum(np.asarray(self._size) / 2, 1e9)
        left, top = np.minimum(self._middle * self._scale, half)
        right, bottom = np.minimum((np.array([columns, rows]) - self._middle) * self._scale, half)
        width, height = max(int(left + right), 8), max(int(top + bottom), 8)
        small, share = _smaller(picture, self._scale)
        cos, sin = np.cos(self._roll) * self._scale, np.sin(self._roll) * self._scale
        linear = np.array([[cos, -sin], [sin, cos]])
        matrix = np.column_stack([linear, np.array([left, top]) - linear @ self._middle])
        image = cv2.warpAffine(small, np.column_stack([linear / share, matrix[:, 2]]), (width, height), flags=cv2.INTER_LINEAR,
                               borderMode=cv2.BORDER_REFLECT_101)
        middle = linear @ np.asarray(box.centre) + matrix[:, 2]
        across, down = box.width * self._scale, box.height * self._scale
        where = Box(float(middle[0] - across / 2), float(middle[1] - down / 2), across, down)
        taken = self._camera.take(np.asarray(image, np.uint8), rng)
        return Presentation(taken, where, (points @ linear.T + matrix[:, 2]).astype(np.float32))


class _Sheet:
    """A sheet or a screen in somebody's hands, from its first picture to its last."""

    def __init__(self, kind: Species, shown: Picture, rng: np.random.Generator, background: Image | None, face: float,
                 size: tuple[int, int]) -> None:
        picture, box, _ = shown
        self._kind, self._face, self._size = kind, face, size
        self._camera = Camera.draw(rng)
        self._pose = Pose.draw(rng, 0.18 if kind.bent or kind.cut else 0.22)
        self._bend = Bend.draw(rng) if kind.bent or (kind.cut and rng.random() < 0.6) else None
        self._room = room(*size, rng, background)
        self._ink, self._display, self._cut = Ink.draw(rng), Display.draw(rng), Cut.draw(rng)
        self._sheen = Sheen.draw(rng, 0.9 if kind.screen else self._ink.gloss)
        self._texture_seed = int(rng.integers(2**31))
        self._height, self._middle = box.height, np.asarray(box.centre, np.float64)
        self._region = _region(picture, box, rng, whole=0.45 if not kind.cut else 1.0)
        bezel = rng.uniform(0.02, 0.12) if kind.screen else rng.uniform(0.0, 0.1) * (rng.random() < 0.6)
        self._rim = 0.0 if kind.cut else float(bezel)
        tone = rng.uniform(8, 45) if rng.random() < 0.85 else rng.uniform(180, 240)
        paper = np.asarray(self._ink.white) * 255
        self._rim_colour = tuple(float(v) for v in (np.full(3, tone) if kind.screen else paper))
        self._shade = float(rng.uniform(0.1, 0.6)) if rng.random() < 0.6 else 0.0
        self._cast = (float(rng.normal(0, 0.08)), float(rng.uniform(0.0, 0.2)))
        self._held = rng.random() < 0.4 and not kind.cut
        self._hand = skin(rng)
        self._tremor = _Tremor(rng)
        self._gaze = rng.uniform(-1, 1, 2)

    def frame(self, shown: Picture, time: float, rng: np.random.Generator) -> Presentation:
        picture, box, points = shown
        pose = self._pose.moved(self._tremor.at(time))
        face = self._face * self._pose.distance / pose.distance
        projection = Projection(pose, self._bend, face, *self._size)
        view = projection.view()
        texture, mask, scale, offset = self._texture(picture, points)
        to_texture = self._height * scale
        map_x = np.where(view.met, view.s * to_texture + offset[0], -1e4).astype(np.float32)
        map_y = np.where(view.met, view.t * to_texture + offset[1], -1e4).astype(np.float32)
        seen = cv2.remap(texture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32) / 255
        covered = cv2.remap(mask, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0).astype(np.float32) / 255
        seen = self._look(seen, view, face, time, (pose.yaw, pose.pitch))
        behind = self._room
        if self._shade:
            behind = shadow(behind, covered, (self._cast[0] * face, self._cast[1] * face), 0.06 * face, self._shade)
        if self._kind.cut:
            behind = behind.copy()
            eyes = projection.project((points[:2] - self._middle) / self._height)
            self._cut.behind(behind, eyes, (float(np.sin(time + self._gaze[0] * 3)), float(self._gaze[1])))
        light = behind.astype(np.float32) / 255
        if self._kind.screen:
            light += self._display.glow * blurred(seen * covered[:, :, None], 0.25 * face)
        light += (seen - light) * covered[:, :, None]
        canvas = np.clip(light * 255 + 0.5, 0, 255).astype(np.uint8)
        if self._held:
            thumbs(canvas, projection.project(self._corners()), face, self._hand)
        image = self._camera.take(canvas, rng)
        return Presentation(image, *self._where(projection, box, points))

    def _texture(self, picture: Image, points: Floats) -> tuple[Image, Image, float, NDArray[np.float64]]:
        """What is on the sheet, where it is paper or screen, its pixels for each of the picture's, and the face's middle in it."""
        x0, y0, x1, y1 = self._region
        fine, share = _smaller(picture[y0:y1, x0:x1], 1.2 * self._face / self._height)
        rng = np.random.default_rng(self._texture_seed)
        shown = self._display.shown(fine) if self._kind.screen else self._ink.printed(fine, rng)
        mask = np.full(shown.shape[:2], 255, np.uint8)
        rim = round(self._rim * max(mask.shape))
        offset = (self._middle - (x0, y0)) * share + rim
        if self._kind.cut:
            half = (np.array([0.42, 0.55]) * self._height * share).astype(np.float32)
            eyes = ((points[:2] - np.array([x0, y0])) * share).astype(np.float32)
            mask = self._cut.mask(mask.shape[:2], offset.astype(np.float32), half, eyes)
        if rim:
            shown = np.asarray(cv2.copyMakeBorder(shown, rim, rim, rim, rim, cv2.BORDER_CONSTANT, value=self._rim_colour), np.uint8)
            mask = np.asarray(cv2.copyMakeBorder(mask, rim, rim, rim, rim, cv2.BORDER_CONSTANT, value=255), np.uint8)
        mask[[0, -1]], mask[:, [0, -1]] = 0, 0
        return np.ascontiguousarray(shown), mask, share, offset

    def _look(self, seen: Floats, view: View, face: float, time: float, tilt: tuple[float, float]) -> Floats:
        pixel = 1 / face
        if self._kind.screen:
            lit = self._display.seen(seen, view, pixel, time)
            lit = self._display.reflecting(lit, np.asarray(self._room, np.float32) / np.float32(255))
            # Room light does not shade a screen; it is mirrored.
            bright = Sheen(1.0, 0.0, 0.0, self._sheen.x, self._sheen.y, self._sheen.spread, self._sheen.strength, 0.0, 0.0)
            return bright.lit(lit, view, tilt)
        return self._sheen.lit(self._ink.halftone(seen, view, pixel), view, tilt)

    def _corners(self) -> NDArray[np.float64]:
        x0, y0, x1, y1 = self._region
        rim = self._rim * max(x1 - x0, y1 - y0)
        places = np.array([[x0 - rim, y0 - rim], [x1 + rim, y0 - rim], [x1 + rim, y1 + rim], [x0 - rim, y1 + rim]], np.float64)
        return (places - self._middle) / self._height

    def _where(self, projection: Projection, box: Box, points: Floats) -> tuple[Box, Floats]:
        """Box and landmarks as the camera sees them: the bounding box of the face's ellipse."""
        angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        edge = np.asarray(box.centre) + np.column_stack([np.cos(angles), np.sin(angles)]) * (box.width / 2, box.height / 2)
        places = projection.project((np.concatenate([edge, points]) - self._middle) / self._height)
        low, high = places[:24].min(0), places[:24].max(0)
        return Box(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])), places[24:]


class _Tremor:
    """A hand over time: a slow movement that was meant and a fast one that was not."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._slow = rng.normal(0, 1, 6) * (0.10, 0.06, 0.04, 0.08, 0.06, 0.10)
        self._fast = rng.normal(0, 1, (6, 2)) * np.array([0.008, 0.008, 0.006, 0.008, 0.008, 0.004])[:, None]
        self._hertz = np.column_stack([rng.uniform(0.08, 0.35, 6), rng.uniform(1, 3, 6), rng.uniform(4, 9, 6)])
        self._phase = rng.uniform(0, 2 * np.pi, (6, 2))

    def at(self, time: float) -> NDArray[np.float64]:
        """How far (yaw, pitch, roll, x, y, logarithm of distance) from the first moment's pose."""
        slow = self._slow * np.sin(2 * np.pi * self._hertz[:, 0] * time)
        fast = self._fast * np.sin(2 * np.pi * self._hertz[:, 1:] * time + self._phase)
        return np.asarray(slow + fast.sum(1))


def _region(picture: Image, box: Box, rng: np.random.Generator, whole: float) -> tuple[int, int, int, int]:
    """What of the picture is on the sheet, x0, y0, x1, y1: all of it (with chance `whole`), else a part around the face."""
    rows, columns = picture.shape[:2]
    if rng.random() < whole:
        return 0, 0, columns, rows
    x, y = box.centre
    beside, above, below = (float(v) for v in rng.uniform(0.5, 1.5, 3) * (1.0, 0.9, 1.2) * box.height)
    return (max(int(x - max(beside, 0.55 * box.width)), 0), max(int(y - max(above, 0.6 * box.height)), 0),
            min(int(x + max(beside, 0.55 * box.width)) + 1, columns), min(int(y + max(below, 0.6 * box.height)) + 1, rows))


def _smaller(picture: Image, scale: float) -> tuple[Image, float]:
    """The picture shrunk to what `scale` needs (never enlarged), and by how much: shrinking in a warp would alias."""
    if scale >= 0.9:
        return picture, 1.0
    rows, columns = picture.shape[:2]
    size = (max(round(columns * scale), 4), max(round(rows * scale), 4))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8), size[0] / columns
