"""Training a GRU over a track's embeddings, against pooling by mean and by quality. A recipe to learn by; the door pools.

What is learned is to bring a track near the template of the same person made from another picture: so the result can be
compared with templates that are enrolled already.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from converter.training import recipe as recipes
from converter.training.face_augment import Augmentation
from converter.training.recipe import ranged
from converter.training.recipe_parts import Common
from converter.training.sequence_data import door_pooled, make_tracks, mean_pooled, padded, tar_at
from converter.training.sources import data_digest, open_training
from converter.training.stepper import Batch
from edge_face.errors import UsageError


@dataclass(frozen=True)
class Data:
    """`path` (or --data): shards, a folder per person, LFW's layout, a CSV. Of up to `people` people (`held` of those held
    out) two pictures are seen in `views` views each; a track shows `least` to `frames` of them in the order of time."""

    path: str = ""
    held_out: str = ""
    people: int = ranged(1000, 2, 1_000_000)
    held: int = ranged(210, 2, 1_000_000)
    views: int = ranged(20, 2, 1000)
    least: int = ranged(8, 1, 1000)
    frames: int = ranged(16, 1, 64)

    def __post_init__(self) -> None:
        if not self.least <= self.frames <= self.views:
            raise ValueError("least must be at most frames, and frames at most views")


@dataclass(frozen=True)
class Frames:
    """The frozen embedder: a bundle's folder ("": the shipped one) and which of its files runs."""

    bundle: str = ""
    precision: Literal["int8", "float16", "float32"] = "int8"


@dataclass(frozen=True, kw_only=True)
class SequenceRecipe(Common):
    """A recipe with task = "sequence". `temperature` divides the cosines before the softmax."""

    data: Data = Data()
    embedder: Frames = Frames()
    augmentation: Augmentation = field(default_factory=Augmentation)
    temperature: float = ranged(0.07, 0.001, 10)

    def __post_init__(self) -> None:
        if self.task != "sequence":
            raise ValueError(f'task is "{self.task}": train it with `edge-face-convert train {self.task}`')
        if self.start.mode not in ("new", "weights"):
            raise ValueError('[start] mode must be "new", or "weights" with --init')


class SequenceTask:
    """See `task.Task`."""

    def __init__(self, recipe: SequenceRecipe, data: Path, init: Path | None) -> None:
        self.recipe, self._path, self._init = recipe, data, init

    def open(self, first: int) -> None:
        from edge_face.vision.bundle import load_bundle
        from edge_face.vision.embedder import Embedder

        def say(text: str) -> None:
            print(text, file=sys.stderr, flush=True)

        data, seed = self.recipe.data, self.recipe.seed
        bundle = load_bundle(self.recipe.embedder.bundle, "embedder")
        embedder = Embedder(bundle, self.recipe.embedder.precision)
        self._embedder = {"name": bundle.name, "version": bundle.version, "model_id": bundle.model_id}
        how = self.recipe.augmentation
        faces = open_training(self._path, "train", data.held_out, say)
        self._tracks = make_tracks(faces, embedder.embed, how, data.people, data.views, seed, say)
        faces = open_training(self._path, "selection", data.held_out)
        self._held = make_tracks(faces, embedder.embed, how, data.held, data.views, seed + 1)
        self._first, self._digest = first, data_digest(self._path)

    @property
    def data(self) -> Mapping[str, Any]:
        return {"digest": self._digest, "people": len(self._tracks), "held_out_people": len(self._held), "embedder": self._embedder}

    def build(self, resumed: Path | None) -> Any:
        from converter.training import sequence_net
        from converter.training.model_tools import draw, load_model, pour

        network = {key: value for key, value in self.recipe.network.items() if key != "kind"}
        try:
            model = sequence_net.build(frames=self.recipe.data.frames, dimension=self._tracks.dimension, **network)
        except TypeError as error:
            raise UsageError(f"[network] of a sequence has the keys units and dropout ({error})") from error
        draw(model, self.recipe.seed)
        if self.recipe.start.mode == "weights" and not resumed:
            init = self.recipe.start.needed(self._init)
            pour(model, load_model(init), init)
        return model

    def extras(self) -> Sequence[Any]:
        return ()

    def loss(self, outputs: Any, targets: Mapping[str, Any], extras: Sequence[Any]) -> dict[str, Any]:
        """Cross-entropy of finding one's own template among those of the batch (InfoNCE, van den Oord et al. 2018)."""
        from keras import ops

        from converter.training.embedder_losses import unit

        cosine = ops.matmul(unit(outputs), ops.transpose(targets["template"])) / self.recipe.temperature
        own = ops.eye(cosine.shape[0])
        return {"loss": -ops.mean(ops.sum(ops.log_softmax(cosine, axis=-1) * own, axis=-1))}

    def batches(self) -> Iterator[Batch]:
        number, size = self._first, min(self.recipe.batch, len(self._tracks))
        while True:
            rng = np.random.default_rng((self.recipe.seed, 1, number))
            people = rng.permutation(len(self._tracks))[:size]
            side = rng.integers(0, 2, size)
            tracks = np.stack([self._track(self._tracks.views[p, s], rng) for p, s in zip(people, side, strict=True)])
            yield Batch(tracks, {"template": self._tracks.templates[people, 1 - side]})
            number += 1

    def _rows(self, views: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        length = int(rng.integers(self.recipe.data.least, self.recipe.data.frames + 1))
        return views[np.sort(rng.permutation(len(views))[:length])]

    def _track(self, views: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        return padded(self._rows(views, rng), self.recipe.data.frames)

    def examine(self, predict: Callable[[Any], Any]) -> dict[str, float]:
        """TAR at two false match rates on people held out, tracks against single templates: by the GRU, the door's pooling by
        quality, the plain mean, and one frame."""
        rng = np.random.default_rng((self.recipe.seed, 5))
        held = self._held
        rows = [[self._rows(held.views[p, s], rng) for s in (0, 1)] for p in range(len(held))]
        flat = np.stack([padded(track, self.recipe.data.frames) for pair in rows for track in pair])
        gru = np.concatenate([predict(flat[start:start + 256]) for start in range(0, len(flat), 256)])
        gru /= np.linalg.norm(gru, axis=1, keepdims=True) + 1e-8
        ways = {"gru": gru.reshape(len(held), 2, -1)}
        for name, pool in (("quality", door_pooled), ("mean", mean_pooled), ("frame", lambda track: track[len(track) // 2, :-1])):
            ways[name] = np.stack([[pool(track) for track in pair] for pair in rows])
        out: dict[str, float] = {}
        for name, probes in ways.items():
            genuine = np.concatenate([(probes[:, s] * held.templates[:, 1 - s]).sum(1) for s in (0, 1)])
            scores = [probes[:, s] @ held.templates[:, 1 - s].T for s in (0, 1)]
            impostor = np.concatenate([score[~np.eye(len(held), dtype=bool)] for score in scores])
            for label, rate in (("1e-2", 1e-2), ("1e-3", 1e-3)):
                tar = tar_at(genuine, impostor, rate)
                if tar is not None:
                    out[f"{name}_tar_{label}"] = tar
        return out

    def notes(self) -> Mapping[str, Any]:
        data = self.recipe.data
        rows = "a frame's unit embedding, then its quality 0 to 1; shorter tracks are led by rows of zeros"
        return {"input": {"frames": data.frames, "rows": rows}, "embedder": self._embedder}

    def close(self) -> None:
        """Nothing to end."""


def make(recipe: Path, data: Path | None, init: Path | None) -> SequenceTask:
    """The task of a recipe's file. Raises EdgeFaceError."""
    read = recipes.read(recipe, SequenceRecipe)
    if data is None and not read.data.path:
        raise UsageError("name the training pictures with --data: shards, a folder with a folder per person, or a CSV file")
    return SequenceTask(read, data or Path(read.data.path), read.start.source(init))
