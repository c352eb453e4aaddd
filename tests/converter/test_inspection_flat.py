"""The structure of .tflite files: what is read, and that no damaged file gets further than a sentence."""

from __future__ import annotations

import contextlib
import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from flat_files import Graph, build, small_net
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converter.inspection import inspect_content, inspect_path
from converter.inspection.child import ask
from converter.inspection.flat import read_flat
from converter.inspection.macs import macs_of, work_of
from edge_face.errors import MissingExtraError, ModelError
from edge_face.vision.bundle import MODELS
from edge_face.vision.runtime import Interpreter

SHIPPED = sorted(MODELS.glob("*/*.tflite"))
INT8 = (MODELS / "landmarker" / "int8.tflite").read_bytes()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_shipped_files_are_read_as_the_runtime_reads_them(path: Path) -> None:
    content = path.read_bytes()
    model, runtime = read_flat(content), Interpreter(content)
    nodes = [node for node in runtime.nodes() if node[0] != "DELEGATE"]
    assert [(o.name, o.inputs, o.outputs) for o in model.graphs[0].operators] == nodes
    (signature,) = model.signatures
    tensors = model.graphs[0].tensors
    for side, seen in ((signature.inputs, runtime.inputs), (signature.outputs, runtime.outputs)):
        assert dict(side) == {tensor.name: tensor.index for tensor in seen}
        for tensor in seen:
            own = tensors[tensor.index]
            assert (own.shape, own.dtype) == (tensor.shape, tensor.dtype.name)
            assert own.scales == ((pytest.approx(tensor.scale),) if tensor.scale else ())
    assert 0.8 * len(content) < model.weight_bytes < len(content)
    if path.stem.startswith("int8"):
        channels = [tensor for tensor in tensors if len(tensor.scales) > 1]
        assert channels
        assert all(len(tensor.scales) == len(tensor.zero_points) == tensor.shape[tensor.axis or 0] for tensor in channels)


def test_precisions_of_one_net_have_the_same_work() -> None:
    works = [work_of(read_flat((MODELS / "embedder" / f"{name}.tflite").read_bytes())) for name in ("int8", "float32")]
    assert works[0].macs == works[1].macs > 100_000_000
    assert works[0].parameters == works[1].parameters
    assert works[0].uncounted == {}


def test_the_work_of_each_operator_is_counted_by_hand() -> None:
    graph = Graph()
    picture = graph.tensor((1, 8, 6, 4))
    conv = graph.node("CONV_2D", [picture, graph.constant((10, 3, 3, 4))], (1, 4, 3, 10))
    deep = graph.node("DEPTHWISE_CONV_2D", [conv, graph.constant((1, 5, 5, 10))], (1, 4, 3, 10))
    grown = graph.node("TRANSPOSE_CONV", [graph.constant((4,), "int32"), graph.constant((7, 2, 2, 10)), deep], (1, 8, 6, 7))
    graph.node("FULLY_CONNECTED", [graph.tensor((1, 5, 20)), graph.constant((11, 20))], (1, 5, 11))
    graph.node("BATCH_MATMUL", [graph.tensor((2, 3, 5)), graph.tensor((2, 5, 7))], (2, 3, 7))
    graph.node("BATCH_MATMUL", [graph.tensor((2, 5, 3)), graph.tensor((2, 5, 7))], (2, 3, 7), adjoint=True)
    graph.node("CONV_3D", [graph.tensor((1, 4, 4, 4, 2)), graph.constant((2, 2, 2, 2, 3))], (1, 3, 3, 3, 3))
    last = graph.node("RELU", [grown], (1, 8, 6, 7))
    model = read_flat(build([graph], [picture], [last]))
    counted = [macs_of(model.graphs[0], operator) for operator in model.graphs[0].operators]
    assert counted == [4 * 3 * 10 * 3 * 3 * 4, 4 * 3 * 10 * 25, 4 * 3 * 10 * 7 * 4, 5 * 11 * 20, 2 * 3 * 7 * 5, 2 * 3 * 7 * 5, None, None]
    work = work_of(model)
    assert work.macs == sum(count for count in counted if count is not None)
    assert work.by_operator["BATCH_MATMUL"] == 2 * 2 * 3 * 7 * 5
    assert work.uncounted == {"CONV_3D": 1}
    # The four numbers of TRANSPOSE_CONV's shape are no parameters.
    assert work.parameters == 10 * 36 + 250 + 7 * 40 + 220 + 48


def test_a_side_that_is_not_fixed_is_told_and_not_counted() -> None:
    graph = Graph()
    picture = graph.tensor((1, 8, 8, 3), signature=(-1, 8, 8, 3))
    last = graph.node("CONV_2D", [picture, graph.constant((4, 3, 3, 3))], (1, 8, 8, 4), signature=(-1, 8, 8, 4))
    model = read_flat(build([graph], [picture], [last]))
    assert model.graphs[0].tensors[0].shape == (-1, 8, 8, 3)
    assert work_of(model).macs == 0
    assert work_of(model).uncounted == {"CONV_2D": 1}


def test_a_graph_beside_the_first_is_named_as_uncounted() -> None:
    first, body = Graph(), Graph()
    x = first.tensor((1, 4))
    y = first.node("FULLY_CONNECTED", [x, first.constant((3, 4))], (1, 3))
    body.node("FULLY_CONNECTED", [body.tensor((1, 4)), body.constant((3, 4))], (1, 3))
    work = work_of(read_flat(build([first, body], [x], [y])))
    assert (work.macs, work.uncounted) == (12, {"FULLY_CONNECTED": 1})


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\0" * 64, b"\x1c\0\0\0TFL3" + b"\xff" * 200, b"PK\x03\x04" * 20, b"\x08\0\0\0TFL3"],
                         ids=["empty", "tiny", "zeros", "wild", "zip", "cut"])
def test_what_is_no_model_is_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match=r"^x\.tflite is damaged or no TFLite model \(.+\): "):
        read_flat(content, "x.tflite")


@pytest.mark.parametrize(("damage", "words"), [
    ({"version": 2}, "schema version 2"), ({"code": 400}, "operator 400 is not known"), ({"opcode_index": 9}, "not in its list"),
    ({"buffer": 77}, "type or a buffer"), ({"input": 55}, "not one of its"), ({"side": -5}, "has the shape"),
    ({"signature_tensor": 44}, "a signature names a tensor"), ({"graphs": 0}, "no graph")])
def test_what_cannot_be_right_is_refused_by_its_reason(damage: dict[str, int], words: str) -> None:
    graph = Graph()
    x = graph.tensor((1, 4))
    y = graph.node("FULLY_CONNECTED", [x, graph.constant((3, 4))], (1, 3))
    read_flat(build([graph], [x], [y], signature={"x": x}))
    with pytest.raises(ModelError, match=words):
        read_flat(build([graph], [x], [y], signature={"x": x}, damage=damage))


def test_every_truncation_is_refused() -> None:
    net = small_net()
    for length in range(len(net)):
        with pytest.raises(ModelError):
            inspect_content("cut.tflite", net[:length])  # never gets as far as the runtime


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, len(INT8) - 1))
def test_a_shipped_file_cut_anywhere_is_refused(length: int) -> None:
    with pytest.raises(ModelError):
        read_flat(INT8[:length])


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=12))
def test_a_mutated_file_is_read_or_refused_and_never_crashes(changes: list[tuple[int, int]]) -> None:
    content = bytearray(small_net())
    for place, value in changes:
        content[place % len(content)] = value
    try:
        model = read_flat(bytes(content), "m.tflite")
    except ModelError as error:
        assert str(error).startswith("m.tflite is damaged or no TFLite model (")
    else:
        work_of(model)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 1 << 20), st.sampled_from([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000000]))
def test_a_wild_offset_or_length_costs_neither_time_nor_memory(place: int, number: int) -> None:
    content = bytearray(small_net())
    struct.pack_into("<I", content, place % (len(content) - 4) // 4 * 4, number)
    with contextlib.suppress(ModelError):
        work_of(read_flat(bytes(content)))


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 22_000), st.integers(0, 255))
def test_what_the_structure_lets_pass_the_runtime_takes_or_refuses(place: int, value: int) -> None:
    """In the runtime's own process: of 45 such files one ended it by SIGABRT (ai-edge-litert 2.3.0)."""
    content = bytearray(INT8)
    content[-1 - place] = value
    with contextlib.suppress(ModelError):
        assert inspect_content("m.tflite", bytes(content))["bytes"] == len(INT8)


def test_a_file_that_crashes_the_runtime_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess(command, -11, b"", b"")

    monkeypatch.setattr("converter.inspection.child.subprocess.run", run)
    with pytest.raises(ModelError, match=r"^m\.tflite is damaged .*crashed on it, SIGSEGV"):
        ask(small_net(), "m.tflite")


def test_the_child_refuses_what_the_runtime_refuses() -> None:
    """Sound by its structure, yet a convolution whose weights do not fit: in a child process, so that even a crash is a sentence."""
    graph = Graph()
    x = graph.tensor((1, 4))
    y = graph.node("FULLY_CONNECTED", [x, graph.constant((3, 5))], (1, 3))
    content = build([graph], [x], [y])
    read_flat(content)
    with pytest.raises(ModelError, match=r"^odd\.tflite is damaged"):
        inspect_content("odd.tflite", content)


def test_a_sound_file_that_no_device_takes_is_shown_with_the_reason() -> None:
    graph = Graph()
    x = graph.tensor((2, 4))
    y = graph.node("FULLY_CONNECTED", [x, graph.constant((3, 4))], (2, 3))
    found = inspect_content("two.tflite", build([graph], [x], [y]))
    assert "not a fixed batch of 1" in found["refused"]
    assert found["macs"] == 2 * 12
    assert "inputs" not in found


def test_one_file_as_plain_data(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(small_net())
    found = json.loads(json.dumps(inspect_path(path, runs=3)))["files"][0]
    assert found["operators"] == [{"name": "FULLY_CONNECTED", "version": 1, "count": 2}, {"name": "RELU", "version": 1, "count": 1}]
    assert found["macs"] == 4 * 6 + 6 * 3
    assert found["parameters"] == 4 * 6 + 6 * 3
    assert found["signatures"] == [{"name": "serving_default", "inputs": ["x"], "outputs": ["y"]}]
    assert [(t["name"], t["shape"]) for t in found["inputs"]] == [("x", [1, 4])]
    assert found["delegate"]["nodes"] == 3
    assert found["speed"]["runs"] == 3 and found["speed"]["median_ms"] > 0
    assert sum(tensor["bytes"] for tensor in found["tensors"]) == found["weight_bytes"] == 4 * (24 + 18)
    assert found["beyond_tflite_runtime_2_14"] == []


def test_without_flatbuffers_the_runtime_still_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    content = small_net()
    monkeypatch.setitem(sys.modules, "flatbuffers", None)
    with pytest.raises(MissingExtraError, match=r"flatbuffers is not installed: pip install 'edge-face\[convert\]'"):
        read_flat(content)
    found = inspect_content("net.tflite", content)
    assert "flatbuffers" in found["structure"]
    assert "operators" not in found
    assert found["outputs"][0]["shape"] == [1, 3]


def test_the_small_net_computes_what_its_weights_say() -> None:
    """The builder of these tests makes files that the runtime runs: else they would prove nothing."""
    model = Interpreter(small_net())
    (answer,) = model.run(np.array([[1, 2, 3, 4]], np.float32)).values()
    assert answer.tolist() == [[60.0, 60.0, 60.0]]
