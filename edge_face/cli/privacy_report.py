"""`edge-face privacy report`: the table of everything that is kept, held against this door's settings and disk."""

from __future__ import annotations

import argparse
import contextlib
import json
import sqlite3
import textwrap
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.minimisation import Found
    from edge_face.settings import Settings

DAY = 86_400.0


def report(args: argparse.Namespace, settings: Settings) -> int:
    """1 when something lies there that no row names, or that is kept longer than the settings say."""
    from edge_face.minimisation import table, unnamed, walk
    from edge_face.minimisation.disk import sockets
    from edge_face.minimisation.table import ELSEWHERE

    found, own = list(walk(settings)), set(sockets(settings))
    odd = [entry for entry in unnamed(settings) if entry.path not in own]
    late = overdue(settings, time.time())
    rows = [{"name": kept.name, "what": kept.what, "whose": str(kept.whose), "why": kept.why, "where": list(kept.where), "shut": kept.shut,
             "until": kept.lasts(settings), "erased": kept.erased, "kept_here": kept.asked(settings), **_here(kept.name, found)}
            for kept in table()]
    if args.json:
        print(json.dumps({"kept": rows, "elsewhere": [dict(zip(("where", "what", "until"), row, strict=True)) for row in ELSEWHERE],
                          "unnamed": [entry.address for entry in odd], "overdue": late}, ensure_ascii=False, indent=2))
        return 1 if odd or late else 0
    for row in rows:
        _print(row)
    print("Where this door does not reach:")
    for where, what, until in ELSEWHERE:
        print(_indented(f"{where}: {what}; {until}"))
    for entry in odd:
        print(f"NOT IN THE TABLE: {entry.address} ({entry.path}): no version of edge-face that this one knows wrote it; look at it, and "
              "remove it")
    for sentence in late:
        print(f"KEPT TOO LONG: {sentence}")
    if not odd and not late:
        print(f"\n{_count(len({entry.path for entry in found}), 'file')} looked at: nothing lies there that the table does not name, and "
              "nothing is kept longer than it says")
    return 1 if odd or late else 0


def overdue(settings: Settings, wall: float) -> list[str]:
    """What is older than the settings allow, with a day's grace for the timer. Times of events are open in the file: no key is needed."""
    from edge_face.minimisation.disk import DATABASE, files

    counts = {"event": 0, "recording": 0, "file of the audit log": 0}
    keep = {"event": settings.store.keep_events, "recording": settings.recorder.keep, "file of the audit log": settings.audit.keep}
    database = Path(settings.store.folder) / DATABASE
    if database.exists():
        # What cannot be read was said by whoever walked through it.
        with contextlib.suppress(sqlite3.Error), contextlib.closing(
                sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)) as connection:
            counts["event"], = connection.execute("SELECT count(*) FROM event WHERE wall < ?", [_before(wall, keep["event"])]).fetchone()
    for found in files(settings):
        name = found.kept.name if found.kept is not None else ""
        what = {"recordings": "recording", "audit-log": "file of the audit log"}.get(name, "")
        if what and found.path.suffix in (".rec", ".log") and found.path.stat().st_mtime < _before(wall, keep[what]):
            counts[what] += 1
    return [f"{_count(number, what)} {'is' if number == 1 else 'are'} older than {keep[what]} days: 'edge-face service maintain' asks the "
            "running door to delete what is, unless its clock cannot be believed (edge-face clock show)"
            for what, number in counts.items() if number]


def _before(wall: float, days: int) -> float:
    return wall - (days + 1) * DAY


def _here(name: str, found: Iterable[Found]) -> dict[str, Any]:
    own = [entry for entry in found if entry.kept is not None and entry.kept.name == name]
    files = [entry for entry in own if not entry.address.startswith(("table:", "record:", "meta:"))]
    counted = sum(entry.size for entry in own if entry.address.startswith(("table:", "record:")))
    return {"files": len(files), "bytes": sum(entry.size for entry in files), "rows": counted}


def _print(row: dict[str, Any]) -> None:
    here = ", ".join(filter(None, (f"{_count(row['files'], 'file')}, {row['bytes']:,} bytes" if row["files"] else "",
                                   _count(row["rows"], "row") if row["rows"] else "")))
    print(f"{row['name']}: {row['what']}")
    print(_indented(f"of {row['whose']}; {row['why']}"))
    print(_indented(f"{row['until'] if row['kept_here'] else 'not kept with these settings'}; {row['shut']}"))
    print(_indented(f"erased: {row['erased']}"))
    print(_indented(f"here: {here or 'nothing'} ({', '.join(row['where'])})"))


def _indented(text: str) -> str:
    return textwrap.fill(text, 118, initial_indent="    ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
