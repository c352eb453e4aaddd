"""Training the passive attack detector: crops of living faces and of attacks in, one number out (the loop is `run.py`)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.training.attacks import SPECIES
from converter.training.forked import Arrays, ForkedBatches
from converter.training.liveness_data import LEFT_OUT, Album, Shot, data_digest, load_album
from converter.training.liveness_samples import Sampler, Sampling, erased, examined
from converter.training.recipe import ranged, read
from converter.training.recipe_parts import Common
from converter.training.stepper import Batch
from edge_face.errors import SettingsError, UsageError
from edge_face.vision.live_crop import SHARE, SIZE

BPCER = 0.05
"""The rate of living people refused at which attacks are counted in examinations."""
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Data:
    """`path` (or --data): see `liveness_data.load_album`. `faces`: at most so many aligned ones; `workers`: processes that make
    crops, `views` of each presentation."""

    path: str = ""
    faces: int = ranged(12000, 0, 1_000_000)
    workers: int = ranged(1, 1, 64)
    views: int = ranged(2, 1, 64)


@dataclass(frozen=True)
class Loss:
    """`smoothing` takes that much belief from the label; `erase`: how often a piece of the crop is covered."""

    smoothing: float = ranged(0.04, 0, 0.4)
    erase: float = ranged(0.2, 0, 1)


@dataclass(frozen=True)
class Exam:
    """How many are examined: `live` living faces and `each` presentations of every simulated species, of people held out."""

    live: int = ranged(500, 20, 100_000)
    each: int = ranged(150, 10, 100_000)


@dataclass(frozen=True, kw_only=True)
class LivenessRecipe(Common):
    """A recipe with `task = "liveness"`; `network` are the keywords of `liveness_net.build`."""

    data: Data = Data()
    sampling: Sampling = field(default_factory=Sampling)
    loss: Loss = Loss()
    exam: Exam = Exam()

    def __post_init__(self) -> None:
        if self.task != "liveness":
            raise ValueError(f'task is "{self.task}": train it with `edge-face-convert train {self.task}`')
        if self.start.mode not in ("new", "weights"):
            raise ValueError('[start] mode must be "new", or "weights" with --init')


def make(recipe: Path, data: Path | None, init: Path | None) -> LivenessTask:
    """The task of a recipe's file. Raises EdgeFaceError."""
    made = read(recipe, LivenessRecipe)
    if data is None and not made.data.path:
        raise UsageError("name the pictures with --data: a folder with LIVE/ and ATTACK-<species>/, or with liveness/, detect/, faces/")
    return LivenessTask(made, data or Path(made.data.path), made.start.source(init))


class LivenessTask:
    """See `converter.training.task.Task`."""

    def __init__(self, recipe: LivenessRecipe, data: Path, init: Path | None) -> None:
        self.recipe, self._path, self._init = recipe, data, init
        self._loaded: dict[str, Any] = {}

    def open(self, first: int) -> None:
        def say(text: str) -> None:
            print(text, file=sys.stderr, flush=True)

        album = load_album(self._path, "train", faces=self.recipe.data.faces, say=say)
        held = load_album(self._path, "calibration", faces=self.recipe.exam.live, say=say)
        try:
            self._sampler = Sampler(album, self.recipe.sampling)
        except ValueError as error:
            raise SettingsError(f"[sampling] {error}") from error
        self._exam = _exam(held, self.recipe.exam, np.random.default_rng((self.recipe.seed, 99)))
        counts = {f"{source}_{'live' if live else 'attacks'}": len(album.of(source, live))
                  for source in ("nuaa", "detect", "faces", "own") for live in (True, False)}
        self._loaded = {"digest": data_digest(self._path), **counts, "rooms": len(album.rooms), "examined": len(self._exam[0]),
                        "skipped": list(album.skipped[:20]), "skipped_count": len(album.skipped)}
        shapes = [((self.recipe.batch, SIZE, SIZE, 3), np.uint8), ((self.recipe.batch,), np.float32)]
        self._feeder = ForkedBatches(self._fill, shapes, self.recipe.data.workers, first)

    def _fill(self, number: int, arrays: Arrays) -> None:
        rng = np.random.default_rng((self.recipe.seed, number))
        for start in range(0, self.recipe.batch, self.recipe.data.views):
            crops, species = self._sampler.draw(rng, min(self.recipe.data.views, self.recipe.batch - start))
            for place, crop in enumerate(crops, start):
                arrays[0][place] = erased(crop, rng) if rng.random() < self.recipe.loss.erase else crop
                arrays[1][place] = float(species == "live")

    @property
    def data(self) -> Mapping[str, Any]:
        return self._loaded

    def build(self, resumed: Path | None) -> Any:
        from converter.training.liveness_net import build
        from converter.training.model_tools import draw, load_model, pour

        model = build(**self.recipe.network)
        draw(model, self.recipe.seed)
        if resumed is None and self.recipe.start.mode == "weights":
            self.recipe.start.needed(self._init)
        if resumed is None and self._init is not None:
            pour(model, load_model(self._init), self._init)
        return model

    def extras(self) -> Sequence[Any]:
        return ()

    def loss(self, outputs: Any, targets: Mapping[str, Any], extras: Sequence[Any]) -> dict[str, Any]:
        from keras import ops

        said = ops.clip(ops.reshape(outputs, (-1,)), 1e-6, 1 - 1e-6)
        smoothing = self.recipe.loss.smoothing
        wanted = targets["live"] * (1 - smoothing) + smoothing / 2
        right = ops.mean(ops.cast((said > 0.5) == (targets["live"] > 0.5), "float32"))
        return {"loss": -ops.mean(wanted * ops.log(said) + (1 - wanted) * ops.log(1 - said)), "right": right}

    def batches(self) -> Iterator[Batch]:
        for images, live in self._feeder:
            yield Batch(images, {"live": live})

    def examine(self, predict: Callable[[Any], Any]) -> dict[str, float]:
        """Share of attacks refused (1 - APCER) at a BPCER of 5 %, by species: NUAA's and a user's real ones against the living
        faces of the same source, simulated ones against living faces of people held out; the left-out species too."""
        images, species, group = self._exam
        scores = np.concatenate([np.asarray(predict(images[i:i + 250]), np.float64).reshape(-1) for i in range(0, len(images), 250)])
        figures = {}
        for source in sorted(set(group)):
            mine = np.asarray(group) == source
            live = scores[mine & (np.asarray(species) == "live")]
            for name in sorted(set(np.asarray(species)[mine]) - {"live"}):
                if len(live):
                    figures[f"{source}_{name}"] = refused(live, scores[mine & (np.asarray(species) == name)])
        known = [value for name, value in figures.items() if not name.endswith(LEFT_OUT)]
        return {**figures, "mean": float(np.mean(known))} if known else figures

    def notes(self) -> Mapping[str, Any]:
        return {"species": sorted(self.recipe.sampling.species), "left_out": LEFT_OUT}

    def close(self) -> None:
        if hasattr(self, "_feeder"):
            self._feeder.close()


def refused(live: Scores, attacks: Scores, bpcer: float = BPCER) -> float:
    """The share of attacks below the score that refuses `bpcer` of the living."""
    return float((attacks < np.quantile(live, bpcer)).mean())


def _exam(held: Album, exam: Exam, rng: np.random.Generator) -> tuple[NDArray[np.uint8], list[str], list[str]]:
    """Crops, their species, and the group each is judged in: "sim", or a source with real captures, as the device crops and
    ("-near") as near as pictures of faces alone allow."""
    chosen: list[tuple[Shot, str, str, str, float]] = []  # shot, simulated species, label, group, share
    for shot in held.shots:
        if shot.source in ("nuaa", "own"):
            chosen += [(shot, "", shot.species, shot.source, SHARE), (shot, "", shot.species, f"{shot.source}-near", 1.1)]
    stills = [shot for shot in held.shots if shot.live and shot.source in ("detect", "faces", "own")]
    if stills:
        for species, count in {name: exam.live if name == "live" else exam.each for name in SPECIES}.items():
            chosen += [(stills[i], species, species, "sim", SHARE) for i in rng.permutation(len(stills))[:count]]
    crops = [examined(shot, simulated, held, rng, share) for shot, simulated, _, _, share in chosen]
    images = np.stack(crops) if crops else np.zeros((0, SIZE, SIZE, 3), np.uint8)
    return images, [label for _, _, label, _, _ in chosen], [group for _, _, _, group, _ in chosen]
