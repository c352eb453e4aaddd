"""The closed-set classifier: its data are divided without leaks, it learns, is tested, drawn and quantized."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from converter import cli
from converter.classifier_page import matrix_svg, page
from converter.classifier_test import judge, probabilities
from converter.training.classifier_data import PARTS, Preprocessing, Record, crop_digest, divide, load_classes
from converter.training.recipe import SHIPPED, read
from edge_face.demo import __file__ as demo_file
from edge_face.errors import MediaError, ModelError, SettingsError

PEOPLE = Path(demo_file).parent / "people"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def test_a_face_is_cropped_scaled_and_made_grey() -> None:
    face = np.zeros((112, 112, 3), np.uint8)
    face[:, :, 2] = 200  # red
    face[28:84, 28:84] = (50, 100, 150)
    colour = Preprocessing(size=64, crop=0.5).apply(face)
    assert colour.shape == (64, 64, 3) and (colour == (150, 100, 50)).all()  # RGB, the middle half only
    grey = Preprocessing(size=32, colour="grey").apply(face)
    assert grey.shape == (32, 32, 1) and abs(int(grey[0, 0, 0]) - round(0.299 * 200)) <= 1
    assert Preprocessing(size=112).apply(face).shape == (112, 112, 3)


def test_every_person_is_in_every_part_and_copies_stay_together() -> None:
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(5, dtype=np.int32), 20)
    digests = [str(rng.integers(10**9)) for _ in person]
    digests[3] = digests[4] = digests[5]
    part = divide(person, digests, 0.2, 0.1, 1)
    for who in range(5):
        assert {PARTS[p] for p in part[person == who]} == set(PARTS)
    assert part[3] == part[4] == part[5]
    assert abs(int((part == 2).sum()) - 20) <= 2
    more = divide(np.append(person, 0).astype(np.int32), [*digests, "new"], 0.2, 0.1, 1)
    assert (more[:-1] != part).sum() <= 2
    assert set(divide(np.zeros(3, np.int32), ["a", "b", "c"], 0.8, 0.5, 0).tolist()) == {0, 1, 2}


def test_a_judgement_counts_what_was_said() -> None:
    known = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]], np.float32)
    strangers = np.array([[0.95, 0.05, 0.0], [0.4, 0.3, 0.3]], np.float32)
    result = judge(("ana", "ben", "chidi"), known, np.array([0, 1, 1, 2]), strangers)
    assert result.confusion.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert result.accuracy == 0.75 and np.allclose(result.recall, [1, 0.5, 1]) and np.allclose(result.precision, [0.5, 1, 1])
    assert result.strangers_named == 0.5 and result.belief == pytest.approx(0.7)
    assert result.table()["classes"][1] == {"name": "ben", "pictures": 2, "recall": 0.5, "precision": 1.0}
    assert np.allclose(probabilities(np.array([[0.2]], np.float32)), [[0.8, 0.2]])


def test_the_page_shows_the_matrix_and_escapes_names() -> None:
    result = judge(("<b>ana", "ben"), np.array([[0.9, 0.1], [0.8, 0.2]], np.float32), np.array([0, 1]), np.zeros((0, 2), np.float32))
    html = page("Classifier", result, {})
    assert "<b>ana" not in html and "&lt;b&gt;ana called ben: 0 of 1" in html and "50.0%" in html and "strangers" not in html
    svg = matrix_svg(result)
    assert len(re.findall("<rect ", svg)) == 4 and "ben called &lt;b&gt;ana: 1 of 1" in svg
    many = judge(tuple(f"person {i}" for i in range(80)), np.eye(80, dtype=np.float32), np.arange(80), np.zeros((0, 80), np.float32))
    assert "<rect" not in page("Many", many, {}) and "person 79" in page("Many", many, {})


@pytest.mark.parametrize("size", [32, 64, 128])
def test_the_shipped_recipes_are_whole(size: int) -> None:
    from converter.training.classifier_task import ClassifierRecipe

    recipe = read(SHIPPED / f"classifier-{size}.toml", ClassifierRecipe)
    assert recipe.preprocessing.size == size and recipe.stop.figure == "accuracy"


@pytest.mark.parametrize(("change", "says"), [
    ("size = 32", "size must be"), ('kind = "softmax"', "kind must be"), ("test = 0.2", "nothing to train on"),
])
def test_a_recipe_that_cannot_be_meant_is_refused(tmp_path: Path, change: str, says: str) -> None:
    from converter.training.classifier_task import ClassifierRecipe

    wrong = {"size = 32": "size = 33", 'kind = "softmax"': 'kind = "svm"', "test = 0.2": "test = 0.8"}[change]
    (tmp_path / "r.toml").write_text((SHIPPED / "classifier-32.toml").read_text().replace(change, wrong))
    with pytest.raises(SettingsError, match=says):
        read(tmp_path / "r.toml", ClassifierRecipe)


def test_people_with_too_few_pictures_are_left_out(tmp_path: Path) -> None:
    for name, shots in (("ana", ("front", "left", "up")), ("ben", ("front", "left", "up")), ("chidi", ("front", "left"))):
        (tmp_path / name).mkdir()
        for shot in shots:
            shutil.copy(PEOPLE / name / f"{shot}.jpg", tmp_path / name)
    found = load_classes(tmp_path)
    assert found.names == ("ana", "ben") and any("chidi: left out" in text for text in found.faces.skipped)
    shutil.rmtree(tmp_path / "ben")
    with pytest.raises(MediaError, match="two people are needed"):
        load_classes(tmp_path)


def test_a_folder_that_holds_no_classifier_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelError, match="not of a classifier"):
        Record.read({"classes": ["a"]}, tmp_path)
    assert cli.main(["classifier", str(tmp_path), "--data", str(PEOPLE), "--out", str(tmp_path / "out")]) == 1
    err = capsys.readouterr().err
    assert "train classifier" in err and "Traceback" not in err


TINY = """
task = "classifier"
seed = 3
batch = 16
precision = "float32"
[preprocessing]
size = 32
colour = "grey"
[network]
widths = [8, 16]
dimension = 16
[augmentation]
hard = 0.0
tone = 0.2
[optimizer]
kind = "adam"
rate = 0.01
average = 0.8
[schedule]
steps = 60
examine_steps = 30
"""


def test_it_learns_is_tested_and_becomes_int8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("keras")
    from converter.training.run import train
    from converter.training.task import make_task

    (tmp_path / "tiny.toml").write_text(TINY)
    tree = tmp_path / "tree"
    for name in ("ana", "ben", "chidi", "dewi", "hiro"):
        (tree / name).mkdir(parents=True)
        for shot in ("front", "left", "right", "smile", "up"):
            shutil.copy(PEOPLE / name / f"{shot}.jpg", tree / name)
    train(make_task("classifier", tmp_path / "tiny.toml", tree, None), tmp_path / "run")
    notes = json.loads((tmp_path / "run" / "training.json").read_text())
    assert notes["classes"] == ["ana", "ben", "chidi", "dewi", "hiro"] and len(notes["seen"]) == 20
    people = load_classes(tree)
    assert sum(crop_digest(crop) in set(notes["seen"]) for crop in people.faces.crops) == 20

    for name in ("efua", "felix"):
        shutil.copytree(PEOPLE / name, tmp_path / "strangers" / name)
    words = ["classifier", str(tmp_path / "run"), "--data", str(tree), "--strangers", str(tmp_path / "strangers"),
             "--json", str(tmp_path / "f.json")]
    code = cli.main([*words, "--out", str(tmp_path / "out")])
    figures = json.loads((tmp_path / "f.json").read_text())
    assert code == 0 and figures["pictures"] == 5 and figures["accuracy"] >= 0.6  # by chance 0.2
    assert figures["strangers"] == 12 and 0 <= figures["strangers_named"] <= 1
    labels = json.loads((tmp_path / "out" / "labels.json").read_text())
    assert labels["classes"] == notes["classes"] and labels["preprocessing"]["colour"] == "grey" and "seen" not in labels
    assert "confusion matrix" in (tmp_path / "out" / "report.html").read_text()
    assert cli.main([*words, "--out", str(tmp_path / "out")]) == 2  # nothing is overwritten
    assert "Traceback" not in capsys.readouterr().err


def test_two_people_by_one_number(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    from converter.training.errors import TrainingError
    from converter.training.task import make_task

    (tmp_path / "two.toml").write_text(TINY + '[head]\nkind = "sigmoid"\n')
    with pytest.raises(TrainingError, match="two people"):
        make_task("classifier", tmp_path / "two.toml", PEOPLE, None).open(0)
    for name in ("ana", "ben"):
        shutil.copytree(PEOPLE / name, tmp_path / "tree" / name)
    task = make_task("classifier", tmp_path / "two.toml", tmp_path / "tree", None)
    task.open(0)
    try:
        model = task.build(None)
        assert model.output_shape == (None, 1)
        sure = keras.ops.convert_to_tensor(np.array([[0.99], [0.01]], np.float32))
        right = task.loss(sure, {"person": np.array([1, 0], np.int32)}, ())["loss"]
        wrong = task.loss(sure, {"person": np.array([0, 1], np.int32)}, ())["loss"]
        assert float(right) < 0.3 < 3 < float(wrong)
    finally:
        task.close()
