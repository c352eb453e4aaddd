"""What the loop (`run.py`) asks of a task, and which tasks there are.

A task is one kind of training: detector, embedder, classifier, sequence, liveness, liveness-sequence, anonymizer. It knows
data, net, loss and figures; the loop knows steps, states, time and early stopping; the stepper knows the backend. A module of a
task offers `make(recipe: Path, data: Path | None, init: Path | None) -> Task`, and must not import Keras before `build` is called:
the feeder's processes are forked in `open`, and a fork of a threaded runtime may hang.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from converter.training.recipe import tables
from converter.training.recipe_parts import Common
from converter.training.stepper import Batch
from edge_face.errors import SettingsError

MODULES = {
    "detector": "converter.training.detector_task",
    "embedder": "converter.training.embedder_task",
    "classifier": "converter.training.classifier_task",
    "landmarker": "converter.training.landmarker_task",
    "sequence": "converter.training.sequence_task",
    "liveness": "converter.training.liveness_task",
    "liveness-sequence": "converter.training.liveness_sequence_task",
    "inverter": "converter.training.inverter_task",
    "anonymizer": "converter.training.anonymizer_task",
}


class Task(Protocol):
    """One kind of training, in the order in which the loop calls it."""

    recipe: Common

    def open(self, first: int) -> None:
        """Load the data and start whatever makes batches, from batch number `first` on."""

    @property
    def data(self) -> Mapping[str, Any]:
        """What was loaded, JSON-able: "digest" (SHA-256) at least, and counts; "skipped": what was left out and why."""

    def build(self, resumed: Path | None) -> Any:
        """The float32 Keras model with its first weights; on resuming only the architecture counts, which the `.keras`
        file `resumed` has too."""

    def extras(self) -> Sequence[Any]:
        """Trainable `keras.Variable`s that are not the model's and not saved with it, such as class centres."""

    def loss(self, outputs: Any, targets: Mapping[str, Any], extras: Sequence[Any]) -> dict[str, Any]:
        """Scalars in `keras.ops`: "loss" is minimised, the others are shown."""

    def batches(self) -> Iterator[Batch]:
        """Batches for ever. Batch `first + n` depends on the seed and its number alone, so that a resumed run goes on
        as an unbroken one would."""

    def examine(self, predict: Callable[[Any], Any]) -> dict[str, float]:
        """Figures of the averaged model on people or pictures held out; more is better. May be empty."""

    def notes(self) -> Mapping[str, Any]:
        """What else a result should carry, JSON-able (class names, the parts of an embedding); asked after `build`."""

    def close(self) -> None:
        """End the feeder."""


def make_task(name: str, recipe: Path, data: Path | None, init: Path | None) -> Task:
    """The task by its name, its recipe read and checked. Raises EdgeFaceError."""
    written = tables(recipe)[0].get("task", name)
    if written != name:
        raise SettingsError(f"{recipe.name} is a recipe of another task: edge-face-convert train {written} {recipe.stem}")
    return cast(Task, importlib.import_module(MODULES[name]).make(recipe, data, init))
