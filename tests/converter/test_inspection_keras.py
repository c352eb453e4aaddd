"""What `inspect` says of Keras files; needs TensorFlow."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from converter import cli
from converter.inspection import inspect_path, read_flat
from converter.inspection.contents import is_keras
from converter.inspection.macs import work_of
from converter.inspection.terminal import lines
from edge_face.errors import MissingExtraError, ModelError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def keras() -> Any:
    pytest.importorskip("tensorflow")
    return pytest.importorskip("keras")


def test_what_is_a_keras_model_is_told_by_name_and_folder(tmp_path: Path) -> None:
    assert is_keras(tmp_path / "m.keras") and is_keras(tmp_path / "M.H5") and not is_keras(tmp_path / "m.tflite")
    assert not is_keras(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    assert is_keras(tmp_path)
    (tmp_path / "manifest.json").touch()
    assert not is_keras(tmp_path)


def test_without_tensorflow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if "tensorflow" in sys.modules:
        pytest.skip("TensorFlow is loaded already")
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    import zipfile

    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"class_name": "Functional", "config": {}}))
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", b"")
    with pytest.raises(MissingExtraError, match=r"edge-face\[convert\]"):
        inspect_path(path)


def test_layers_parameters_and_work_of_a_tutorials_net(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keras()
    from zoo import tutorial

    model = tutorial(32, 4, "softmax")
    path = tmp_path / "t.keras"
    model.save(path)
    found = inspect_path(path)["keras"]
    # 3x3x3 -> 16 on 30x30, pool, 3x3x16 -> 16 on 13x13, pool, 6*6*16 -> 16 -> 4
    assert found["macs"] == 30 * 30 * 16 * 27 + 13 * 13 * 16 * 144 + 576 * 16 + 16 * 4
    assert found["parameters"] == model.count_params()
    assert [(layer["kind"], layer["output"]) for layer in found["layers"]][-2:] == [("Dense", [16]), ("Dense", [4])]
    assert found["macs_uncounted"] == [] and found["record"] is None
    assert found["inputs"][0]["shape"] == [32, 32, 3]
    assert cli.main(["inspect", str(path), "--tensors"]) == 0
    out = capsys.readouterr().out
    assert "2 Conv2D" in out and "30x30x16" in out and "no record of our trainer" in out


@pytest.mark.parametrize("name", ["depthwise", "several_outputs", "upsampling"])
def test_a_net_has_the_work_that_its_converted_file_has(name: str, tmp_path: Path) -> None:
    keras()
    from zoo import ZOO

    from converter.conversion import Conversion
    from converter.sources import load

    path = tmp_path / f"{name}.keras"
    ZOO[name]().save(path)
    found = inspect_path(path)["keras"]
    with Conversion(load(path), None) as work:
        flat = work_of(read_flat(work.float32()))
    assert found["macs"] == flat.macs > 0
    assert found["macs_uncounted"] == [] and flat.uncounted == {}


def test_recurrent_and_transposed_layers_are_counted_by_hand(tmp_path: Path) -> None:
    k = keras()
    from converter.inspection.keras_file import model_facts

    steps = k.Input((7, 5))
    model = k.Model(steps, k.layers.Dense(2)(k.layers.GRU(3)(k.layers.LSTM(4, return_sequences=True)(steps))))
    assert model_facts(model)["macs"] == 7 * (5 * 16 + 4 * 16) + 7 * (4 * 9 + 3 * 9) + 3 * 2
    picture = k.Input((6, 6, 3))
    grown = k.layers.Conv2DTranspose(5, 3, strides=2, padding="same")(picture)
    assert model_facts(k.Model(picture, k.layers.SeparableConv2D(4, 3, padding="same")(grown)))["macs"] == \
        6 * 6 * 3 * 9 * 5 + 12 * 12 * (9 * 5 + 5 * 4)
    attended = k.layers.MultiHeadAttention(2, 3)(steps, steps)
    facts = model_facts(k.Model(steps, attended))
    assert facts["macs_uncounted"] == ["MultiHeadAttention"]


def test_a_saved_model_has_no_layers(tmp_path: Path) -> None:
    keras()
    from zoo import ZOO

    ZOO["custom"]().export(str(tmp_path / "saved"), verbose=False)
    found = inspect_path(tmp_path / "saved")
    assert found["keras"]["kind"] == "savedmodel" and "layers" not in found["keras"]
    assert any("a SavedModel has no layers" in line for line in lines(found))


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(ModelError, match=r"m\.keras"):
        inspect_path(path)


def test_the_shipped_detectors_weights_are_known_and_have_its_work() -> None:
    """Its layer of our own is known without a word; the float32 file was made of these weights."""
    keras()
    import converter.training
    from edge_face.vision.bundle import MODELS

    found = inspect_path(Path(converter.training.__file__).parent / "weights" / "detector.keras")["keras"]
    shipped = work_of(read_flat((MODELS / "detector" / "float32-320x240.tflite").read_bytes()))
    assert found["macs"] == shipped.macs and found["macs_uncounted"] == []
    assert "NearestResize" in {layer["kind"] for layer in found["layers"]}


def test_keras_models_are_compared_as_what_they_convert_to(tmp_path: Path) -> None:
    keras()
    import argparse

    from zoo import ZOO, settle, write_shapes

    from converter.commands import compare

    model = ZOO["leaky_relu"]()
    model.save(tmp_path / "a.keras")
    model.save(tmp_path / "same.h5")
    settle(model, seed=9).save(tmp_path / "other.keras")
    write_shapes(tmp_path / "shapes", 32, 24, 3)

    def compared(b: Path) -> dict[str, Any]:
        parser = argparse.ArgumentParser()
        compare.add_arguments(parser)
        record = tmp_path / "c.json"
        assert compare.run(parser.parse_args([str(tmp_path / "a.keras"), str(b), "--data", str(tmp_path / "shapes"), "--json",
                                              str(record)])) == 0
        found: dict[str, Any] = json.loads(record.read_text())
        return found

    same = compared(tmp_path / "same.h5")
    assert same["agreement"]["agreement"] == 1.0 and same["within_limits"]
    assert same["a"]["converted"] and same["a"]["precision"] == "float32" and same["labelled"]
    assert same["metrics"]["accuracy"]["a"] == same["metrics"]["accuracy"]["b"]
    other = compared(tmp_path / "other.keras")
    assert other["agreement"]["agreement"] < 0.9 and not other["within_limits"]

    from converter.inspection.sides import open_sides

    a, _ = open_sides(tmp_path / "a.keras", tmp_path / "a.keras", tmp_path / "work")
    (tmp_path / "alone.tflite").write_bytes(a.content)
    assert compared(tmp_path / "alone.tflite")["agreement"]["agreement"] == 1.0
