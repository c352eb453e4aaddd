"""The report as one HTML page: the verdict first, then what it rests on. Offline, without a script, everything said by others escaped."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from converter.report import details, evidence
from converter.report.content import Report
from converter.report.record import printable
from converter.report.style import HEAD
from converter.report.tables import attempts_table, checks_table, damage_table
from converter.report.tidying import tidy
from converter.report.wording import change, headline, many, milliseconds, size
from edge_face.evaluation.page import page, section


def render(report: Report) -> str:
    """The whole page."""
    report = tidy(report)
    about = f"{report.model.name}, {report.plan.task}" + (f"; gate: {report.gate.count:,} examples" if report.gate else "")
    sections = [_verdict(report), _facts(report)]
    attempt = report.main
    if attempt is not None:
        sections.append(section(f"What the gate checked: {attempt.title}", checks_table(attempt),
                                "The upright line in a bar is the limit; a bar beyond it has failed."))
        for other in report.attempts:
            if other is not attempt and other.verdict is not None and other.verdict.checks:
                words = "passed" if other.passed else "failed"
                sections.append(details.folded(f"The same checks of {other.title}: {words}", checks_table(other)))
        sections.append(section("What was tried, in this order", attempts_table(report)))
        sections += evidence.charts(report, attempt)
    if report.damage:
        kept = attempt.kept_float if attempt else ()
        sections.append(section("Damage by layer", damage_table(report.damage, kept),
                                "What quantizing one layer alone does to the outputs: RMS of the difference over RMS of the float output."))
    if attempt is not None:
        sections += evidence.worst(report, attempt)
    sections += details.examples(report)
    sections += details.folds(report)
    return printable(page(f"Conversion report: {report.name}", about, [part for part in sections if part], HEAD))


def _verdict(report: Report) -> str:
    words = headline(report)
    more = "".join(f"<p>{escape(sentence)}</p>" for sentence in words.more)
    following = f'<p class="next">Next: {escape(words.next)}</p>' if words.next else ""
    warnings = "".join(f'<p><span class="warn">Warning:</span> {escape(sentence)}</p>' for sentence in report.said)
    return (f'<div class="verdict {"good" if words.passed else "bad"}" role="status"><strong>{escape(words.text)}</strong>'
            f"{following}{more}{warnings}</div>")


def _facts(report: Report) -> str:
    attempt, before = report.main, report.before
    boxes = []
    if attempt is not None:
        after = attempt.cost
        boxes = [_fact("size on disk", size, before.bytes, after.bytes, "smaller", "larger", attempt.precision),
                 _fact("a run, one thread", milliseconds, before.ms, after.ms, "faster", "slower", attempt.precision),
                 _fact("memory at most", size, before.memory, after.memory, "less", "more", attempt.precision)]
    model = report.model
    work = [(many(count), what) for count, what in ((model.macs, "multiply-accumulates a run"), (model.parameters, "parameters"))
            if count is not None]
    if work:
        words = "".join(f"<span>, {count} {what}</span>" for count, what in work[1:])
        boxes.append(f'<div class="fact"><b>{work[0][0]}</b><span>{work[0][1]}</span>{words}</div>')
    return f'<div class="facts">{"".join(boxes)}</div>' if any(boxes) else ""


def _fact(what: str, shown: Callable[[Any], str], before: float | None, after: float | None, less: str, more: str, name: str) -> str:
    new = shown(after)
    if new == "-":
        return ""
    ratio = change(before, after, less, more)
    bars = evidence.before_after(before, after, f"float32 {shown(before)}", f"{name} {new}") if ratio and before and after else ""
    return f'<div class="fact"><b>{escape(new)}</b><span>{escape(what)}{f", {ratio}" if ratio else ""}</span>{bars}</div>'
