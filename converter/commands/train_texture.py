"""`edge-face-convert train-texture`: pictures of living people and of attacks -> the line of micro-texture in a liveness bundle."""

from __future__ import annotations

import argparse
from pathlib import Path

DESCRIPTION = ("Learn what tells the texture of skin from that of a copy, on the real captures of what `train liveness` takes (NUAA, or "
               "your own LIVE/ and ATTACK-<species>/), and write it into a liveness bundle: a small network that the door weighs beside "
               "the large one. A minute on one core. The bundle's rates are then those of another detector and are taken out: "
               "calibrate-liveness measures them anew.")
EXAMPLES = """
  edge-face-convert train-texture bundle/ --data DIR                  DIR as `edge-face-convert train` takes it for liveness
  edge-face-convert calibrate-liveness bundle/ --data DIR             always next
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder of a liveness bundle")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR",
                        help="pictures: liveness/, detect/, faces/, or LIVE/ and ATTACK-<species>/")
    parser.add_argument("--views", type=int, default=3, metavar="N",
                        help="looks at each capture besides the one at it as it is: farther off, in other lights (default 3)")
    parser.add_argument("--seed", type=int, default=0, help="another draw of them (default 0)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write a changed copy of the bundle there instead of changing it")
    parser.add_argument("--json", metavar="FILE", help="write what was found on people held out as JSON ('-': to standard output)")


def run(args: argparse.Namespace) -> int:
    import json
    import os
    import shutil
    import sys

    from edge_face.cli.outputs import require_folder
    from edge_face.errors import UsageError
    from edge_face.vision.bundle import load_bundle

    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if not 0 <= args.views <= 100:
        raise UsageError("--views must be from 0 to 100")
    if args.seed < 0:
        raise UsageError("--seed must be 0 or more")
    require_folder(args.json, "--json ")
    if args.out is not None and args.out.exists():
        raise UsageError(f"--out {args.out}: is there already: name a new folder")
    load_bundle(args.bundle, "liveness", "accept")

    from converter.liveness_texture import train, write
    from converter.manifest import replace_text

    texture = train(args.data, args.views, args.seed, say=lambda text: print(text, file=sys.stderr))
    text = json.dumps(texture["learned"])
    if args.out is not None:
        shutil.copytree(args.bundle, args.out)
    home = args.out or args.bundle
    write(home, texture)
    if args.json and args.json != "-":
        replace_text(Path(args.json), text + "\n")
    if args.json == "-":
        print(text)
        return 0
    learned = texture["learned"]
    print(f"{learned['looks']} looks at {learned['captures']} captures; a {learned['folds']}th of the people held out at a time:")
    print("attack, source                      samples    AUC    APCER at a BPCER of 5 %")
    for name, found in learned["held_out"].items():
        print(f"  {name:34}{found['samples']:7}  {found['auc']:.3f}  {100 * found['apcer']:6.1f} %")
    print(f"such captures of people held out are known: {100 * learned['known']:.1f} %"
          + (f", simulated ones: {100 * learned['simulated_known']:.1f} %" if learned["simulated_known"] is not None else ""))
    print(f"next: edge-face-convert calibrate-liveness {home} --data {args.data}")
    return 0
