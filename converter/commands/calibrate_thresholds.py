"""`edge-face-convert calibrate-thresholds`: false match rates -> a bundle's manifest and card."""

from __future__ import annotations

import argparse
from pathlib import Path

DESCRIPTION = ("Measure how often different people match, on the very scores that decide at the door, and write the tables "
               "into an embedder bundle. The people must be others than the model was trained on.")
EXAMPLES = """
  edge-face-convert calibrate-thresholds bundle/ --faces people/       a folder for each person, 3 or more pictures each
  edge-face-convert calibrate-thresholds bundle/ --faces shards/ --dry-run --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder of an embedder bundle")
    parser.add_argument("--faces", type=Path, required=True, metavar="DIR",
                        help="pictures: a folder per person, or shards with a split (role 2 is used)")
    parser.add_argument("--draws", type=int, default=16, metavar="N",
                        help="random choices of probe and template pictures (default 16)")
    parser.add_argument("--dry-run", action="store_true", help="measure and print, change nothing")
    parser.add_argument("--json", action="store_true", help="print the tables as JSON on standard output")


def run(args: argparse.Namespace) -> int:
    import json
    import sys

    from converter.calibration import measure, write
    from edge_face.errors import UsageError

    if not 1 <= args.draws <= 256:
        raise UsageError("--draws must be from 1 to 256")
    tables = measure(args.bundle, args.faces, args.draws, say=lambda text: print(text, file=sys.stderr))
    if not args.dry_run:
        write(args.bundle, tables)
    if args.json:
        print(json.dumps(tables))
    else:
        for name, table in tables.items():
            print(f"{name}: {table['score']}\n       FMR  similarity  false matches  upper 95 %      TAR")
            for row in table["rows"]:
                tar = "" if row["tar"] is None else f"{100 * row['tar']:7.1f} %"
                print(f"  {row['fmr']:8.2e}  {row['similarity']:10.4f}  {row['false_matches']:13,}  {row['fmr_upper']:10.2e} {tar}")
    return 0
