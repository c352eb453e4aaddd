"""Every architecture, from its file: loaded, run, exported and converted, it is the Keras model that was saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras
import zoo

from converter.sources.model import load
from edge_face.vision.runtime import Interpreter


def by_keras(model: Any, values: dict[str, Any]) -> list[Any]:
    fed = list(values.values()) if len(values) > 1 else next(iter(values.values()))
    return [np.asarray(found) for found in keras.tree.flatten(model(fed, training=False))]


def tflite(source: Any, folder: Path) -> Interpreter:
    import tensorflow as tf

    source.export(folder)
    return Interpreter(bytes(tf.lite.TFLiteConverter.from_saved_model(str(folder)).convert()), name="float32.tflite")


@pytest.mark.parametrize("name", sorted(zoo.ZOO))
def test_file_export_and_tflite_say_what_keras_says(name: str, tmp_path: Path) -> None:
    model = zoo.ZOO[name]()
    values = zoo.examples(model, count=5)
    wanted = by_keras(model, values)
    model.save(tmp_path / "model.keras")
    source = load(tmp_path / "model.keras")
    assert [spec.name for spec in source.inputs] == zoo.input_names(model)
    assert all(None not in spec.shape for spec in (*source.inputs, *source.outputs))
    found = source.run(values)
    assert list(found) == [spec.name for spec in source.outputs]
    scale = max(float(np.abs(each).max()) for each in wanted)
    for each, spec in zip(wanted, source.outputs, strict=True):
        assert found[spec.name].shape == (5, *spec.shape)
        np.testing.assert_allclose(found[spec.name], each, atol=1e-5 * scale)
    lite = tflite(source, tmp_path / "saved")
    assert sorted(tensor.name for tensor in lite.inputs) == sorted(spec.name for spec in source.inputs)
    assert {tensor.name: tensor.shape for tensor in lite.outputs} == {spec.name: (1, *spec.shape) for spec in source.outputs}
    assert {tensor.name: tensor.shape for tensor in lite.inputs} == {spec.name: (1, *spec.shape) for spec in source.inputs}
    for index in range(2):
        one = lite.run({key: value[index:index + 1] for key, value in values.items()})
        for spec in source.outputs:
            np.testing.assert_allclose(one[spec.name].reshape(spec.shape), found[spec.name][index], atol=1e-4 * scale)


def test_outputs_of_one_shape_keep_their_names(tmp_path: Path) -> None:
    model = zoo.ZOO["several_outputs"]()
    values = zoo.examples(model, count=2)
    model.save(tmp_path / "model.keras")
    found = load(tmp_path / "model.keras").run(values)
    for name, wanted in model(values["picture"], training=False).items():
        np.testing.assert_allclose(found[name], np.asarray(wanted), atol=1e-5)


@pytest.mark.parametrize("name", ["tutorial_32_softmax", "several_outputs", "several_inputs", "gru", "anonymizer"])
def test_a_savedmodel_is_run_and_exported_alike(name: str, tmp_path: Path) -> None:
    model = zoo.ZOO[name]()
    values = zoo.examples(model, count=3)
    wanted = by_keras(model, values)
    model.export(str(tmp_path / "stranger"), format="tf_saved_model", verbose=False)
    source = load(tmp_path / "stranger")
    assert source.kind == "savedmodel" and source.keras is None
    values = {spec.name: value for spec in source.inputs for value in values.values() if value.shape[1:] == spec.shape}
    found = source.run(values)
    for each in wanted:
        assert any(found[spec.name].shape == each.shape and np.allclose(found[spec.name], each, atol=1e-4) for spec in source.outputs)
    lite = tflite(source, tmp_path / "saved")
    one = lite.run({key: value[:1] for key, value in values.items()})
    for spec in source.outputs:
        np.testing.assert_allclose(one[spec.name].reshape(spec.shape), found[spec.name][0], atol=1e-3)
    assert load(tmp_path / "stranger").weights_sha256 == source.weights_sha256
