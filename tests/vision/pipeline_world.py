"""People on a grey wall before a pipeline, with a detector, embedder and gallery of the test's own."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from edge_face.errors import ModelError
from edge_face.settings import Settings
from edge_face.types import Box, Detection, Floats, Frame, Image, Match, Scene, Track
from edge_face.vision.align import TEMPLATE
from edge_face.vision.pipeline import VisionPipeline

WIDTH, HEIGHT = 640, 480
STEP = 1 / 15
BEN, HIRO = 1, 2
"""Seeds of two people's directions in the embedding space."""


def direction(seed: int) -> Floats:
    vector = np.random.default_rng(seed).normal(size=64)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def paint(canvas: Image, who: int, x: float, y: float, eye: float) -> Floats:
    """Draws a textured patch whose red, once aligned, says who it is; returns its landmarks."""
    scale = eye / 35.24
    side = round(112 * scale)
    rng = np.random.default_rng(5)
    patch = rng.integers(70, 180, (112, 112, 3), dtype=np.uint8)
    patch[30:80, 30:80, 2] = 40 * who
    patch = cv2.resize(patch, (side, side), interpolation=cv2.INTER_NEAREST)
    x0, y0 = round(x), round(y)
    left, top = max(x0, 0), max(y0, 0)
    part = patch[top - y0:, left - x0:][:max(HEIGHT - top, 0), :max(WIDTH - left, 0)]
    canvas[top:top + part.shape[0], left:left + part.shape[1]] = part
    return (TEMPLATE * scale + (x0, y0)).astype(np.float32)


class World:
    """People on a grey wall. `people`: name -> (who, x, y, eye distance, detection score)."""

    recognise, hide = 0.5, 0.1

    def __init__(self, settings: Settings | None = None, enrolled: Sequence[int] = (BEN,), *, wall: int = 128, **options: object) -> None:
        self.people: dict[str, tuple[int, float, float, float, float]] = {}
        self.wall, self.embeddings, self.asked = wall, 0, list[float]()
        self.gallery = Gallery(enrolled)
        self.now, self.index = 50.0, -1
        self.noise = 0.3
        self.broken = ""
        self.pipeline = VisionPipeline(settings or Settings(), self, self, self.gallery, **options)  # type: ignore[arg-type]
        self.known: dict[str, Floats] = {}

    def detect(self, image: Image, threshold: float) -> list[Detection]:
        if self.broken == "detector":
            raise ModelError("broken")
        self.asked.append(threshold)
        found = []
        for name, (_, x, y, eye, score) in self.people.items():
            side = 112 * eye / 35.24
            found.append(Detection(Box(round(x), round(y), side, side * 1.1), self.known[name], score))
        return [d for d in found if d.score >= threshold]

    def embed(self, aligned: Image) -> Floats:
        if self.broken == "embedder":
            raise ModelError("broken")
        self.embeddings += 1
        who = round(float(aligned[40:70, 40:70, 2].mean()) / 40)
        vector = direction(who) + self.noise * np.random.default_rng(self.embeddings).normal(size=64) / 8
        return (vector / np.linalg.norm(vector)).astype(np.float32)

    def frame(self, step: float = STEP, *, detail: float = 0.0, dark: bool = False) -> Frame:
        self.now += step
        self.index += 1
        canvas = np.full((HEIGHT, WIDTH, 3), self.wall, np.uint8)
        self.known = {n: paint(canvas, w, x, y, e) for n, (w, x, y, e, _) in self.people.items()}
        if dark:
            canvas //= 12
        large = cv2.resize(canvas, None, fx=detail, fy=detail, interpolation=cv2.INTER_NEAREST) if detail else None
        return Frame(self.index, self.now, 1e9 + self.now, canvas, large)

    def look(self, step: float = STEP, **options: object) -> Scene:
        return self.pipeline.process(self.frame(step, **options))  # type: ignore[arg-type]


class Gallery:
    """Persons p1, p2, ... by their seeds."""

    def __init__(self, enrolled: Sequence[int], single: float = 0.6, pooled: float = 0.7) -> None:
        self.people = {f"p{s}": direction(s) for s in enrolled}
        self.single, self.pooled = single, pooled

    def _best(self, embedding: Floats) -> tuple[float, str | None]:
        return max(((float(v @ embedding), n) for n, v in self.people.items()), default=(-1.0, None))

    def match(self, embedding: Floats, monotonic: float) -> Match:
        score, best = self._best(embedding)
        return Match(best if score >= self.pooled else None, best, score, self.pooled, -1.0, monotonic)

    def best_single(self, embedding: Floats) -> tuple[str | None, float]:
        score, best = self._best(embedding)
        return (best if score >= self.single else None), score

    def verify(self, person: str, embedding: Floats) -> tuple[float, float]:
        return float(self.people[person] @ embedding) if person in self.people else -1.0, self.pooled

    def verifies(self, person: str, embedding: Floats) -> bool:
        return self.verify(person, embedding)[0] >= self.single


def person(track: Track) -> str | None:
    return track.match.person if track.match else None


def named(scene: Scene) -> dict[int, str | None]:
    return {t.id: person(t) for t in scene.tracks}
