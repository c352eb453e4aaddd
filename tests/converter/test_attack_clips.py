"""Simulated attacks as files, from the bundled people; what was written is read back as `edge-face eval liveness` reads it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from converter.cli import main
from edge_face.demo import stills
from edge_face.evaluation.liveness_material import read_clips, read_stills
from edge_face.media import VideoReader, read_picture

cv2 = pytest.importorskip("cv2")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("people")
    for name in ("ana", "ben"):
        (home / name).mkdir()
        shutil.copy(stills(name)[0], home / name / "a.jpg")
    return home


def test_clips_with_a_table(people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "attacks"
    asked = ["simulate-attacks", "--data", str(people), "--out", str(out), "--number", "2", "--seconds", "0.4", "--species", "live,screen"]
    assert main(asked) == 0
    assert f"--clips {out / 'clips'}" in capsys.readouterr().out
    clips = read_clips(out / "clips")
    assert sorted((c.species or "live", c.subject) for c in clips) == [(s, who) for s in ("live", "screen") for who in ("ana", "ben")]
    assert all(clip.simulated and clip.faces is None for clip in clips)
    with VideoReader(clips[0].path) as video:
        assert sum(1 for _ in video) == 6
    assert main(asked) == 2, "nothing is overwritten"


def test_stills_with_labels_and_the_same_again_from_the_same_seed(people: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert main(["simulate-attacks", "--data", str(people), "--out", str(tmp_path / name), "--number", "2", "--stills",
                     "--species", "print,cut-out"]) == 0
    one, two = (read_stills(tmp_path / name / "pictures", tmp_path / name / "pictures.jsonl") for name in ("one", "two"))
    assert [s.species for s in one] == ["print", "print", "cut-out", "cut-out"] and all(s.simulated and s.box for s in one)
    assert all(read_picture(a.path).tobytes() == read_picture(b.path).tobytes() for a, b in zip(one, two, strict=True))
    assert [s.name for s in one] == [s.name for s in two]


@pytest.mark.parametrize(("change", "code", "words"), [
    (["--species", "mask"], 2, "of live, print"), (["--number", "0"], 2, "1 or more"), (["--seconds", "nan"], 2, "0.2 to 60"),
    (["--data", "/nowhere"], 1, "no folder"), (["--seed", "-1"], 2, "0 or more")])
def test_bad_input_is_one_sentence(people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: list[str], code: int,
                                   words: str) -> None:
    asked = {"--data": str(people), "--out": str(tmp_path / "out"), "--number": "1", **dict([change])}
    assert main(["simulate-attacks", *(word for pair in asked.items() for word in pair)]) == code
    said = capsys.readouterr().err.strip()
    assert words in said and said.count("\n") == 0
    assert not (tmp_path / "out").exists()


def test_pictures_without_a_face_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np

    (tmp_path / "data").mkdir()
    cv2.imwrite(str(tmp_path / "data" / "grey.png"), np.full((200, 200, 3), 127, np.uint8))
    assert main(["simulate-attacks", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out"), "--number", "1"]) == 1
    assert "no face of 40 px" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
