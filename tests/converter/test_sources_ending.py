"""Tutorials' models as they really end and begin: in raw scores, with augmentation, with preprocessing by plain operations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from converter.sources import load, make_plan, with_probabilities
from edge_face.errors import ModelError


def tutorial(*, classes: int = 5, augmented: bool = True) -> Any:
    """TensorFlow's own tutorial on classifying pictures, small: augmentation and scaling inside, raw scores out."""
    layers = keras.layers
    keras.utils.set_random_seed(0)
    first = [keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.1), layers.RandomZoom(0.1)])] if augmented else []
    return keras.Sequential([keras.Input((32, 32, 3)), *first, layers.Rescaling(1 / 255), layers.Conv2D(4, 3, activation="relu"),
                             layers.MaxPooling2D(), layers.Dropout(0.2), layers.Flatten(), layers.Dense(classes)])


PICTURES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.float32)


def softmax(scores: Any) -> Any:
    return np.exp(scores) / np.exp(scores).sum(1, keepdims=True)


@pytest.mark.parametrize("kind", ["keras", "savedmodel"])
def test_raw_scores_become_probabilities(kind: str, tmp_path: Path) -> None:
    model = tutorial(augmented=kind == "keras")
    scores = np.asarray(model(PICTURES, training=False))
    if kind == "keras":
        model.save(tmp_path / "model.keras")
        source = load(tmp_path / "model.keras")
    else:
        model.export(str(tmp_path / "model"), format="tf_saved_model", verbose=False)
        source = load(tmp_path / "model")
    plan = make_plan(source, None, labels=list("abcde"))
    assert plan.task == "classifier" and plan.preprocessing is not None and plan.preprocessing.high == 255.0
    made = with_probabilities(source, plan)
    np.testing.assert_allclose(made.run({"input": PICTURES})["output"], softmax(scores), atol=1e-5)
    np.testing.assert_allclose(source.run({"input": PICTURES})["output"], scores, atol=1e-4)
    assert any("softmax" in text for text in made.said) and made.outputs == source.outputs
    assert with_probabilities(made, plan) is made
    made.export(tmp_path / "out")
    np.testing.assert_allclose(load(tmp_path / "out").run({"input": PICTURES})["output"], softmax(scores), atol=1e-5)


def test_one_raw_score_becomes_a_probability(tmp_path: Path) -> None:
    model = tutorial(classes=1)
    model.save(tmp_path / "model.keras")
    source = load(tmp_path / "model.keras")
    plan = make_plan(source, "classifier", labels=["cat", "dog"])
    found = with_probabilities(source, plan).run({"input": PICTURES})["output"]
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-np.asarray(model(PICTURES, training=False)))), atol=1e-5)


def test_folders_for_every_class_make_a_classifier(tmp_path: Path) -> None:
    tutorial().save(tmp_path / "model.keras")
    for name in "vwxyz":
        (tmp_path / "tree" / name).mkdir(parents=True)
    plan = make_plan(load(tmp_path / "model.keras"), None, calibration=tmp_path / "tree")
    assert plan.task == "classifier" and plan.labels == tuple("vwxyz")


def test_augmentation_that_was_exported_switched_on_is_refused(tmp_path: Path) -> None:
    tutorial().export(str(tmp_path / "model"), format="tf_saved_model", verbose=False)
    with pytest.raises(ModelError, match="other numbers each time"):
        load(tmp_path / "model")


@pytest.mark.parametrize(("change", "high"), [
    (lambda x: x / 127.5 - 1.0, 255.0), (lambda x: x * 2.0 - 1.0, 1.0), (lambda x: x - np.array([103.9, 116.8, 123.7], np.float32), 255.0),
    (lambda x: x * (1 / 255), 255.0), (lambda x: keras.ops.divide(x, 255.0), 255.0)])
def test_preprocessing_by_plain_operations_tells_the_pixels(change: Any, high: float, tmp_path: Path) -> None:
    picture = keras.Input((16, 16, 3), name="picture")
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(change(picture)))
    keras.Model(picture, keras.layers.Dense(3, activation="softmax")(x)).save(tmp_path / "model.keras")
    plan = make_plan(load(tmp_path / "model.keras"), None)
    assert plan.preprocessing is not None and plan.preprocessing.high == high
    assert any("begins with the operation" in text for text in plan.guessed)
