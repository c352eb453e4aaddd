"""Training a classifier: a folder per person in, the probability of each person out. For teaching and closed sets.

A door does not use it (docs/training-classifier.md): it knows nobody but its classes, and has no word for strangers.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from converter.training import recipe as recipes
from converter.training.classifier_data import FEWEST, PARTS, Preprocessing, crop_digest, divide, load_classes
from converter.training.cutting import inner
from converter.training.errors import TrainingError
from converter.training.face_augment import Augmentation, augment
from converter.training.forked import Arrays, ForkedBatches
from converter.training.recipe import ranged
from converter.training.recipe_parts import Common
from converter.training.sources import data_digest
from converter.training.stepper import Batch
from edge_face.errors import UsageError


@dataclass(frozen=True)
class Data:
    """`path` (or --data): a folder per person, LFW's layout, or a CSV. Of each person the shares `test` and `validation` are
    set apart; whoever has fewer than `fewest` pictures is left out. `balanced`: every person is drawn as often."""

    path: str = ""
    test: float = ranged(0.2, 0.05, 0.8)
    validation: float = ranged(0.15, 0.05, 0.5)
    fewest: int = ranged(FEWEST, FEWEST, 100_000)
    balanced: bool = True
    workers: int = ranged(1, 1, 64)

    def __post_init__(self) -> None:
        if self.test + self.validation > 0.85:
            raise ValueError("test and validation together leave nothing to train on")


@dataclass(frozen=True)
class Head:
    """`softmax`: a probability for each person; `sigmoid`: one number for two people. `smoothing` takes that much belief from
    the label and spreads it (Szegedy et al. 2016)."""

    kind: Literal["softmax", "sigmoid"] = "softmax"
    dropout: float = ranged(0.3, 0, 0.9)
    smoothing: float = ranged(0.05, 0, 0.5)


@dataclass(frozen=True, kw_only=True)
class ClassifierRecipe(Common):
    """A recipe with task = "classifier"."""

    data: Data = Data()
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    head: Head = Head()
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        if self.task != "classifier":
            raise ValueError(f'task is "{self.task}": train it with `edge-face-convert train {self.task}`')
        if self.start.mode not in ("new", "transfer"):
            raise ValueError('[start] mode must be "new", or "transfer" from an embedder with --init')


class ClassifierTask:
    """See `task.Task`."""

    def __init__(self, recipe: ClassifierRecipe, data: Path, init: Path | None) -> None:
        self.recipe, self._path, self._init = recipe, data, init
        self._feeder: ForkedBatches | None = None
        self._notes: dict[str, Any] = {}

    def open(self, first: int) -> None:
        data = self.recipe.data
        people = load_classes(self._path, data.fewest, lambda text: print(text, file=sys.stderr, flush=True))
        self._classes, self._skipped = people.names, people.faces.skipped
        if self.recipe.head.kind == "sigmoid" and len(people.names) != 2:
            raise TrainingError(f'[head] kind = "sigmoid" tells two people apart, and {self._path} has {len(people.names)}: take "softmax"')
        digests = [crop_digest(crop) for crop in people.faces.crops]
        part = divide(people.faces.person, digests, data.test, data.validation, self.recipe.seed)
        self._person, self._crops = people.faces.person, people.faces.crops
        self._part = {name: np.flatnonzero(part == number) for number, name in enumerate(PARTS)}
        for name in PARTS:
            if missing := set(range(len(self._classes))) - set(self._person[self._part[name]].tolist()):
                who = self._classes[min(missing)]
                raise TrainingError(f"{who} has no picture left for {name}: three different ones are needed (the same picture "
                                    "copied counts once; edge-face-convert check-data finds copies)")
        self._seen = sorted({digests[i] for name in ("train", "validation") for i in self._part[name]})
        self._digest = data_digest(self._path)
        train = self._part["train"]
        self._of = [train[self._person[train] == who] for who in range(len(self._classes))]
        made, batch = self.recipe.preprocessing, self.recipe.batch
        self._feeder = ForkedBatches(self._fill, [((batch, made.size, made.size, made.channels), np.uint8), ((batch,), np.int32)],
                                     data.workers, first)

    def _fill(self, number: int, arrays: Arrays) -> None:
        images, person = arrays
        rng = np.random.default_rng((self.recipe.seed, 1, number))
        train = self._part["train"]
        for place in range(len(images)):
            chosen = self._of[int(rng.integers(len(self._of)))] if self.recipe.data.balanced else train
            index = int(chosen[rng.integers(len(chosen))])
            images[place] = self.recipe.preprocessing.apply(augment(self._crops[index], self.recipe.augmentation, rng))
            person[place] = self._person[index]

    @property
    def data(self) -> Mapping[str, Any]:
        return {"digest": self._digest, "people": len(self._classes), **{name: len(self._part[name]) for name in PARTS},
                "skipped": list(self._skipped[:20]), "skipped_count": len(self._skipped)}

    def build(self, resumed: Path | None) -> Any:
        from converter.training.model_tools import cut, draw, freeze, load_model
        from converter.training.nets import classifier
        from converter.training.networks import build_network

        if resumed and self.recipe.start.mode == "transfer":
            return load_model(resumed)
        made, head = self.recipe.preprocessing, self.recipe.head
        if self.recipe.start.mode == "transfer":
            init = self.recipe.start.needed(self._init)
            trunk = cut(load_model(init), self.recipe.start.cut)
            self._notes["init"] = {"file": str(init), "sha256": hashlib.sha256(init.read_bytes()).hexdigest()}
            if tuple(trunk.inputs[0].shape[1:]) != (made.size, made.size, made.channels) or len(trunk.outputs[0].shape) != 2:
                raise TrainingError(f"{init} takes {tuple(trunk.inputs[0].shape[1:])}: set [preprocessing] size and colour to that")
        else:
            keys = {"kind": "plain", **self.recipe.network, "size": made.size}
            trunk = build_network(keys if made.channels == 3 else {**keys, "channels": 1})
            draw(trunk, self.recipe.seed)
        freeze(trunk, self.recipe.start.freeze)
        return classifier(trunk, len(self._classes), head.dropout, head.kind == "sigmoid")

    def extras(self) -> Sequence[Any]:
        return ()

    def loss(self, outputs: Any, targets: Mapping[str, Any], extras: Sequence[Any]) -> dict[str, Any]:
        from keras import ops

        count, smoothing = len(self._classes), self.recipe.head.smoothing
        if self.recipe.head.kind == "sigmoid":
            outputs = ops.concatenate([1.0 - outputs, outputs], axis=-1)
        wanted = ops.one_hot(targets["person"], count, dtype="float32") * (1.0 - smoothing) + smoothing / count
        return {"loss": -ops.mean(ops.sum(wanted * ops.log(ops.clip(outputs, 1e-7, 1.0)), axis=-1))}

    def batches(self) -> Iterator[Batch]:
        assert self._feeder is not None
        for images, person in self._feeder:
            yield Batch(images, {"person": person})

    def examine(self, predict: Callable[[Any], Any]) -> dict[str, float]:
        """Accuracy and mean recall on the validation pictures; the test pictures are for the end."""
        chosen = self._part["validation"]
        pixels = np.stack([self.recipe.preprocessing.apply(inner(self._crops[i])) for i in chosen])
        outputs = np.concatenate([predict(pixels[start:start + 128]) for start in range(0, len(pixels), 128)])
        guess, truth = decided(outputs), self._person[chosen]
        recalls = [float((guess[truth == who] == who).mean()) for who in range(len(self._classes))]
        return {"accuracy": float((guess == truth).mean()), "recall": float(np.mean(recalls))}

    def notes(self) -> Mapping[str, Any]:
        return {"classes": list(self._classes), "preprocessing": asdict(self.recipe.preprocessing),
                "binary": self.recipe.head.kind == "sigmoid", "seen": self._seen, **self._notes}

    def close(self) -> None:
        if self._feeder is not None:
            self._feeder.close()


def decided(outputs: NDArray[np.float32]) -> NDArray[np.int64]:
    """The class that each row of probabilities [N,classes], or of the second class's [N,1], says."""
    return np.asarray(outputs[:, 0] >= 0.5 if outputs.shape[1] == 1 else outputs.argmax(1), np.int64)


def make(recipe: Path, data: Path | None, init: Path | None) -> ClassifierTask:
    """The task of a recipe's file. Raises EdgeFaceError."""
    read = recipes.read(recipe, ClassifierRecipe)
    if data is None and not read.data.path:
        raise UsageError("name the pictures with --data: a folder with a folder for each person, or a CSV file")
    return ClassifierTask(read, data or Path(read.data.path), read.start.source(init))
