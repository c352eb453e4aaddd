"""The gate's own preprocessing: checked against plain arithmetic, and against the device's, of which it shares nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.contract import Preprocessing
from converter.parity import reference
from converter.parity.reference import in_range, letterbox, resized, view
from edge_face.vision.picture_model import PictureInput, prepare

RED = np.zeros((4, 4, 3), np.uint8)
RED[:, :, 2] = 200


def test_it_shares_nothing_with_the_device() -> None:
    names = [node.module or "" for node in ast.walk(ast.parse(Path(reference.__file__).read_text())) if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in ast.walk(ast.parse(Path(reference.__file__).read_text())) if isinstance(node, ast.Import)
              for alias in node.names]
    assert not [name for name in names if name.startswith(("edge_face.vision", "cv2", "edge_face.opencv"))]


def test_colours_by_hand() -> None:
    assert view(RED, Preprocessing(4, 4, "RGB"))[0, 0].tolist() == [200, 0, 0]
    assert view(RED, Preprocessing(4, 4, "BGR"))[0, 0].tolist() == [0, 0, 200]
    assert view(RED, Preprocessing(4, 4, "grey"))[0, 0].tolist() == [60]  # 0.299 * 200


def test_ranges_by_hand() -> None:
    pixels = np.array([[[0], [51], [255]]], np.uint8)
    np.testing.assert_allclose(in_range(pixels, Preprocessing(3, 1, low=-1, high=1), "float32").ravel(), [-1, -0.6, 1], atol=1e-6)
    np.testing.assert_allclose(in_range(pixels, Preprocessing(3, 1, low=0, high=1), "float32").ravel(), [0, 0.2, 1], atol=1e-6)
    raw = in_range(pixels, Preprocessing(3, 1), "uint8")
    assert raw.dtype == np.uint8 and raw.ravel().tolist() == [0, 51, 255]


def test_shrinking_is_the_mean_and_growing_goes_between_the_middles() -> None:
    row = np.array([[10, 20, 30, 40, 50, 60]], np.float64)[:, :, None]
    np.testing.assert_allclose(resized(row, 3, 1).ravel(), [15, 35, 55])
    np.testing.assert_allclose(resized(row, 4, 1).ravel(), [(10 + 0.5 * 20) / 1.5, (0.5 * 20 + 30) / 1.5, (40 + 0.5 * 50) / 1.5,
                                                           (0.5 * 50 + 60) / 1.5])
    np.testing.assert_allclose(resized(row[:, :2], 4, 1).ravel(), [10, 12.5, 17.5, 20])


def test_a_picture_that_does_not_fit_is_padded_right_and_below() -> None:
    canvas, scale = letterbox(np.full((10, 40, 3), 200, np.uint8), 20, 20)
    assert scale == (2.0, 2.0) and (canvas[:5] == 200).all() and (canvas[5:] == 127).all()


sizes = st.integers(2, 70)


@given(sizes, sizes, st.integers(16, 64), st.integers(16, 64), st.sampled_from(["RGB", "BGR", "grey"]), st.sampled_from([1.0, 0.75, 0.5]),
       st.integers(0, 2 ** 32 - 1))
def test_the_device_prepares_pictures_alike(height: int, width: int, rows: int, columns: int, colour: str, crop: float, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    device = prepare(picture, PictureInput(columns, rows, colour, crop))
    own = view(picture, Preprocessing(columns, rows, colour, crop=crop))  # type: ignore[arg-type]
    assert device.shape == own.shape == (rows, columns, 1 if colour == "grey" else 3) and device.dtype == own.dtype == np.uint8
    # Two roundings of bytes on the device (a side that shrinks while the other grows), one here; grey rounds once more.
    assert int(np.abs(device.astype(int) - own).max()) <= 2


@given(sizes, sizes, st.integers(1, 90), st.integers(1, 90), st.integers(0, 255))
def test_a_plain_picture_stays_plain_at_every_size(height: int, width: int, rows: int, columns: int, level: int) -> None:
    np.testing.assert_allclose(resized(np.full((height, width, 3), level), columns, rows), level, atol=1e-9)


def test_a_model_of_another_shape_is_refused() -> None:
    from parity_models import NumpyModel

    from converter.contract import TensorSpec
    from edge_face.errors import ModelError

    model = NumpyModel((TensorSpec("a", (8, 8, 3)), TensorSpec("b", (2,))), (TensorSpec("y", (1,)),), lambda values: {})
    with pytest.raises(ModelError, match="not one RGB picture"):
        reference.only_picture(model, Preprocessing(8, 8))
