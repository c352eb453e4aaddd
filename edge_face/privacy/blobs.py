"""Cells that differ become regions: one for each connected thing, made of rectangles, with holes for who may be seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edge_face.opencv import cv2
from edge_face.privacy.regions import POWER, Region
from edge_face.types import Box, Mask

Bits = npt.NDArray[np.uint8]

CLOSE, GROW = 4, 3
"""Cells: gaps up to twice as wide are closed, and what differs is grown by so many on each side."""
LEAST_PIECE = 3
"""Fewer cells than this are noise..."""
COARSE = 4
"""Shapes are drawn on a grid so many times coarser: fewer rectangles, and a little more is hidden."""
LEAST_SIZE = 0.1
"""A thing counts as at least so large (share of the picture's height): the hidden shape's size says how coarse it becomes, and a
piece of a face must not come out finer than a face."""
MOST_THINGS = 24
"""More than these are hidden as one."""


def solid(differs: Mask) -> Mask:
    """The cells that are hidden for those that differ: without specks, closed, filled, grown."""
    mask = differs.astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count <= 1:
        return np.zeros_like(differs)
    mask = (stats[:, cv2.CC_STAT_AREA] >= LEAST_PIECE)[labels].astype(np.uint8) * mask
    edge = CLOSE + GROW
    wide = cv2.copyMakeBorder(mask, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=0)
    wide = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, _disc(CLOSE))
    wide = cv2.dilate(_filled(wide), _disc(GROW))
    found: Mask = wide[edge:-edge, edge:-edge].astype(np.bool_)
    return found


def _disc(radius: int) -> Bits:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)


def _filled(mask: Bits) -> Bits:
    """Without holes: what is not reached from the picture's edge lies inside something."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros_like(mask), outlines, -1, 1, cv2.FILLED), np.uint8)


def regions_of(mask: Mask, width: int, height: int, shown: Sequence[Box] = ()) -> tuple[Region, ...]:
    """Regions that hide the cells of `mask` in a picture of that size, but for the faces `shown`: the superellipse in each box stays."""
    rows, columns = mask.shape
    coarse = _coarsened(mask)
    count, labels = cv2.connectedComponents(coarse.astype(np.uint8), connectivity=8)
    if count - 1 > MOST_THINGS:
        labels, things = coarse.astype(np.int32), [1]
    else:
        things = list(range(1, count))
    holes = _holes(shown, width, height, (rows, columns))
    found = []
    for thing in things:
        cells = labels == thing
        parts = tuple(_placed(part, width / columns, height / rows) for part in rectangles(cells & ~holes))
        if parts:
            ys, xs = np.flatnonzero(cells.any(1)), np.flatnonzero(cells.any(0))
            box = _placed((int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1), width / columns, height / rows)
            found.append(Region(_at_least(box, LEAST_SIZE * height), "changed", None, "differs from the empty scene", parts))
    return tuple(found)


def rectangles(cells: Mask) -> list[tuple[int, int, int, int]]:
    """The cells as rectangles (left, top, right, bottom; exclusive): runs of rows that begin and end alike are joined."""
    done: list[tuple[int, int, int, int]] = []
    growing: dict[tuple[int, int], int] = {}
    for y in range(cells.shape[0] + 1):
        runs: set[tuple[int, int]] = set()
        if y < cells.shape[0] and cells[y].any():
            steps = np.flatnonzero(np.diff(np.concatenate(([0], cells[y].astype(np.int8), [0]))))
            runs = {(int(a), int(b)) for a, b in zip(steps[::2], steps[1::2], strict=True)}
        for run in [r for r in growing if r not in runs]:
            done.append((run[0], growing.pop(run), run[1], y))
        for run in runs:
            growing.setdefault(run, y)
    return done


def _coarsened(mask: Mask) -> Mask:
    rows, columns = mask.shape
    padded = np.pad(mask, ((0, -rows % COARSE), (0, -columns % COARSE)))
    pooled = padded.reshape(padded.shape[0] // COARSE, COARSE, padded.shape[1] // COARSE, COARSE).any((1, 3))
    found: Mask = np.repeat(np.repeat(pooled, COARSE, 0), COARSE, 1)[:rows, :columns]
    return found


def _holes(shown: Sequence[Box], width: int, height: int, shape: tuple[int, int]) -> Mask:
    """Cells that lie wholly in the superellipse of a face that may be seen."""
    holes = np.zeros(shape, np.bool_)
    x, y = np.arange(shape[1] + 1) * width / shape[1], np.arange(shape[0] + 1) * height / shape[0]
    for box in shown:
        (cx, cy), half = box.centre, (max(box.width / 2, 1e-6), max(box.height / 2, 1e-6))
        inside = (((x - cx) / half[0]) ** POWER)[None, :] + (((y - cy) / half[1]) ** POWER)[:, None] <= 1
        holes |= inside[:-1, :-1] & inside[1:, :-1] & inside[:-1, 1:] & inside[1:, 1:]
    return holes


def _placed(part: tuple[int, int, int, int], x: float, y: float) -> Box:
    left, top, right, bottom = part
    return Box(left * x, top * y, (right - left) * x, (bottom - top) * y)


def _at_least(box: Box, side: float) -> Box:
    (cx, cy), width, height = box.centre, max(box.width, side), max(box.height, side)
    return Box(cx - width / 2, cy - height / 2, width, height)
