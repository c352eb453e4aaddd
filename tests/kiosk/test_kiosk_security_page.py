"""docs/security-pages.md names tests: they are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security-pages.md").read_text(encoding="utf-8")


def test_every_test_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(\w+)::(test_\w+)`", PAGE))
    files = {path.stem.removeprefix("test_"): path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    assert len(named) > 100
    assert sorted(f"{file}::{test}" for file, test in named if not re.search(rf"^(async )?def {test}\(", files.get(file, ""), re.M)) == []


def test_every_row_says_how_and_what_shows_it_or_why_not() -> None:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if re.match(r"\| \d", line)]
    assert len(rows) > 90 and {len(row) for row in rows} == {3}
    unshown = [row[0] for row in rows if not row[2] and "**no:**" not in row[1] and "**partly:**" not in row[1] and "](" not in row[1]]
    assert unshown == ["6.4.2 secret questions"], "what is not there cannot be shown; all else has a test or a page"


def test_no_item_stands_twice() -> None:
    items = re.findall(r"^\| ((?:\d+\.\d+\.\d+(?:, | to )?)+)", PAGE, re.M)
    single = [number for item in items for number in re.findall(r"\d+\.\d+\.\d+", item)]
    assert sorted(number for number in set(single) if single.count(number) > 1) == []


def test_its_links_lead_somewhere() -> None:
    links = set(re.findall(r"\]\(([\w/.-]+\.md)\)", PAGE))
    missing = sorted(link for link in links if not (ROOT / "docs" / link).exists())
    assert missing == []
