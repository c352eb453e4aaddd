"""What the verdict rests on: the examples, the model, the machine, the recipe; most of it folded away."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape

from converter.contract import TensorSpec
from converter.report.content import Examples, Report
from converter.report.record import simple
from converter.report.tables import rich_table
from converter.report.wording import figure, many

FEWEST = 100
"""Fewer calibration examples than this leave ranges to chance."""


def folded(title: str, body: str) -> str:
    """Shown when asked for."""
    return f'<details><summary>{escape(title)}</summary><div class="inside">{body}</div></details>'


def examples(report: Report) -> list[str]:
    """Calibration and gate: how many, what was left out, warnings."""
    cards = [_examples(title, used, what) for title, used, what in
             (("Calibration", report.calibration, "value ranges are taken from"), ("The gate", report.gate, "the verdict is measured on"))
             if used is not None]
    return [f'<h2>What it was calibrated and judged with</h2>{"".join(cards)}'] if cards else []


def _examples(title: str, used: Examples, what: str) -> str:
    facts = [f"{used.count:,} {'example' if used.count == 1 else 'examples'}" + (f" of {used.source}" if used.source else "")]
    facts.append(f"{used.labelled:,} labelled, {used.classes:,} classes or people" if used.labelled else "none labelled")
    said = list(used.said)
    if title == "Calibration" and used.count < FEWEST and not any(str(FEWEST) in sentence for sentence in said):
        said.insert(0, f"warning: fewer than {FEWEST} examples")
    items = "".join(f"<li>{_sentence(sentence)}</li>" for sentence in said)
    return f'<div class="card"><b>{title}</b>: {what} {escape(", ".join(facts))}.{f"<ul class=said>{items}</ul>" if items else ""}</div>'


def _sentence(text: str) -> str:
    head, colon, rest = text.partition(":")
    if colon and head.strip().lower() == "warning":
        return f'<span class="warn">Warning:</span> {escape(rest.strip())}'
    return f'<span class="warn">{escape(text)}</span>' if "warning" in text.lower() else escape(text)


def folds(report: Report) -> list[str]:
    """The model, limits, machine, times, digests, command and recipe."""
    model = report.model
    rows = [("file", model.name), ("kind", model.kind), ("task", report.plan.task), ("parameters", many(model.parameters)),
            ("inputs", _tensors(model.inputs)), ("outputs", _tensors(model.outputs)), ("weights sha256", model.weights_sha256)]
    if report.plan.preprocessing is not None:
        rows += [(key, _plain(value)) for key, value in simple(report.plan.preprocessing).items()]
    if report.plan.labels:
        rows.append(("labels", f"{len(report.plan.labels):,}: " + ", ".join(report.plan.labels[:30])
                     + (" and more" if len(report.plan.labels) > 30 else "")))
    guessed = [*(f"guessed: {sentence}" for sentence in report.plan.guessed), *model.said]
    notes = f'<ul class="said">{"".join(f"<li>{escape(sentence)}</li>" for sentence in guessed)}</ul>' if guessed else ""
    title = "The model and what it was taken for" + (f" ({len(report.plan.guessed)} guessed)" if report.plan.guessed else "")
    parts = ["<h2>What it was made of</h2>", folded(title, rich_table(("what", "value"), rows) + notes)]
    parts.append(_mapping(f"Limits of the gate{f' ({report.limits_from})' if report.limits_from else ''}", _flat(report.limits)))
    parts.append(_mapping("Machine and versions", report.environment))
    if report.main is not None and report.main.verdict is not None:
        parts.append(_mapping(f"Figures of the gate: {report.main.title}", _flat(report.main.verdict.metrics)))
    total = sum(value for value in report.seconds.values() if value == value)
    parts.append(_mapping(f"Time: {figure(total)} s", {stage: f"{figure(value)} s" for stage, value in report.seconds.items()}))
    parts.append(_mapping("Digests (sha256)", {**report.digests, **{a.chosen: a.sha256 for a in report.attempts if a.chosen and a.sha256}}))
    if report.command:
        parts.append(folded("Command", f"<pre>{escape(report.command)}</pre>"))
    if report.recipe:
        text = json.dumps(simple(report.recipe), ensure_ascii=False, allow_nan=False, indent=2)
        parts.append(folded("Recipe", f"<pre>{escape(text)}</pre>"))
    return parts


def _mapping(title: str, values: Mapping[str, object]) -> str:
    if not values:
        return ""
    return folded(title, rich_table(("what", "value"), [(str(key), _plain(simple(value))) for key, value in values.items()]))


def _flat(values: Mapping[str, object], above: str = "") -> dict[str, object]:
    """Tables within tables as one, their names joined by a dot."""
    flat: dict[str, object] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{above}{key}.") if isinstance(value, Mapping) else {f"{above}{key}": value}
    return flat


def _plain(value: object) -> str:
    if isinstance(value, float):
        return figure(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return {None: "-", True: "yes", False: "no"}.get(value, str(value)) if value is None or isinstance(value, bool) else str(value)


def _tensors(tensors: tuple[TensorSpec, ...]) -> str:
    return ", ".join(f"{tensor.name} ({' x '.join(map(str, tensor.shape)) or 'one number'}, {tensor.dtype})" for tensor in tensors)
