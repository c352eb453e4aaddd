"""What the converter writes loads on the device, says what was found, and is the same twice."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from dense_model import dense_model
from hypothesis import given
from hypothesis import strategies as st

from converter import bundle_writer
from converter.bundle_writer import CARD, large, publish, stage
from converter.card import render
from converter.contract import Candidate, Check, Plan, Preprocessing, TensorSpec, Verdict
from converter.manifest import manifest_text
from converter.manifest_content import plain
from edge_face.errors import ModelError, UsageError
from edge_face.vision.bundle import MANIFEST, MODELS, load_bundle
from edge_face.vision.detector import read_encoding
from edge_face.vision.picture_model import PictureModel

PICTURE = Preprocessing(32, 32)
LABELS = ("cat", "dog", "ho|rse")


@dataclass(eq=False)
class Model:
    """A float model as far as a manifest needs one."""

    outputs: tuple[TensorSpec, ...] = (TensorSpec("dense_7", (3,)),)
    inputs: tuple[TensorSpec, ...] = (TensorSpec("image", (32, 32, 3)),)
    path: Path = Path("/home/somebody/My Cats & Dogs (2).keras")
    kind: Any = "keras"
    record: Mapping[str, Any] = field(default_factory=dict)
    weights_sha256: str = "ab" * 32
    said: tuple[str, ...] = ()
    keras: Any = None

    def run(self, values: Mapping[str, Any]) -> dict[str, Any]:
        raise AssertionError("nobody asks for this here")

    def export(self, folder: Path) -> None:
        raise AssertionError("nobody asks for this here")


def model_file(scale: float = 1.0) -> bytes:
    weights = np.random.default_rng(1).standard_normal((3, 32 * 32 * 3)).astype(np.float32) / 1000
    return dense_model(weights * scale, np.zeros(3), (32, 32, 3), activation="softmax", output="dense_7")


FILES = {
    "int8": Candidate("int8", model_file(), "int8 by somebody", ("conv 1", "dense"),
                      {"calibration": "/home/somebody/pics", "rate": 1.23456789e-4}),
    "float32.tflite": Candidate("float32", model_file(2.0), "plain float"),
}
PASSED = Check("agreement", 0.991234567, 0.98, True, True, "99.1 % of the answers agree")
UNKNOWN = Check("top1_lost", float("nan"), 1.0, False, True, "nothing is labelled")
LOST = Check("output_error", 0.5, 0.1, False, False, "the outputs differ by half")


def verdict(precision: str, *checks: Check, labelled: bool = False) -> Verdict:
    return Verdict("classifier", precision, all(c.passed for c in checks), checks, 120, labelled,
                   metrics={"error": np.float32(0.1), "worst": np.array([1, 2]), "none": float("inf")})


VERDICTS = {"int8": verdict("int8", PASSED, UNKNOWN), "float32": verdict("float32", PASSED, labelled=True)}
PLAN = Plan("classifier", PICTURE, LABELS)


def published(out: Path, plan: Plan = PLAN, model: Any = None, verdicts: Mapping[str, Verdict] = VERDICTS, **more: Any) -> Any:
    given_ = {"about": {}, "limits": {"agreement": 0.98}, "forced": False, **more}
    return publish(out, plan, model or Model(), FILES, verdicts, **given_)


def test_a_published_bundle_loads_runs_and_says_what_was_found(tmp_path: Path) -> None:
    bundle = published(tmp_path / "b")
    assert (bundle.name, bundle.version, bundle.task) == ("my-cats-dogs-2", "0.1.0", "classifier")
    assert bundle.classes is not None and bundle.classes.labels == LABELS
    assert {p.name for p in bundle.folder.iterdir()} == {"int8.tflite", "float32.tflite", MANIFEST, CARD}
    assert PictureModel(bundle, "int8").run(np.zeros((50, 40, 3), np.uint8))["probability"].shape == (1, 3)
    gate = bundle.gate
    assert gate is not None and gate.passed and not gate.forced
    assert {file.name: file.labelled for file in gate.files} == {"float32.tflite": True, "int8.tflite": False}
    assert [c.figure for file in gate.files if file.name == "int8.tflite" for c in file.checks] == [0.991235, None]
    assert bundle.manifest["metrics"]["files"]["int8.tflite"] == {"error": 0.1, "worst": [1, 2], "none": None}
    assert bundle.manifest["terms"] == {"weights": "not stated"} and "edge-face" in bundle.manifest["made_by"]
    entry = bundle.entry("int8")
    assert (entry.bytes, entry.how, entry.kept_float) == (len(FILES["int8"].content), "int8 by somebody", ("conv 1", "dense"))


def test_the_same_twice_is_the_same_to_the_byte_and_tells_no_place(tmp_path: Path) -> None:
    one, two = published(tmp_path / "one"), published(tmp_path / "deep" / "two", verdicts=dict(reversed(VERDICTS.items())))
    for path in one.folder.iterdir():
        content = path.read_bytes()
        assert content == (two.folder / path.name).read_bytes(), path.name
        if path.suffix != ".tflite":
            assert b"/home" not in content and str(tmp_path).encode() not in content
            assert not re.search(rb"20[2-9]\d-\d\d-\d\d", content)
    assert one.manifest["files"]["int8.tflite"]["recipe"] == {"calibration": "pics", "rate": 1.23456789e-4}


def test_the_card_says_what_the_manifest_says(tmp_path: Path) -> None:
    card = (published(tmp_path / "b").folder / CARD).read_text(encoding="utf-8")
    for words in ("# my-cats-dogs-2 0.1.0", "brought to 32x32, RGB", "`probability`, 1x3, softmax", "cat, dog, ho|rse",
                  "in float stay conv 1, dense", "| int8.tflite | agreement | 0.991235 | at least 0.98 | passed |",
                  "| int8.tflite | top1_lost | not measured | at most 1 | passed |", "Nothing told right from wrong there",
                  "weights: not stated", "gives a stranger somebody's name"):
        assert words in card
    assert "did not pass" not in card


def test_what_failed_is_not_written_unless_it_is_forced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    failed = {**VERDICTS, "int8": verdict("int8", PASSED, LOST)}
    with pytest.raises(ModelError, match=r"int8\.tflite did not pass the gate.*--force"):
        published(tmp_path / "b", verdicts=failed)
    assert list(tmp_path.iterdir()) == []
    bundle = published(tmp_path / "b", verdicts=failed, forced=True)
    assert bundle.gate is not None and not bundle.gate.passed and bundle.gate.forced
    assert caplog.records == [], "whoever forced it knows"
    assert "**This bundle did not pass the parity gate and was written by force.**" in (bundle.folder / CARD).read_text(encoding="utf-8")
    with pytest.raises(ModelError, match=r"output_error is 0\.5, at most 0\.1"):
        load_bundle(bundle.folder, "classifier", "refuse")


def test_force_is_not_said_of_a_bundle_that_passed(tmp_path: Path) -> None:
    assert published(tmp_path / "b", forced=True).gate.forced is False


def test_a_file_without_a_verdict_is_never_published(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"float32\.tflite has no verdict"):
        published(tmp_path / "b", verdicts={"int8": VERDICTS["int8"]}, forced=True)
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_is_exchanged_as_a_whole(tmp_path: Path) -> None:
    published(tmp_path / "b")
    with pytest.raises(UsageError, match="is there already"):
        published(tmp_path / "b")
    both = publish(tmp_path / "b", PLAN, Model(), {"int8": FILES["int8"]}, VERDICTS, about={"version": "2.0"}, limits={}, forced=False,
                   replace=True)
    assert both.version == "2.0" and {p.name for p in both.folder.iterdir()} == {"int8.tflite", MANIFEST, CARD}


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ModelError, match=r"No space left on device.*--out"):
        published(tmp_path / "b")
    with pytest.raises(ModelError, match="No space left on device"):
        stage(tmp_path / "staged", PLAN, Model(), FILES)
    monkeypatch.undo()
    assert not (tmp_path / "b").exists()


def test_a_card_that_cannot_be_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_writer, "render", lambda manifest: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        published(tmp_path / "b")
    assert list(tmp_path.iterdir()) == []


def test_a_staged_bundle_runs_and_has_no_verdict(tmp_path: Path) -> None:
    stage(tmp_path, PLAN, Model(), {"int8": FILES["int8"]}, {"name": "mine"})
    bundle = load_bundle(tmp_path, "classifier")
    assert bundle.gate is None and bundle.name == "mine" and bundle.file("int8") == FILES["int8"].content


@pytest.mark.parametrize(("plan", "outputs", "wanted"), [
    (Plan("classifier", PICTURE), (TensorSpec("a", (3,)),), {"probability": {"shape": [1, 3], "labels": ["class 0", "class 1", "class 2"],
                                                                              "activation": "softmax"}}),
    (Plan("classifier", PICTURE, ("no", "yes")), (TensorSpec("a", (1,)),),
     {"probability": {"shape": [1, 1], "labels": ["no", "yes"], "activation": "sigmoid"}}),
    (Plan("embedder", replace(PICTURE, width=112, height=112, aligned=True), parts=(12, 4), mirrored=True), (TensorSpec("e", (16,)),),
     {"embedding": {"shape": [1, 16], "dimension": 16, "parts": [12, 4], "mirrored": True}}),
    (Plan("embedder", replace(PICTURE, aligned=True)), (TensorSpec("e", (16,)),),
     {"embedding": {"shape": [1, 16], "dimension": 16, "parts": [16]}}),
    (Plan("liveness", replace(PICTURE, aligned=True, crop=0.8)), (TensorSpec("out", (1,)),), {"live": {"shape": [1, 1]}}),
    (Plan("anonymizer", replace(PICTURE, aligned=True)), (TensorSpec("out", (32, 32, 3)),), {"picture": {"shape": [1, 32, 32, 3]}}),
])
def test_every_task_says_its_outputs(tmp_path: Path, plan: Plan, outputs: tuple[TensorSpec, ...], wanted: dict[str, Any]) -> None:
    stage(tmp_path, plan, Model(outputs), {"int8": FILES["int8"]})
    bundle = load_bundle(tmp_path, plan.task)
    assert bundle.manifest["outputs"] == wanted
    assert bundle.input.alignment == ("arcface-112" if plan.preprocessing and plan.preprocessing.aligned else "none")
    assert bundle.input.crop == (plan.preprocessing.crop if plan.preprocessing else 1)
    assert f"- Input: {'aligned face' if plan.task == 'embedder' else 'a '}" in render(bundle.manifest)


def test_a_mirrored_embedder_says_so_on_its_card(tmp_path: Path) -> None:
    plan = Plan("embedder", replace(PICTURE, aligned=True))
    cards = []
    for mirrored in (False, True):
        stage(tmp_path / str(mirrored), replace(plan, mirrored=mirrored), Model((TensorSpec("e", (16,)),)), {"int8": FILES["int8"]})
        bundle = load_bundle(tmp_path / str(mirrored), "embedder")
        cards.append(render(bundle.manifest))
        assert f"Weights: {bundle.model_id.removesuffix('-mirrored').rsplit('-', 1)[1]} " in cards[-1]
    assert "mirror image" in cards[1] and "mirror image" not in cards[0]


def test_arrays_are_named(tmp_path: Path) -> None:
    model = Model(inputs=(TensorSpec("left", (8, 2)), TensorSpec("right", (4,), "int32")))
    stage(tmp_path, Plan("classifier", None, LABELS), model, {"float32": FILES["int8"]})
    bundle = load_bundle(tmp_path, "classifier")
    assert [(a.name, a.shape, a.dtype) for a in bundle.input.arrays] == [("left", (1, 8, 2), "float32"), ("right", (1, 4), "int32")]
    assert "`right`, 1x4 int32" in render(bundle.manifest)


def detector_model() -> Model:
    names = [f"{kind}_{stride}" for kind in ("score", "box", "landmarks") for stride in (8, 16, 32)]
    return Model(tuple(TensorSpec(name, (4, 4, 1)) for name in names))


def test_a_detector_of_several_sizes(tmp_path: Path) -> None:
    files = {"int8-320x240": FILES["int8"], "int8-640x480": FILES["int8"]}
    stage(tmp_path / "s", Plan("detector", PICTURE), detector_model(), files)
    bundle = load_bundle(tmp_path / "s", "detector")
    assert (bundle.input.width, [file.size for file in bundle.files]) == (0, [(320, 240), (640, 480)])
    assert read_encoding(bundle.manifest["outputs"], "m").strides == (8, 16, 32)
    sure = {name: verdict("int8", PASSED) for name in files}
    with pytest.raises(ModelError, match=r"thresholds\.recognise"):
        publish(tmp_path / "d", Plan("detector", PICTURE), detector_model(), files, sure, about={}, limits={}, forced=False)
    assert not (tmp_path / "d").exists(), "scores that nobody measured are never published"
    scores = {"thresholds": {"recognise": 0.6, "hide": 0.1}}
    done = publish(tmp_path / "d", Plan("detector", PICTURE), detector_model(), files, sure, about={}, limits={}, forced=False,
                   extra=scores)
    assert done.thresholds == scores["thresholds"] and "hide: 0.1" in (done.folder / CARD).read_text(encoding="utf-8")


@pytest.mark.parametrize(("plan", "model", "words"), [
    (PLAN, Model((TensorSpec("a", (3,)), TensorSpec("b", (3,)))), "has 2 outputs \\(a, b\\)"),
    (PLAN, Model((TensorSpec("a", (4, 3)),)), r"gives \[1, 4, 3\].*Flatten"),
    (Plan("classifier", PICTURE, ("a", "b")), Model(), "as many names"),
    (Plan("detector", PICTURE), Model(), "has no output score_8.*train detector"),
])
def test_a_model_that_fits_no_bundle_is_one_sentence(tmp_path: Path, plan: Plan, model: Any, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        stage(tmp_path / "b", plan, model, {"int8": FILES["int8"]})


@pytest.mark.parametrize(("about", "words"), [({"name": "My Model"}, "the name 'My Model' cannot be used"),
                                              ({"version": "1 beta"}, "the version '1 beta' cannot be used")])
def test_a_description_that_fits_no_bundle_is_wrong_use(tmp_path: Path, about: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        stage(tmp_path, PLAN, Model(), FILES, about)


@pytest.mark.parametrize("name", ["int9", "../int8", "int8-1x1", "int8.onnx", ""])
def test_a_file_name_that_no_bundle_has_is_wrong_use(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no name of a bundle's file"):
        stage(tmp_path, PLAN, Model(), {name: FILES["int8"]})


@pytest.mark.parametrize(("stem", "name"), [("cats", "cats"), ("Größe", "gr-e"), ("___", "model"), ("猫", "model"), ("a" * 90, "a" * 64),
                                            ("-.x y.-", "x-y")])
def test_a_strangers_file_gives_the_name(tmp_path: Path, stem: str, name: str) -> None:
    model = Model()
    model.path = Path(f"{stem}.keras")
    stage(tmp_path, PLAN, model, FILES)
    assert load_bundle(tmp_path, "classifier").name == name


def test_the_trainers_record_is_kept_without_machine_and_hour(tmp_path: Path) -> None:
    record = {"code": "0.1.0 (abc)", "recipe": {"data": {"folder": "/data/faces"}, "steps": 10}, "machine": "host.lan",
              "began": "2026-01-01", "arguments": ["--data", "/data"]}
    stage(tmp_path, PLAN, Model(record=record), FILES)
    bundle = load_bundle(tmp_path, "classifier")
    assert bundle.manifest["training"] == {"code": "0.1.0 (abc)", "recipe": {"data": {"folder": "faces"}, "steps": 10}}


def activation(name: str) -> Any:
    """A Keras model as far as its last layer, without Keras."""
    last = SimpleNamespace(activation=SimpleNamespace(__name__=name))
    return SimpleNamespace(outputs=[SimpleNamespace(_keras_history=SimpleNamespace(operation=last))])


@pytest.mark.parametrize(("name", "count", "wanted"), [("sigmoid", 3, "sigmoid"), ("softmax", 3, "softmax"), ("linear", 3, "softmax"),
                                                       ("linear", 1, "sigmoid"), ("softmax", 1, "sigmoid")])
def test_the_last_layer_says_the_activation(tmp_path: Path, name: str, count: int, wanted: str) -> None:
    stage(tmp_path, Plan("classifier", PICTURE), Model((TensorSpec("a", (count,)),), keras=activation(name)), {"int8": FILES["int8"]})
    classes = load_bundle(tmp_path, "classifier").classes
    assert classes is not None and classes.activation == wanted


def test_a_large_file_is_said_and_written(tmp_path: Path) -> None:
    big = replace(FILES["int8"], content=bytes(6_000_001))
    assert large(FILES) == ()
    (said,) = large({"int8": big, "float32": FILES["float32.tflite"]})
    assert "int8.tflite has 6,000,001 bytes" in said
    stage(tmp_path, PLAN, Model(), {"int8": big})
    assert load_bundle(tmp_path, "classifier").entry("int8").bytes == 6_000_001


def test_extra_joins_and_never_overrides(tmp_path: Path) -> None:
    bundle = published(tmp_path / "b", extra={"metrics": {"pictures": np.int64(7)}, "terms": {"code": "ours"}})
    assert bundle.manifest["metrics"]["pictures"] == 7 and "files" in bundle.manifest["metrics"]
    assert bundle.manifest["terms"] == {"weights": "not stated", "code": "ours"}
    with pytest.raises(ValueError, match="task is not left"):
        published(tmp_path / "c", extra={"task": {}})


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.floats(width=32).map(np.float32)
                    | st.integers(0, 9).map(np.int64) | st.tuples(st.floats()) | st.frozensets(st.integers(), max_size=3),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)))
def test_plain_data_is_json_and_stays(value: Any) -> None:
    found = plain(value, 6)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert plain(found, 6) == found


@pytest.mark.parametrize("figure", [float("nan"), float("inf")])
def test_a_figure_that_is_no_number_is_never_written(figure: float) -> None:
    with pytest.raises(ModelError, match="no number"):
        manifest_text({"metrics": {"rows": [{"fmr": figure}]}})


@pytest.mark.parametrize("task", ["embedder", "detector", "landmarker"])
def test_cards_of_shipped_manifests_can_be_made(task: str) -> None:
    card = render(json.loads((MODELS / task / MANIFEST).read_text(encoding="utf-8")))
    assert card.startswith("# edge-face-") and "## Files" in card and "## Terms" in card
