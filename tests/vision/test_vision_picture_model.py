"""Pictures as networks take them, and any bundle with one picture as its input."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.errors import ModelError
from edge_face.vision.bundle import load_bundle
from edge_face.vision.picture_model import PictureInput, PictureModel, prepare

pytest.importorskip("ai_edge_litert.schema_py_generated", reason="small networks are written with LiteRT's schema")
from dense_model import dense_model

SIDE = 16


def bundle_with(folder: Path, content: bytes, shape: list[int], *, colour: str = "RGB", crop: float = 1.0, name: str = "int8.tflite",
                sized: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    size = {"width": SIDE, "height": SIDE} if sized else {}
    manifest: dict[str, Any] = {
        "schema": 2, "task": "anonymizer", "name": "test", "version": "1.0",
        "input": {"kind": "picture", **size, "colour": colour, "range": [0, 255], "alignment": "arcface-112", "crop": crop},
        "outputs": {"picture": {"shape": shape}},
        "files": {name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def copying(channels: int = 3, bias: float = 0.0) -> bytes:
    """Gives the picture back as it came in."""
    count = SIDE * SIDE * channels
    return dense_model(np.eye(count), np.full(count, bias), (SIDE, SIDE, channels), output_shape=(SIDE, SIDE, channels), output="picture")


def noise(height: int = SIDE, width: int = SIDE, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_colours_reach_the_network_in_its_order(tmp_path: Path) -> None:
    picture = noise()
    for colour, expected in (("BGR", picture), ("RGB", picture[:, :, ::-1])):
        model = PictureModel(load_bundle(bundle_with(tmp_path / colour, copying(), [1, SIDE, SIDE, 3], colour=colour), "anonymizer"))
        given = model.run(picture)
        assert given.keys() == {"picture"} and given["picture"].dtype == np.float32
        np.testing.assert_array_equal(given["picture"][0], expected)


def test_grey_is_one_channel_of_luma(tmp_path: Path) -> None:
    model = PictureModel(load_bundle(bundle_with(tmp_path, copying(1), [1, SIDE, SIDE, 1], colour="grey"), "anonymizer"))
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    picture[:, :, 1] = 100
    np.testing.assert_allclose(model.run(picture)["picture"], 58.7, atol=0.5)


def test_the_middle_is_cut_out_and_scaled(tmp_path: Path) -> None:
    picture = np.zeros((112, 112, 3), np.uint8)
    picture[28:84, 28:84] = 200
    folder = bundle_with(tmp_path, copying(), [1, SIDE, SIDE, 3], crop=0.5)
    assert (PictureModel(load_bundle(folder, "anonymizer")).run(picture)["picture"] == 200).all()


@pytest.mark.parametrize("bad", [noise()[:, :, 0], noise().astype(np.float32), np.zeros((0, 4, 3), np.uint8),
                                 np.zeros((4, 4, 4), np.uint8)])
def test_what_is_no_picture_is_refused(bad: Any) -> None:
    with pytest.raises(ModelError, match="BGR pictures"):
        prepare(bad, PictureInput(8, 8))


@given(st.integers(1, 90), st.integers(1, 90), st.integers(16, 64), st.integers(16, 64), st.floats(0.1, 1.0),
       st.sampled_from(["RGB", "BGR"]))
def test_any_picture_becomes_the_inputs_size(height: int, width: int, rows: int, columns: int, crop: float, colour: str) -> None:
    made = prepare(noise(height, width), PictureInput(columns, rows, colour, crop))
    assert made.shape == (rows, columns, 3) and made.dtype == np.uint8
    level = prepare(np.full((height, width, 3), 77, np.uint8), PictureInput(columns, rows, colour, crop))
    assert np.abs(level.astype(int) - 77).max() <= 1


def test_the_trainers_own_preprocessing_is_the_same() -> None:
    data = pytest.importorskip("converter.training.classifier_data")
    face = noise(112, 112)
    for size in (32, 64, 112, 128):
        for colour in ("RGB", "grey"):
            for crop in (1.0, 0.8, 0.5):
                np.testing.assert_array_equal(prepare(face, PictureInput(size, size, colour, crop)),
                                              data.Preprocessing(size, colour, crop).apply(face))


def test_a_file_that_is_not_what_the_manifest_says(tmp_path: Path) -> None:
    small = dense_model(np.eye(12), np.zeros(12), (2, 2, 3), output_shape=(2, 2, 3), output="picture")
    with pytest.raises(ModelError, match="its manifest says"):
        PictureModel(load_bundle(bundle_with(tmp_path / "in", small, [1, 2, 2, 3]), "anonymizer"))
    with pytest.raises(ModelError, match="its manifest says"):
        PictureModel(load_bundle(bundle_with(tmp_path / "out", copying(), [1, 8, 8, 3]), "anonymizer"))


@pytest.mark.parametrize("bias", [float("nan"), float("inf")])
def test_values_that_are_no_numbers_are_an_error(tmp_path: Path, bias: float) -> None:
    model = PictureModel(load_bundle(bundle_with(tmp_path, copying(bias=bias), [1, SIDE, SIDE, 3]), "anonymizer"))
    with pytest.raises(ModelError, match="no numbers"):
        model.run(noise())


def test_a_file_may_say_its_own_size(tmp_path: Path) -> None:
    folder = bundle_with(tmp_path, copying(), [1, SIDE, SIDE, 3], name=f"int8-{SIDE}x{SIDE}.tflite", sized=False)
    model = PictureModel(load_bundle(folder, "anonymizer"), size=(SIDE, SIDE))
    assert (model.spec.width, model.spec.height) == (SIDE, SIDE) and model.run(noise(40, 40))["picture"].shape == (1, SIDE, SIDE, 3)


def test_arrays_are_no_picture(tmp_path: Path) -> None:
    content = dense_model(np.ones((1, 12)), np.zeros(1), (4, 3), activation="sigmoid", output="live", source="features")
    (tmp_path / "int8.tflite").write_bytes(content)
    manifest = {"schema": 2, "task": "liveness", "name": "test", "version": "1.0",
                "input": {"kind": "arrays", "tensors": {"features": {"shape": [1, 4, 3], "dtype": "float32"}}},
                "outputs": {"live": {"shape": [1, 1]}}, "files": {"int8.tflite": {"sha256": hashlib.sha256(content).hexdigest()}}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="takes arrays, not a picture"):
        PictureModel(load_bundle(tmp_path, "liveness"))
