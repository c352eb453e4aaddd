"""Training an embedder: faces, teachers and people in; a model whose cosines tell people apart out."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.faces import MARGIN
from converter.training import recipe as recipes
from converter.training.embedder_recipe import EmbedderRecipe
from converter.training.errors import TrainingError
from converter.training.face_feeder import FaceFeeder, by_person, shrink
from converter.training.face_shards import TrainingFaces, centres
from converter.training.hidden_faces import hide
from converter.training.sources import data_digest, open_training
from converter.training.stepper import Batch
from converter.training.verification import figures, joined, some, teacher_cosines
from edge_face.errors import MediaError, SettingsError, UsageError

SKIPPED_NAMED = 20
GLANCED = 24000
"""Faces that an attack by a glance is solved over."""


class EmbedderTask:
    """See `task.Task`."""

    def __init__(self, recipe: EmbedderRecipe, data: Path, init: Path | None) -> None:
        mode = recipe.start.mode
        if init is not None and mode == "new":
            mode = "weights"
        start = dataclasses.replace(recipe.start, mode=mode, model="")  # which file it was stands in the notes
        # Neither where the data lie nor where the first weights lie makes another recipe.
        self.recipe = dataclasses.replace(recipe, start=start, data=dataclasses.replace(recipe.data, path=""))
        self._path, self._init = data, init
        self._notes: dict[str, Any] = {}
        self._feeder: FaceFeeder | None = None

    def open(self, first: int) -> None:
        recipe = self.recipe
        self._first = first
        self._faces = open_training(self._path, "train", recipe.data.held_out, say)
        try:
            self._held = open_training(self._path, "selection", recipe.data.held_out)
        except MediaError as error:
            if recipe.stop.patience:
                raise
            self._held = _nobody(self._faces)
            self._notes["not_examined"] = str(error)
        self._parts = self._faces.parts if recipe.losses.teachers else ()
        self._check()
        self._digest = data_digest(self._path)
        self._feeder = FaceFeeder(self._faces, recipe.augmentation, recipe.batch, recipe.data.workers, recipe.seed, first,
                                  size=recipe.data.size, each=recipe.data.faces, hidden=recipe.hidden)

    def _check(self) -> None:
        faces, losses, data = self._faces, self.recipe.losses, self.recipe.data
        if losses.teachers and not faces.parts:
            raise TrainingError(f"{self._path} has no teachers' embeddings: take a recipe without [losses.imitation] and "
                                "[losses.neighbours], such as embedder-margin")
        if losses.imitation and len(losses.imitation.teachers) != len(faces.parts):
            raise SettingsError(f"[losses.imitation] teachers names {len(losses.imitation.teachers)} weights, but {self._path} has "
                                f"{len(faces.parts)} teachers")
        if (losses.margin or losses.pairs) and faces.people < 2:
            raise TrainingError(f"{self._path} has pictures of {faces.people or 'no'} known person to train on: telling people "
                                "apart is learned from two or more")
        if data.people and (balanced := len(by_person(faces))) < data.people:
            raise TrainingError(f"{self._path} has {balanced} people with two or more faces, but [data] people asks for "
                                f"{data.people} in each batch: lower it, or add pictures")
        if losses.neighbours and len(faces) <= self.recipe.batch:
            raise TrainingError(f"{self._path} has {len(faces)} faces: [losses.neighbours] needs more than a batch of {self.recipe.batch}")

    @property
    def data(self) -> Mapping[str, Any]:
        faces = self._faces
        skipped = [*faces.skipped, *self._held.skipped]
        return {"digest": self._digest, "faces": len(faces), "people": faces.people,
                "unlabelled": int((faces.person < 0).sum()), "held_out_faces": len(self._held), "held_out_people": self._held.people,
                "skipped": skipped[:SKIPPED_NAMED], "skipped_count": len(skipped)}

    def build(self, resumed: Path | None) -> Any:
        from converter.training.model_tools import freeze

        model = self._resume(resumed) if resumed else self._fresh()
        size, want = self.recipe.data.size, tuple(model.inputs[0].shape[1:])
        if len(model.inputs) != 1 or len(model.outputs) != 1 or want != (size, size, 3) or len(model.outputs[0].shape) != 2:
            raise SettingsError(f"the net takes {want} and gives {tuple(model.outputs[0].shape[1:])}: an embedder takes one face "
                                f"({size}, {size}, 3) as [data] size says, and gives one vector")
        dimension = int(model.outputs[0].shape[1])
        self._parts = self._parts or (dimension,)
        if sum(self._parts) != dimension:
            raise SettingsError(f"[network] dimension must be {sum(self._parts)}, the teachers' together, not {dimension}")
        freeze(model, self.recipe.start.freeze)
        return model

    def _fresh(self) -> Any:
        from converter.training.embedder_net import deepen, pour_resized
        from converter.training.model_tools import cut, draw, load_model, pour, with_head
        from converter.training.networks import build_network

        start, network = self.recipe.start, {**self.recipe.network, "size": self.recipe.data.size}
        if start.mode == "new":
            model = build_network(network)
            draw(model, self.recipe.seed)
            self._solve(model)
            return model
        init = start.needed(self._init)
        source = load_model(init)
        self._notes["init"] = {"file": str(init), "sha256": hashlib.sha256(init.read_bytes()).hexdigest()}
        if start.mode == "transfer":
            trunk = cut(source, start.cut)
            # Neither cut nor described: the whole model goes on as it is, which is how a transfer is fine-tuned.
            return with_head(trunk, self.recipe.network, self.recipe.seed) if start.cut or self.recipe.network else trunk
        model = build_network(network)
        draw(model, self.recipe.seed)
        if start.mode == "weights" and source.inputs[0].shape[1:] != model.inputs[0].shape[1:]:
            try:
                pour_resized(model, source)
            except ValueError as error:
                raise SettingsError(f"{init} is another net than the recipe's [network]: {error}") from error
            return model
        if start.mode == "weights":
            pour(model, source, init)
            return model
        shallow = build_network({**network, **start.network})
        pour(shallow, source, init)
        try:
            self._notes["new_blocks"] = deepen(model, shallow)
        except ValueError as error:
            raise SettingsError(f"[network] does not deepen [start.network]: {error}") from error
        return model

    def _solve(self, model: Any) -> None:
        """An attack that glances is solved before the first step."""
        if self.recipe.network.get("kind") != "glance" or not self.recipe.losses.teachers:
            return
        from converter.training.glance_net import solve

        rng, how = np.random.default_rng((self.recipe.seed, 5)), self.recipe.hidden
        chosen = rng.permutation(len(self._faces))[:GLANCED]
        cosine = solve(model, self._faces.crops[chosen], self._faces.teacher[chosen],
                       lambda crop: crop if how is None else hide(crop, how, rng), rng)
        say(f"solved over {len(chosen)} faces: mean cosine {cosine:.3f} to the teachers, on those set aside")

    def _resume(self, path: Path) -> Any:
        from converter.training.model_tools import load_model
        from converter.training.networks import build_network

        if self.recipe.start.mode == "transfer":
            return load_model(path)
        return build_network({**self.recipe.network, "size": self.recipe.data.size})

    def extras(self) -> Sequence[Any]:
        if self.recipe.losses.margin is None:
            return ()
        import keras

        if self.recipe.losses.teachers:
            first = centres(self._faces)
        else:
            first = np.random.default_rng((self.recipe.seed, 4)).standard_normal((self._faces.people, sum(self._parts))).astype(np.float32)
            first /= np.linalg.norm(first, axis=1, keepdims=True)
        return (keras.Variable(first, name="centres"),)

    def loss(self, outputs: Any, targets: Mapping[str, Any], extras: Sequence[Any]) -> dict[str, Any]:
        from converter.training import embedder_losses as of

        chosen, parts = self.recipe.losses, self._parts
        student = of.joined(outputs, parts)
        out: dict[str, Any] = {}
        weighted: list[Any] = []

        def count(name: str, weight: float, value: Any) -> None:
            out[name] = value
            weighted.append(weight * value)

        if chosen.imitation:
            count("imitation", chosen.imitation.weight, of.imitation(student, targets["teacher"], parts, chosen.imitation.teachers))
        if chosen.neighbours:
            count("neighbours", chosen.neighbours.weight,
                  of.neighbours(student, targets["teacher"], targets["bank"], chosen.neighbours.temperature))
        if chosen.margin:
            count("margin", chosen.margin.weight,
                  of.margin_softmax(student, extras[0], targets["person"], chosen.margin.margin, chosen.margin.scale))
        if chosen.triplet:
            count("triplet", chosen.triplet.weight, of.triplet(student, targets["person"], chosen.triplet.margin))
        if chosen.contrastive:
            count("contrastive", chosen.contrastive.weight, of.contrastive(student, targets["person"], chosen.contrastive.margin))
        return {"loss": sum(weighted[1:], weighted[0]), **(out if len(out) > 1 else {})}

    def batches(self) -> Iterator[Batch]:
        assert self._feeder is not None
        losses, faces = self.recipe.losses, self._faces
        for number, (images, index) in enumerate(self._feeder.batches(), self._first):
            targets: dict[str, NDArray[Any]] = {}
            if losses.teachers:
                targets["teacher"] = faces.teacher[index]
            if losses.neighbours:
                rng = np.random.default_rng((self.recipe.seed, 7, number))
                others = np.setdiff1d(np.arange(len(faces)), index)
                targets["bank"] = faces.teacher[others[rng.integers(0, len(others), losses.neighbours.bank)]]
            if losses.margin or losses.pairs:
                targets["person"] = faces.person[index]
            yield Batch(images, targets)

    def examine(self, predict: Callable[[Any], Any]) -> dict[str, float]:
        held = self._held
        if not len(held):
            return {}
        chosen = some(held)
        hidden, rng = self.recipe.hidden, np.random.default_rng((self.recipe.seed, 99))
        outputs = []
        for start in range(0, len(chosen), 128):
            crops = held.crops[chosen[start:start + 128]]
            if hidden is not None:
                crops = np.stack([hide(crop, hidden, rng) for crop in crops])
            crops = crops[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
            outputs.append(predict(np.stack([shrink(crop, self.recipe.data.size)[:, :, ::-1] for crop in crops])))
        embeddings = joined(np.concatenate(outputs), self._parts)
        out = figures(embeddings, held.person[chosen])
        if self.recipe.losses.teachers:
            out |= teacher_cosines(embeddings, held.teacher[chosen], self._parts)
        return out

    def notes(self) -> Mapping[str, Any]:
        return {"parts": list(self._parts), "input": {"size": self.recipe.data.size, "colour": "RGB", "pixels": [0, 255]}, **self._notes}

    def close(self) -> None:
        if self._feeder is not None:
            self._feeder.close()


def say(text: str) -> None:
    """Progress of reading, for people."""
    print(text, file=sys.stderr, flush=True)


def _nobody(like: TrainingFaces) -> TrainingFaces:
    return TrainingFaces(like.crops[:0], like.person[:0], like.teacher[:0], like.parts)


def make(recipe: Path, data: Path | None, init: Path | None) -> EmbedderTask:
    """The task of a recipe's file; `data` and `init` go before what the recipe names. Raises EdgeFaceError."""
    read = recipes.read(recipe, EmbedderRecipe)
    if data is None and not read.data.path:
        raise UsageError("name the training pictures with --data: shards, a folder with a folder per person, or a CSV file")
    return EmbedderTask(read, data or Path(read.data.path), read.start.source(init))
