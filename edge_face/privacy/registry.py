"""The one registry of methods, and `anonymize`, which lays a method over regions of a picture.

A method is one small file in `methods/`: a function (patch, cell) -> patch, registered under the file's name. `cell` is
the size in pixels of the smallest detail that may survive: a fixed share of the face, so that a near face keeps no
more than a far one.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from edge_face.errors import UsageError
from edge_face.opencv import cv2
from edge_face.privacy import methods
from edge_face.privacy.masks import bounds, draw
from edge_face.privacy.regions import POWER, Region, outermost
from edge_face.types import Box, Floats, Image

Method = Callable[[Image, float], Image]
"""(patch: BGR uint8, cell: pixels >= 2) -> a new patch of the same shape."""

_MOST_CELLS, _LEAST_CELLS = 24.0, 3.0
_TEMPLATE = 96


@dataclass(frozen=True, slots=True)
class Anonymizer:
    """A registered method; `feather`: the hidden shape's rim fades out over this share of its size, outside of it."""

    name: str
    apply: Method
    feather: float


_METHODS: dict[str, Anonymizer] = {}


def method(name: str, feather: float = 0.0) -> Callable[[Method], Method]:
    """Registers a method under its name (that of its file)."""

    def register(function: Method) -> Method:
        _METHODS[name] = Anonymizer(name, function, feather)
        return function

    return register


@functools.lru_cache(maxsize=1)
def method_names() -> tuple[str, ...]:
    """All methods, sorted, without importing them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(methods.__path__)
                        if not module.name.startswith("_")))


def anonymizer(name: str) -> Anonymizer:
    """The method of that name. Raises UsageError naming all of them."""
    if name not in method_names():
        raise UsageError(f"there is no method '{name}' to hide faces: choose {', '.join(method_names())}")
    if name not in _METHODS:
        importlib.import_module(f"{methods.__name__}.{name}")
    return _METHODS[name]


def cells(strength: float) -> float:
    """How many independent cells are left across a hidden face: 24 at strength 0, 5.6 at 0.7, 3 at 1."""
    return float(_MOST_CELLS * (_LEAST_CELLS / _MOST_CELLS) ** min(max(strength, 0.0), 1.0))


def anonymize(image: Image, regions: Iterable[Region], name: str, strength: float) -> Image:
    """A copy of a BGR picture with the regions hidden by a method; `image` itself is not changed.

    Inside `mask_of(regions)` nothing of the original is left but the method's cells; pixels outside the regions (and
    their soft rims) are exactly those of `image`. `strength`: 0 weakest to 1 strongest. Raises UsageError for an
    unknown method.
    """
    chosen = anonymizer(name)
    out: Image = image.copy()
    height, width = image.shape[:2]
    for region in outermost(tuple(regions)):
        if region.whole:
            out[:] = chosen.apply(out, max(min(width, height) / cells(strength), 2.0))
        else:
            _hide(out, region, chosen, strength)
    return out


def _hide(out: Image, region: Region, chosen: Anonymizer, strength: float) -> None:
    height, width = out.shape[:2]
    outer = region.box.grown(1 + chosen.feather)
    left, top, right, bottom = bounds(outer, width, height)
    if right <= left or bottom <= top or region.box.width <= 0 or region.box.height <= 0:
        return
    patch = out[top:bottom, left:right]
    # The cell follows the whole shape, also where the picture's edge cuts it off.
    hidden = chosen.apply(patch, max(min(region.box.width, region.box.height) / cells(strength), 2.0))
    core: Image = np.zeros(patch.shape[:2], np.uint8)
    draw(core, region, left, top, 255)
    if chosen.feather > 0:
        alpha = np.maximum(core, _rim(outer, chosen.feather, left, top, right, bottom))
        weight = cv2.merge((alpha, alpha, alpha))
        # Rounded products of 8 bits: exact where the weight is 0 or 255.
        mixed = cv2.add(cv2.multiply(hidden, weight, scale=1 / 255), cv2.multiply(patch, 255 - weight, scale=1 / 255))
        patch[:] = mixed
    else:
        cv2.copyTo(hidden, core, patch)


def _rim(outer: Box, feather: float, left: int, top: int, right: int, bottom: int) -> Image:
    """Weights 0 to 255 of the soft rim for the pixels of a patch, taken from one template that fits any box."""
    scale_x, scale_y = max(outer.width, 1.0) / _TEMPLATE, max(outer.height, 1.0) / _TEMPLATE
    matrix = np.array([[1 / scale_x, 0, (left + 0.5 - outer.x) / scale_x - 0.5],
                       [0, 1 / scale_y, (top + 0.5 - outer.y) / scale_y - 0.5]])
    rim: Image = cv2.warpAffine(_template(feather), matrix, (right - left, bottom - top),
                                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return rim


@functools.lru_cache(maxsize=8)
def _template(feather: float) -> Image:
    """The rim's weights over the outer box: 255 on the shape and inside, falling to 0 at the outer box's superellipse."""
    axis: Floats = ((np.arange(_TEMPLATE) + 0.5) / _TEMPLATE * 2 - 1).astype(np.float32) * (1 + feather)
    radius = (np.abs(axis[None, :]) ** POWER + np.abs(axis[:, None]) ** POWER) ** (1 / POWER)
    # It ends a little before the outer box, so that interpolation reaches nothing beyond it.
    weights: Image = (np.clip((1 + 0.8 * feather - radius) / (0.8 * feather), 0, 1) * 255).astype(np.uint8)
    return weights
