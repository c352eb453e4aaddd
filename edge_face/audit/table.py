"""Records as rows: for JSON, JSON lines and CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from edge_face.audit.record import Entry

COLUMNS = ("number", "time", "wall", "monotonic", "kind", "subject", "authority", "details")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def row_of(entry: Entry, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """One record; `names` (by alias) adds whose alias it is, None for whoever is not there any more."""
    record = entry.record
    row: dict[str, Any] = {"number": entry.number, "time": moment(record.wall), "wall": record.wall, "monotonic": entry.monotonic,
                           "kind": record.kind, "subject": record.subject, "authority": record.authority,
                           "details": dict(record.details)}
    return row if names is None else {**row, "name": names.get(record.subject or "")}


def write_lines(entries: Iterable[Entry], out: TextIO, names: Mapping[str, str] | None = None) -> int:
    """JSON lines; how many."""
    count = 0
    for entry in entries:
        out.write(json.dumps(row_of(entry, names), ensure_ascii=False) + "\n")
        count += 1
    return count


def write_csv(entries: Iterable[Entry], out: TextIO, names: Mapping[str, str] | None = None) -> int:
    """CSV (RFC 4180) with a line of headings; how many records. Details are one cell of JSON."""
    writer = csv.writer(out)
    writer.writerow([*COLUMNS, *(() if names is None else ("name",))])
    count = 0
    for entry in entries:
        row = row_of(entry, names)
        row["details"] = json.dumps(row["details"], ensure_ascii=False) if row["details"] else ""
        writer.writerow([cell(value) for value in row.values()])
        count += 1
    return count


def moment(wall: float) -> str:
    """ISO 8601, UTC; a time that no calendar holds as its number."""
    try:
        return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return str(wall)


def cell(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula is made a text (OWASP, CSV injection)."""
    if value is None:
        return ""
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA) else value
