"""`edge-face-convert quantize` from end to end: a tutorial's CNN proven and run, what fails refused, nothing half-written.

Skipped where TensorFlow is missing (it is in the extra `convert`).
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="tensorflow is not installed: pip install 'edge-face[convert]'")
import zoo

from converter import cli
from edge_face.cli import main as device
from edge_face.demo import __file__ as demo_file
from edge_face.errors import ModelError
from edge_face.vision.bundle import load_bundle
from edge_face.vision.embedder import Embedder

PEOPLE = Path(demo_file).parent / "people"
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return zoo.write_shapes(tmp_path_factory.mktemp("data") / "pictures", 240, 32, 9, 3)


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """32x32, softmax of three, trained on pixels 0 to 1, and nothing in it says so."""
    path = tmp_path_factory.mktemp("model") / "tutorial.keras"
    zoo.trained_tutorial(32, 3, "softmax", rescaling=False).save(path)
    return path


def quantize(capsys: Capture, *argv: object) -> tuple[int, str, str]:
    code = cli.main(["quantize", *map(str, argv)])
    out, err = capsys.readouterr()
    return code, out, err


def digest(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def last(err: str) -> str:
    """The error: the last line, and no traceback before it."""
    assert "Traceback" not in err
    return err.strip().splitlines()[-1]


def test_a_tutorial_in_three_commands(tutorial: Path, pictures: Path, tmp_path: Path, capsys: Capture) -> None:
    bundle = tmp_path / "bundle"
    code, out, err = quantize(capsys, tutorial, "--calibration", pictures, "--out", bundle)
    assert code == 0, err
    assert "int8 passed" in out and f"edge-face classify PICTURE --bundle {bundle}" in out
    assert "0 to 1 is assumed" in err and "circle, square, triangle" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "bundle-report.html", "bundle-report.json"]
    assert cli.main(["inspect", str(bundle)]) == 0
    assert "classifier" in capsys.readouterr().out
    shown = sorted(pictures.rglob("*.png"))[::6]
    assert device.main(["classify", *map(str, shown), "--bundle", str(bundle), "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)
    right = [path.parent.name == _best(entry) for path, entry in zip(shown, answers["pictures"], strict=True)]
    assert np.mean(right) > 0.85


def _best(entry: dict[str, Any]) -> str:
    return str(max(entry["classes"], key=lambda answer: answer["probability"])["label"])


def test_the_same_inputs_give_the_same_bytes(tutorial: Path, pictures: Path, tmp_path: Path, capsys: Capture) -> None:
    for name in ("one", "two"):
        code, _, err = quantize(capsys, tutorial, "--calibration", pictures, "--precision", "int8", "--precision", "float32",
                                "--out", tmp_path / name)
        assert code == 0, err
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    assert set(digest(tmp_path / "one")) == {"MODEL_CARD.md", "float32.tflite", "int8.tflite", "manifest.json"}


def test_what_does_not_pass_is_not_written_but_reported(tutorial: Path, pictures: Path, tmp_path: Path, capsys: Capture) -> None:
    strict = tmp_path / "strict.toml"
    strict.write_text("[classifier]\nprobability_moved = 0.0\n[classifier.float]\nprobability_moved = 0.0\n")
    command = (tutorial, "--calibration", pictures, "--precision", "int8", "--limits", strict, "--out", tmp_path / "b")
    code, _, err = quantize(capsys, *command)
    assert code == 1
    assert "int8 did not pass the gate (probability_moved is 0.00" in last(err) and "at most 0 is asked for" in last(err)
    assert not (tmp_path / "b").exists()
    report = json.loads((tmp_path / "b-report.json").read_text())
    assert report["passed"] is False and (tmp_path / "b-report.html").stat().st_size > 5000
    code, _, err = quantize(capsys, *command, "--force")
    assert code == 0, err
    gate = json.loads((tmp_path / "b" / "manifest.json").read_text())["gate"]
    assert (gate["passed"], gate["forced"]) == (False, True)
    load_bundle(tmp_path / "b", "classifier")
    with pytest.raises(ModelError, match="probability_moved"):
        load_bundle(tmp_path / "b", "classifier", "refuse")


def test_swapped_colours_are_noticed(tutorial: Path, pictures: Path, tmp_path: Path, capsys: Capture) -> None:
    """Float and converted model are wrong alike then, so that nothing was lost: but the labels tell, and it is said."""
    command = (tutorial, "--calibration", pictures, "--precision", "float32", "--out")
    assert "--colour RGB" in quantize(capsys, *command, tmp_path / "swapped", "--colour", "BGR")[2]
    assert "--colour BGR fits" not in quantize(capsys, *command, tmp_path / "right", "--colour", "RGB")[2]


def test_a_bundle_in_the_way_is_kept_or_exchanged_whole(tutorial: Path, pictures: Path, tmp_path: Path, capsys: Capture) -> None:
    command = (tutorial, "--calibration", pictures, "--precision", "float32", "--out", tmp_path / "b")
    assert quantize(capsys, *command)[0] == 0
    first = digest(tmp_path / "b")
    code, _, err = quantize(capsys, *command)
    assert code == 2 and "is there already" in last(err)
    assert digest(tmp_path / "b") == first
    code, _, err = quantize(capsys, *command[:-4], "--precision", "float16", "--out", tmp_path / "b", "--replace")
    assert code == 0, err
    assert set(digest(tmp_path / "b")) == {"MODEL_CARD.md", "float16.tflite", "manifest.json"}
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".") or "edge-face" in path.name]


@pytest.mark.parametrize(("broken", "code", "words"), [
    (KeyboardInterrupt(), 130, "interrupted"),
    (OSError(errno.ENOSPC, "No space left on device"), 1, "No space left on device"),
])
def test_a_stop_in_the_middle_leaves_nothing(tutorial: Path, pictures: Path, tmp_path: Path, capsys: Capture,
                                             monkeypatch: pytest.MonkeyPatch, broken: BaseException, code: int, words: str) -> None:
    import converter.bundle_writer as writer

    def breaks(*_: object) -> None:
        raise broken

    command = (tutorial, "--calibration", pictures, "--precision", "float32", "--out", tmp_path / "b")
    monkeypatch.setattr(writer, "render", breaks)
    got, _, err = quantize(capsys, *command)
    assert got == code and words in last(err)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b-report.html", "b-report.json"]


def test_features_over_time_are_a_classifier_too(tmp_path: Path, capsys: Capture) -> None:
    model = zoo.ZOO["gru"]()
    model.save(tmp_path / "gru.keras")
    values = zoo.examples(model, 60, seed=3)
    np.savez(tmp_path / "features.npz", **values)  # type: ignore[arg-type]
    code, out, err = quantize(capsys, tmp_path / "gru.keras", "--task", "classifier", "--calibration", tmp_path / "features.npz",
                              "--out", tmp_path / "b")
    assert code == 0, err
    assert "passed" in out
    manifest = json.loads((tmp_path / "b" / "manifest.json").read_text())
    assert manifest["input"]["kind"] == "arrays"
    assert not any(entry["labelled"] for entry in manifest["gate"]["files"].values())


def test_several_outputs_are_each_compared(pictures: Path, tmp_path: Path, capsys: Capture) -> None:
    zoo.ZOO["several_outputs"]().save(tmp_path / "many.keras")
    command = (tmp_path / "many.keras", "--calibration", pictures, "--precision", "int8", "--precision", "float32")
    code, _, err = quantize(capsys, *command, "--out", tmp_path / "b")
    assert code == 2 and "--task" in last(err)
    code, _, err = quantize(capsys, *command, "--task", "other", "--out", tmp_path / "b")
    assert code == 0, err
    manifest = json.loads((tmp_path / "b" / "manifest.json").read_text())
    assert set(manifest["outputs"]) == {"zebra", "apple", "map", "middle", "second_map"}
    errors = manifest["metrics"]["files"]["float32.tflite"]["output_errors"]
    assert set(errors) == set(manifest["outputs"]) and max(errors.values()) < 5e-3  # resized by two hands
    assert "error of the output that moved the most" in (tmp_path / "b-report.html").read_text()


def test_of_attack_and_live_the_second_number_is_taken(tmp_path: Path, capsys: Capture) -> None:
    zoo.trained_tutorial(32, 2, "softmax").save(tmp_path / "two.keras")
    tree = zoo.write_shapes(tmp_path / "faces", 80, 32, 5, 2)
    (tree / "circle").rename(tree / "attack")
    (tree / "square").rename(tree / "live")
    code, _, err = quantize(capsys, tmp_path / "two.keras", "--task", "liveness", "--no-aligned", "--calibration", tree,
                            "--out", tmp_path / "b")
    assert code == 0 and "attack and live, the second is taken" in err, err
    manifest = json.loads((tmp_path / "b" / "manifest.json").read_text())
    assert manifest["outputs"] == {"live": {"shape": [1, 1]}}
    measured = next(iter(manifest["metrics"]["files"].values()))
    assert max(measured["apcer"], measured["bpcer"]) < 0.3 and measured["apcer_examples"] > 10


def test_several_inputs_are_arrays_by_name(tmp_path: Path, capsys: Capture) -> None:
    model = zoo.ZOO["several_inputs"]()
    model.save(tmp_path / "two.keras")
    np.savez(tmp_path / "values.npz", **zoo.examples(model, 80, seed=4))  # type: ignore[arg-type]
    code, _, err = quantize(capsys, tmp_path / "two.keras", "--task", "other", "--calibration", tmp_path / "values.npz",
                            "--out", tmp_path / "b")
    assert code == 0, err
    assert set(json.loads((tmp_path / "b" / "manifest.json").read_text())["input"]["tensors"]) == set(zoo.input_names(model))


def test_an_embedder_is_made_for_the_door(tmp_path: Path, capsys: Capture) -> None:
    zoo.ZOO["embedder"]().save(tmp_path / "e.keras")
    about = tmp_path / "about.toml"
    about.write_text('name = "tiny"\nversion = "2.0"\n[terms]\nweights = "none"\n')
    code, out, err = quantize(capsys, tmp_path / "e.keras", "--task", "embedder", "--parts", "16,16", "--mirrored",
                              "--calibration", PEOPLE, "--pictures", "24", "--precision", "auto", "--precision", "float32",
                              "--describe", about, "--out", tmp_path / "b")
    assert code == 0, err
    bundle = load_bundle(tmp_path / "b", "embedder", "refuse")
    assert (bundle.name, bundle.version) == ("tiny", "2.0") and "float32" in bundle.offers
    assert bundle.embedding is not None and bundle.embedding.parts == (16, 16) and bundle.embedding.mirrored
    assert "calibrate-thresholds" in out and "weights: none" in (tmp_path / "b" / "MODEL_CARD.md").read_text()
    face = np.random.default_rng(0).integers(0, 256, (112, 112, 3), np.uint8)
    assert np.linalg.norm(Embedder(bundle, "float32").embed(face)) == pytest.approx(1, abs=1e-5)
    assert load_bundle(tmp_path / "b", "embedder").model_id.startswith("tiny-")


def test_bad_input_is_one_sentence_and_leaves_nothing(tutorial: Path, pictures: Path, tmp_path: Path, capsys: Capture) -> None:
    text = tmp_path / "text.keras"
    text.write_text("not a model")
    cut = tmp_path / "cut.keras"
    cut.write_bytes(tutorial.read_bytes()[:2000])
    unbuilt, secret, sick = (tmp_path / f"{name}.keras" for name in ("unbuilt", "lambda", "sick"))
    import keras

    keras.Sequential([keras.layers.Dense(3)]).save(unbuilt)
    zoo.lambda_model().save(secret)
    model = zoo.ZOO["residual"]()
    weights = model.get_weights()
    weights[0][...] = np.nan
    model.set_weights(weights)
    model.save(sick)
    empty, same, words = tmp_path / "empty", tmp_path / "same", tmp_path / "labels.txt"
    empty.mkdir()
    words.write_text("only\ntwo\n")
    source = next(pictures.rglob("*.png"))
    same.mkdir()
    for number in range(20):
        shutil.copy(source, same / f"{number}.png")
    before = sorted(tmp_path.rglob("*"))
    new = ("--out", tmp_path / "new" / "b")
    for said, argv in (
        ("none.keras", (tmp_path / "none.keras", "--calibration", pictures)),
        ("text.keras", (text, "--calibration", pictures)),
        ("cut.keras", (cut, "--calibration", pictures)),
        ("unbuilt", (unbuilt, "--calibration", pictures)),
        ("Lambda", (secret, "--calibration", pictures)),
        ("sick.keras", (sick, "--calibration", pictures, "--task", "classifier")),
        ("empty", (tutorial, "--calibration", empty)),
        ("none", (tutorial, "--calibration", tmp_path / "none")),
        ("a copy of another picture", (tutorial, "--calibration", same)),
        ("2 labels are given", (tutorial, "--calibration", pictures, "--labels", words)),
        ("aligned faces of 112x112", (tutorial, "--calibration", pictures, "--task", "embedder")),
        ("--pixels", (tutorial, "--calibration", pictures, "--pixels", "0")),
        ("--pixels", (tutorial, "--calibration", pictures, "--pixels", "1,0")),
        ("--size", (tutorial, "--calibration", pictures, "--size", "64")),
        ("--parts", (tutorial, "--calibration", pictures, "--parts", "a,b")),
        ("--pictures", (tutorial, "--calibration", pictures, "--pictures", "0")),
        ("TOML", (tutorial, "--calibration", pictures, "--describe", text)),
        ("limits", (tutorial, "--calibration", pictures, "--limits", tmp_path / "none.toml")),
        ("detector.keras is not there", (empty, "--calibration", pictures, "--task", "detector")),
    ):
        code, _, err = quantize(capsys, *argv, *new)
        assert code in (1, 2), argv
        assert said in last(err), (said, last(err))
        assert sorted(tmp_path.rglob("*")) == before, said


def test_what_plain_int8_loses_is_won_back(tutorial: Path, pictures: Path, tmp_path: Path, capsys: Capture) -> None:
    """Held to less than plain int8 loses, auto keeps layers in float, then fine-tunes, and whatever it keeps has passed."""
    command = (tutorial, "--calibration", pictures)
    code, _, err = quantize(capsys, *command, "--precision", "int8", "--out", tmp_path / "plain")
    assert code == 0, err
    moved = _figure(json.loads((tmp_path / "plain-report.json").read_text())["attempts"][0], "probability_moved")
    limits = tmp_path / "limits.toml"
    limits.write_text(f"[classifier]\nprobability_moved = {moved / 2}\n")
    code, _, err = quantize(capsys, *command, "--limits", limits, "--out", tmp_path / "auto")
    assert code == 0, err
    report = json.loads((tmp_path / "auto-report.json").read_text())
    tried = [attempt for attempt in report["attempts"] if attempt["precision"] == "int8"]
    assert not tried[0]["passed"] and len(tried) > 1 and tried[1]["kept_float"]
    assert min(_figure(attempt, "probability_moved") for attempt in tried[1:]) < moved
    assert [attempt["passed"] for attempt in report["attempts"] if attempt["chosen"]] == [True]
    assert report["damage"] and {entry["layer"] for entry in report["damage"]} >= set(tried[1]["kept_float"])


def _figure(attempt: dict[str, Any], metric: str) -> float:
    return float(next(check["figure"] for check in attempt["verdict"]["checks"] if check["metric"] == metric))
