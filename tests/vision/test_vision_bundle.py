"""Bundles: the shipped ones load, and whatever is damaged is a ModelError that says what and where."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.errors import ModelError
from edge_face.vision.bundle import MANIFEST, MODELS, load_bundle

EMBEDDER = json.loads((MODELS / "embedder" / MANIFEST).read_text(encoding="utf-8"))
DETECTOR = json.loads((MODELS / "detector" / MANIFEST).read_text(encoding="utf-8"))


def write(folder: Path, manifest: Any, task: str = "embedder", files: bool = False) -> Path:
    folder.mkdir(exist_ok=True)
    text = manifest if isinstance(manifest, str) else json.dumps(manifest)
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    if files:
        for file in (MODELS / task).glob("*.tflite"):
            shutil.copy(file, folder / file.name)
    return folder


def changed(path: str, value: Any, base: dict[str, Any] = EMBEDDER) -> dict[str, Any]:
    manifest = copy.deepcopy(base)
    *parents, last = path.split("/")
    place: Any = manifest
    for key in parents:
        place = place[int(key) if isinstance(place, list) else key]
    if value is None:
        del place[last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    return manifest


@pytest.mark.parametrize("task", ["embedder", "detector", "landmarker"])
def test_every_shipped_file_is_what_its_manifest_says(task: str) -> None:
    bundle = load_bundle("", task)
    assert {file.name for file in bundle.files} == {path.name for path in bundle.folder.glob("*.tflite")}
    for entry in bundle.files:
        assert len(bundle.read(entry)) <= 6_000_000
    assert (bundle.folder / "MODEL_CARD.md").read_text(encoding="utf-8").strip()
    assert bundle.manifest["terms"]


def test_an_empty_name_is_the_shipped_bundle_and_a_folder_is_itself() -> None:
    assert load_bundle("", "embedder").model_id == load_bundle(MODELS / "embedder", "embedder").model_id


def test_the_model_id_is_of_the_weights_not_of_a_file(tmp_path: Path) -> None:
    fewer = changed("files/float32.tflite", None, changed("gate", None))
    assert load_bundle(write(tmp_path / "a", fewer), "embedder").model_id == load_bundle("", "embedder").model_id
    other = changed("weights_sha256", "0" * 64)
    assert load_bundle(write(tmp_path / "b", other), "embedder").model_id != load_bundle("", "embedder").model_id


def test_without_a_digest_of_weights_a_detector_is_known_by_its_files(tmp_path: Path) -> None:
    bare = changed("weights_sha256", None, DETECTOR)
    one = load_bundle(write(tmp_path / "a", bare), "detector").model_id
    name = next(iter(DETECTOR["files"]))
    other = changed(f"files/{name}/sha256", "0" * 64, bare)
    assert one.startswith("edge-face-detector-")
    assert one != load_bundle(write(tmp_path / "b", other), "detector").model_id


def test_one_changed_byte_is_refused_and_the_file_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "b", EMBEDDER, files=True)
    content = bytearray((folder / "int8.tflite").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "int8.tflite").write_bytes(bytes(content))
    with pytest.raises(ModelError, match=r"int8\.tflite is not the file that its manifest names.*install"):
        load_bundle(folder, "embedder").file("int8")
    assert load_bundle(folder, "embedder").file("float32")


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"int8\.tflite cannot be read \(No such file"):
        load_bundle(write(tmp_path / "b", EMBEDDER), "embedder").file("int8")


def test_float_precisions_stand_in_for_each_other_and_others_do_not(tmp_path: Path) -> None:
    halves = changed("gate", None)
    halves["files"]["float16.tflite"] = halves["files"].pop("float32.tflite")
    assert load_bundle(write(tmp_path / "b", halves), "embedder").entry("float32").name == "float16.tflite"
    bundle = load_bundle("", "embedder")
    assert bundle.entry("float16").name == "float32.tflite"
    with pytest.raises(ModelError, match="has no file for dynamic; it has float32, int8"):
        bundle.file("dynamic")


def test_a_size_chooses_among_files() -> None:
    bundle = load_bundle("", "detector")
    assert bundle.entry("int8", (640, 480)).name == "int8-640x480.tflite"
    with pytest.raises(ModelError, match="no file for int8 at 64x48"):
        bundle.entry("int8", (64, 48))
    with pytest.raises(ModelError, match="several int8 files"):
        bundle.entry("int8")


@pytest.mark.parametrize(("path", "value", "words"), [
    ("schema", 3, "made for a newer edge-face"),
    ("schema", True, "schema must be"),
    ("schema", "1", "schema must be"),
    ("schema", None, "schema must be"),
    ("task", "detector", "is a bundle for 'detector', not for 'embedder'"),
    ("name", "../evil", "name must be"),
    ("name", "é", "name must be"),
    ("version", 3, "version must be"),
    ("input/width", 0, r"input\.width must be"),
    ("input/width", 112.0, r"input\.width must be"),
    ("input/width", None, "input size"),
    ("input/colour", "GRB", r"input\.colour must be"),
    ("input/range", [0, 1], r"input\.range must be"),
    ("outputs", [], "outputs must be an object"),
    ("outputs/embedding/parts", [256, 127], "add up to the dimension 384"),
    ("outputs/embedding/parts", [], "a list of 1 to 16"),
    ("outputs/embedding/parts", [384, True], "parts must be"),
    ("outputs/embedding/dimension", 4, "dimension must be"),
    ("files", {}, "1 to 64 files"),
    ("files/int8.tflite/sha256", "ABC", r"sha256 must be"),
    ("files/int8.tflite", "abc", "must be an object"),
    ("files/int8-0x4.tflite", {"sha256": "0" * 64}, "named <precision>"),
    ("weights_sha256", None, "weights_sha256 must be"),
    ("thresholds/pooled/rows", [], "rows must be"),
    ("thresholds/pooled/rows/0/fmr", 2.0, r"rows\[0\]\.fmr must be"),
    ("thresholds/pooled/rows/0/fmr", "0.1", r"rows\[0\]\.fmr must be"),
    ("thresholds/pooled/rows/1/similarity", 0.0, "stricter than the row before"),
    ("thresholds/single/rows/3/fmr", 0.09, "stricter than the row before"),
    ("thresholds/single/rows/3", 7, r"rows\[3\] must be an object"),
    ("thresholds/pooled/rows/0/comparisons", 0, r"rows\[0\]\.comparisons must be"),
    ("thresholds/pooled/rows/0/false_matches", 10**9, r"rows\[0\]\.false_matches must be"),
    ("thresholds/pooled/rows/0/false_pairs", 2.5, r"rows\[0\]\.false_pairs must be"),
    ("thresholds/pooled/rows/0/effective_pairs", 10**9, r"rows\[0\]\.effective_pairs must be"),
    ("thresholds/pooled/rows/0/fmr_upper", 1e-3, r"rows\[0\]\.fmr_upper must be"),
    ("thresholds/single/rows/0/tar", 1.5, r"rows\[0\]\.tar must be"),
    ("thresholds/pooled/templates", 0, r"pooled\.templates must be"),
    ("thresholds/pooled/votes", "3", r"pooled\.votes must be"),
    ("thresholds/pooled/vote_similarity", 2.0, r"pooled\.vote_similarity must be"),
    ("thresholds", 5, "thresholds must be an object"),
])
def test_what_is_wrong_in_a_manifest_is_named(tmp_path: Path, path: str, value: Any, words: str) -> None:
    manifest = changed(path, value)
    with pytest.raises(ModelError, match=words) as caught:
        load_bundle(write(tmp_path / "b", manifest), "embedder")
    assert MANIFEST in str(caught.value)


@pytest.mark.parametrize("name", ["../int8.tflite", "/etc/int8.tflite", "int8.tflite/..", "int8.tflite\n", "int8-1٣0x90.tflite", ""])
def test_a_file_name_cannot_lead_out_of_the_bundle(tmp_path: Path, name: str) -> None:
    manifest = copy.deepcopy(EMBEDDER)
    manifest["files"][name] = {"sha256": "0" * 64}
    with pytest.raises(ModelError, match="named <precision>"):
        load_bundle(write(tmp_path / "b", manifest), "embedder")


@pytest.mark.parametrize(("key", "value"), [("recognise", 1.5), ("hide", None), ("hide", "0.1")])
def test_a_detector_needs_both_scores(tmp_path: Path, key: str, value: Any) -> None:
    with pytest.raises(ModelError, match=rf"thresholds\.{key} must be a number from 0 to 1"):
        load_bundle(write(tmp_path / "b", changed(f"thresholds/{key}", value, DETECTOR)), "detector")


@pytest.mark.parametrize(("word", "words"), [("NaN", "NaN is no number"), ("-Infinity", "-Infinity is no number"),
                                            ("1e999", "similarity must be"), ("1" * 4000, "similarity must be"),
                                            ("1" * 5000, "no JSON")])
def test_numbers_that_are_no_numbers_are_refused(tmp_path: Path, word: str, words: str) -> None:
    text = json.dumps(changed("thresholds/pooled/rows/0/similarity", "HERE")).replace('"HERE"', word)
    with pytest.raises(ModelError, match=words) as caught:
        load_bundle(write(tmp_path / "b", text), "embedder")
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '"text"', "[" * 100_000, "{}", '{"schema": 1}'])
def test_what_is_no_manifest_is_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(ModelError) as caught:
        load_bundle(write(tmp_path / "b", text), "embedder")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_missing_folders_and_odd_files_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no embedder bundle in .*nowhere.*set vision\.embedder"):
        load_bundle(tmp_path / "nowhere", "embedder")
    with pytest.raises(ModelError, match="no embedder bundle"):
        load_bundle("nul\0byte", "embedder")
    (tmp_path / MANIFEST).mkdir()
    with pytest.raises(ModelError, match="no embedder bundle"):
        load_bundle(tmp_path, "embedder")
    binary = tmp_path / "binary"
    binary.mkdir()
    (binary / MANIFEST).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match="no UTF-8"):
        load_bundle(binary, "embedder")
    (binary / MANIFEST).write_bytes(b" " * 4_000_001)
    with pytest.raises(ModelError, match="larger than"):
        load_bundle(binary, "embedder")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-10**20, 10**20) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=8)


@st.composite
def mutated(draw: st.DrawFn, base: dict[str, Any]) -> dict[str, Any]:
    """The manifest with one to three values anywhere replaced, removed or added."""
    manifest = copy.deepcopy(base)
    for _ in range(draw(st.integers(1, 3))):
        place: Any = manifest
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            inner = place[key]
            if isinstance(inner, dict | list) and inner and draw(st.integers(0, 3)):
                place = inner
                continue
            if draw(st.booleans()):
                place[key] = draw(json_values)
            elif isinstance(place, dict) and draw(st.booleans()):
                place[draw(st.text(max_size=12))] = draw(json_values)
            else:
                del place[key]
            break
    return manifest


@given(data=st.data(), task=st.sampled_from(["embedder", "detector"]))
def test_a_mutated_manifest_loads_or_is_a_model_error(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, task: str) -> None:
    folder = tmp_path_factory.mktemp("bundle")
    manifest = data.draw(mutated(EMBEDDER if task == "embedder" else DETECTOR))
    write(folder, json.dumps(manifest))
    try:
        bundle = load_bundle(folder, task)
    except ModelError as error:
        assert "\n" not in str(error).replace("\\n", "")
        return
    # What loads is whole: everything that the device reads is there.
    assert bundle.files and bundle.name and bundle.model_id
    if task == "embedder":
        assert bundle.embedding is not None
        assert sum(bundle.embedding.parts) == bundle.embedding.dimension


@given(share=st.floats(0.0, 0.9999))
def test_a_manifest_cut_off_anywhere_is_a_model_error(tmp_path_factory: pytest.TempPathFactory, share: float) -> None:
    text = (MODELS / "embedder" / MANIFEST).read_text(encoding="utf-8").rstrip()
    folder = tmp_path_factory.mktemp("bundle")
    with pytest.raises(ModelError):
        load_bundle(write(folder, text[: int(len(text) * share)]), "embedder")


@given(share=st.floats(0.0, 1.0, exclude_max=True), bit=st.integers(0, 7))
def test_any_flipped_bit_of_a_file_is_noticed(tmp_path_factory: pytest.TempPathFactory, share: float, bit: int) -> None:
    folder = write(tmp_path_factory.mktemp("bundle"), EMBEDDER)
    content = bytearray((MODELS / "embedder" / "int8.tflite").read_bytes())
    content[int(len(content) * share)] ^= 1 << bit
    (folder / "int8.tflite").write_bytes(bytes(content))
    with pytest.raises(ModelError, match="SHA-256"):
        load_bundle(folder, "embedder").file("int8")
