"""How many faces of real people stay sharp in one look, by their size: composites of pictures that training never saw.

    python benchmarks/leaks.py --data DIR [--frames 10000] [--jobs N] [--json FILE]

DIR holds detect.tar and detect.jsonl, or your own pictures in that form (docs/training-detector.md); only the pictures named in
converter/training/recipes/detector-heldout.txt are used, and of them the half that set no threshold. Each frame of 640 x 480 is an
empty scene (photographed or made up, with furniture) into which people are pasted at 20 to 220 px of face height and less, turned,
masked, dark, backlit, noisy, coded. Every frame stands alone: no track, no delay line.

"picture" is what `edge-face blur` does with a picture, "video" a single look of what it does with videos and of what the door does,
"strict" strict mode that knows the empty scene (ten frames of it under the same light, with noise of their own) and has no detector
at all. A face counts from `--least` px on, half of it or more to be seen; left sharp is one of which less than four fifths are
hidden. The share hidden less than 95 % is printed beside it: the edge of a chin or a forehead, mostly.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import multiprocessing
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np

from converter.training.composites import Canvas, Labels, load_photos, settle
from converter.training.composites import finish as finished
from converter.training.degrade import degrade, dress
from converter.training.detector_exam import EXAM, half
from converter.training.scenes import Painter
from edge_face.errors import EdgeFaceError, MediaError
from edge_face.privacy import CloseDetector, Hider, StillScenes, covered_share, mask_of
from edge_face.privacy.blobs import regions_of, solid
from edge_face.privacy.empty_scene import EmptyScene, cells_of
from edge_face.settings import PrivacySettings
from edge_face.types import Box, Image, Mask
from edge_face.vision.bundle import load_bundle
from edge_face.vision.detector import Detector

WIDTH, HEIGHT = 640, 480
SEED = 20261122
SHARP, EDGE = 0.8, 0.95
HEIGHTS = (20, 24, 30, 40, 60, 120, 1000)
EMPTY_LOOKS = 10
NOISE = 2.0
"""Grey levels of noise that every look has of its own."""
PART = 250
"""Frames that one process takes at a time."""
HELDOUT = Path(__file__).resolve().parent.parent / "converter/training/recipes/detector-heldout.txt"
PATHS = ("picture", "video", "strict")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One composite, its labels, and looks at the same scene without the people."""

    image: Image
    labels: Labels
    empty: list[Image]


class Street(Painter):
    """Composites whose empty scene is known."""

    def street(self, rng: np.random.Generator) -> tuple[Image, Canvas]:
        """The scene with its furniture, and the same with people in it."""
        canvas = self.blank()
        self.backdrop(canvas, rng)
        for _ in range(int(rng.integers(0, 4))):
            self.decoy(canvas, rng)
        empty = canvas.image.copy()
        for height in sorted(self.face_height(rng) for _ in range(int(rng.choice(5, p=(0.35, 0.27, 0.18, 0.12, 0.08))) + 1)):
            self.person(canvas, height, rng)
        return empty, canvas

    def look(self, number: int) -> Frame:
        """Frame `number`: the same for everybody."""
        rng = np.random.default_rng((SEED, number))
        empty, canvas = self.street(rng)
        again = np.random.default_rng(0)
        again.bit_generator.state = rng.bit_generator.state
        image, labels = finished(canvas, rng)
        # The same chance again, so that the empty scene gets the same light, tone, blur and coding.
        plain = settle(canvas)
        dress(empty.copy(), plain.boxes, plain.landmarks, again)
        empty = degrade(empty, again)
        return Frame(noisy(image, rng), labels, [noisy(empty, rng) for _ in range(EMPTY_LOOKS)])


@functools.lru_cache(maxsize=1)
def _field() -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    return np.round(np.random.default_rng(3).standard_normal((HEIGHT + 200, WIDTH + 200, 3)) * NOISE).astype(np.int16)


def noisy(image: Image, rng: np.random.Generator) -> Image:
    y, x = (int(v) for v in rng.integers(0, 200, 2))
    return np.asarray(cv2.add(image, _field()[y:y + HEIGHT, x:x + WIDTH], dtype=cv2.CV_8U), np.uint8)


class Looks:
    """The three ways to hide, opened once."""

    def __init__(self, bundle: str) -> None:
        found = load_bundle(bundle, "detector")
        self._scenes = {"picture": StillScenes(CloseDetector(Detector(found, 640, 480, landmarker=None))),
                        "video": StillScenes(Detector(found, 320, 240, landmarker=None))}
        self._hider = Hider(PrivacySettings())

    def masks(self, frame: Frame) -> dict[str, Mask]:
        found = {name: mask_of(self._hider.regions(scenes.look(frame.image), ()), WIDTH, HEIGHT)
                 for name, scenes in self._scenes.items()}
        empty = EmptyScene.of(frame.empty)
        return found | {"strict": mask_of(regions_of(solid(empty.differs(cells_of(frame.image))), WIDTH, HEIGHT), WIDTH, HEIGHT)}


def measured(part: tuple[Path, str, range]) -> tuple[list[tuple[float, ...]], dict[str, float]]:
    """Rows (frame, height, covered by path ...) of a range of frames, and the hidden area of each path, added up."""
    data, bundle, numbers = part
    cv2.setNumThreads(1)
    held = {line.strip() for line in HELDOUT.read_text().splitlines()}
    street, looks = Street(half(load_photos(data, held), "figures"), WIDTH, HEIGHT, EXAM), Looks(bundle)
    rows: list[tuple[float, ...]] = []
    area = dict.fromkeys(PATHS, 0.0)
    for number in numbers:
        frame = street.look(number)
        masks = looks.masks(frame)
        for path in PATHS:
            area[path] += float(masks[path].mean())
        for box, ignored in zip(frame.labels.boxes, frame.labels.ignore, strict=True):
            if not ignored:
                place = Box(*(float(v) for v in box))
                rows.append((number, place.height, *(covered_share(masks[path], place) for path in PATHS)))
    return rows, area


def summed(rows: np.ndarray[tuple[int, ...], np.dtype[np.float64]], least: float) -> dict[str, Any]:
    """For each path, all faces and those of each size: how many, left sharp, hidden less than 95 %; with an interval over frames."""
    rng = np.random.default_rng(1)
    rows = rows[rows[:, 1] >= least]
    found: dict[str, Any] = {}
    for column, path in enumerate(PATHS, 2):
        sharp, edge = rows[:, column] < SHARP, rows[:, column] < EDGE
        sizes = []
        for low, high in itertools.pairwise(HEIGHTS):
            inside = (rows[:, 1] >= low) & (rows[:, 1] < high)
            if inside.any():
                sizes.append({"from": low, "below": high, "faces": int(inside.sum()), "left_sharp": int(sharp[inside].sum()),
                              "below_95": int(edge[inside].sum())})
        _, of = np.unique(rows[:, 0], return_inverse=True)
        each = np.bincount(of)
        drawn = rng.integers(0, len(each), (500, len(each)))
        low, high = np.percentile([np.bincount(of, sharp)[d].sum() / each[d].sum() for d in drawn], (2.5, 97.5))
        found[path] = {"faces": len(rows), "left_sharp": int(sharp.sum()), "share": float(sharp.mean()),
                       "interval": [float(low), float(high)], "below_95": int(edge.sum()), "share_below_95": float(edge.mean()),
                       "by_height": sizes}
    return found


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="detect.tar (or its pictures) and detect.jsonl")
    parser.add_argument("--frames", type=int, default=10_000, metavar="N", help="default: 10000")
    parser.add_argument("--least", type=float, default=20.0, metavar="PX", help="face height from which on a face counts (default: 20)")
    parser.add_argument("--detector-bundle", default="", metavar="DIR", help="another detector than the shipped one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes")
    parser.add_argument("--json", metavar="FILE", help="write the figures; - for standard output")
    args = parser.parse_args(argv)
    if not (args.data / "detect.jsonl").exists():
        raise MediaError(f"there is no detect.jsonl in '{args.data}': name the folder of labelled pictures (docs/training-detector.md)")
    parts = [(args.data, args.detector_bundle, range(begin, min(begin + PART, args.frames))) for begin in range(0, args.frames, PART)]
    rows: list[tuple[float, ...]] = []
    area = dict.fromkeys(PATHS, 0.0)
    with multiprocessing.Pool(args.jobs) as pool:
        for done, (more, areas) in enumerate(pool.imap_unordered(measured, parts), 1):
            rows += more
            area = {path: area[path] + areas[path] for path in PATHS}
            print(f"\r{done} of {len(parts)} parts", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    answer = {"frames": args.frames, "least": args.least, "hidden_area": {path: area[path] / args.frames for path in PATHS},
              **summed(np.array(sorted(rows)), args.least)}
    if args.json:
        text = json.dumps(answer, indent=2)
        if args.json == "-":
            print(text)
            return 0
        Path(args.json).write_text(text + "\n", encoding="utf-8")
    print(f"{args.frames} frames of {WIDTH} x {HEIGHT}, each by itself; faces of {args.least:g} px and more")
    for path in PATHS:
        one = answer[path]
        low, high = one["interval"]
        print(f"\n{path}: {one['left_sharp']} of {one['faces']} left sharp = {one['share']:.2%} ({low:.2%} to {high:.2%}); hidden less "
              f"than 95 %: {one['below_95']} = {one['share_below_95']:.2%}; of the picture {answer['hidden_area'][path]:.0%} hidden")
        print(f"{'height px':<12}{'faces':>8}{'left sharp':>12}{'share':>9}{'below 95 %':>12}")
        for row in one["by_height"]:
            name = f"{row['from']}-{row['below']}" if row["below"] < HEIGHTS[-1] else f"{row['from']} and more"
            print(f"{name:<12}{row['faces']:>8}{row['left_sharp']:>12}{row['left_sharp'] / row['faces']:>9.2%}{row['below_95']:>12}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EdgeFaceError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
