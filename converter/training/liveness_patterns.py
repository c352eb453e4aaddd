"""Micro-texture of real captures to learn skin from: of living people and of attacks, near and farther off, in other lights.

Nothing is learned of skin from simulated presentations: their texture is that of our own scripts. Mixed in, they made it several
times as wrong on real prints of people held out, and it told little of them (docs/decisions/liveness.md). They are what it must not
believe to know: `foreign`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from converter.training.attacks import present
from converter.training.attacks.camera import Camera
from converter.training.liveness_data import Album, Shot
from converter.training.liveness_samples import Sampler, Sampling
from edge_face.types import Box, Floats, Image
from edge_face.vision.live_cues.texture import NUMBERS, face_patterns

SOURCES = ("nuaa", "own")
"""Those of real captures."""
FOLDS = 7
"""Parts of the people of a source, of which one is held out at a time; seven, as many as train of NUAA."""
AS_IS, LIT = 0.5, 0.35
"""How often a capture is looked at as it is or from farther off, and in another light; else through a poor camera once more."""
SMALLEST = 64.0
"""Height in pixels to which faces are shrunk at most: people at a door stand farther off."""
JUMP = 0.02
"""How much boxes differ from look to look, in their sides."""
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """`numbers` (n, NUMBERS) of `face_patterns`; `live`; `source` and `species` of each; `fold`: which part of its source's people
    it is of."""

    numbers: Floats
    live: npt.NDArray[np.bool_]
    source: npt.NDArray[np.str_]
    species: npt.NDArray[np.str_]
    fold: npt.NDArray[np.int_]

    def part(self, chosen: npt.NDArray[np.bool_]) -> Patterns:
        """Those that are chosen."""
        return Patterns(self.numbers[chosen], self.live[chosen], self.source[chosen], self.species[chosen], self.fold[chosen])

    @property
    def weights(self) -> Reals:
        """What each counts for: every source's living as much as its attacks, so that a source tells nothing; 1 in all."""
        weight = np.zeros(len(self.live))
        sources = np.unique(self.source)
        for source in sources:
            for live in (True, False):
                own = (self.source == source) & (self.live == live)
                weight[own] = 0.5 / len(sources) / max(int(own.sum()), 1)
        return weight


def captured(shots: Sequence[Shot], views: int = 0, seed: int = 0, step: Callable[[], None] = lambda: None) -> Patterns:
    """The texture of real captures as they are, and of `views` others of each. Faces that are too small are left out."""
    folds = folds_of(shots)
    rows: list[tuple[Floats, bool, str, str, int]] = []
    for number, shot in enumerate(shots):
        image, rng = shot.image(), np.random.default_rng((seed, number))
        looks = [(image, shot.box), *(_seen(image, shot, rng) for _ in range(views))]
        found = [face_patterns(seen, box) for seen, box in looks]
        rows += [(numbers, shot.live, shot.source, shot.species, folds[shot.source, shot.subject]) for numbers in found
                 if numbers is not None]
        step()
    return gathered(rows)


def foreign(album: Album, count: int, seed: int, step: Callable[[], None] = lambda: None) -> Patterns:
    """The texture of `count` simulated presentations of an album's other sources, living and attacked; none where there are none."""
    shares = {source: share for source, share in Sampling().sources.items() if source not in SOURCES and album.of(source, live=True)}
    rows: list[tuple[Floats, bool, str, str, int]] = []
    sampler = Sampler(album, Sampling(sources=shares)) if shares else None
    for number in range(count if sampler else 0):
        rng = np.random.default_rng((seed, number))
        assert sampler is not None
        shot, species = sampler.chosen(rng)
        image, box = sampler.presented(shot, species, rng)
        found = face_patterns(image, _jumped(box, rng))
        if found is not None:
            rows.append((found, species == "live", shot.source, species, number % FOLDS))
        step()
    return gathered(rows)


def gathered(rows: Sequence[tuple[Floats, bool, str, str, int]]) -> Patterns:
    """Rows of numbers, live, source, species and fold."""
    columns = list(zip(*rows, strict=True)) or [()] * 5
    numbers = np.stack(columns[0]) if rows else np.zeros((0, NUMBERS))
    return Patterns(np.asarray(numbers, np.float32), np.array(columns[1], np.bool_), np.array(columns[2], np.str_),
                    np.array(columns[3], np.str_), np.array(columns[4], np.int_))


def folds_of(shots: Sequence[Shot]) -> dict[tuple[str, str], int]:
    """By source and subject the part that is held out together."""
    people = sorted({(shot.source, shot.subject) for shot in shots})
    return {person: number % FOLDS for source in {source for source, _ in people}
            for number, person in enumerate(person for person in people if person[0] == source)}


def shrunk(image: Image, box: Box, rng: np.random.Generator) -> tuple[Image, Box]:
    """The picture as of a face farther off: its height between SMALLEST and its own."""
    if box.height <= SMALLEST:
        return image, box
    scale = float(np.exp(rng.uniform(np.log(SMALLEST / box.height), 0.0)))
    size = (max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return small, box.scaled(size[0] / image.shape[1], size[1] / image.shape[0])


def _seen(image: Image, shot: Shot, rng: np.random.Generator) -> tuple[Image, Box]:
    kind, box = rng.random(), _jumped(shot.box, rng)
    if kind < AS_IS:
        return shrunk(image, box, rng)
    if kind < AS_IS + LIT:
        return shrunk(Camera.exposed(rng).take(image, rng), box, rng)
    face = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(150))))
    made = present("live", image, box, shot.landmarks, rng, face=face)
    return made.image, made.box


def _jumped(box: Box, rng: np.random.Generator) -> Box:
    x, y, across, down = rng.normal(0, JUMP, 4)
    return Box(box.x + x * box.width, box.y + y * box.height, box.width * (1 + across), box.height * (1 + down))
