"""Found, missed, imagined: every rule of counting on made-up frames, then the bundled clip."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edge_face.demo import clip_path, labels_path, stills
from edge_face.errors import MediaError
from edge_face.evaluation.detection import (
    FaceLabel,
    Found,
    FrameLabels,
    judge,
    landmark_error,
    measure_detection,
    read_face_labels,
)
from edge_face.media import write_picture
from edge_face.types import Box, Detection, Floats, Image
from edge_face.vision import Detector, load_bundle

POINTS = np.array([(30, 40), (70, 40), (50, 60), (35, 80), (65, 80)], np.float32)


def hit(x: float, y: float, side: float = 100, score: float = 0.9, points: Floats = POINTS) -> Detection:
    return Detection(Box(x, y, side, side), points, score)


def label(x: float, y: float, side: float = 100, asked: bool = True) -> FaceLabel:
    return FaceLabel(Box(x, y, side, side), POINTS, asked)


def judged(detections: list[Detection], *faces: FaceLabel, least: float = 24.0) -> Found:
    result = Found(0.5)
    judge(detections, FrameLabels(0, faces), result, least)
    return result


def test_a_hit_a_miss_and_a_false_alarm() -> None:
    result = judged([hit(5, 0), hit(500, 500)], label(0, 0), label(200, 0))
    assert (result.found, result.labelled, result.false_alarms, result.on_background) == (1, 2, 1, 1)
    assert result.recall == 0.5 and result.precision == 0.5 and result.worst == [(0, 1, 1)]
    assert result.errors == [0.0] and result.by_height[60.0] == [1, 2]


def test_one_face_is_found_once() -> None:
    result = judged([hit(0, 0), hit(4, 4)], label(0, 0))
    assert (result.found, result.false_alarms, result.on_background) == (1, 1, 0)


def test_a_box_beside_the_face_is_a_miss_and_an_alarm_but_not_on_background() -> None:
    result = judged([hit(50, 0)], label(0, 0))
    assert (result.found, result.labelled, result.false_alarms, result.on_background) == (0, 1, 1, 0)


def test_hits_on_faces_that_are_not_asked_for_are_no_alarms() -> None:
    assert judged([hit(0, 0)], label(0, 0, asked=False)).false_alarms == 0
    small = judged([hit(0, 0, 20)], label(0, 0, 20))
    assert (small.labelled, small.false_alarms, small.by_height[20.0]) == (0, 0, [1, 1])
    assert judged([hit(0, 0, 20)], label(0, 0, 20), least=10).found == 1
    # A small box inside a face that is not asked for, too; one well beside it is an alarm.
    assert judged([hit(30, 30, 40)], label(0, 0, asked=False)).false_alarms == 0
    assert judged([hit(90, 90)], label(0, 0, asked=False)).false_alarms == 1


def test_nothing_to_find_is_no_recall() -> None:
    result = judged([])
    assert result.recall is None and result.precision is None and result.worst == []


def test_landmark_errors_are_shares_of_the_eye_distance() -> None:
    assert landmark_error(POINTS + np.array([4, 0], np.float32), POINTS) == pytest.approx(0.1)
    assert landmark_error(POINTS, None) is None


def test_labels_by_name_are_turned_to_left_and_right_as_seen(tmp_path: Path) -> None:
    named = {"left_eye": [70, 40], "right_eye": [30, 40], "nose": [50, 60], "left_mouth": [65, 80], "right_mouth": [35, 80]}
    rows = [{"frame": 0, "faces": [{"box": [0, 0, 9, 9], "landmarks": named, "visible": 0.4}]},
            {"file": "a.jpg", "faces": [{"box": [0, 0, 9, 9], "landmarks": POINTS.reshape(-1).tolist()},
                                        {"box": [0, 0, 9, 9], "landmarks": None, "ignore": True}]}]
    (tmp_path / "l.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    first, second = read_face_labels(tmp_path / "l.jsonl")
    assert first.key == 0 and not first.faces[0].asked
    assert first.faces[0].landmarks == pytest.approx(POINTS) and second.faces[0].landmarks == pytest.approx(POINTS)
    assert second.key == "a.jpg" and second.faces[0].asked and not second.faces[1].asked and second.faces[1].landmarks is None


@pytest.mark.parametrize(("text", "said"), [
    ("", "are empty"), ("{}\n", "line 1"), ('{"frame": 0, "faces": [{"box": [1, 2]}]}\n', "line 1"), ("not json\n", "line 1"),
    ('{"frame": 0, "faces": []}\n[1]\n', "line 2"), ('{"frame": 0, "faces": []}\n{"frame": 0, "faces": []}\n', "twice"),
    ('{"frame": 0, "faces": [{"box": [0, 0, 1, 1], "landmarks": [1, 2]}]}\n', "line 1"),
    ('{"frame": 0, "faces": [{"box": [0, 0, 1, 1], "landmarks": {"nose": [1, 2]}}]}\n', "line 1")])
def test_damaged_labels_are_refused_with_their_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "l.jsonl").write_text(text)
    with pytest.raises(MediaError, match=said):
        read_face_labels(tmp_path / "l.jsonl")


class Painted:
    """Finds bright squares of 100 px at the places that it is told, strong and weak ones."""

    recognise = 0.5

    def detect(self, image: Image, threshold: float) -> list[Detection]:
        found = [hit(0, 0, score=0.9), hit(300, 300, score=0.2)]
        return [d for d in found if d.score >= threshold and image[int(d.box.y) + 50, int(d.box.x) + 50, 0] > 200]


def test_both_thresholds_from_a_folder_and_what_is_missing(tmp_path: Path) -> None:
    image = np.zeros((400, 400, 3), np.uint8)
    image[:100, :100] = 255
    write_picture(tmp_path / "a.png", image)
    image[300:, 300:] = 255
    write_picture(tmp_path / "b.png", image)
    (tmp_path / "cut.jpg").write_bytes(stills("ana")[0].read_bytes()[:5000])
    labels = [FrameLabels(key, (label(0, 0),)) for key in ("a.png", "b.png", "cut.jpg", "gone.png")]
    result = measure_detection(tmp_path, labels, Painted(), 0.1)
    assert result.frames == 2 and (result.recognise.recall, result.recognise.false_alarms) == (1.0, 0)
    assert (result.hide.recall, result.hide.false_alarms) == (1.0, 1)
    assert len(result.missing) == 2 and "cut off" in result.missing[0] and result.missing[1] == "gone.png"
    with pytest.raises(MediaError, match="strict"):
        measure_detection(tmp_path, labels, Painted(), 0.1, strict=True)
    with pytest.raises(MediaError, match="are missing"):
        measure_detection(tmp_path, [FrameLabels("gone.png", ())], Painted(), 0.1)


def test_the_bundled_clip_end_to_end() -> None:
    labels = read_face_labels(labels_path("door"))[60:110]
    bundle = load_bundle("", "detector")
    detector = Detector(bundle, 320, 240)
    result = measure_detection(clip_path("door"), labels, detector, detector.hide)
    assert result.frames == 50 and result.hide.labelled >= 45
    assert result.hide.recall is not None and result.hide.recall > 0.95
    assert result.recognise.found <= result.hide.found and result.recognise.detections <= result.hide.detections
    assert 0 < np.median(result.hide.errors) < 0.2
    with pytest.raises(MediaError, match="is one file"):
        measure_detection(clip_path("door"), [FrameLabels("a.jpg", ())], detector, detector.hide)
