"""What each cell of the detector should say, how wrong it is, and how its raw output is read back.

Cells: level of stride s has ceil(height / s) x ceil(width / s) cells, row by row; the levels follow one
another in the order of `STRIDES`. The centre of cell (row i, column j) is ((j + 0.5) s, (i + 0.5) s) pixels.

Encoding `centre-log` in units of the stride: box = (dx, dy, log w, log h), the box centre being the cell
centre plus (dx, dy) s and its size exp(log) s; landmarks = five (dx, dy) from the cell centre. Scores are
logits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.training.composites import Labels

Floats = NDArray[np.float32]

STRIDES: tuple[int, ...] = (8, 16, 32)
# Side of a face, sqrt(w h) in input pixels, that each level answers for. They overlap: both levels then try.
SIZE_RANGES: tuple[tuple[float, float], ...] = ((0.0, 44.0), (30.0, 100.0), (75.0, 10000.0))
# Just outside its range a level is neither asked nor punished.
RANGE_SLACK = 1.35
CENTRE_RADIUS = 1.5
LOG_LIMITS = (-3.0, 4.0)
# Landmark errors are counted in fiftieths of the face: down to there the loss is linear, so that it goes on pulling.
LANDMARK_SCALE = 50.0
# Side of a face in pixels from which on its landmarks count in full.
FULL_LANDMARKS = 40.0
# Columns of a target row: state (1 face, 0 background, -1 no opinion), box x0 y0 x1 y1, ten landmarks, five
# "known".
TARGET_WIDTH = 20


def cell_centres(width: int, height: int) -> tuple[Floats, Floats]:
    """Centres (cells, 2) as x, y in pixels and strides (cells,) of all levels of one input size."""
    centres, strides = [], []
    for stride in STRIDES:
        rows, columns = -(-height // stride), -(-width // stride)
        ys, xs = np.mgrid[0:rows, 0:columns].astype(np.float32)
        centres.append(np.stack([(xs.ravel() + 0.5) * stride, (ys.ravel() + 0.5) * stride], 1))
        strides.append(np.full(rows * columns, stride, np.float32))
    return np.concatenate(centres).astype(np.float32), np.concatenate(strides)


def assign(labels: Labels, centres: Floats, strides: Floats) -> Floats:
    """Target rows (cells, TARGET_WIDTH) for one picture; where two faces claim a cell the smaller one gets
    it."""
    rows = np.zeros((len(centres), TARGET_WIDTH), np.float32)
    area = np.full(len(centres), np.inf, np.float32)
    for box, points, unsure in zip(labels.boxes, labels.landmarks, labels.ignore, strict=True):
        x, y, w, h = (float(v) for v in box)
        offset = np.abs(centres - (x + w / 2, y + h / 2))
        if unsure:
            # A quarter more than the box: hair and chin of an unsure face are no background either.
            blur = (offset <= 0.625 * np.array([w, h]) + 0.5 * strides[:, None]).all(1) & (rows[:, 0] == 0)
            rows[blur, 0] = -1
            continue
        side = float(np.sqrt(w * h))
        for stride, (low, high) in zip(STRIDES, SIZE_RANGES, strict=True):
            level = strides == stride
            near = level & (offset.max(1) <= CENTRE_RADIUS * stride)
            if not low <= side <= high:
                if low / RANGE_SLACK <= side <= high * RANGE_SLACK:
                    rows[near & (rows[:, 0] == 0), 0] = -1
                continue
            # A tiny face must not claim cells that lie far outside of it.
            radius = np.clip(0.5 * np.array([w, h]), 0.75 * stride, CENTRE_RADIUS * stride)
            near = level & (offset <= radius).all(1)
            nearest = np.where(level, (offset**2).sum(1), np.inf).argmin()
            near[nearest] = True
            mine = near & (w * h < area)
            known = np.isfinite(points.reshape(5, 2)).all(1)
            area[mine] = w * h
            rows[mine, 0] = 1
            rows[mine, 1:5] = (x, y, x + w, y + h)
            rows[mine, 5:15] = np.nan_to_num(points)
            rows[mine, 15:20] = known
    return rows


def losses(outputs: Mapping[str, Any], targets: Any, centres: Floats, strides: Floats) -> dict[str, Any]:
    """Score, box and landmark loss of a batch, each a scalar tensor, divided by the number of positive cells.

    `targets` is (batch, cells, TARGET_WIDTH). The score of a positive cell should be the root of its box's
    IoU (quality focal loss), so that the best placed cell wins and tiny faces, whose IoU is never high, still
    score.
    """
    from keras import ops

    def flat(kind: str, channels: int) -> Any:
        maps = [outputs[f"{kind}_{s}"] for s in STRIDES]
        return ops.concatenate([ops.reshape(m, (m.shape[0], -1, channels)) for m in maps], axis=1)

    scores, boxes, points = flat("score", 1)[..., 0], flat("box", 4), flat("landmarks", 10)
    state = targets[..., 0]
    positive = ops.cast(state > 0.5, "float32")
    count = ops.maximum(ops.sum(positive), 1.0)
    unit = ops.convert_to_tensor(strides[None, :, None])
    middle = ops.convert_to_tensor(centres[None])

    centre = middle + boxes[..., :2] * unit
    size = ops.exp(ops.clip(boxes[..., 2:], *LOG_LIMITS)) * unit
    low, high = centre - size / 2, centre + size / 2
    true_low, true_high = targets[..., 1:3], targets[..., 3:5]
    overlap = ops.prod(ops.maximum(ops.minimum(high, true_high) - ops.maximum(low, true_low), 0.0), axis=-1)
    true_area = ops.prod(true_high - true_low, axis=-1)
    union = ops.prod(size, axis=-1) + true_area - overlap
    iou = overlap / ops.maximum(union, 1e-6)
    hull = ops.maximum(high, true_high) - ops.minimum(low, true_low)
    apart = ops.sum(ops.square(centre - (true_low + true_high) / 2), axis=-1)
    distance = apart / ops.maximum(ops.sum(ops.square(hull), axis=-1), 1e-6)
    box_loss = ops.sum(positive * (1.0 - iou + distance)) / count

    quality = ops.stop_gradient(ops.sqrt(ops.maximum(iou, 1e-9))) * positive
    focus = ops.square(ops.abs(quality - ops.sigmoid(scores)))
    cross = ops.maximum(scores, 0.0) - scores * quality + ops.log1p(ops.exp(-ops.abs(scores)))
    judged = ops.cast(state > -0.5, "float32")
    score_loss = ops.sum(judged * focus * cross) / count

    side = ops.sqrt(ops.maximum(true_area, 1.0))[..., None]
    found = ops.tile(middle, (1, 1, 5)) + points * unit
    miss = ops.abs(found - targets[..., 5:15]) / side * LANDMARK_SCALE
    smooth = ops.where(miss < 1.0, 0.5 * ops.square(miss), miss - 0.5)
    # Who is near enough to be recognised matters most; a tiny face's landmarks are guesses anyway.
    weight = ops.clip(side / FULL_LANDMARKS, 0.2, 1.0)
    known = ops.repeat(targets[..., 15:20], 2, axis=-1) * positive[..., None] * weight
    landmark_loss = ops.sum(known * smooth) / ops.maximum(ops.sum(known), 1.0)
    return {"score": score_loss, "box": box_loss, "landmarks": landmark_loss, "positives": count}


def decode(
    outputs: Mapping[str, NDArray[Any]], centres: Floats, strides: Floats, threshold: float
) -> list[tuple[Floats, Floats, Floats]]:
    """Per picture: boxes (n, 4) as x0 y0 x1 y1, scores (n,), landmarks (n, 5, 2), in pixels, before
    suppression."""

    def flat(kind: str) -> NDArray[Any]:
        maps = [outputs[f"{kind}_{s}"] for s in STRIDES]
        return np.concatenate([m.reshape(m.shape[0], -1, m.shape[3]) for m in maps], 1)

    scores = 1 / (1 + np.exp(-np.clip(flat("score")[..., 0], -30, 30)))
    boxes, points = flat("box"), flat("landmarks")
    found = []
    for picture in range(len(scores)):
        keep = np.flatnonzero(scores[picture] >= threshold)
        unit = strides[keep, None]
        centre = centres[keep] + boxes[picture, keep, :2] * unit
        size = np.exp(np.clip(boxes[picture, keep, 2:], *LOG_LIMITS)) * unit
        marks = centres[keep, None] + points[picture, keep].reshape(-1, 5, 2) * unit[..., None]
        corners = np.concatenate([centre - size / 2, centre + size / 2], 1)
        found.append(
            (corners.astype(np.float32), scores[picture, keep].astype(np.float32), marks.astype(np.float32))
        )
    return found


def suppress(boxes: Floats, scores: Floats, overlap: float = 0.45) -> NDArray[np.int64]:
    """Greedy non-maximum suppression: indices of the boxes (x0 y0 x1 y1) that stay, best first."""
    order = np.argsort(-scores, kind="stable")
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    keep: list[int] = []
    while len(order):
        best, order = int(order[0]), order[1:]
        keep.append(best)
        low = np.maximum(boxes[best, :2], boxes[order, :2])
        high = np.minimum(boxes[best, 2:], boxes[order, 2:])
        both = np.prod(np.maximum(high - low, 0), 1)
        order = order[both / np.maximum(area[best] + area[order] - both, 1e-6) <= overlap]
    return np.asarray(keep, np.int64)
