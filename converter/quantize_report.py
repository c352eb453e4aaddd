"""What a quantization found, put into its report."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from converter.attempts import ALIKE, Attempt
from converter.contract import Material
from converter.inspection import Partitions, inspect_content
from converter.quantizing import Found, Order
from converter.report.content import Attempt as Row
from converter.report.content import Examples, Footprint, ModelFacts, Report
from converter.report.environment import command_line, environment
from edge_face.vision.runtime import runtime_name

PICTURE_LIMIT = 24


def report_of(order: Order, found: Found, name: str, words: Sequence[str], said: Sequence[str]) -> Report:
    """`name`: the bundle's; `words`: the command as it was typed; `said`: warnings."""
    plain, milliseconds = found.floor
    seen = {plain: inspect_content("float32", plain, runs=1)}
    for attempt in found.attempts:
        if attempt.candidate.content not in seen:
            seen[attempt.candidate.content] = inspect_content(attempt.candidate.precision, attempt.candidate.content, runs=1)
    looked = {id(attempt): seen[attempt.candidate.content] for attempt in found.attempts}
    before = Footprint(len(plain), milliseconds, _memory(seen[plain]))
    chosen = {id(attempt): f"{precision}.tflite" for precision, attempt in found.files.items()}
    rows = tuple(Row.of(attempt.candidate, attempt.verdict, ms=attempt.milliseconds, memory=_memory(looked[id(attempt)]),
                        delegate=_delegate(looked[id(attempt)]),
                        chosen=chosen.get(id(attempt), ""), why=_why(attempt, found, order)) for attempt in found.attempts)
    macs = next((look["macs"] for look in looked.values() if look.get("macs")), None)
    main = next(iter(found.files.values()), None)
    return Report(
        name, ModelFacts.of(found.model, macs), found.plan, rows, before, forced=order.force and not found.passed,
        damage=found.damage, calibration=Examples.of(found.calibration, order.calibration.name),
        gate=Examples.of(found.examples, (order.gate or order.calibration).name),
        limits=limits_of(found), limits_from=found.limits.source,
        environment=environment(runtime_name()), digests={name: hashlib.sha256(a.candidate.content).hexdigest() for name, a in
                                                          ((f"{p}.tflite", a) for p, a in found.files.items())},
        recipe=dict(main.candidate.recipe) if main is not None else {}, seconds=found.seconds, command=command_line(words),
        said=(*said, *found.slow, *_too_new(found, looked)), pictures=_pictures(found.examples, found) if order.show else {})


def limits_of(found: Found) -> dict[str, Any]:
    """The limits that the files of the bundle were held to, by precision."""
    precisions = list(found.files) or sorted({attempt.candidate.precision for attempt in found.attempts})
    return {precision: dict(found.limits.of(found.plan.task, precision)) for precision in precisions}


def _delegate(look: Mapping[str, Any]) -> str:
    delegate = look.get("delegate")
    return Partitions(**delegate).sentence() if isinstance(delegate, Mapping) else ""


def _too_new(found: Found, looked: Mapping[int, Mapping[str, Any]]) -> list[str]:
    """Files of the bundle that an older runtime does not load; of "dynamic" nobody expects it."""
    return [f"{precision}.tflite needs LiteRT: tflite-runtime 2.14 does not know {', '.join(unknown)}"
            for precision, attempt in found.files.items()
            if precision != "dynamic" and (unknown := looked[id(attempt)].get("beyond_tflite_runtime_2_14"))]


def _memory(look: Mapping[str, Any]) -> int | None:
    """Bytes that a process grows by when it loads and runs the file."""
    return round(look["memory_mb"] * 1e6) if "memory_mb" in look else None


def _why(attempt: Attempt, found: Found, order: Order) -> str:
    if not attempt.passed:
        return "did not pass the gate" + (", written with --force" if attempt in found.files.values() else "")
    if attempt in found.files.values():
        if attempt.candidate.precision in order.precisions:
            return "asked for"
        return f"the smallest that passed, and the fastest of those within {round(100 * (ALIKE - 1))} % of its size"
    return "passed, but another file is smaller or faster"


def _pictures(examples: Material, found: Found) -> dict[str, bytes]:
    """JPEG files of the worst examples, by name."""
    import cv2

    names = {str(entry["name"]) for attempt in found.attempts for entry in attempt.verdict.plots.get("worst", ())}
    places = [i for i, name in enumerate(examples.names) if name in names and i < len(examples.pictures)][:PICTURE_LIMIT]
    return {examples.names[i]: cv2.imencode(".jpg", examples.pictures[i])[1].tobytes() for i in places}


def report_paths(report: Path | None, out: Path, suffix: str = "") -> tuple[Path, Path]:
    """HTML and JSON of the report: beside the bundle unless named. `suffix` tells several apart."""
    page = report or out.absolute().with_name(f"{out.absolute().name}-report.html")
    page = page.with_name(f"{page.stem}{suffix}{page.suffix or '.html'}")
    return page, page.with_suffix(".json")
