"""Confusion matrices before and after, as heat maps, capped where hundreds of classes would be too many to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.report.charts import nothing, short

Counts = npt.NDArray[np.int64]
MOST = 24
"""Classes that are drawn; of more, those with the most mistakes or changes, the rest joined into one."""
LETTERS = 16


@dataclass(frozen=True, eq=False)
class Confusion:
    """Counts (n, n): rows what it is, columns what it is said to be, of the float model and of the quantized file."""

    labels: tuple[str, ...]
    before: Counts
    after: Counts

    @classmethod
    def of(cls, plot: Any, labels: Sequence[str]) -> Confusion | None:
        """From {"float": [[...]], "quantized": [[...]]}; None where these are no two square tables of one size."""
        try:
            before, after = (np.nan_to_num(np.asarray(plot[key], np.float64), posinf=0, neginf=0) for key in ("float", "quantized"))
        except (KeyError, TypeError, ValueError):
            return None
        if before.ndim != 2 or not before.size or before.shape != after.shape or before.shape[0] != before.shape[1]:
            return None
        size = len(before)
        names = (*labels[:size], *(f"class {i}" for i in range(len(labels), size)))
        return cls(names, _counts(before), _counts(after))

    def capped(self, most: int = MOST) -> Confusion:
        """At most `most` classes: the most confused and most changed by themselves, the others joined."""
        if len(self.labels) <= most:
            return self
        wrong = np.abs(self.after - self.before) + self.after + self.before
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-(wrong.sum(0) + wrong.sum(1)), kind="stable")
        kept = np.sort(order[: most - 1])
        place = np.full(len(self.labels), len(kept))
        place[kept] = np.arange(len(kept))
        names = (*(self.labels[i] for i in kept), f"{len(self.labels) - len(kept)} others")
        return Confusion(names, _joined(self.before, place), _joined(self.after, place))

    def changes(self, most: int = 10) -> list[tuple[str, str, int, int]]:
        """The mistakes whose number changed the most: what it is, what it is called, before, after."""
        moved = np.abs(self.after - self.before)
        np.fill_diagonal(moved, 0)
        cells = np.argsort(-moved, axis=None, kind="stable")[:most]
        rows, columns = np.unravel_index(cells, moved.shape)
        return [(self.labels[i], self.labels[j], int(self.before[i, j]), int(self.after[i, j]))
                for i, j in zip(rows.tolist(), columns.tolist(), strict=True) if moved[i, j]]


def _counts(values: npt.NDArray[np.float64]) -> Counts:
    return np.clip(np.rint(values), 0, 2**52).astype(np.int64)


def _joined(counts: Counts, place: npt.NDArray[np.int64]) -> Counts:
    size = int(place.max()) + 1
    joined = np.zeros((size, size), np.int64)
    np.add.at(joined, (place[:, None], place[None, :]), counts)
    return joined


def heat_map(title: str, labels: Sequence[str], counts: Counts, other: Counts | None = None) -> str:
    """Shade: the share of its row. `other`: the same cells before, for the words that a cell says when pointed at."""
    n = len(labels)
    if n == 0 or not counts.any():
        return nothing(title, "no labelled example was judged")
    cell = max(16, min(54, 400 // n))
    left = 16 + round(7.4 * min(max(map(len, labels)), LETTERS))
    upright = n <= 6 and max(map(len, labels)) * 7.4 < cell
    top = 52 if upright else 32 + left
    width, height = left + n * cell + 6, top + n * cell + 26
    names = [escape(short(name, LETTERS)) for name in labels]
    right = int(np.trace(counts))
    out = [f'<svg class="matrix" style="max-width:{max(width, 260) * 1.25:.0f}px" viewBox="0 0 {max(width, 260)} {height}" role="img" '
           f'aria-label="{escape(title)}: {right:,} of {int(counts.sum()):,} right, {n} classes">'
           f'<text class="title" x="4" y="18">{escape(title)}</text>']
    for i, name in enumerate(names):
        y, x = top + (i + 0.5) * cell, left + (i + 0.5) * cell
        out.append(f'<text class="tick" x="{left - 7}" y="{y + 4:.1f}" text-anchor="end">{name}</text>')
        out.append(f'<text class="tick" x="{x:.1f}" y="{top - 8}" text-anchor="middle">{name}</text>' if upright else
                   f'<text class="tick" transform="translate({x + 4:.1f} {top - 7}) rotate(-90)">{name}</text>')
    for i in range(n):
        total = int(counts[i].sum())
        for j in range(n):
            out.append(_cell(left + j * cell, top + i * cell, cell, int(counts[i, j]), total, i == j,
                             f"{names[i]} called {names[j]}", None if other is None else int(other[i, j])))
    out.append(f'<text class="tick" x="4" y="{height - 8}">rows: what it is, columns: what it is called</text></svg>')
    return "".join(out)


def _cell(x: int, y: int, side: int, count: int, total: int, right: bool, words: str, before: int | None) -> str:
    share = count / total if total else 0.0
    if not count and not before:
        return f'<rect class="cell" x="{x}" y="{y}" width="{side - 1}" height="{side - 1}"/>'
    was = "" if before is None or before == count else f", before {before:,}"
    out = (f'<rect class="cell" x="{x}" y="{y}" width="{side - 1}" height="{side - 1}"/>'
           f'<rect class="{"hit" if right else "miss"}" x="{x}" y="{y}" width="{side - 1}" height="{side - 1}" '
           f'fill-opacity="{0.12 + 0.88 * share if count else 0:.2f}"><title>{words}: {count:,} of {total:,}{was}</title></rect>')
    digits = len(f"{count:,}")
    if count and digits * 7 < side:
        out += (f'<text class="count{" on" if share > 0.5 else ""}" x="{x + side / 2 - 0.5:.1f}" y="{y + side / 2 + 4:.1f}" '
                f'text-anchor="middle">{count:,}</text>')
    return out
