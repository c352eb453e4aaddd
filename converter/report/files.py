"""Writes the report: both files or neither is torn, and a full disk is one sentence."""

from __future__ import annotations

import json
from pathlib import Path

from converter.report.content import Report
from converter.report.page import render
from converter.report.record import to_json
from edge_face.errors import UsageError
from edge_face.media.paths import same_file, writing


def write(report: Report, html: Path, record: Path) -> None:
    """Writes the page and its JSON, each atomically. Raises MediaError (no folder, no permission, disk full), UsageError
    when both are one file."""
    if same_file(html, record):
        raise UsageError(f"the report's page and its JSON cannot both be '{html.name}': name a page that ends in .html")
    page = render(report)
    text = json.dumps(to_json(report), ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    with writing(html) as page_part, writing(record) as record_part:
        page_part.write_text(page, encoding="utf-8")
        record_part.write_text(text, encoding="utf-8")
