"""What int8 loses is found layer by layer, kept in float, folded away or learnt back: on a net that was damaged on purpose."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conversion_models import material, relative, run_file, source
from zoo import ZOO, settle

from converter.contract import LayerDamage, Material, SourceModel
from converter.conversion import Conversion, choose_float, damage, finetune
from converter.conversion.graph import operators
from edge_face.errors import ModelError

TENSORFLOW = pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="tensorflow is not installed (extra convert)")


def uneven() -> Any:
    """A depthwise net whose channels differ a thousandfold in scale, which the next layer undoes: in float nothing is lost, in int8 the
    small channels vanish among the steps of the great ones."""
    import keras

    keras.utils.clear_session()
    layers = keras.layers
    picture = keras.Input((24, 24, 3), name="picture")
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(picture)
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu", name="first")(x)
    x = layers.DepthwiseConv2D(3, padding="same", activation="relu", name="uneven")(x)
    x = layers.Conv2D(16, 1, activation="relu", name="undone")(x)
    x = layers.Dense(24, name="embedding")(layers.GlobalAveragePooling2D()(x))
    model = settle(keras.Model(picture, x, name="uneven_net"))
    scale = np.logspace(-1.5, 1.5, 16).astype(np.float32)
    kernel, bias = model.get_layer("uneven").get_weights()
    model.get_layer("uneven").set_weights([kernel * scale[None, None, :, None], bias * scale])
    kernel, bias = model.get_layer("undone").get_weights()
    model.get_layer("undone").set_weights([kernel / scale[None, None, :, None], bias])
    return model


def flattened() -> Any:
    """A normalisation with uneven scales between a depthwise layer and a Flatten, whose scale the converter folds into the Dense behind."""
    import keras

    keras.utils.clear_session()
    layers = keras.layers
    picture = keras.Input((24, 24, 3), name="picture")
    x = layers.Conv2D(32, 3, strides=4, activation="relu", name="first")(layers.Rescaling(1 / 255)(picture))
    x = layers.DepthwiseConv2D(6, use_bias=False, name="pool")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Dense(24, name="embedding")(layers.Flatten()(x))
    model = settle(keras.Model(picture, x, name="flattened"))
    scale = np.logspace(-1.0, 1.0, 32).astype(np.float32)
    kernel, = model.get_layer("pool").get_weights()
    model.get_layer("pool").set_weights([kernel / scale[None, None, :, None]])
    norm = model.get_layer("norm")
    norm.gamma.assign(norm.gamma * scale)
    return model


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> tuple[SourceModel, Material, Material]:
    model = uneven()
    return source(model, tmp_path_factory.mktemp("uneven")), material(model, 96), material(model, 32, seed=9)


def cosine(model: SourceModel, files: bytes, examples: Material) -> float:
    (float_out,), (found,) = model.run(examples.values).values(), run_file(files, examples.values).values()
    return float(np.mean(np.sum(float_out * found, 1) / np.linalg.norm(float_out, axis=1) / np.linalg.norm(found, axis=1)))


@TENSORFLOW
@pytest.mark.parametrize("engine", ["tflite", "quantizer"])
def test_the_damaged_layers_are_found_and_keeping_them_in_float_heals(brought: tuple[SourceModel, Material, Material], engine: Any) -> None:
    model, calibration, examples = brought
    with Conversion(model, calibration) as work:
        found = damage(model, calibration, examples, work=work)
        assert {one.layer for one in found[:2]} == {"uneven", "undone"}
        assert found[1].error > 10 * found[2].error
        plain = work.make("int8", engine=engine)
        mixed = work.make("int8", engine=engine, keep_float=tuple(one.layer for one in found[:2]))
    assert cosine(model, plain.content, examples) < 0.985
    assert cosine(model, mixed.content, examples) > 0.999
    assert mixed.kept_float == ("uneven", "undone") or mixed.kept_float == ("undone", "uneven")
    floats = [o.name for o in operators(mixed.content) if o.floats and o.name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")]
    assert sorted(floats) == ["CONV_2D", "DEPTHWISE_CONV_2D"]
    assert len(plain.content) < len(mixed.content)


@TENSORFLOW
def test_the_damage_of_the_layers_adds_up_to_the_files(brought: tuple[SourceModel, Material, Material]) -> None:
    model, calibration, examples = brought
    with Conversion(model, calibration) as work:
        found = damage(model, calibration, examples, work=work)
        content = work.make("int8", engine="quantizer").content
    whole = relative(run_file(content, examples.values)["embedding"], model.run(examples.values)["embedding"])
    assert whole == pytest.approx(np.sqrt(sum(one.error ** 2 for one in found)), rel=0.5)


@TENSORFLOW
def test_fine_tuning_gains_back_what_int8_lost(brought: tuple[SourceModel, Material, Material]) -> None:
    model, calibration, examples = brought
    weights = model.keras.get_weights()
    said: list[str] = []
    steps: list[int] = []
    tuned = finetune(model, calibration, steps=200, rate=2e-3, seed=1, say=said.append, step=lambda: steps.append(1))
    assert len(steps) == 200 and "fine-tuned" in said[-1]
    assert tuned.weights_sha256 != model.weights_sha256
    assert all(np.array_equal(one, other) for one, other in zip(weights, model.keras.get_weights(), strict=True))  # the teacher is whole
    with Conversion(model, calibration) as before, Conversion(tuned, calibration) as after:
        lost = 1 - cosine(model, before.make("int8").content, examples)
        left = 1 - cosine(model, after.make("int8").content, examples)
    assert left < lost / 3


@TENSORFLOW
def test_fine_tuning_is_the_same_for_the_same_seed_and_gives_the_model_back_where_it_cannot_help(
        brought: tuple[SourceModel, Material, Material]) -> None:
    model, calibration, _ = brought
    one, other = (finetune(model, calibration, steps=4, rate=1e-3, seed=7) for _ in range(2))
    assert one.weights_sha256 == other.weights_sha256
    said: list[str] = []
    assert finetune(model, calibration, steps=3, rate=10.0, say=said.append) is model
    assert "brought nothing" in said[-1]


@TENSORFLOW
@pytest.mark.parametrize(("name", "loss"), [("gru", "kl"), ("several_inputs", "auto"), ("several_outputs", "auto"), ("upsampling", "mse"),
                                            ("custom", "auto"), ("normalization", "kl")])
def test_every_architecture_can_be_fine_tuned(tmp_path: Path, name: str, loss: Any) -> None:
    built = ZOO[name]()
    said: list[str] = []
    model = source(built, tmp_path)
    tuned = finetune(model, material(built), steps=3, rate=1e-4, loss=loss, say=said.append)
    assert len(said) == 1 and "distance" in said[0] and "nan" not in said[0]
    values = material(built).values
    for output, value in model.run(values).items():
        assert relative(tuned.run(values)[output], value) < 0.2


@TENSORFLOW
def test_normalisations_are_folded_into_the_layer_before_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without that the Dense layer behind gets their scales, and loses its small weights."""
    built = flattened()
    model, calibration, examples = source(built, tmp_path), material(built, 48), material(built, 24, seed=9)
    before = model.keras.get_weights()
    with Conversion(model, calibration) as work:
        lost = 1 - cosine(model, work.make("int8").content, examples)
    monkeypatch.setattr(importlib.import_module("converter.conversion.convert"), "folded", lambda model, values: contextlib.nullcontext())
    with Conversion(model, calibration) as work:
        assert lost < (1 - cosine(model, work.make("int8").content, examples)) / 3
    assert all(np.array_equal(one, other) for one, other in zip(before, model.keras.get_weights(), strict=True))


@TENSORFLOW
def test_a_layer_of_no_such_name_is_refused_and_the_nearest_is_named(brought: tuple[SourceModel, Material, Material]) -> None:
    model, calibration, _ = brought
    with Conversion(model, calibration) as work:
        for engine in ("tflite", "quantizer"):
            with pytest.raises(ModelError, match=r"embeding cannot be kept in float.*did you mean embedding"):
                work.make("int8", keep_float=("embeding",), engine=engine)  # type: ignore[arg-type]
        with pytest.raises(ModelError, match="only int8 can keep layers in float"):
            work.make("float16", keep_float=("embedding",))


@TENSORFLOW
def test_damage_of_unrolled_recurrent_layers_is_theirs(tmp_path: Path) -> None:
    built = ZOO["gru"]()
    found = damage(source(built, tmp_path), material(built), material(built, 6, seed=9))
    assert {"gru", "dense"} <= {one.layer for one in found}
    assert found == tuple(sorted(found, key=lambda one: (-one.error, one.layer)))


def layer(name: str, error: float) -> LayerDamage:
    return LayerDamage(name, "CONV_2D", error, 10)


def test_the_worst_are_kept_first_and_twice_as_many_each_time() -> None:
    damages = [layer(f"l{i}", 1.0 - i / 20) for i in range(12)]
    tries = list(choose_float(damages[::-1]))
    assert [len(one) for one in tries] == [1, 2, 4, 6]
    assert tries[-1] == tuple(f"l{i}" for i in range(6))


def test_harmless_layers_are_not_worth_their_speed() -> None:
    damages = [layer("bad", 0.5), layer("fair", 0.02), layer("good", 0.001), layer("fine", 0.0)]
    assert list(choose_float(damages)) == [("bad",), ("bad", "fair")]
    assert list(choose_float([layer("fine", 0.0)])) == [] == list(choose_float([]))
    assert list(choose_float([layer("only", 0.3)])) == [("only",)]
