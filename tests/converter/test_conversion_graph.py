"""What a file is made of, and that the same inputs give the same bytes."""

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
from converter.conversion import Conversion
from converter.conversion.graph import conversions, operators
from edge_face.errors import ModelError

TENSORFLOW = pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="tensorflow is not installed (extra convert)")
SHIPPED = sorted((Path(edge_face.__file__).parent / "models").rglob("*.tflite"))
SMALL = (Path(edge_face.__file__).parent / "models/liveness/int8.tflite").read_bytes()


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


def test_operators_know_their_tensors_and_weights() -> None:
    graph = operators(SMALL)
    assert {"CONV_2D", "FULLY_CONNECTED"} <= {operator.name for operator in graph} and conversions(graph) >= 1
    dense = next(operator for operator in graph if operator.name == "FULLY_CONNECTED")
    assert dense.bytes > 1000 and len(dense.constants) == 2 and not dense.floats


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
