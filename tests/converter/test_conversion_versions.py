"""Which operators an old runtime lacks: told from a file alone, and the same files from the same inputs."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from conversion_models import material, source
from hypothesis import given, settings
from hypothesis import strategies as st
from zoo import ZOO

import edge_face
from converter.conversion import Conversion, too_new
from converter.conversion.graph import conversions, delegated, operators
from converter.conversion.versions import KNOWN
from edge_face.errors import ModelError

TENSORFLOW = pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="tensorflow is not installed (extra convert)")
SHIPPED = sorted((Path(edge_face.__file__).parent / "models").rglob("*.tflite"))
SMALL = min(SHIPPED, key=lambda path: path.stat().st_size).read_bytes()


def made_of(code: int, version: int, custom: bytes | None = None) -> bytes:
    """A model with one operator of this code and version."""
    flatbuffers = pytest.importorskip("flatbuffers")
    from ai_edge_litert import schema_py_generated as schema

    model, kind, graph, node = schema.ModelT(), schema.OperatorCodeT(), schema.SubGraphT(), schema.OperatorT()
    kind.builtinCode, kind.deprecatedBuiltinCode, kind.version, kind.customCode = code, min(code, 127), version, custom
    node.opcodeIndex, node.inputs, node.outputs = 0, [], []
    graph.tensors, graph.inputs, graph.outputs, graph.operators = [], [], [], [node]
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [kind], [graph], [schema.BufferT()]
    builder = flatbuffers.Builder(256)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_shipped_models_run_on_the_old_runtime(path: Path) -> None:
    assert too_new(path.read_bytes()) == ()


def test_what_is_too_new_is_named_with_what_is_known() -> None:
    from ai_edge_litert import schema_py_generated as schema

    builtin = schema.BuiltinOperator
    assert too_new(made_of(builtin.FULLY_CONNECTED, KNOWN["FULLY_CONNECTED"])) == ()
    assert too_new(made_of(builtin.FULLY_CONNECTED, 12)) == (f"FULLY_CONNECTED version 12 (it knows {KNOWN['FULLY_CONNECTED']})",)
    assert too_new(made_of(builtin.STABLEHLO_CBRT, 1)) == ("STABLEHLO_CBRT (it has none)",)  # a code above 127
    assert too_new(made_of(builtin.CUSTOM, 1, b"FlexErf")) == ("custom operator FlexErf",)
    assert KNOWN["BATCH_MATMUL"] >= 1 and "CUSTOM" not in KNOWN


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damaged_files_are_refused_never_crashed_on(data: st.DataObject) -> None:
    content = bytearray(SMALL[:data.draw(st.integers(0, len(SMALL)))])
    for _ in range(data.draw(st.integers(0, 20))):
        if content:
            content[data.draw(st.integers(0, min(len(content), 4000) - 1))] = data.draw(st.integers(0, 255))
    try:
        operators(bytes(content))
    except ModelError as error:
        assert "\n" not in str(error)


def test_a_shipped_int8_model_stays_on_the_delegate() -> None:
    content = next(path for path in SHIPPED if path.name.startswith("int8")).read_bytes()
    graph = operators(content)
    pieces, outside = delegated(content)
    assert pieces >= 1 and set(outside) <= {operator.name for operator in graph} and len(outside) < len(graph) / 2
    assert conversions(graph) >= 1 and any(operator.constants for operator in graph)


MAKE = """
import hashlib, sys
from pathlib import Path
sys.path.insert(0, "tests/converter")
from converter.conversion import Conversion
from conversion_models import material, source
from zoo import ZOO
for name in ("prelu", "depthwise"):
    model = ZOO[name]()
    with Conversion(source(model, Path(sys.argv[1])), material(model)) as work:
        for precision in ("float32", "float16", "dynamic", "int8"):
            print(name, precision, hashlib.sha256(work.make(precision).content).hexdigest())
"""


@TENSORFLOW
def test_the_same_inputs_give_the_same_bytes_in_one_process_and_in_another(tmp_path: Path) -> None:
    lines = []
    for turn in ("first", "second"):
        for name in ("prelu", "depthwise"):
            model = ZOO[name]()
            with Conversion(source(model, tmp_path / turn), material(model)) as work:
                for precision in ("float32", "float16", "dynamic", "int8"):
                    content = work.make(precision).content  # type: ignore[arg-type]
                    lines.append(f"{name} {precision} {hashlib.sha256(content).hexdigest()}")
    assert lines[:8] == lines[8:] and len(set(lines[:8])) == 8
    done = subprocess.run([sys.executable, "-c", MAKE, str(tmp_path / "third")], capture_output=True, text=True, check=False,
                          cwd=Path(__file__).parents[2])
    assert done.stdout.splitlines() == lines[:8], done.stderr[-2000:]
