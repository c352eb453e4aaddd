"""Keras -> TFLite for real, on a tiny network. Skipped where TensorFlow is missing (it is in the extra `convert`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converter import cli
from converter.embedder_bundle import Order, make
from converter.export import load_keras, quantize
from edge_face.demo import __file__ as demo_file
from edge_face.errors import ModelError, UsageError
from edge_face.vision.bundle import load_bundle
from edge_face.vision.embedder import Embedder
from edge_face.vision.runtime import Interpreter

pytest.importorskip("tensorflow", reason="tensorflow is not installed: pip install 'edge-face[convert]'")
PEOPLE = Path(demo_file).parent / "people"


def network(size: int = 112, outputs: int = 24) -> Any:
    import keras

    keras.utils.set_random_seed(7)
    picture = keras.Input((size, size, 3), name="face")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0)(picture)
    for filters in (8, 16):
        x = keras.layers.Conv2D(filters, 3, strides=4, use_bias=False)(x)
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.ReLU(max_value=6.0)(x)
    return keras.Model(picture, keras.layers.Dense(outputs)(keras.layers.Flatten()(x)))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "tiny.keras"
    network().save(path)
    return path


@pytest.fixture(scope="module")
def files(saved: Path) -> dict[str, bytes]:
    pictures = np.random.default_rng(0).integers(0, 256, (8, 112, 112, 3), np.uint8)
    return quantize(load_keras(saved), "embedding", ("int8", "float16", "float32", "dynamic"), pictures)


def test_files_have_a_fixed_batch_a_signature_and_the_promised_types(files: dict[str, bytes]) -> None:
    for precision, content in files.items():
        interpreter = Interpreter(content, name=precision)
        (given,) = interpreter.inputs
        assert given.shape == (1, 112, 112, 3)
        assert [(t.name, t.shape, t.dtype) for t in interpreter.outputs] == [("embedding", (1, 24), np.dtype(np.float32))]
        if precision == "int8":
            assert (given.dtype, given.identity) == (np.dtype(np.uint8), True)
        else:
            assert given.dtype == np.dtype(np.float32)
    assert len(files["int8"]) < len(files["float16"]) < len(files["float32"])


def test_every_precision_says_what_keras_says(saved: Path, files: dict[str, bytes]) -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (6, 112, 112, 3), np.uint8)
    exact = load_keras(saved)(pictures.astype(np.float32)).numpy()
    for precision, least in (("float32", 0.999999), ("float16", 0.99999), ("dynamic", 0.99), ("int8", 0.97)):
        interpreter = Interpreter(files[precision], name=precision)
        for picture, expected in zip(pictures, exact, strict=True):
            given = interpreter.run(picture)["embedding"][0]
            assert given @ expected / np.linalg.norm(given) / np.linalg.norm(expected) > least, precision


def test_a_whole_bundle_is_made(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    about = tmp_path / "about.toml"
    about.write_text('name = "tiny"\nversion = "2.0"\n[terms]\nweights = "none"\n')
    code = cli.main(["quantize", str(saved), "--task", "embedder", "--parts", "16,8", "--calibration", str(PEOPLE), "--pictures", "20",
                     "--precision", "int8", "--precision", "float32", "--describe", str(about), "--out", str(tmp_path / "b")])
    assert code == 0, capsys.readouterr().err
    bundle = load_bundle(tmp_path / "b", "embedder")
    assert (bundle.name, bundle.version, bundle.offers) == ("tiny", "2.0", "int8, float32")
    assert bundle.embedding is not None
    assert bundle.embedding.parts == (16, 8)
    parity = bundle.manifest["metrics"]["parity"]
    assert parity["cosine"]["float32"]["minimum"] > 0.9999
    assert parity["pictures"] + bundle.manifest["metrics"]["calibration_pictures"] <= 48
    assert np.linalg.norm(Embedder(bundle).embed(np.zeros((112, 112, 3), np.uint8))) == pytest.approx(1, abs=1e-5)
    assert "weights: none" in (tmp_path / "b" / "MODEL_CARD.md").read_text()
    assert json.loads((tmp_path / "b" / "manifest.json").read_text())["thresholds"] == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["about.toml", "b"]


def test_the_model_id_survives_another_precision_and_another_save(saved: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.keras"
    load_keras(saved).save(again)
    orders = [Order(path, precisions, None, 1, "RGB", (), {}) for path, precisions in ((saved, ("float32",)), (again, ("float16",)))]
    one, two = (make(order, tmp_path / str(number)) for number, order in enumerate(orders))
    assert one.model_id == two.model_id


@pytest.mark.parametrize(("model", "words"), [
    ({"size": 96}, "another size than 112x112"),
    ({"outputs": 8}, "does not add up to the model's 8 outputs"),
])
def test_a_model_that_the_device_cannot_use_is_refused(tmp_path: Path, model: dict[str, int], words: str) -> None:
    path = tmp_path / "m.keras"
    network(**model).save(path)
    with pytest.raises((ModelError, UsageError), match=words):
        make(Order(path, ("float32",), None, 1, "RGB", (16, 8), {}), tmp_path / "out")
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.keras"]


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_keras_file_is_one_sentence(saved: Path, tmp_path: Path, share: float) -> None:
    content = saved.read_bytes()
    path = tmp_path / "cut.keras"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError, match=r"is no Keras model"):
        load_keras(path)
