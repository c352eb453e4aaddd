"""Tables of the report whose cells hold bars and marks; on a narrow screen each row becomes a short list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from converter.contract import LayerDamage
from converter.report.charts import allowance_bar, bar, short
from converter.report.content import Attempt, Report
from converter.report.wording import allowance, figure, milliseconds, size

MOST_LAYERS = 40
MOST_NAMES = 12


@dataclass(frozen=True, slots=True)
class Html:
    """A cell that is markup already; `style` its class."""

    markup: str
    style: str = ""


def rich_table(head: Sequence[str], rows: Sequence[Sequence[Html | str]], numeric: Sequence[str] = (), chosen: Sequence[bool] = ()) -> str:
    """Text cells are escaped. `numeric`: the columns of figures; `chosen`: rows that are marked."""
    top = "".join(f'<th{" class=n" if name in numeric else ""}>{escape(name)}</th>' for name in head)
    body = []
    for number, row in enumerate(rows):
        cells = "".join(_cell(name, value, name in numeric) for name, value in zip(head, row, strict=True))
        body.append(f'<tr{" class=chosen" if number < len(chosen) and chosen[number] else ""}>{cells}</tr>')
    return f'<table class="stack"><tr>{top}</tr>{"".join(body)}</table>'


def _cell(name: str, value: Html | str, number: bool) -> str:
    text, style = (value.markup, value.style) if isinstance(value, Html) else (f"<span>{escape(value)}</span>" if value else "", "")
    style = " ".join(part for part in ("n" if number else "", style, "" if text else "empty") if part)
    return f'<td data-name="{escape(name)}"{f" class={chr(34)}{style}{chr(34)}" if style else ""}>{text}</td>'


def outcome(passed: bool | None, yes: str = "passed", no: str = "failed", neither: str = "not measured") -> Html:
    """A word and a sign, never colour alone."""
    if passed is None:
        return Html(f'<span class="mark-none">{neither}</span>')
    return Html(f'<span class="mark-good">✓ {yes}</span>' if passed else f'<span class="mark-bad">✗ {no}</span>')


def checks_table(attempt: Attempt) -> str:
    """Each check with its limit, its figure and how much of the allowance it used."""
    checks = attempt.verdict.checks if attempt.verdict else ()
    if not checks:
        return f"<p>{escape(attempt.why or 'The gate had nothing that it could check.')}</p>"
    rows = [(check.metric.replace("_", " "), outcome(None if check.figure is None and check.passed else check.passed),
             figure(check.figure), f"at {'least' if check.at_least else 'most'} {figure(check.limit)}",
             Html(allowance_bar(allowance(check), check.passed), "cell-bar"), Html(f"<span>{escape(check.text)}</span>", "words"))
            for check in checks]
    return rich_table(("check", "verdict", "figure", "limit", "used of what is allowed", "in words"), rows, ("figure", "limit"))


def attempts_table(report: Report) -> str:
    """Everything that was tried, in order; the files of the bundle are marked."""
    rows = []
    for number, attempt in enumerate(report.attempts, 1):
        verdict = outcome(None if attempt.verdict is None else attempt.passed, neither="not judged")
        notes = [attempt.how, attempt.delegate, *attempt.said]
        if attempt.kept_float:
            notes.append("In float: " + names(attempt.kept_float))
        got = f'<span class="tag">{escape(attempt.chosen)}</span>' if attempt.chosen else "<span>no</span>"
        rows.append((f"{number}", Html(f"<b>{escape(attempt.title)}</b>", "wide"), verdict, Html(got), size(attempt.cost.bytes),
                     milliseconds(attempt.cost.ms), size(attempt.cost.memory),
                     Html("<br>".join(f"<span>{escape(note)}</span>" for note in notes if note), "words"),
                     Html(f"<span>{escape(attempt.why)}</span>" if attempt.why else "", "words")))
    head = ("#", "tried", "gate", "in the bundle", "size", "a run", "memory", "how", "why")
    return rich_table(head, rows, ("#", "size", "a run", "memory"), [bool(attempt.chosen) for attempt in report.attempts])


def damage_table(damage: Sequence[LayerDamage], kept_float: Sequence[str]) -> str:
    """Layers by the damage that quantizing each alone does, the worst first; those that stayed float are marked."""
    known = [layer for layer in damage if layer.error == layer.error]
    ordered = sorted(known, key=lambda layer: -layer.error)
    shown = ordered[:MOST_LAYERS] + [layer for layer in ordered[MOST_LAYERS:] if layer.layer in set(kept_float)]
    largest = max((layer.error for layer in shown if layer.error != float("inf")), default=0.0) or 1.0
    rows = []
    for layer in shown:
        kept = layer.layer in kept_float
        tag = ' <span class="tag">stays float</span>' if kept else ""
        rows.append((Html(f"<span>{escape(short(layer.layer, 160))}</span>{tag}", "wide"), layer.operator,
                     Html(bar(layer.error / largest, f"error {figure(layer.error)}", "kept" if kept else ""), "cell-bar"),
                     f"{layer.error:.3%}" if abs(layer.error) < 10 else figure(layer.error), size(layer.bytes)))
    left = len(damage) - len(shown)
    note = f'<p class="note">{left:,} more layers do less damage, or none that could be measured.</p>' if left else ""
    return rich_table(("layer", "operator", "error of the outputs", "relative", "weights"), rows, ("relative", "weights")) + note


def names(values: Sequence[str]) -> str:
    """The first dozen names and how many more there are."""
    more = len(values) - MOST_NAMES
    return ", ".join(short(value, 80) for value in values[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
