"""`edge-face-convert simulate-attacks`: pictures of people -> simulated prints and screens, for `edge-face eval liveness`."""

from __future__ import annotations

import argparse
from pathlib import Path

DESCRIPTION = ("Hold pictures of people up to a simulated camera: as prints, bent prints, cut-outs, screens, and as living people whom "
               "the same camera sees. Clips (or pictures) and labels that `edge-face eval liveness` reads. A figure from them is "
               "called simulated. They show real people where the data does: never publish or commit them.")
EXAMPLES = """
  edge-face-convert simulate-attacks --data people/ --out attacks/ --number 150
  edge-face eval liveness --clips attacks/clips --json simulated.json
  edge-face-convert simulate-attacks --data people/ --out stills/ --number 500 --stills --species live,print
  edge-face eval liveness --images stills/pictures --labels stills/pictures.jsonl
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, metavar="DIR",
                        help="pictures of people with surroundings, a folder for each person (or one picture each); people whom no model "
                             "was trained on")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    parser.add_argument("--number", type=int, default=150, metavar="N", help="presentations of each species (default 150)")
    parser.add_argument("--species", default="", metavar="A,B", help="only these (default: all, and living people)")
    parser.add_argument("--stills", action="store_true", help="one picture each in place of a clip")
    parser.add_argument("--seconds", type=float, default=2.0, metavar="N", help="length of a clip (default 2)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another seed, other presentations (default 0)")


def run(args: argparse.Namespace) -> int:
    import math
    import os

    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    from converter.attack_clips import FPS, LABELS, Plan, read_people, simulate
    from converter.manifest import new_folder
    from converter.training.attacks import SPECIES
    from edge_face.cli.progress import ProgressLine
    from edge_face.errors import UsageError
    from edge_face.vision.bundle import load_bundle
    from edge_face.vision.detector import Detector

    species = tuple(filter(None, (name.strip() for name in args.species.split(",")))) or tuple(SPECIES)
    unknown = [name for name in species if name not in SPECIES]
    if unknown or len(set(species)) < len(species):
        raise UsageError(f"--species {args.species}: each once, of {', '.join(SPECIES)}")
    if not 1 <= args.number <= 100_000:
        raise UsageError(f"--number {args.number}: 1 or more of each species")
    if not (math.isfinite(args.seconds) and 0.2 <= args.seconds <= 60):
        raise UsageError(f"--seconds {args.seconds}: 0.2 to 60")
    if args.seed < 0:
        raise UsageError(f"--seed {args.seed}: 0 or more")
    people = read_people(args.data)
    plan = Plan(species, args.number, args.stills, frames=round(args.seconds * FPS), seed=args.seed)
    finder = Detector(load_bundle("", "detector"), 640, 480)
    with new_folder(args.out) as work, ProgressLine("presentations") as line:
        made = simulate(people, plan, finder, work, line.step)
    print(f"{args.out}: {made} presentations of {len(species)} species, {len(people)} people")
    where = f"--images {args.out / 'pictures'} --labels {args.out / LABELS}" if args.stills else f"--clips {args.out / 'clips'}"
    print(f"next: edge-face eval liveness {where} --json simulated.json")
    return 0
