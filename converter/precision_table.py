"""What each precision costs and saves, model by model, beside TFLiteConverter and ai-edge-quantizer used plainly.

Every file is judged by the parity gate on the same examples and timed on one thread of the same machine. The two plain ways get the
same float model with its static batch of 1 and the same calibration examples, and nothing else: TFLiteConverter with Optimize.DEFAULT
and a representative dataset, ai-edge-quantizer with its recipe static_wi8_ai8.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from converter.contract import Array, Candidate, Material, Plan, Precision, SourceModel, Verdict
from converter.inspection.delegate import partitions
from converter.inspection.speed import median_ms
from edge_face.errors import EdgeFaceError, MissingExtraError, ModelError

if TYPE_CHECKING:
    from converter.conversion import Conversion
    from converter.parity.gate import Gate

Say = Callable[[str], None]
OURS: tuple[Precision, ...] = ("float32", "float16", "dynamic", "int8")
CONVERTER, QUANTIZER = "TFLiteConverter, plain", "ai-edge-quantizer, plain"
HEADLINES = {
    "embedder": ("tar_lost_1e-3", "cosine_mean"), "classifier": ("accuracy_lost", "agreement"), "landmarker": ("points_moved_median",),
    "detector": ("recall_lost_recognise", "found_again"), "liveness": ("apcer_gained", "agreement"), "anonymizer": ("psnr_mean",),
    "other": ("output_error",)}
"""The gate's metrics of which the first that was measured stands in the table."""
PASSES = {True: "yes", False: "**no**", None: "-"}
Judged = tuple[str, float | None, str, bool | None]
"""Metric, figure, in words, passed."""
Judge = Callable[[Candidate], Judged]


@dataclass(frozen=True, slots=True)
class Order:
    """One model of the table: its file or run folder, its examples, the task where it does not say it."""

    model: Path
    calibration: Path
    task: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One file. `metric` and `figure`: what was measured; `shown`: in words; `passed`: by the gate, None where it has no limits for such a
    model; `refused`: why there is no file or no figure."""

    model: str
    task: str
    way: str
    metric: str = ""
    figure: float | None = None
    shown: str = ""
    passed: bool | None = None
    bytes: int = 0
    ms: float = 0.0
    pieces: int = 0
    outside: tuple[str, ...] = ()
    nodes: int = 0
    refused: str = ""


def rows_of(order: Order, count: int, held_out: int, say: Say = lambda text: None) -> Iterator[Row]:
    """The rows of one model: its four precisions, then the two plain ways. Raises EdgeFaceError where the model itself cannot be read
    or its examples are of no use; a file that cannot be made is a row that says why."""
    from converter.conversion import Conversion
    from converter.parity import Gate, read_limits
    from converter.sources import fit, gather, load, make_plan

    loaded = load(order.model)
    plan = make_plan(loaded, order.task, calibration=order.calibration)
    model = loaded if plan.preprocessing is None else fit(loaded, plan.preprocessing)
    calibration, examples = gather(plan, loaded, order.calibration, count, held_out)
    gate = Gate(loaded, plan, examples, read_limits())
    name = order.model.stem
    with Conversion(model, calibration) as work:
        for way, make in ways(work, model, calibration):
            yield measured(name, way, make, plan.task, _by_gate(plan, model, gate))
            say(f"{name}, {way}")


def ways(work: Conversion, model: SourceModel, calibration: Material) -> Iterator[tuple[str, Callable[[], Candidate]]]:
    """(name, what makes the file)."""
    for precision in OURS:
        yield precision, lambda precision=precision: work.make(precision)  # type: ignore[misc]
    yield CONVERTER, lambda: Candidate("int8", plain_converter(model, calibration), CONVERTER)
    yield QUANTIZER, lambda: Candidate("int8", plain_quantizer(work.float32(), calibration), QUANTIZER)


def measured(name: str, way: str, make: Callable[[], Candidate], task: str, judge: Judge) -> Row:
    """One file made, judged, timed, and shown to the delegate."""
    try:
        candidate = make()
        metric, figure, shown, passed = judge(candidate)
        parts, speed = partitions(candidate.content), median_ms(candidate.content)
    except MissingExtraError:
        raise
    except EdgeFaceError as error:
        return Row(name, task, way, refused=str(error))
    engine = f" ({candidate.how.split(',')[0].split(' ')[0]})" if way == "int8" else ""
    return Row(name, task, way + engine, metric, figure, shown, passed, len(candidate.content), round(speed, 4), parts.partitions,
               parts.breaking, parts.nodes)


def _by_gate(plan: Plan, model: SourceModel, gate: Gate) -> Judge:
    """As a bundle of its own, by the parity gate."""
    from converter.bundle_writer import stage
    from converter.quantizing import file_name

    def judge(candidate: Candidate) -> Judged:
        with tempfile.TemporaryDirectory() as folder:
            stage(Path(folder), plan, model, {file_name(plan, candidate.precision): candidate})
            verdict = gate.judge(Path(folder), candidate.precision)
        return (*headline(plan.task, verdict), verdict.passed)

    return judge


def headline(task: str, verdict: Verdict) -> tuple[str, float | None, str]:
    """(metric, figure, in words) of the first of the task's metrics that was measured."""
    from converter.parity.checks import METRICS

    found = {check.metric: check for check in verdict.checks}
    for metric in HEADLINES.get(task, ("output_error",)):
        check = found.get(metric)
        if check is not None and check.figure is not None:
            kind = METRICS[metric]
            return metric, check.figure, f"{kind.words}: {kind.shown(check.figure)}"
    failed = next((check.text for check in verdict.checks if not check.passed), "nothing could be measured")
    return "", None, failed


def _samples(calibration: Material) -> Iterator[dict[str, Array]]:
    """Calibration examples one at a time, float32, as the float model takes them."""
    for index in range(len(calibration)):
        yield {name: np.asarray(value[index:index + 1], np.float32) for name, value in calibration.values.items()}


def plain_converter(model: SourceModel, calibration: Material) -> bytes:
    """What TFLiteConverter makes by Optimize.DEFAULT and a representative dataset alone. Raises ModelError."""
    from converter.conversion.quiet import quiet, tensorflow

    tf = tensorflow()
    with tempfile.TemporaryDirectory() as folder, quiet():
        model.export(Path(folder) / "saved")
        converter = tf.lite.TFLiteConverter.from_saved_model(str(Path(folder) / "saved"))
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: _samples(calibration)
        return _bytes(converter.convert, CONVERTER)


def plain_quantizer(float_content: bytes, calibration: Material) -> bytes:
    """What ai-edge-quantizer makes of the float32 file by static_wi8_ai8 alone. Raises ModelError, MissingExtraError."""
    from converter.conversion.quiet import quiet

    try:
        from ai_edge_quantizer import quantizer, recipe
    except ImportError as error:
        raise MissingExtraError("ai-edge-quantizer", "convert") from error
    with quiet():
        work = quantizer.Quantizer(bytearray(float_content))
        work.load_quantization_recipe(recipe.static_wi8_ai8())
        return _bytes(lambda: work.quantize(work.calibrate({"serving_default": list(_samples(calibration))})).quantized_model, QUANTIZER)


def _bytes(make: Callable[[], Any], what: str) -> bytes:
    try:
        return bytes(make())
    except Exception as error:  # both raise whatever their parts raise: the table says it
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"{what} fails: {reason[:160]}") from error


def markdown(rows: Sequence[Row], about: Sequence[str]) -> str:
    """The page for docs. `about`: paragraphs that stand before the table."""
    out = ["# Precisions, measured", "", *(line for text in about for line in (text, "")),
           "| model | file | what the gate measured | passes | bytes | ms | pieces | not delegated |", "|---|---|---|---|--:|--:|--:|---|"]
    last = ""
    for row in rows:
        name = f"**{row.model}**, {row.task}" if row.model != last else ""
        last = row.model
        if row.refused:
            out.append(f"| {name} | {row.way} | {_cell(row.refused)} | - | - | - | - | - |")
            continue
        out.append(f"| {name} | {row.way} | {_cell(row.shown)} | {PASSES[row.passed]} | {row.bytes:,} | {row.ms:.3f} | "
                   f"{row.pieces} | {', '.join(row.outside) or '-'} |")
    return "\n".join(out) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def as_dicts(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """For JSON."""
    return [asdict(row) for row in rows]
