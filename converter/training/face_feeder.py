"""Augmented batches of faces made in forked processes and handed over in shared memory."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from multiprocessing.sharedctypes import RawArray

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.training.face_augment import Augmentation, augment
from converter.training.face_shards import TrainingFaces
from converter.training.feeder import _leave_with
from edge_face.vision.align import SIZE

Batch = tuple[NDArray[np.uint8], NDArray[np.int64]]


class FaceFeeder:
    """Batches for ever: faces uint8[n,112,112,3] RGB and their indices int64[n].

    Every face once in each pass, in an order and with changes that the seed and the batch's number decide alone: a
    resumed run goes on with the batch it stopped before. Create it before TensorFlow or PyTorch start their threads:
    the workers are forked.
    """

    def __init__(self, faces: TrainingFaces, how: Augmentation, batch: int, workers: int, seed: int, first: int = 0,
                 slots: int = 16) -> None:
        self._faces, self._how, self._batch, self._seed = faces, how, batch, seed
        context = multiprocessing.get_context("fork")
        shape = (batch, SIZE, SIZE, 3)
        self._images = [np.frombuffer(RawArray("B", int(np.prod(shape))), np.uint8).reshape(shape) for _ in range(slots)]
        self._indices = [np.frombuffer(RawArray("q", batch), np.int64) for _ in range(slots)]
        self._workers, self._full, self._empty = [], [], []
        self._next = first
        for number in range(workers):
            full, empty = context.SimpleQueue(), context.SimpleQueue()
            for slot in range(number, slots, workers):
                empty.put(slot)
            start = first + (number - first) % workers
            worker = context.Process(target=self._work, args=(start, workers, full, empty, os.getpid()), daemon=True)
            self._workers.append(worker)
            self._full.append(full)
            self._empty.append(empty)
            worker.start()

    def chosen(self, number: int) -> NDArray[np.int64]:
        """Indices of the faces in batch `number`."""
        total = len(self._faces)
        positions = np.arange(number * self._batch, (number + 1) * self._batch)
        out = np.empty(self._batch, np.int64)
        for turn in np.unique(positions // total):
            order = np.random.default_rng((self._seed, int(turn))).permutation(total)
            here = positions // total == turn
            out[here] = order[positions[here] % total]
        return out

    def _work(self, number: int, stride: int, full: multiprocessing.SimpleQueue[int],
              empty: multiprocessing.SimpleQueue[int], parent: int) -> None:
        cv2.setNumThreads(1)
        threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
        while True:
            slot = empty.get()
            rng = np.random.default_rng((self._seed, 1, number))
            chosen = self.chosen(number)
            for place, index in enumerate(chosen):
                self._images[slot][place] = augment(self._faces.crops[index], self._how, rng)[:, :, ::-1]
            self._indices[slot][:] = chosen
            full.put(slot)
            number += stride

    def batches(self) -> Iterator[Batch]:
        """Batches from the first on, in order, each a copy that the caller owns."""
        while True:
            worker = self._next % len(self._workers)
            slot = self._full[worker].get()
            batch = self._images[slot].copy(), self._indices[slot].copy()
            self._empty[worker].put(slot)
            self._next += 1
            yield batch

    def close(self) -> None:
        for worker in self._workers:
            worker.terminate()
            worker.join(timeout=5)
