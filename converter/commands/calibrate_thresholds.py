"""`edge-face-convert calibrate-thresholds`: false match rates -> a bundle's manifest and card."""

from __future__ import annotations

import argparse
from pathlib import Path

DESCRIPTION = ("Measure how often different people match, on the very scores that decide at the door (whole approaches, pooled "
               "and voted on, against the best of a person's templates; and single pictures), and write the tables into an "
               "embedder bundle. The people must be others than the model was trained on. Two cores take about three minutes "
               "for 5,000 pictures of 1,000 people.")
EXAMPLES = """
  edge-face-convert calibrate-thresholds bundle/ --faces people/       a folder for each person, 3 or more pictures each
  edge-face-convert calibrate-thresholds bundle/ --faces shards/ --reach 2e-4
  edge-face-convert calibrate-thresholds bundle/ --faces shards/ --dry-run --json tables.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder of an embedder bundle")
    parser.add_argument("--faces", type=Path, required=True, metavar="DIR",
                        help="pictures: a folder per person, or shards with a split (role 2 is used)")
    parser.add_argument("--rounds", type=int, default=4, metavar="N",
                        help="approaches of every stranger to every door, each with other pictures and templates (default 4)")
    parser.add_argument("--shown", choices=("still", "stills", "both"), default="both",
                        help="strangers' approaches are made of one still each (as alike as frames of a moment), of several "
                             "stills (of different days), or both, and the stricter counts (default)")
    parser.add_argument("--reach", type=float, metavar="FMR",
                        help="refuse, and change nothing, if the table ends before this false match rate")
    parser.add_argument("--workers", type=int, metavar="N", help="threads that embed (default: one for each core, at most 8)")
    parser.add_argument("--dry-run", action="store_true", help="measure and print, change nothing")
    parser.add_argument("--json", metavar="FILE", help="write the tables as JSON ('-': to standard output, without the text)")


def run(args: argparse.Namespace) -> int:
    import json
    import os
    import sys

    from edge_face.cli.outputs import require_folder
    from edge_face.errors import UsageError

    # Thousands of small products: threads that wait for each other make them twenty times slower.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if not 1 <= args.rounds <= 64:
        raise UsageError("--rounds must be from 1 to 64")
    if args.reach is not None and not 0.0 < args.reach < 1.0:
        raise UsageError("--reach is a false match rate, between 0 and 1")
    if args.workers is not None and not 1 <= args.workers <= 64:
        raise UsageError("--workers must be from 1 to 64")
    require_folder(args.json, "--json ")

    from converter.calibration import check_reach, measure, write

    workers = args.workers or min(os.cpu_count() or 1, 8)
    shown = ("still", "stills") if args.shown == "both" else (args.shown,)
    tables = measure(args.bundle, args.faces, args.rounds, workers, shown, say=lambda text: print(text, file=sys.stderr))
    text = json.dumps(tables)
    if args.json and args.json != "-":
        from converter.manifest import replace_text

        replace_text(Path(args.json), text + "\n")
    if args.reach is not None:
        check_reach(tables, args.reach)
    if not args.dry_run:
        write(args.bundle, tables)
    if args.json == "-":
        print(text)
    else:
        for name, table in tables.items():
            print(f"{name}: {table['score']}\n       FMR  similarity  false matches  pairs of people  upper 95 %      TAR  worst shown in")
            for row in table["rows"]:
                tar = "         " if row["tar"] is None else f"{100 * row['tar']:7.1f} %"
                print(f"  {row['fmr']:8.2e}  {row['similarity']:10.4f}  {row['false_matches']:13,}  {row['false_pairs']:15,}  "
                      f"{row['fmr_upper']:10.2e} {tar}  {row['shown']}")
    return 0
