"""The table at the end, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from .verdict import UNNAMED, Row


def verdict(row: Row) -> str:
    """In one word."""
    return "skipped" if row.skipped else "holds" if row.good else f"{row.broken} BROKEN"


def as_markdown(rows: Sequence[Row], seed: int) -> str:
    """Rows, figures and what was broken."""
    lines = [f"Faults, seed {seed}", "", "| fault | rounds | must | found | seconds |", "|---|---|---|---|---|"]
    lines += [f"| {row.name} | {row.rounds:,} | {row.must} | {verdict(row)} | {row.seconds:.0f} |" for row in rows]
    if any(UNNAMED in row.figures for row in rows):
        lines += ["", f"In all rows together, {UNNAMED}: {sum(row.figures.get(UNNAMED, 0) for row in rows):.0f}"]
    lines += ["", *(f"{row.name}: {', '.join(f'{name} {_number(value)}' for name, value in row.figures.items() if name != UNNAMED)}"
                    for row in rows if row.figures)]
    lines += [f"{row.name} was skipped: {row.skipped}" for row in rows if row.skipped]
    for row in rows:
        lines += [f"BROKEN {row.name}: {example}" for example in row.examples]
        if row.broken > len(row.examples):
            lines.append(f"BROKEN {row.name}: and {row.broken - len(row.examples)} more")
    return "\n".join(lines)


def as_json(rows: Sequence[Row], seed: int) -> dict[str, Any]:
    return {"seed": seed, "good": all(row.good for row in rows), "rows": [asdict(row) for row in rows]}


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:.3f}"
