"""Two models of one task side by side: agreement, task metrics, size, speed, memory, each measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from converter.contract import Material, Verdict
from converter.inspection.child import ask
from converter.inspection.delegate import Partitions
from converter.inspection.flat import read_flat
from converter.inspection.macs import work_of
from converter.inspection.sides import Side
from converter.inspection.speed import medians_ms

RUNS = 30
FLOAT = "float"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one side costs: `bytes` of the .tflite file, `ms` of the median of RUNS runs on one thread of this machine, `memory_mb` resident
    after a run in a process of its own, and what its shapes and the delegate say."""

    name: str
    precision: str
    bytes: int
    ms: float
    memory_mb: float
    macs: int
    parameters: int
    delegate: str
    converted: bool


@dataclass(frozen=True, eq=False)
class Comparison:
    """`verdict`: what the parity gate finds when `a` takes the float model's part and `b` that of the file. `metrics`: by name, the figure
    of `a` and of `b`, where both have one."""

    task: str
    a: Cost
    b: Cost
    verdict: Verdict
    labels: tuple[str, ...]
    said: tuple[str, ...]

    @property
    def metrics(self) -> dict[str, tuple[float, float]]:
        """What was measured of each against labels, such as {"accuracy": (0.96, 0.95)}."""
        found = {}
        for key, value in self.verdict.metrics.items():
            plain = _plain(key)
            other = self.verdict.metrics.get(plain)
            if plain != key and isinstance(value, int | float) and isinstance(other, int | float):
                found[plain] = (float(value), float(other))
        return found

    @property
    def agreement(self) -> dict[str, float]:
        """What was measured between the two, and of how many (whole numbers)."""
        pairs = self.metrics
        return {key: value for key, value in self.verdict.metrics.items()
                if key != "examples" and isinstance(value, int | float) and key not in pairs and _plain(key) not in pairs}

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        metrics = {key: {"a": mine, "b": other} for key, (mine, other) in self.metrics.items()}
        return {"task": self.task, "a": asdict(self.a), "b": asdict(self.b), "examples": self.verdict.examples,
                "labelled": self.verdict.labelled, "metrics": metrics, "agreement": self.agreement,
                "within_limits": self.verdict.passed, "checks": [asdict(check) for check in self.verdict.checks],
                "worst": list(self.verdict.plots.get("worst", ())), "said": list(self.said)}


def _plain(key: str) -> str:
    """ "tar_float_1e-3" -> "tar_1e-3"."""
    return "_".join(part for part in key.split("_") if part != FLOAT)


def compare(a: Side, b: Side, material: Material, step: Callable[[int], None] = lambda count: None,
            runs: int = RUNS) -> Comparison:
    """Runs both on the same examples. `step` is told how many more are done, of twice as many as there are. Raises ModelError."""
    from converter.parity import judge, read_limits

    verdict = judge(b.folder, b.precision, a.model, a.plan, material, read_limits(), step)
    times = medians_ms((a.content, b.content), runs)
    costs = [_cost(side, ms) for side, ms in zip((a, b), times, strict=True)]
    said = (*material.said, *verdict.said, *_slower(costs))
    return Comparison(a.plan.task, costs[0], costs[1], verdict, a.plan.labels, said)


def _cost(side: Side, ms: float) -> Cost:
    work = work_of(read_flat(side.content, side.name))
    answer: Mapping[str, Any] = ask(side.content, side.name, 1)
    given = answer["delegate"]
    told = Partitions(given["nodes"], given["delegated"], given["partitions"], tuple(given["breaking"]))
    return Cost(side.name, side.precision, len(side.content), round(ms, 4), answer["memory_mb"], work.macs, work.parameters,
                told.sentence(), side.converted)


def _slower(costs: list[Cost]) -> list[str]:
    """Why the smaller of the two may be the slower one."""
    small, large = sorted(costs, key=lambda cost: cost.bytes)
    if small.bytes * 1.5 < large.bytes and small.ms > 1.1 * large.ms:
        return [f"{small.name} is smaller and yet {small.ms / large.ms:.1f} times slower than {large.name}: {small.delegate}"]
    return []
