"""A regression that learns people from what a way of hiding leaves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_face.demo import people, stills
from edge_face.errors import MediaError
from edge_face.evaluation import privacy_learned
from edge_face.evaluation.embedding_run import Models
from edge_face.evaluation.privacy_learned import centred, fit, learn_all, read_lesson
from edge_face.evaluation.privacy_strength import parrot_auc
from edge_face.evaluation.privacy_ways import Way
from edge_face.media import write_picture
from edge_face.opencv import cv2
from edge_face.types import Floats, Image
from edge_face.vision.embedder import Embedder


def coloured(count: int, seed: int) -> tuple[Floats, Floats, np.ndarray]:
    """Faces that are one colour each, embeddings that follow it, and the colours."""
    random = np.random.default_rng(seed)
    colour = random.uniform(40, 215, (count, 3)).astype(np.float32)
    small = np.broadcast_to(colour[:, None, None], (count, 16, 16, 3)) + random.normal(0, 4, (count, 16, 16, 3))
    vectors = (colour - 127) / np.linalg.norm(colour - 127, axis=1, keepdims=True)
    return small.astype(np.float32), vectors.astype(np.float32), colour


def test_what_colours_tell_is_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privacy_learned, "WAVES", 200)
    small, vectors, _ = coloured(500, 1)
    learner = fit(small, vectors)
    others, truth, _ = coloured(60, 2)
    faces: list[Image] = [cv2.resize(np.clip(face, 0, 255).astype(np.uint8), (112, 112)) for face in others]
    agree = [float(learner.embed(face) @ vector) for face, vector in zip(faces, truth, strict=True)]
    assert np.mean(agree) > 0.9


def test_nothing_is_learned_from_black(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privacy_learned, "WAVES", 100)
    _, vectors, _ = coloured(300, 1)
    learner = fit(np.zeros((300, 16, 16, 3), np.float32), vectors)
    looks = np.stack([learner.embed(np.zeros((112, 112, 3), np.uint8)) for _ in range(6)])
    assert np.isfinite(looks).all()
    assert parrot_auc(looks, np.array([0, 0, 1, 1, 2, 2])) == 0.5


def test_centred_is_of_length_one_and_without_the_mean() -> None:
    mean = np.array([1.0, 0.0], np.float32)
    assert centred(np.array([1.0, 2.0], np.float32), mean) == pytest.approx([0.0, 1.0])


def test_pictures_and_aligned_crops_are_read_and_learned_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privacy_learned, "FEWEST", 10)
    monkeypatch.setattr(privacy_learned, "WAVES", 50)
    models = Models.load()
    recogniser = models.recogniser()
    embedder = Embedder(models.embedder, "int8")
    for name in people():
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpg").write_bytes(stills(name)[0].read_bytes())
        write_picture(tmp_path / name / "b.png", np.full((128, 128, 3), 90, np.uint8))
    lesson = read_lesson(str(tmp_path), 100, 0.5, recogniser.detector, embedder)
    assert len(lesson.faces) == 16 and lesson.embeddings.shape[0] == 16
    ways = (Way("solid", 1.0), Way("pixelate", 0.5))
    learners = learn_all(lesson, ways)
    assert set(learners) == set(ways)
    assert np.linalg.norm(learners[ways[1]].embed(np.full((112, 112, 3), 90, np.uint8))) == pytest.approx(1, abs=1e-4)


def test_too_few_faces_are_refused(tmp_path: Path) -> None:
    (tmp_path / "ana").mkdir()
    (tmp_path / "ana" / "a.jpg").write_bytes(stills("ana")[0].read_bytes())
    models = Models.load()
    with pytest.raises(MediaError, match="1 faces"):
        read_lesson(str(tmp_path), 100, 0.5, models.recogniser().detector, Embedder(models.embedder, "int8"))
