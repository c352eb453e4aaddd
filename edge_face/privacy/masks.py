"""Regions as pixels: the mask that is hidden for certain, and how much of a box it covers."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from edge_face.opencv import cv2
from edge_face.privacy.regions import Region, outline
from edge_face.types import Box, Image, Mask

_BITS = 4


def mask_of(regions: Iterable[Region], width: int, height: int) -> Mask:
    """Height x width, True where a picture of that size is fully hidden."""
    mask: Image = np.zeros((height, width), np.uint8)
    for region in regions:
        draw(mask, region)
    return mask.astype(np.bool_)


def draw(mask: Image, region: Region, left: int = 0, top: int = 0, value: int = 1) -> None:
    """Sets the region's pixels in a mask whose first pixel is (left, top) of the picture."""
    if region.whole:
        mask[:] = value
        return
    if region.parts:
        for part in region.parts:
            x0, y0, x1, y1 = bounds(part.moved(-left, -top), mask.shape[1], mask.shape[0])
            mask[y0:y1, x0:x1] = value
        return
    if region.box.width <= 0 or region.box.height <= 0:
        return
    points = np.round((outline(region.box) - (left, top)) * (1 << _BITS)).astype(np.int32)
    cv2.fillPoly(mask, [points], value, lineType=cv2.LINE_8, shift=_BITS)


def bounds(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom (exclusive) of the pixels that a box touches inside the picture."""
    left, right = (min(max(v, 0.0), width) for v in (box.x, box.x + box.width))
    top, bottom = (min(max(v, 0.0), height) for v in (box.y, box.y + box.height))
    return math.floor(left), math.floor(top), math.ceil(max(right, left)), math.ceil(max(bottom, top))


def covered_share(mask: Mask, box: Box) -> float:
    """The share of a box's pixels inside the picture that the mask hides; 1.0 when none of it is inside."""
    height, width = mask.shape
    left, top, right, bottom = bounds(box, width, height)
    if right <= left or bottom <= top:
        return 1.0
    return float(mask[top:bottom, left:right].mean())
