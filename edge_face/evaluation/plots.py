"""Line plots as inline SVG: linear and logarithmic axes, no script, no file beside the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

WIDTH, HEIGHT = 560, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 18, 36, 52
MOST_POINTS = 300
COLOURS = ("#2457c5", "#c2571a", "#1b7f5c", "#8a3ea8", "#b3261e", "#5b6472", "#b58900")


@dataclass(frozen=True, slots=True)
class Curve:
    """A named line. On a logarithmic axis, points at 0 or below are left out."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True, slots=True)
class Axis:
    """A label, the range that is shown and whether it is logarithmic; `percent`: labels of rates."""

    label: str
    low: float
    high: float
    log: bool = False
    percent: bool = False

    def place(self, value: float) -> float:
        """Where a value stands, 0 to 1."""
        if self.log:
            return (math.log10(value) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        if self.log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            ticks = [10.0 ** power for power in range(first, last + 1)]
            if len(ticks) > 2:
                return ticks
            finer = [m * 10.0 ** power for power in range(first - 1, last + 1) for m in (1, 2, 5)]
            return [tick for tick in finer if self.low * 0.999999 <= tick <= self.high * 1.000001]
        step = _step((self.high - self.low) / 5)
        first_step = math.ceil(self.low / step - 1e-9)
        return [step * k for k in range(first_step, math.floor(self.high / step + 1e-9) + 1)]

    def text(self, value: float) -> str:
        if self.log and not self.percent:
            return f"{value:g}" if value >= 1e-3 else f"1e{round(math.log10(value))}"
        return f"{value * 100:.4g} %" if self.percent else f"{value:g}"


def _step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)


def across(axis: Axis, value: float) -> float:
    """Where a value stands from the left, in the plot's units; beyond the range it stands at the edge."""
    return LEFT + min(max(axis.place(value), 0.0), 1.0) * (WIDTH - LEFT - RIGHT)


def down(axis: Axis, value: float) -> float:
    """Where a value stands from the top."""
    return TOP + (1 - min(max(axis.place(value), 0.0), 1.0)) * (HEIGHT - TOP - BOTTOM)


def framed(title: str, x: Axis, y: Axis, drawn: Sequence[str], about: str = "") -> str:
    """A plot with its axes, grid and title around what is `drawn` (SVG). `about`: what it shows, for who cannot see it."""
    inner_w, inner_h = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(f"{title}: {about}" if about else title)}">',
             f'<text x="{LEFT}" y="20" class="title">{escape(title)}</text>']
    for tick in x.ticks():
        at = f"{across(x, tick):.1f}"
        parts.append(f'<line class="grid" x1="{at}" y1="{TOP}" x2="{at}" y2="{TOP + inner_h}"/>'
                     f'<text class="tick" x="{at}" y="{TOP + inner_h + 17}" text-anchor="middle">{x.text(tick)}</text>')
    for tick in y.ticks():
        at = f"{down(y, tick):.1f}"
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{at}" x2="{LEFT + inner_w}" y2="{at}"/>'
                     f'<text class="tick" x="{LEFT - 7}" y="{down(y, tick) + 4:.1f}" text-anchor="end">{y.text(tick)}</text>')
    parts.append(f'<rect class="frame" x="{LEFT}" y="{TOP}" width="{inner_w}" height="{inner_h}"/>')
    parts += drawn
    parts.append(f'<text class="axis" x="{LEFT + inner_w / 2}" y="{HEIGHT - 12}" text-anchor="middle">{escape(x.label)}</text>'
                 f'<text class="axis" transform="translate(15 {TOP + inner_h / 2}) rotate(-90)" text-anchor="middle">'
                 f"{escape(y.label)}</text>")
    return "".join(parts) + "</svg>"


def chart(title: str, x: Axis, y: Axis, curves: Sequence[Curve], legend: float = 0.0) -> str:
    """One plot. `legend`: how far down the names of several curves stand, 0 (top) to 1."""
    drawn = []
    for number, curve in enumerate(curves):
        points = [(across(x, a), down(y, b)) for a, b in zip(curve.x, curve.y, strict=True) if _visible(a, x) and _visible(b, y)]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in thinned(points))
        drawn.append(f'<polyline class="curve" stroke="{COLOURS[number % len(COLOURS)]}" points="{path}"/>')
    if len(curves) > 1:
        for i, curve in enumerate(curves):
            line = TOP + 10 + 18 * i + round(legend * (HEIGHT - TOP - BOTTOM))
            drawn.append(f'<rect x="{LEFT + 12}" y="{line}" width="14" height="4" fill="{COLOURS[i % len(COLOURS)]}"/>'
                         f'<text class="tick" x="{LEFT + 32}" y="{line + 6}">{escape(curve.name)}</text>')
    return framed(title, x, y, drawn)


def _visible(value: float, axis: Axis) -> bool:
    """Can it be drawn? Beyond the range it is drawn at the edge; nothing and no number cannot."""
    return math.isfinite(value) and (not axis.log or value > 0)


def thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points in pixels without those that nobody sees: one for every pixel across or down, at most MOST_POINTS or so."""
    if not points:
        return []
    least = max((abs(points[-1][0] - points[0][0]) + abs(points[-1][1] - points[0][1])) / MOST_POINTS, 0.8)
    kept = [points[0]]
    for before, point in pairwise(points):
        if abs(point[0] - kept[-1][0]) + abs(point[1] - kept[-1][1]) >= least:
            # A jump keeps its corner.
            if abs(point[0] - before[0]) + abs(point[1] - before[1]) >= least and before != kept[-1]:
                kept.append(before)
            kept.append(point)
    if kept[-1] != points[-1]:
        kept.append(points[-1])
    return kept
