"""`edge-face-convert calibrate-liveness`: what passive attack detection is worth -> a bundle's manifest and card."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

DESCRIPTION = ("Weigh the cues of attack detection and measure its errors, on tracks of people that the model was not trained on: "
               "simulated presentations (prints, screens, replays) and real pictures where the data have some. What the device "
               "computes is computed by the device's own code. Two cores take about ten minutes.")
EXAMPLES = """
  edge-face-convert calibrate-liveness bundle/ --data DIR               DIR as `edge-face-convert train` takes it for liveness
  edge-face-convert calibrate-liveness bundle/ --data DIR --tracks 60 --dry-run --json tables.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder of a liveness bundle")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR",
                        help="pictures: liveness/, detect/, faces/, or LIVE/ and ATTACK-<species>/")
    parser.add_argument("--tracks", type=int, default=100, metavar="N",
                        help="simulated tracks of each species, and as many living ones (default 100)")
    parser.add_argument("--seed", type=int, default=0, help="another draw of the simulated tracks (default 0)")
    parser.add_argument("--precision", choices=("int8", "float32", "float16", "dynamic"), default="int8",
                        help="the file that is measured (default int8)")
    parser.add_argument("--keep", type=Path, metavar="FILE",
                        help="keep the tracks there as they are measured: the same command goes on from it after a stop")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write a calibrated copy of the bundle there instead of changing it")
    parser.add_argument("--dry-run", action="store_true", help="measure and print, change nothing")
    parser.add_argument("--json", metavar="FILE", help="write the tables as JSON ('-': to standard output, without the text)")


def run(args: argparse.Namespace) -> int:
    import json
    import os
    import shutil
    import sys

    from edge_face.cli.outputs import require_folder
    from edge_face.errors import UsageError

    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if not 10 <= args.tracks <= 10_000:
        raise UsageError("--tracks must be from 10 to 10000")
    if args.seed < 0:
        raise UsageError("--seed must be 0 or more")
    require_folder(args.json, "--json ")
    if args.out is not None and args.out.exists():
        raise UsageError(f"--out {args.out}: is there already: name a new folder")

    from converter.liveness_calibration import measure, write

    tables = measure(args.bundle, args.data, args.tracks, args.precision, args.seed, say=lambda text: print(text, file=sys.stderr),
                     keep=args.keep)
    text = json.dumps(tables)
    if args.json and args.json != "-":
        from converter.manifest import replace_text

        replace_text(Path(args.json), text + "\n")
    if not args.dry_run:
        if args.out is not None:
            shutil.copytree(args.bundle, args.out)
        write(args.out or args.bundle, tables)
    if args.json == "-":
        print(text)
    else:
        _show(tables)
    return 0


def _show(tables: dict[str, object]) -> None:
    from typing import cast

    for what in ("picture", "fusion"):
        _show_cues(what, cast("dict[str, Any]", tables[what]))
    for name, title in (("fusion", "a track, fused"), ("picture", "one picture, fused"), ("passive", "one picture, the network alone")):
        print(f"\n{title}, at a BPCER of 5 %    samples  called attack  called live")
        for species, found in cast("dict[str, Any]", tables[name])["species"].items():
            print(f"  {species:36} {found['samples']:6}  {100 * found['called_attack']:10.1f} %  {100 * found['called_live']:9.1f} %")


def _show_cues(what: str, fusion: dict[str, Any]) -> None:
    print(f"{'a track' if what == 'fusion' else 'one picture'}\n"
          "cue             AUC   measured (living, attacks)   weight (95 %)             held-out loss without it")
    for entry in fusion["worth"]:
        used = fusion["cues"].get(entry["cue"])
        weight = f"{used['weight']:6.2f} ({used['interval'][0]:.2f} to {used['interval'][1]:.2f})" if used else "left out"
        area = f"{entry['auc']:.3f}" if "auc" in entry else "  -  "
        lost = f"{entry['loss']:.4f} -> {entry['loss_without']:.4f}" if "loss_without" in entry and used else ""
        print(f"{entry['cue']:13} {area}   {100 * entry['measured_live']:5.0f} %  {100 * entry['measured_attacks']:5.0f} %"
              f"             {weight:26} {lost}")
