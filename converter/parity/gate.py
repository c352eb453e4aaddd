"""The parity gate: runs a converted file as the device would, the float model beside it, and says whether anything was lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from converter.contract import Material, Plan, SourceModel, Verdict
from converter.parity import classes, embeddings, outputs, reference
from converter.parity.advice import advice
from converter.parity.case import Case, FileError, Found
from converter.parity.checks import Checks
from converter.parity.diagnosis import mistake
from converter.parity.limits import Limits
from edge_face.errors import ModelError
from edge_face.vision.bundle import load_bundle

FEW = 100
"""Examples below which the verdict says that they are few."""
Measure = Callable[[Case, Checks], Found]


def judge(bundle_folder: Path, precision: str, model: SourceModel, plan: Plan, material: Material, limits: Limits,
          step: Callable[[int], None] = reference.no_step) -> Verdict:
    """The verdict on the file of `precision` in a bundle's folder (a temporary one), against `model`, on examples that
    calibration did not see.

    `model` is the model as it was brought: it is shown values in the plan's own range (`low` to `high`), in the plan's
    colours, so that a mistake of the converter or of the device shows. `step` is told how many examples are done, of twice
    as many as there are. Raises ModelError where the float model itself cannot be run or gives no numbers.
    """
    checks = Checks(limits.of(plan.task, precision))
    count = len(material.pictures) if plan.preprocessing is not None else len(material)
    if count == 0:
        raise ModelError("there are no examples to judge the model by: bring pictures that calibration does not see")
    checks.add("fewest", count, limit=limits.fewest)
    case: Case | None = None
    try:
        case = _case(bundle_folder, precision, model, plan, material, step)
        found = measures()[plan.task](case, checks)
    except FileError as error:
        found = Found()
        checks.refuse("runs", error.done / count, 1.0, str(error))
    cause = found.cause
    if not checks.passed and not cause and case is not None:
        cause = mistake(case)
    said = list(found.said)
    if count < FEW:
        said.append(f"{count} examples are few: {FEW} or more give a verdict more weight")
    if not found.labelled and checks.passed:
        said.append("no labels: that the file agrees with the float model is all that could be shown, not how often either is right")
    return Verdict(plan.task, precision, checks.passed, tuple(checks.made), count, found.labelled,
                   advice(precision, checks.made, cause), {"examples": count, **found.metrics}, found.plots, tuple(said))


def _case(folder: Path, precision: str, model: SourceModel, plan: Plan, material: Material, step: Callable[[int], None]) -> Case:
    try:
        return Case(load_bundle(folder, plan.task), precision, model, plan, material, step)
    except ModelError as error:
        raise FileError(str(error)) from error


def measures() -> Mapping[str, Measure]:
    """How each task is measured. The detector's needs OpenCV and the trainer's rooms."""
    from converter.parity import faces

    return {"embedder": embeddings.measure, "classifier": classes.measure_classes, "liveness": classes.measure_liveness,
            "landmarker": outputs.measure_landmarks, "anonymizer": outputs.measure_pictures, "detector": faces.measure}
