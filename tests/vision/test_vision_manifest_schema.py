"""The published JSON Schema and the reader on the device accept and refuse the same manifests."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manifest_samples import SAMPLES, changed, mutated

from edge_face.errors import ModelError
from edge_face.vision.bundle import MODELS
from edge_face.vision.detector import read_encoding
from edge_face.vision.manifest import parse_manifest

jsonschema = pytest.importorskip("jsonschema")

SCHEMA = json.loads((MODELS / "manifest.schema.json").read_text(encoding="utf-8"))
# JSON knows one kind of number; the reader wants whole numbers written as such, and the description says so.
STRICT = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)))
VALIDATOR = STRICT(SCHEMA)
# What the schema's description leaves to readers: one value against another, and depth.
BEYOND = re.compile(
    r"lengths that add up|one that fits the dimension|as many names as the shape|stricter than the row before|"
    r"named with its input size|one of the bundle's files|a verdict on every file|"
    r"true exactly when every file|nested deeper|names no map for stride|"
    r"one map two meanings|"
    r"(false_matches|false_pairs|effective_pairs|fmr_upper) must be")


def refusal(document: Any) -> str:
    """What the reader says against a manifest; empty where it takes it."""
    try:
        fields = parse_manifest(document, None, "manifest.json")
        if fields.document["task"] == "detector":
            read_encoding(fields.document["outputs"], "manifest.json")
    except ModelError as error:
        return str(error)
    return ""


def test_the_schema_is_one_and_is_shipped() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    root = Path(__file__).resolve().parents[2]
    patterns = re.search(r"edge_face = \[([^\]]*)\]", (root / "pyproject.toml").read_text(encoding="utf-8"))
    assert patterns is not None and '"models/**/*"' in patterns[1]
    assert MODELS / "manifest.schema.json" in set((root / "edge_face").glob("models/**/*"))


@pytest.mark.parametrize("name", SAMPLES)
def test_both_accept_every_sample(name: str) -> None:
    assert refusal(SAMPLES[name]) == ""
    assert [error.message for error in VALIDATOR.iter_errors(SAMPLES[name])] == []


@pytest.mark.parametrize(("name", "path", "value"), [
    ("classifier", "schema", 1.0), ("classifier", "schema", 3), ("classifier", "schema", True), ("classifier", "task", "A b"),
    ("classifier", "name", "ok\n"), ("classifier", "version", "v" * 65), ("classifier", "summary", "a\x00"),
    ("classifier", "summary", ...), ("classifier", "input/kind", ...), ("classifier", "input/kind", "video"),
    ("classifier", "input/kind", "arrays"), ("classifier", "input/width", 15), ("classifier", "input/width", 64.0),
    ("classifier", "input/colour", "GRB"), ("classifier", "input/colour", "grey"), ("classifier", "input/range", [0, 255.0]),
    ("classifier", "input/range", [False, 255]), ("classifier", "input/alignment", "x\ny"),
    ("classifier", "input/alignment", "as in schema 1"), ("classifier", "input/crop", 0), ("classifier", "input/crop", 0.7),
    ("classifier", "input/crop", True), ("mirrored", "input/crop", 0.7), ("mirrored", "input/alignment", "none"),
    ("mirrored", "input/alignment", ...), ("mirrored", "outputs/embedding/mirrored", 1),
    ("mirrored", "outputs/embedding/shape", [1, 16, 1]), ("mirrored", "outputs/embedding/parts", [16.0]),
    ("mirrored", "weights_sha256", ...), ("detector", "input/kind", "arrays"),
    ("anonymizer", "outputs/picture/shape", [1, 64, 64, 2]), ("liveness", "outputs/live/shape", [1, 2]),
    ("liveness", "outputs/live/shape", [1, True]), ("landmarker", "outputs/landmarks/shape", [1, 8]),
    ("binary", "outputs/probability/activation", "softmax"), ("binary", "outputs/probability/labels", ["one"]),
    ("binary", "outputs/probability/labels", ["a", "b", "c"]), ("classifier", "outputs/probability/labels/1", "a\tb"),
    ("classifier", "outputs/probability/labels/1", "\ud83d"), ("classifier", "outputs/probability/shape", [2, 3]),
    ("sequence", "input/tensors", {}), ("sequence", "input/tensors/steps/dtype", "float64"),
    ("sequence", "input/tensors/steps/shape", [2, 16]), ("sequence", "files", {"int8-64x64.tflite": {"sha256": "0" * 64}}),
    ("classifier", "files/int8.tflite/bytes", 0), ("classifier", "files/int8.tflite/kept_float", ["a", 1]),
    ("classifier", "files/int8.tflite/recipe", []), ("classifier", "files/int8.tflite/how", 5), ("classifier", "gate/passed", 1),
    ("classifier", "gate/files/int8.tflite/checks/0/passed", False),
    ("classifier", "gate/files/int8.tflite/checks/0/figure", "0.9"), ("classifier", "gate/files/int8.tflite/checks/0/limit", None),
    ("classifier", "gate/files/int8.tflite/examples", -1), ("classifier", "metrics", []), ("classifier", "made_by", {"numpy": 2}),
    ("detector", "thresholds", ...), ("detector", "thresholds/sizes/320x240/hide", 1.5), ("detector", "outputs/strides", [8, 8]),
    ("embedder", "thresholds/pooled/rows/0/tar", None), ("embedder", "thresholds/pooled/rows", []),
    ("embedder", "thresholds/pooled/votes", 0),
])
def test_both_say_the_same_of_a_changed_manifest(name: str, path: str, value: Any) -> None:
    document = changed(SAMPLES[name], path, value)
    assert VALIDATOR.is_valid(document) == (refusal(document) == ""), refusal(document)


@given(data=st.data(), name=st.sampled_from(sorted(SAMPLES)))
@settings(deadline=None, max_examples=300)
def test_both_say_the_same_of_mutated_manifests(data: st.DataObject, name: str) -> None:
    document = data.draw(mutated(SAMPLES[name]))
    if isinstance(document, dict) and document.get("schema") == 1:  # the reader migrates it, the schema knows only 2
        return
    said = refusal(document)
    if not said:
        assert [error.message for error in VALIDATOR.iter_errors(document)] == []
    elif VALIDATOR.is_valid(document):
        assert BEYOND.search(said), said
