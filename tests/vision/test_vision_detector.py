"""The detector: decoding and suppression by hand-made maps, and the shipped bundle on the bundled stills."""

from __future__ import annotations

import copy
import json
import math
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from faces_on_file import stills
from hypothesis import given
from hypothesis import strategies as st

from edge_face.errors import ModelError
from edge_face.types import Box
from edge_face.vision.bundle import MODELS, load_bundle
from edge_face.vision.detector import Detector, plausible, read_encoding, suppress

OUTPUTS = json.loads((MODELS / "detector" / "manifest.json").read_text(encoding="utf-8"))["outputs"]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(load_bundle("", "detector"))


class Maps:
    """Stands for the network: says nothing but what a test puts into a cell, in the shapes of 320x240."""

    def __init__(self) -> None:
        self.maps: dict[str, np.ndarray] = {}
        for stride in (8, 16, 32):
            rows, columns = -(-240 // stride), -(-320 // stride)
            self.maps[f"score_{stride}"] = np.full((1, rows, columns, 1), -12, np.float32)
            self.maps[f"box_{stride}"] = np.zeros((1, rows, columns, 4), np.float32)
            self.maps[f"landmarks_{stride}"] = np.zeros((1, rows, columns, 10), np.float32)
        self.seen: np.ndarray | None = None

    def face(self, stride: int, row: int, column: int, box: Box, score: float) -> np.ndarray:
        """Writes a face in input pixels into a cell; gives its landmarks."""
        cell = np.array([(column + 0.5) * stride, (row + 0.5) * stride])
        offset = (np.array(box.centre) - cell) / stride
        points = np.array([(0.3, 0.35), (0.7, 0.35), (0.5, 0.55), (0.35, 0.75), (0.65, 0.75)]) * (box.width, box.height) + (box.x, box.y)
        self.maps[f"score_{stride}"][0, row, column] = math.log(score / (1 - score))
        self.maps[f"box_{stride}"][0, row, column] = [*offset, math.log(box.width / stride), math.log(box.height / stride)]
        self.maps[f"landmarks_{stride}"][0, row, column] = ((points - cell) / stride).ravel()
        return points

    def run(self, values: np.ndarray) -> dict[str, np.ndarray]:
        self.seen = values.copy()
        return self.maps


@pytest.fixture
def faked(monkeypatch: pytest.MonkeyPatch) -> tuple[Detector, Maps]:
    detector, maps = Detector(load_bundle("", "detector"), landmarker=None), Maps()
    monkeypatch.setattr(detector, "_interpreter", maps)
    return detector, maps


def near(box: Box, expected: Box, tolerance: float = 0.02) -> None:
    assert (box.x, box.y, box.width, box.height) == pytest.approx((expected.x, expected.y, expected.width, expected.height), abs=tolerance)


@pytest.mark.parametrize(("stride", "row", "column"), [(8, 3, 4), (16, 14, 19), (32, 7, 0), (8, 29, 39)])
def test_a_cell_is_decoded_into_the_pixels_of_the_given_picture(faked: tuple[Detector, Maps], stride: int, row: int, column: int) -> None:
    detector, maps = faked
    box = Box(column * stride - 10.0, row * stride - 12.0, 24.0, 30.0)
    points = maps.face(stride, row, column, box, 0.9)
    (found,) = detector.detect(np.zeros((480, 640, 3), np.uint8), 0.5)
    near(found.box, box.scaled(2, 2))
    np.testing.assert_allclose(found.landmarks, points * 2, atol=0.02)
    assert found.landmarks.dtype == np.float32
    assert found.score == pytest.approx(0.9, abs=1e-5)


def test_a_wide_picture_is_padded_and_the_padding_finds_nothing(faked: tuple[Detector, Maps]) -> None:
    detector, maps = faked
    image = np.full((360, 1280, 3), 200, np.uint8)  # fills 320x90
    maps.face(8, 3, 4, Box(20, 10, 30, 40), 0.9)
    maps.face(8, 20, 4, Box(20, 150, 30, 40), 0.95)  # in the padding
    (found,) = detector.detect(image, 0.5)
    near(found.box, Box(80, 40, 120, 160), 0.1)
    assert maps.seen is not None
    assert (maps.seen[:90] == 200).all()
    assert (maps.seen[90:] == 127).all()
    detector.detect(np.full((1280, 360, 3), 50, np.uint8), 0.5)  # a tall one next: no rest of the wide one
    assert (maps.seen[:, :68] == 50).all()
    assert (maps.seen[:, 68:] == 127).all()


def test_scores_below_the_threshold_are_left_out(faked: tuple[Detector, Maps]) -> None:
    detector, maps = faked
    maps.face(8, 3, 4, Box(20, 10, 30, 40), 0.4)
    maps.face(16, 10, 12, Box(180, 150, 60, 70), 0.6)
    image = np.zeros((240, 320, 3), np.uint8)
    assert [round(d.score, 3) for d in detector.detect(image, 0.5)] == [0.6]
    assert [round(d.score, 3) for d in detector.detect(image, 0.3)] == [0.6, 0.4]
    assert detector.detect(image, 0.7) == []


def test_one_face_seen_by_many_cells_is_one_face_and_neighbours_stay(faked: tuple[Detector, Maps]) -> None:
    detector, maps = faked
    for row, column, score in ((5, 5, 0.8), (5, 6, 0.9), (6, 5, 0.7)):
        maps.face(8, row, column, Box(30 + column - 5, 30, 40, 50), score)
    maps.face(16, 2, 2, Box(31, 29, 40, 52), 0.6)
    maps.face(8, 5, 12, Box(78, 30, 40, 50), 0.75)
    found = detector.detect(np.zeros((240, 320, 3), np.uint8), 0.5)
    assert [round(d.score, 2) for d in found] == [0.9, 0.75]


@pytest.mark.parametrize("name", ["score_8", "box_16", "landmarks_32"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_maps_that_are_no_numbers_are_a_model_error(faked: tuple[Detector, Maps], name: str, value: float) -> None:
    detector, maps = faked
    for stride in (8, 16, 32):
        maps.face(stride, 2, 2, Box(10, 10, 60, 60), 0.9)
    maps.maps[name][0, 2, 2, 0] = value
    with pytest.raises(ModelError, match="no numbers"):
        detector.detect(np.zeros((240, 320, 3), np.uint8), 0.5)


def test_a_face_with_impossible_landmarks_is_hidden_but_never_recognised(faked: tuple[Detector, Maps]) -> None:
    detector, maps = faked
    maps.face(8, 5, 5, Box(30, 30, 40, 50), 0.95)
    maps.maps["landmarks_8"][0, 5, 5] = 20
    image = np.zeros((240, 320, 3), np.uint8)
    assert detector.detect(image, detector.recognise) == []
    (found,) = detector.detect(image, detector.hide)
    assert detector.hide <= found.score < detector.recognise


def test_plausible_landmarks_lie_in_their_box() -> None:
    box = np.array([[0, 0, 100, 120]], np.float32)
    face = np.array([[(30, 45), (70, 45), (50, 70), (35, 95), (65, 95)]], np.float32)
    profile = face * (0.1, 1) + (70, 0)
    assert plausible(box, face).all()
    assert plausible(box, profile.astype(np.float32)).all()
    assert plausible(box, face[:, ::-1]).all()  # upside down
    assert not plausible(box, face + 90).any()
    assert not plausible(box, face * 0 + 50).any()
    assert not plausible(box, (face - 50) * 4 + 50).any()


scored_boxes = st.tuples(*[st.floats(0, 100)] * 2, *[st.floats(1, 60)] * 2, st.floats(0, 1))


@given(rows=st.lists(scored_boxes, min_size=1, max_size=40), overlap=st.floats(0.2, 0.8))
def test_suppression_keeps_the_best_and_nothing_overlapping_it(rows: list[tuple[float, ...]], overlap: float) -> None:
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h, _ in rows], np.float32)
    scores = np.array([row[4] for row in rows], np.float32)
    kept = suppress(boxes, scores, overlap)
    assert scores[kept[0]] == scores.max()
    assert (np.diff(scores[kept]) <= 0).all()
    shapes = [Box(float(x0), float(y0), float(x1 - x0), float(y1 - y0)) for x0, y0, x1, y1 in boxes]
    for i, a in enumerate(kept):
        assert all(shapes[a].iou(shapes[b]) <= overlap + 1e-4 for b in kept[i + 1:])
    for other in set(range(len(rows))) - set(kept.tolist()):
        assert any(shapes[other].iou(shapes[k]) > overlap - 1e-4 and scores[k] >= scores[other] for k in kept)


@pytest.mark.parametrize("image", [np.zeros((48, 64), np.uint8), np.zeros((48, 64, 1), np.uint8), np.zeros((48, 64, 4), np.uint8),
                                   np.zeros((48, 64, 3), np.uint16), np.zeros((0, 64, 3), np.uint8)])
def test_only_bgr_pictures_are_taken(detector: Detector, image: np.ndarray) -> None:
    with pytest.raises(ModelError, match="BGR pictures"):
        detector.detect(image, 0.5)


@pytest.mark.parametrize("threshold", [0.0, 1.0, -1.0, math.nan])
def test_thresholds_lie_between_0_and_1(detector: Detector, threshold: float) -> None:
    with pytest.raises(ModelError, match="between 0 and 1"):
        detector.detect(np.zeros((48, 64, 3), np.uint8), threshold)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 20_000), (20_000, 3), (3000, 4000), (17, 23)])
def test_any_size_of_picture_is_taken(detector: Detector, shape: tuple[int, int]) -> None:
    for found in detector.detect(np.full((*shape, 3), 120, np.uint8), 0.5):
        x, y = found.box.centre
        assert 0 <= x <= shape[1]
        assert 0 <= y <= shape[0]


def test_an_empty_wall_has_no_face(detector: Detector) -> None:
    assert detector.detect(np.full((480, 640, 3), 140, np.uint8), detector.recognise) == []


@pytest.mark.parametrize("size", [(320, 240), (640, 480)])
@pytest.mark.parametrize("precision", ["int8", "float32"])
def test_the_shipped_files_find_the_bundled_faces(size: tuple[int, int], precision: str) -> None:
    detector = Detector(load_bundle("", "detector"), *size, precision)
    for still in stills("front.jpg"):
        best, *_ = detector.detect(still.image, detector.hide)
        assert best.box.iou(still.box) > 0.5, still.person
        eyes = float(np.linalg.norm(still.landmarks[0] - still.landmarks[1]))
        assert np.linalg.norm(best.landmarks - still.landmarks, axis=1).mean() < 0.35 * eyes, still.person


def test_a_picture_twelve_times_as_large_gives_the_same_face(detector: Detector) -> None:
    still = next(stills("front.jpg"))
    large = cv2.resize(still.image, None, fx=12, fy=12, interpolation=cv2.INTER_NEAREST)
    one, two = (detector.detect(image, detector.hide)[0] for image in (still.image, large))
    assert one.box.scaled(12, 12).iou(two.box) > 0.9


def test_a_missing_size_or_precision_is_named(detector: Detector) -> None:
    with pytest.raises(ModelError, match=r"no file for int8 at 96x96; it has .*int8-320x240"):
        Detector(load_bundle("", "detector"), 96, 96)
    with pytest.raises(ModelError, match="not for 'detector'"):
        Detector(load_bundle("", "embedder"), 112, 112)


@pytest.mark.parametrize(("key", "value", "words"), [
    ("box_encoding", "corners", "box_encoding is 'corners'.*update"),
    ("score_encoding", None, "score_encoding"),
    ("strides", [8, 8], "strides must be"),
    ("strides", [0], "strides must be a whole number"),
    ("strides", 8, "strides must be a list"),
    ("log_limits", [1], "two numbers"),
    ("log_limits", [-3, "x"], "log_limits must be a number"),
    ("names", [], "names must be an object"),
    ("names", {"score": {"8": "score_8"}}, "names no map for stride 16"),
    ("suppression_iou", 2.0, "suppression_iou must be"),
])
def test_an_encoding_that_is_not_known_is_refused(key: str, value: Any, words: str) -> None:
    outputs = copy.deepcopy(OUTPUTS)
    outputs[key] = value
    with pytest.raises(ModelError, match=words):
        read_encoding(outputs, "manifest.json")


def test_one_map_cannot_mean_two_things(tmp_path: Path) -> None:
    shutil.copytree(MODELS / "detector", tmp_path / "b")
    path = tmp_path / "b" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["outputs"]["names"]["score"]["8"] = "box_8"
    path.write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="one map two meanings"):
        Detector(load_bundle(tmp_path / "b", "detector"))


def test_a_map_whose_shape_is_not_its_strides_is_refused(tmp_path: Path) -> None:
    shutil.copytree(MODELS / "detector", tmp_path / "b")
    path = tmp_path / "b" / "manifest.json"
    manifest = json.loads(path.read_text())
    names = manifest["outputs"]["names"]["score"]
    names["8"], names["16"] = names["16"], names["8"]
    path.write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match=r"output score_16 has shape \(1, 15, 20, 1\), its manifest says \(1, 30, 40, 1\)"):
        Detector(load_bundle(tmp_path / "b", "detector"))
