"""Unit vectors, templates, tables and readers for the tests of people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from edge_face.people.guide import Look
from edge_face.people.person import Consent, Given, Template
from edge_face.people.pictures import Picture, picture_of
from edge_face.types import Floats, Image, Quality

MODEL = "test-embedder-0123456789ab"
GIVEN = Given(1000.0, "asked in a test")
BOTH = Consent(GIVEN, GIVEN)
ONLY_RECOGNISE = Consent(GIVEN, None)
DIMENSION = 384


def unit(seed: int, dimension: int = DIMENSION) -> Floats:
    """A random direction, always the same for a seed."""
    vector = np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
    return vector / np.linalg.norm(vector)


def near(vector: Floats, similarity: float, seed: int) -> Floats:
    """A unit vector at that cosine to another."""
    other = unit(seed + 1_000_000, vector.size)
    other = other - (other @ vector) * vector
    other /= np.linalg.norm(other)
    mixed = similarity * vector + np.sqrt(1.0 - similarity**2) * other
    return (mixed / np.linalg.norm(mixed)).astype(np.float32)


def template(seed: int, model: str = MODEL, pose: str = "straight") -> Template:
    return Template(unit(seed), model, 0.9, pose, 1000.0)


def templates_like(seed: int, count: int = 4, similarity: float = 0.9) -> list[Template]:
    """Templates of one made-up person."""
    face = unit(seed)
    return [Template(near(face, similarity, 1000 * seed + k + 1), MODEL, 0.9, "straight", 1000.0) for k in range(count)]


def table(*rows: tuple[float, float], **more: Any) -> dict[str, Any]:
    """A table of a manifest: (fmr, similarity) from lax to strict."""
    return {"rows": [{"fmr": fmr, "similarity": similarity, "comparisons": 10**7, "false_matches": int(fmr * 10**7)}
                     for fmr, similarity in rows], **more}


THRESHOLDS = {
    "pooled": table((1e-1, 0.2), (1e-2, 0.3), (1e-3, 0.4), (1e-4, 0.5), (1e-5, 0.6), (1e-6, 0.7), templates=4),
    "single": table((1e-1, 0.15), (1e-2, 0.25), (1e-3, 0.35), (1e-4, 0.45), (1e-5, 0.55)),
}


def quality(yaw: float = 0.0, pitch: float = 0.0, sharpness: float = 1.0) -> Quality:
    return Quality(sharpness=sharpness, light=1.0, pose=1.0, size=1.0, occlusion=1.0, eye_distance=60.0, yaw=yaw, pitch=pitch,
                   roll=0.0)


class ScriptedReader:
    """A reader whose pictures say themselves what they show: pixel (0, 0) is the index of a look."""

    model = MODEL

    def __init__(self, looks: Iterable[Look]) -> None:
        self.looks = list(looks)

    def look(self, image: Image, monotonic: float = 0.0, detail: Image | None = None) -> Look:
        scripted = self.looks[int(image[0, 0, 0])]
        return replace(scripted, monotonic=monotonic)


def picture(index: int) -> Image:
    """The picture of the look at that index."""
    return np.full((4, 4, 3), index, np.uint8)


def crop(seed: int, wall: float = 1000.0) -> Picture:
    """A kept picture of noise, always the same for a seed."""
    noise = np.random.default_rng(seed).integers(0, 256, (112, 112, 3), np.uint8)
    return picture_of(noise, "straight", quality(), wall)
