"""Real prints by their texture alone: local binary patterns and a line between the living and the printed, on NUAA.

    python benchmarks/micro_texture.py nuaa/ nuaa.jsonl           every person scored by what the others taught, then the test people

Uniform local binary patterns (Ojala et al. 2002) in 3x3 cells of brightness and both colour differences, after Määttä et al. 2011, and
ridge regression. A pattern says which of eight neighbours are as bright as the middle: exposure and contrast change nothing in it, which
is where a network that learned from few people fails. What came of it: `edge-face-convert
train-texture` (docs/training-liveness.md).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.training.liveness_data import TEST

Floats = NDArray[np.float64]
RIDGE = 1e-3
"""Share of the diagonal; chosen on the people who are not the test's."""
CELLS = 3
TRIM = (0.18, 0.11, 0.18)
"""Shares of a crop cut off above, below, and on both sides: hair, collar and room say nothing of the material."""


def uniform() -> NDArray[np.intp]:
    """For each of 256 patterns its bin: one for each with at most two changes around the circle, and one for all others."""
    changes = [bin(code ^ (code >> 1 | (code & 1) << 7)).count("1") for code in range(256)]
    flat = [code for code in range(256) if changes[code] <= 2]
    return np.array([flat.index(code) if changes[code] <= 2 else len(flat) for code in range(256)])


BINS = uniform()


def patterns(plane: NDArray[np.uint8], radius: int) -> NDArray[np.intp]:
    """The bin of every pixel that has eight neighbours at this distance."""
    rows, columns = plane.shape[0] - 2 * radius, plane.shape[1] - 2 * radius
    middle = plane[radius:radius + rows, radius:radius + columns]
    code = np.zeros(middle.shape, np.uint8)
    for bit, (y, x) in enumerate(((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))):
        near = plane[y * radius:y * radius + rows, x * radius:x * radius + columns]
        code |= (near >= middle).astype(np.uint8) << np.uint8(bit)
    return BINS[code]


def feature(picture: NDArray[np.uint8], sizes: tuple[int, ...], colours: bool) -> Floats:
    """Square roots of the shares of each bin in each cell: then a straight line sees Hellinger's distance."""
    height, width = picture.shape[:2]
    above, below, side = TRIM
    face = picture[int(height * above):int(height * (1 - below)), int(width * side):int(width * (1 - side))]
    found = []
    for size in sizes:
        planes = cv2.split(cv2.cvtColor(cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2YCrCb))
        for plane, radii in zip(planes if colours else planes[:1], ((1, 2), (1,), (1,)), strict=False):
            for bins in (patterns(np.asarray(plane, np.uint8), radius) for radius in radii):
                for cell in (part for row in np.array_split(bins, CELLS, 0) for part in np.array_split(row, CELLS, 1)):
                    found.append(np.sqrt(np.bincount(cell.ravel(), minlength=int(BINS.max()) + 1) / cell.size))
    return np.concatenate(found)


def scores(known: Floats, live: NDArray[np.bool_], asked: Floats) -> Floats:
    """Ridge regression to +1 and -1, both classes of the same weight."""
    weight = np.where(live, 0.5 / live.sum(), 0.5 / (~live).sum())
    middle = known.mean(0)
    rows = known - middle
    answer = np.linalg.solve(rows @ rows.T + np.diag(RIDGE / weight), np.where(live, 1.0, -1.0))
    return np.asarray((asked - middle) @ (rows.T @ answer), np.float64)


def told(name: str, score: Floats, live: NDArray[np.bool_]) -> str:
    """AUC, and the share of prints that pass where 5 % of the living do not."""
    alive, printed = np.sort(score[live]), score[~live]
    auc = float(np.mean(alive[:, None] > printed[None]))
    return f"{name}: AUC {auc:.4f}, APCER {np.mean(printed >= alive[int(0.05 * len(alive))]):.1%} at BPCER 5 %"


def others_taught(features: Floats, live: NDArray[np.bool_], subjects: NDArray[np.str_]) -> Floats:
    """Each person's scores by what all others taught."""
    found = np.empty(len(live))
    for subject in np.unique(subjects):
        own = subjects == subject
        found[own] = scores(features[~own], live[~own], features[own])
    return found


def variants() -> Iterator[tuple[str, tuple[int, ...], bool]]:
    yield "96 and 48 px, brightness and colour", (96, 48), True
    yield "64 px, brightness and colour", (64,), True
    yield "64 px, brightness", (64,), False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, help="the folder of the pictures")
    parser.add_argument("labels", type=Path, help="JSON lines: file, label (live or print), subject")
    args = parser.parse_args()
    rows = [json.loads(line) for line in args.labels.read_text(encoding="utf-8").splitlines()]
    pictures = [cv2.imread(str(args.pictures / row["file"])) for row in rows]
    live = np.array([row["label"] == "live" for row in rows])
    subjects = np.array([row["subject"] for row in rows])
    test = np.isin(subjects, list(TEST))
    for name, sizes, colours in variants():
        features = np.stack([feature(picture, sizes, colours) for picture in pictures])
        print(f"{name}: {features.shape[1]} numbers")
        print("  " + told("each by the others", others_taught(features[~test], live[~test], subjects[~test]), live[~test]))
        print("  " + told("test people", scores(features[~test], live[~test], features[test]), live[test]))


if __name__ == "__main__":
    main()
