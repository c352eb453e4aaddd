"""Training a GRU over what the liveness net sees in a track's frames, against pooling by mean: the field's CNN + RNN.

The CNN is a trained liveness net, frozen and cut before its last layer (--init). Tracks are simulated: hands that tremble,
screens that flicker, living faces made to move. That is what the ablation can speak of, no more.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.training.attacks import SPECIES, present_track
from converter.training.liveness_data import LEFT_OUT, Album, data_digest, load_album
from converter.training.liveness_task import refused
from converter.training.recipe import ranged, read
from converter.training.recipe_parts import Common
from converter.training.stepper import Batch
from edge_face.errors import ModelError, UsageError
from edge_face.vision.live_crop import SIZE, live_crop

FEATURES = "dense_relu"
"""The layer of the liveness net whose numbers the GRU reads."""


@dataclass(frozen=True)
class Data:
    """`path` (or --data): see `liveness_data.load_album`. `tracks` are simulated to train on, half of them living, and `held`
    of people held out for each species (three times as many living); a track shows `frames` at `fps`."""

    path: str = ""
    tracks: int = ranged(480, 8, 100_000)
    held: int = ranged(40, 4, 10_000)
    frames: int = ranged(12, 2, 64)
    fps: float = ranged(8.0, 1, 60)
    faces: int = ranged(3000, 0, 1_000_000)


@dataclass(frozen=True)
class Gru:
    """`units` of the GRU, `dropout` before the last layer."""

    units: int = ranged(24, 1, 512)
    dropout: float = ranged(0.2, 0, 0.9)


@dataclass(frozen=True, kw_only=True)
class LivenessSequenceRecipe(Common):
    """A recipe with `task = "liveness-sequence"`. `species` is how often each is simulated in training."""

    data: Data = Data()
    gru: Gru = Gru()
    species: Mapping[str, float] = field(default_factory=lambda: {"print": 0.3, "bent-print": 0.2, "screen": 0.25, "replay": 0.25})

    def __post_init__(self) -> None:
        if self.task != "liveness-sequence":
            raise ValueError(f'task is "{self.task}": train it with `edge-face-convert train {self.task}`')
        if unknown := sorted(set(self.species) - set(SPECIES) | (set(self.species) & {"live"})):
            raise ValueError(f"species {unknown[0]} cannot be simulated")


@dataclass(frozen=True, eq=False)
class Tracks:
    """Crops uint8[N,frames,SIZE,SIZE,3] and the species of each track."""

    crops: NDArray[np.uint8]
    species: tuple[str, ...]

    @property
    def live(self) -> NDArray[np.float32]:
        return np.array([name == "live" for name in self.species], np.float32)


def make(recipe: Path, data: Path | None, init: Path | None) -> LivenessSequenceTask:
    """The task of a recipe's file. Raises EdgeFaceError."""
    made = read(recipe, LivenessSequenceRecipe)
    if data is None and not made.data.path:
        raise UsageError("name the pictures with --data: what `train liveness` takes")
    if init is None:
        raise UsageError("a sequence reads the features of a trained liveness net: name its .keras file with --init")
    return LivenessSequenceTask(made, data or Path(made.data.path), init)


def simulate(album: Album, species: Sequence[str], data: Data, rng: np.random.Generator) -> Tracks:
    """One track for each of `species`, cropped as the device does. Raises ModelError where the album has no living faces."""
    living = [shot for shot in album.shots if shot.live]
    if not living:
        raise ModelError("there are no living faces to make tracks of")
    crops = np.empty((len(species), data.frames, SIZE, SIZE, 3), np.uint8)
    for number, name in enumerate(species):
        shot = living[int(rng.integers(len(living)))]
        room = None if name == "live" else album.room(rng)
        shown = [(shot.image(), shot.box, shot.landmarks)]
        track = present_track(name, shown, rng, data.frames, data.fps, room, face=float(rng.uniform(60, 150)))
        for place, seen in enumerate(track):
            crops[number, place] = live_crop(seen.image, seen.box, SIZE)
    return Tracks(crops, tuple(species))


def build_net(frames: int, features: int, how: Gru) -> Any:
    """Keras model: float32[N,frames,features] -> "live" float32[N,1]. The loop is unrolled: no control flow for TFLite."""
    from keras import Model, layers

    track = layers.Input((frames, features), name="track")
    x = layers.GRU(how.units, unroll=True, name="gru")(track)
    x = layers.Dropout(how.dropout, name="dropout")(x) if how.dropout else x
    return Model(track, layers.Dense(1, activation="sigmoid", name="live")(x), name="liveness_sequence")


class LivenessSequenceTask:
    """See `converter.training.task.Task`."""

    def __init__(self, recipe: LivenessSequenceRecipe, data: Path, init: Path) -> None:
        self.recipe, self._path, self._init = recipe, data, init

    def open(self, first: int) -> None:
        data, seed = self.recipe.data, self.recipe.seed
        names, chances = list(self.recipe.species), np.array(list(self.recipe.species.values()), np.float64)
        rng = np.random.default_rng((seed, 1))
        wanted = ["live" if number % 2 else str(rng.choice(names, p=chances / chances.sum())) for number in range(data.tracks)]
        print(f"simulating {data.tracks} tracks", file=sys.stderr, flush=True)
        self._tracks = simulate(load_album(self._path, "train", faces=data.faces), wanted, data, rng)
        held = [name for name in SPECIES for _ in range(data.held * (3 if name == "live" else 1))]
        self._held = simulate(load_album(self._path, "calibration", faces=data.faces), held, data, np.random.default_rng((seed, 2)))
        self._first, self._digest = first, data_digest(self._path)

    @property
    def data(self) -> Mapping[str, Any]:
        return {"digest": self._digest, "tracks": len(self._tracks.species), "held_tracks": len(self._held.species)}

    def build(self, resumed: Path | None) -> Any:
        from converter.training.model_tools import cut, draw, load_model

        net = load_model(self._init)
        if tuple(net.inputs[0].shape[1:]) != (SIZE, SIZE, 3) or len(net.outputs) != 1 or net.outputs[0].shape[-1] != 1:
            raise ModelError(f"{self._init} is no liveness net: name what `train liveness` made")
        features = cut(net, FEATURES)
        self._features = _looked(features, self._tracks.crops)
        self._held_features, self._held_scores = _looked(features, self._held.crops), _looked(net, self._held.crops)[:, :, 0]
        # Scaled to what training has seen; the GRU's own first product takes the scale up when it is shipped.
        self._spread = self._features.reshape(-1, self._features.shape[2]).std(0) + 1e-3
        model = build_net(self.recipe.data.frames, self._features.shape[2], self.recipe.gru)
        draw(model, self.recipe.seed)
        return model

    def extras(self) -> Sequence[Any]:
        return ()

    def loss(self, outputs: Any, targets: Mapping[str, Any], extras: Sequence[Any]) -> dict[str, Any]:
        from keras import ops

        said = ops.clip(ops.reshape(outputs, (-1,)), 1e-6, 1 - 1e-6)
        live = targets["live"]
        return {"loss": -ops.mean(live * ops.log(said) + (1 - live) * ops.log(1 - said))}

    def batches(self) -> Iterator[Batch]:
        number, size = self._first, min(self.recipe.batch, len(self._tracks.species))
        while True:
            rng = np.random.default_rng((self.recipe.seed, 3, number))
            chosen = rng.permutation(len(self._tracks.species))[:size]
            rows = self._features[chosen] / self._spread
            yield Batch(rows.astype(np.float32), {"live": self._tracks.live[chosen]})
            number += 1

    def examine(self, predict: Callable[[Any], Any]) -> dict[str, float]:
        """Share of attacks refused at a BPCER of 5 %, by the GRU, by the mean of the frames' scores, and by one frame; tracks of
        people held out. The left-out species is shown but not in the means."""
        rows = (self._held_features / self._spread).astype(np.float32)
        ways = {"gru": np.asarray(predict(rows), np.float64).reshape(-1), "mean": self._held_scores.mean(1).astype(np.float64),
                "frame": self._held_scores[:, -1].astype(np.float64)}
        species = np.array(self._held.species)
        figures: dict[str, float] = {}
        for way, scores in ways.items():
            each = {name: refused(scores[species == "live"], scores[species == name]) for name in SPECIES if name != "live"}
            figures |= {f"{way}_{name}": value for name, value in each.items()}
            figures[way] = float(np.mean([value for name, value in each.items() if name != LEFT_OUT]))
        return figures

    def notes(self) -> Mapping[str, Any]:
        return {"input": {"frames": self.recipe.data.frames, "rows": f"{FEATURES} of the liveness net, divided by `spread`"},
                "spread": [round(float(value), 5) for value in self._spread],
                "init": {"file": self._init.name, "sha256": hashlib.sha256(self._init.read_bytes()).hexdigest()}}

    def close(self) -> None:
        """Nothing to end."""


def _looked(net: Any, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the net gives for each crop: float32[N,frames,numbers]."""
    from keras import ops

    flat = crops.reshape(-1, *crops.shape[2:])
    out = [ops.convert_to_numpy(net(flat[i:i + 128].astype(np.float32), training=False)) for i in range(0, len(flat), 128)]
    return np.concatenate(out).reshape(*crops.shape[:2], -1).astype(np.float32)
