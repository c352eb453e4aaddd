"""Which detection belongs to which track: overlap and distance, cheapest pairs first.

Greedy rather than the Hungarian method: the two differ only where several tracks compete for the same detections, and
there no assignment is to be believed. `ambiguous` says so, and the identity of everybody concerned is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edge_face.types import Box

Matrix = npt.NDArray[np.float64]

FORBIDDEN = np.inf
MARGIN = 0.35
"""A second choice that costs less than this more than the first makes a pair ambiguous."""
SIZE_RATIO = 2.0
"""A face does not become this many times larger or smaller (side) between two frames."""


def corners(boxes: Sequence[Box]) -> Matrix:
    """(n, 4): left, top, right, bottom."""
    return np.array([(b.x, b.y, b.x + b.width, b.y + b.height) for b in boxes], np.float64).reshape(-1, 4)


def overlaps(a: Matrix, b: Matrix) -> Matrix:
    """Intersection over union of all pairs: (len(a), len(b))."""
    w = np.minimum(a[:, None, 2], b[None, :, 2]) - np.maximum(a[:, None, 0], b[None, :, 0])
    h = np.minimum(a[:, None, 3], b[None, :, 3]) - np.maximum(a[:, None, 1], b[None, :, 1])
    shared = np.clip(w, 0, None) * np.clip(h, 0, None)
    area_a = ((a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1]))[:, None]
    area_b = ((b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]))[None]
    ratio: Matrix = shared / np.maximum(area_a + area_b - shared, 1e-9)
    return ratio


def costs(tracks: Matrix, found: Matrix, reach: npt.NDArray[np.float64], least_iou: float) -> Matrix:
    """(tracks, found): (1 - IoU) + half the centre distance in face sizes; FORBIDDEN beyond the gate.

    A pair passes the gate by an IoU of `least_iou` or by a centre distance within the track's `reach` (face sizes;
    0: by overlap only), and only when the sizes fit.
    """
    iou = overlaps(tracks, found)
    def shape(c: Matrix) -> tuple[Matrix, npt.NDArray[np.float64]]:
        return (c[:, :2] + c[:, 2:]) / 2, np.sqrt((c[:, 2] - c[:, 0]) * (c[:, 3] - c[:, 1]))
    (here, side_a), (there, side_b) = shape(tracks), shape(found)
    mean = np.sqrt(side_a[:, None] * side_b[None])
    distance = np.hypot(here[:, None, 0] - there[None, :, 0], here[:, None, 1] - there[None, :, 1]) / mean
    ratio = np.maximum(side_a[:, None] / side_b[None], side_b[None] / side_a[:, None])
    allowed = ((iou >= least_iou) | (distance <= reach[:, None])) & (ratio <= SIZE_RATIO)
    return np.where(allowed, (1.0 - iou) + 0.5 * distance, FORBIDDEN)


def assign(cost: Matrix) -> dict[int, int]:
    """Row -> column, the cheapest pairs first; ties go to the lower row, then column."""
    rows, columns = np.nonzero(np.isfinite(cost))
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for i in np.argsort(cost[rows, columns], kind="stable"):
        row, column = int(rows[i]), int(columns[i])
        if row not in pairs and column not in taken:
            pairs[row] = column
            taken.add(column)
    return pairs


def ambiguous(cost: Matrix, pairs: dict[int, int]) -> set[int]:
    """Rows whose pair could as well have been another one, and the rows that might have had theirs."""
    doubtful: set[int] = set()
    for row, column in pairs.items():
        limit = cost[row, column] + MARGIN
        rivals = {int(r) for r in np.nonzero(cost[:, column] < limit)[0]} - {row}
        others = {int(c) for c in np.nonzero(cost[row] < limit)[0]} - {column}
        if rivals or others:
            doubtful |= {row, *rivals}
    return doubtful
