"""Batches made in forked processes and handed over in shared memory, so that training never waits for a picture."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.sharedctypes import RawArray
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.training.errors import TrainingError

Arrays = tuple[NDArray[Any], ...]


def _leave_with(parent: int) -> None:
    """End this process when its parent is gone: a killed training leaves no painters behind."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(0)


class ForkedBatches:
    """Batches for ever, in order, from number `first` on: `fill(number, arrays)` writes batch `number` into arrays of the
    given shapes and types, in a process of its own. Where it draws from a generator seeded with the number, a resumed
    run goes on with what an unbroken one would have seen.

    Create it before TensorFlow or PyTorch start their threads: a fork of a threaded runtime may hang.
    """

    def __init__(self, fill: Callable[[int, Arrays], None], arrays: Sequence[tuple[tuple[int, ...], Any]], workers: int = 1,
                 first: int = 0, slots: int = 12) -> None:
        self._fill, self._next = fill, first
        cv2.setNumThreads(1)  # ends OpenCV's thread pool: a child forked beside one waits for threads that it does not have
        context = multiprocessing.get_context("fork")
        self._slots = [tuple(_shared(shape, kind) for shape, kind in arrays) for _ in range(slots)]
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
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends its workers itself
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
        while True:
            slot = self._free[worker].get()
            self._fill(number, self._slots[slot])
            self._ready[worker].put(slot)
            number += len(self._free)

    def __iter__(self) -> Iterator[Arrays]:
        """Each batch is a copy that the caller owns. Raises TrainingError where a process has died."""
        while True:
            worker = self._next % len(self._workers)
            slot = self._filled(worker)
            batch = tuple(array.copy() for array in self._slots[slot])
            self._free[worker].put(slot)
            self._next += 1
            yield batch

    def _filled(self, worker: int) -> int:
        while not self._ready[worker]._poll(1.0):  # type: ignore[attr-defined]
            if not self._workers[worker].is_alive():
                raise TrainingError(f"a process that prepares batches has died (exit code {self._workers[worker].exitcode}), "
                                    "perhaps for lack of memory: go on with --resume")
        return int(self._ready[worker].get())

    def close(self) -> None:
        """Ends the processes."""
        for worker in self._workers:
            worker.terminate()
            worker.join(timeout=5)


def _shared(shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
    dtype = np.dtype(kind)
    return np.frombuffer(RawArray("B", int(np.prod(shape)) * dtype.itemsize), dtype).reshape(shape)
