"""The report page of `edge-face enroll --batch`: who is known now, who waits, who was left out and why. One file, no scripts."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from edge_face.access.moments import moment_text
from edge_face.people.batch import BatchReport, Outcome

_STYLE = """
:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5 }
body { max-width: 60rem; margin: 1rem auto; padding: 0 1rem } table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #8888 } code { overflow-wrap: anywhere }
@media print { a { color: inherit } }
"""
_TITLES = (("waits", "Waiting for their consent", "Not recognised and not shown until it is recorded: fill in the columns consent and "
            "how of the list and run it again, or 'edge-face people consent NAME --give recognise'. After 30 days they are erased."),
           ("active", "Enrolled", "The door knows them."),
           ("agreed", "Consent recorded now", "They waited; the door knows them from now on."),
           ("left out", "Left out", "Nothing was kept of them in this run. Mend what is said and run the list again."),
           ("there", "There already", "Left as they were."))


def batch_page(report: BatchReport, wall: float) -> str:
    """HTML, all of it escaped."""
    counts = ", ".join(f"{number} {title.casefold()}" for what, title, _ in _TITLES if (number := report.count(what)))
    parts = [f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
             f"<title>Enrolment of {len(report.outcomes)} people</title><style>{_STYLE}</style></head><body>"
             f"<h1>Enrolment of {len(report.outcomes)} people</h1><p>{escape(moment_text(wall, None))}: {escape(counts)}. "
             "This page holds names: keep it as you keep the list.</p>"]
    for what, title, words in _TITLES:
        rows = [outcome for outcome in report.outcomes if outcome.what == what]
        if rows:
            parts.append(f"<h2>{title} ({len(rows)})</h2><p>{escape(words)}</p>{_table(rows)}")
    return "\n".join(parts) + "\n</body></html>\n"


def _table(rows: Iterable[Outcome]) -> str:
    head = "<tr><th>Name</th><th>Templates</th><th>Alike</th><th>To know</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{''.join(map(_line, rows))}</tbody></table>"


def _line(outcome: Outcome) -> str:
    notes = [outcome.why] if outcome.why else []
    if outcome.alike is not None and outcome.alike < 0.5:
        notes.append("the pictures agree less than usual: better ones make the door open more reliably")
    notes += [f"looks confusable with {name}: give both a code besides the face" for name in outcome.resembles]
    notes += [f"left out {one.what}: {one.why}" for one in outcome.left_out]
    alike = "" if outcome.alike is None else f"{outcome.alike:.2f}"
    return (f"<tr><td>{escape(outcome.name)}</td><td>{outcome.templates or ''}</td><td>{alike}</td>"
            f"<td>{'<br>'.join(map(escape, notes))}</td></tr>")
