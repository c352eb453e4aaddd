"""The charts of an attempt: how far outputs moved, similarities, DET, confusion, thresholds, worst examples."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from converter.report.charts import bar, det, histogram, numbers, scatter, short
from converter.report.content import Attempt, Report
from converter.report.matrix import Confusion, heat_map
from converter.report.tables import Html, rich_table
from converter.report.wording import figure
from edge_face.evaluation.page import plots, section

MOST_WORST = 24
HISTOGRAMS = (("cosine", "Cosine between float and {name}", "cosine of one example, 1 is the same"),
              ("error", "Change of the outputs", "largest change of an output of one example"),
              ("iou", "Boxes: overlap of float and {name}", "intersection over union of one face"),
              ("landmarks", "Landmarks: float to {name}", "distance, as a share of the eyes' distance"),
              ("psnr", "Pictures: float against {name}", "PSNR of one picture, dB"))


def before_after(before: float, after: float, was: str, now: str) -> str:
    """Two bars on one scale."""
    most = max(before, after)
    return (f'<div class="pair"><span>{escape(was.split(" ")[0])}</span>{bar(before / most, was, "was")}'
            f'<span>{escape(now.split(" ")[0])}</span>{bar(after / most, now)}</div>')


def charts(report: Report, attempt: Attempt) -> list[str]:
    """The sections of an attempt's plots, each where the task has it."""
    if attempt.verdict is None:
        return []
    data, name = attempt.verdict.plots, attempt.precision
    drawn = [chart for key, title, label in HISTOGRAMS if data.get(key) is not None
             for chart in _histograms(title.format(name=name), label.format(name=name), data[key], key in ("cosine", "iou", "psnr"))]
    sections = []
    if drawn:
        sections.append(section("How far the outputs moved", plots(drawn)))
    pairs = data.get("scatter")
    alike = []
    if isinstance(pairs, Mapping):
        alike.append(scatter(f"Similarities of pairs: float against {name}", "similarity, float", f"similarity, {name}",
                             pairs.get("float"), pairs.get("quantized"), pairs.get("same")))
    if isinstance(data.get("det"), Mapping):
        named = {(name if key == "quantized" else key): curve for key, curve in data["det"].items() if isinstance(curve, Mapping)}
        alike.append(f'<div class="det">{det(f"DET: float and {name}", named)}</div>')
    if alike:
        sections.append(section("Similarities and error rates, before and after", plots(alike),
                                "On the dashed diagonal nothing has changed. A DET curve that lies lower is better."))
    sections += _thresholds(data.get("thresholds"), name)
    sections += _confusion(report, data.get("confusion"), name)
    return sections


def _histograms(title: str, label: str, values: Any, low_is_bad: bool) -> list[str]:
    named = {str(key): value for key, value in values.items()} if isinstance(values, Mapping) else {"": values}
    found = []
    for key, part in named.items():
        plain, _ = numbers(part)
        lines: dict[str, float] = {}
        if len(plain) > 1:
            rank = 1 if low_is_bad else 99
            extreme = float(np.percentile(plain, rank))
            lines = {f"mean {figure(float(plain.mean()))}": float(plain.mean()),
                     f"{rank}{'st' if rank == 1 else 'th'} percentile {figure(extreme)}": extreme}
        found.append(histogram(f"{title}: {short(key, 30)}" if key else title, label, part, lines))
    return found


def _thresholds(rows: Any, name: str) -> list[str]:
    """How far the threshold of each false match rate moved: [{"fmr", "float", "quantized"}]."""
    if not isinstance(rows, list | tuple):
        return []
    cells: list[Sequence[Html | str]] = []
    for row in rows:
        if isinstance(row, Mapping):
            before, after = _number(row.get("float")), _number(row.get("quantized"))
            moved = f"{after - before:+.4f}" if before is not None and after is not None else "-"
            cells.append((f"{_number(row.get('fmr')) or 0:g}", figure(before), figure(after), moved))
    if not cells:
        return []
    head = ("false match rate", "float", name, "moved by")
    return [section("Thresholds", rich_table(head, cells, head[1:]),
                    "The similarity that is asked for at a false match rate. A bundle carries the table of its own file.")]


def _number(value: Any) -> float | None:
    found, _ = numbers([value])
    return float(found[0]) if len(found) else None


def _confusion(report: Report, data: Any, name: str) -> list[str]:
    labels = report.plan.labels or (("attack", "live") if report.plan.task == "liveness" else ())
    confusion = Confusion.of(data, labels) if data is not None else None
    if confusion is None:
        return []
    shown = confusion.capped()
    maps = [heat_map("Confusion: float", shown.labels, shown.before),
            heat_map(f"Confusion: {name}", shown.labels, shown.after, shown.before)]
    rows = [(short(it, 60), short(called, 60), f"{before:,}", f"{after:,}", f"{after - before:+,}")
            for it, called, before, after in confusion.changes()]
    changes = rich_table(("what it is", "called", "float", name, "change"), rows, ("float", name, "change")) if rows else \
        "<p>Both make the same mistakes, each as often.</p>"
    capped = f"Of {len(confusion.labels)} classes those with the most mistakes are drawn. " if shown is not confusion else ""
    return [section("Confusion, before and after", plots(maps), f"{capped}Shade: the share of its row."),
            section("Mistakes whose number changed the most", changes)]


def worst(report: Report, attempt: Attempt) -> list[str]:
    """The examples that lost the most: by name, or shown where the user allowed pictures."""
    entries = attempt.verdict.plots.get("worst") if attempt.verdict else None
    if not isinstance(entries, list | tuple) or not entries:
        return []
    known = [(str(entry.get("name", "")), _number(entry.get("figure"))) for entry in entries if isinstance(entry, Mapping)]
    note = f"The {min(len(known), MOST_WORST)} with the largest difference between float and {attempt.precision}."
    if any(name in report.pictures for name, _ in known):
        figures = "".join(f"<figure>{picture(report.pictures.get(name, b''))}<figcaption>{figure(value)}: {escape(short(name, 120))}"
                          "</figcaption></figure>" for name, value in known[:MOST_WORST])
        return [section("Worst examples", f'<div class="faces">{figures}</div>', note)]
    rows = [(f"{number}", short(name, 200), figure(value)) for number, (name, value) in enumerate(known[:MOST_WORST], 1)]
    return [section("Worst examples", rich_table(("#", "example", "figure"), rows, ("#", "figure")), note)]


def picture(content: bytes) -> str:
    """An image as part of the page; a word where the bytes are none that a page can hold."""
    kinds = ((b"\xff\xd8\xff", 0, "jpeg"), (b"\x89PNG\r\n\x1a\n", 0, "png"), (b"WEBP", 8, "webp"))
    kind = next((name for magic, at, name in kinds if content.startswith(magic, at)), "")
    if not kind:
        return '<div class="nothing">no picture</div>'
    return f'<img alt="" src="data:image/{kind};base64,{base64.b64encode(content).decode("ascii")}">'
