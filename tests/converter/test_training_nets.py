"""The classic nets: shapes, sizes, what they are made of, and that they learn and convert."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras")

from converter.training.nets import NETWORKS, classifier  # noqa: E402

CLASSICS = [name for name in NETWORKS if name != "residual"]


@pytest.mark.parametrize("name", CLASSICS)
def test_every_net_takes_pixels_and_gives_an_embedding(name: str) -> None:
    model = NETWORKS[name](size=32, dimension=48, channels=1)
    assert model.input_shape == (None, 32, 32, 1) and model.output_shape == (None, 48)
    assert all(None not in layer.output.shape[1:] for layer in model.layers)
    out = keras.ops.convert_to_numpy(model(np.full((2, 32, 32, 1), 255.0, np.float32)))
    assert np.isfinite(out).all()
    with pytest.raises(ValueError, match="16"):
        NETWORKS[name](size=40)


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "plain"])
def test_none_is_larger_than_the_doors_limit_at_112(name: str) -> None:
    parameters = sum(int(np.prod(v.shape)) for v in NETWORKS[name]().trainable_variables)
    assert 850_000 < parameters <= 1_300_000


def test_each_is_what_it_is_called() -> None:
    kinds = {name: [type(layer).__name__ for layer in NETWORKS[name](size=64).layers] for name in CLASSICS}
    assert kinds["lenet"].count("Conv2D") == 2 and kinds["lenet"].count("AveragePooling2D") == 2
    assert kinds["alexnet"].count("Conv2D") == 5 and kinds["alexnet"].count("MaxPooling2D") == 3
    assert {layer.kernel_size for layer in NETWORKS["vgg"](size=64).layers if type(layer).__name__ == "Conv2D"} == {(3, 3)}
    assert kinds["inception"].count("Concatenate") == 6
    assert kinds["resnet"].count("Add") == 12


def test_a_classifier_has_a_head_for_its_classes() -> None:
    backbone = NETWORKS["lenet"](size=32, dimension=16)
    many = classifier(backbone, 5, dropout=0.3)
    faces = np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 3)).astype(np.float32)
    assert np.allclose(keras.ops.convert_to_numpy(many(faces)).sum(1), 1.0, atol=1e-5)
    two = classifier(NETWORKS["lenet"](size=32, dimension=16), 2, binary=True)
    assert two.output_shape == (None, 1)
    for classes, binary in ((1, False), (3, True)):
        with pytest.raises(ValueError, match="classes"):
            classifier(backbone, classes, binary=binary)


@pytest.mark.parametrize("name", CLASSICS)
def test_every_net_becomes_int8_without_a_float_left(name: str) -> None:
    pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("conversion runs on the TensorFlow backend")
    from converter.contract import Material
    from converter.conversion import convert
    from converter.conversion.graph import operators
    from converter.prove_ours import source

    faces = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    model = NETWORKS[name](size=32, dimension=16)
    made = source(Path(f"{name}.keras"), model, {}, "0" * 64)
    small = convert(made, "int8", Material({made.inputs[0].name: faces}), engine="tflite").content
    assert not any(operator.floats for operator in operators(small) if operator.name != "DEQUANTIZE")
    assert len(small) < 1.5 * sum(int(np.prod(v.shape)) for v in model.variables) + 60_000
