"""What is done to models before training, and the walker that runs them fast on PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from converter.training import model_tools  # noqa: E402
from converter.training.embedder_net import build, deepen  # noqa: E402
from converter.training.networks import build_network  # noqa: E402
from edge_face.errors import ModelError, SettingsError  # noqa: E402

SMALL = {"stem": 4, "widths": (4, 8, 8), "blocks": (1, 1, 1), "head": 8, "dimension": 6, "size": 32}
FACES = np.random.default_rng(0).integers(0, 255, (3, 32, 32, 3)).astype(np.float32)


def outputs(model: object) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(model(FACES, training=False)))  # type: ignore[operator]


def lively(**more: object) -> object:
    """A net whose normalisations are not those of a fresh one."""
    model = build(**{**SMALL, **more})  # type: ignore[arg-type]
    rng = np.random.default_rng(2)
    model.set_weights([np.abs(w) + rng.uniform(0.1, 1, w.shape) if w.ndim == 1 else w for w in model.get_weights()])
    return model


def test_a_deeper_net_starts_as_good_as_the_shallower_was() -> None:
    source, model = lively(), build(**{**SMALL, "blocks": (2, 3, 1)})
    assert deepen(model, source) == ["s1b2", "s2b2", "s2b3"]
    assert np.allclose(outputs(model), outputs(source), atol=1e-4)
    with pytest.raises(ValueError, match="neither in the source"):
        deepen(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="s1b1_extra")]), source)


def test_a_seed_gives_the_same_net_and_another_seed_another() -> None:
    one, two, three = build(**SMALL), build(**SMALL), build(**SMALL)
    for model, seed in ((one, 1), (two, 1), (three, 2)):
        model_tools.draw(model, seed)
    assert all(np.array_equal(a, b) for a, b in zip(one.get_weights(), two.get_weights(), strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(one.get_weights(), three.get_weights(), strict=True) if a.ndim > 1)


@pytest.mark.parametrize(("name", "variance"), [("glorot_uniform", 2 / (9 * 40 + 9 * 50)), ("he_normal", 2 / (9 * 40)),
                                                ("lecun_normal", 1 / (9 * 40))])
def test_weights_are_drawn_as_the_initializer_says(name: str, variance: float) -> None:
    layer = keras.layers.Conv2D(50, 3, kernel_initializer=name)
    model = keras.Sequential([keras.Input((8, 8, 40)), layer])
    model_tools.draw(model, 3)
    kernel = keras.ops.convert_to_numpy(layer.kernel)
    assert kernel.var() == pytest.approx(variance, rel=0.05)
    assert abs(kernel.mean()) < 0.05 * variance**0.5
    assert len(np.unique(kernel)) > 17_000


def test_a_gru_is_drawn_too() -> None:
    models = [keras.Sequential([keras.Input((4, 5)), keras.layers.GRU(6)]) for _ in range(2)]
    for model in models:
        model_tools.draw(model, 7)
    assert all(np.array_equal(a, b) for a, b in zip(models[0].get_weights(), models[1].get_weights(), strict=True))
    recurrent = models[0].get_weights()[1]
    assert np.allclose(recurrent @ recurrent.T, np.eye(6), atol=1e-5)


def test_a_twin_has_the_weights_the_frozen_layers_and_another_policy() -> None:
    model = lively(dropout=0.5)
    model_tools.freeze(model, ["stem*"])
    copy = model_tools.twin(model, "mixed_bfloat16")
    assert np.allclose(outputs(copy), outputs(model), atol=0.1)
    assert [layer.trainable for layer in copy.layers] == [layer.trainable for layer in model.layers]  # type: ignore[attr-defined]
    assert copy.get_layer("stem_conv").compute_dtype == "bfloat16"
    assert str(copy.get_layer("stem_conv").kernel.dtype) == "float32"


def test_freezing_names_what_it_cannot_find() -> None:
    model = build(**SMALL)
    every = model_tools.freeze(model, [])
    assert model_tools.freeze(model, ["stem_conv"]) == every - 3 * 3 * 3 * 4
    with pytest.raises(SettingsError, match=r"no layer is named nose\*: the model has face, scale"):
        model_tools.freeze(model, ["nose*"])
    with pytest.raises(SettingsError, match="leaves nothing to train"):
        model_tools.freeze(model, ["*"])


def test_a_cut_net_gets_a_new_head() -> None:
    source = lively()
    model = model_tools.with_head(model_tools.cut(source, "s2b1_relu"), {"dimension": 5}, 1)
    assert tuple(model.outputs[0].shape) == (None, 5)
    assert model.layers[-1].name == "head_embedding"
    with pytest.raises(SettingsError, match=r"the model has no layer nose: its last are .*embedding"):
        model_tools.cut(source, "nose")
    with pytest.raises(SettingsError, match="blocks says nothing in transfer"):
        model_tools.with_head(source, {"blocks": [1]}, 1)
    with pytest.raises(SettingsError, match="dimension must be"):
        model_tools.with_head(source, {"dimension": 0}, 1)


def test_weights_of_another_net_are_refused() -> None:
    with pytest.raises(ModelError, match="is another net than the recipe's"):
        model_tools.pour(build(**SMALL), build(**{**SMALL, "dimension": 7}), Path("other.keras"))


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04", b"text"])
def test_a_file_that_is_no_model_is_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.keras"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"is no file|no Keras model"):
        model_tools.load_model(path)


def test_networks_are_built_by_their_recipe_and_wrong_keys_are_named() -> None:
    assert build_network({"kind": "residual", **SMALL}).count_params() == build(**SMALL).count_params()
    for network, words in (({"kind": "magic"}, "kind is 'magic': known are residual"), ({"depth": 3}, "depth is no key of residual"),
                           ({"size": 33}, "must be a multiple of 8"), ({"widths": 3}, "cannot be built as residual")):
        with pytest.raises(SettingsError, match=words):
            build_network(network)


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="the walker is for Keras on PyTorch")
class TestTorchGraph:
    def nets(self) -> dict[str, object]:
        from keras import layers

        face = layers.Input((32, 32, 3))
        a = layers.MaxPooling2D(2)(layers.Conv2D(4, 3, padding="same", activation="relu")(face))
        b = layers.MaxPooling2D(3, strides=2, padding="same")(layers.Conv2D(4, 1, activation="tanh")(face))
        mixed = layers.Dense(4, activation="softmax")(layers.GlobalAveragePooling2D()(layers.Concatenate()([a, b])))
        plain = keras.Sequential([layers.Input((32, 32, 3)), layers.ZeroPadding2D(1), layers.Conv2D(4, 3, 2), layers.ReLU(),
                                  layers.AveragePooling2D(2), layers.SeparableConv2D(5, 3), layers.Flatten(), layers.Dense(3)])
        return {"residual": lively(), "mixed": keras.Model(face, mixed), "sequential": plain}

    @pytest.mark.parametrize("name", ["residual", "mixed", "sequential"])
    def test_it_computes_what_keras_computes(self, name: str) -> None:
        import torch

        from converter.training.torch_graph import TorchGraph

        model = self.nets()[name]
        with torch.no_grad():
            found = TorchGraph(model)(torch.from_numpy(FACES)).numpy()
        assert np.allclose(found, outputs(model), rtol=1e-3, atol=1e-3 * np.abs(found).max())

    def test_training_moves_the_statistics_as_keras_does(self) -> None:
        import torch

        from converter.training.torch_graph import TorchGraph

        one, two = lively(), lively()
        two.set_weights(one.get_weights())  # type: ignore[attr-defined]
        TorchGraph(one)(torch.from_numpy(FACES), training=True)
        two(FACES, training=True)  # type: ignore[operator]
        # PyTorch keeps the unbiased variance: n / (n - 1) of Keras' own.
        for layer, twin in zip(one.layers, two.layers, strict=True):  # type: ignore[attr-defined]
            if isinstance(layer, keras.layers.BatchNormalization):
                assert np.allclose(layer.get_weights()[2], twin.get_weights()[2], rtol=1e-2, atol=1e-3)

    def test_graphs_that_it_does_not_know_are_refused(self) -> None:
        from converter.training.torch_graph import TorchGraph

        face, layer = keras.layers.Input((4,)), keras.layers.Dense(4)
        with pytest.raises(ValueError, match="used twice"):
            TorchGraph(keras.Model(face, layer(layer(face))))
        other = keras.layers.Input((4,))
        with pytest.raises(ValueError, match="one input"):
            TorchGraph(keras.Model([face, other], keras.layers.Add()([face, other])))
