"""What is judged: one file of a bundle against one float model on one set of examples, and what each room finds."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from converter.contract import Floats, Material, Plan, SourceModel
from converter.parity import reference
from edge_face.errors import ModelError
from edge_face.vision.bundle import Bundle

OUTPUT = {"embedder": "embedding", "classifier": "probability", "liveness": "live", "landmarker": "landmarks", "anonymizer": "picture"}
"""What the main output of a task is called in a manifest."""
WORST = 12
Answer = TypeVar("Answer")


class FileError(ModelError):
    """The converted file, not the float model, is at fault: it does not run on the device, or gives no numbers."""

    def __init__(self, message: str, done: int = 0) -> None:
        super().__init__(message)
        self.done = done


@dataclass(frozen=True, eq=False)
class Case:
    """`step` is told how many more examples are done; each is seen by the float model once and by the file once. `memory`:
    what the float model said, for the next file of the same model."""

    bundle: Bundle
    precision: str
    model: SourceModel
    plan: Plan
    material: Material
    step: Callable[[int], None] = reference.no_step
    memory: dict[Hashable, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.material.pictures) if self.plan.preprocessing is not None else len(self.material)

    @property
    def role(self) -> str:
        """What the manifest calls the output that the task is about."""
        return OUTPUT[self.plan.task]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of that output, batch first. Raises ModelError."""
        output = self.bundle.manifest["outputs"].get(self.role)
        if not isinstance(output, Mapping) or "shape" not in output:
            raise ModelError(f"{self.bundle.folder}: outputs.{self.role}.shape is missing")
        return tuple(output["shape"])

    @property
    def main(self) -> str:
        """What the float model calls it: the same, or the only output of that shape. Raises ModelError."""
        named = [output.name for output in self.model.outputs if output.name == self.role]
        alike = [output.name for output in self.model.outputs if output.shape == self.shape[1:]]
        for found in (named, alike):
            if len(found) == 1:
                return found[0]
        shapes = ", ".join(f"{output.name} {output.shape}" for output in self.model.outputs)
        raise ModelError(f"{self.model.path.name} has no output that is surely the {self.role} {self.shape[1:]}: it has {shapes}")

    def expected(self, mirrored: bool = False) -> dict[str, Floats]:
        """The float model's outputs (n, *shape) by name, of the pictures' mirror images where that is asked for. Raises
        ModelError."""
        spec, pictures = self.plan.preprocessing, self.material.pictures
        if spec is None:
            return self.remembered(None, lambda: reference.of_values(self.model, self.material.values, self.step))
        shown = [picture[:, ::-1] for picture in pictures] if mirrored else pictures
        return self.remembered((spec, mirrored), lambda: reference.of_pictures(self.model, shown, spec, self.step))

    def remembered(self, key: Hashable, ask: Callable[[], Answer]) -> Answer:
        """What was asked before under this key, else asked now."""
        if key not in self.memory:
            self.memory[key] = ask()
        answer: Answer = self.memory[key]
        return answer

    def name(self, index: int) -> str:
        return str(self.material.names[index]) if index < len(self.material.names) else f"example {index + 1}"

    def worst(self, figures: Floats, low_is_bad: bool = False) -> list[dict[str, Any]]:
        """The examples that changed the most, for the report."""
        order = np.argsort(figures if low_is_bad else -figures, kind="stable")[:WORST]
        return [{"name": self.name(int(index)), "figure": float(figures[index])} for index in order]


@dataclass(eq=False)
class Found:
    """What a task's measurement leaves besides its checks: plain figures for the manifest, data of the report, sentences, and
    `cause`: a mistake that the figures point to. `labelled`: something was measured against labels."""

    labelled: bool = False
    metrics: dict[str, Any] = field(default_factory=dict)
    plots: dict[str, Any] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    cause: str = ""


def listed(values: Any, digits: int = 6) -> list[float]:
    """Numbers as a report holds them."""
    return [round(float(value), digits) for value in np.asarray(values, np.float64).reshape(-1)]
