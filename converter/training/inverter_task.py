"""Training the inverter, the attack on templates: the door's own embeddings in, the faces they were made of out (the loop is `run.py`).

It is held to the picture and to the embedder that judges it: a decoder of plain squared error paints mean faces, and would make
templates look safer than they are.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.faces import MARGIN
from converter.training.recipe import ranged, read
from converter.training.recipe_parts import Common
from converter.training.sources import data_digest, open_training
from converter.training.stepper import Batch
from edge_face.errors import SettingsError, UsageError
from edge_face.types import Floats

EXAM = 400
JUDGE = Path(__file__).with_name("weights") / "embedder.keras"
Faces = NDArray[np.uint8]


@dataclass(frozen=True)
class Data:
    """`faces`: how many of the training pictures are embedded and decoded."""

    faces: int = ranged(20_000, 100, 10**7)


@dataclass(frozen=True)
class Identity:
    """What it counts that the judge knows the painted face again; `judge`: a `.keras` embedder, empty for the shipped one's."""

    weight: float = ranged(1.0, 0, 1000)
    judge: str = ""


@dataclass(frozen=True, kw_only=True)
class InverterRecipe(Common):
    """A recipe with `task = "inverter"`; `network` are the keywords of `inverter_net.build`."""

    data: Data = Data()
    identity: Identity = Identity()


def make(recipe: Path, data: Path | None, init: Path | None) -> InverterTask:
    """The task of a recipe's file. Raises EdgeFaceError."""
    if data is None:
        raise UsageError("training an inverter needs --data: a folder with a folder per person, shards, or a folder with faces/ (shards)")
    made = read(recipe, InverterRecipe)
    return InverterTask(made, data, made.start.source(init))


class InverterTask:
    """See `converter.training.task.Task`."""

    def __init__(self, recipe: InverterRecipe, data: Path, init: Path | None) -> None:
        self.recipe, self._init = recipe, init
        self._folder = data / "faces" if (data / "faces").is_dir() else data
        self._loaded: dict[str, Any] = {}

    def open(self, first: int) -> None:
        self._first = first
        self._faces, self._embeddings = self._read("train", self.recipe.data.faces)
        self._held, self._held_embeddings = self._read("selection", EXAM)
        self._loaded = {"digest": data_digest(self._folder), "faces": len(self._faces), "held_out_faces": len(self._held), "skipped": []}

    def _read(self, role: str, most: int) -> tuple[Faces, Floats]:
        """Aligned faces and what the door's embedder makes of them."""
        from edge_face.vision.bundle import load_bundle
        from edge_face.vision.embedder import Embedder

        crops = open_training(self._folder, role).crops
        chosen = np.linspace(0, len(crops) - 1, min(most, len(crops))).astype(int)
        faces = np.ascontiguousarray(crops[chosen, MARGIN:-MARGIN, MARGIN:-MARGIN])
        embedder = Embedder(load_bundle("", "embedder"), "int8", 1)
        if len(faces) > EXAM:
            print(f"embedding {len(faces)} faces", file=sys.stderr, flush=True)
        vectors = np.zeros((len(faces), embedder.dimension), np.float32)
        for vector, face in zip(vectors, faces, strict=True):
            vector[:] = embedder.embed(face)
        return faces, vectors

    @property
    def data(self) -> Mapping[str, Any]:
        return self._loaded

    def build(self, resumed: Path | None) -> Any:
        from converter.training.anonymizer_judge import Judge
        from converter.training.inverter_net import build
        from converter.training.model_tools import draw, load_model, pour

        try:
            model = build(**{"dimension": self._embeddings.shape[1], **self.recipe.network})
        except (TypeError, ValueError) as error:
            raise SettingsError(f"[network] cannot be built: {str(error).splitlines()[0][:200]}") from error
        draw(model, self.recipe.seed)
        if resumed is None and self._init is not None:
            pour(model, load_model(self._init), self._init)
        self._judge = Judge(Path(self.recipe.identity.judge) if self.recipe.identity.judge else JUDGE)
        return model

    def extras(self) -> Sequence[Any]:
        return ()

    def loss(self, outputs: Any, targets: Mapping[str, Any], extras: Sequence[Any]) -> dict[str, Any]:
        from keras import ops

        picture = ops.mean(ops.square((outputs - ops.cast(targets["picture"], "float32")) / 255.0))
        identity = 1.0 - ops.mean(ops.sum(self._judge.embed(outputs) * targets["embedding"], -1))
        return {"loss": 10.0 * picture + self.recipe.identity.weight * identity, "picture": picture, "identity": identity}

    def batches(self) -> Iterator[Batch]:
        number, count = self._first, len(self._faces)
        while True:
            chosen = np.random.default_rng((self.recipe.seed, number)).integers(count, size=self.recipe.batch)
            yield Batch(self._embeddings[chosen], {"picture": self._faces[chosen], "embedding": self._embeddings[chosen]})
            number += 1

    def examine(self, predict: Callable[[Any], Any]) -> dict[str, float]:
        """On faces held out: the mean cosine that the door's own embedder finds between the painted face and the embedding that it was
        painted from, and how near the pixels are (1 - root mean square)."""
        from edge_face.vision.bundle import load_bundle
        from edge_face.vision.embedder import Embedder

        if not len(self._held):
            return {}
        embedder = Embedder(load_bundle("", "embedder"), "int8", 1)
        painted = np.concatenate([np.asarray(predict(self._held_embeddings[i:i + 100])) for i in range(0, len(self._held), 100)])
        seen = np.stack([embedder.embed(np.ascontiguousarray(np.clip(np.rint(face), 0, 255).astype(np.uint8))) for face in painted])
        error = float(np.sqrt(np.mean(((painted - self._held) / 255.0) ** 2)))
        return {"cosine": float((seen * self._held_embeddings).sum(1).mean()), "pixels": 1.0 - error}

    def notes(self) -> Mapping[str, Any]:
        return {"input": {"embedding": int(self._embeddings.shape[1])}, "output": {"size": int(self._faces.shape[1]), "colour": "BGR"}}

    def close(self) -> None:
        """Nothing was begun."""
