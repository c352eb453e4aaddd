"""What each method of hiding costs, and how much of an identity it leaves of the bundled people.

    python benchmarks/anonymizers.py [--cost] [--json FILE]

Time: CPU milliseconds for one frame of 640 x 480 of the bundled door clip with two faces, at the default strength. Identity: the shipped
embedder looks at the 48 bundled stills (8 people, 6 pictures each); the first of each person is the gallery, the others
are hidden and searched for. "known": the attacker has clear pictures; "same way hidden": the attacker hides the gallery
by the same method too (the parrot attack of Newton, Sweeney and Malin, 2005), which is the one to fear. Chance is 1 in
8. The people are synthetic, few, and wear the same clothes throughout: the order of the methods means something, the
exact rates do not carry over to people (`benchmarks/anonymizer_strengths.py` measures those; `edge-face eval privacy` attacks harder).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_face.demo import clip_path, people, stills
from edge_face.errors import EdgeFaceError
from edge_face.evaluation.leaks import read_labels
from edge_face.media import VideoReader, read_picture
from edge_face.privacy import Region, anonymize, method_names
from edge_face.privacy.regions import cover
from edge_face.privacy.strengths import power_for, variant
from edge_face.settings import PrivacySettings
from edge_face.types import Box, Floats, Image
from edge_face.vision.align import align
from edge_face.vision.bundle import load_bundle
from edge_face.vision.embedder import Embedder

STRENGTHS = (0.3, 0.6, 0.9, 1.0)
OPTIONS = {"mask": ("", "shapes", "eyes"), "replace": ("", "#b0b2b4")}
FIXED = ("crop", "replace", "solid")
FRAME = 290
"""Of the door clip: ben and hiro side by side."""
MARGIN, STRENGTH = PrivacySettings().margin, PrivacySettings().strength


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """One labelled picture; landmarks as seen in the image."""

    name: str
    image: Image
    box: Box
    landmarks: Floats


Hide = Callable[[Still], Image]


def labelled() -> list[Still]:
    found = []
    for name in people():
        folder = stills(name)[0].parent
        for line in (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            face, marks = row["faces"][0], row["faces"][0]["landmarks"]
            order = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")  # the person's own right is on the left
            found.append(Still(name, read_picture(folder / row["file"]), Box(*face["box"]),
                               np.array([marks[key] for key in order], np.float32)))
    return found


def rank_one(pictures: Sequence[Still], embedder: Embedder, hide: Hide, *, gallery_too: bool) -> float:
    """The share of hidden pictures whose nearest gallery picture is the same person's."""
    def embed(still: Still, hidden: bool) -> Floats:
        image = hide(still) if hidden else still.image
        return embedder.embed(align(image, still.landmarks).image).copy()

    names = list(dict.fromkeys(s.name for s in pictures))
    firsts = [next(s for s in pictures if s.name == name) for name in names]
    gallery = np.stack([embed(still, gallery_too) for still in firsts])
    probes = [s for s in pictures if not any(s is first for first in firsts)]
    hits = [names[int((gallery @ embed(probe, True)).argmax())] == probe.name for probe in probes]
    return sum(hits) / len(hits)


def hider(method: str, strength: float, option: str) -> Hide:
    def hide(still: Still) -> Image:
        # Every picture with a key of its own, as people who come on different days.
        return anonymize(still.image, [Region(cover(still.box, MARGIN), "unknown")], method, strength, option=option,
                         key=still.image.tobytes()[:64], faces=[still.landmarks])

    return hide


def ways() -> list[tuple[str, str]]:
    """Methods with their options."""
    return [(method, option) for method in method_names() for option in OPTIONS.get(method, ("",))]


def milliseconds(method: str, option: str, rounds: int = 200) -> float:
    labels = read_labels(clip_path("door").with_suffix(".jsonl"))[FRAME]
    with VideoReader(clip_path("door")) as reader:
        image = next(frame for index, _, frame in reader if index == FRAME)
    regions = [Region(cover(face.box, MARGIN), "unknown", number) for number, face in enumerate(labels)]
    anonymize(image, regions, method, STRENGTH, key=b"cost", option=option)
    begun = time.process_time()
    for _ in range(rounds):
        anonymize(image, regions, method, STRENGTH, key=b"cost", option=option)
    return (time.process_time() - begun) / rounds * 1e3


def identities() -> tuple[float, list[dict[str, Any]]]:
    """The rate for clear pictures, and a row for each way and strength."""
    pictures, embedder = labelled(), Embedder(load_bundle("", "embedder"))
    rows = []
    for method, option in ways():
        for strength in STRENGTHS if method not in FIXED else (1.0,):
            hide = hider(method, strength, option)
            rows.append({"method": variant(method, option), "strength": strength,
                         "amount": round(power_for(method, strength, option).amount, 2),
                         "known": rank_one(pictures, embedder, hide, gallery_too=False),
                         "same_way_hidden": rank_one(pictures, embedder, hide, gallery_too=True)})
    return rank_one(pictures, embedder, lambda still: still.image, gallery_too=False), rows


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cost", action="store_true", help="only the time")
    parser.add_argument("--json", metavar="FILE", help="write the figures; - for standard output")
    args = parser.parse_args(argv)
    clear, rows = (0.0, []) if args.cost else identities()
    cost = {variant(method, option): round(milliseconds(method, option), 3) for method, option in ways()}
    if args.json:
        text = json.dumps({"clear": clear, "chance": 1 / len(people()), "identity": rows, "ms": cost}, indent=2)
        if args.json == "-":
            print(text)
            return 0
        Path(args.json).write_text(text + "\n", encoding="utf-8")
    if rows:
        print(f"found again in clear pictures: {clear:.0%}, by chance {1 / len(people()):.0%}")
        print(f"{'method':<13}{'strength':>9}{'amount':>8}{'known':>8}{'same way hidden':>17}")
    for row in rows:
        print(f"{row['method']:<13}{row['strength']:>9}{row['amount']:>8}{row['known']:>8.0%}{row['same_way_hidden']:>17.0%}")
    print("CPU ms a frame with two faces: " + ", ".join(f"{name} {value:.2f}" for name, value in cost.items()))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EdgeFaceError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
