"""Training the landmarker: rough views of faces in, five points out (the loop is `run.py`)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from converter.training.composites import Photo, load_photos
from converter.training.detector_task import DetectorRecipe
from converter.training.detector_task import heldout as heldout_pictures
from converter.training.face_shards import load_shards
from converter.training.forked import Arrays, ForkedBatches
from converter.training.landmarker_data import VIEW, placement, sample
from converter.training.recipe import SHIPPED, ranged, read
from converter.training.recipe_parts import Common, Schedule
from converter.training.stepper import Batch
from edge_face.errors import MediaError, UsageError

EXAM = 1500
NO_CROPS = np.zeros((0, 128, 128, 3), np.uint8)


@dataclass(frozen=True, eq=False)
class Faces:
    """Aligned crops uint8[N,128,128,3] and portraits with known landmarks; either may be empty."""

    crops: Any
    photos: list[Photo]


@dataclass(frozen=True)
class Data:
    """`workers`: processes that make views."""

    workers: int = ranged(1, 1, 64)


@dataclass(frozen=True)
class Weights:
    """What the two losses count."""

    placement: float = ranged(1.0, 0, 100)
    points: float = ranged(0.5, 0, 100)


@dataclass(frozen=True, kw_only=True)
class LandmarkerRecipe(Common):
    """A recipe with `task = "landmarker"`; `network` are the keywords of `landmarker_net.build`."""

    data: Data = Data()
    loss: Weights = Weights()


def make(recipe: Path, data: Path | None, init: Path | None) -> LandmarkerTask:
    """The task of a recipe. Raises EdgeFaceError."""
    if data is None:
        raise UsageError("training a landmarker needs --data: a folder with faces/ (shards) and detect/, or one of them")
    return LandmarkerTask(read(recipe, LandmarkerRecipe), data, init)


class LandmarkerTask:
    """See `converter.training.task.Task`."""

    def __init__(self, recipe: LandmarkerRecipe, data: Path, init: Path | None) -> None:
        self.recipe = recipe
        self._folder, self._init = data, init
        self._loaded: dict[str, Any] = {}

    @staticmethod
    def faces(folder: Path) -> tuple[Faces, Faces]:
        """What is trained on, and what is held out, in `folder`/faces and `folder`/detect. Raises MediaError."""
        crops, exam_crops = NO_CROPS, NO_CROPS
        photos: list[Photo] = []
        exam_photos: list[Photo] = []
        if (folder / "faces").is_dir():
            crops, exam_crops = (load_shards(folder / "faces", role).crops for role in ("train", "selection"))
        if (folder / "detect" / "detect.jsonl").is_file():
            names = DetectorRecipe(task="detector", schedule=Schedule(minutes=1.0))
            held = heldout_pictures(names, SHIPPED, folder / "detect")
            for photo in load_photos(folder / "detect"):
                if _fit(photo):
                    (exam_photos if photo.file in held else photos).append(photo)
        if not len(crops) and not photos:
            raise MediaError(f"{folder} has neither faces/ with shards nor detect/ with detect.jsonl")
        return Faces(crops, photos), Faces(exam_crops, exam_photos)

    def open(self, first: int) -> None:
        training, held = self.faces(self._folder)
        rng = np.random.default_rng((self.recipe.seed, 99))
        self._exam = [sample(held.crops, held.photos, rng) for _ in range(EXAM if len(held.crops) or held.photos else 0)]
        self._crops, self._photos = training.crops, training.photos
        digest = hashlib.sha256()
        for path in (self._folder / "faces" / "split.npz", self._folder / "detect" / "detect.jsonl"):
            digest.update(path.read_bytes() if path.is_file() else b"")
        self._loaded = {"digest": digest.hexdigest(), "aligned": len(self._crops), "portraits": len(self._photos), "skipped": []}
        shapes = [((self.recipe.batch, VIEW, VIEW, 3), np.uint8), ((self.recipe.batch, 10), np.float32), ((self.recipe.batch,), np.float32)]
        self._feeder = ForkedBatches(self._fill, shapes, self.recipe.data.workers, first)

    def _fill(self, number: int, arrays: Arrays) -> None:
        rng = np.random.default_rng((self.recipe.seed, number))
        for i in range(self.recipe.batch):
            image, points, known = sample(self._crops, self._photos, rng)
            arrays[0][i], arrays[1][i], arrays[2][i] = image, points.reshape(10), known

    @property
    def data(self) -> Mapping[str, Any]:
        return self._loaded

    def build(self, resumed: Path | None) -> Any:
        from converter.training.landmarker_net import build
        from converter.training.model_tools import draw, load_model, pour

        model = build(**self.recipe.network)
        draw(model, self.recipe.seed)
        if resumed is None and self._init is not None:
            pour(model, load_model(self._init), self._init)
        return model

    def extras(self) -> Sequence[Any]:
        return ()

    def loss(self, outputs: Any, targets: Mapping[str, Any], extras: Sequence[Any]) -> dict[str, Any]:
        from keras import ops

        away = outputs - targets["points"]
        moved = ops.matmul(away, ops.convert_to_tensor(placement()))
        known = ops.expand_dims(targets["known"], -1)
        together = ops.mean(_soft(moved))
        single = ops.sum(_soft(away) * known) / (10.0 * ops.sum(known) + 1e-6)
        weights = self.recipe.loss
        return {"loss": weights.placement * together + weights.points * single, "placement": together, "points": single}

    def batches(self) -> Iterator[Batch]:
        for images, points, known in self._feeder:
            yield Batch(images, {"points": points, "known": known})

    def examine(self, predict: Callable[[Any], Any]) -> dict[str, float]:
        """Medians of the error over the eye distance (as 1 - error: more is better): of each point on portraits, of the
        points as alignment moves them on all; before the network's look and after it."""
        if not self._exam:
            return {}
        images = np.stack([image for image, _, _ in self._exam])
        truth = np.stack([points for _, points, _ in self._exam])
        known = np.array([known for _, _, known in self._exam]) > 0
        found = np.concatenate([np.asarray(predict(images[i:i + 250])) for i in range(0, len(images), 250)]).reshape(-1, 5, 2)
        project = placement()

        def moved(away: Any) -> Any:
            return np.linalg.norm((away.reshape(-1, 10) @ project).reshape(-1, 5, 2), axis=2).mean(1)

        after = np.linalg.norm(found - truth, axis=2).mean(1)
        figures = {"placement": float(1 - np.median(moved(found - truth))), "placement_before": float(1 - np.median(moved(truth))),
                   "placement_worst_tenth": float(1 - np.percentile(moved(found - truth), 90))}
        if known.any():
            figures["points"] = float(1 - np.median(after[known]))
        return figures

    def notes(self) -> Mapping[str, Any]:
        return {}

    def close(self) -> None:
        if hasattr(self, "_feeder"):
            self._feeder.close()


def _fit(photo: Photo) -> bool:
    return photo.single and bool(np.isfinite(photo.labels.landmarks[0]).all()) and float(photo.labels.boxes[0, 3]) >= 40


def _soft(error: Any) -> Any:
    """Charbonnier's loss: linear, but smooth below a hundredth of the eye distance."""
    from keras import ops

    return ops.sqrt(ops.square(error) + 1e-4) - 1e-2
