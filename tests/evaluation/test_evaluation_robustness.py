"""Hard conditions: each does what it says, leaves the original alone, and is the same whatever the threads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from evaluation_material import lfw_folder

from edge_face.demo import stills
from edge_face.evaluation.conditions import CONDITIONS, LOW_EYE_DISTANCE
from edge_face.evaluation.embedding_run import Models, Recogniser
from edge_face.evaluation.pictures import open_pictures
from edge_face.evaluation.robustness import CLEAN, measure_robustness, read_conditions
from edge_face.evaluation.tally import Metric
from edge_face.media import read_picture
from edge_face.opencv import cv2
from edge_face.types import Detection, Image


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Models.load().recogniser()


@pytest.fixture(scope="module")
def seen(recogniser: Recogniser) -> tuple[Image, Detection]:
    image = read_picture(stills("ana")[0])
    found = recogniser.find(image)
    assert found is not None
    return image, found


@pytest.fixture(scope="module")
def changed(seen: tuple[Image, Detection]) -> dict[str, Image]:
    image, found = seen
    return {name: condition.change(image.copy(), found, np.random.default_rng(0)) for name, condition in CONDITIONS.items()}


@pytest.mark.parametrize("name", list(CONDITIONS))
def test_a_condition_is_a_picture_of_the_same_size_and_described(name: str, changed: dict[str, Image],
                                                               seen: tuple[Image, Detection]) -> None:
    image, found = seen
    before = image.copy()
    again = CONDITIONS[name].change(image, found, np.random.default_rng(0))
    assert again.shape == image.shape and again.dtype == np.uint8 and again.flags.c_contiguous
    assert (image == before).all() and (again == changed[name]).all() and (again != image).any()
    assert len(CONDITIONS[name].about) > 20


def inside(image: Image, found: Detection) -> Image:
    x, y, side = int(found.box.x), int(found.box.y), int(found.box.width)
    return image[y:y + int(found.box.height), x:x + side]


def test_dark_and_backlit_darken_the_face(changed: dict[str, Image], seen: tuple[Image, Detection]) -> None:
    image, found = seen
    assert changed["dark"].mean() < 0.5 * image.mean()
    face, room = inside(changed["backlit"], found), changed["backlit"][:100]
    assert face.mean() < inside(image, found).mean() and room.mean() > image[:100].mean() + 30


def test_low_resolution_and_jpeg_lose_detail(changed: dict[str, Image], seen: tuple[Image, Detection]) -> None:
    image, found = seen
    eyes = float(np.linalg.norm(found.landmarks[1] - found.landmarks[0]))
    assert eyes > 2 * LOW_EYE_DISTANCE

    def detail(picture: Image) -> float:
        return float(cv2.Laplacian(inside(picture, found), cv2.CV_32F).var())

    assert detail(changed["low-resolution"]) < 0.3 * detail(image)
    assert not np.array_equal(changed["jpeg-30"], image)


def test_the_mask_covers_the_mouth_and_leaves_the_eyes(changed: dict[str, Image], seen: tuple[Image, Detection]) -> None:
    image, found = seen
    difference = np.abs(changed["mask"].astype(int) - image).sum(axis=2)
    (lx, ly), (rx, ry), _, (ax, ay), (bx, by) = found.landmarks.astype(int).tolist()
    for x, y in ((lx, ly), (rx, ry)):
        assert difference[y - 3:y + 4, x - 3:x + 4].max() == 0
    for x, y in ((ax, ay), (bx, by)):
        assert difference[y - 3:y + 4, x - 3:x + 4].min() > 10


def test_yaw_moves_the_nose_to_a_side_and_not_the_room(recogniser: Recogniser, changed: dict[str, Image],
                                                       seen: tuple[Image, Detection]) -> None:
    image, found = seen
    turned = recogniser.find(changed["yaw"])
    assert turned is not None

    def off(face: Detection) -> float:
        eyes = face.landmarks[:2, 0]
        return float((face.landmarks[2, 0] - eyes.mean()) / (eyes[1] - eyes[0]))

    assert abs(off(turned) - off(found)) > 0.1
    assert (changed["yaw"][:, :40] == image[:, :40]).all() and (changed["yaw"][-40:] == image[-40:]).all()


def test_without_a_face_in_the_good_picture_all_fail(tmp_path: Path, recogniser: Recogniser) -> None:
    (tmp_path / "cut.jpg").write_bytes(stills("ana")[0].read_bytes()[:5000])
    readings = read_conditions(recogniser, tmp_path / "cut.jpg", ("dark", "mask"), 0)
    assert set(readings) == {CLEAN, "dark", "mask"} and all(r.unreadable and "cut off" in r.failure for r in readings.values())


def test_the_table_has_a_row_for_each_and_threads_change_nothing(tmp_path: Path) -> None:
    pictures = open_pictures(lfw_folder(tmp_path, ("ana", "ben", "chidi"), 2))
    paths = [pictures.path(i) for i in range(len(pictures))]
    models = Models.load()
    one, two = (measure_robustness(paths, pictures.person, models.recogniser, Metric(), ("dark", "yaw"), jobs=jobs)[1] for jobs in (1, 2))
    assert [row.name for row in one] == [CLEAN, "dark", "yaw"]
    for first, second in zip(one, two, strict=True):
        assert (first.pairs.tally.impostor == second.pairs.tally.impostor).all()
    # Every good picture against every changed picture of the others: twice as many as among themselves.
    assert one[0].pairs.tally.genuine_pairs == 3 and one[1].pairs.tally.genuine_pairs == 6
    assert one[1].pairs.tally.impostor_pairs == 2 * one[0].pairs.tally.impostor_pairs == 2 * 12
