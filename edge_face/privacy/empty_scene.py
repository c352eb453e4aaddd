"""What a fixed camera sees when nobody is there, and where a picture differs from it.

A picture is reduced to cells of a few pixels. A cell is known by its mean colour and by how much that trembles; it differs
when it, or the mean of it and its neighbours, leaves that trembling, after one gain for each colour of the whole picture
(exposure and white balance). Shadows and lamps differ too. What is not known differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from edge_face.errors import MediaError
from edge_face.opencv import cv2
from edge_face.types import Box, Floats, Image, Mask

CELL, MOST_COLUMNS = 4, 320
"""Pixels of a cell's side, and how many cells a row has at most: in wide pictures cells are larger."""
LEAST_TREMBLE = 0.6
"""Grey levels: a cell that was seen a few times only trembles more than it showed, and 8 bits round."""
ONE, ONE_TREMBLES = 10.0, 5.0
"""A cell differs by itself from so many grey levels on, and from so many times its trembling."""
NINE, NINE_TREMBLES = 4.0, 2.5
"""The same for the mean of a cell and its eight neighbours, which trembles a third as much."""
NEAR_NINE, NEAR_TREMBLES = 2.0, 1.25
"""What touches a difference belongs to it from so many on."""
FEW, FEW_TREMBLE = 10, 2.0
"""Where there are fewer pictures of the empty scene than that, so much trembling is assumed at least."""
LEAST_AGREED, LEAST_FREE = 0.6, 0.2
"""Share of the looks without a face there in which a place must be the same to be known, and share of all looks that these must
be."""
SAME = 10.0
"""Grey levels within which two looks at a place are the same."""
MOST_GAIN = 2.0
DARK = 12.0
"""A cell darker than this says nothing of the gain."""


@dataclass(slots=True, eq=False)
class EmptyScene:
    """`mean` (rows, columns, 3) grey levels BGR; `tremble` (rows, columns) their standard deviation; `known` (rows, columns);
    `gain` (3,): how bright the last picture was against `mean`."""

    mean: Floats
    tremble: Floats
    known: Mask
    gain: Floats = field(default_factory=lambda: np.ones(3, np.float32))

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self.known.shape
        return rows, columns

    @classmethod
    def unknown(cls, shape: tuple[int, int]) -> EmptyScene:
        """A scene of which nothing is known: everything differs."""
        return cls(np.zeros((*shape, 3), np.float32), np.full(shape, FEW_TREMBLE, np.float32), np.zeros(shape, np.bool_))

    @classmethod
    def of(cls, pictures: Sequence[Image]) -> EmptyScene:
        """From pictures of the empty scene itself, all of one size. Raises MediaError for none or several sizes."""
        if not pictures or len({p.shape for p in pictures}) != 1:
            raise MediaError("the empty scene is learned from one picture or several of one size, taken by the camera where it stands")
        looks = np.stack([cells_of(p) for p in pictures])
        tremble = np.maximum(looks.std(0).max(2), LEAST_TREMBLE if len(looks) >= FEW else FEW_TREMBLE).astype(np.float32)
        return cls(looks.mean(0), tremble, np.ones(looks.shape[1:3], np.bool_))

    @classmethod
    def among(cls, pictures: Iterable[Image], faces: Iterable[Sequence[Box]]) -> EmptyScene:
        """From pictures of a fixed camera in which people come and go: what a place looks like in most of them. `faces`: those
        found in each picture; what lies around and below one does not count. Places that do not look
        the same in LEAST_AGREED of the others stay unknown. Raises MediaError for no pictures or several sizes."""
        looks, free = [], []
        for image, boxes in zip(pictures, faces, strict=True):
            looks.append(cells_of(image).astype(np.uint8))
            free.append(_clear_of(boxes, image.shape[1], image.shape[0], looks[-1].shape[:2]))
        if not looks or len({look.shape for look in looks}) != 1:
            raise MediaError("the empty scene is learned from pictures of one size: this video has none, or changes its size")
        stack, counted = np.stack(looks), np.stack(free)
        # The median over the pictures that count: the others are pushed to both ends in turn.
        middle = np.nanmedian(np.where(counted[..., None], stack, np.float32(np.nan)), 0) if not counted.all() else np.median(stack, 0)
        with np.errstate(invalid="ignore"):
            same = counted & (np.abs(stack - middle).max(3) < SAME)
        number = np.maximum(same.sum(0), 1)[..., None]
        mean = (stack * same[..., None]).sum(0) / number
        tremble = np.sqrt(((stack - mean) ** 2 * same[..., None]).sum(0) / number).max(2)
        known = (same.sum(0) >= LEAST_AGREED * counted.sum(0)) & (counted.mean(0) >= LEAST_FREE)
        return cls(mean.astype(np.float32), np.maximum(tremble, LEAST_TREMBLE).astype(np.float32), known)

    def differs(self, cells: Floats, before: Mask | None = None) -> Mask:
        """Which cells (rows, columns) of a picture differ. `before`: those that did in the picture before, which say nothing of
        the gain."""
        steady = self.known if before is None else self.known & ~before
        self.gain = self._gain(cells, steady)
        change = cells - self.mean * self.gain
        blurred = cv2.blur(change, (3, 3), borderType=cv2.BORDER_REPLICATE)
        alone, nine = np.abs(change).max(2), np.abs(blurred).max(2)
        sure = (alone > np.maximum(ONE, ONE_TREMBLES * self.tremble)) | (nine > np.maximum(NINE, NINE_TREMBLES * self.tremble))
        near = sure | (nine > np.maximum(NEAR_NINE, NEAR_TREMBLES * self.tremble))
        found: Mask = _touching(near, sure) | ~self.known
        return found

    def _gain(self, cells: Floats, steady: Mask) -> Floats:
        """One factor for each colour: the median over what most likely did not change."""
        gain = np.ones(3, np.float32)
        for colour in range(3):
            usable = steady & (self.mean[..., colour] > DARK) & (cells[..., colour] < 250)
            if usable.sum() >= 0.05 * usable.size:
                gain[colour] = np.median(cells[..., colour][usable] / self.mean[..., colour][usable])
        return np.clip(gain, 1 / MOST_GAIN, MOST_GAIN).astype(np.float32)


def grid_of(width: int, height: int) -> tuple[int, int]:
    """Rows and columns of the cells of a picture of that size."""
    cell = max(CELL, width / MOST_COLUMNS)
    return max(round(height / cell), 1), max(round(width / cell), 1)


def cells_of(image: Image) -> Floats:
    """The mean colour of each cell, (rows, columns, 3)."""
    rows, columns = grid_of(image.shape[1], image.shape[0])
    small: Floats = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)
    return small


def _touching(near: Mask, sure: Mask) -> Mask:
    """The connected pieces of `near` that hold anything of `sure`."""
    count, labels = cv2.connectedComponents(near.astype(np.uint8), connectivity=8)
    keep = np.zeros(count, np.bool_)
    keep[labels[sure]] = True
    keep[0] = False
    found: Mask = keep[labels]
    return found


def _clear_of(boxes: Sequence[Box], width: int, height: int, shape: tuple[int, ...]) -> Mask:
    """Cells where no face, and nobody below one, stands."""
    clear = np.ones(shape, np.bool_)
    for box in boxes:
        x, y = shape[1] / width, shape[0] / height
        left, right = (box.x - box.width) * x, (box.x + 2 * box.width) * x
        clear[max(int((box.y - box.height) * y), 0):max(int((box.y + 6 * box.height) * y) + 1, 0),
              max(int(left), 0):max(int(right) + 1, 0)] = False
    return clear
