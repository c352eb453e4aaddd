"""`edge-face-convert paint-exam`: the detector's held-out composites as pictures and labels."""

from __future__ import annotations

import argparse
from pathlib import Path

DESCRIPTION = (
    "Paint the composites on which the shipped detector's figures rest: held-out pictures, fixed seed, the same for "
    "everybody. `edge-face eval detection` measures any detector on them."
)
EXAMPLES = """
  edge-face-convert paint-exam --data DETECT --out exam
  edge-face eval detection --frames exam --labels exam/labels.jsonl --least-height 20
  edge-face-convert paint-exam --data DETECT --out small --size 320x240 --count 100
"""
SIZES = {"320x240": (320, 240), "640x480": (640, 480)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, metavar="DIR",
                        help="folder with detect.jsonl and detect.tar or the pictures")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="new folder for the pictures and labels.jsonl")
    parser.add_argument("--size", choices=sorted(SIZES), default="640x480", help="size of the pictures (default %(default)s)")
    parser.add_argument("--count", type=int, default=600, help="how many (default %(default)s, as on the model's card)")


def run(args: argparse.Namespace) -> int:
    from converter.training.composites import load_photos
    from converter.training.detector_exam import paint_exam, write_exam
    from converter.training.detector_task import DetectorRecipe, heldout, records
    from converter.training.recipe import find, read
    from edge_face.errors import MediaError, UsageError

    if args.count < 1:
        raise UsageError(f"--count must be 1 or more, not {args.count}")
    if args.out.exists() and any(args.out.iterdir()):
        raise UsageError(f"{args.out} is not empty: name a new folder")
    recipe = find("detector")
    listed = {record["file"] for record in records(args.data)}
    held = heldout(read(recipe, DetectorRecipe), recipe.parent, args.data) & listed
    if not held:
        raise MediaError(f"{args.data} has none of the held-out pictures of {recipe.with_name('detector-heldout.txt').name}: "
                         "the exam is painted from the data that the shipped detector was trained beside")
    try:
        exam = paint_exam(load_photos(args.data, held), "figures", args.count, *SIZES[args.size])
    except ValueError as error:
        raise MediaError(f"{args.data}: {error}") from error
    write_exam(exam, args.out)
    faces = sum(int((~labels.ignore).sum()) for labels in exam.labels)
    print(f"{args.count} pictures with {faces} faces in {args.out}")
    return 0
