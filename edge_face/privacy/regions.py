"""What is hidden in one picture: regions, where they come from, and the shape that they cover."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from edge_face.types import Box, Floats

Source = Literal["unknown", "unsure", "weak", "coasting", "backfilled", "changed", "all"]
"""unknown: not matched to a consenting person. unsure: matched, but not surely enough in this very frame. weak: below
the recognising threshold. coasting: carried by the tracker. backfilled: learned from later frames. changed: differs from
the empty scene (strict mode). all: everything."""
SOURCES: tuple[str, ...] = get_args(Source)

POWER = 4
"""|x|^4 + |y|^4 <= 1: between an ellipse (2) and the box. An ellipse must be 41 % larger than a box to hold it, this
one 19 %, so that it hides less of the surroundings for the same certainty: docs/decisions/anonymizing.md."""
LEAST_MARGIN = 8.0
"""Pixels added on each side at least: on a small face a margin in shares is less than the detector's error, who looks at half
the picture's pixels in videos and at the door."""
_FAR = 1e5


@dataclass(frozen=True, slots=True)
class Region:
    """One hidden superellipse (`POWER`) inscribed in `box`, margin included, in pixels; it may reach outside the picture.

    `source`: why it is there; "all" covers the whole picture whatever the box. `track`: the id of the track it hides,
    if any; `why`: the condition that failed, in a word or two, for events. A box that is not finite covers the whole
    picture: what cannot be placed cannot be shown. `parts`: where there are any, these rectangles are hidden in place of
    the superellipse; `box` then only says how large the thing is to which they belong.
    """

    box: Box
    source: Source
    track: int | None = None
    why: str = ""
    parts: tuple[Box, ...] = ()

    @property
    def whole(self) -> bool:
        """Covers the whole picture."""
        return self.source == "all" or not all(map(math.isfinite, (self.box.x, self.box.y, self.box.width, self.box.height)))

    def as_json(self) -> dict[str, Any]:
        """For events and measurements: `from_json` gives the same mask again."""
        box = self.box
        found: dict[str, Any] = {"source": self.source}
        if not self.whole:
            found["box"] = [round(v, 2) for v in (box.x, box.y, box.width, box.height)]
        if self.track is not None:
            found["track"] = self.track
        if self.why:
            found["why"] = self.why
        if self.parts:
            found["parts"] = [[round(v, 2) for v in (p.x, p.y, p.width, p.height)] for p in self.parts]
        return found

    @staticmethod
    def from_json(value: dict[str, Any]) -> Region:
        """The region that `as_json` wrote, to a hundredth of a pixel."""
        x, y, width, height = value.get("box", (math.nan,) * 4)
        return Region(Box(x, y, width, height), value["source"], value.get("track"), value.get("why", ""),
                      tuple(Box(*part) for part in value.get("parts", ())))


def everything(width: int, height: int, why: str = "") -> Region:
    """The region that hides the whole picture: vision stalled, or was asked to."""
    return Region(Box(0.0, 0.0, width, height), "all", None, why)


def cover(box: Box, margin: float) -> Box:
    """The box that is hidden for a face's box: larger by the share `margin`, at least by LEAST_MARGIN on each side."""
    return Box(box.x - max(box.width * margin / 2, LEAST_MARGIN), box.y - max(box.height * margin / 2, LEAST_MARGIN),
               max(box.width * (1 + margin), box.width + 2 * LEAST_MARGIN),
               max(box.height * (1 + margin), box.height + 2 * LEAST_MARGIN))


def bounded(box: Box) -> Box:
    """The part of a box that any picture could show: sides beyond are as good as there."""
    left, top, right, bottom = (min(max(v, -_FAR), _FAR) for v in (box.x, box.y, box.x + box.width, box.y + box.height))
    return Box(left, top, right - left, bottom - top)


def outline(box: Box) -> Floats:
    """The superellipse inscribed in a box as a polygon, (n, 2) in pixels."""
    near = bounded(box)
    half = np.array([near.width / 2, near.height / 2])
    centre = np.array(near.centre)
    found: Floats = (centre + _unit_outline() * half).astype(np.float32)
    return found


def outermost(regions: Sequence[Region]) -> tuple[Region, ...]:
    """The regions without those that lie wholly inside another one: they hide the same pixels with less work."""
    whole = next((r for r in regions if r.whole), None)
    if whole is not None:
        return (whole,)
    kept: list[Region] = []
    for region in sorted(regions, key=lambda r: -r.box.area):
        if not any(_inside(region, other) for other in kept):
            kept.append(region)
    return tuple(kept)


def _inside(region: Region, other: Region) -> bool:
    """Does all of a region's shape lie in the other's?"""
    inner = region.box
    if other.parts:
        return not region.parts and any(_holds(part, inner) for part in other.parts)
    outer = other.box
    if not _holds(outer, inner) or outer.area <= 0:
        return False
    # Both shapes are convex: one lies in the other when its outline does. A pixel less, for the outlines are rounded.
    half = np.array([max(outer.width / 2 - 1, 1e-6), max(outer.height / 2 - 1, 1e-6)])
    points = _corners(region.parts) if region.parts else outline(inner)
    return bool((((points - outer.centre) / half) ** POWER).sum(1).max() <= 1)


def _holds(outer: Box, inner: Box) -> bool:
    return (inner.x >= outer.x and inner.y >= outer.y and inner.x + inner.width <= outer.x + outer.width
            and inner.y + inner.height <= outer.y + outer.height)


def _corners(boxes: Sequence[Box]) -> npt.NDArray[np.float64]:
    return np.array([(x, y) for b in boxes for x in (b.x, b.x + b.width) for y in (b.y, b.y + b.height)])


@functools.lru_cache(maxsize=1)
def _unit_outline() -> npt.NDArray[np.float64]:
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([np.sign(c) * np.abs(c) ** (2 / POWER), np.sign(s) * np.abs(s) ** (2 / POWER)], 1)
