"""What stays on the delegate, what a run costs, and what an older runtime would not load."""

from __future__ import annotations

import numpy as np
import pytest
from flat_files import Graph, build, small_net

from converter.inspection.delegate import Partitions, partitions, partitions_of
from converter.inspection.flat import read_flat
from converter.inspection.old_runtime import KNOWN, beyond_old_runtime
from converter.inspection.speed import median_ms, medians_ms, slowdown
from edge_face.errors import ModelError, UsageError
from edge_face.vision.bundle import MODELS


def chain(*operators: str) -> list[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    """Nodes one after the other: the n-th takes tensor n and makes n + 1."""
    return [(name, (i,), (i + 1,)) for i, name in enumerate(operators)]


def test_nodes_between_two_stretches_are_named() -> None:
    nodes = [*chain("CONV_2D", "RELU", "PRELU", "CONV_2D", "PRELU", "CONV_2D"),
             ("DELEGATE", (0,), (2,)), ("DELEGATE", (3,), (4,)), ("DELEGATE", (5,), (6,))]
    found = partitions_of(nodes)
    assert found == Partitions(6, 4, 3, ("2 PRELU",))
    assert found.sentence() == "4 of 6 nodes run on the XNNPACK delegate, in 3 stretches; not delegated: 2 PRELU"


def test_a_branch_that_leaves_a_stretch_is_inside_once() -> None:
    nodes = [("CONV_2D", (0, 9), (1,)), ("ADD", (1, 0), (2,)), ("GATHER", (2,), (3,)), ("DELEGATE", (0, 9), (1, 2))]
    assert partitions_of(nodes) == Partitions(3, 2, 1, ("1 GATHER",))


def test_without_a_delegate_nothing_is_delegated() -> None:
    found = partitions_of(chain("CONV_2D", "RELU"))
    assert found == Partitions(2, 0, 0, ("1 CONV_2D", "1 RELU"))
    assert found.sentence() == "none of 2 nodes runs on the XNNPACK delegate"


def test_a_whole_graph_is_said_in_one_word() -> None:
    assert partitions_of([*chain("CONV_2D", "RELU"), ("DELEGATE", (0,), (2,))]).sentence() == "all 2 nodes run on the XNNPACK delegate"


def test_the_interpreter_is_asked() -> None:
    found = partitions((MODELS / "landmarker" / "float32.tflite").read_bytes())
    model = read_flat((MODELS / "landmarker" / "float32.tflite").read_bytes())
    assert found.nodes == len(model.graphs[0].operators)
    assert (found.delegated, found.partitions, found.breaking) == (found.nodes, 1, ())
    # ZEROS_LIKE is one that XNNPACK leaves to the runtime's own kernel, between two that it takes.
    graph = Graph()
    x = graph.tensor((1, 32))
    a = graph.node("FULLY_CONNECTED", [x, graph.constant((32, 32))], (1, 32))
    b = graph.node("ZEROS_LIKE", [a], (1, 32))
    y = graph.node("FULLY_CONNECTED", [b, graph.constant((32, 32))], (1, 32))
    assert partitions(build([graph], [x], [y], signature={"x": x})) == Partitions(3, 2, 2, ("1 ZEROS_LIKE",))
    with pytest.raises(ModelError, match="damaged"):
        partitions(b"no model")


def test_a_run_takes_time_and_files_are_measured_in_turns() -> None:
    small, large = small_net(), (MODELS / "embedder" / "float32.tflite").read_bytes()
    times = medians_ms((small, large), 3)
    assert 0 < times[0] < times[1]
    assert median_ms(small, 3) > 0
    with pytest.raises(UsageError, match="1 run or more"):
        median_ms(small, 0)


def test_the_ratio_in_the_sentence_is_the_measured_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def sentence(plain: float, quantized: float) -> str:
        monkeypatch.setattr("converter.inspection.speed.medians_ms", lambda contents, runs: [plain, quantized])
        return slowdown(small_net(), one_operator("PRELU"), 3)

    assert sentence(2.0, 17.0).startswith("this PRELU net runs 8.5 times slower in int8 than in float32 (17.00 ms against 2.00 ms, ")
    assert sentence(2.0, 17.0).endswith(": use LeakyReLU or ReLU6, or --engine quantizer")
    assert sentence(3.0, 1.0).startswith("int8 runs 3.0 times faster than float32")
    assert sentence(2.0, 2.1).startswith("int8 runs about as fast as float32")


def one_operator(name: str) -> bytes:
    """An int8 net of that operator, which XNNPACK does not take, and a matrix behind it."""
    graph = Graph()
    x = graph.tensor((1, 2, 2, 8), "int8", scale=0.5)
    alpha = graph.tensor((1, 1, 8), "int8", data=np.full((1, 1, 8), 3, np.int8).tobytes(), scale=0.01)
    y = graph.node(name, [x, alpha], (1, 2, 2, 8), dtype="int8", scale=0.5)
    return build([graph], [x], [y], signature={"x": x})


def test_an_operator_that_slows_both_is_not_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("converter.inspection.speed.medians_ms", lambda contents, runs: [1.0, 4.0])
    content = one_operator("PRELU")
    assert slowdown(content, content, 3).startswith("this net runs 4.0 times slower in int8")


def test_what_an_older_runtime_does_not_know_is_named() -> None:
    graph = Graph()
    x = graph.tensor((1, 4))
    y = graph.node("FULLY_CONNECTED", [x, graph.constant((3, 4))], (1, 3), version=KNOWN["FULLY_CONNECTED"])
    assert beyond_old_runtime(read_flat(build([graph], [x], [y]))) == ()
    late = graph.node("FULLY_CONNECTED", [y, graph.constant((3, 3))], (1, 3), version=12)
    last = graph.node("STABLEHLO_ADD", [late, late], (1, 3))
    assert beyond_old_runtime(read_flat(build([graph], [x], [last]))) == (
        "FULLY_CONNECTED version 12 (10 is the newest it knows)", "STABLEHLO_ADD, which it does not know")
    for path in MODELS.glob("*/*.tflite"):
        assert beyond_old_runtime(read_flat(path.read_bytes())) == ()
