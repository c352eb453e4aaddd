"""A GRU over a track's embeddings: begins as the mean, learns by a tiny recipe, never mixes people."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from converter.training.errors import TrainingError
from converter.training.face_augment import Augmentation
from converter.training.face_shards import TrainingFaces
from converter.training.recipe import SHIPPED, read
from converter.training.sequence_data import Floats, door_pooled, make_tracks, mean_pooled, padded, quality, tar_at
from edge_face.demo import __file__ as demo_file
from edge_face.errors import SettingsError
from edge_face.types import Image

PEOPLE = Path(demo_file).parent / "people"


def unit(x: Floats) -> Floats:
    return np.asarray(x / np.linalg.norm(x, axis=-1, keepdims=True), np.float32)


def fake_faces(people: int = 4, each: int = 3) -> TrainingFaces:
    rng = np.random.default_rng(0)
    crops = rng.integers(0, 256, (people * each, 128, 128, 3), dtype=np.uint8)
    person = np.repeat(np.arange(people, dtype=np.int32), each)
    return TrainingFaces(crops, person, np.zeros((len(person), 0), np.float32), ())


def fake_embed(face: Image) -> Floats:
    assert face.shape == (112, 112, 3)
    return unit(face[::28, ::28].astype(np.float32).ravel() - 127)


def test_tracks_are_two_pictures_of_each_person_seen_many_times() -> None:
    tracks = make_tracks(fake_faces(), fake_embed, Augmentation(), people=3, views=5, seed=1)
    assert tracks.views.shape == (3, 2, 5, 49) and tracks.templates.shape == (3, 2, 48) and tracks.dimension == 48
    assert np.allclose(np.linalg.norm(tracks.views[..., :-1], axis=-1), 1, atol=1e-5)
    assert ((tracks.views[..., -1] >= 0) & (tracks.views[..., -1] <= 1)).all()
    again = make_tracks(fake_faces(), fake_embed, Augmentation(), people=3, views=5, seed=1)
    assert np.array_equal(tracks.views, again.views)
    assert not np.allclose(tracks.templates[:, 0], tracks.templates[:, 1])


def test_people_with_one_picture_make_no_track() -> None:
    faces = fake_faces(people=3, each=1)
    with pytest.raises(TrainingError, match="two or more pictures"):
        make_tracks(faces, fake_embed, Augmentation(), people=3, views=4, seed=1)


def test_a_blurred_view_weighs_less() -> None:
    import cv2

    from converter.training.cutting import cut
    from edge_face.media import read_picture

    marks = np.array([(218.2, 286.7), (280.7, 286.3), (248.7, 312.4), (224.9, 348.1), (274.7, 348.0)], np.float32)
    face = cut(read_picture(PEOPLE / "ana" / "front.jpg"), marks).image[8:-8, 8:-8].copy()
    assert quality(face) > quality(np.asarray(cv2.GaussianBlur(face, (0, 0), 4.0), np.uint8))


def test_short_tracks_are_led_by_zeros() -> None:
    rows = np.arange(6, dtype=np.float32).reshape(3, 2) + 1
    assert padded(rows, 5).tolist() == [[0, 0], [0, 0], [1, 2], [3, 4], [5, 6]]
    assert padded(rows, 2).tolist() == [[3, 4], [5, 6]]


def test_pooling_by_mean_and_as_the_door_does_it() -> None:
    rng = np.random.default_rng(2)
    truth = unit(rng.standard_normal(32))
    good = unit(truth + 0.1 * rng.standard_normal((6, 32)))
    bad = unit(truth + 0.35 * rng.standard_normal((2, 32)))
    rows = np.concatenate([np.concatenate([good, bad]), np.array([[1.0]] * 6 + [[0.02]] * 2)], 1).astype(np.float32)
    assert float(door_pooled(rows) @ truth) > float(mean_pooled(rows) @ truth) > 0.5


def test_a_rate_needs_thirty_false_matches() -> None:
    impostor = np.arange(30_000, dtype=np.float32)
    assert tar_at(np.array([29_969.0, 29_970.0], np.float32), impostor, 1e-3) == 0.5
    assert tar_at(np.zeros(3, np.float32), impostor[:29_000], 1e-3) is None


def test_the_shipped_recipe_is_whole_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    from converter.training.sequence_task import SequenceRecipe

    recipe = read(SHIPPED / "sequence.toml", SequenceRecipe)
    assert (recipe.data.least, recipe.data.frames) == (8, 16) and recipe.stop.figure == "gru_tar_1e-3"
    (tmp_path / "r.toml").write_text((SHIPPED / "sequence.toml").read_text().replace("frames = 16", "frames = 60"))
    with pytest.raises(SettingsError, match="least must be at most frames"):
        read(tmp_path / "r.toml", SequenceRecipe)


def test_an_untrained_net_is_the_mean() -> None:
    keras = pytest.importorskip("keras")
    from converter.training.sequence_net import build

    model = build(frames=6, dimension=8, units=4)
    rows = np.concatenate([unit(np.random.default_rng(0).standard_normal((4, 8))), np.full((4, 1), 0.7)], 1).astype(np.float32)
    out = keras.ops.convert_to_numpy(model(padded(rows, 6)[None], training=False))[0]
    assert np.allclose(unit(out), mean_pooled(rows), atol=1e-5)
    assert [v.path for v in model.trainable_variables] and not any("embedding_of_mean" in v.path for v in model.trainable_variables)


TINY = """
task = "sequence"
seed = 2
batch = 8
precision = "float32"
[data]
people = 6
held = 2
views = 4
least = 2
frames = 3
[network]
units = 8
dropout = 0.0
[optimizer]
kind = "adam"
rate = 0.003
average = 0.5
[schedule]
steps = 12
log_steps = 6
examine_steps = 6
"""


def test_a_tiny_run_learns_and_is_saved(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    from converter.training.run import train
    from converter.training.task import make_task

    (tmp_path / "tiny.toml").write_text(TINY)
    model = train(make_task("sequence", tmp_path / "tiny.toml", PEOPLE, None), tmp_path / "run")
    history = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    losses = [entry["loss"] for entry in history if "loss" in entry]
    assert len(losses) == 2 and losses[1] < losses[0]
    notes = json.loads((tmp_path / "run" / "training.json").read_text())
    assert notes["data"]["people"] == 6 and notes["embedder"]["model_id"]
    assert keras.models.load_model(model, compile=False).input_shape == (None, 3, 385)
