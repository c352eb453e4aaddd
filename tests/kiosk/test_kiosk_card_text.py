"""Cards of models as blocks: everything that our own cards hold, and no markup from within."""

from __future__ import annotations

from pathlib import Path

import pytest

import edge_face
from edge_face.kiosk.card_text import blocks_of, plain

CARDS = sorted((Path(edge_face.__file__).parent / "models").glob("*/MODEL_CARD.md"))


def test_headings_paragraphs_lists_tables_and_code() -> None:
    blocks = blocks_of("# Name\n\none\ntwo\n\n- a\n- **b**\n\n| x | y |\n|---|---|\n| 1 | `2` |\n\n    run it\n## Next\ntext")
    assert [(block.kind, block.level) for block in blocks] == [
        ("heading", 1), ("paragraph", 0), ("list", 0), ("table", 0), ("code", 0), ("heading", 2), ("paragraph", 0)]
    assert blocks[1].lines == ["one", "two"] and blocks[2].lines == ["a", "b"] and blocks[3].rows == [["x", "y"], ["1", "2"]]


def test_two_lists_with_a_gap_stay_two() -> None:
    assert [block.lines for block in blocks_of("- a\n\n- b")] == [["a"], ["b"]]


@pytest.mark.parametrize(("line", "shown"), [("a `code` word", "a code word"), ("**bold**", "bold"), ("[here](http://x)", "here"),
                                             ("<b>kept</b>", "<b>kept</b>"), ("2 * 3", "2 * 3")])
def test_marks_inside_a_line(line: str, shown: str) -> None:
    assert plain(line) == shown


@pytest.mark.parametrize("card", CARDS, ids=lambda path: path.parent.name)
def test_our_own_cards_are_understood(card: Path) -> None:
    text = card.read_text(encoding="utf-8")
    blocks = blocks_of(text)
    assert blocks[0].kind == "heading" and any(block.kind == "table" for block in blocks)
    widths = [{len(row) for row in block.rows} for block in blocks if block.kind == "table"]
    assert all(len(width) == 1 for width in widths), widths
    shown = sum(len(line) for block in blocks for line in block.lines) + sum(len(cell) for b in blocks for row in b.rows for cell in row)
    assert shown > 0.75 * len(text)
