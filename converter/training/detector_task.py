"""Training the face detector: composites in, boxes, scores and landmarks out (the loop is `run.py`)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from converter.training.composites import choose_heldout, load_photos
from converter.training.detector_eval import detect_all, tally
from converter.training.detector_exam import HIDE_ALARMS, RECOGNISE_ALARMS, figures, paint_exam
from converter.training.feeder import Feeder
from converter.training.recipe import ranged, read
from converter.training.recipe_parts import Common
from converter.training.scenes import Mixture, Painter
from converter.training.stepper import Batch
from edge_face.errors import MediaError, UsageError

HELDOUT = {"portrait": 150, "mask": 40, "background": 60}
"""Pictures of each kind held out where the recipe's list does not exist yet."""


@dataclass(frozen=True)
class Data:
    """`heldout_file` lies beside the recipe; its names are never trained on."""

    heldout_file: str = "detector-heldout.txt"
    heldout_seed: str = "20261121"
    workers: int = ranged(1, 1, 64)


@dataclass(frozen=True)
class Weights:
    """What the three losses count."""

    score: float = ranged(2.0, 0, 100)
    box: float = ranged(2.0, 0, 100)
    landmarks: float = ranged(0.4, 0, 100)


@dataclass(frozen=True)
class Exam:
    """How many held-out composites are looked at while training."""

    pictures: int = ranged(250, 10, 10000)


@dataclass(frozen=True, kw_only=True)
class DetectorRecipe(Common):
    """A recipe with `task = "detector"`; `network` are the keywords of `detector_net.build`."""

    data: Data = Data()
    mixture: Mixture = field(default_factory=Mixture)
    loss: Weights = Weights()
    exam: Exam = Exam()


def make(recipe: Path, data: Path | None, init: Path | None) -> DetectorTask:
    """The task of a recipe. Raises EdgeFaceError."""
    if data is None:
        raise UsageError("training a detector needs --data: a folder with detect.jsonl and detect.tar or the pictures")
    return DetectorTask(read(recipe, DetectorRecipe), recipe.parent, data, init)


def heldout(recipe: DetectorRecipe, beside: Path, data: Path) -> set[str]:
    """Names of the held-out pictures; the list is written where it is missing. Raises MediaError."""
    path = beside / recipe.data.heldout_file
    if not path.exists():
        names = choose_heldout(records(data), HELDOUT, recipe.data.heldout_seed)
        path.write_text("\n".join(names) + "\n")
    return set(path.read_text().split())


def records(data: Path) -> list[dict[str, Any]]:
    """The lines of `detect.jsonl`. Raises MediaError."""
    path = data / "detect.jsonl"
    try:
        return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise MediaError(f"{path} cannot be read ({error}): it has one JSON object for each picture") from error


class DetectorTask:
    """See `converter.training.task.Task`."""

    def __init__(self, recipe: DetectorRecipe, beside: Path, data: Path, init: Path | None) -> None:
        self.recipe = recipe
        self._beside, self._folder, self._init = beside, data, init
        self._loaded: dict[str, Any] = {}

    def open(self, first: int) -> None:
        held = heldout(self.recipe, self._beside, self._folder)
        listed = records(self._folder)
        photos = load_photos(self._folder)
        if not photos:
            raise MediaError(f"{self._folder} has no picture that detect.jsonl names")
        width, height = int(self.recipe.network.get("width", 320)), int(self.recipe.network.get("height", 240))
        training, kept = [p for p in photos if p.file not in held], [p for p in photos if p.file in held]
        try:
            painter = Painter(training, width, height, self.recipe.mixture)
            self._exam = paint_exam(kept, "figures", self.recipe.exam.pictures, width, height)
        except ValueError as error:
            raise MediaError(f"{self._folder}: {error}") from error
        self._loaded = {
            "digest": hashlib.sha256((self._folder / "detect.jsonl").read_bytes()).hexdigest(),
            "pictures": len(training), "held_out": len(kept),
            "skipped": [r["file"] for r in listed if r["file"] not in {p.file for p in photos}],
        }
        self._feeder = Feeder(painter, self.recipe.batch, self.recipe.data.workers, self.recipe.seed, first)

    @property
    def data(self) -> Mapping[str, Any]:
        return self._loaded

    def build(self, resumed: Path | None) -> Any:
        from converter.training.detector_net import build
        from converter.training.model_tools import draw, load_model, pour

        model = build(**self.recipe.network)
        draw(model, self.recipe.seed)
        source = self.recipe.start.source(self._init)
        if resumed is None and source is not None:
            pour(model, load_model(source), source)
        return model

    def extras(self) -> Sequence[Any]:
        return ()

    def loss(self, outputs: Any, targets: Mapping[str, Any], extras: Sequence[Any]) -> dict[str, Any]:
        from converter.training.detector_targets import losses

        parts = losses(outputs, targets["cells"], self._feeder.centres, self._feeder.strides)
        weights = self.recipe.loss
        total = weights.score * parts["score"] + weights.box * parts["box"] + weights.landmarks * parts["landmarks"]
        return {"loss": total, **{name: parts[name] for name in ("score", "box", "landmarks")}}

    def batches(self) -> Iterator[Batch]:
        for images, cells in self._feeder.batches():
            yield Batch(images, {"cells": cells})

    def examine(self, predict: Callable[[Any], Any]) -> dict[str, float]:
        result = tally(detect_all(predict, self._exam.images), self._exam.labels)
        # At the net's own size a face of 10 px is one of 20 px at 640x480.
        found = figures(result, result.threshold_for(RECOGNISE_ALARMS), result.threshold_for(HIDE_ALARMS), least=10.0)
        return {name: value for name, value in found.items() if not name.startswith("false")}

    def notes(self) -> Mapping[str, Any]:
        return {}

    def close(self) -> None:
        if hasattr(self, "_feeder"):
            self._feeder.close()
