"""The sections that every recipe has: where it starts, how it steps, how long, when it stops."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from converter.training.recipe import ranged
from edge_face.errors import UsageError


@dataclass(frozen=True)
class Optimizer:
    """How a step is taken. `weight_decay` is decoupled (Loshchilov & Hutter 2019) and spares biases, normalisations and
    centres; `l2` is added to the loss, over kernels. `average` is the decay of the averaged weights, which are what is
    examined and kept (0: the weights themselves)."""

    kind: Literal["sgd", "adam", "adamw"] = "adamw"
    rate: float = ranged(1e-3, 1e-7, 10)
    momentum: float = ranged(0.9, 0, 0.9999)
    weight_decay: float = ranged(0.0, 0, 1)
    l2: float = ranged(0.0, 0, 1)
    clip: float = ranged(5.0, 0, 1e6)
    average: float = ranged(0.999, 0, 0.99999)


@dataclass(frozen=True)
class Schedule:
    """How long: `steps`, or `minutes` of training (one of the two). The rate rises over the share `warmup`, then falls
    along a cosine to `final` of its peak. The intervals are seconds; `examine_steps` counts steps instead."""

    minutes: float = ranged(0.0, 0, 1e6)
    steps: int = ranged(0, 0, 10**9)
    warmup: float = ranged(0.02, 0, 0.9)
    final: float = ranged(0.005, 0, 1)
    log_steps: int = ranged(100, 1, 10**6)
    save_s: float = ranged(180.0, 0, 86400)
    examine_s: float = ranged(420.0, 0, 86400)
    examine_steps: int = ranged(0, 0, 10**9)

    def __post_init__(self) -> None:
        if (self.minutes > 0) == (self.steps > 0):
            raise ValueError("the schedule needs either minutes or steps, one of the two, above 0")

    def progress(self, step: int, seconds: float) -> float:
        """Share of the run that is done, 0 to 1."""
        return min(step / self.steps if self.steps else seconds / (self.minutes * 60), 1.0)

    def factor(self, progress: float) -> float:
        """The rate at a share of the run, as a share of its peak."""
        if progress < self.warmup:
            return max(progress / self.warmup, 0.01)
        done = min((progress - self.warmup) / (1 - self.warmup), 1.0)
        return self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * done))


@dataclass(frozen=True)
class Stop:
    """Early stopping: after `patience` examinations in which `figure` was no better than before (0: never). The best
    model is then what is kept, not the last."""

    patience: int = ranged(0, 0, 10**6)
    figure: str = ""


@dataclass(frozen=True)
class Start:
    """What the weights are at first. `new`: drawn. `weights`: those of `model`, a net of the same layers. `deepen`: those
    of a shallower net (its keys in `network`), new blocks starting as the identity. `transfer`: `model` itself up to the
    layer `cut`, with a new head of [network] `dimension` and `dropout`; with neither a cut nor a [network] the whole model,
    to be fine-tuned. Layers whose names match `freeze` (* and ? allowed) stay as they are.
    """

    mode: Literal["new", "weights", "deepen", "transfer"] = "new"
    model: str = ""
    network: Mapping[str, Any] = field(default_factory=dict)
    cut: str = ""
    freeze: tuple[str, ...] = ()

    def source(self, init: Path | None) -> Path | None:
        """The model to begin with: what `--init` names goes before what the recipe names. None: there is none."""
        return init if init is not None or not self.model else Path(self.model)

    def needed(self, init: Path | None) -> Path:
        """That model. Raises UsageError where none is named."""
        source = self.source(init)
        if source is None:
            raise UsageError(f'the recipe starts from a model ([start] mode = "{self.mode}"): name it with --init MODEL')
        return source


@dataclass(frozen=True, kw_only=True)
class Common:
    """What the loop asks of any recipe; a task's recipe adds its own sections.

    `network` goes to the builder of its `kind`. `precision` "auto" takes bfloat16 where the processor has units for it.
    """

    task: str
    seed: int = ranged(1, 0, 2**31 - 1)
    batch: int = ranged(128, 1, 65536)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    network: Mapping[str, Any] = field(default_factory=dict)
    optimizer: Optimizer = Optimizer()
    schedule: Schedule
    stop: Stop = Stop()
    start: Start = Start()
