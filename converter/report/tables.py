"""Tables of the report whose cells hold bars and marks; on a narrow screen each row becomes a short list."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from html import escape

from converter.contract import LayerDamage
from converter.report.charts import allowance_bar, bar, short
from converter.report.content import Attempt, Report
from converter.report.wording import allowance, figure, milliseconds, size

MOST_LAYERS = 20
MOST_FOLDED = 500
MOST_NAMES = 12


@dataclass(frozen=True, slots=True)
class Html:
    """A cell that is markup already; `style` its class."""

    markup: str
    style: str = ""


def rich_table(head: Sequence[str], rows: Sequence[Sequence[Html | str]], numeric: Sequence[str] = (), *, spare: Sequence[str] = (),
               stack: bool = False, chosen: Sequence[bool] = ()) -> str:
    """Text cells are escaped. `numeric`: columns of figures; on a narrow screen `spare` columns go, or each row becomes a list
    (`stack`); `chosen`: rows that are marked."""
    styles = [" ".join(style for style, columns in (("n", numeric), ("spare", spare)) if name in columns) for name in head]
    top = "".join(f'<th class="{style}">{escape(name)}</th>' for name, style in zip(head, styles, strict=True))
    body = []
    for number, row in enumerate(rows):
        cells = "".join(_cell(name, value, style) for name, value, style in zip(head, row, styles, strict=True))
        mark = ' class="chosen"' if number < len(chosen) and chosen[number] else ""
        body.append(f"<tr{mark}>{cells}</tr>")
    return f'<table{" class=stack" if stack else ""}><tr>{top}</tr>{"".join(body)}</table>'


def _cell(name: str, value: Html | str, style: str) -> str:
    text, own = (value.markup, value.style) if isinstance(value, Html) else (f"<span>{escape(value)}</span>" if value else "", "")
    style = " ".join(part for part in (style, own, "" if text else "empty") if part)
    return f'<td data-name="{escape(name)}" class="{style}">{text}</td>'


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
    return rich_table(("check", "verdict", "figure", "limit", "allowance used", "in words"), rows, ("figure", "limit"), stack=True)


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
                     Html(("<b>" + escape(attempt.why) + "</b><br>" if attempt.why else "")
                          + "<br>".join(f"<span>{escape(note)}</span>" for note in notes if note), "words")))
    head = ("#", "tried", "gate", "in the bundle", "size", "a run", "memory", "why and how")
    return rich_table(head, rows, ("#", "size", "a run", "memory"), stack=True,
                      chosen=[bool(attempt.chosen) for attempt in report.attempts])


def damage_table(damage: Sequence[LayerDamage], kept_float: Sequence[str]) -> str:
    """Layers by the damage that quantizing each alone does, the worst first, the many harmless ones folded away; those that stayed
    float are marked."""
    ordered = sorted(damage, key=lambda layer: layer.error if math.isfinite(layer.error) else math.inf, reverse=True)
    kept = frozenset(kept_float)
    finite = [abs(layer.error) for layer in ordered if math.isfinite(layer.error)]
    most = max(finite, default=0.0) or 1.0
    shown = _layers(ordered[:MOST_LAYERS], kept, most)
    rest, left = ordered[MOST_LAYERS:MOST_LAYERS + MOST_FOLDED], max(len(ordered) - MOST_LAYERS - MOST_FOLDED, 0)
    if not rest:
        return shown
    inside = _layers(rest, kept, most) + (f'<p class="note">{left:,} more do less damage still.</p>' if left else "")
    return f'{shown}<details><summary>{len(rest) + left:,} more layers</summary><div class="inside">{inside}</div></details>'


def _layers(layers: Sequence[LayerDamage], kept: AbstractSet[str], most: float) -> str:
    rows = []
    for layer in layers:
        stays = layer.layer in kept
        tag = ' <span class="tag">stays float</span>' if stays else ""
        share = layer.error / most if math.isfinite(layer.error) else 1.0
        words = f"{layer.error * 100:.3g} %" if math.isfinite(layer.error) and abs(layer.error) < 10 else figure(layer.error)
        name = re.sub("([/_.])", r"\1<wbr>", escape(short(layer.layer, 160)))
        rows.append((Html(f"<span>{name}</span>{tag}", "wide"), layer.operator,
                     Html(bar(share, f"error {words}", "kept" if stays else ""), "cell-bar"), words, size(layer.bytes)))
    return rich_table(("layer", "operator", "error of the outputs", "relative", "weights"), rows, ("relative", "weights"),
                      spare=("operator", "weights"))


def names(values: Sequence[str]) -> str:
    """The first dozen names and how many more there are."""
    more = len(values) - MOST_NAMES
    return ", ".join(short(value, 80) for value in values[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
