"""Micro-texture of faces to learn a line from: real captures and simulated presentations, each source as often alive as attacked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from converter.training.liveness_data import Album, Shot
from converter.training.liveness_samples import Sampler, Sampling
from edge_face.types import Box, Floats, Image
from edge_face.vision.live_cues.texture import NUMBERS, face_patterns

FOLDS = 7
"""Parts of the people of a source, of which one is held out at a time; seven, as many as train of NUAA."""
AS_IS = 0.5
"""How often a real capture is looked at without another light on it."""
SMALLEST = 64.0
"""Height in pixels to which real captures are shrunk at most: people at a door stand farther off."""
JUMP = 0.02
"""How much boxes differ from look to look, in their sides."""
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """`numbers` (n, NUMBERS) of `face_patterns`; `live`; `source` and `species` of each; `real`: no simulation; `fold`: which part
    of its source's people it is of."""

    numbers: Floats
    live: npt.NDArray[np.bool_]
    source: npt.NDArray[np.str_]
    species: npt.NDArray[np.str_]
    real: npt.NDArray[np.bool_]
    fold: npt.NDArray[np.int_]

    def part(self, chosen: npt.NDArray[np.bool_]) -> Patterns:
        """Those that are chosen."""
        return Patterns(self.numbers[chosen], self.live[chosen], self.source[chosen], self.species[chosen], self.real[chosen],
                        self.fold[chosen])

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


def drawn(album: Album, how: Sampling, count: int, seed: int, step: Callable[[], None] = lambda: None) -> Patterns:
    """The texture of `count` presentations. Faces that come out too small are left out. Raises ValueError for an album without
    living faces."""
    sampler, folds = Sampler(album, how), folds_of(album.shots)
    rows: list[tuple[Floats, bool, str, str, bool, int]] = []
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        shot, species = sampler.chosen(rng)
        real = not species or (species == "live" and shot.source in ("nuaa", "own"))
        image, box = shrunk(shot.image(), shot.box, rng) if real and rng.random() < AS_IS else sampler.presented(shot, species, rng)
        found = face_patterns(image, _jumped(box, rng))
        if found is not None:
            rows.append((found, (species or shot.species) == "live", shot.source, species or shot.species, real,
                         folds[shot.source, shot.subject]))
        step()
    return gathered(rows)


def captured(shots: Sequence[Shot]) -> Patterns:
    """The texture of real captures as they are."""
    folds = folds_of(shots)
    rows = [(found, shot.live, shot.source, shot.species, True, folds[shot.source, shot.subject]) for shot in shots
            if (found := face_patterns(shot.image(), shot.box)) is not None]
    return gathered(rows)


def gathered(rows: Sequence[tuple[Floats, bool, str, str, bool, int]]) -> Patterns:
    """Rows of numbers, live, source, species, real and fold."""
    columns = list(zip(*rows, strict=True)) or [()] * 6
    numbers = np.stack(columns[0]) if rows else np.zeros((0, NUMBERS))
    return Patterns(np.asarray(numbers, np.float32), np.array(columns[1], np.bool_), np.array(columns[2], np.str_),
                    np.array(columns[3], np.str_), np.array(columns[4], np.bool_), np.array(columns[5], np.int_))


def folds_of(shots: Sequence[Shot]) -> dict[tuple[str, str], int]:
    """By source and subject the part that is held out together."""
    people = sorted({(shot.source, shot.subject) for shot in shots})
    return {person: number % FOLDS for source in {source for source, _ in people}
            for number, person in enumerate(person for person in people if person[0] == source)}


def shrunk(image: Image, box: Box, rng: np.random.Generator) -> tuple[Image, Box]:
    """The picture as of a face farther off: its height between SMALLEST and its own, two thirds of the time."""
    if box.height <= SMALLEST or rng.random() < 1 / 3:
        return image, box
    scale = float(np.exp(rng.uniform(np.log(SMALLEST / box.height), 0.0)))
    size = (max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return small, box.scaled(size[0] / image.shape[1], size[1] / image.shape[0])


def _jumped(box: Box, rng: np.random.Generator) -> Box:
    x, y, across, down = rng.normal(0, JUMP, 4)
    return Box(box.x + x * box.width, box.y + y * box.height, box.width * (1 + across), box.height * (1 + down))
