"""What `inspect` and `compare` print, write and refuse on the command line."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
from flat_files import Graph, build, small_net

from converter import cli
from converter.commands import compare
from converter.inspection.terminal import count, lines
from edge_face.errors import EdgeFaceError, MediaError, UsageError
from edge_face.vision.bundle import MODELS

PEOPLE = Path(cli.__file__).parents[1] / "edge_face" / "demo" / "people"


def inspected(capsys: pytest.CaptureFixture[str], *argv: object) -> str:
    assert cli.main(["inspect", *map(str, argv)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_a_bundle_is_told_essentials_first(capsys: pytest.CaptureFixture[str]) -> None:
    out = inspected(capsys, MODELS / "detector")
    assert out.splitlines()[0].startswith("edge-face-detector ")
    assert "gate: " in out.splitlines()[1]
    assert out.count("multiply-accumulates") == out.count("XNNPACK delegate") == 4
    assert "29 CONV_2D v3" in out and "not delegated: 2 RESIZE_NEAREST_NEIGHBOR" in out
    assert "loads under tflite-runtime 2.14 too" in out
    assert "tensors:" not in out and "median of" not in out


def test_tensors_and_speed_are_told_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    out = inspected(capsys, MODELS / "landmarker" / "int8.tflite", "--tensors", "--speed")
    assert "median of 30 runs on one thread of this machine" in out and "MB resident" in out
    (weights,) = [line for line in out.splitlines() if "96x3x3x64" in line]
    assert weights.split()[1:5] == ["weights", "96x3x3x64", "int8", "55,296"]
    assert "96 scales of axis 0" in weights
    assert any("scale 1 zero -128" in line and "input" in line for line in out.splitlines())


def test_a_gate_that_was_not_passed_is_told_with_its_figures() -> None:
    check = {"metric": "cosine_mean", "figure": 0.9, "limit": 0.98, "at_least": True, "passed": False, "text": "mean cosine: 0.9000"}
    gate = {"passed": False, "forced": True,
            "files": [{"name": "int8.tflite", "passed": False, "checks": [check], "labelled": False, "examples": 1200}]}
    found = {"name": "n", "version": "1", "task": "embedder", "model_id": "n-1", "gate": gate, "notes": [], "files": []}
    told = lines(found)
    assert "gate: NOT PASSED, written by --force" in told
    assert any("1,200 examples (unlabelled: agreement and output error only)" in line for line in told)
    assert "    cosine_mean: mean cosine: 0.9000" in told
    assert "gate: no verdict in the manifest" in lines({**found, "gate": None})
    gate |= {"passed": True, "forced": False, "files": []}
    assert "gate: passed" in lines(found)


def test_names_in_a_file_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = Graph()
    x = graph.tensor((1, 4))
    y = graph.node("FULLY_CONNECTED", [x, graph.constant((3, 4))], (1, 3))
    path = tmp_path / "net.tflite"
    path.write_bytes(build([graph], [x], [y], signature={"\x1b[2Jx": x}))
    out = inspected(capsys, path)
    assert "\x1b" not in out and "?[2Jx" in out


def test_numbers_are_short() -> None:
    assert [count(n) for n in (0, 999, 12_345, 1_234_567, 2_500_000_000)] == ["0", "999", "12.3 k", "1.23 M", "2.5 G"]


def run_compare(*argv: object) -> int:
    parser = argparse.ArgumentParser()
    compare.add_arguments(parser)
    return compare.run(parser.parse_args(list(map(str, argv))))


def test_compare_writes_a_page_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, record = tmp_path / "c.html", tmp_path / "c.json"
    assert run_compare(MODELS / "landmarker" / "float32.tflite", MODELS / "landmarker" / "int8.tflite", "--data", PEOPLE, "--html", page,
                       "--json", record, "--examples", 20) == 0
    found = json.loads(record.read_text())
    assert found["task"] == "landmarker" and found["examples"] >= 20
    assert 0 < found["agreement"]["points_moved_median"] < 0.05
    assert found["a"]["bytes"] > 3 * found["b"]["bytes"]
    assert page.read_text().startswith("<!doctype html>")
    out = capsys.readouterr().out
    assert "landmarker/float32.tflite" in out and "points moved median" in out
    assert run_compare(MODELS / "landmarker" / "float32.tflite", MODELS / "landmarker", "--precision", "int8", "--data", PEOPLE,
                       "--json", "-", "--examples", 12) == 0
    assert json.loads(capsys.readouterr().out)["b"]["name"] == "landmarker/int8.tflite"


@pytest.mark.parametrize(("argv", "kind", "words"), [
    (("--data", "nowhere"), MediaError, "nowhere does not exist"), (("--data", PEOPLE, "--examples", 0), UsageError, "--examples must be"),
    (("--data", PEOPLE, "--html", "no/folder/x.html"), UsageError, "the folder does not exist")])
def test_compare_refuses_wrong_use(argv: tuple[Any, ...], kind: type[EdgeFaceError], words: str) -> None:
    with pytest.raises(kind, match=words):
        run_compare(MODELS / "landmarker" / "float32.tflite", MODELS / "landmarker" / "int8.tflite", *argv)


def test_the_small_net_of_the_tests_is_inspected_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(small_net())
    found = json.loads(inspected(capsys, path, "--json"))["files"][0]
    assert {"file", "bytes", "sha256", "runtime", "inputs", "outputs", "operators", "tensors", "macs", "delegate"} <= found.keys()
