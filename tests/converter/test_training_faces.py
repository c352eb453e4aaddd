"""Batches of faces depend on seed and number alone; shards and people's folders are read and digested."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from converter.training.embedder_recipe import Data, EmbedderRecipe, Imitation, Losses, Margin, Neighbours, Triplet
from converter.training.embedder_task import EmbedderTask, make
from converter.training.errors import TrainingError
from converter.training.face_augment import HARD, Augmentation, augment
from converter.training.face_feeder import FaceFeeder, shrink
from converter.training.face_shards import TrainingFaces, centres, load_shards
from converter.training.recipe_parts import Schedule
from converter.training.sources import data_digest, open_training
from converter.training.verification import figures, joined, some, teacher_cosines
from edge_face.errors import MediaError, SettingsError, UsageError

PEOPLE = [0, 0, 0, 1, 1, 2, -1, -1, 3, 3, 3, 3]


def faces(person: list[int] = PEOPLE, parts: tuple[int, ...] = ()) -> TrainingFaces:
    rng = np.random.default_rng(0)
    crops = rng.integers(0, 255, (len(person), 128, 128, 3), np.uint8)
    teacher = rng.standard_normal((len(person), sum(parts))).astype(np.float32)
    return TrainingFaces(crops, np.array(person, np.int32), joined(teacher, parts) if parts else teacher, parts)


@contextmanager
def feeding(first: int = 0, workers: int = 1, each: int = 0, batch: int = 6, size: int = 24, seed: int = 3) -> Iterator[FaceFeeder]:
    feeder = FaceFeeder(faces(), Augmentation(), batch, workers, seed, first, slots=4, size=size, each=each)
    try:
        yield feeder
    finally:
        feeder.close()


def some_batches(count: int, **how: int) -> list[tuple[np.ndarray, np.ndarray]]:
    with feeding(**how) as feeder:
        return [batch for batch, _ in zip(feeder.batches(), range(count), strict=False)]


@pytest.mark.parametrize("each", [0, 2])
def test_a_resumed_run_sees_what_an_unbroken_one_would_have(each: int) -> None:
    whole = some_batches(5, each=each)
    for other in (some_batches(2, first=3, each=each), some_batches(2, first=3, each=each, workers=2)):
        for (images, index), (expected, expected_index) in zip(other, whole[3:], strict=True):
            assert images.shape == (6, 24, 24, 3)
            assert np.array_equal(index, expected_index)
            assert np.array_equal(images, expected)
    assert not np.array_equal(whole[0][0], some_batches(1, seed=4, each=each)[0][0])


def test_every_face_comes_once_in_each_pass() -> None:
    with feeding() as feeder:
        for turn in range(3):
            seen = np.concatenate([feeder.chosen(2 * turn), feeder.chosen(2 * turn + 1)])
            assert sorted(seen.tolist()) == list(range(len(PEOPLE)))


def test_a_balanced_batch_has_each_person_as_often() -> None:
    with feeding(each=3) as feeder:
        drawn = [feeder.chosen(number) for number in range(40)]
    for index in drawn:
        people, counts = np.unique(np.array(PEOPLE)[index], return_counts=True)
        assert counts.tolist() == [3, 3]
        assert not set(people.tolist()) & {-1, 2}  # unlabelled, and alone
    # The person with two faces comes as often as the one with four.
    often = np.bincount(np.concatenate([np.array(PEOPLE)[index] for index in drawn]), minlength=4)
    assert often[1] > 0.6 * often[3]


def test_a_feeder_that_died_is_noticed() -> None:
    with feeding() as feeder:
        batches = feeder.batches()
        next(batches)
        os.kill(feeder._batches._workers[0].pid or 0, signal.SIGKILL)
        with pytest.raises(TrainingError, match="prepares batches has died"):
            for _ in range(20):
                next(batches)


@pytest.mark.parametrize("name", sorted(HARD))
def test_each_strong_change_keeps_the_shape_and_changes_the_face(name: str) -> None:
    face = cv2.GaussianBlur(faces().crops[0][8:-8, 8:-8], (0, 0), 2)
    before = face.copy()
    changed = HARD[name](face, np.random.default_rng(1))
    assert (changed.shape, changed.dtype) == (face.shape, np.uint8)
    assert not np.array_equal(changed, face)
    assert np.array_equal(face, before)


def test_without_any_change_the_face_is_the_crops_middle() -> None:
    crop = faces().crops[0]
    still = Augmentation(flip=0, rotation=0, scale=0, shift=0, tone=0, hard=0)
    assert np.array_equal(augment(crop, still, np.random.default_rng(0)), crop[8:-8, 8:-8])
    mirrored = augment(crop, Augmentation(flip=1, rotation=0, scale=0, shift=0, tone=0, hard=0), np.random.default_rng(0))
    assert np.array_equal(mirrored, crop[8:-8, 8:-8][:, ::-1])
    assert shrink(crop[8:-8, 8:-8], 56).shape == (56, 56, 3)


def write_shards(folder: Path, spoil: bool = False) -> None:
    rng = np.random.default_rng(5)
    split = {}
    for number, count in enumerate((6, 4)):
        blobs = [cv2.imencode(".webp", rng.integers(0, 255, (128, 128, 3), np.uint8))[1].ravel() for _ in range(count)]
        if spoil and number == 0:
            blobs[0] = blobs[0][:20]
        offsets = np.cumsum([0, *map(len, blobs)])
        a, b = rng.integers(-127, 127, (count, 6)).astype(np.int8), rng.integers(-127, 127, (count, 4)).astype(np.int8)
        np.savez(folder / f"faces-{number}.npz", data=np.concatenate(blobs), offsets=offsets, identity=np.arange(count) // 2 - number,
                 teacher_a=a, teacher_b=b, teacher_a_scale=np.ones(count, np.float32), teacher_b_scale=np.ones(count, np.float32))
        split[f"shard{number}"] = np.array([0] * (count - 1) + [1], np.uint8)
    np.savez(folder / "split.npz", **split)


def test_shards_give_faces_people_and_teachers(tmp_path: Path) -> None:
    write_shards(tmp_path)
    found = open_training(tmp_path, "train")
    assert (len(found), found.people, found.parts) == (8, 3, (6, 4))
    assert (found.person < 0).sum() == 2
    assert np.allclose(np.linalg.norm(found.teacher, axis=1), 1, atol=1e-5)
    assert np.allclose(np.linalg.norm(centres(found), axis=1), 1, atol=1e-5)
    assert len(open_training(tmp_path, "selection")) == 2


def test_a_picture_cut_off_in_a_shard_is_left_out_by_name(tmp_path: Path) -> None:
    write_shards(tmp_path, spoil=True)
    found = load_shards(tmp_path, "train")
    assert len(found) == 7
    assert found.skipped == ("face 0 of faces-0.npz is no crop of 128x128",)


@pytest.mark.parametrize("damage", ["cut", "empty", "no split", "key"])
def test_a_corrupt_shard_is_one_sentence(tmp_path: Path, damage: str) -> None:
    write_shards(tmp_path)
    shard = tmp_path / "faces-0.npz"
    if damage == "no split":
        (tmp_path / "split.npz").unlink()
    elif damage == "key":
        np.savez(shard, data=np.zeros(3, np.uint8))
    else:
        shard.write_bytes(shard.read_bytes()[:3000] if damage == "cut" else b"")
    which = "split" if damage == "no split" else "faces-0"
    with pytest.raises(MediaError, match=rf"{which}.npz cannot be read .*: fetch the shards again"):
        open_training(tmp_path, "train")


def test_data_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="is not there: --data names"):
        open_training(tmp_path / "none", "train")


def test_the_digest_sees_every_file_and_only_the_data(tmp_path: Path) -> None:
    (tmp_path / "ana").mkdir()
    (tmp_path / "ana" / "1.jpg").write_bytes(b"one")
    first = data_digest(tmp_path)
    (tmp_path / ".hidden").write_bytes(b"not data")
    assert data_digest(tmp_path) == first
    (tmp_path / "ana" / "1.jpg").rename(tmp_path / "ana" / "2.jpg")
    assert data_digest(tmp_path) != first
    table = tmp_path / "people.csv"
    table.write_text("file,person\nana/2.jpg,ana\n")
    before = data_digest(table)
    (tmp_path / "ana" / "2.jpg").write_bytes(b"two")
    assert data_digest(table) != before


def test_figures_of_separable_and_of_equal_faces() -> None:
    person = np.repeat(np.arange(100), 4).astype(np.int32)
    apart = figures(np.eye(100, dtype=np.float32)[person], person)
    assert apart == {"auc": 1.0, "tar_0.01": 1.0, "tar_0.001": 1.0}  # 79,200 impostor pairs do not carry 1e-4
    alike = figures(np.ones((400, 3), np.float32), person)
    assert (alike["auc"], alike["tar_0.01"]) == (0.5, 0.0)
    assert figures(np.ones((2, 3), np.float32), np.array([0, 1], np.int32)) == {}
    assert figures(np.ones((3, 3), np.float32), np.array([-1, -1, 0], np.int32)) == {}


def test_cosines_to_teachers_and_the_choice_of_faces() -> None:
    known = faces(parts=(6, 4))
    assert teacher_cosines(known.teacher, known.teacher, (6, 4)) == pytest.approx({"cos_a": 1, "cos_b": 1}, abs=1e-5)
    chosen = some(known, 6)
    assert len(chosen) == 6
    assert np.array_equal(chosen, some(known, 6))
    assert (known.person[chosen] >= 0).all()


def recipe(losses: Losses, **more: object) -> EmbedderRecipe:
    return EmbedderRecipe(task="embedder", schedule=Schedule(steps=1), losses=losses, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("losses", "known", "more", "error", "words"), [
    (Losses(imitation=Imitation()), faces(), {}, TrainingError, "has no teachers' embeddings: take a recipe without"),
    (Losses(imitation=Imitation(teachers=(1.0,))), faces(parts=(6, 4)), {}, SettingsError, "names 1 weights, but .* has 2 teachers"),
    (Losses(margin=Margin()), faces([0, 0, -1]), {}, TrainingError, "pictures of 1 known person"),
    (Losses(margin=Margin()), faces([-1, -1]), {}, TrainingError, "pictures of no known person"),
    (Losses(triplet=Triplet()), faces(), {"data": Data(people=5, faces=2), "batch": 10}, TrainingError, "3 people with two or more"),
    (Losses(neighbours=Neighbours()), faces(parts=(6, 4)), {}, TrainingError, "needs more than a batch of 128"),
])
def test_data_that_cannot_carry_a_recipe_are_refused(monkeypatch: pytest.MonkeyPatch, losses: Losses, known: TrainingFaces,
                                                     more: dict[str, object], error: type[Exception], words: str) -> None:
    monkeypatch.setattr("converter.training.embedder_task.open_training", lambda *_: known)
    task = EmbedderTask(recipe(losses, **more), Path("people"), None)
    with pytest.raises(error, match=words):
        task.open(0)
    task.close()


def test_a_recipe_needs_data(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('task = "embedder"\n[losses.margin]\n[schedule]\nsteps = 1\n')
    with pytest.raises(UsageError, match="name the training pictures with --data"):
        make(path, None, None)
