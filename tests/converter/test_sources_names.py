"""Names and readers under whatever they are given."""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_sources_material import SEQUENCE, SEQUENCE_MODEL, arrays

from converter.sources.arrays import read_arrays
from converter.sources.keras_config import custom_classes, refuse_code
from converter.sources.names import automatic, clean_inputs, clean_outputs
from edge_face.errors import EdgeFaceError, ModelError


@pytest.mark.parametrize(("given_names", "made"), [
    (["keras_tensor_12"], ("input",)), (["input_layer"], ("input",)), (["input_1"], ("input",)), (["args_0"], ("input",)),
    (["picture"], ("picture",)), (["keras_tensor", "features"], ("input_0", "features")), (["a/b:0"], ("a_b_0",)),
    (["a b", "a/b"], ("a_b", "a_b_again")), (["3d"], ("input_3d",)), (["inputs_0_1"], ("input",))])
def test_inputs(given_names: list[str], made: tuple[str, ...]) -> None:
    assert clean_inputs(given_names) == made


def test_outputs() -> None:
    assert clean_outputs(["dense_3"], [True]) == ("output",)
    assert clean_outputs(["output_0", "boxes"], [False, False]) == ("output_0", "boxes")
    assert automatic("conv2d_7", "Conv2D") and automatic("global_average_pooling2d", "GlobalAveragePooling2D")
    assert not automatic("classes", "Dense") and not automatic("dense_head", "Dense")


@given(st.lists(st.text(max_size=12), min_size=1, max_size=6))
def test_names_are_unique_and_can_be_argument_names(names: list[str]) -> None:
    for made in (clean_inputs(names), clean_outputs(names, [False] * len(names))):
        assert len(set(made)) == len(names)
        assert all(name.isidentifier() and set(name) <= set(string.ascii_letters + string.digits + "_") for name in made)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=8), st.floats(0.05, 1.0))
def test_damaged_arrays_are_refused_or_read(tmp_path: Path, changes: list[tuple[int, int]], share: float) -> None:
    path = tmp_path / "x.npz"
    np.savez_compressed(path, **arrays(6))
    data = bytearray(path.read_bytes())
    for place, change in changes:
        data[place % len(data)] ^= change
    path.write_bytes(data[:max(int(len(data) * share), 1)])
    try:
        read_arrays(path, SEQUENCE_MODEL, SEQUENCE)
    except EdgeFaceError as error:
        assert "\n" not in str(error)


KEYS = ["class_name", "config", "module", "registered_name", "name", "layers", "value", "x"]
JSON = st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4))


@given(st.dictionaries(st.sampled_from(["class_name", "config", "layers"]), JSON, max_size=3))
def test_any_architecture_is_judged_without_a_crash(config: dict[str, object]) -> None:
    custom_classes(config)
    try:
        refuse_code(config, Path("model.keras"))
    except ModelError as error:
        assert "never run" in str(error)


@given(JSON, st.sampled_from(["Lambda", "__lambda__", "TorchModuleWrapper"]))
def test_code_is_found_however_deep(around: object, kind: str) -> None:
    config = {"class_name": "Functional", "config": {"layers": [around, {"class_name": "Wrapper", "config": {
        "layer": {"class_name": kind, "config": {"name": "odd"}}}}]}}
    with pytest.raises(ModelError, match="never run"):
        refuse_code(config, Path("model.keras"))
