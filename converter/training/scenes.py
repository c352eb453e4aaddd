"""Scenes: the three ways in which `composites` puts a training picture together, and the mixture of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.training.composites import Canvas, Floats, Image, Labels, Photo, affine, finish, paste


@dataclass(frozen=True)
class Mixture:
    """Shares of the kinds of picture (the rest are cut-outs) and the range of pasted face heights at 240
    rows."""

    mosaic: float = 0.30
    plain: float = 0.15
    smallest: float = 8.0
    largest: float = 260.0
    small_share: float = 0.40


class Painter:
    """Paints composites of one size from a set of photos; all chance comes from the generator handed in."""

    def __init__(
        self, photos: Sequence[Photo], width: int = 320, height: int = 240, mixture: Mixture | None = None
    ) -> None:
        self.width = width
        self.height = height
        self.mixture = mixture or Mixture()
        self.faces = [p for p in photos if p.kind != "background"]
        self.scenes = [p for p in photos if p.kind == "background"]
        self.portraits = [p for p in photos if p.kind == "portrait"]
        self.cutouts = [p for p in self.faces if p.single and p.labels.boxes[0, 3] >= 48]
        self.crowds = [p for p in self.faces if p.kind == "mask" or len(p.labels.boxes) > 1]
        if not (self.faces and self.scenes and self.cutouts):
            raise ValueError("composites need portraits with one face and background pictures")
        self.crowds = self.crowds or self.faces

    def paint(self, rng: np.random.Generator, *, clean: bool = False) -> tuple[Image, Labels]:
        """One composite: BGR uint8 (height, width, 3) and its labels."""
        kind = rng.random()
        if kind < self.mixture.mosaic:
            canvas = self.mosaic(rng)
        elif kind < self.mixture.mosaic + self.mixture.plain:
            canvas = self.plain(rng)
        else:
            canvas = self.cut(rng)
        return finish(canvas, rng, clean=clean)

    def face_height(self, rng: np.random.Generator) -> float:
        """A face height in pixels: log-uniform, with an extra share of small ones."""
        scale = self.height / 240
        top = 32.0 if rng.random() < self.mixture.small_share else self.mixture.largest
        return float(np.exp(rng.uniform(np.log(self.mixture.smallest), np.log(top)))) * scale

    def blank(self) -> Canvas:
        shape = (self.height, self.width)
        return Canvas(np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.uint8))

    def fill(
        self, canvas: Canvas, photo: Photo, region: tuple[int, int, int, int], rng: np.random.Generator
    ) -> None:
        """Cover a region with a photo at a scale that fills it, or with a random crop of it up to four
        times larger."""
        x0, y0, x1, y1 = region
        width, height = photo.size
        least = max((x1 - x0) / width, (y1 - y0) / height)
        scale = least * float(np.exp(rng.uniform(0, 0.9) if rng.random() < 0.7 else rng.uniform(0, 1.4)))
        if photo.single and float(photo.labels.boxes[0, 3]) * scale > 0.75 * (y1 - y0):
            # A portrait that is zoomed further shows half a face, which teaches nothing.
            scale = least * float(np.exp(rng.uniform(0, 0.15)))
        spare = np.maximum(np.array([width - (x1 - x0) / scale, height - (y1 - y0) / scale]) / 2, 0)
        middle = np.array([width, height]) / 2
        centre = middle + rng.uniform(-1, 1, 2) * spare
        if photo.single and rng.random() < 0.8:
            face = photo.labels.boxes[0, :2] + photo.labels.boxes[0, 2:] / 2
            centre = np.clip(
                face + rng.normal(0, 0.35, 2) * photo.labels.boxes[0, 2:], middle - spare, middle + spare
            )
        degrees = float(rng.normal(0, 5)) if rng.random() < 0.4 else 0.0
        matrix = affine(
            (float(centre[0]), float(centre[1])),
            ((x0 + x1) / 2, (y0 + y1) / 2),
            scale,
            degrees=degrees,
            mirror=bool(rng.random() < 0.5),
        )
        paste(canvas, photo, matrix, region, None)

    def plain(self, rng: np.random.Generator) -> Canvas:
        """One photo, zoomed: into it, or small within an empty scene so that its faces become small."""
        canvas = self.blank()
        pool = self.crowds if rng.random() < 0.6 else self.faces
        photo = pool[int(rng.integers(len(pool)))]
        self.fill(canvas, photo, (0, 0, self.width, self.height), rng)
        return canvas

    def mosaic(self, rng: np.random.Generator) -> Canvas:
        """One to nine tiles of photos with faces and without, cut at random lines."""
        canvas = self.blank()
        counts = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
        cuts = []
        for side, count in zip((self.width, self.height), counts, strict=True):
            inner = np.linspace(0, side, count + 1)[1:-1] + rng.uniform(-0.15, 0.15, count - 1) * side
            cuts.append([0, *(int(v) for v in inner), side])
        for y0, y1 in zip(cuts[1][:-1], cuts[1][1:], strict=True):
            for x0, x1 in zip(cuts[0][:-1], cuts[0][1:], strict=True):
                kind = rng.random()
                pool = self.portraits if kind < 0.45 else self.crowds if kind < 0.75 else self.scenes
                pool = pool or self.faces
                self.fill(canvas, pool[int(rng.integers(len(pool)))], (x0, y0, x1, y1), rng)
        return canvas

    def backdrop(self, canvas: Canvas, rng: np.random.Generator) -> None:
        """A photo without faces, a wall, a gradient, or a room of rectangles."""
        kind = rng.random()
        if kind < 0.62:
            photo = self.scenes[int(rng.integers(len(self.scenes)))]
            self.fill(canvas, photo, (0, 0, self.width, self.height), rng)
        elif kind < 0.85:
            canvas.image[:] = room(self.width, self.height, rng)
        else:
            canvas.image[:] = gradient(self.width, self.height, rng)

    def cut(self, rng: np.random.Generator) -> Canvas:
        """Cut-out heads and shoulders, and patches of empty scenes so that an edge of a paste means
        nothing."""
        canvas = self.blank()
        self.backdrop(canvas, rng)
        count = int(rng.choice(7, p=(0.13, 0.22, 0.21, 0.17, 0.12, 0.09, 0.06)))
        heights = sorted(self.face_height(rng) for _ in range(count))
        for height in heights:
            if rng.random() < 0.5:
                self.decoy(canvas, rng)
            self.person(canvas, height, rng)
        if not count or rng.random() < 0.3:
            self.decoy(canvas, rng)
        return canvas

    def person(self, canvas: Canvas, height: float, rng: np.random.Generator) -> None:
        """Paste one head, `height` pixels of face, anywhere: seldom over a face that is already there."""
        photo = self.cutouts[int(rng.integers(len(self.cutouts)))]
        box = photo.labels.boxes[0]
        scale = height / float(box[3])
        if scale > 3.5:
            return
        squeeze = float(rng.uniform(0.55, 0.9)) if rng.random() < 0.2 else float(rng.uniform(0.9, 1.1))
        source = (float(box[0] + box[2] / 2), float(box[1] + box[3] / 2))
        margin = 0.25 * height
        target = (0.0, 0.0)
        for _ in range(4):
            target = (
                float(rng.uniform(-margin, self.width + margin)),
                float(rng.uniform(-margin * 0.6, self.height + margin)),
            )
            if rng.random() < 0.25 or all(
                np.hypot(*(b[0, :2] + b[0, 2:] / 2 - target)) > 0.5 * (height + b[0, 3])
                for b in (labels.boxes for _, labels in canvas.faces)
                if len(b)
            ):
                break
        degrees = float(np.clip(rng.normal(0, 9), -25, 25))
        matrix = affine(
            source, target, scale, degrees=degrees, squeeze=squeeze, mirror=bool(rng.random() < 0.5)
        )
        reach = height * np.array([1.25, 0.95, 1.5])  # sideways, up, down from the centre of the face
        x0, x1 = int(max(target[0] - reach[0], 0)), int(min(target[0] + reach[0], self.width))
        y0, y1 = int(max(target[1] - reach[1], 0)), int(min(target[1] + reach[2], self.height))
        if x1 - x0 < 3 or y1 - y0 < 3:
            return
        mask = outline((x0, y0, x1, y1), target, height, float(box[2]) * scale * squeeze, degrees, rng)
        paste(canvas, photo, matrix, (x0, y0, x1, y1), mask)

    def decoy(self, canvas: Canvas, rng: np.random.Generator) -> None:
        """Paste a head-shaped or rectangular piece of an empty scene, or a piece of skin."""
        if rng.random() < 0.4:
            self.skin(canvas, rng)
            return
        photo = self.scenes[int(rng.integers(len(self.scenes)))]
        height = self.face_height(rng)
        target = (float(rng.uniform(0, self.width)), float(rng.uniform(0, self.height)))
        x0, x1 = int(max(target[0] - 1.1 * height, 0)), int(min(target[0] + 1.1 * height, self.width))
        y0, y1 = int(max(target[1] - height, 0)), int(min(target[1] + 1.4 * height, self.height))
        if x1 - x0 < 3 or y1 - y0 < 3:
            return
        width, rows = photo.size
        source = (float(rng.uniform(0.2, 0.8)) * width, float(rng.uniform(0.2, 0.8)) * rows)
        matrix = affine(
            source, target, float(np.exp(rng.uniform(-1.5, 0.5))), mirror=bool(rng.random() < 0.5)
        )
        shape = (
            outline((x0, y0, x1, y1), target, height, 0.75 * height, 0.0, rng)
            if rng.random() < 0.75
            else None
        )
        paste(canvas, photo, matrix, (x0, y0, x1, y1), shape, keep=False)

    def skin(self, canvas: Canvas, rng: np.random.Generator) -> None:
        """Paste an oval of cheek or forehead: hands and shoes are such blobs too, and have no eyes."""
        photo = self.cutouts[int(rng.integers(len(self.cutouts)))]
        box, points = photo.labels.boxes[0], photo.labels.landmarks[0].reshape(5, 2)
        if not np.isfinite(points).all():
            return
        if rng.random() < 0.6:
            side = int(rng.integers(2))
            edge = float(box[0] + side * box[2])
            cheek = 0.45 * edge + 0.55 * float(points[3 + side, 0]), float(points[2, 1])
        else:
            eyes = points[:2].mean(0)
            cheek = float(eyes[0]), float(eyes[1] - 0.45 * (eyes[1] - box[1]))
        size = float(np.exp(rng.uniform(np.log(6), np.log(70)))) * self.height / 240
        scale = min(size / (0.25 * float(box[2])), 4.0)
        target = (float(rng.uniform(0, self.width)), float(rng.uniform(0, self.height)))
        x0, x1 = int(max(target[0] - size, 0)), int(min(target[0] + size, self.width))
        y0, y1 = int(max(target[1] - size, 0)), int(min(target[1] + size, self.height))
        if x1 - x0 < 3 or y1 - y0 < 3:
            return
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        middle = (round((target[0] - x0) * 8), round((target[1] - y0) * 8))
        axes = (max(round(4 * size), 8), max(round(4 * size * float(rng.uniform(0.45, 1.0))), 8))
        cv2.ellipse(mask, middle, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA, 3)
        matrix = affine(cheek, target, scale, degrees=float(rng.uniform(-180, 180)))
        paste(canvas, photo, matrix, (x0, y0, x1, y1), mask, keep=False)


def outline(
    region: tuple[int, int, int, int],
    centre: tuple[float, float],
    height: float,
    width: float,
    degrees: float,
    rng: np.random.Generator,
) -> Image:
    """A feathered head, mostly with shoulders, as a mask of the region (0..255)."""
    x0, y0, x1, y1 = region
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cx, cy = centre[0] - x0, centre[1] - y0
    head = (max(0.5 * width * rng.uniform(1.25, 1.6), 1.0), max(0.5 * height * rng.uniform(1.25, 1.55), 1.0))

    def oval(x: float, y: float, axes: tuple[float, float]) -> None:
        point = (round(x * 8), round(y * 8))
        size = (max(round(axes[0] * 8), 1), max(round(axes[1] * 8), 1))
        cv2.ellipse(mask, point, size, degrees, 0, 360, 255, -1, cv2.LINE_AA, 3)

    oval(cx, cy - 0.1 * height, head)
    if rng.random() < 0.85:
        lean = np.deg2rad(degrees)
        oval(
            cx - np.sin(lean) * height,
            cy + np.cos(lean) * 1.35 * height,
            (1.15 * max(width, 0.6 * height), 0.75 * height),
        )
    feather = float(rng.uniform(0.01, 0.06)) * height
    if feather > 0.4:
        size = 2 * int(1.5 * feather + 0.5) + 1
        mask = cv2.blur(mask, (size, size)).astype(np.uint8)
    return mask


def gradient(width: int, height: int, rng: np.random.Generator) -> Image:
    """A plain wall under uneven light."""
    corners = np.clip(rng.integers(10, 246, 3) + rng.normal(0, 25, (2, 2, 3)), 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def room(width: int, height: int, rng: np.random.Generator) -> Image:
    """A made-up room: wall, floor, doors, pictures, lamps and stripes as rectangles, circles and lines."""
    image = gradient(width, height, rng)

    def shade() -> tuple[int, int, int]:
        blue, green, red = (int(v) for v in np.clip(rng.integers(5, 250) + rng.normal(0, 25, 3), 0, 255))
        return blue, green, red

    floor = int(height * rng.uniform(0.5, 0.95))
    cv2.rectangle(image, (0, floor), (width, height), shade(), -1)
    for _ in range(int(rng.integers(2, 14))):
        size: NDArray[np.float64] = np.exp(rng.uniform(np.log(5), np.log(150), 2))
        x, y = int(rng.uniform(-10, width)), int(rng.uniform(-10, height))
        kind = rng.random()
        thickness = -1 if rng.random() < 0.8 else int(rng.integers(1, 4))
        if kind < 0.6:
            cv2.rectangle(image, (x, y), (x + int(size[0]), y + int(size[1])), shade(), thickness)
        elif kind < 0.8:
            cv2.ellipse(
                image,
                (x, y),
                (int(size[0] / 2) + 1, int(size[1] / 2) + 1),
                float(rng.uniform(0, 180)),
                0,
                360,
                shade(),
                thickness,
                cv2.LINE_AA,
            )
        else:
            end = (x + int(rng.normal(0, 120)), y + int(rng.normal(0, 120)))
            cv2.line(image, (x, y), end, shade(), int(rng.integers(1, 6)), cv2.LINE_AA)
    return image


__all__ = ["Floats", "Mixture", "Painter", "gradient", "outline", "room"]
