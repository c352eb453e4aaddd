"""`edge-face blur` from the outside: what it writes, what it says, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edge_face.cli.blur import bar_text
from edge_face.cli.main import main
from edge_face.demo import clip_path, stills
from edge_face.media import VideoReader, read_picture, write_picture
from edge_face.settings import ANONYMIZERS


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The machine's own settings file has no say here."""
    (tmp_path / "none.toml").write_text("")
    monkeypatch.setenv("EDGE_FACE_CONFIG", str(tmp_path / "none.toml"))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a picture in a folder, a short video, a text and a damaged picture."""
    folder = tmp_path / "in"
    (folder / "übung" / "deep").mkdir(parents=True)
    (folder / "übung" / "deep" / "ana.jpg").write_bytes(stills("ana")[0].read_bytes())
    (folder / "empty wall.png").write_bytes(b"")
    write_picture(folder / "wall.png", np.full((60, 80, 3), 90, np.uint8))
    (folder / "notes.txt").write_text("x")
    short_clip(folder / "walk.mp4")
    return folder


def short_clip(path: Path, frames: int = 12) -> Path:
    from edge_face.media import VideoWriter

    with VideoReader(clip_path("turn_live")) as reader, VideoWriter(path, reader.width, reader.height, reader.fps) as writer:
        for index, seconds, image in reader:
            if index < frames:
                writer.write(image, seconds)
    return path


def blur(*args: object) -> int:
    return main(["blur", *map(str, args)])


def test_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = stills("ben")[0], tmp_path / "o.jpg"
    assert blur(source, target) == 0
    assert "o.jpg: " in capsys.readouterr().out
    before, after = read_picture(source), read_picture(target)
    assert before.shape == after.shape and np.abs(before.astype(int) - after).max() > 60


@pytest.mark.parametrize("method", ANONYMIZERS)
def test_every_method_by_name(tmp_path: Path, method: str) -> None:
    assert blur(stills("ben")[0], tmp_path / "o.png", "--method", method, "--strength", 1) == 0
    assert read_picture(tmp_path / "o.png").shape == (640, 480, 3)


def test_weak_hiding_is_done_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert blur(stills("ben")[0], tmp_path / "o.png", "--method", "gaussian", "--strength", 0.5, "--json") == 0
    said = capsys.readouterr()
    assert "note: weakly hidden: gaussian at 0.5 removes 50% of identity" in said.err
    answer = json.loads(said.out)
    assert answer["removed"] == 0.5 and "weakly" in answer["note"] and len(answer["done"]) == 1
    assert blur(stills("ben")[0], tmp_path / "o.png", "--method", "solid", "--json") == 0
    said = capsys.readouterr()
    assert "note" not in said.err and json.loads(said.out)["note"] == ""
    assert blur(stills("ben")[0], tmp_path / "o.png", "--method", "pixelate") == 0
    assert "not who trains on such faces; crop, replace, solid stop both" in capsys.readouterr().err


def test_the_same_key_draws_the_same_noise(tmp_path: Path) -> None:
    """Without one no two runs are alike; and two files of one run do not share their noise either."""
    (tmp_path / "k").write_bytes(bytes(range(32)))
    one, other = stills("ben")[0], tmp_path / "other.jpg"
    other.write_bytes(one.read_bytes())
    outs = []
    keyed: list[object] = ["--key", tmp_path / "k"]
    for number, (source, key) in enumerate([(one, keyed), (one, keyed), (one, []), (one, []), (other, keyed)]):
        assert blur(source, tmp_path / f"{number}.png", "--method", "noise", "--strength", 1, *key) == 0
        outs.append(read_picture(tmp_path / f"{number}.png"))
    assert (outs[0] == outs[1]).all()
    assert all((outs[0] != outs[i]).any() for i in (2, 3, 4)) and (outs[2] != outs[3]).any()


def test_a_folder_keeps_its_folders_and_says_what_failed_and_was_left_out(
        files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert blur(files, tmp_path / "out") == 1
    said = capsys.readouterr()
    assert "3 of 4 files written" in said.out and "1 failed" in said.out
    assert "failed: the picture" in said.err and "empty wall.png' is empty" in said.err
    assert "left out, neither picture nor video: 1 (notes.txt)" in said.err
    written = sorted(p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert written == ["walk.mp4", "wall.png", "übung/deep/ana.jpg"]
    with VideoReader(tmp_path / "out" / "walk.mp4") as reader:
        assert len(list(reader)) == 12


def test_json_says_everything_once(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert blur(files, tmp_path / "out", "--json", "--method", "solid") == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["method"] == "solid" and answer["kept"] == [] and len(answer["left_out"]) == 1
    assert [Path(f["in"]).name for f in answer["failed"]] == ["empty wall.png"]
    by_name = {Path(d["in"]).name: d for d in answer["done"]}
    assert by_name["walk.mp4"]["frames"] == by_name["walk.mp4"]["hidden"] == 12
    assert by_name["ana.jpg"]["hidden"] >= 1 and by_name["wall.png"]["kind"] == "picture"


def test_a_video_into_a_folder_and_the_whole_picture(tmp_path: Path) -> None:
    clip = short_clip(tmp_path / "clip.mp4", 5)
    assert blur(clip, f"{tmp_path}/new/", "--all", "--method", "solid") == 0
    with VideoReader(tmp_path / "new" / "clip.mp4") as reader:
        assert max(image.max() for _, _, image in reader) < 8


def test_names_that_would_collide_keep_their_ending(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    gif = bytes.fromhex("47494638376101000100800000ffffff0000002c00000000010001000002024401003b")
    (folder / "a.gif").write_bytes(gif)
    write_picture(folder / "a.png", np.zeros((9, 9, 3), np.uint8))
    assert blur(folder, tmp_path / "out") == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.png", "a.png.png"]


@pytest.mark.parametrize(("args", "code", "words"), [
    (["no.jpg", "o.jpg"], 1, "there is no picture or video 'no.jpg'"),
    (["clip.mp4", "clip.mp4"], 2, "would overwrite"),
    (["clip.mp4", "./x/../clip.mp4"], 2, "would overwrite"),
    (["clip.mp4", "o.avi"], 2, "name the output 'o.mp4'"),
    (["clip.mp4", "o.mp4", "--method", "blurry"], 2, "choose crop, gaussian, mask, mean, median, "),
    (["clip.mp4", "o.mp4", "--strength", "0.1"], 2, "--strength is 0.3 to 1"),
    (["clip.mp4", "o.mp4", "--all", "--keep", "ben"], 2, "nobody can be kept"),
    (["clip.mp4", "o.mp4", "--method", "solid", "--option", "red"], 2, "takes no option"),
    (["clip.mp4", "o.mp4", "--method", "mask", "--option", "nose"], 2, "matrix, shapes, eyes"),
    (["wall.png", "o.png", "--method", "replace", "--option", "#12"], 2, "six digits"),
    (["wall.png", "o.png", "--all", "--method", "replace", "--option", "no.png"], 2, "nor a picture file that is there"),
    (["wall.png", "o.png", "--all", "--method", "replace", "--option", "text.jpg"], 1, "text.jpg"),
    (["wall.png", "o.png", "--method", "crop", "--option", "to"], 2, "name them by --keep"),
    (["wall.png", "o.png", "--key", "no.key"], 2, "the key file 'no.key' cannot be read"),
    (["wall.png", "o.png", "--key", "full"], 2, "cannot be read"),
    (["wall.png", "o.png", "--key", "broken.key"], 2, "has 4 bytes and needs 16"),
    (["empty", "out"], 1, "no picture or video in the folder 'empty'"),
    (["full", "full"], 2, "lies in the folder that is read"),
    (["full", "full/out"], 2, "lies in the folder that is read"),
    (["full", "clip.mp4"], 2, "a folder is written to a folder"),
    (["broken.mp4", "o.mp4"], 1, "not a video that can be read"),
    (["text.jpg", "o.jpg"], 1, "not a picture of a known kind"),
    (["wall.png", "o.heic"], 1, "name it .jpg"),
    (["wall.png", "no/o.png"], 1, "does not exist: make it first"),
    (["clip.mp4"], 2, "OUT"),
])
def test_wrong_use_and_bad_files_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                 capsys: pytest.CaptureFixture[str], args: list[str], code: int, words: str) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "full", "x"):
        Path(name).mkdir()
    short_clip(Path("clip.mp4"), 2)
    write_picture("wall.png", np.zeros((9, 9, 3), np.uint8))
    write_picture("full/wall.png", np.zeros((9, 9, 3), np.uint8))
    Path("broken.mp4").write_bytes(b"\0" * 500)
    Path("broken.key").write_bytes(b"1234")
    Path("text.jpg").write_text("dear diary " * 9)
    before = sorted(Path().rglob("*"))
    assert blur(*args) == code
    said = capsys.readouterr()
    assert words in said.err and "Traceback" not in said.err and sorted(Path().rglob("*")) == before
    if code == 1:
        assert len(said.err.strip().splitlines()) == 1


def test_ctrl_c_leaves_nothing_and_exits_130(tmp_path: Path) -> None:
    target = tmp_path / "out" / "o.mp4"
    target.parent.mkdir()
    command = [sys.executable, "-m", "edge_face.cli.main", "blur", str(clip_path("door")), str(target)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        while child.poll() is None and not any(target.parent.iterdir()):
            time.sleep(0.02)
        os.kill(child.pid, signal.SIGINT)
        _, err = child.communicate(timeout=60)
    assert child.returncode == 130 and err.strip() == "edge-face: interrupted"
    assert list(target.parent.iterdir()) == []


def test_help_is_quick_to_import_and_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert blur("--help") == 0
    assert "edge-face blur party.jpg" in capsys.readouterr().out
    code = ("import sys, edge_face.cli.blur, edge_face.privacy, edge_face.media; "
            "print([m for m in ('cv2', 'av', 'numpy') if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_bar() -> None:
    assert bar_text("hall.mp4", 1, 5, 168, 336, 42.0) == "[2/5] hall.mp4 [##########..........] 50 % 0:42 left"
    assert bar_text("x" * 40, 0, 1, 7, 0, 1.0) == "x" * 29 + "… 7 frames"
    assert bar_text("a", 0, 1, 400, 336, 10.0) == "a [####################] 100 % 0:00 left"
