"""The few lines that a command prints when it is done."""

from __future__ import annotations

from pathlib import Path

from converter.report.content import Report
from converter.report.record import printable
from converter.report.wording import change, headline, milliseconds, size


def summary(report: Report, html: Path | None = None) -> list[str]:
    """Verdict, what to try next, size, speed, memory, and where the page lies."""
    words = headline(report)
    lines = [words.text, *(f"  {sentence}" for sentence in words.more)]
    if words.next:
        lines.append(f"  next: {words.next}")
    attempt = report.main
    if attempt is not None:
        before, after = report.before, attempt.cost
        rows = (("size", size(before.bytes), size(after.bytes), change(before.bytes, after.bytes, "smaller", "larger")),
                ("speed", milliseconds(before.ms), milliseconds(after.ms), change(before.ms, after.ms, "faster", "slower")),
                ("memory", size(before.memory), size(after.memory), change(before.memory, after.memory, "less", "more")))
        for what, old, new, ratio in rows:
            if new != "-":
                lines.append(f"  {what:<7} " + (f"{old} -> {new}" if old != "-" else new) + (f" ({ratio})" if ratio else ""))
        if attempt.delegate:
            lines.append(f"  {attempt.delegate}")
    lines += [f"  warning: {sentence}" for sentence in report.said]
    if html is not None:
        lines.append(f"  report: {html}")
    return [printable(line) for line in lines]
