"""What a report holds, gathered from the other rooms. Nothing here needs TensorFlow."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from converter.contract import Candidate, Kind, LayerDamage, Material, Plan, Precision, SourceModel, TensorSpec, Verdict


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The float model. `name` is the file's name without its folders; `macs` multiply-accumulates of one run."""

    name: str
    kind: Kind
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    weights_sha256: str
    parameters: int | None = None
    macs: int | None = None
    said: tuple[str, ...] = ()

    @classmethod
    def of(cls, model: SourceModel, macs: int | None = None, parameters: int | None = None) -> ModelFacts:
        """`parameters` is counted by Keras where it is not given and there is a Keras model."""
        if parameters is None and model.keras is not None:
            parameters = int(model.keras.count_params())
        return cls(model.path.name, model.kind, model.inputs, model.outputs, model.weights_sha256, parameters, macs, model.said)


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a .tflite file costs: its bytes, the median milliseconds of a run on one thread of the machine in the environment, and
    the bytes of memory it adds to a process at most. None: not measured."""

    bytes: int | None = None
    ms: float | None = None
    memory: int | None = None


@dataclass(frozen=True, eq=False)
class Attempt:
    """One precision that was tried. `verdict` None: there was nothing to judge, and `why` says the reason. `chosen`: the file's
    name in the bundle, empty where it did not get in; `why`: the reason for either; `delegate`: how many nodes run on XNNPACK."""

    precision: Precision
    how: str
    verdict: Verdict | None
    cost: Footprint = Footprint()
    kept_float: tuple[str, ...] = ()
    delegate: str = ""
    said: tuple[str, ...] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    chosen: str = ""
    why: str = ""

    @classmethod
    def of(cls, candidate: Candidate, verdict: Verdict | None, *, ms: float | None = None, memory: int | None = None,
           delegate: str = "", chosen: str = "", why: str = "") -> Attempt:
        """A converted file and what the gate says of it; the digest is of its bytes."""
        return cls(candidate.precision, candidate.how, verdict, Footprint(len(candidate.content), ms, memory), candidate.kept_float,
                   delegate, candidate.said, candidate.recipe, hashlib.sha256(candidate.content).hexdigest(), chosen, why)

    @property
    def passed(self) -> bool:
        return self.verdict is not None and self.verdict.passed

    @property
    def title(self) -> str:
        """`int8`, or `int8 (3 layers in float)`."""
        count = len(self.kept_float)
        return self.precision + (f" ({count} {'layer' if count == 1 else 'layers'} in float)" if count else "")


@dataclass(frozen=True, slots=True)
class Examples:
    """Pictures or other examples that were used: how many, how many of them labelled, with how many classes or people."""

    count: int
    labelled: int = 0
    classes: int = 0
    said: tuple[str, ...] = ()
    source: str = ""

    @classmethod
    def of(cls, material: Material, source: str = "") -> Examples:
        """`source`: the folder's or file's own name, without the folders above it."""
        known = np.empty(0, np.int64) if material.labels is None else material.labels[material.labels >= 0]
        return cls(len(material), len(known), len(np.unique(known)), material.said, source)


@dataclass(frozen=True, eq=False)
class Report:
    """One conversion. `before`: what the float32 .tflite of the model costs on the same machine; `attempts` in the order they were
    tried; `forced`: a file that failed was written because the user said so; `limits` by metric as the gate used them, and
    `limits_from` their origin; `digests`: sha256 by name; `seconds` by stage; `command`: see `environment.command_line`;
    `pictures`: JPEG, PNG or WebP bytes by the name of a worst example, filled only when the user allowed pictures."""

    name: str
    model: ModelFacts
    plan: Plan
    attempts: tuple[Attempt, ...]
    before: Footprint = Footprint()
    forced: bool = False
    damage: Sequence[LayerDamage] = ()
    calibration: Examples | None = None
    gate: Examples | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    limits_from: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    command: str = ""
    said: tuple[str, ...] = ()
    pictures: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def chosen(self) -> tuple[Attempt, ...]:
        """The files of the bundle."""
        return tuple(attempt for attempt in self.attempts if attempt.chosen)

    @property
    def passed(self) -> bool:
        """Is there a bundle and has every file in it passed?"""
        return bool(self.chosen) and all(attempt.passed for attempt in self.chosen)

    @property
    def main(self) -> Attempt | None:
        """The attempt that the page is about: the smallest file of the bundle; without a bundle the one that failed the fewest
        checks, the later of two; None where nothing was tried."""
        if self.chosen:
            return min(self.chosen, key=lambda attempt: attempt.cost.bytes or 0)
        judged = [attempt for attempt in self.attempts if attempt.verdict is not None]
        if judged:
            return min(reversed(judged), key=_failures)
        return self.attempts[-1] if self.attempts else None


def _failures(attempt: Attempt) -> int:
    return sum(not check.passed for check in attempt.verdict.checks) if attempt.verdict else 0
