"""Manifests of schema 2, of every task: what is wrong is named, what is odd never crashes, and schema 1 is brought along."""

from __future__ import annotations

import copy
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manifest_samples import DIGEST, SAMPLES, changed, json_values, mutated

from edge_face.errors import ModelError
from edge_face.vision.bundle import MANIFEST, MODELS, Bundle, load_bundle, open_bundle
from edge_face.vision.manifest import parse_manifest
from edge_face.vision.manifest_input import ArraySpec
from edge_face.vision.manifest_migration import STEPS, migrate


def written(folder: Path, content: Any) -> Path:
    folder.mkdir(exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return folder


def opened(tmp_path: Path, name: str, *change: Any) -> Bundle:
    return open_bundle(written(tmp_path / "b", changed(SAMPLES[name], *change) if change else SAMPLES[name]))


def test_a_classifier_says_its_classes(tmp_path: Path) -> None:
    bundle = opened(tmp_path, "classifier")
    assert bundle.classes is not None and bundle.embedding is None
    assert (bundle.classes.output, bundle.classes.labels, bundle.classes.activation) == ("probability", ("cat", "Hund", "馬 2"), "softmax")
    assert (bundle.input.kind, bundle.input.width, bundle.input.colour, bundle.input.alignment, bundle.input.crop) == (
        "picture", 64, "RGB", "none", 1.0)
    assert (bundle.files[0].bytes, bundle.files[0].how, bundle.files[0].kept_float) == (1000, "plain", ("dense", "conv 2"))


def test_one_number_may_tell_two_classes(tmp_path: Path) -> None:
    classes = opened(tmp_path, "binary").classes
    assert classes is not None and classes.labels == ("cat", "dog")


def test_arrays_are_named_with_shape_and_type(tmp_path: Path) -> None:
    spec = opened(tmp_path, "sequence").input
    assert spec.kind == "arrays"
    assert spec.arrays == (ArraySpec("steps", (1, 16, 8), "float32"), ArraySpec("flags", (1,), "bool"))


def test_a_crop_and_grey_pictures_are_read(tmp_path: Path) -> None:
    grey = changed(changed(SAMPLES["liveness"], "input/crop", 0.8), "input/colour", "grey")
    spec = open_bundle(written(tmp_path / "b", grey)).input
    assert (spec.crop, spec.colour) == (0.8, "grey")


def test_an_embedder_says_whether_faces_are_mirrored(tmp_path: Path) -> None:
    both = opened(tmp_path, "mirrored")
    unsaid = opened(tmp_path, "mirrored", "outputs/embedding/mirrored", ...)
    assert both.embedding is not None and both.embedding.mirrored
    assert unsaid.embedding is not None and not unsaid.embedding.mirrored
    assert both.model_id == f"{unsaid.model_id}-mirrored" == f"sample-embedder-{DIGEST[:12]}-mirrored"


@pytest.mark.parametrize(("name", "path", "value", "words"), [
    ("classifier", "input/kind", ..., r"input\.kind must be picture or arrays"),
    ("classifier", "input/crop", 1.5, r"input\.crop must be a share"),
    ("embedder", "input/crop", 0.5, r"input\.crop must be 1 for the task embedder"),
    ("embedder", "input/alignment", "none", r"input\.alignment must be arcface-112"),
    ("anonymizer", "input/kind", "arrays", r"input\.kind must be picture for the task anonymizer"),
    ("sequence", "input/tensors", {}, r"input\.tensors must be a list of 1 to 64"),
    ("sequence", "input/tensors/steps/dtype", "float64", r"input\.tensors\.steps\.dtype must be float32 or"),
    ("sequence", "input/tensors/steps/shape", [4, 8], "the batch, is 1"),
    ("classifier", "outputs/probability", ..., r"outputs\.probability must be an object"),
    ("classifier", "outputs/probability/shape", [1, 4], r"labels must be as many names as the shape has numbers \(4\)"),
    ("classifier", "outputs/probability/labels/2", "a\nb", r"labels\[2\] must be one line"),
    ("classifier", "outputs/probability/labels", ["one"], "a list of 2 to"),
    ("classifier", "outputs/probability/activation", "relu", "softmax or sigmoid"),
    ("binary", "outputs/probability/activation", "softmax", "sigmoid for a single number"),
    ("mirrored", "outputs/embedding/mirrored", "yes", r"mirrored must be true or false"),
    ("mirrored", "outputs/embedding/shape", [1, 17], r"fits the dimension: \[1, 16\]"),
    ("liveness", "outputs/live/shape", [1, 2], r"outputs\.live\.shape must be \[1, 1\]"),
    ("anonymizer", "outputs/picture/shape", [1, 64, 64], "height, width, 1 or 3"),
    ("classifier", "files/int8.tflite/bytes", -1, r"bytes must be a whole number from 1"),
    ("classifier", "files/int8.tflite/kept_float", "dense", "must be a list of 0 to"),
    ("classifier", "gate/passed", False, r"gate\.passed must be true exactly when every file passed"),
    ("classifier", "gate/files", {}, r"a verdict on every file; int8\.tflite has none"),
    ("classifier", "gate/files/float32.tflite", {}, r"gate\.files\.float32\.tflite must be one of the bundle's files"),
    ("classifier", "gate/files/int8.tflite/checks/0/passed", False, "false where a check failed"),
    ("classifier", "gate/files/int8.tflite/checks/1/limit", None, r"checks\[1\]\.limit must be a number"),
    ("classifier", "made_by", {"numpy": 2}, r"made_by\.numpy must be one line"),
    ("classifier", "metrics", [], "metrics must be an object"),
    ("classifier", "task", "../x", "task must be"),
    ("classifier", "schema", 10**4000, "made for a newer edge-face"),
])
def test_what_is_wrong_is_named(tmp_path: Path, name: str, path: str, value: Any, words: str) -> None:
    with pytest.raises(ModelError, match=words) as caught:
        opened(tmp_path, name, path, value)
    assert len(str(caught.value)) < 500 and MANIFEST in str(caught.value)


def test_a_file_of_arrays_has_no_size_in_its_name(tmp_path: Path) -> None:
    sized = copy.deepcopy(SAMPLES["sequence"])
    sized["files"] = {"int8-64x64.tflite": sized["files"]["int8.tflite"]}
    with pytest.raises(ModelError, match="its input is no picture"):
        open_bundle(written(tmp_path / "b", sized))


def test_a_key_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    text = json.dumps(SAMPLES["classifier"])
    for twice in (text.replace('"version"', '"name": "other", "version"'), text.replace('"bytes"', '"sha256": "0", "bytes"')):
        with pytest.raises(ModelError, match="is there twice"):
            open_bundle(written(tmp_path / "b", twice))


@pytest.mark.parametrize("depth", [40, 900, 200_000])
def test_what_is_nested_without_end_is_refused(tmp_path: Path, depth: int) -> None:
    text = json.dumps(changed(SAMPLES["classifier"], "metrics", "HERE")).replace('"HERE"', '{"a":' * depth + "1" + "}" * depth)
    with pytest.raises(ModelError, match=r"nested deeper than 32|no JSON"):
        open_bundle(written(tmp_path / "b", text))


def test_odd_names_do_not_leave_one_line(tmp_path: Path) -> None:
    odd = "a\nb\ud800" + "x" * 10_000
    for path in ("thresholds", "made_by", "gate/files"):
        with pytest.raises(ModelError) as caught:
            opened(tmp_path, "mirrored", path, {odd: 5})
        said = str(caught.value)
        assert "\n" not in said and len(said) < 500
        said.encode("utf-8")


def test_a_file_of_another_length_is_refused_before_it_is_read(tmp_path: Path) -> None:
    bundle = opened(tmp_path, "classifier")
    (bundle.folder / "int8.tflite").write_bytes(b"x" * 999)
    with pytest.raises(ModelError, match="999 bytes, not 1,000"):
        bundle.file("int8")
    (bundle.folder / "int8.tflite").write_bytes(b"x" * 1000)
    with pytest.raises(ModelError, match="SHA-256 differs"):
        bundle.file("int8")


def test_a_bundle_opens_whatever_its_task(tmp_path: Path) -> None:
    for name, sample in SAMPLES.items():
        assert open_bundle(written(tmp_path / name, sample)).task == sample["task"]
    with pytest.raises(ModelError, match=r"no model bundle in .*name a bundle's folder"):
        open_bundle(tmp_path / "nowhere")


def version_1(task: str) -> dict[str, Any]:
    """A manifest as schema 1 had it at the least."""
    outputs = {"embedder": {"embedding": {"dimension": 16, "parts": [12, 4]}}, "landmarker": {"landmarks": {}},
               "detector": SAMPLES["detector"]["outputs"]}[task]
    return {"schema": 1, "task": task, "name": "old", "version": "1", "weights_sha256": DIGEST, "outputs": outputs,
            "input": {"width": 112, "height": 112, "colour": "RGB", "range": [0, 255], "alignment": "words for people"},
            "files": {"int8.tflite": {"sha256": DIGEST}}, "thresholds": {"recognise": 0.5, "hide": 0.1} if task == "detector" else {}}


@pytest.mark.parametrize(("task", "alignment"), [
    ("embedder", "arcface-112"), ("landmarker", "words for people"), ("detector", "words for people")])
def test_schema_1_is_read_through_a_migration(tmp_path: Path, task: str, alignment: str) -> None:
    old = version_1(task)
    before = copy.deepcopy(old)
    bundle = load_bundle(written(tmp_path / "b", old), task)
    assert bundle.manifest["schema"] == 2 and bundle.input.kind == "picture" and bundle.input.alignment == alignment
    assert bundle.model_id == f"old-{DIGEST[:12]}", "templates made before the migration must stay known"
    assert migrate(old) == dict(bundle.manifest) and old == before, "the migration changes nothing that it was given"


@pytest.mark.parametrize("task", ["embedder", "detector", "landmarker"])
def test_shipped_manifests_are_the_same_model_after_the_migration(task: str) -> None:
    raw = json.loads((MODELS / task / MANIFEST).read_text(encoding="utf-8"))
    newest = migrate(raw)
    assert newest["schema"] == 2 and migrate(newest) == newest
    for key in raw.keys() - {"schema", "input", "outputs"}:
        assert newest[key] == raw[key]


def test_a_newer_or_unknown_schema_is_left_alone() -> None:
    for schema in (0, 3, True, "1", None, 1.0):
        document = {"schema": schema, "x": 1}
        assert migrate(document) == document
    assert set(STEPS) == {1}


@given(document=json_values)
@settings(deadline=None)
def test_the_migration_takes_anything(document: Any) -> None:
    for part in ("input", "outputs", "task"):
        assert migrate({"schema": 1, part: document})["schema"] == 2
    assert migrate({"schema": 1, "task": "embedder", "outputs": {"embedding": document}})["schema"] == 2


@given(data=st.data(), name=st.sampled_from(sorted(SAMPLES)))
@settings(deadline=None, max_examples=150)
def test_a_mutated_manifest_loads_whole_or_is_refused_with_a_reason(data: st.DataObject, name: str,
                                                                    tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = written(tmp_path_factory.mktemp("bundle"), data.draw(mutated(SAMPLES[name])))
    logging.disable(logging.CRITICAL)
    try:
        bundle = open_bundle(folder)
    except ModelError as error:
        assert str(folder) in str(error) and "\n" not in str(error) and len(str(error)) < 700
        return
    finally:
        logging.disable(logging.NOTSET)
    assert bundle.files and bundle.name and bundle.manifest["schema"] == 2
    assert bundle.input.arrays or bundle.input.colour
    assert (bundle.task == "embedder") == (bundle.embedding is not None)
    assert (bundle.task == "classifier") == (bundle.classes is not None)
    for precision in ("int8", "float32"):
        with pytest.raises(ModelError):  # its files are not there
            bundle.file(precision)


@given(place=st.integers(0, 10**6), junk=st.binary(min_size=1, max_size=4), cut=st.booleans(), name=st.sampled_from(sorted(SAMPLES)))
@settings(deadline=None)
def test_damaged_bytes_of_a_manifest_load_or_are_refused(place: int, junk: bytes, cut: bool, name: str,
                                                         tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("bundle")
    content = json.dumps(SAMPLES[name], ensure_ascii=False).encode()
    at = place % len(content)
    (folder / MANIFEST).write_bytes(content[:at] + (b"" if cut else junk + content[at + len(junk):]))
    if cut:
        with pytest.raises(ModelError):
            open_bundle(folder)
        return
    try:
        open_bundle(folder)
    except ModelError as error:
        assert str(error)


@given(document=json_values)
@settings(deadline=None)
def test_anything_at_all_is_a_manifest_or_a_model_error(document: Any) -> None:
    with pytest.raises(ModelError):
        parse_manifest(document, None, "manifest.json")
