"""Training the anonymizer, and with the direction turned round the attack that undoes a method (the loop is `run.py`)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.faces import MARGIN
from converter.training.anonymizer_data import VIEW, blurred, coarse, grid, sample
from converter.training.anonymizer_recipe import AnonymizerRecipe
from converter.training.composites import Photo, load_photos
from converter.training.detector_task import DetectorRecipe
from converter.training.detector_task import heldout as heldout_pictures
from converter.training.face_shards import TrainingFaces
from converter.training.forked import Arrays, ForkedBatches
from converter.training.hidden_faces import hide
from converter.training.recipe import SHIPPED, read
from converter.training.recipe_parts import Schedule
from converter.training.sources import data_digest, open_training
from converter.training.stepper import Batch
from converter.training.verification import figures
from edge_face.errors import SettingsError, UsageError
from edge_face.vision.align import SIZE

EXAM = 400
GRIDS = (3, 5, 8, 14)
"""Cells across a patch at which an anonymizer is examined; a third more down."""
JUDGE = Path(__file__).with_name("weights") / "embedder.keras"
ALIGNED = (14, 101, 6, 122)
"""Rows and columns of a patch, in its 128 px, between which the aligned face of 112x112 lies when nothing is jittered."""
DOWN = 4 / 3


def make(recipe: Path, data: Path | None, init: Path | None) -> AnonymizerTask:
    """The task of a recipe's file. Raises EdgeFaceError."""
    if data is None:
        raise UsageError("training an anonymizer needs --data: a folder with a folder per person, shards, or a folder with faces/ (shards) "
                         "and detect/")
    made = read(recipe, AnonymizerRecipe)
    return AnonymizerTask(made, data, made.start.source(init))


def photos_of(folder: Path) -> list[Photo]:
    """The labelled portraits of `folder`/detect that the detector's exam leaves over; none where there is no such folder."""
    if not (folder / "detect" / "detect.jsonl").is_file():
        return []
    names = DetectorRecipe(task="detector", schedule=Schedule(minutes=1.0))
    held = heldout_pictures(names, SHIPPED, folder / "detect")
    return [photo for photo in load_photos(folder / "detect")
            if photo.single and photo.file not in held and float(photo.labels.boxes[0, 3]) >= 40]


def faces_of(folder: Path, role: str, most: int) -> TrainingFaces:
    """At most `most` aligned faces of a role, evenly spread. Raises EdgeFaceError."""
    found = open_training(folder / "faces" if (folder / "faces").is_dir() else folder, role)
    if len(found) <= most:
        return found
    chosen = np.linspace(0, len(found) - 1, most).astype(int)
    return TrainingFaces(found.crops[chosen], found.person[chosen], found.teacher[chosen], found.parts, found.skipped)


class AnonymizerTask:
    """See `converter.training.task.Task`."""

    def __init__(self, recipe: AnonymizerRecipe, data: Path, init: Path | None) -> None:
        self.recipe, self._folder, self._init = recipe, data, init
        if recipe.network.get("size", VIEW) != VIEW:
            raise SettingsError(f"[network] size must be {VIEW}, not {recipe.network['size']}: faces are learned from at that size")
        self._loaded: dict[str, Any] = {}

    def load(self) -> None:
        """Reads what is learned from. Raises EdgeFaceError."""
        recipe = self.recipe
        training = faces_of(self._folder, "train", recipe.data.faces)
        self._crops, self._teacher = training.crops, training.teacher
        self._photos = photos_of(self._folder) if recipe.data.portraits and not recipe.undo else []
        self._loaded = {"digest": data_digest(self._folder / "faces" if (self._folder / "faces").is_dir() else self._folder),
                        "aligned": len(self._crops), "portraits": len(self._photos), "skipped": list(training.skipped[:20])}

    def show(self, crops: NDArray[np.uint8]) -> None:
        """Makes `pair` take aligned faces (n, 128, 128, 3) BGR in place of those that were loaded."""
        self._crops, self._photos, self._teacher = crops, [], np.zeros((len(crops), 0), np.float32)

    def open(self, first: int) -> None:
        self.load()
        self._held = faces_of(self._folder, "selection", EXAM)
        recipe = self.recipe
        print(f"{len(self._crops)} aligned faces, {len(self._photos)} portraits", file=sys.stderr, flush=True)
        shapes: list[tuple[tuple[int, ...], Any]] = [((recipe.batch, VIEW, VIEW, 3), np.uint8)] * 2
        shapes.append(((recipe.batch, self._teacher.shape[1]), np.float32))
        self._feeder = ForkedBatches(self._fill, shapes, recipe.data.workers, first)

    def _fill(self, number: int, arrays: Arrays) -> None:
        rng = np.random.default_rng((self.recipe.seed, number))
        for place in range(self.recipe.batch):
            arrays[0][place], arrays[1][place], who = self.pair(rng)
            if who >= 0:
                arrays[2][place] = self._teacher[who]

    def pair(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8], int]:
        """What the net sees and what it should paint, BGR, and which face it is (-1: does not matter)."""
        recipe = self.recipe
        if recipe.undo:
            index = int(rng.integers(len(self._crops)))
            crop = self._crops[index]
            if rng.random() < 0.5:
                crop = np.ascontiguousarray(crop[:, ::-1])
            return hide(crop, recipe.undo, rng), crop, index
        patch = sample(self._crops, self._photos, rng, recipe.data.portraits, recipe.data.jitter)
        across, down = grid(rng, recipe.target.fewest, recipe.target.most)
        seen = coarse(patch, across, down, (float(rng.random()), float(rng.random())))
        return seen, blurred(patch, across, down, recipe.target.filter), -1

    @property
    def data(self) -> Mapping[str, Any]:
        return self._loaded

    def build(self, resumed: Path | None) -> Any:
        from converter.training.anonymizer_judge import CROWD, Judge
        from converter.training.anonymizer_net import build
        from converter.training.model_tools import draw, load_model, pour

        try:
            model = build(**self.recipe.network)
        except (TypeError, ValueError) as error:
            raise SettingsError(f"[network] cannot be built: {str(error).splitlines()[0][:200]}") from error
        draw(model, self.recipe.seed)
        if resumed is None and self._init is not None:
            pour(model, load_model(self._init), self._init)
        self._judge, self._nobody = None, None
        if self.recipe.identity is not None:
            self._judge = Judge(Path(self.recipe.identity.judge) if self.recipe.identity.judge else JUDGE)
            if not self.recipe.undo:
                self._nobody = self._judge.nobody(self._crops[:CROWD, MARGIN:-MARGIN, MARGIN:-MARGIN])
        return model

    def extras(self) -> Sequence[Any]:
        return ()

    def loss(self, outputs: Any, targets: Mapping[str, Any], extras: Sequence[Any]) -> dict[str, Any]:
        from keras import ops

        wanted = ops.cast(targets["picture"], "float32")
        error = ops.mean(ops.square((outputs - wanted) / 255.0))
        if self._judge is None or self.recipe.identity is None:
            return {"loss": 100.0 * error}
        seen = self._judge.embed(self._aligned(outputs))
        if self.recipe.undo:
            # What teachers said of the sharp face is what the door's embedder learned to say, and costs nothing.
            known = targets["teacher"].shape[-1] == seen.shape[-1]
            meant = targets["teacher"] if known else ops.stop_gradient(self._judge.embed(self._aligned(wanted)))
        else:
            meant = ops.expand_dims(ops.convert_to_tensor(self._nobody), 0)
        identity = 1.0 - ops.mean(ops.sum(seen * meant, -1))
        return {"loss": 100.0 * error + self.recipe.identity.weight * identity, "picture": 100.0 * error, "identity": identity}

    def _aligned(self, pictures: Any) -> Any:
        """The aligned faces in painted pictures, as the judge takes them."""
        from keras import ops

        if self.recipe.undo:
            return pictures[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
        top, bottom, left, right = ALIGNED
        return ops.image.resize(pictures[:, top:bottom, left:right], (SIZE, SIZE), interpolation="bilinear")

    def batches(self) -> Iterator[Batch]:
        for seen, wanted, teacher in self._feeder:
            yield Batch(seen, {"picture": wanted, "teacher": teacher})

    def examine(self, predict: Callable[[Any], Any]) -> dict[str, float]:
        """Hiding: PSNR (dB) against the target at each of GRIDS. Undoing: PSNR against the sharp face. With a judge also how well it tells
        painted faces apart: as 1 - AUC when hiding, as AUC when undoing; more is better for the net."""
        if not len(self._held):
            return {}
        rng = np.random.default_rng((self.recipe.seed, 99))
        out: dict[str, float] = {}
        if self.recipe.undo:
            painted = _run(predict, np.stack([hide(crop, self.recipe.undo, rng) for crop in self._held.crops]))
            out["psnr"] = psnr(painted, self._held.crops)
            if self._judge is not None:
                out["auc"] = self._auc(painted)
            return out
        for across in GRIDS:
            patches = [sample(self._held.crops[i:i + 1], (), rng, 0.0, self.recipe.data.jitter) for i in range(len(self._held))]
            down = round(across * DOWN)
            seen = np.stack([coarse(patch, across, down, (float(rng.random()), float(rng.random()))) for patch in patches])
            wanted = np.stack([blurred(patch, across, down, self.recipe.target.filter) for patch in patches])
            painted = _run(predict, seen)
            out[f"psnr_{across}"] = psnr(painted, wanted)
            if self._judge is not None:
                out[f"hidden_{across}"] = 1.0 - self._auc(painted)
        return out

    def _auc(self, painted: NDArray[np.float32]) -> float:
        assert self._judge is not None
        found = [self._judge.of(np.asarray(self._aligned(painted[i:i + 100]))) for i in range(0, len(painted), 100)]
        return figures(np.concatenate(found), self._held.person).get("auc", 0.5)

    def notes(self) -> Mapping[str, Any]:
        return {"input": {"size": VIEW, "colour": "BGR", "pixels": [0, 255]}}

    def close(self) -> None:
        if hasattr(self, "_feeder"):
            self._feeder.close()


def psnr(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Mean over pictures (n, h, w, 3) of the peak signal-to-noise ratio in dB, peak 255."""
    error = np.square(one.astype(np.float32) - other.astype(np.float32)).reshape(len(one), -1).mean(1)
    return float(np.mean(10 * np.log10(255.0 ** 2 / np.maximum(error, 1e-6))))


def _run(predict: Callable[[Any], Any], seen: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.concatenate([np.asarray(predict(seen[i:i + 100]), np.float32) for i in range(0, len(seen), 100)])
