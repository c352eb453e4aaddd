"""`edge-face-convert measure-groups`: false match rates of groups of people -> a bundle's manifest and card."""

from __future__ import annotations

import argparse
from pathlib import Path

DESCRIPTION = ("Measure how often people of one group match each other, at the similarities where 1 in 100 and 1 in 1,000 pairs of all "
               "people match, and write the table into an embedder bundle. Each person of a group gives one aligned picture.")
EXAMPLES = """
  edge-face-convert measure-groups bundle/ --groups groups.npz --faces shards/
  edge-face-convert measure-groups bundle/ --groups groups/ --faces people/ --dry-run      a folder for each group
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder of an embedder bundle")
    parser.add_argument("--groups", type=Path, required=True, metavar="PATH",
                        help="a folder with a folder of aligned faces for each group, or packed faces with race and sex (.npz)")
    parser.add_argument("--faces", type=Path, required=True, metavar="DIR",
                        help="everybody: what the thresholds are taken from (as for calibrate-thresholds)")
    parser.add_argument("--precision", default="int8", choices=("int8", "float16", "float32", "dynamic"), help="which file (default int8)")
    parser.add_argument("--dry-run", action="store_true", help="measure and print, change nothing")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON on standard output")


def run(args: argparse.Namespace) -> int:
    import json

    from converter.calibration import write_metric
    from converter.faces import open_faces
    from converter.groups import check_precision, measure, read_groups
    from converter.progress import Progress

    check_precision(args.bundle, args.precision)
    groups = read_groups(args.groups)
    everybody = open_faces(args.faces, "thresholds")
    with Progress("embedding", len(everybody) + sum(map(len, groups.values()))) as bar:
        found = measure(args.bundle, groups, everybody, args.precision, bar.step)
    if not args.dry_run:
        write_metric(args.bundle, "groups", found)
    if args.json:
        print(json.dumps(found))
        return 0
    rates = list(found["thresholds"])
    print(f"{'group':<16}{'people':>8}" + "".join(f"{'FMR at ' + rate:>14}{'95 %':>20}" for rate in rates))
    for name, group in found["groups"].items():
        print(f"{name:<16}{group['people']:>8}" + "".join(_cell(group["fmr"][rate], group["interval_95"][rate]) for rate in rates))
    return 0


def _cell(rate: float | None, interval: list[float] | None) -> str:
    if rate is None or interval is None:
        return f"{'-':>14}{'too few':>20}"
    return f"{rate:>14.2e}{f'{interval[0]:.1e} to {interval[1]:.1e}':>20}"
