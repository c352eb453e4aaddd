"""The parity gate: runs a converted file as the device would, the float model beside it, and says whether anything was lost."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

from converter.contract import Material, Plan, SourceModel, Verdict
from converter.parity import assumptions, classes, embeddings, outputs, reference
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


class Gate:
    """Judges the files made from one model, on examples that calibration did not see. What the float model says of them is
    asked once.

    `model` is the model as it was brought: it is shown values in the plan's own range (`low` to `high`), in the plan's
    colours, so that a mistake of the converter or of the device shows. `step` is told how many examples are done by the
    float model or by a file.
    """

    def __init__(self, model: SourceModel, plan: Plan, material: Material, limits: Limits,
                 step: Callable[[int], None] = reference.no_step) -> None:
        self._model, self._plan, self._material, self._limits, self._step = model, plan, material, limits, step
        self._memory: dict[Hashable, Any] = {}
        self._count = len(material.pictures) if plan.preprocessing is not None else len(material)

    def judge(self, bundle_folder: Path, precision: str) -> Verdict:
        """The verdict on the file of `precision` in a bundle's folder (a temporary one). Raises ModelError where there are no
        examples, or the float model itself cannot be run or gives no numbers."""
        if self._count == 0:
            raise ModelError("there are no examples to judge the model by: bring pictures that calibration does not see")
        task, checks = self._plan.task, Checks(self._limits.of(self._plan.task, precision))
        checks.add("fewest", self._count, limit=self._limits.fewest)
        case: Case | None = None
        try:
            case = self._case(bundle_folder, precision)
            found = measures()[task](case, checks)
        except FileError as error:
            found = Found()
            checks.refuse("runs", error.done / self._count, 1.0, str(error))
        cause = ""
        if not checks.passed and case is not None:
            # A colour order that explains the file's numbers explains more than a mere exchange of names.
            cause = mistake(case) or found.cause
        said = list(found.said)
        if case is not None and found.labelled and (assumed := assumptions.once(case)):
            said.append(assumed)
        if self._count < FEW:
            said.append(f"{self._count} examples are few: {FEW} or more give a verdict more weight")
        if not found.labelled and checks.passed:
            said.append("no labels: that the file agrees with the float model is all that could be shown, not how often either is right")
        return Verdict(task, precision, checks.passed, tuple(checks.made), self._count, found.labelled,
                       advice(precision, checks.made, cause), {"examples": self._count, **found.metrics}, found.plots, tuple(said))

    def _case(self, folder: Path, precision: str) -> Case:
        try:
            bundle = load_bundle(folder, self._plan.task, "accept")
        except ModelError as error:
            raise FileError(str(error)) from error
        return Case(bundle, precision, self._model, self._plan, self._material, self._step, self._memory)


def judge(bundle_folder: Path, precision: str, model: SourceModel, plan: Plan, material: Material, limits: Limits,
          step: Callable[[int], None] = reference.no_step) -> Verdict:
    """One verdict; see `Gate`, which judges several files of one model in less time. Raises ModelError."""
    return Gate(model, plan, material, limits, step).judge(bundle_folder, precision)


def measures() -> Mapping[str, Measure]:
    """How each task is measured. The detector's needs OpenCV and the trainer's rooms."""
    from converter.parity import faces

    return {"embedder": embeddings.measure, "classifier": classes.measure_classes, "liveness": classes.measure_liveness,
            "landmarker": outputs.measure_landmarks, "anonymizer": outputs.measure_pictures,
            "detector": faces.measure, "other": outputs.measure_others}
