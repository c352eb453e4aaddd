"""What the converted file says of examples, through the code that runs on the device: its bundle, runtime and preprocessing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from converter.contract import Floats
from converter.parity.case import Case, FileError
from edge_face.errors import ModelError
from edge_face.vision.classifier import Classifier
from edge_face.vision.embedder import Embedder
from edge_face.vision.picture_model import PictureModel
from edge_face.vision.runtime import Interpreter

Run = Callable[[int], Floats]


def answers(case: Case) -> Floats:
    """(n, ...) the main output for every example. Raises FileError: the file does not run, or gives values that are no
    numbers."""
    found: list[Floats] = []
    try:
        run = _runner(case)
        for index in range(len(case)):
            found.append(_numbers(run(index), case))
            case.step(1)
    except ModelError as error:
        raise FileError(str(error), len(found)) from error
    return np.stack(found)


def all_answers(case: Case) -> dict[str, Floats]:
    """(n, ...) each output for every example. Raises FileError."""
    found: list[dict[str, Floats]] = []
    try:
        run = _all_runner(case)
        for index in range(len(case)):
            found.append({name: _numbers(value[0], case) for name, value in run(index).items()})
            case.step(1)
    except ModelError as error:
        raise FileError(str(error), len(found)) from error
    return {name: np.stack([each[name] for each in found]) for name in found[0]}


def _all_runner(case: Case) -> Callable[[int], dict[str, Floats]]:
    if case.bundle.input.kind == "picture":
        model = PictureModel(case.bundle, case.precision)
        return lambda index: model.run(case.material.pictures[index])
    interpreter = Interpreter(case.bundle.file(case.precision), name=case.precision)
    outputs = interpreter.output_names({output.name: (1, *output.shape) for output in case.model.outputs})
    inputs = [spec.name for spec in case.bundle.input.arrays]

    def run(index: int) -> dict[str, Floats]:
        found = interpreter.run({name: np.asarray(case.material.values[name][index]) for name in inputs})
        return {name: found[actual] for name, actual in outputs.items()}

    return run


def _runner(case: Case) -> Run:
    pictures = case.material.pictures
    if case.bundle.input.kind == "arrays":
        return _arrays(case)
    if case.plan.task == "embedder":
        embedder = Embedder(case.bundle, case.precision)
        return lambda index: embedder.embed(pictures[index])
    if case.plan.task == "classifier":
        classifier = Classifier(case.bundle, case.precision)
        order = label_order(case)
        return lambda index: np.asarray(classifier.probabilities(pictures[index]), np.float32)[order]
    model = PictureModel(case.bundle, case.precision)
    return lambda index: model.run(pictures[index])[case.role][0]


def _arrays(case: Case) -> Run:
    """For inputs that are no picture, straight through the runtime."""
    interpreter = Interpreter(case.bundle.file(case.precision), name=case.precision)
    output = interpreter.output_names({case.role: case.shape})[case.role]
    names = [spec.name for spec in case.bundle.input.arrays]
    values = case.material.values
    order = label_order(case) if case.plan.task == "classifier" else None

    def run(index: int) -> Floats:
        value: Floats = interpreter.run({name: np.asarray(values[name][index]) for name in names})[output][0]
        if order is None:
            return value
        return (np.array([1 - value[0], value[0]], np.float32) if value.size == 1 else value)[order]

    return run


def label_order(case: Case) -> list[int]:
    """Where each class of the plan stands among the labels of the bundle. Raises ModelError where one is missing."""
    assert case.bundle.classes is not None
    labels = list(case.bundle.classes.labels)
    wanted = list(case.plan.labels) or labels
    if sorted(wanted) != sorted(labels):
        raise ModelError(f"the bundle's labels ({', '.join(labels[:5])}, …) are not those of the model ({', '.join(wanted[:5])}, …)")
    return [labels.index(label) for label in wanted]


def _numbers(value: Floats, case: Case) -> Floats:
    if not np.isfinite(value).all():
        raise ModelError(f"the {case.precision} file gives values that are no numbers")
    return value
