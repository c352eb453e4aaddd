"""`edge-face-convert liveness-crops`: the crops that a liveness model sees, as pictures to quantize it with and to look at."""

from __future__ import annotations

import argparse
from pathlib import Path

DESCRIPTION = ("Write crops of living faces and of simulated and real attacks, as training and the door make them, into the folders live "
               "and attack of a new folder: what `quantize --task liveness --calibration` wants. They show real people where the data do: "
               "keep them as the data are kept.")
EXAMPLES = """
  edge-face-convert liveness-crops DATA --part train --count 600 --out crops/        to calibrate with
  edge-face-convert liveness-crops DATA --part calibration --count 600 --out gate/   people held out, to judge by
"""
PARTS = ("train", "calibration", "test")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, metavar="DIR", help="what `train liveness --data` takes")
    parser.add_argument("--part", choices=PARTS, default="train", help="of which people (default train)")
    parser.add_argument("--count", type=int, default=600, metavar="N", help="how many crops (default 600)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another seed draws others (default 1)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")


def run(args: argparse.Namespace) -> int:
    import sys

    import numpy as np

    from converter.training.liveness_data import load_album
    from converter.training.liveness_samples import Sampler, Sampling
    from edge_face.errors import MediaError, UsageError
    from edge_face.opencv import cv2

    if args.count < 2:
        raise UsageError("--count must be 2 or more: crops of living faces and of attacks")
    if args.out.exists():
        raise UsageError(f"--out {args.out} is there already: name a new folder")
    album = load_album(args.data, args.part, faces=4000, say=lambda text: print(text, file=sys.stderr, flush=True))
    sampler, rng = Sampler(album, Sampling()), np.random.default_rng(args.seed)
    try:
        for name in ("live", "attack"):
            (args.out / name).mkdir(parents=True)
        for number in range(args.count):
            (crop,), species = sampler.draw(rng)
            kind = "live" if species == "live" else "attack"
            _, blob = cv2.imencode(".png", crop)
            (args.out / kind / f"{number:05d}-{species}.png").write_bytes(blob.tobytes())
    except OSError as error:
        raise MediaError(f"{args.out} cannot be written ({error.strerror})") from error
    print(f"{args.out}: {args.count} crops")
    return 0
