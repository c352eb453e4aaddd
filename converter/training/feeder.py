"""Composites made in child processes and handed over in shared memory, so that training never waits for a
picture."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from multiprocessing.sharedctypes import RawArray
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.training.detector_targets import TARGET_WIDTH, assign, cell_centres
from converter.training.scenes import Painter

Batch = tuple[NDArray[np.uint8], NDArray[np.float32]]


def _leave_with(parent: int) -> None:
    """End this process when its parent is gone: a killed training leaves no painters behind."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(0)


class Feeder:
    """Batches of pictures (n, height, width, 3) uint8 and targets (n, cells, TARGET_WIDTH) from forked painters.

    Batch number k (from `first` on) is painted by chance that the seed and k decide alone: a resumed run sees what an
    unbroken one would. Create it before TensorFlow or PyTorch start their threads: the workers are forked.
    """

    def __init__(self, painter: Painter, batch: int, workers: int, seed: int, first: int = 0, slots: int = 12) -> None:
        self.painter = painter
        self.batch = batch
        self.centres, self.strides = cell_centres(painter.width, painter.height)
        self._seed, self._next = seed, first
        context = multiprocessing.get_context("fork")
        images, targets = (batch, painter.height, painter.width, 3), (batch, len(self.centres), TARGET_WIDTH)
        self._images = [_shared("B", images) for _ in range(slots)]
        self._targets = [_shared("f", targets) for _ in range(slots)]
        self._free = [context.SimpleQueue() for _ in range(workers)]
        self._ready = [context.SimpleQueue() for _ in range(workers)]
        self._workers = []
        for number in range(workers):
            for slot in range(number, slots, workers):
                self._free[number].put(slot)
            start = first + (number - first) % workers
            worker = context.Process(target=self._work, args=(number, start, os.getpid()), daemon=True)
            self._workers.append(worker)
            worker.start()

    def _work(self, worker: int, number: int, parent: int) -> None:
        cv2.setNumThreads(1)
        threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
        while True:
            slot = self._free[worker].get()
            rng = np.random.default_rng((self._seed, number))
            for i in range(self.batch):
                image, labels = self.painter.paint(rng)
                self._images[slot][i] = image
                self._targets[slot][i] = assign(labels, self.centres, self.strides)
            self._ready[worker].put(slot)
            number += len(self._free)

    def batches(self) -> Iterator[Batch]:
        """Batches for ever, in order, each a copy that the caller owns."""
        while True:
            worker = self._next % len(self._workers)
            slot = self._ready[worker].get()
            batch = self._images[slot].copy(), self._targets[slot].copy()
            self._free[worker].put(slot)
            self._next += 1
            yield batch

    def close(self) -> None:
        for worker in self._workers:
            worker.terminate()
            worker.join(timeout=5)


def _shared(kind: str, shape: tuple[int, ...]) -> NDArray[Any]:
    raw = RawArray(kind, int(np.prod(shape)))
    return np.frombuffer(raw, np.uint8 if kind == "B" else np.float32).reshape(shape)
