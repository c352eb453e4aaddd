"""Augmented batches of faces, made in forked processes."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.training.face_augment import Augmentation, augment
from converter.training.face_shards import TrainingFaces
from converter.training.forked import Arrays, ForkedBatches
from converter.training.hidden_faces import Hidden, hide
from edge_face.vision.align import SIZE

FaceBatch = tuple[NDArray[np.uint8], NDArray[np.int64]]


def shrink(face: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """A face of 112x112 at a net's smaller size."""
    return face if size == SIZE else np.asarray(cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def by_person(faces: TrainingFaces) -> list[NDArray[np.int64]]:
    """Indices of the faces of each person who has two or more: what class-balanced batches draw from."""
    order = np.argsort(faces.person, kind="stable")
    starts = np.unique(faces.person[order], return_index=True)[1]
    return [part for part in np.split(order, starts[1:]) if len(part) > 1 and faces.person[part[0]] >= 0]


class FaceFeeder:
    """Batches for ever: faces uint8[n,size,size,3] RGB and their indices int64[n].

    Every face once in each pass, in an order and with changes that the seed and the batch's number decide alone: a
    resumed run goes on with the batch it stopped before. With `each` above 0 a batch is `batch // each` different people
    with `each` faces of each, drawn likewise by its number. With `hidden` the faces are hidden before anything else is done to them.
    """

    def __init__(self, faces: TrainingFaces, how: Augmentation, batch: int, workers: int, seed: int, first: int = 0,
                 slots: int = 16, size: int = SIZE, each: int = 0, hidden: Hidden | None = None) -> None:
        self._faces, self._how, self._batch, self._seed = faces, how, batch, seed
        self._size, self._each, self._hidden = size, each, hidden
        self._people = by_person(faces) if each else []
        shapes = [((batch, size, size, 3), np.uint8), ((batch,), np.int64)]
        self._batches = ForkedBatches(self._fill, shapes, workers, first, slots)

    def chosen(self, number: int) -> NDArray[np.int64]:
        """Indices of the faces in batch `number`."""
        if self._each:
            rng = np.random.default_rng((self._seed, 2, number))
            people = rng.choice(len(self._people), self._batch // self._each, replace=False)
            return np.concatenate([rng.choice(self._people[p], self._each, replace=len(self._people[p]) < self._each) for p in people])
        total = len(self._faces)
        positions = np.arange(number * self._batch, (number + 1) * self._batch)
        out = np.empty(self._batch, np.int64)
        for turn in np.unique(positions // total):
            order = np.random.default_rng((self._seed, int(turn))).permutation(total)
            here = positions // total == turn
            out[here] = order[positions[here] % total]
        return out

    def _fill(self, number: int, arrays: Arrays) -> None:
        images, indices = arrays
        rng = np.random.default_rng((self._seed, 1, number))
        indices[:] = self.chosen(number)
        for place, index in enumerate(indices):
            crop = self._faces.crops[index]
            face = augment(crop if self._hidden is None else hide(crop, self._hidden, rng), self._how, rng)
            images[place] = shrink(face, self._size)[:, :, ::-1]

    def batches(self) -> Iterator[FaceBatch]:
        """Batches from the first on, in order, each a copy that the caller owns."""
        yield from self._batches  # type: ignore[misc]

    def close(self) -> None:
        """Ends the processes."""
        self._batches.close()
