"""`edge-face-convert capture`: a folder per track, spaced and sharp; nothing overwritten, nothing half-written."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from converter import cli
from converter.capturing import Album, Cutter, Rules, Sight, Tally
from edge_face.demo import __file__ as demo_file
from edge_face.media import read_picture
from edge_face.types import Box, Detection, Image, Quality
from edge_face.vision.align import TEMPLATE
from edge_face.vision.quality import Limits

DEMO = Path(demo_file).parent
NO_LIMITS = Limits(0.0, 0.0, 0.0, 0.0, 1.0)


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    code = cli.main(["capture", *map(str, argv)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def sight(seconds: float, sharpness: float) -> Sight:
    return Sight(np.zeros((128, 128, 3), np.uint8), Quality(sharpness, 1, 1, 1, 1, 40, 0, 0, 0), seconds)


def test_an_album_keeps_the_sharpest_of_each_stretch_of_time() -> None:
    album = Album("track-0001", Rules(128, 1.0, 2, 1, NO_LIMITS))
    for seconds, sharpness in ((0.1, 0.5), (0.5, 0.9), (0.9, 0.2), (1.5, 0.4), (2.5, 0.6), (2.6, 0.1)):
        album.add(sight(seconds, sharpness))
    assert [(one.seconds, one.quality.sharpness) for one in album.best] == [(0.5, 0.9), (2.5, 0.6)]


def picture_with(*places: float) -> tuple[Image, list[Detection]]:
    image = np.full((240, 640, 3), 90, np.uint8)
    face = cv2.resize(read_picture(DEMO / "people" / "ana" / "front.jpg")[150:420, 120:390], (112, 112))
    found = []
    for x in places:
        left = int(x)
        image[60:172, left:left + 112] = face
        marks = (TEMPLATE + np.array([left, 60])).astype(np.float32)
        found.append(Detection(Box(left + 15.0, 75.0, 82.0, 90.0), marks, 0.9))
    return image, found


def film(folder: Path, frames: list[tuple[float, ...]], person: str | None = None, least: int = 1) -> Tally:
    seen = [picture_with(*places) for places in frames]
    waiting = iter([found for _, found in seen])
    cutter = Cutter(folder, Rules(112, 0.0, 99, least, NO_LIMITS), lambda _: next(waiting), 0.5, person)
    for number, (image, _) in enumerate(seen):
        cutter.see(image, number / 10)
    cutter.finish()
    return cutter.tally


def test_every_track_gets_its_own_folder(tmp_path: Path) -> None:
    tally = film(tmp_path, [(40.0 + 2 * i, 400.0 - 2 * i) for i in range(12)])
    assert len(tally.written) == 2 and sorted(tally.written) == sorted(path.name for path in tmp_path.iterdir())
    assert all(count >= 9 for count in tally.written.values())


def test_a_track_that_met_another_one_goes_on_under_another_name(tmp_path: Path) -> None:
    # They come together until their boxes are one heap, and part again.
    apart = [(60.0, 340.0)] * 6
    meeting = [(60.0 + 20 * i, 340.0 - 20 * i) for i in range(1, 7)]
    tally = film(tmp_path, [*apart, *meeting, *reversed(meeting), *apart])
    assert len(tally.written) >= 4, tally.written


def test_short_tracks_leave_no_folder(tmp_path: Path) -> None:
    tally = film(tmp_path, [(40.0 + i,) for i in range(4)], least=3)
    assert tally.short == 1 and not list(tmp_path.iterdir())


def test_with_a_person_several_faces_must_not_be_mixed(tmp_path: Path) -> None:
    tally = film(tmp_path, [(260.0,), (40.0, 400.0), (262.0,)], person="Ana")
    assert tally.unclear == 1 and tally.written == {"Ana": 2}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Ana_0001.png", "Ana_0002.png"]


def test_the_bundled_clip_becomes_a_tree(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = run(capsys, DEMO / "clips" / "turn_live.mp4", "--out", tmp_path / "tree", "--most", 3, "--eyes", 12)
    assert code == 0 and "track-0001: 3 faces" in out and "check-data" in err
    files = sorted((tmp_path / "tree" / "track-0001").iterdir())
    assert [read_picture(file).shape for file in files] == [(128, 128, 3)] * 3
    assert list(tmp_path.iterdir()) == [tmp_path / "tree"]
    again = run(capsys, DEMO / "clips" / "turn_live.mp4", "--out", tmp_path / "tree")
    assert again[0] == 2 and "nothing is overwritten" in again[2]
    assert sorted((tmp_path / "tree" / "track-0001").iterdir()) == files


def test_a_folder_per_person_becomes_a_tree_of_crops(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("ana", "ben"):
        (tmp_path / "in" / name).mkdir(parents=True)
        for shot in ("front", "left"):
            shutil.copy(DEMO / "people" / name / f"{shot}.jpg", tmp_path / "in" / name)
    (tmp_path / "in" / "ben" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    code, out, err = run(capsys, tmp_path / "in", "--out", tmp_path / "out")
    assert code == 0 and out.count(": 2 faces") == 2 and "broken.jpg" in err and "4 kept, in 2 folders" in err
    code, out, _ = run(capsys, tmp_path / "in" / "ana", "--out", tmp_path / "out", "--person", "Ana María", "--size", 112)
    assert code == 0 and read_picture(tmp_path / "out" / "Ana María" / "Ana María_0001.png").shape == (112, 112, 3)


@pytest.mark.parametrize(("argv", "code", "says"), [
    (["nowhere.mp4"], 2, "there is no 'nowhere.mp4'"), (["usb:77"], 2, "usb:77"), (["{empty}", "--person", "a"], 1, "no picture"),
    (["{empty}"], 2, "--person"), (["{text}"], 1, "not a video"), (["{wall}", "--person", "a"], 1, "nothing was written"),
    (["{wall}", "--person", "a/b"], 2, "--person"), (["{wall}", "--every", "-1", "--person", "a"], 2, "--every"),
    (["{wall}", "--person", "a", "--least", "9", "--most", "3"], 2, "--least"),
])
def test_bad_input_is_one_sentence_and_leaves_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path, argv: list[str],
                                                      code: int, says: str) -> None:
    places = {name: tmp_path / name for name in ("empty", "text", "wall")}
    places["empty"].mkdir()
    places["wall"].mkdir()
    places["text"].write_text("not a film " * 100)
    cv2.imwrite(str(places["wall"] / "wall.png"), np.full((240, 320, 3), 128, np.uint8))
    before = sorted(tmp_path.rglob("*"))
    got, out, err = run(capsys, *(word.format(**places) for word in argv), "--out", tmp_path / "out")
    assert (got, out) == (code, "") and says in err and "Traceback" not in err
    assert sorted(tmp_path.rglob("*")) == before
