"""Masks: a keyed random matrix, keyed shapes, or the bar over the eyes."""

from __future__ import annotations

import math

import numpy as np

from edge_face.opencv import cv2
from edge_face.privacy.methods._cells import mosaic
from edge_face.privacy.methods._keyed import drawn, over_face
from edge_face.privacy.patch import Patch
from edge_face.privacy.registry import method
from edge_face.types import Image

GRID, SHAPES, SIDE = 16, 24, 96
EYES = 0.42
"""Where the eyes are in a hidden shape, as a share of its height from the top."""


@method("mask")
def mask(patch: Patch) -> Image:
    """What the mask leaves open shows a mosaic of the method's cells, never the face. `matrix`: a matrix of random colours, of which the
    key chooses a share of 0.3 (amount 0) to 1; `shapes`: discs and bars until all is covered; `eyes`: a bar over the eyes
    that grows with the amount until nothing else is left."""
    open_parts = mosaic(patch, patch.cell)
    if patch.option == "eyes":
        return _bar(open_parts, patch)
    if patch.option == "shapes":
        return _shapes(open_parts, patch)
    values = drawn(patch.seed, GRID, GRID, 4)
    # By rank, so that the share is exact and a larger amount covers whatever a smaller one does.
    rank = values[:, :, 3].ravel().argsort(kind="stable").argsort().reshape(GRID, GRID)
    chosen = np.where(rank < math.ceil((0.3 + 0.7 * patch.amount) * GRID * GRID), 255, 0).astype(np.uint8)
    colours = over_face(np.ascontiguousarray(values[:, :, :3]), patch, cv2.INTER_NEAREST)
    found: Image = open_parts.copy()
    cv2.copyTo(colours, over_face(chosen, patch, cv2.INTER_NEAREST), found)
    return found


def _bar(open_parts: Image, patch: Patch) -> Image:
    found: Image = open_parts.copy()
    eyes = patch.face.y + EYES * patch.face.height
    if patch.landmarks is not None:
        eyes = float(patch.landmarks[:2, 1].mean())
    # At 1 it reaches from the top to the bottom wherever the eyes are.
    half = (0.08 + 0.92 * patch.amount) * patch.face.height
    found[max(math.floor(eyes - half), 0):max(math.ceil(eyes + half), 0)] = 0
    return found


def _shapes(open_parts: Image, patch: Patch) -> Image:
    values = drawn(patch.seed, SHAPES, 8).astype(np.int32)
    texture: Image = np.zeros((SIDE, SIDE, 4), np.uint8)
    for x, y, size, shape, *colour, turn in values[:math.ceil((0.3 + 0.7 * patch.amount) * SHAPES)].tolist():
        centre, radius = (x * SIDE // 256, y * SIDE // 256), SIDE // 10 + size * SIDE // 1500
        fill = (*colour, 255)
        if shape < 128:
            cv2.circle(texture, centre, radius, fill, cv2.FILLED)
        else:
            box = cv2.boxPoints((centre, (2.2 * radius, 1.4 * radius), turn * 180 / 256))
            cv2.fillPoly(texture, [np.round(box).astype(np.int32)], fill)
    if patch.amount >= 1:
        bare = texture[:, :, 3] == 0
        texture[bare] = (*drawn(patch.seed + 1 & (1 << 128) - 1, 3).tolist(), 255)
    laid = over_face(texture, patch, cv2.INTER_NEAREST)
    found: Image = open_parts.copy()
    cv2.copyTo(np.ascontiguousarray(laid[:, :, :3]), np.ascontiguousarray(laid[:, :, 3]), found)
    return found
