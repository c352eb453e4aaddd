"""From a model as it was brought to a proven bundle: load, plan, gather, convert, judge, choose, report, publish."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converter.attempts import PLAIN, Attempt, best_failure, choose, search
from converter.contract import LayerDamage, Material, Plan, Precision, SourceModel
from converter.progress import Progress
from edge_face.errors import ModelError

if TYPE_CHECKING:
    from converter.parity import Gate, Limits

Say = Callable[[str], None]
PROBES = 24
"""Examples that the damage of each layer is measured on."""
HELD_OUT = 3000
"""Examples that the gate may use at most: of 1,000 faces, chance alone moves a true accept rate by the half point allowed."""
TUNING_STEPS = 300
SLOWER = 1.2
"""An int8 file that takes this much of float32's time gets a sentence on why."""


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for. `precisions`: "auto" and any of the four; from `task` to `mirrored` what the model may not say of itself;
    `gate`: other examples to judge by; `limits`: a file that overrides the gate's; `show`: pictures may go into the report."""

    model: Path
    calibration: Path
    precisions: tuple[str, ...] = ("auto",)
    task: str | None = None
    size: tuple[int, int] | None = None
    labels: Path | None = None
    parts: tuple[int, ...] = ()
    colour: str | None = None
    pixels: tuple[float, float] | None = None
    aligned: bool | None = None
    mirrored: bool = False
    gate: Path | None = None
    count: int = 500
    engine: str = "auto"
    tune: bool = True
    limits: Path | None = None
    custom: Path | None = None
    force: bool = False
    show: bool = False
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Found:
    """What was tried and what came of it. `files`: by precision, what the bundle gets; empty where nothing passed. `model` is the
    one that the files were made from: the fine-tuned one where that was needed. `floor`: the plain float32 file that the others
    are compared with, and its ms."""

    model: SourceModel
    plan: Plan
    calibration: Material
    examples: Material
    attempts: tuple[Attempt, ...]
    files: Mapping[str, Attempt]
    damage: tuple[LayerDamage, ...]
    limits: Limits
    floor: tuple[bytes, float]
    seconds: Mapping[str, float]
    said: tuple[str, ...]
    slow: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return bool(self.files) and all(attempt.passed for attempt in self.files.values())


class Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        finally:
            self.seconds[stage] = round(self.seconds.get(stage, 0.0) + time.monotonic() - begun, 2)


def explore(order: Order, say: Say = lambda text: None) -> Found:
    """Makes and judges all files that the order asks for; writes nothing. Raises EdgeFaceError."""
    from converter.parity import read_limits
    from converter.sources import gather, load, make_plan, with_probabilities

    clock = Clock()
    limits = read_limits(order.limits)
    with clock("loading"):
        loaded = load(order.model, size=order.size, custom=order.custom)
        plan = make_plan(loaded, order.task, labels=order.labels, parts=order.parts, colour=order.colour, pixels=order.pixels,
                         aligned=order.aligned, calibration=order.calibration, mirrored=order.mirrored)
        loaded = with_probabilities(loaded, plan)
    _check_embedder(loaded, plan)
    for sentence in (*loaded.said, *plan.guessed):
        say(sentence)
    with clock("gathering"):
        calibration, examples = gather(plan, loaded, order.calibration, order.count, HELD_OUT, order.gate, say=say)
    return prove(order, loaded, plan, calibration, examples, limits, clock, say)


def _check_embedder(model: SourceModel, plan: Plan) -> None:
    """The door hands over faces of one size. Raises ModelError."""
    from edge_face.vision.align import SIZE

    given = plan.preprocessing
    if plan.task == "embedder" and given is not None and (given.width, given.height, given.aligned) != (SIZE, SIZE, True):
        raise ModelError(f"{model.path} takes {'aligned faces' if given.aligned else 'whole pictures'} of {given.width}x{given.height}: "
                         f"the door gives an embedder aligned faces of {SIZE}x{SIZE}; train one for these, or name another --task")


def prove(order: Order, loaded: SourceModel, plan: Plan, calibration: Material, examples: Material, limits: Limits, clock: Clock,
          say: Say = lambda text: None) -> Found:
    """The same for a model, a plan and examples that are there already. Raises EdgeFaceError."""
    from converter.parity import Gate
    from converter.sources import fit

    if len(examples) < limits.fewest and not order.force:
        raise ModelError(f"{len(examples)} examples are left to judge {order.model} by, and {limits.fewest} are needed: bring more with "
                         "--calibration, or others with --gate")
    # Converted is the model that takes pixels 0 to 255; judged by is the model as it was brought.
    model = loaded if plan.preprocessing is None else fit(loaded, plan.preprocessing)
    with (Progress("judging", len(examples) * (1 + len(wanted(order)))) as bar,
          Workbench(order, model, plan, calibration, Gate(loaded, plan, examples, limits, bar.step), clock, say) as bench):
        attempts, floor = bench.all(), bench.floor()
        if any(attempt.candidate.precision == "int8" for attempt in attempts):
            bench.measure_damage()
        chosen = choice(attempts, order.precisions, order.force)
        tuned = any(attempt.tuned for attempt in chosen.values())
        if tuned:
            chosen = bench.all_tuned(chosen)
            attempts += [attempt for attempt in chosen.values() if attempt not in attempts]
            if not order.force and not all(attempt.passed for attempt in chosen.values()):
                chosen = {}
    slow = _slow(attempts, floor)
    for sentence in slow:
        say(sentence)
    return Found(bench.tuned if tuned and bench.tuned is not None else model, plan, calibration, examples, tuple(attempts), chosen,
                 bench.damage, limits, floor, dict(clock.seconds), (*loaded.said, *plan.guessed), tuple(slow))


def wanted(order: Order) -> list[Precision]:
    """The precisions that are tried: all of them for "auto"."""
    return [precision for precision in PLAIN if "auto" in order.precisions or precision in order.precisions]


def _slow(attempts: Sequence[Attempt], floor: tuple[bytes, float]) -> list[str]:
    """Why an int8 file is slower than float32, where it is."""
    from converter.inspection import slowdown

    plain, milliseconds = floor
    found = next((a for a in attempts if a.candidate.precision == "int8" and not a.candidate.kept_float), None)
    if found is None or found.milliseconds is None or found.milliseconds < SLOWER * milliseconds:
        return []
    return [slowdown(plain, found.candidate.content)]


def file_name(plan: Plan, precision: str) -> str:
    """Detectors come in several sizes, which their files' names tell."""
    size = f"-{plan.preprocessing.width}x{plan.preprocessing.height}" if plan.task == "detector" and plan.preprocessing else ""
    return f"{precision}{size}.tflite"


def choice(attempts: Sequence[Attempt], precisions: Sequence[str], force: bool) -> dict[str, Attempt]:
    """The files of the bundle by precision: of "auto" the best, of the others each; nothing where one of them failed, but with
    `force` the nearest that there is."""
    found: dict[str, Attempt] = {}
    for precision in (p for p in precisions if p != "auto"):
        tried = [a for a in attempts if a.candidate.precision == precision and not a.candidate.kept_float and not a.tuned]
        found[precision] = tried[0]
    if "auto" in precisions:
        best = choose(attempts) or (best_failure(attempts) if force else None)
        if best is None:
            return {}
        found[best.candidate.precision] = best
    if not force and not all(attempt.passed for attempt in found.values()):
        return {}
    return dict(sorted(found.items(), key=lambda entry: PLAIN.index(entry[1].candidate.precision)))


class Workbench:
    """Makes and judges the files of one model. `tuned` and `damage` are filled when they were needed."""

    def __init__(self, order: Order, model: SourceModel, plan: Plan, calibration: Material, gate: Gate, clock: Clock, say: Say) -> None:
        self._order, self._model, self._plan, self._calibration = order, model, plan, calibration
        self._gate, self._clock, self._say = gate, clock, say
        self._open = ExitStack()
        self._conversions: dict[bool, Any] = {}
        self._told: set[str] = set()
        self._floor: tuple[bytes, float] | None = None
        self.tuned: SourceModel | None = None
        self.damage: tuple[LayerDamage, ...] = ()

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def all(self) -> list[Attempt]:
        """Every attempt, as the order asks."""
        from converter.conversion import choose_float

        auto = "auto" in self._order.precisions
        return self._timed(list(search(self._attempt, wanted(self._order), auto, self.measure_damage, choose_float, self._tune)))

    def all_tuned(self, chosen: Mapping[str, Attempt]) -> dict[str, Attempt]:
        """The same files, all of the fine-tuned model: the files of a bundle have one set of weights."""
        return {name: found if found.tuned else self._timed([self._attempt(found.candidate.precision, (), True)])[0]
                for name, found in chosen.items()}

    def _timed(self, attempts: Sequence[Attempt]) -> list[Attempt]:
        """With the speed of each, all in turns and the plain float32 file with them, so that whatever else the machine does slows
        all of them alike."""
        from converter.inspection import medians_ms

        plain: bytes = self._conversion(False).float32()
        with self._clock("timing"):
            floor, *speeds = medians_ms([plain, *(attempt.candidate.content for attempt in attempts)])
        self._floor = plain, floor
        for attempt, speed in zip(attempts, speeds, strict=True):
            self._say(f"{attempt.title}: {speed:.3g} ms")
        return [replace(attempt, milliseconds=speed) for attempt, speed in zip(attempts, speeds, strict=True)]

    def floor(self) -> tuple[bytes, float]:
        """The plain float32 file and its milliseconds, as they were when files were timed last."""
        assert self._floor is not None, "files are timed before this is asked"
        return self._floor

    def _conversion(self, tuned: bool) -> Any:
        from converter.conversion import Conversion

        if tuned not in self._conversions:
            model = self.tuned if tuned and self.tuned is not None else self._model
            bar = self._open.enter_context(Progress("calibrating", len(self._calibration)))
            work = Conversion(model, self._calibration, say=self._say, step=bar.step)
            self._conversions[tuned] = self._open.enter_context(work)
        return self._conversions[tuned]

    def _attempt(self, precision: Precision, kept: tuple[str, ...], tuned: bool) -> Attempt:
        """Makes a file, puts it into a bundle of its own and has the gate judge it against the model as it was brought."""
        from converter.bundle_writer import stage

        with self._clock("converting"):
            candidate = self._conversion(tuned).make(precision, keep_float=kept, engine=self._order.engine)
        with self._clock("judging"), tempfile.TemporaryDirectory() as folder:
            stage(Path(folder), self._plan, self._model, {file_name(self._plan, precision): candidate}, self._order.about)
            verdict = self._gate.judge(Path(folder), precision)
        attempt = Attempt(candidate, verdict, None, tuned)
        words = "passed" if verdict.passed else "; ".join(check.text for check in verdict.checks if not check.passed)
        self._say(f"{attempt.title}: {attempt.bytes:,} bytes: {words}")
        for sentence in verdict.said:
            if sentence not in self._told:
                self._told.add(sentence)
                self._say(sentence)
        return attempt

    def measure_damage(self) -> tuple[LayerDamage, ...]:
        """What int8 does to each layer alone, measured once; nothing for a SavedModel."""
        from converter.conversion import damage

        if not self.damage and self._model.keras is not None:
            with self._clock("measuring layers"), Progress("measuring layers", len(self._model.keras.layers)) as bar:
                self.damage = damage(self._model, self._calibration, first(self._calibration, PROBES), say=self._say, step=bar.step,
                                     work=self._conversion(False))
        return self.damage

    def _tune(self) -> bool:
        """Fills `tuned`; False where that was not wanted, is impossible or brought nothing."""
        if not self._order.tune or self._model.keras is None:
            return False
        from converter.conversion import finetune

        self._say(f"fine-tuning with quantization in mind, {TUNING_STEPS} steps")
        with self._clock("fine-tuning"), Progress("fine-tuning", TUNING_STEPS) as bar:
            tuned = finetune(self._model, self._calibration, steps=TUNING_STEPS, step=bar.step, say=self._say)
        self.tuned = None if tuned is self._model else tuned
        return self.tuned is not None


def first(material: Material, count: int) -> Material:
    """Evenly spread examples of a material, as many as `count`."""
    import numpy as np

    chosen = np.unique(np.linspace(0, len(material) - 1, min(count, len(material))).astype(int))
    return Material({name: values[chosen] for name, values in material.values.items()},
                    [material.pictures[i] for i in chosen] if material.pictures else (),
                    None if material.labels is None else material.labels[chosen],
                    [material.names[i] for i in chosen] if material.names else ())


def refusal(found: Found, page: Path) -> ModelError:
    """Why nothing was written: metric, limit, figure, and the next thing to try."""
    worst = best_failure(found.attempts)
    failed = [check for check in worst.verdict.checks if not check.passed]
    said = "; ".join(f"{check.metric} is {'unknown' if check.figure is None else f'{check.figure:.4g}'}, "
                     f"{'at least' if check.at_least else 'at most'} {check.limit:g} is asked for" for check in failed)
    hint = worst.verdict.hint or "write it all the same with --force"
    return ModelError(f"{worst.candidate.precision} did not pass the gate ({said}), so nothing is written: {hint}; see {page}")
