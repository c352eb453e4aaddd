"""`edge-face cameras`: the list, the shot, and every way in which there is none."""

from __future__ import annotations

import importlib.resources
import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_face.cameras import CameraInfo
from edge_face.cli.main import main
from edge_face.errors import ModelError

DEMO = Path(str(importlib.resources.files("edge_face"))) / "demo"
CLIP, PERSON = DEMO / "clips" / "turn_live.mp4", DEMO / "people" / "ben"


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EDGE_FACE_CONFIG", raising=False)


def cameras(monkeypatch: pytest.MonkeyPatch, *found: CameraInfo) -> None:
    monkeypatch.setattr("edge_face.cameras.listing.list_cameras", lambda: list(found))


def test_the_list(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    cameras(monkeypatch, CameraInfo("picamera2", "imx708"), CameraInfo("usb:0", "HD Webcam", ("MJPG 1920x1080",)),
            CameraInfo("usb:4", "Other", (), "may not be opened: sudo usermod ..."))
    assert main(["cameras", "list"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["picamera2", "imx708"]
    assert "MJPG 1920x1080" in out[1] and "usermod" in out[3]


def test_the_list_for_scripts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    cameras(monkeypatch, CameraInfo("usb:0", "HD Webcam", ("MJPG 1920x1080",)))
    assert main(["cameras", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "cameras": [{"source": "usb:0", "name": "HD Webcam", "formats": ["MJPG 1920x1080"], "problem": ""}]}


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_no_camera_is_exit_1_with_what_to_check(arguments: list[str], monkeypatch: pytest.MonkeyPatch,
                                                capsys: pytest.CaptureFixture[str]) -> None:
    cameras(monkeypatch)
    assert main(["cameras", *arguments]) == 1
    captured = capsys.readouterr()
    assert "ribbon cable" in captured.err and "usermod" in captured.err
    assert captured.out == "" or json.loads(captured.out) == {"cameras": []}


def test_only_forbidden_cameras_are_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    cameras(monkeypatch, CameraInfo("usb:0", "x", (), "may not be opened: ..."))
    assert main(["cameras"]) == 1


def shot(capsys: pytest.CaptureFixture[str], source: str, *more: str) -> tuple[Any, Any]:
    assert main(["cameras", "--shot", "shot.png", "--source", source, "--json", *more]) == 0
    return json.loads(capsys.readouterr().out), cv2.imread("shot.png")


def test_a_shot_measures_the_rate(capsys: pytest.CaptureFixture[str]) -> None:
    answer, picture = shot(capsys, f"file:{CLIP}")
    assert (answer["width"], answer["height"]) == (picture.shape[1], picture.shape[0])
    assert answer["hidden_areas"] >= 1 and 0 < answer["brightness"] < 1
    assert 3 < answer["fps"] < 40


def test_a_shot_hides_faces_unless_told_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    Path("one").mkdir()
    shutil.copy(PERSON / "front.jpg", "one")
    answer, hidden = shot(capsys, "dir:one")
    sharp_answer, sharp = shot(capsys, "dir:one", "--sharp")
    assert answer["hidden_areas"] >= 1 and sharp_answer["hidden_areas"] is None
    assert np.array_equal(sharp, cv2.imread("one/front.jpg"))
    labels = [json.loads(line) for line in (PERSON / "labels.jsonl").read_text().splitlines()]
    x, y, w, h = (round(v) for v in next(one for one in labels if one["file"] == "front.jpg")["faces"][0]["box"])
    changed = (hidden != sharp).any(axis=2)
    assert changed[y: y + h, x: x + w].mean() > 0.9
    assert changed.mean() < 0.9


def test_without_a_detector_no_shot_is_written(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def missing(folder: str, task: str) -> None:
        raise ModelError("the detector's bundle is missing: reinstall edge-face")

    monkeypatch.setattr("edge_face.vision.bundle.load_bundle", missing)
    assert main(["cameras", "--shot", "shot.png", "--source", f"file:{CLIP}"]) == 1
    assert "bundle is missing" in capsys.readouterr().err
    assert not Path("shot.png").exists()


@pytest.mark.parametrize(("source", "code", "words"), [
    ("usb:63", 1, "/dev/video63 is not there"), ("file:none.mp4", 1, "none.mp4 is not there"), ("webcam", 2, "allowed are"),
    ("rtsp://owner:geheim@127.0.0.1:1/x", 1, "cannot be reached")])
def test_a_shot_that_cannot_be_is_one_line(source: str, code: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cameras", "--shot", "shot.png", "--source", source]) == code
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1 and "geheim" not in error
    assert not Path("shot.png").exists()


def test_the_settings_source_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    Path("edge-face.toml").write_text('[camera]\nsource = "file:not-there.mp4"\n')
    assert main(["cameras", "--shot", "shot.png"]) == 1
    assert "not-there.mp4 is not there" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--sharp"], ["--source", "usb:0"], ["shoot"], ["--shot"]])
def test_wrong_use_is_exit_2(arguments: list[str]) -> None:
    assert main(["cameras", *arguments]) == 2
