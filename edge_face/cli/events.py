"""`edge-face events`: what happened, with the pictures and films that were kept of it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_face.cli.main import add_common

if TYPE_CHECKING:
    from edge_face.service.recorded_commands import Call
    from edge_face.settings import Settings

DESCRIPTION = ("Lists what happened at the door, and hands out the pictures and films that were kept of it ([recorder] in the settings), "
               "hidden as they were when they were taken. Asks the running daemon, else reads the store. Why it happened: edge-face why.")
EXAMPLES = """
  edge-face events list --last 50 --pictures            the latest of which there are pictures
  edge-face events list --kind alarm --since 7d
  edge-face events show 1234 --picture alarm.jpg --film alarm.mp4
  edge-face events show 1234 --picture alarm.jpg --sealed           and its hidden faces, for the owner's key (edge-face unseal)
  edge-face events export november --since 2026-11-01               a folder: events.csv, pictures, films
"""
PAGE = 200
"""Events asked for at a time."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listed = actions.add_parser("list", help="what happened, the newest last", description="What happened, the newest last.")
    listed.add_argument("--last", metavar="N", type=int, default=20, help="the latest N (default: 20)")
    shown = actions.add_parser("show", help="one event, its picture, its film", description="One event; its picture and film to files.")
    shown.add_argument("event", metavar="EVENT", type=int, help="its number")
    shown.add_argument("--picture", metavar="FILE", help="write the picture there (.jpg)")
    shown.add_argument("--film", metavar="FILE", help="write the film there (.mp4)")
    shown.add_argument("--sealed", action="store_true", help="with --picture: write its sealed faces beside it (FILE.sealed)")
    export = actions.add_parser("export", help="a folder with a table, pictures and films",
                                description="Writes events.csv, pictures and films of events into a new folder.")
    export.add_argument("folder", metavar="FOLDER", help="the folder to make")
    export.add_argument("--no-films", action="store_true", help="pictures only")
    for made in (listed, export):
        made.add_argument("--kind", metavar="KIND", help="of this kind only: grant, deny, alarm, code, exit, owner, ...")
        made.add_argument("--who", metavar="WHO", help="of this person or visitor only")
        made.add_argument("--since", metavar="WHEN", help="from then on: 2026-11-21, '2026-11-21 18:30' (local time), 24h or 7d ago")
        made.add_argument("--pictures", action="store_true", help="only those of which there are pictures")
    shown.add_argument("--force", action="store_true", help="replace files that exist")
    for made in (listed, shown, export):
        add_common(made)


def run(args: argparse.Namespace) -> int:
    from edge_face.service.recorded_commands import recorded_events
    from edge_face.settings_file import load_settings

    settings: Settings = load_settings(args.config)
    with recorded_events(settings) as call:
        return {"list": _list, "show": _show, "export": _export}[args.action](args, call)


def _list(args: argparse.Namespace, call: Call) -> int:
    from edge_face.cli.why import headline
    from edge_face.errors import UsageError

    if not 1 <= args.last <= 100_000:
        raise UsageError(f"--last {args.last}: between 1 and 100000 events can be listed")
    rows = [row for row, _ in zip(_events(args, call), range(args.last), strict=False)][::-1]
    if args.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
    elif rows:
        print("\n".join(headline(row) + ("  [picture]" if row["picture"] else "") for row in rows))
    else:
        print("there is no such event")
    return 0


def _show(args: argparse.Namespace, call: Call) -> int:
    from edge_face.cli.events_files import write_film, write_picture, write_sealed
    from edge_face.cli.why import explained
    from edge_face.errors import UsageError

    if args.sealed and not args.picture:
        raise UsageError("--sealed lays the sealed faces beside the picture: give --picture FILE as well")
    event = call("events.show", event=args.event)
    written = []
    if args.picture:
        written.append(write_picture(call, args.event, Path(args.picture), args.force))
    if args.sealed:
        written.append(write_sealed(call, args.event, Path(args.picture), args.force))
    if args.film:
        written.append(write_film(call, args.event, Path(args.film), args.force))
    if args.json:
        print(json.dumps({**event, "written": [str(path) for path in written]}, ensure_ascii=False, indent=2))
        return 0
    print(explained(event))
    print(f"  - {_in_words(event['recording'])}")
    for path in written:
        print(f"written: {path}")
    return 0


def _export(args: argparse.Namespace, call: Call) -> int:
    from edge_face.cli.events_files import export

    done = export(call, Path(args.folder), _events(args, call), films=not args.no_films)
    if args.json:
        print(json.dumps(done))
    else:
        print(f"{args.folder}: {done['events']} events, {done['pictures']} pictures, {done['films']} films")
        for trouble in done["troubles"]:
            print(f"  left out: {trouble}")
    return 0


def _events(args: argparse.Namespace, call: Call) -> Iterator[dict[str, Any]]:
    """The newest first, as many as are asked for."""
    from edge_face.cli.moment import since_of

    wanted = {name: value for name, value in (("kind", args.kind), ("who", args.who), ("since", since_of(args.since))) if value is not None}
    before: int | None = None
    while True:
        answer = call("events.list", **wanted, limit=PAGE, **({} if before is None else {"before": before}))
        yield from (row for row in answer["events"] if row["picture"] or not args.pictures)
        before = answer["before"]
        if before is None:
            return


def _in_words(recording: dict[str, Any] | None) -> str:
    if recording is None:
        return "there is no picture of it"
    film = f", a film of {recording['frames']} pictures" if recording["frames"] else ""
    return f"a picture{film}{', its hidden faces sealed for the owner' if recording['original'] else ''}"
