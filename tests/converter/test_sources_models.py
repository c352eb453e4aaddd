"""What cannot be converted is refused with the thing and the way out; what can be mended is, and said."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras
import zoo

from converter.contract import Preprocessing
from converter.sources import fit, load
from edge_face.errors import EdgeFaceError, ModelError, UsageError


def saved(model: Any, path: Path) -> Path:
    model.save(path)
    return path


def small() -> Any:
    return zoo.ZOO["leaky_relu"]()


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return saved(small(), tmp_path / "good.keras")


def refused(path: Path, **how: Any) -> str:
    with pytest.raises((ModelError, UsageError)) as raised:
        load(path, **how)
    text = str(raised.value)
    assert "\n" not in text and "Traceback" not in text and len(text.replace(str(path), "")) < 400
    return text


def with_config(path: Path, target: Path, text: str) -> Path:
    """The same `.keras` file with something else written as its architecture."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, text.encode() if name == "config.json" else old.read(name))
    return target


@pytest.mark.parametrize(("name", "content", "words"), [
    ("none.keras", None, "does not exist"), ("empty.keras", b"", "empty"), ("text.keras", b"hello", "no Keras model, or was cut off"),
    ("model.tflite", b"TFL3", "TFLite file already"), ("model.onnx", b"x", "ONNX"), ("model.pt", b"x", "PyTorch"),
    ("notes.txt", b"x", "not a model"),
    ("model.h5", b"hello", "no HDF5"), ("model.h5", b"PK\x03\x04", "rename it to .keras"),
    ("model.keras", b"\x89HDF\r\n\x1a\n", "rename it to .h5"),
    ("cut.h5", b"\x89HDF\r\n\x1a\n" + bytes(200), "no HDF5 file, or was cut off"), ("saved_model.pb", b"x", "name its folder")])
def test_files_that_are_no_model(tmp_path: Path, name: str, content: bytes | None, words: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert words in refused(path)


def test_folders_that_are_no_model(tmp_path: Path, good: Path) -> None:
    assert "good.keras: name the file" in refused(tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no SavedModel" in refused(empty)
    (empty / "saved_model.pb").write_bytes(b"\x00garbage")
    assert "saved_model.pb is damaged" in refused(empty) or "no SavedModel" in refused(empty)
    run = tmp_path / "run"
    run.mkdir()
    (run / "training.json").write_text('{"task": "classifier"}')
    assert "a run without a model" in refused(run)
    (run / "training.json").write_text("{")
    assert "no JSON" in refused(run)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_cut_off_files(good: Path, share: float) -> None:
    whole = good.read_bytes()
    good.write_bytes(whole[:int(len(whole) * share)])
    assert "cut off" in refused(good)


def test_damaged_bytes_never_crash(good: Path, tmp_path: Path) -> None:
    whole = good.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(40):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), 12):
            data[place] ^= int(rng.integers(1, 256))
        bad = tmp_path / "bad.keras"
        bad.write_bytes(data)
        try:
            load(bad)
        except EdgeFaceError as error:
            assert "\n" not in str(error)


def test_zips_of_something_else(tmp_path: Path, good: Path) -> None:
    path = tmp_path / "other.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "x")
    assert "config.json is missing" in refused(path)
    with zipfile.ZipFile(path, "w") as archive, zipfile.ZipFile(good) as old:
        archive.writestr("config.json", old.read("config.json"))
    assert "no weights" in refused(path)
    assert "no JSON" in refused(with_config(good, path, "{"))
    assert "not that of a Keras model" in refused(with_config(good, path, "[1]"))


def test_a_lambda_layer_is_named_and_never_run(tmp_path: Path) -> None:
    text = refused(saved(zoo.lambda_model(), tmp_path / "lambda.keras"))
    assert "doubling" in text and "Lambda" in text and "register_keras_serializable" in text
    text = refused(saved(zoo.lambda_model(), tmp_path / "lambda.h5"))
    assert "doubling" in text


def test_a_lambda_inside_of_a_model_inside_and_as_activation(tmp_path: Path) -> None:
    inner = zoo.lambda_model()
    picture = keras.Input((24, 24, 3))
    assert "doubling" in refused(saved(keras.Model(picture, inner(picture)), tmp_path / "nested.keras"))
    for suffix in ("keras", "h5"):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation=lambda x: x * 2, name="odd")])
        assert "odd" in refused(saved(model, tmp_path / f"activation.{suffix}"))


def test_safe_mode_is_not_switched_off_by_the_process(tmp_path: Path) -> None:
    path = saved(zoo.lambda_model(), tmp_path / "lambda.keras")
    keras.config.enable_unsafe_deserialization()
    try:
        assert "doubling" in refused(path)
    finally:
        keras.src.backend.common.global_state.set_global_attribute("safe_mode_saving", None)


def test_a_layer_of_ones_own_needs_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = zoo.ZOO["custom"]()
    values = zoo.examples(model, count=2)
    wanted = np.asarray(model(values["picture"], training=False))
    saved(model, tmp_path / "custom.keras"), saved(model, tmp_path / "custom.h5")
    code, other = tmp_path / "layers.py", tmp_path / "other.py"
    code.write_text(zoo.GENTLE)
    other.write_text("x = 1\n")
    registry = keras.saving.get_custom_objects()
    for name in ("custom.keras", "custom.h5"):
        registry.pop("zoo>Gentle", None)
        text = refused(tmp_path / name)
        assert "Gentle" in text and "--custom" in text
        assert "does not define" in refused(tmp_path / name, custom=other)
        source = load(tmp_path / name, custom=code)
        np.testing.assert_allclose(source.run(values)["classes"], wanted, atol=1e-6)
    registry.pop("zoo>Gentle", None)
    zoo.gentle_layer()
    assert "no Python file" in refused(tmp_path / "custom.keras", custom=tmp_path / "none.py")
    other.write_text("raise RuntimeError('stop')\n")
    assert "RuntimeError: stop" in refused(tmp_path / "custom.keras", custom=other)


def tripled(x: Any) -> Any:
    return x * 3


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_a_function_of_ones_own_needs_its_file(tmp_path: Path, suffix: str) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation=tripled)])
    path = saved(model, tmp_path / f"model.{suffix}")
    assert "tripled" in refused(path) and "--custom" in refused(path)
    (tmp_path / "own.py").write_text("def tripled(x):\n    return x * 3\n")
    rows = np.random.default_rng(0).random((2, 4)).astype(np.float32)
    np.testing.assert_allclose(load(path, custom=tmp_path / "own.py").run({"input": rows})["output"], np.asarray(model(rows)), atol=1e-6)


def test_h5_holds_the_same_model(tmp_path: Path) -> None:
    for name in ("tutorial_32_softmax", "several_outputs", "prelu"):
        model = zoo.ZOO[name]()
        values = zoo.examples(model, count=2)
        one, two = load(saved(model, tmp_path / f"{name}.h5")), load(saved(model, tmp_path / f"{name}.keras"))
        assert one.kind == "h5" and one.inputs == two.inputs and one.outputs == two.outputs and one.weights_sha256 == two.weights_sha256
        for key, value in one.run(values).items():
            np.testing.assert_allclose(value, two.run(values)[key], atol=1e-6)


def test_h5_of_an_older_keras(tmp_path: Path) -> None:
    """Keras 2 wrote no modules, no registered names, and batch_input_shape."""
    import h5py

    def older(value: Any) -> Any:
        if isinstance(value, list):
            return [older(each) for each in value]
        if not isinstance(value, dict):
            return value
        if value.get("class_name") == "DTypePolicy":
            return value["config"]["name"]
        kept = {key: older(each) for key, each in value.items() if key not in ("module", "registered_name", "build_config")}
        if "batch_shape" in kept:
            kept["batch_input_shape"] = kept.pop("batch_shape")
        return kept

    model = zoo.ZOO["tutorial_32_softmax"]()
    path = saved(model, tmp_path / "old.h5")
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = json.dumps(older(json.loads(file.attrs["model_config"])))
    values = zoo.examples(model, count=2)
    np.testing.assert_allclose(load(path).run(values)["output"], np.asarray(model(values["input"], training=False)), atol=1e-6)


def test_a_full_disk_while_exporting(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    def full(*args: Any, **more: Any) -> None:
        raise OSError(28, "No space left on device")

    source = load(good)
    monkeypatch.setattr(tf.saved_model, "save", full)
    with pytest.raises(ModelError, match="make room"):
        source.export(tmp_path / "out")


def test_weights_alone_are_refused(tmp_path: Path) -> None:
    model = small()
    model.save_weights(tmp_path / "model.weights.h5")
    assert "weights only" in refused(tmp_path / "model.weights.h5")


def test_an_unbuilt_model_is_refused(tmp_path: Path) -> None:
    path = saved(keras.Sequential([keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(2)]), tmp_path / "unbuilt.keras")
    assert "never built" in refused(path)


def test_a_sequential_built_by_data_is_taken(tmp_path: Path) -> None:
    model = keras.Sequential([keras.layers.Conv2D(4, 3), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)])
    pictures = np.random.default_rng(0).random((2, 20, 24, 3)).astype(np.float32)
    wanted = np.asarray(model(pictures))
    source = load(saved(model, tmp_path / "built.keras"), size=(24, 20))
    np.testing.assert_allclose(source.run({source.inputs[0].name: pictures})[source.outputs[0].name], wanted, atol=1e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers(tmp_path: Path, value: float) -> None:
    model = small()
    layer = model.layers[3]
    kernel = layer.kernel.numpy()
    kernel[0, 0, 0, 0] = value
    layer.kernel.assign(kernel)
    text = refused(saved(model, tmp_path / "nan.keras"))
    assert layer.name in text and "1 of" in text and "earlier checkpoint" in text
    model.export(str(tmp_path / "nan"), format="tf_saved_model", verbose=False)
    assert "no numbers" in refused(tmp_path / "nan")


def open_net() -> Any:
    picture = keras.Input((None, None, 3), name="picture")
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(picture)
    return zoo.settle(keras.Model(picture, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(x)), name="open"))


def test_an_open_size_must_be_said(tmp_path: Path) -> None:
    model = open_net()
    path = saved(model, tmp_path / "open.keras")
    assert "--size WxH" in refused(path)
    source = load(path, size=(40, 24))
    assert source.inputs[0].shape == (24, 40, 3) and any("24x40x3" in text for text in source.said)
    pictures = np.random.default_rng(0).random((3, 24, 40, 3)).astype(np.float32)
    np.testing.assert_allclose(source.run({"picture": pictures})["output"], np.asarray(model(pictures)), atol=1e-5)
    model.export(str(tmp_path / "open"), format="tf_saved_model", verbose=False)
    assert "--size WxH" in refused(tmp_path / "open")
    other = load(tmp_path / "open", size=(40, 24))
    np.testing.assert_allclose(other.run({"picture": pictures})["output"], np.asarray(model(pictures)), atol=1e-5)
    assert "cannot be run at 48x16x3" in refused(saved(zoo.ZOO["tutorial_32_softmax"](), tmp_path / "fixed.keras"), size=(16, 48))
    assert "no size" in refused(path, size=(0, 4))


def test_an_open_length_is_refused(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((None, 6)), keras.layers.GRU(4), keras.layers.Dense(2)])
    assert "open length" in refused(saved(model, tmp_path / "gru.keras"))


def test_a_state_between_calls_is_refused(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input(batch_shape=(4, 5, 6)), keras.layers.GRU(4, stateful=True), keras.layers.Dense(2)])
    assert "stateful" in refused(saved(model, tmp_path / "stateful.keras"))


def test_a_fixed_batch_is_opened(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input(batch_shape=(4, 8)), keras.layers.Dense(2)])
    rows = np.random.default_rng(0).random((4, 8)).astype(np.float32)
    source = load(saved(model, tmp_path / "batch.keras"))
    np.testing.assert_allclose(source.run({"input": rows[:3]})["output"], np.asarray(model(rows))[:3], atol=1e-6)
    source.export(tmp_path / "out")


def test_mixed_precision_is_computed_in_float32(tmp_path: Path) -> None:
    picture = keras.Input((16, 16, 3), name="picture")
    x = keras.layers.Conv2D(4, 3, dtype="mixed_float16")(picture)
    x = keras.layers.GlobalAveragePooling2D(dtype="mixed_float16")(x)
    model = keras.Model(picture, keras.layers.Dense(3, dtype="mixed_float16")(x))
    source = load(saved(model, tmp_path / "mixed.keras"))
    assert any("float32" in text for text in source.said)
    assert all(layer.compute_dtype == "float32" for layer in source.keras.layers)
    pictures = np.random.default_rng(0).random((3, 16, 16, 3)).astype(np.float32)
    np.testing.assert_allclose(source.run({"picture": pictures})["output"], np.asarray(model(pictures)), atol=5e-3)


def test_inputs_are_checked(good: Path) -> None:
    source = load(good)
    with pytest.raises(ModelError, match="needs values for its input picture"):
        source.run({"image": np.zeros((1, 24, 24, 3))})
    with pytest.raises(ModelError, match="takes"):
        source.run({"picture": np.zeros((1, 23, 24, 3))})
    assert source.run({"picture": np.zeros((0, 24, 24, 3))})["classes"].shape == (0, 4)


def test_the_record_of_our_trainer(tmp_path: Path, good: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    shutil.copy(good, run / "classifier.keras")
    assert load(run / "classifier.keras").record == {}
    (run / "training.json").write_text('{"task": "classifier", "from": "beside"}')
    assert load(run).record["from"] == "beside"
    with zipfile.ZipFile(run / "classifier.keras", "a") as archive:
        archive.writestr("training.json", '{"task": "classifier", "from": "inside"}')
    assert load(run).record["from"] == "inside"
    assert load(run / "classifier.keras").record["from"] == "inside"


def test_a_savedmodel_that_reads_files_is_not_loaded(tmp_path: Path) -> None:
    import tensorflow as tf

    class Reads(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec((1, 4), tf.float32)])  # type: ignore[untyped-decorator]
        def serve(self, x: Any) -> Any:
            return {"output": x + tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32)}

    module = Reads()
    tf.saved_model.save(module, str(tmp_path / "reads"), signatures=module.serve)
    assert "ReadFile" in refused(tmp_path / "reads")


def test_savedmodels_that_do_not_fit(tmp_path: Path, good: Path) -> None:
    import tensorflow as tf

    def write(name: str, spec: Any, make: Callable[[Any], Any], signature: str = "serving_default") -> Path:
        module = tf.Module()
        function = tf.function(lambda x: make(x), input_signature=[spec])
        module.serve = function
        signatures = dict.fromkeys(signature.split(), function)
        tf.saved_model.save(module, str(tmp_path / name), signatures=signatures)
        return tmp_path / name

    plain = tf.TensorSpec((None, 4), tf.float32, name="x")
    bare = tf.Module()
    bare.kept = tf.Variable(1.0)
    tf.saved_model.save(bare, str(tmp_path / "none"))
    assert "no signature" in refused(tmp_path / "none")
    assert "several signatures" in refused(write("several", plain, lambda x: {"y": x}, "first second"))
    assert load(write("other", plain, lambda x: {"y": x * 2}, "predict")).outputs[0].shape == (4,)
    assert "batch of 8" in refused(write("eight", tf.TensorSpec((8, 4), tf.float32, name="x"), lambda x: {"y": x}))
    assert "open length" in refused(write("long", tf.TensorSpec((1, None, 4), tf.float32, name="x"), lambda x: {"y": x}))
    assert "float64" in refused(write("double", tf.TensorSpec((1, 4), tf.float64, name="x"), lambda x: {"y": x}))
    assert "no batch of numbers" in refused(write("scalar", plain, lambda x: {"y": tf.reduce_sum(x)}))
    single = load(write("single", tf.TensorSpec((1, 4), tf.float32, name="x"), lambda x: {"y": x * 3}))
    rows = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert (single.run({single.inputs[0].name: rows})["y"] == rows * 3).all()
    small().export(str(tmp_path / "cut"), format="tf_saved_model", verbose=False)
    data = tmp_path / "cut" / "variables" / "variables.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:100])
    assert "export" in refused(tmp_path / "cut")


@pytest.mark.parametrize("name", ["tutorial_32_softmax", "branches", "upsampling"])
@pytest.mark.parametrize("kind", ["keras", "savedmodel"])
def test_pixels_are_scaled_in_front(tmp_path: Path, name: str, kind: str) -> None:
    model = zoo.ZOO[name]()
    if kind == "keras":
        source = load(saved(model, tmp_path / "model.keras"))
    else:
        model.export(str(tmp_path / "model"), format="tf_saved_model", verbose=False)
        source = load(tmp_path / "model")
    height, width = source.inputs[0].shape[:2]
    key, out = source.inputs[0].name, source.outputs[0].name
    raw = zoo.examples(model, count=3, high=255.0)[zoo.input_names(model)[0]]
    assert fit(source, Preprocessing(width, height)) is source
    for low, high in ((0.0, 1.0), (-1.0, 1.0)):
        scaled = fit(source, Preprocessing(width, height, low=low, high=high))
        wanted = source.run({key: raw / 255 * (high - low) + low})[out]
        np.testing.assert_allclose(scaled.run({key: raw})[out], wanted, atol=1e-4 * max(1.0, float(np.abs(wanted).max())))
        assert scaled.inputs == source.inputs and scaled.outputs == source.outputs and scaled.weights_sha256 == source.weights_sha256
        assert any("pixels" in text for text in scaled.said)
    scaled.export(tmp_path / "out")
    again = load(tmp_path / "out")
    np.testing.assert_allclose(again.run({key: raw})[out], wanted, atol=1e-4 * max(1.0, float(np.abs(wanted).max())))
    with pytest.raises(UsageError, match="no range"):
        fit(source, Preprocessing(width, height, low=1.0, high=0.0))


def test_features_have_no_pixels(tmp_path: Path) -> None:
    source = load(saved(zoo.ZOO["gru"](), tmp_path / "gru.keras"))
    with pytest.raises(UsageError, match="not one picture"):
        fit(source, Preprocessing(8, 8, low=0.0, high=1.0))
