"""What the last layer of a real Keras model says of a classifier."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
pytest.importorskip("tensorflow")
keras: Any = pytest.importorskip("keras")

from converter.bundle_writer import stage  # noqa: E402
from converter.contract import Candidate, Plan, Preprocessing, TensorSpec  # noqa: E402
from edge_face.vision.bundle import load_bundle  # noqa: E402

L = keras.layers


class Model:
    """A Keras model as the writer sees it."""

    kind: Any = "keras"
    record: Any = {}  # noqa: RUF012
    weights_sha256 = "cd" * 32
    said = ()
    path = Path("m.keras")
    inputs = (TensorSpec("image", (16, 16, 3)),)

    def __init__(self, keras_model: Any) -> None:
        self.keras = keras_model
        self.outputs = (TensorSpec("out", (int(keras_model.outputs[0].shape[-1]),)),)

    def run(self, values: Any) -> dict[str, Any]:
        raise AssertionError("nobody asks for this here")

    def export(self, folder: Path) -> None:
        raise AssertionError("nobody asks for this here")


def ending(*last: Any) -> Any:
    return keras.Sequential([keras.Input((16, 16, 3)), L.Flatten(), *last])


@pytest.mark.parametrize(("model", "wanted"), [
    (lambda: ending(L.Dense(3, activation="sigmoid")), "sigmoid"),
    (lambda: ending(L.Dense(3, activation="softmax")), "softmax"),
    (lambda: ending(L.Dense(3), L.Activation("sigmoid")), "sigmoid"),
    (lambda: ending(L.Dense(3), L.Softmax()), "softmax"),
    (lambda: ending(L.Dense(1, activation="sigmoid")), "sigmoid"),
    (lambda: keras.Sequential([keras.Input((16, 16, 3)), ending(L.Dense(4, activation="sigmoid"))]), "sigmoid"),
])
def test_the_last_layer_of_a_keras_model_says_the_activation(tmp_path: Path, model: Any, wanted: str) -> None:
    stage(tmp_path, Plan("classifier", Preprocessing(16, 16)), Model(model()), {"int8": Candidate("int8", b"x", "by hand")})
    classes = load_bundle(tmp_path, "classifier").classes
    assert classes is not None and classes.activation == wanted
