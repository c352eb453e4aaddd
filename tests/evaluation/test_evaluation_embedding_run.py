"""The pipeline over many pictures: which face, what fails and why, the same whatever the threads."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import numpy as np
import pytest
from evaluation_material import lfw_folder

from edge_face.demo import stills
from edge_face.errors import MediaError, ModelError, UsageError
from edge_face.evaluation.embedding_run import (
    Embedded,
    Models,
    Reading,
    Recogniser,
    embed_pictures,
    main_face,
    over_pictures,
)
from edge_face.evaluation.embeddings_file import write_embeddings
from edge_face.media import read_picture, write_picture
from edge_face.types import Box, Detection, Floats, Image
from edge_face.vision.align import align


def face(x: float, y: float, side: float, score: float = 0.9) -> Detection:
    marks = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)], np.float32) * side
    return Detection(Box(x, y, side, side), marks + np.array([x, y], np.float32), score)


def test_the_largest_and_most_central_face_is_taken() -> None:
    large_middle, larger_corner, small_middle = face(280, 200, 80), face(0, 0, 100), face(310, 230, 20)
    assert main_face([larger_corner, small_middle, large_middle], 640, 480) is large_middle
    assert main_face([larger_corner, face(20, 20, 60)], 640, 480) is larger_corner
    assert main_face([], 640, 480) is None


def test_a_doubtful_face_is_not_taken_for_its_size() -> None:
    sure, doubtful, fair = face(280, 200, 60, 0.95), face(200, 100, 250, 0.55), face(270, 190, 90, 0.9)
    assert main_face([sure, doubtful], 640, 480) is sure
    assert main_face([sure, doubtful, fair], 640, 480) is fair
    assert main_face([doubtful], 640, 480) is doubtful


class Finder:
    recognise = 0.5

    def __init__(self, found: list[Detection]) -> None:
        self._found = found

    def detect(self, image: Image, threshold: float) -> list[Detection]:
        return [d for d in self._found if d.score >= threshold]


class Unit:
    def embed(self, aligned: Image) -> Floats:
        return np.eye(1, 8, dtype=np.float32)[0]


def test_faces_below_the_threshold_and_impossible_landmarks_are_failures() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    assert Recogniser(Finder([face(10, 10, 50, 0.49)]), Unit()).read(image).failure == "no face found"
    spot = Detection(Box(0, 0, 50, 50), np.full((5, 2), 7, np.float32), 0.9)
    assert "landmarks" in Recogniser(Finder([spot]), Unit()).read(image).failure
    good = Recogniser(Finder([face(10, 10, 50)]), Unit()).read(image)
    assert good.failure == "" and good.embedding is not None and good.detection is not None


def test_the_run_is_the_devices_own_pipeline() -> None:
    models = Models.load()
    recogniser = models.recogniser()
    path = stills("ana")[0]
    reading = recogniser.read_file(path)
    image = read_picture(path)
    found = recogniser.detector.detect(image, recogniser.detector.recognise)
    assert len(found) == 1 and reading.detection is not None and (reading.detection.landmarks == found[0].landmarks).all()
    from edge_face.vision.embedder import Embedder

    assert reading.embedding == pytest.approx(Embedder(models.embedder).embed(align(image, found[0].landmarks).image))


def test_threads_change_nothing_and_failures_are_named(tmp_path: Path) -> None:
    home = lfw_folder(tmp_path, ("ana", "ben", "chidi"), 2)
    (home / "cut.jpg").write_bytes(stills("ana")[0].read_bytes()[:9000])
    write_picture(home / "wall.png", np.full((300, 400, 3), 120, np.uint8))
    paths = sorted(home.rglob("*.*"))
    steps: list[tuple[int, int]] = []
    models = Models.load()
    one = Embedded.of(embed_pictures(paths, models.recogniser, jobs=1))
    three = Embedded.of(embed_pictures(paths, models.recogniser, jobs=3, progress=lambda done, total: steps.append((done, total))))
    assert (one.embeddings == three.embeddings).all() and steps == [(n, 8) for n in range(9)]
    bad = {paths[index].name: why for index, why in three.failures.items()}
    assert set(bad) == {"cut.jpg", "wall.png"} and "cut off" in bad["cut.jpg"] and bad["wall.png"] == "no face found"
    assert [paths[i].name for i in three.unreadable] == ["cut.jpg"]
    assert np.linalg.norm(three.embeddings[three.found], axis=1) == pytest.approx(1, abs=1e-4)


def test_large_and_tall_pictures_are_seen_too(tmp_path: Path) -> None:
    small = read_picture(stills("ben")[0])
    large = np.repeat(np.repeat(small, 4, axis=0), 4, axis=1)
    recogniser = Models.load().recogniser()
    near, far = recogniser.read(small).embedding, recogniser.read(large).embedding
    assert near is not None and far is not None and float(near @ far) > 0.95


def test_a_model_that_breaks_ends_the_run() -> None:
    def worker() -> object:
        raise ModelError("damaged")

    with pytest.raises(ModelError, match="damaged"):
        list(over_pictures([Path("a"), Path("b")], worker, jobs=2))  # type: ignore[arg-type]


def test_nothing_found_at_all_is_said() -> None:
    with pytest.raises(MediaError, match="no face was found in any of the 2 pictures"):
        Embedded.of([Reading(failure="no face found")] * 2)


def test_the_landmarker_is_part_of_the_pipeline_and_can_be_left_out() -> None:
    whole, without = Models.load(), Models.load(landmarker=None)
    assert whole.about()["landmarker"].startswith("edge-face-landmarker") and without.about()["landmarker"] == "none"
    one, two = (models.recogniser().read_file(stills("ana")[1]).detection for models in (whole, without))
    assert one is not None and two is not None and one.box == two.box
    assert (one.landmarks != two.landmarks).any()


@pytest.mark.parametrize("precision", ["int8", "float32", "float16"])
def test_every_precision_runs(precision: str) -> None:
    models = Models.load(precision=precision)
    reading = models.recogniser().read_file(stills("greta")[0])
    assert reading.embedding is not None and models.about()["file"].startswith(("int8", "float"))


def test_files_of_embeddings(tmp_path: Path) -> None:
    reading = Reading(face(10, 10, 50), np.eye(1, 8, dtype=np.float32)[0])
    about = {"model": "m-1", "precision": "int8"}
    files = ["a.jpg", "b\udcff.jpg"]
    write_embeddings(str(tmp_path / "e.npz"), files, [reading, Reading(failure="no face found")], about)
    with np.load(tmp_path / "e.npz", allow_pickle=False) as content:
        assert content["embeddings"].shape == (1, 8) and content["files"].tolist() == ["a.jpg"]
        assert content["landmarks"].shape == (1, 5, 2) and content["failures"].tolist() == ["no face found"]
        assert json.loads(str(content["about"])) == about
    write_embeddings(str(tmp_path / "e.jsonl"), files, [reading, Reading(failure="no face found")], about)
    good, bad = map(json.loads, (tmp_path / "e.jsonl").read_text().splitlines())
    assert good["embedding"][:2] == [1.0, 0.0] and good["box"] == [10, 10, 50, 50] and good["failure"] is None
    assert bad["embedding"] is None and bad["failure"] == "no face found" and bad["file"] == "b\\udcff.jpg"
    assert stat.S_IMODE((tmp_path / "e.npz").stat().st_mode) == 0o600
    with pytest.raises(UsageError, match=r"\.npz"):
        write_embeddings(str(tmp_path / "e.csv"), files, [], about)
