"""Two models side by side: what is measured, and what is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flat_files import Graph, build

from converter.contract import Check, Material, Verdict
from converter.inspection.comparison import Comparison, Cost, compare
from converter.inspection.comparison_page import lines, render
from converter.inspection.sides import open_sides
from converter.inspection.tflite_source import TfliteSource, precision_of
from edge_face.errors import ModelError, UsageError
from edge_face.vision.bundle import MODELS, load_bundle
from edge_face.vision.embedder import Embedder

EMBEDDER, DETECTOR, LANDMARKER = (MODELS / name for name in ("embedder", "detector", "landmarker"))


def faces(count: int = 12) -> Material:
    """Clouds of the size of aligned faces: to compare two files they need not show anybody."""
    random = np.random.default_rng(3)
    coarse = random.integers(0, 256, (count, 14, 14, 3)).astype(np.uint8)
    pictures = [np.ascontiguousarray(np.kron(each, np.ones((8, 8, 1), np.uint8))) for each in coarse]
    return Material({"face": np.stack(pictures)}, pictures, None, [f"cloud {i}" for i in range(count)])


def test_the_files_of_a_bundle_are_compared(tmp_path: Path) -> None:
    a, b = open_sides(EMBEDDER / "float32.tflite", EMBEDDER / "int8.tflite", tmp_path)
    seen: list[int] = []
    found = compare(a, b, faces(), seen.append, runs=2)
    assert (found.task, found.a.precision, found.b.precision, found.verdict.examples) == ("embedder", "float32", "int8", 12)
    assert (found.a.bytes, found.b.bytes) == tuple((EMBEDDER / f"{name}.tflite").stat().st_size for name in ("float32", "int8"))
    assert found.a.macs == found.b.macs > 0 and min(found.a.ms, found.b.ms, found.a.memory_mb, found.b.memory_mb) > 0
    pictures, bundle = faces().pictures, load_bundle("", "embedder")
    embeddings = [np.stack([Embedder(bundle, name).embed(picture) for picture in pictures]) for name in ("float32", "int8")]
    expected = float((embeddings[0] * embeddings[1]).sum(1).mean())
    assert found.agreement["cosine_mean"] == pytest.approx(expected, abs=2e-4)
    assert sum(seen) == 3 * 12  # the float side by its file and its mirror image, the other one once
    told = "\n".join(lines(found))
    assert "embedder/float32.tflite" in told and "embedder/int8.tflite against embedder/float32.tflite:" in told
    page = render(found)
    assert page.count("<svg") >= 2 and "cloud " in page
    assert json.loads(json.dumps(found.as_dict()))["b"]["name"] == "embedder/int8.tflite"


def test_a_file_is_like_itself_and_a_damaged_one_is_not(tmp_path: Path) -> None:
    a, b = open_sides(EMBEDDER, EMBEDDER, tmp_path / "same", "int8")
    assert (a.name, b.name) == ("embedder/int8.tflite (A)", "embedder/int8.tflite (B)")
    same = compare(a, b, faces(), runs=1)
    assert same.agreement["cosine_mean"] > 0.9999
    assert same.verdict.passed
    other = tmp_path / "bgr"
    shutil.copytree(EMBEDDER, other)
    manifest = json.loads((other / "manifest.json").read_text(encoding="utf-8"))
    manifest["input"]["colour"] = "RGB" if manifest["input"]["colour"] == "BGR" else "BGR"
    (other / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    a, b = open_sides(EMBEDDER, other, tmp_path / "other", "int8")
    swapped = compare(a, b, faces(), runs=1)
    assert not swapped.verdict.passed
    assert swapped.agreement["cosine_mean"] < 0.95
    assert any(line.startswith("beyond the limits") for line in lines(swapped))


def test_a_lone_file_is_taken_for_what_the_other_one_is(tmp_path: Path) -> None:
    alone = tmp_path / "mine.tflite"
    shutil.copy(LANDMARKER / "int8.tflite", alone)
    a, b = open_sides(LANDMARKER / "float32.tflite", alone, tmp_path / "work")
    assert (a.plan.task, b.plan.task, b.precision) == ("landmarker", "landmarker", "int8")
    b2, a2 = open_sides(alone, LANDMARKER / "float32.tflite", tmp_path / "turned")
    assert (b2.name, a2.name) == ("mine.tflite", "landmarker/float32.tflite")
    with pytest.raises(UsageError, match=r"mine\.tflite does not say what it is for: compare it with a bundle"):
        open_sides(alone, alone, tmp_path / "both")
    with pytest.raises(UsageError, match=r"mine\.tflite takes 64x64x3 and embedder/"):
        open_sides(EMBEDDER, alone, tmp_path / "wrong")


def test_the_file_of_a_bundle_is_chosen_by_precision_and_size(tmp_path: Path) -> None:
    a, b = open_sides(DETECTOR / "int8-320x240.tflite", DETECTOR, tmp_path / "1", "float32")
    assert (a.name, b.name) == ("detector/int8-320x240.tflite", "detector/float32-320x240.tflite")
    assert len(b.bundle.files) == 1
    with pytest.raises(UsageError, match=r"has no dynamic file, it has .*int8.*: name one of these by --precision"):
        open_sides(EMBEDDER, EMBEDDER, tmp_path / "2", "dynamic")


def test_what_cannot_be_compared_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is of the task embedder, .* of landmarker: only two models of one task"):
        open_sides(EMBEDDER, LANDMARKER, tmp_path / "1")
    with pytest.raises(UsageError, match="only outputs of the same shapes can be compared"):
        open_sides(DETECTOR / "int8-320x240.tflite", DETECTOR / "int8-640x480.tflite", tmp_path / "2")
    with pytest.raises(ModelError, match="is a folder, but no bundle"):
        open_sides(tmp_path, EMBEDDER, tmp_path / "3")
    with pytest.raises(ModelError, match=r"none\.tflite cannot be read"):
        open_sides(tmp_path / "none.tflite", EMBEDDER, tmp_path / "4")
    cut = tmp_path / "cut.tflite"
    cut.write_bytes((LANDMARKER / "int8.tflite").read_bytes()[:9000])
    with pytest.raises(ModelError, match=r"cut\.tflite is damaged"):
        open_sides(LANDMARKER, cut, tmp_path / "5")
    copy = tmp_path / "copy"
    shutil.copytree(LANDMARKER, copy)
    with (copy / "int8.tflite").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ModelError, match=r"int8\.tflite is not the file that its manifest names"):
        open_sides(copy / "int8.tflite", LANDMARKER, tmp_path / "6")


def test_precisions_are_told_by_the_tensors() -> None:
    for path in sorted(MODELS.glob("*/*.tflite")):
        assert precision_of(path.read_bytes()) == path.stem.partition("-")[0]
    graph = Graph()
    x = graph.tensor((1, 4))
    y = graph.node("FULLY_CONNECTED", [x, graph.constant((3, 4), "int8")], (1, 3))
    assert precision_of(build([graph], [x], [y])) == "dynamic"


def test_a_file_in_the_place_of_a_float_model_runs_as_one(tmp_path: Path) -> None:
    content = (EMBEDDER / "int8.tflite").read_bytes()
    source = TfliteSource(Path("e.tflite"), content)
    pictures = np.stack(faces(3).pictures)
    (both,) = source.run({"face": pictures}).values()
    (floats,) = source.run({"face": pictures.astype(np.float32)}).values()
    assert both.shape == (3, 384) and (both == floats).all()
    with pytest.raises(ModelError, match="is a TFLite file already and cannot be converted"):
        source.export(tmp_path)


def made(passed: bool = True) -> Comparison:
    a = Cost("<a>", "float32", 4000, 2.0, 10.0, 10**6, 1000, "all 3 nodes run", False)
    b = replace(a, name="b\x1b[2J", precision="int8", bytes=1000, ms=9.0)
    checks = (Check("accuracy_lost", 0.5 if passed else 3.0, 1.0, False, passed, "accuracy lost: <b>3</b>"),
              Check("recall_lost", None, 1.0, False, True, "not measurable here"))
    metrics = {"examples": 40, "accuracy_float": 0.9, "accuracy": 0.875, "agreement": 0.95, "tar_float_1e-3": 0.8, "tar_1e-3": 0.7,
               "output_error": {"x": 0.1}, "labelled": 40}
    plots = {"confusion": {"float": [[9, 1], [1, 9]], "quantized": [[8, 2], [1, 9]]}, "error": [0.1, 0.2],
             "det": {"float": {"fmr": [0.01, 0.1], "fnmr": [0.2, 0.1]}, "quantized": {"fmr": [0.01, 0.1], "fnmr": [0.3, 0.1]}}}
    verdict = Verdict("classifier", "int8", passed, checks, 40, True, "", metrics, plots)
    return Comparison("classifier", a, b, verdict, ("<x>", "y"), ("said",))


def test_metrics_of_both_stand_side_by_side() -> None:
    found = made()
    assert found.metrics == {"accuracy": (0.9, 0.875), "tar_1e-3": (0.8, 0.7)}
    assert found.agreement == {"agreement": 0.95, "labelled": 40}
    assert [line.split() for line in lines(found) if line.startswith("accuracy")] == [["accuracy", "0.9000", "0.8750"]]
    assert not any("\x1b" in line for line in lines(found))


def test_the_page_says_what_was_lost_and_escapes_what_files_say() -> None:
    page = render(made(passed=False))
    assert "beyond the gate&#x27;s limits" in page and "FAILED" in page and "not measured" in page
    assert "<b>3</b>" not in page and "&lt;a&gt;" in page and "&lt;x&gt;" in page and "\x1b" not in page
    assert "4.5x slower" in page and "4.0x smaller" in page
    assert "<script" not in page and "http:" not in page and "https:" not in page
