"""`edge-face classify` from the outside: what it says of pictures and faces, and of everything that is wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from edge_face.cli.main import main
from edge_face.demo import people, stills
from edge_face.media import write_picture

pytest.importorskip("ai_edge_litert.schema_py_generated", reason="small networks are written with LiteRT's schema")
from classifier_bundles import colour_bundle, plain


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classify")
    colour_bundle(folder / "whole")
    colour_bundle(folder / "faces", aligned=True, precision="float16")
    colour_bundle(folder / "two", labels=("red", "green"))
    (folder / "in").mkdir()
    write_picture(folder / "in" / "red.png", plain(20, 20, 200))
    write_picture(folder / "in" / "green.png", plain(20, 200, 20, side=90))
    shutil.copy(stills(people()[0])[0], folder / "face.jpg")
    return folder


def test_pictures_best_first(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(home / "in" / "red.png"), "--bundle", str(home / "whole")]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].endswith("red.png") and lines[1].split() == ["red", "99.3", "%"] and len(lines) == 4 and err == ""


def test_top_and_a_folder_and_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(home / "in"), "--bundle", str(home / "whole"), "--top", "1", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    named = {Path(picture["file"]).name: [entry["label"] for entry in picture["classes"]] for picture in answer["pictures"]}
    assert named == {"green.png": ["green"], "red.png": ["red"]}
    assert answer["bundle"]["name"] == "colours" and answer["bundle"]["precision"] == "int8"


def test_two_labels_of_one_number(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(home / "in" / "green.png"), "--bundle", str(home / "two")]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[1].split()[0] == "green" and out[2].split()[0] == "red"


def test_faces_are_found_first(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(home / "face.jpg"), "--bundle", str(home / "faces"), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    faces = answer["pictures"][0]["faces"]
    assert len(faces) == 1 and len(faces[0]["box"]) == 4 and faces[0]["score"] > 0.2 and len(faces[0]["classes"]) == 3
    assert answer["bundle"]["precision"] == "float16"  # the only file that it has
    assert main(["classify", str(home / "face.jpg"), "--bundle", str(home / "faces")]) == 0
    assert "face 1 at" in capsys.readouterr().out


def test_no_face_is_one_sentence(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(home / "in" / "red.png"), "--bundle", str(home / "faces")]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "no face was found in" in err


def test_one_bad_picture_among_good_ones(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture at all")
    assert main(["classify", str(bad), str(home / "in" / "red.png"), "--bundle", str(home / "whole")]) == 1
    out, err = capsys.readouterr()
    assert "red.png" in out and "bad.png" in err and err.count("\n") == 1
    assert main(["classify", str(bad), str(home / "in"), "--bundle", str(home / "whole"), "--json"]) == 1
    out, err = capsys.readouterr()
    assert [("failure" in picture) for picture in json.loads(out)["pictures"]] == [True, False, False]


@pytest.mark.parametrize(("arguments", "said", "code"), [
    (["missing.png", "--bundle", "{home}/whole"], "there is no picture 'missing.png'", 1),
    (["{home}/in/red.png", "--bundle", "{home}/nowhere"], "there is no bundle in", 1),
    (["{home}/in/red.png", "--bundle", "{home}/in"], "there is no bundle in", 1),
    (["{home}/in/red.png", "--bundle", ""], "there is no bundle in", 1),
    (["{home}/in/red.png", "--bundle", "{embedder}"], "not a classifier", 1),
    (["{home}/in/red.png", "--bundle", "{home}/whole", "--precision", "float32"], "has no file for float32", 1),
    (["{home}/in/red.png", "--bundle", "{home}/whole", "--top", "0"], "--top 0", 2),
    (["{home}/empty", "--bundle", "{home}/whole"], "there is no picture in the folder", 1),
    (["", "--bundle", "{home}/whole"], "is not a file name", 1),
])
def test_what_is_wrong_is_one_sentence(home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str, code: int) -> None:
    from edge_face.vision.bundle import MODELS

    (home / "empty").mkdir(exist_ok=True)
    filled = [argument.replace("{home}", str(home)).replace("{embedder}", str(MODELS / "embedder")) for argument in arguments]
    assert main(["classify", *filled]) == code
    out, err = capsys.readouterr()
    assert said in err and err.count("\n") == 1 and "Traceback" not in err and out == ""


def test_help_says_that_a_door_uses_embeddings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "--help"]) == 0
    assert "a door uses embeddings" in capsys.readouterr().out
