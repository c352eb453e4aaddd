"""Our own detector, landmarker and anonymizer through the same gate as everybody's models, on the pictures that their trainers paint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converter.contract import Candidate, Material, Plan, Preprocessing, SourceModel, TensorSpec, Verdict
from converter.quantizing import Clock, Found, Order, file_name, prove

Say = Callable[[str], None]
GATE_PICTURES = 250
"""Composites that a detector is judged on."""


@dataclass(frozen=True, eq=False)
class Proven:
    """What became of a model in all its sizes: files and verdicts by file name, `limits` as the manifest has them."""

    files: Mapping[str, Candidate]
    verdicts: Mapping[str, Verdict]
    limits: Mapping[str, Any]
    found: Sequence[Found]

    @property
    def failed(self) -> Found | None:
        """The first size of which nothing may be written."""
        return next((found for found in self.found if not found.files), None)


def source(path: Path, keras: Any, record: Mapping[str, Any], digest: str) -> SourceModel:
    """A Keras model with one output for each of its output layers, named like these."""
    from converter.sources.keras_model import KerasSource

    inputs = tuple(TensorSpec(tensor.name, tuple(int(side) for side in tensor.shape[1:])) for tensor in keras.inputs)
    outputs = tuple(TensorSpec(name, tuple(int(side) for side in tensor.shape[1:]))
                    for name, tensor in zip(keras.output_names, keras.outputs, strict=True))
    return KerasSource(path, "keras", inputs, outputs, record, digest, (), keras)


def prove_sizes(order: Order, models: Sequence[tuple[SourceModel, Plan, Material, Material]], say: Say) -> Proven:
    """Each size by itself: model, plan, calibration and examples."""
    from converter.parity import read_limits
    from converter.quantize_report import limits_of

    limits = read_limits(order.limits)
    found = [prove(order, model, plan, calibration, examples, limits, Clock(), _sized(say, plan))
             for model, plan, calibration, examples in models]
    files = {file_name(one.plan, precision): attempt for one in found for precision, attempt in one.files.items()}
    return Proven({name: attempt.candidate for name, attempt in files.items()}, {name: attempt.verdict for name, attempt in files.items()},
                  limits_of(found[0]), found)


def _sized(say: Say, plan: Plan) -> Say:
    """Sentences that name the size they are about."""
    size = plan.preprocessing
    return say if size is None else lambda text: say(f"{size.width}x{size.height}: {text}")


def detector(order: Order, run: Path, data: Path, out: Path, replace: bool, say: Say) -> Proven:
    """The bundle of a detector's run in the sizes that are shipped; `out` is not written where the gate lets nothing pass."""
    from converter import detector_bundle as own
    from converter.bundle_writer import publish, stage
    from converter.training.detector_exam import SEED, paint_exam

    photos, weights = own.photos(data), run / "detector.keras"
    models = []
    for width, height in own.SIZES:
        say(f"{width}x{height}: painting composites")
        keras = own.sized(weights, (width, height))
        name = keras.inputs[0].name
        exam = paint_exam(photos.held, "thresholds", GATE_PICTURES, width, height, SEED + 2)
        ranges = own.calibration(photos.training, (width, height), photos.recipe.mixture, photos.recipe.seed + 1)
        examples = Material({name: exam.images}, list(exam.images), names=[f"composite {n}" for n in range(len(exam.images))],
                            faces=exam.labels)
        models.append((source(weights, keras, {}, own.digest(weights)), Plan("detector", Preprocessing(width, height, "BGR")),
                       Material({name: ranges}), examples))
    proven = prove_sizes(order, models, say)
    if proven.failed is None:
        model, plan, about = models[0][0], models[0][1], own.about(run, photos.recipe)

        def bare(folder: Path, scores: dict[str, Any]) -> None:
            stage(folder, plan, model, proven.files, about, {"thresholds": scores})

        extra = own.measure(bare, photos.held, say)
        publish(out, plan, model, proven.files, proven.verdicts, about=about, limits=proven.limits, forced=order.force, extra=extra,
                replace=replace)
    return proven


def landmarker(order: Order, run: Path, data: Path, out: Path, replace: bool, say: Say) -> Proven:
    """The bundle of a landmarker's run; as above."""
    from converter import landmarker_bundle as own
    from converter.bundle_writer import publish
    from converter.manifest import weights_digest
    from converter.training.landmarker_data import VIEW

    keras, views = own.open_net(run), own.views(data)
    name = keras.inputs[0].name
    model = source(run / "landmarker.keras", keras, {}, weights_digest(keras.get_weights()))
    plan = Plan("landmarker", Preprocessing(VIEW, VIEW, "BGR"))
    examples = Material({name: views.examples}, list(views.examples), names=[f"view {n}" for n in range(len(views.examples))])
    proven = prove_sizes(order, [(model, plan, Material({name: views.ranges}), examples)], say)
    if proven.failed is None:
        contents = {file.removesuffix(".tflite"): candidate.content for file, candidate in proven.files.items()}
        publish(out, plan, model, proven.files, proven.verdicts, about=own.about(run), limits=proven.limits, forced=order.force,
                extra=own.measure(contents, views.held), replace=replace)
    return proven


def anonymizer(order: Order, run: Path, data: Path, out: Path, replace: bool, say: Say) -> Proven:
    """The bundle of an anonymizer's run, or of a net that undoes one; as above."""
    from converter import anonymizer_bundle as own
    from converter.bundle_writer import publish
    from converter.manifest import weights_digest
    from converter.training.anonymizer_data import VIEW

    recipe = own.recipe_of(run)
    keras, pairs = own.open_net(run), own.pairs(data, recipe)
    name = keras.inputs[0].name
    model = source(run / "anonymizer.keras", keras, {}, weights_digest(keras.get_weights()))
    plan = Plan("anonymizer", Preprocessing(VIEW, VIEW, "BGR"))
    examples = Material({name: pairs.examples}, list(pairs.examples), names=[f"patch {n}" for n in range(len(pairs.examples))])
    proven = prove_sizes(order, [(model, plan, Material({name: pairs.ranges}), examples)], say)
    if proven.failed is None:
        contents = {file.removesuffix(".tflite"): candidate.content for file, candidate in proven.files.items()}
        publish(out, plan, model, proven.files, proven.verdicts, about={**own.about(run, recipe), **order.about}, limits=proven.limits,
                forced=order.force, extra=own.measure(contents, pairs.held, recipe), replace=replace)
    return proven


OURS = {"detector": detector, "landmarker": landmarker, "anonymizer": anonymizer}
