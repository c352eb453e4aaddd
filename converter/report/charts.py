"""Charts of the report as inline SVG, beside the line plots of `edge_face.evaluation.plots`: histogram, scatter, DET, bars, matrix.

Nothing is told by colour alone: marks differ in shape, lines in dashes, cells carry their number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_face.evaluation.plots import Axis, Curve, across, chart, down, framed

Numbers = npt.NDArray[np.float64]
LARGEST = 1e30
"""Beyond, a number is as good as infinite: an axis up to it would show nothing else."""
MOST_BINS = 40
MOST_MARKS = 6000
SHOWN_OVER = 1.5
"""Where the bar of an allowance ends: half as much again as is allowed."""


def numbers(values: Any) -> tuple[Numbers, int]:
    """The finite numbers among values (any nesting), and how many had to be left out."""
    found: list[float] = []
    left_out = 0

    def walk(value: Any) -> None:
        nonlocal left_out
        if isinstance(value, np.ndarray):
            value = value.tolist()
        if isinstance(value, Mapping):
            value = list(value.values())
        if isinstance(value, list | tuple):
            for item in value:
                walk(item)
        elif isinstance(value, int | float | np.number) and math.isfinite(value) and abs(float(value)) < LARGEST:
            found.append(float(value))
        elif value is not None:
            left_out += 1

    walk(values)
    return np.array(found, np.float64), left_out


def span(values: Numbers, room: float = 0.04) -> tuple[float, float]:
    """The range of an axis for values: a little wider than they are, never so narrow that its ticks read alike."""
    low, high = float(values.min()), float(values.max())
    width = max(high - low, 1e-3 * max(abs(low), abs(high)), 1e-9)
    return low - room * width, high + room * width


def histogram(title: str, label: str, values: Any, lines: Mapping[str, float] | None = None) -> str:
    """How often each value comes; `lines`: named values that are marked. A sentence where there is nothing to draw."""
    found, left_out = numbers(values)
    if not len(found):
        return nothing(title, "no value could be measured" if not left_out else "what was measured is no number")
    low, high = span(found)
    bins = min(max(round(math.sqrt(len(found)) * 1.6), 5), MOST_BINS)
    counts, edges = np.histogram(found, bins, (low, high))
    x, y = Axis(label, low, high), Axis("examples", 0.0, max(float(counts.max()) * 1.08, 4.0))
    floor = down(y, 0.0)
    drawn = [f'<rect class="block" x="{across(x, left) + 0.6:.1f}" y="{down(y, float(count)):.1f}" '
             f'width="{max(across(x, right) - across(x, left) - 1.2, 0.8):.1f}" height="{floor - down(y, float(count)):.1f}">'
             f"<title>{left:.5g} to {right:.5g}: {count:,}</title></rect>"
             for left, right, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True) if count]
    for number, (name, value) in enumerate((lines or {}).items()):
        if math.isfinite(value) and low <= value <= high:
            drawn.append(_marked(name, across(x, value), number))
    about = f"{len(found):,} values from {found.min():.5g} to {found.max():.5g}, median {np.median(found):.5g}"
    return _held(framed(title, x, y, drawn, about) + _left_out(left_out))


def _marked(name: str, at: float, number: int) -> str:
    left = at > 330
    place = 55 + 20 * (number % 4)
    return (f'<line class="mark m{number % 3}" x1="{at:.1f}" y1="36" x2="{at:.1f}" y2="348"/>'
            f'<text class="tick halo" x="{at + (-6 if left else 6):.1f}" y="{place}" text-anchor="{"end" if left else "start"}">'
            f"{escape(short(name, 34))}</text>")


def scatter(title: str, x_label: str, y_label: str, before: Any, after: Any, same: Any = None) -> str:
    """Pairs of values with the diagonal on which nothing would have changed. `same`: true where a pair is of one person or right;
    those are drawn as circles, the others as crosses. More than some thousands are thinned evenly."""
    x_all, y_all = _parallel(before), _parallel(after)
    if x_all is None or y_all is None or len(x_all) != len(y_all):
        return nothing(title, "there are no pairs of figures")
    kinds = np.asarray(same, bool).ravel() if same is not None and np.size(same) == len(x_all) else None
    fit = np.isfinite(x_all) & np.isfinite(y_all) & (np.abs(x_all) < LARGEST) & (np.abs(y_all) < LARGEST)
    chosen = np.flatnonzero(fit)
    if not len(chosen):
        return nothing(title, "no pair of figures is finite")
    left_out, total = len(x_all) - len(chosen), len(chosen)
    low, high = span(np.concatenate([x_all[chosen], y_all[chosen]]))
    x, y = Axis(x_label, low, high), Axis(y_label, low, high)
    # The difference is told from all pairs; only the drawing is thinned.
    difference = y_all[chosen] - x_all[chosen]
    if total > MOST_MARKS:
        chosen = chosen[np.linspace(0, total - 1, MOST_MARKS).astype(int)]
    drawn = [f'<line class="ideal" x1="{across(x, low):.1f}" y1="{down(y, low):.1f}" x2="{across(x, high):.1f}" y2="{down(y, high):.1f}"/>']
    groups = [("dot", chosen)] if kinds is None else [("cross", chosen[~kinds[chosen]]), ("dot", chosen[kinds[chosen]])]
    for style, group in groups:
        places = dict.fromkeys((round(across(x, a), 1), round(down(y, b), 1))
                               for a, b in zip(x_all[group].tolist(), y_all[group].tolist(), strict=True))
        step = "m-2-2l4 4m0-4l-4 4" if style == "cross" else "h0"
        drawn.append(f'<path class="{style}" d="{"".join(f"M{a:g} {b:g}{step}" for a, b in places)}"/>')
    if kinds is not None:
        drawn.append('<path class="dot" d="M80 52h0"/><text class="tick halo" x="90" y="56">one person</text>'
                     '<path class="cross" d="M80 70m-2-2l4 4m0-4l-4 4"/><text class="tick halo" x="90" y="74">two people</text>')
    about = f"{total:,} pairs, mean difference {difference.mean():+.3g}, spread {difference.std():.3g}"
    note = f'<p class="note">{total:,} pairs; mean difference {difference.mean():+.4f}, standard deviation {difference.std():.4f}.</p>'
    return _held(framed(title, x, y, drawn, about) + note + _left_out(left_out))


def _parallel(values: Any) -> npt.NDArray[np.float64] | None:
    """A flat array that keeps its places: what is no number becomes NaN."""
    if values is None:
        return None
    items = values.ravel().tolist() if isinstance(values, np.ndarray) else list(values)
    return np.array([float(v) if isinstance(v, int | float | np.number) else math.nan for v in items], np.float64)


def det(title: str, curves: Mapping[str, Mapping[str, Any]], x_name: str = "false match rate (FMR)",
        y_name: str = "false non-match rate (FNMR)") -> str:
    """Error rates against each other on logarithmic axes, by name {"fmr": [...], "fnmr": [...]}; every second line is dashed."""
    drawn: list[Curve] = []
    for number, (name, curve) in enumerate(curves.items()):
        x, y = _parallel(curve.get("fmr")), _parallel(curve.get("fnmr"))
        if x is None or y is None or len(x) != len(y):
            continue
        fit = (x > 0) & (y > 0) & (x <= 1) & (y <= 1)
        if fit.any():
            drawn.append(Curve(short(name, 40) + (", dashed" if number % 2 else ""), x[fit].tolist(), y[fit].tolist()))
    if not drawn:
        return nothing(title, "no errors were seen, so that there is no trade-off to draw")
    return chart(title, _rates(x_name, [v for c in drawn for v in c.x]), _rates(y_name, [v for c in drawn for v in c.y]), drawn, 0.86)


def _rates(label: str, values: Sequence[float]) -> Axis:
    power = math.floor(math.log10(max(min(values), 1e-7)) + 1e-9)
    return Axis(label, min(10.0 ** power, 0.1), 1.0, log=True)


def bar(share: float, about: str, style: str = "") -> str:
    """A bar from the left, 0 to 1 of its cell."""
    width = 100 * min(max(share, 0.0), 1.0) if math.isfinite(share) else 0.0
    return (f'<svg class="bar {style}" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{escape(about)}">'
            f'<rect class="trough" width="100" height="10"/><rect class="fill" width="{max(width, 0.6):.1f}" height="10"/></svg>')


def allowance_bar(used: float | None, passed: bool) -> str:
    """How much of what is allowed was used: the upright line is the limit, and a bar beyond it has failed."""
    if used is None:
        return ""
    width = 100 * min(used, SHOWN_OVER) / SHOWN_OVER
    share = f"{used * 100:.0f} %" if math.isfinite(used) and used < 10 else "over 10 times"
    limit = 100 / SHOWN_OVER
    return (f'<svg class="bar allowance {"good" if passed else "bad"}" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" '
            f'aria-label="{share} of what is allowed">'
            f'<rect class="trough" width="{limit:.1f}" height="10"/><rect class="fill" width="{max(width, 0.6):.1f}" y="1.5" height="7"/>'
            f'<rect class="limit" x="{limit - 0.5:.1f}" width="1" height="10"/></svg><span class="used">{share}</span>')


def nothing(title: str, why: str) -> str:
    """A chart's place where there is nothing to draw."""
    return f'<div class="nothing"><b>{escape(title)}</b><p>{escape(why[:1].upper() + why[1:])}.</p></div>'


def short(text: str, most: int) -> str:
    """Cut to `most` characters, its cut marked."""
    return text if len(text) <= most else text[: max(most - 1, 0)] + "…"


def _held(chart_and_notes: str) -> str:
    """One block, so that notes stay with their chart in a grid."""
    return f"<div>{chart_and_notes}</div>"


def _left_out(count: int) -> str:
    if not count:
        return ""
    return f'<p class="note">{count:,} {"value that is no number is" if count == 1 else "values that are no numbers are"} left out.</p>'
