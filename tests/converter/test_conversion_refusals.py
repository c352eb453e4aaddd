"""What cannot be converted is refused in one sentence that names it and the way out; nothing is printed, nothing is left behind."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conversion_models import material, relative, run_file, source
from zoo import ZOO, settle

from converter.contract import Material, TensorSpec
from converter.conversion import Conversion, convert
from converter.conversion.feeding import Feed, feed
from converter.conversion.refusals import layer_of, reason, refusing
from edge_face.errors import ModelError, UsageError

TENSORFLOW = pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="tensorflow is not installed (extra convert)")
MESSAGE = """Could not translate MLIR to FlatBuffer.<unknown>:0: error: loc(callsite(fused["Erf:", "net_1/bulge_1/Erf@__inference_7309"]
at callsite(fused["StatefulPartitionedCall:", "x"]))): 'tf.Erf' op is neither a custom op nor a flex op
Some ops are not supported by the native TFLite runtime, you can enable TF kernels fallback using TF Select.
TF Select ops: Erf
Details:
\ttf.Erf(tensor<1x14x14x8xf32>) -> (tensor<1x14x14x8xf32>) : {device = ""}
"""


def test_the_layer_the_operator_and_the_way_out_are_named() -> None:
    assert reason(MESSAGE) == "no device runtime has the operator Erf (layer bulge); use gelu with approximate=True"
    assert "other layers there" in reason("Custom ops: Frobnicate\n")
    assert "unroll=True" in reason("error: 'tf.TensorListReserve' op requires element_shape to be static")
    assert reason("  \n ") == "TensorFlow says: the converter gave no reason"
    assert len(reason("x" * 5000)) < 250


@pytest.mark.parametrize(("path", "layer"), [
    ("net_1/block_1/Erf", "block"), ("net_1/outer/inner_2/mul", "inner"), ("net_1/Erf", ""), ("", "")])
def test_a_layer_is_told_from_its_traced_path(path: str, layer: str) -> None:
    assert layer_of(path) == layer


def test_our_own_errors_and_ctrl_c_pass_through() -> None:
    for error in (UsageError("say what"), KeyboardInterrupt(), MemoryError()):
        with pytest.raises(type(error)), refusing("it"):
            raise error
    with pytest.raises(ModelError, match=r"it cannot be converted: No space left on device \(/tmp/x\)"), refusing("it"):
        raise OSError(28, os.strerror(28), "/tmp/x")


NOISE = """
import os, sys
from converter.conversion.quiet import quiet
with quiet() as hush:
    print("chatter")
    print("chatter", file=sys.stderr)
    os.write(2, b"chatter from C++\\n")
    with hush.lifted():
        print("25 %", file=sys.stderr)
    os.write(2, b"more chatter\\n")
print("after", file=sys.stderr)
"""


def test_noise_is_swallowed_and_progress_is_not() -> None:
    """In a process of its own: pytest's capture writes past the descriptor."""
    done = subprocess.run([sys.executable, "-c", NOISE], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert (done.stdout, done.stderr) == ("", "25 %\nafter\n")


class Net:
    """Nothing but what a feed looks at."""

    path = Path("net.keras")
    inputs = (TensorSpec("picture", (4, 4, 3)), TensorSpec("features", (5,)))


def test_calibration_is_fed_in_the_networks_units_and_spans_the_whole_range_of_bytes() -> None:
    pictures = np.random.default_rng(0).integers(60, 90, (3, 4, 4, 3)).astype(np.uint8)
    features = np.random.default_rng(1).standard_normal((3, 5))
    net: Any = Net()
    fed = list(feed(net, Material({"picture": pictures, "features": features})))
    assert len(fed) == 4 and all(one["picture"].dtype == one["features"].dtype == np.float32 for one in fed)
    assert (fed[0]["picture"].min(), fed[0]["picture"].max()) == (0, 255)
    assert (fed[0]["picture"] == pictures[0]).sum() == 46  # one value black, one white
    for index in range(3):
        assert np.array_equal(fed[index + 1]["picture"][0], pictures[index])
    assert pictures.min() >= 60  # what was handed in stays as it was


@pytest.mark.parametrize(("values", "words"), [
    ({"picture": np.zeros((2, 4, 4, 3), np.uint8)}, "nothing for input features"),
    ({"picture": np.zeros((2, 5, 4, 3), np.uint8), "features": np.zeros((2, 5))}, r"takes shape \(4, 4, 3\)"),
    ({"picture": np.zeros((2, 4, 4, 3), np.uint8), "features": np.full((2, 5), np.nan)}, "not a number"),
    ({"picture": np.zeros((0, 4, 4, 3), np.uint8), "features": np.zeros((0, 5))}, "no examples")])
def test_calibration_that_does_not_fit_is_refused(values: dict[str, Any], words: str) -> None:
    net: Any = Net()
    with pytest.raises(ModelError, match=words):
        feed(net, Material(values))


@TENSORFLOW
def test_an_operator_that_no_device_has_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str],
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    picture = keras.Input((16, 16, 3), name="picture")
    x = keras.ops.erf(keras.layers.Conv2D(4, 3, activation="relu")(picture))
    model = source(keras.Model(picture, keras.layers.GlobalAveragePooling2D()(x), name="bulges"), tmp_path)
    capfd.readouterr()
    with pytest.raises(ModelError, match=r"^bulges\.keras cannot be converted: no device runtime has the operator Erf; use gelu") as caught:
        convert(model, "float32", None)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.glob("edge-face-convert-*"))


@TENSORFLOW
@pytest.mark.parametrize("both", [False, True])
def test_recurrent_layers_are_unrolled_meanwhile(tmp_path: Path, both: bool) -> None:
    import keras

    features = keras.Input((6, 12), name="features")
    loop = keras.layers.GRU(5, name="loop")
    x = keras.layers.Bidirectional(loop, name="both")(features) if both else loop(features)
    model = settle(keras.Model(features, keras.layers.Dense(3, name="out")(x), name="loops"))
    brought = source(model, tmp_path)
    given = Material({"features": np.random.default_rng(0).standard_normal((20, 6, 12)).astype(np.float32)})
    with Conversion(brought, given) as work:
        for precision, limit in (("float32", 1e-5), ("int8", 0.1)):
            made = work.make(precision)  # type: ignore[arg-type]
            assert f"recurrent layers were unrolled over their fixed length: {'both' if both else 'loop'}" in made.said
            assert relative(run_file(made.content, given.values)["out"], brought.run(given.values)["out"]) < limit
    layer = brought.keras.get_layer("both" if both else "loop")
    assert getattr(layer, "forward_layer", layer).unroll is False


@TENSORFLOW
def test_a_loop_in_a_saved_model_is_refused_with_the_way_out(tmp_path: Path) -> None:
    import keras

    from converter.sources import load

    features = keras.Input((6, 12), name="features")
    keras.Model(features, keras.layers.GRU(5)(features)).export(str(tmp_path / "saved"), format="tf_saved_model", verbose=False)
    with pytest.raises(ModelError, match="runs in a loop: make it with unroll=True"):
        convert(load(tmp_path / "saved"), "int8", Material({"features": np.zeros((3, 6, 12), np.float32)}))


@TENSORFLOW
def test_weights_that_are_no_numbers_constant_pictures_and_missing_calibration(tmp_path: Path) -> None:
    model = ZOO["tutorial_32_softmax"]()
    brought = source(model, tmp_path)
    with pytest.raises(ModelError, match="needs calibration examples"):
        convert(brought, "int8", None)
    alike = Material({"input": np.full((4, 32, 32, 3), 7, np.uint8)})
    found = run_file(convert(brought, "int8", alike).content, alike.values)["output"]
    assert np.abs(found - brought.run(alike.values)["output"]).max() < 0.05
    kernel = brought.keras.layers[1].kernel
    kernel.assign(np.full(kernel.shape, np.nan, np.float32))
    with pytest.raises(ModelError, match="weights that are not a number"):
        convert(brought, "float32", None)


@TENSORFLOW
def test_ctrl_c_in_the_middle_of_a_calibration_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    model = ZOO["depthwise"]()
    brought, weights = source(model, tmp_path), model.get_weights()
    home = []

    def interrupt() -> None:
        home.extend(tmp_path.glob("edge-face-convert-*"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(brought, "int8", material(model), step=interrupt)
    assert home and not any(folder.exists() for folder in home)
    assert all(np.array_equal(one, other) for one, other in zip(weights, brought.keras.get_weights(), strict=True))


def test_a_feed_gives_no_more_than_its_first() -> None:
    whole = Feed({"x": np.arange(10.0)[:, None]}, (TensorSpec("x", (1,)),), frozenset())

    def taken(one: Feed) -> Iterator[float]:
        return (float(example["x"].item()) for example in one)

    assert list(taken(whole.first(3))) == [0.0, 1.0, 2.0] and len(list(taken(whole))) == 10
