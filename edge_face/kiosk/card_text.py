"""A model's card (Markdown, as our own are written) in blocks that a template shows: headings, paragraphs, lists, tables. Nothing in it
becomes markup: what is not understood stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MOST_LINES = 4000
_INLINE = re.compile(r"`([^`]*)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\([^)]*\)")


@dataclass(slots=True)
class Block:
    """`kind`: "heading" (with `level`), "paragraph", "list", "table" (the first row is its head), "code"."""

    kind: str
    lines: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    level: int = 0


def blocks_of(text: str) -> list[Block]:
    """In their order; what is beyond `MOST_LINES` is left out."""
    found: list[Block] = []
    for kind, line, level in _lines(text.splitlines()[:MOST_LINES]):
        last = found[-1] if found else None
        if kind == "gap":
            found.append(Block("gap"))
        elif kind == "table":
            cells = [plain(cell) for cell in line.strip().strip("|").split("|")]
            if last is None or last.kind != "table":
                found.append(last := Block("table"))
            if not all(re.fullmatch(r"\s*:?-{2,}:?\s*", cell) for cell in line.strip().strip("|").split("|")):
                last.rows.append(cells)
        elif kind == "heading" or last is None or last.kind != kind:
            found.append(Block(kind, [line], level=level))
        else:
            last.lines.append(line)
    return [block for block in found if block.kind != "gap"]


def plain(text: str) -> str:
    """Without the marks of Markdown inside a line."""
    return _INLINE.sub(lambda found: next(part for part in found.groups() if part is not None), text).strip()


def _lines(lines: list[str]) -> Iterator[tuple[str, str, int]]:
    for line in lines:
        heading = re.match(r"(#{1,6}) +(.*)", line)
        if not line.strip():
            yield "gap", "", 0
        elif heading:
            yield "heading", plain(heading[2]), len(heading[1])
        elif line.lstrip().startswith("|"):
            yield "table", line, 0
        elif re.match(r" {4}\S", line):
            yield "code", line[4:], 0
        elif re.match(r"\s*[-*] +", line):
            yield "list", plain(re.sub(r"^\s*[-*] +", "", line)), 0
        else:
            yield "paragraph", plain(line), 0
