"""What a model is taken for: said, recorded or guessed; every guess is a sentence, and what cannot be guessed is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converter.contract import Floats, TensorSpec
from converter.sources.plan import make_plan
from edge_face.errors import ModelError, UsageError


@dataclass
class Model:
    """A SavedModel as far as a plan looks at it: `ending` is what its numbers look like."""

    inputs: tuple[TensorSpec, ...] = (TensorSpec("input", (64, 64, 3)),)
    outputs: tuple[TensorSpec, ...] = (TensorSpec("output", (3,)),)
    ending: str = "softmax"
    record: Mapping[str, Any] = field(default_factory=dict)
    operators: tuple[str, ...] = ()
    path: Path = Path("stranger")
    kind: Any = "savedmodel"
    weights_sha256: str = "0" * 64
    said: tuple[str, ...] = ()
    keras: Any = None

    def run(self, values: Mapping[str, Any]) -> dict[str, Floats]:
        count = len(next(iter(values.values())))
        found = {}
        for spec in self.outputs:
            raw = np.random.default_rng(0).standard_normal((count, *spec.shape)).astype(np.float32)
            if self.ending == "softmax":
                raw = np.exp(raw) / np.exp(raw).sum(-1, keepdims=True)
            elif self.ending == "sigmoid":
                raw = 1 / (1 + np.exp(-raw))
            found[spec.name] = raw.astype(np.float32)
        return found

    def export(self, folder: Path) -> None:
        raise AssertionError("nothing is exported")


def shaped(taken: tuple[int, ...], *given: tuple[int, ...], ending: str = "linear", **more: Any) -> Model:
    return Model((TensorSpec("input", taken),), tuple(TensorSpec(f"output_{i}", shape) for i, shape in enumerate(given)), ending, **more)


@pytest.mark.parametrize(("model", "task"), [
    (shaped((64, 64, 3), (3,), ending="softmax"), "classifier"), (shaped((64, 64, 3), (1,), ending="sigmoid"), "classifier"),
    (shaped((64, 64, 1), (9,), ending="softmax"), "classifier"), (shaped((112, 112, 3), (128,)), "embedder"),
    (shaped((96, 80, 3), (96, 80, 3)), "anonymizer"), (shaped((8, 12), (4,), ending="softmax"), "classifier")])
def test_shapes_and_endings_tell_the_task(model: Model, task: str) -> None:
    plan = make_plan(model, None)
    assert plan.task == task and any("taken for" in text for text in plan.guessed)
    assert not any("taken for" in text for text in make_plan(model, task).guessed)


@pytest.mark.parametrize("model", [
    shaped((64, 64, 3), (3,)), shaped((112, 112, 3), (32,)), shaped((64, 64, 3), (128,)), shaped((64, 64, 3), (5,), ending="sigmoid"),
    shaped((64, 64, 3), (3,), (2,)), shaped((64, 64, 3), (32, 32, 3))])
def test_what_cannot_be_told_is_asked(model: Model) -> None:
    with pytest.raises(UsageError, match="--task"):
        make_plan(model, None)


@pytest.mark.parametrize(("model", "task"), [
    (shaped((64, 64, 3), (8, 8, 3)), "classifier"), (shaped((64, 64, 3), (1,)), "embedder"),
    (shaped((64, 64, 3), (32, 32, 3)), "anonymizer"),
    (shaped((64, 64, 3), (9,)), "landmarker"), (shaped((64, 64, 3), (4,)), "detector"), (shaped((64, 64, 3), (4,)), "liveness"),
    (shaped((64, 64, 3), (4,), (4,)), "classifier"), (Model(), "painter")])
def test_a_task_that_shapes_rule_out_is_refused(model: Model, task: str) -> None:
    with pytest.raises(UsageError, match=task):
        make_plan(model, task)


def test_preprocessing_is_said_or_guessed() -> None:
    plan = make_plan(Model(), None)
    made = plan.preprocessing
    assert made is not None and (made.width, made.height, made.colour, made.low, made.high, made.aligned, made.crop) == (
        64, 64, "RGB", 0.0, 1.0, False, 1.0)
    text = " ".join(plan.guessed)
    assert "RGB" in text and "--pixels 0,255" in text and "0 to 2" in text
    made = make_plan(Model(operators=("Conv2D", "scope:rescaling")), None).preprocessing
    assert made is not None and made.high == 255.0
    plan = make_plan(Model(), "classifier", colour="BGR", pixels=(-1, 1), labels=["a", "b", "c"], aligned=True)
    made = plan.preprocessing
    assert made is not None and (made.colour, made.low, made.high, made.aligned) == ("BGR", -1.0, 1.0, True)
    assert plan.guessed == () and plan.labels == ("a", "b", "c")
    grey = make_plan(shaped((48, 64, 1), (2,), ending="softmax"), None).preprocessing
    assert grey is not None and grey.colour == "grey" and (grey.width, grey.height) == (64, 48)
    faces = make_plan(shaped((112, 112, 3), (128,)), None)
    assert faces.preprocessing is not None and faces.preprocessing.aligned and faces.parts == (128,)
    whole = make_plan(Model((TensorSpec("x", (8, 8, 3), "uint8"),)), None).preprocessing
    assert whole is not None and whole.high == 255.0


def test_inputs_that_are_no_picture_have_no_preprocessing() -> None:
    plan = make_plan(shaped((8, 12), (4,), ending="softmax"), None)
    assert plan.preprocessing is None
    with pytest.raises(UsageError, match="no single picture"):
        make_plan(shaped((8, 12), (4,), ending="softmax"), None, pixels=(0, 1))


def test_labels_come_from_a_file_or_the_folders(tmp_path: Path) -> None:
    for name in ("zoe", "ana", "ben", ".hidden"):
        (tmp_path / "tree" / name).mkdir(parents=True)
    plan = make_plan(Model(), None, calibration=tmp_path / "tree")
    assert plan.labels == ("ana", "ben", "zoe") and any("called after the folders" in text for text in plan.guessed)
    two = make_plan(shaped((64, 64, 3), (1,), ending="sigmoid"), None, calibration=tmp_path / "tree")
    assert two.labels == ("0", "1") and any("3 folders" in text for text in two.guessed)
    (tmp_path / "labels.txt").write_text("\ufeffred\n\n green \nblue\n", encoding="utf-8")
    assert make_plan(Model(), None, labels=tmp_path / "labels.txt", calibration=tmp_path / "tree").labels == ("red", "green", "blue")


@pytest.mark.parametrize(("given", "words"), [(["a", "b"], "2 labels"), (["a", "b", "a"], "given twice"), (["a", "b", "c\n"], "no label"),
                                              (["a", "b", "x" * 300], "no label")])
def test_wrong_labels_are_refused(given: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        make_plan(Model(), None, labels=given)


def test_label_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\xfa")
    for name in ("bad.txt", "none.txt"):
        with pytest.raises(UsageError, match="cannot be read"):
            make_plan(Model(), None, labels=tmp_path / name)


@pytest.mark.parametrize("said", [
    {"labels": ["a"]}, {"parts": (64, 32)}, {"colour": "grey"}, {"colour": "YUV"}, {"parts": (0, 128)}])
def test_what_does_not_fit_an_embedder(said: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        make_plan(shaped((112, 112, 3), (128,)), "embedder", **said)


def test_parts_and_mirrored_are_an_embedders() -> None:
    model = shaped((112, 112, 3), (128,))
    plan = make_plan(model, None, parts=(96, 32), mirrored=True)
    assert plan.parts == (96, 32) and plan.mirrored
    for said in ({"parts": (3,)}, {"mirrored": True}):
        with pytest.raises(UsageError):
            make_plan(Model(), None, **said)  # type: ignore[arg-type]


def test_liveness_has_labels_of_its_own() -> None:
    plan = make_plan(shaped((64, 64, 3), (1,), ending="sigmoid"), "liveness")
    assert plan.labels == ("attack", "live") and plan.preprocessing is not None and plan.preprocessing.aligned
    with pytest.raises(UsageError):
        make_plan(shaped((64, 64, 3), (1,), ending="sigmoid"), "liveness", labels=["a", "b"])


RECORD = {"task": "classifier", "classes": ["ana", "ben", "zoe"], "binary": False, "seen": [],
          "preprocessing": {"size": 64, "colour": "RGB", "crop": 0.8}}


def test_the_trainers_record_goes_before_guesses() -> None:
    plan = make_plan(Model(record=RECORD), None)
    made = plan.preprocessing
    assert made is not None and plan.task == "classifier" and plan.labels == ("ana", "ben", "zoe") and plan.guessed == ()
    assert (made.aligned, made.crop, made.low, made.high) == (True, 0.8, 0.0, 255.0)
    embedder = make_plan(shaped((112, 112, 3), (96,), record={"task": "embedder", "parts": [64, 32], "input": {"size": 112}}), None)
    assert embedder.parts == (64, 32) and embedder.guessed == ()
    made = make_plan(shaped((48, 64, 3), (6, 8, 1), (6, 8, 4), record={"task": "detector"}), None).preprocessing
    assert made is not None and made.colour == "BGR" and not made.aligned
    sequence = make_plan(shaped((16, 97), (96,), record={"task": "sequence"}), None)
    assert sequence.task == "embedder" and sequence.preprocessing is None and sequence.parts == (96,)
    assert make_plan(Model(record=RECORD), "classifier", labels=["x", "y", "z"]).labels == ("x", "y", "z")


@pytest.mark.parametrize("said", [{"colour": "BGR"}, {"pixels": (0.0, 1.0)}, {"labels": ["a"]}])
def test_what_contradicts_the_record_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        make_plan(Model(record=RECORD), None, **said)


@pytest.mark.parametrize("record", [
    {**RECORD, "classes": None}, {**RECORD, "preprocessing": {}}, {**RECORD, "preprocessing": {"size": 32, "colour": "RGB", "crop": 1}},
    {"task": "painter"}])
def test_records_that_do_not_fit(record: dict[str, Any]) -> None:
    with pytest.raises(ModelError):
        make_plan(Model(record=record), None)


@pytest.mark.parametrize(("name", "task", "high"), [
    ("tutorial_64_sigmoid", "classifier", 1.0), ("tutorial_32_softmax", "classifier", 1.0), ("rescaling", "classifier", 255.0),
    ("normalization", "classifier", 255.0), ("batchnorm_first", "classifier", 255.0), ("batchnorm_after", "classifier", 1.0),
    ("residual", "classifier", 255.0), ("anonymizer", "anonymizer", 255.0), ("upsampling", "anonymizer", 1.0)])
def test_guesses_on_keras_models(name: str, task: str, high: float, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    import zoo

    from converter.sources import load

    zoo.ZOO[name]().save(tmp_path / "model.keras")
    plan = make_plan(load(tmp_path / "model.keras"), None)
    assert plan.task == task and plan.preprocessing is not None and plan.preprocessing.high == high


def test_a_rescaling_that_takes_units_is_none_of_pixels(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    import keras

    from converter.sources import load

    inner = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Rescaling(2.0, offset=-1.0), keras.layers.Flatten()])
    keras.Sequential([keras.Input((8, 8, 3)), inner, keras.layers.Dense(3, activation="softmax")]).save(tmp_path / "m.keras")
    plan = make_plan(load(tmp_path / "m.keras"), None)
    assert plan.preprocessing is not None and plan.preprocessing.high == 1.0 and any("multiplies by 2" in text for text in plan.guessed)
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(3),
                              keras.layers.Softmax()])
    model.export(str(tmp_path / "saved"), format="tf_saved_model", verbose=False)
    plan = make_plan(load(tmp_path / "saved"), None)
    assert plan.task == "classifier" and plan.preprocessing is not None and plan.preprocessing.high == 255.0
