"""Crops to train and examine liveness with: a face through the camera as it is, or held up as an attack.

No source and no camera tells the label: each source is drawn as often live as attacked, and goes through the same camera, the
same cropping, the same cut edges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from converter.training.attacks import SPECIES, present
from converter.training.attacks.camera import Camera
from converter.training.liveness_data import LEFT_OUT, Album, Shot
from converter.training.recipe import ranged
from edge_face.types import Box, Image
from edge_face.vision.live_crop import SHARE, SIZE, live_crop

TRAINED = tuple(name for name in SPECIES if name not in ("live", LEFT_OUT))
"""Simulated species that training sees."""


@dataclass(frozen=True)
class Sampling:
    """`live`: the share of living faces. `sources`: how often each is drawn, of those that are there. `real`: how much of a
    source's attacks are its real ones, where it has any. `species`: how often each simulated one. `least` and `most` bound the
    crop's share, in longer sides of the box; `camera`: how often a real capture goes through the poor camera once more; `cut`: how
    often the picture ends near the face."""

    live: float = ranged(0.48, 0.05, 0.95)
    sources: Mapping[str, float] = field(default_factory=lambda: {"nuaa": 0.35, "detect": 0.4, "faces": 0.25, "own": 0.4})
    real: float = ranged(0.65, 0, 1)
    species: Mapping[str, float] = field(default_factory=lambda: {"print": 0.3, "bent-print": 0.2, "screen": 0.25, "replay": 0.25})
    least: float = ranged(1.1, 1.0, 4)
    most: float = ranged(2.0, 1.0, 4)
    camera: float = ranged(0.3, 0, 1)
    cut: float = ranged(0.3, 0, 1)

    def __post_init__(self) -> None:
        if self.least > self.most:
            raise ValueError("least must be at most most")
        if unknown := sorted(set(self.species) - set(SPECIES) | (set(self.species) & {"live"})):
            raise ValueError(f"species {unknown[0]} cannot be simulated: known are {', '.join(n for n in SPECIES if n != 'live')}")


NEAR = 1.3
"""The share of a crop that shows a face and next to nothing beside it."""


class Sampler:
    """Draws crops of SIZE x SIZE from an album."""

    def __init__(self, album: Album, how: Sampling) -> None:
        self._album, self._how = album, how
        named = [name for name in how.sources if how.sources[name] > 0 and album.of(name, live=True)]
        if not named:
            raise ValueError("none of the sources that the recipe names has living faces")
        self._live: Mapping[str, Sequence[Shot]] = {name: album.of(name, live=True) for name in named}
        self._attacks: Mapping[str, Sequence[Shot]] = {name: album.of(name, live=False) for name in named}
        weights = np.array([how.sources[name] for name in named], np.float64)
        self._sources, self._weights = named, weights / weights.sum()
        chances = np.array([how.species[name] for name in how.species], np.float64)
        self._species, self._chances = list(how.species), chances / chances.sum()

    def draw(self, rng: np.random.Generator, views: int = 1) -> tuple[list[Image], str]:
        """`views` crops (SIZE, SIZE, 3) of one presentation, and its species ("live": bona fide)."""
        shot, species = self.chosen(rng)
        image, box = self.presented(shot, species, rng)
        crops = []
        for _ in range(views):
            seen = cut_near(image, box, rng) if rng.random() < self._how.cut else (image, box)
            crops.append(self._cropped(*seen, rng))
        return crops, species or shot.species

    def chosen(self, rng: np.random.Generator) -> tuple[Shot, str]:
        """A face, and what it is shown as; "": the real capture of an attack as it is."""
        live = bool(rng.random() < self._how.live)
        source = str(rng.choice(self._sources, p=self._weights))
        real = self._attacks[source]
        if not live and real and rng.random() < self._how.real:
            return _any(real, rng), ""
        return _any(self._live[source], rng), "live" if live else str(rng.choice(self._species, p=self._chances))

    def presented(self, shot: Shot, species: str, rng: np.random.Generator) -> tuple[Image, Box]:
        """What the camera sees of it, and where the face is."""
        image = shot.image()
        captured = not species or (species == "live" and shot.source in ("nuaa", "own"))
        if captured and rng.random() >= self._how.camera:
            # A camera took it already: only another light, since real captures are of few rooms.
            return Camera.exposed(rng).take(image, rng), shot.box
        face = float(np.exp(rng.uniform(np.log(54), np.log(150))))
        shown = "live" if captured else species
        made = present(shown, image, shot.box, shot.landmarks, rng, None if shown == "live" else self._album.room(rng), face=face)
        if shown != "live" and rng.random() < 0.6:
            return cut_like(made.image, made.box, image, shot.box)
        return made.image, made.box

    def _cropped(self, image: Image, box: Box, rng: np.random.Generator) -> Image:
        # As the device crops, as little as pictures of faces alone give, and anything between.
        kind = rng.random()
        share = SHARE if kind < 0.35 else float(rng.uniform(self._how.least, self._how.most if kind < 0.7 else NEAR))
        x, y = rng.normal(0, 0.035, 2) * box.height
        grown = float(np.exp(rng.normal(0, 0.06)))
        across, down = box.width * grown, box.height * grown
        middle = box.centre
        moved = Box(middle[0] + x - across / 2, middle[1] + y - down / 2, across, down)
        crop = live_crop(image, moved, SIZE, share)
        return np.ascontiguousarray(crop[:, ::-1]) if rng.random() < 0.5 else crop


def examined(shot: Shot, species: str, album: Album, rng: np.random.Generator, share: float = SHARE) -> Image:
    """The crop as the device makes it, of a shot as it is (species "": no simulation) or presented."""
    if not species:
        return live_crop(shot.image(), shot.box, SIZE, share)
    made = present(species, shot.image(), shot.box, shot.landmarks, rng, None if species == "live" else album.room(rng))
    return live_crop(made.image, made.box, SIZE, share)


def cut_like(image: Image, box: Box, model: Image, around: Box) -> tuple[Image, Box]:
    """The picture cut as near to its face as the picture `model` is to its own, `around`: a living face of that source could
    show no more."""
    scale = box.height / around.height
    rows, columns = model.shape[:2]
    left, top = around.x * scale, around.y * scale
    right, below = (columns - around.x - around.width) * scale, (rows - around.y - around.height) * scale
    return _cut(image, box, (left, top, right, below))


def cut_near(image: Image, box: Box, rng: np.random.Generator) -> tuple[Image, Box]:
    """The picture cut at random near the face, on one side or on all."""
    margins = rng.uniform(0.03, 0.6, 4) * box.height
    if rng.random() < 0.5:
        margins[rng.permutation(4)[:3]] = 1e6
    return _cut(image, box, margins)


def _cut(image: Image, box: Box, margins: Sequence[float] | np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[Image, Box]:
    left, top, right, below = (float(v) for v in margins)
    rows, columns = image.shape[:2]
    x0, y0 = max(int(box.x - left), 0), max(int(box.y - top), 0)
    x1, y1 = min(int(box.x + box.width + right) + 1, columns), min(int(box.y + box.height + below) + 1, rows)
    if x1 - x0 < 16 or y1 - y0 < 16:
        return image, box
    return image[y0:y1, x0:x1], Box(box.x - x0, box.y - y0, box.width, box.height)


def _any(shots: Sequence[Shot], rng: np.random.Generator) -> Shot:
    """A shot, every subject's as often as another's would need an index; people have alike many here."""
    return shots[int(rng.integers(len(shots)))]


def erased(crop: Image, rng: np.random.Generator) -> Image:
    """With a piece of it grey (Zhong et al. 2017, random erasing), so that no single cue is relied on."""
    out = crop.copy()
    across, down = (int(v) for v in rng.integers(SIZE // 8, SIZE // 2, 2))
    x, y = int(rng.integers(0, SIZE - across)), int(rng.integers(0, SIZE - down))
    cv2.rectangle(out, (x, y), (x + across, y + down), tuple(float(v) for v in rng.integers(0, 255, 3)), -1)
    return out
