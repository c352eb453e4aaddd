"""The plot of a run as SVG: losses above, figures below, over steps. Written anew with each line of history."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

COLOURS = ("#1b6ca8", "#d1495b", "#2e8b57", "#b8860b", "#6a4c93", "#444444", "#00838f", "#c2185b")
NOT_LOSSES = {"step", "seconds", "rate", "speed", "examined_at"}
WIDTH, HEIGHT, LEFT, RIGHT, TOP = 860, 250, 64, 170, 34

Points = list[tuple[float, float]]


def series(history: Sequence[Mapping[str, Any]], examined: bool) -> dict[str, Points]:
    """Points (step, value) by name: the figures of examinations, or the losses."""
    out: dict[str, Points] = {}
    for entry in history:
        if ("examined_at" in entry) == examined:
            for name, value in entry.items():
                if name not in NOT_LOSSES and isinstance(value, int | float) and math.isfinite(value):
                    out.setdefault(name, []).append((float(entry["step"]), float(value)))
    return out


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers from low to high."""
    if high <= low:
        return [low]
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 12) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def _panel(lines: Mapping[str, Points], title: str, top: int, end: float, log: bool) -> list[str]:
    values = [y for points in lines.values() for _, y in points]
    if not values:
        return []
    log = log and min(values) > 0
    low, high = min(values), max(values)
    if log:
        low, high = math.log10(low), math.log10(high)
    elif low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    margin = max((high - low) * 0.05 or 0.5, max(abs(low), abs(high)) * 1e-6)
    if log or (low, high) != (0.0, 1.0):
        low, high = low - margin, high + margin
    inner = WIDTH - LEFT - RIGHT

    def across(x: float) -> float:
        return LEFT + inner * x / max(end, 1)

    def down(y: float) -> float:
        return top + HEIGHT - (HEIGHT - TOP) * ((math.log10(y) if log else y) - low) / (high - low)

    out = [f'<text x="{LEFT}" y="{top + 20}" class="title">{escape(title)}{" (log scale)" if log else ""}</text>']
    if log:
        exponents = range(math.floor(low), math.ceil(high) + 1)
        marks = [m * 10.0 ** e for e in exponents for m in (1, 2, 5) if low <= math.log10(m * 10.0 ** e) <= high]
    else:
        marks = ticks(low, high)
    for y in marks:
        out.append(f'<path d="M{LEFT} {down(y):.1f}H{WIDTH - RIGHT}" class="grid"/>'
                   f'<text x="{LEFT - 8}" y="{down(y) + 4:.1f}" class="end">{y:g}</text>')
    for x in ticks(0, end):
        out.append(f'<text x="{across(x):.1f}" y="{top + HEIGHT + 18}" class="middle">{x:g}</text>')
    labels: list[tuple[float, str, str]] = []
    for i, (name, points) in enumerate(lines.items()):
        colour = COLOURS[i % len(COLOURS)]
        path = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in points)
        out.append(f'<polyline points="{path}" style="stroke:{colour}"/>')
        if len(points) == 1 or len(points) < 40:
            out += [f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="2.2" style="fill:{colour}"/>' for x, y in points]
        labels.append((down(points[-1][1]), f"{name} {points[-1][1]:.4g}", colour))
    place = -math.inf
    for y, text, colour in sorted(labels):  # kept apart, however close the curves end
        place = max(y + 4, place + 14)
        out.append(f'<text x="{WIDTH - RIGHT + 8}" y="{place:.1f}" style="fill:{colour}">{escape(text)}</text>')
    return out


def render(history: Sequence[Mapping[str, Any]], title: str) -> str:
    """The plot as text."""
    end = max((float(entry["step"]) for entry in history), default=1.0)
    losses = _panel(series(history, False), f"{title}: losses by step", 0, end, log=True)
    figures = _panel(series(history, True), f"{title}: held out, by step", HEIGHT + 50 if losses else 0, end, log=False)
    height = (HEIGHT + 40) * (bool(losses) + bool(figures)) + (10 if losses and figures else 0) or 60
    style = ("text{font:12px system-ui,sans-serif;fill:#333}.title{font-weight:600;font-size:14px}.end{text-anchor:end}"
             ".middle{text-anchor:middle}.grid{stroke:#ddd;stroke-width:1}polyline{fill:none;stroke-width:1.6}")
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">',
                      f"<style>{style}</style>", '<rect width="100%" height="100%" fill="#fff"/>', *losses, *figures, "</svg>", ""])


def draw_progress(path: Path, history: Sequence[Mapping[str, Any]], title: str) -> None:
    """Replaces the plot's file."""
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    partial.write_text(render(history, title), encoding="utf-8")
    partial.replace(path)
