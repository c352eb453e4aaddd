"""The gate on Keras models that the converter converts: a trained classifier, an embedder, an anonymizer, a sequence; and damaged ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("keras")
import zoo
from dense_model import perturbed
from parity_models import failed, verdict_on, with_colour

from converter.contract import Material, Plan, Precision, SourceModel
from converter.conversion import Conversion
from converter.parity.reference import view
from converter.sources import fit, load, make_plan

SIDE = 32


def material(plan: Plan, model: SourceModel, pictures: Any, labels: Any = None) -> Material:
    """Pictures as both sides take them: the network's pixels for calibration, BGR for the device."""
    assert plan.preprocessing is not None
    values = np.stack([view(picture, plan.preprocessing) for picture in pictures])
    return Material({model.inputs[0].name: values}, list(pictures), labels)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tutorial's network, trained on drawn shapes in RGB from 0 to 1."""
    import keras

    keras.utils.set_random_seed(1)
    model = zoo.settle(zoo.tutorial(SIDE, 4, "softmax", filters=8))
    pictures, labels = zoo.shapes(240, SIDE, 1)
    model.compile(keras.optimizers.Adam(4e-3), "sparse_categorical_crossentropy")
    model.fit(pictures[..., ::-1] / np.float32(255), labels, batch_size=24, epochs=12, verbose=0)
    path = tmp_path_factory.mktemp("trained") / "shapes.keras"
    model.save(path)
    return path


class Work:
    """A model as it was brought, its plan, calibration, examples, and files made of it."""

    def __init__(self, path: Path, plan: Plan, loaded: SourceModel, examples: Material, calibration: Material) -> None:
        self.loaded, self.plan, self.examples = loaded, plan, examples
        self.conversion = Conversion(loaded if plan.preprocessing is None else fit(loaded, plan.preprocessing), calibration)

    def file(self, precision: Precision) -> bytes:
        return self.conversion.make(precision).content

    def verdict(self, folder: Path, content: bytes, precision: Precision = "int8", **options: Any) -> Any:
        return verdict_on(folder, content, self.loaded, self.plan, self.examples, precision=precision, **options)


@pytest.fixture(scope="module")
def shapes(trained: Path) -> Iterator[Work]:
    loaded = load(trained)
    plan = make_plan(loaded, "classifier", labels=list(zoo.CLASSES), pixels=(0.0, 1.0), colour="RGB")
    pictures, labels = zoo.shapes(120, SIDE, 2)
    work = Work(trained, plan, loaded, material(plan, loaded, pictures, labels.astype(np.int64)),
                material(plan, loaded, zoo.shapes(40, SIDE, 3)[0]))
    with work.conversion:
        yield work


@pytest.mark.parametrize("precision", ["int8", "float16", "float32", "dynamic"])
def test_every_precision_of_a_trained_classifier_passes(tmp_path: Path, shapes: Work, precision: Precision) -> None:
    verdict = shapes.verdict(tmp_path, shapes.file(precision), precision)
    assert verdict.passed and verdict.labelled, [check.text for check in verdict.checks]
    assert verdict.metrics["accuracy_float"] > 0.8 and not any("assumed" in said for said in verdict.said)


def test_swapped_colours_wrong_scaling_and_wrong_labels_fail(tmp_path: Path, shapes: Work) -> None:
    good = shapes.file("int8")
    colour = shapes.verdict(tmp_path / "colour", good, staged=with_colour(shapes.plan, "BGR"))
    assert {"accuracy_lost", "agreement"} <= failed(colour) and "colour order is swapped" in colour.hint
    labels = shapes.verdict(tmp_path / "labels", good, staged=replace(shapes.plan, labels=("square", "circle", "triangle", "cross")))
    assert {"accuracy_lost", "agreement"} <= failed(labels) and "order of the labels" in labels.hint
    with Conversion(shapes.loaded, shapes.conversion._calibration) as bare:
        # Without the layer that `fit` puts in front.
        scaling = shapes.verdict(tmp_path / "scaling", bare.make("float32").content, "float32")
    assert "probability_moved" in failed(scaling) and "scaling is wrong" in scaling.hint


def test_the_gate_notices_a_layer_that_scales_wrongly(tmp_path: Path, shapes: Work) -> None:
    """The float model is shown its own range, whatever the converter thinks that a pixel is."""
    spec = shapes.plan.preprocessing
    assert spec is not None
    with Conversion(fit(shapes.loaded, replace(spec, low=-1.0)), shapes.conversion._calibration) as wrong:
        verdict = shapes.verdict(tmp_path, wrong.make("float32").content, "float32")
    assert not verdict.passed and "-1 to 1 in place of 0 to 1" in verdict.hint


def test_calibration_on_something_else_fails(tmp_path: Path, shapes: Work) -> None:
    """Ranges that were taken from nearly black pictures cut off what the network does with others."""
    black = [np.full((SIDE, SIDE, 3), 2, np.uint8)] * 8
    narrow = material(shapes.plan, shapes.loaded, black)
    with Conversion(fit(shapes.loaded, shapes.plan.preprocessing), narrow) as dark:  # type: ignore[arg-type]
        verdict = shapes.verdict(tmp_path, dark.make("int8").content)
    assert not verdict.passed and verdict.hint


def work_of(tmp_path: Path, name: str, task: str, pictures: Any, labels: Any = None, **options: Any) -> Work:
    path = tmp_path / f"{name}.keras"
    zoo.ZOO[name]().save(path)
    loaded = load(path)
    plan = make_plan(loaded, task, **options)
    return Work(path, plan, loaded, material(plan, loaded, pictures, labels), material(plan, loaded, pictures[:12]))


def test_an_embedder_and_an_anonymizer(tmp_path: Path) -> None:
    pictures = list(zoo.shapes(24, 112, 4)[0])
    for name, task, metric in (("embedder", "embedder", "cosine_mean"), ("anonymizer", "anonymizer", "psnr_mean")):
        work = work_of(tmp_path, name, task, pictures, pixels=(0.0, 255.0))
        with work.conversion:
            exact = work.verdict(tmp_path / f"{name}-float", work.file("float32"), "float32")
            assert exact.passed, [check.text for check in exact.checks]
            coarse = work.verdict(tmp_path / f"{name}-int8", work.file("int8"))
            assert exact.metrics[metric] > coarse.metrics[metric] > 0
            swapped = work.verdict(tmp_path / f"{name}-bgr", work.file("float32"), "float32", staged=with_colour(work.plan, "BGR"))
            assert metric in failed(swapped) and "colour order is swapped" in swapped.hint


def test_a_sequence_runs_as_arrays(tmp_path: Path) -> None:
    path = tmp_path / "gru.keras"
    model = zoo.ZOO["gru"]()
    model.save(path)
    loaded = load(path)
    plan = make_plan(loaded, "classifier", labels=list(zoo.CLASSES))
    examples = Material(zoo.examples(model, 40))
    with Conversion(loaded, Material(zoo.examples(model, 20, seed=1))) as work:
        content = work.make("float32").content
    verdict = verdict_on(tmp_path / "good", content, loaded, plan, examples, precision="float32")
    assert verdict.passed and not verdict.labelled and plan.preprocessing is None, verdict.checks
    bad = verdict_on(tmp_path / "bad", perturbed(content, 1.0), loaded, plan, examples, precision="float32")
    assert "probability_moved" in failed(bad)
