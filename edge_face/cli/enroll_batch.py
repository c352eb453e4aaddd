"""`edge-face enroll --batch`: many people from a list, with a report page."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_face.people.batch import BatchReport
    from edge_face.settings import Settings


def run_batch(args: argparse.Namespace) -> int:
    """1 when somebody was left out."""
    import os

    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    from edge_face.cli.people_common import open_people
    from edge_face.errors import UsageError
    from edge_face.people.batch import read_list
    from edge_face.people.batch import run_batch as go_through
    from edge_face.people.enrolment import Enrolment
    from edge_face.people.sighting import face_reader
    from edge_face.settings_file import load_settings
    from edge_face.vision.bundle import load_bundle

    alone = (args.name, args.camera, args.video, args.consent, args.guardian)
    if any(value is not None for value in alone) or args.again or args.keep_pictures or args.under_16:
        raise UsageError("--batch goes with --images DIR, --report and --json alone: names and consents stand in the list")
    if args.images is None:
        raise UsageError("--batch needs --images DIR: a folder that holds a folder of pictures for each person of the list")
    settings: Settings = load_settings(args.config)
    rows = read_list(Path(args.batch))
    if not Path(args.images).is_dir():
        raise UsageError(f"--images {args.images} is no folder")
    page = Path(args.report) if args.report is not None else Path(args.batch).with_name(f"{Path(args.batch).stem}-report.html")
    _write(page, None)  # found out before any work
    enrolment = Enrolment(face_reader(settings), load_bundle(settings.vision.embedder, "embedder").thresholds)
    live = sys.stderr.isatty()

    def progress(done: int, total: int, name: str) -> None:
        if live:
            print(f"\r\x1b[K{f'{done + 1} of {total}: {name[:60]}' if name else ''}", end="", file=sys.stderr, flush=True)

    with open_people(settings, writing=True, create=True) as call:
        report = go_through(rows, Path(args.images), enrolment, call, wall=time.time, progress=progress)
    _write(page, report)
    _say(args, report, page)
    return 1 if report.count("left out") else 0


def _write(path: Path, report: BatchReport | None) -> None:
    """Readable by its owner only: it holds names. Without a report: can it be written? Raises MediaError."""
    from edge_face.media import writing
    from edge_face.people.batch_page import batch_page

    if report is None:
        if not path.exists():
            with writing(path):
                pass
            path.unlink()
        return
    with writing(path) as temporary:
        temporary.chmod(0o600)
        temporary.write_text(batch_page(report, time.time()), encoding="utf-8")


def _say(args: argparse.Namespace, report: BatchReport, page: Path) -> None:
    import json
    from dataclasses import asdict

    if args.json:
        people = [asdict(outcome) for outcome in report.outcomes]
        print(json.dumps({"people": people, "report": str(page)}, ensure_ascii=False, indent=2))
        return
    for outcome in report.outcomes:
        if outcome.what == "left out":
            print(f"left out {outcome.name}: {outcome.why}", file=sys.stderr)
    active = report.count("active") + report.count("agreed")
    print(f"{active} of {len(report.outcomes)} are known to the door now, {report.count('waits')} wait for their consent, "
          f"{report.count('there')} were there already, {report.count('left out')} were left out: see {page}")
