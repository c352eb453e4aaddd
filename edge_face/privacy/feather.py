"""Soft rims: how a hidden shape fades out into the picture, always outside of the shape itself."""

from __future__ import annotations

import functools

import numpy as np

from edge_face.opencv import cv2
from edge_face.privacy.regions import POWER
from edge_face.types import Box, Floats, Image

_TEMPLATE = 96


def rim(outer: Box, feather: float, left: int, top: int, right: int, bottom: int) -> Image:
    """Weights 0 to 255 of the soft rim for the pixels of a patch, taken from one template that fits any box. `outer`: the hidden
    shape's box grown by 1 + `feather`, in the picture's pixels, as the patch's sides are."""
    scale_x, scale_y = max(outer.width, 1.0) / _TEMPLATE, max(outer.height, 1.0) / _TEMPLATE
    matrix = np.array([[1 / scale_x, 0, (left + 0.5 - outer.x) / scale_x - 0.5],
                       [0, 1 / scale_y, (top + 0.5 - outer.y) / scale_y - 0.5]])
    found: Image = cv2.warpAffine(_template(feather), matrix, (right - left, bottom - top),
                                  flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return found


def mixed(hidden: Image, patch: Image, alpha: Image) -> Image:
    """`hidden` where `alpha` is 255, `patch` where it is 0, exactly so; between them a mixture."""
    weight = cv2.merge((alpha, alpha, alpha))
    # Rounded products of 8 bits: exact where the weight is 0 or 255.
    found: Image = cv2.add(cv2.multiply(hidden, weight, scale=1 / 255), cv2.multiply(patch, 255 - weight, scale=1 / 255))
    return found


@functools.lru_cache(maxsize=8)
def _template(feather: float) -> Image:
    """The rim's weights over the outer box: 255 on the shape and inside, falling to 0 at the outer box's superellipse."""
    axis: Floats = ((np.arange(_TEMPLATE) + 0.5) / _TEMPLATE * 2 - 1).astype(np.float32) * (1 + feather)
    radius = (np.abs(axis[None, :]) ** POWER + np.abs(axis[:, None]) ** POWER) ** (1 / POWER)
    # It ends a little before the outer box, so that interpolation reaches nothing beyond it.
    weights: Image = (np.clip((1 + 0.8 * feather - radius) / (0.8 * feather), 0, 1) * 255).astype(np.uint8)
    return weights
