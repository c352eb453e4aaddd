"""Every architecture of the zoo becomes a file of every precision that gives the float model's outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conversion_models import material, relative, run_file, source
from zoo import ZOO

from converter.contract import Candidate
from converter.conversion import Conversion
from converter.conversion.graph import operators
from converter.inspection import beyond_old_runtime, read_flat
from edge_face.vision.runtime import Interpreter

pytest.importorskip("tensorflow", reason="tensorflow is not installed: pip install 'edge-face[convert]'")
LIMITS = {"float32": 1e-4, "float16": 0.01, "dynamic": 0.05, "int8": 0.3}
"""Relative errors that drawn weights and a dozen drawn pictures stay well within; a wrong scale or order gives 1 or more."""


@pytest.fixture(scope="module", params=sorted(ZOO))
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    model = ZOO[request.param]()
    brought, calibration = source(model, tmp_path_factory.mktemp("zoo")), material(model)
    with Conversion(brought, calibration) as work:
        files = {precision: work.make(precision) for precision in ("float32", "float16", "dynamic", "int8")}  # type: ignore[arg-type]
    return {"name": request.param, "source": brought, "calibration": calibration, "files": files,
            "float": brought.run(calibration.values)}


def test_every_precision_gives_the_float_models_outputs(made: dict[str, Any]) -> None:
    for precision, candidate in made["files"].items():
        found = run_file(candidate.content, made["calibration"].values)
        assert found.keys() == made["float"].keys()
        for name, expected in made["float"].items():
            assert found[name].shape == expected.shape
            assert relative(found[name], expected) < LIMITS[precision], (made["name"], precision, name)


def test_pictures_go_in_as_bytes_and_all_else_as_floats(made: dict[str, Any]) -> None:
    for precision, candidate in made["files"].items():
        net = Interpreter(candidate.content)
        pictures = all(value.dtype == np.uint8 for value in made["calibration"].values.values())
        for tensor in net.inputs:
            assert tensor.shape[0] == 1
            if precision == "int8" and pictures:
                assert (str(tensor.dtype), tensor.scale, tensor.zero_point) in (("int8", 1.0, -128), ("uint8", 1.0, 0))
            else:
                assert tensor.dtype == np.dtype(np.float32)
        assert all(tensor.dtype == np.dtype(np.float32) for tensor in net.outputs)


def test_int8_is_smaller_and_is_int8(made: dict[str, Any]) -> None:
    """Weights of nearly all operators that have any are 8 bits wide."""
    candidate: Candidate = made["files"]["int8"]
    weighty = [o for o in operators(candidate.content) if o.name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")]
    assert weighty and not any(operator.floats for operator in weighty)


def test_old_runtimes_know_all_operators_but_those_of_dynamic_range(made: dict[str, Any]) -> None:
    for precision in ("float32", "float16", "int8"):
        assert beyond_old_runtime(read_flat(made["files"][precision].content)) == (), (made["name"], precision)


def test_a_recipe_says_how_it_was_made(made: dict[str, Any]) -> None:
    candidate: Candidate = made["files"]["int8"]
    assert candidate.recipe["engine"] == ("quantizer" if made["name"] in ("prelu", "hard_swish") else "tflite")
    assert candidate.recipe["examples"] == 12 and len(candidate.recipe["calibration_sha256"]) == 64
    assert "12 calibration examples" in candidate.how and candidate.said
