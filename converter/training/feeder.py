"""Composites made in child processes and handed over in shared memory, so that training never waits for a
picture."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from multiprocessing.sharedctypes import RawArray

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
    """Batches of pictures (n, height, width, 3) uint8 and targets (n, cells, TARGET_WIDTH) from forked
    painters.

    Create it before TensorFlow is imported: the children are forked, and a fork of a threaded runtime may
    hang. A worker's chance depends on the seed, its number and its count of batches only.
    """

    def __init__(self, painter: Painter, batch: int, workers: int, seed: int, slots: int = 12) -> None:
        self.painter = painter
        self.batch = batch
        self.centres, self.strides = cell_centres(painter.width, painter.height)
        cells = len(self.centres)
        image_bytes = batch * painter.height * painter.width * 3
        context = multiprocessing.get_context("fork")
        self._images = [
            np.frombuffer(RawArray("B", image_bytes), np.uint8).reshape(
                batch, painter.height, painter.width, 3
            )
            for _ in range(slots)
        ]
        self._targets = [
            np.frombuffer(RawArray("f", batch * cells * TARGET_WIDTH), np.float32).reshape(
                batch, cells, TARGET_WIDTH
            )
            for _ in range(slots)
        ]
        self._free = context.SimpleQueue()
        self._ready = context.SimpleQueue()
        for slot in range(slots):
            self._free.put(slot)
        self._workers = [
            context.Process(target=self._work, args=(seed, number, os.getpid()), daemon=True)
            for number in range(workers)
        ]
        for worker in self._workers:
            worker.start()

    def _work(self, seed: int, number: int, parent: int) -> None:
        cv2.setNumThreads(1)
        threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
        count = 0
        while True:
            slot = self._free.get()
            if slot is None:
                return
            rng = np.random.default_rng((seed, number, count))
            for i in range(self.batch):
                image, labels = self.painter.paint(rng)
                self._images[slot][i] = image
                self._targets[slot][i] = assign(labels, self.centres, self.strides)
            self._ready.put(slot)
            count += 1

    def batches(self) -> Iterator[Batch]:
        """Batches for ever, each a copy that the caller owns."""
        while True:
            slot = self._ready.get()
            batch = self._images[slot].copy(), self._targets[slot].copy()
            self._free.put(slot)
            yield batch

    def close(self) -> None:
        for _ in self._workers:
            self._free.put(None)
        for worker in self._workers:
            worker.terminate()
            worker.join(timeout=5)
