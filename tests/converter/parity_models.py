"""Float models in numpy, and the same as files, sound or damaged on purpose: the gate is tested without TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from dense_model import dense_model

from converter.bundle_writer import stage
from converter.contract import (
    Array,
    Candidate,
    Floats,
    Material,
    Pictures,
    Plan,
    Precision,
    Preprocessing,
    TensorSpec,
    Verdict,
)
from converter.parity import judge, read_limits
from edge_face.vision.runtime import Interpreter

SIDE = 16
LABELS = ("red", "green", "blue")


@dataclass(eq=False)
class NumpyModel:
    """A float model that is a function of its inputs. `calls`: how many batches it was given."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    function: Callable[[Mapping[str, Array]], dict[str, Floats]]
    path: Path = Path("model.keras")
    kind: Any = "keras"
    record: Mapping[str, Any] = field(default_factory=dict)
    weights_sha256: str = "ab" * 32
    said: tuple[str, ...] = ()
    keras: Any = None
    calls: int = 0

    def run(self, values: Mapping[str, Array]) -> dict[str, Floats]:
        self.calls += 1
        return self.function(values)

    def export(self, folder: Path) -> None:
        raise AssertionError("nobody asks for this here")


def pictures(count: int, seed: int = 0, side: int = SIDE) -> list[Pictures]:
    """Plain coloured pictures with some noise, every third one mainly blue, green, red (BGR)."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        colour = rng.integers(20, 90, 3)
        colour[number % 3] += rng.integers(60, 140)
        noise = rng.integers(-20, 20, (side, side, 3))
        found.append(np.clip(colour + noise, 0, 255).astype(np.uint8))
    return found


@dataclass(eq=False)
class Dense:
    """One dense layer over a picture's values in the plan's range. `file()` is the same network for pixels 0 to 255."""

    weights: Floats
    bias: Floats
    task: str = "classifier"
    plan: Plan = field(default_factory=lambda: Plan("classifier", Preprocessing(SIDE, SIDE, low=-1.0, high=1.0), LABELS))
    activation: str = "softmax"
    output_shape: tuple[int, ...] = ()

    @property
    def spec(self) -> Preprocessing:
        assert self.plan.preprocessing is not None
        return self.plan.preprocessing

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.spec.height, self.spec.width, 1 if self.spec.colour == "grey" else 3)

    def source(self) -> NumpyModel:
        def run(values: Mapping[str, Array]) -> dict[str, Floats]:
            raw = values["input"].reshape(len(values["input"]), -1) @ self.weights.T + self.bias
            if self.activation == "softmax":
                raw = np.exp(raw - raw.max(1, keepdims=True))
                raw /= raw.sum(1, keepdims=True)
            elif self.activation == "sigmoid":
                raw = 1 / (1 + np.exp(-raw))
            return {"output": raw.reshape(len(raw), *(self.output_shape or (len(self.bias),))).astype(np.float32)}

        return NumpyModel((TensorSpec("input", self.shape),), (TensorSpec("output", self.output_shape or (len(self.bias),)),), run)

    def file(self, *, scaled: bool = True, weights: Floats | None = None) -> bytes:
        """`scaled` False: somebody forgot to bring pixels into the range."""
        used = self.weights if weights is None else weights
        share = (self.spec.high - self.spec.low) / 255.0 if scaled else 1.0
        bias = self.bias + (self.spec.low * used.sum(1) if scaled else 0.0)
        return dense_model(used * share, bias, self.shape, activation=self.activation, output_shape=self.output_shape)


def colours(plan: Plan | None = None) -> Dense:
    """A classifier that names the strongest colour of a picture."""
    weights = np.zeros((3, SIDE, SIDE, 3), np.float32)
    for number in range(3):
        weights[number, :, :, number] = 8.0 / SIDE ** 2
    made = Dense(weights.reshape(3, -1), np.zeros(3, np.float32))
    return made if plan is None else replace_plan(made, plan)


def replace_plan(dense: Dense, plan: Plan) -> Dense:
    return Dense(dense.weights, dense.bias, plan.task, plan, dense.activation, dense.output_shape)


def material(examples: Sequence[Pictures], labels: Sequence[int] | None = None) -> Material:
    return Material({"input": np.zeros((len(examples), 1), np.uint8)}, examples,
                    None if labels is None else np.asarray(labels, np.int64), [f"{number:03d}.png" for number in range(len(examples))])


def verdict_on(folder: Path, content: bytes, source: Any, plan: Plan, examples: Material, *, precision: Precision = "int8",
               staged: Plan | None = None, limits: Path | None = None, name: str = "") -> Verdict:
    """Puts the file into a bundle as the plan `staged` says (default: as the plan) and judges it."""
    stage(folder, staged or plan, source, {name or precision: Candidate(precision, content, "a test")})
    return judge(folder, precision, source, plan, examples, read_limits(limits))


def failed(verdict: Verdict) -> set[str]:
    return {check.metric for check in verdict.checks if not check.passed}


def with_colour(plan: Plan, colour: Any) -> Plan:
    assert plan.preprocessing is not None
    return replace(plan, preprocessing=replace(plan.preprocessing, colour=colour))


class FileModel:
    """A float32 .tflite file in the place of the float model that it was made from."""

    kind: Any = "keras"
    record: Mapping[str, Any] = {}
    weights_sha256 = "cd" * 32
    said: tuple[str, ...] = ()
    keras: Any = None

    def __init__(self, content: bytes, name: str) -> None:
        self.path = Path(f"{name}.keras")
        self._interpreter = Interpreter(content, name=name)
        self.inputs = tuple(TensorSpec(t.name, t.shape[1:]) for t in self._interpreter.inputs)
        self.outputs = tuple(TensorSpec(t.name, t.shape[1:]) for t in self._interpreter.outputs)

    def run(self, values: Mapping[str, Array]) -> dict[str, Floats]:
        found = [self._interpreter.run({name: value[index] for name, value in values.items()})
                 for index in range(len(values[self.inputs[0].name]))]
        return {output.name: np.concatenate([one[output.name] for one in found]) for output in self.outputs}

    def export(self, folder: Path) -> None:
        raise AssertionError("nobody asks for this here")
