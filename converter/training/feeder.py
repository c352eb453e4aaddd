"""Composites and their targets for the detector, painted in forked processes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from converter.training.detector_targets import TARGET_WIDTH, assign, cell_centres
from converter.training.forked import Arrays, ForkedBatches
from converter.training.scenes import Painter

Batch = tuple[NDArray[np.uint8], NDArray[np.float32]]


class Feeder:
    """Batches of pictures (n, height, width, 3) uint8 and targets (n, cells, TARGET_WIDTH); see `ForkedBatches`."""

    def __init__(self, painter: Painter, batch: int, workers: int, seed: int, first: int = 0, slots: int = 12) -> None:
        self.painter = painter
        self.centres, self.strides = cell_centres(painter.width, painter.height)
        self._seed = seed
        shapes = [((batch, painter.height, painter.width, 3), np.uint8), ((batch, len(self.centres), TARGET_WIDTH), np.float32)]
        self._batches = ForkedBatches(self._fill, shapes, workers, first, slots)

    def _fill(self, number: int, arrays: Arrays) -> None:
        rng = np.random.default_rng((self._seed, number))
        images, targets = arrays
        for i in range(len(images)):
            image, labels = self.painter.paint(rng)
            images[i] = image
            targets[i] = assign(labels, self.centres, self.strides)

    def batches(self) -> Iterator[Batch]:
        yield from self._batches  # type: ignore[misc]

    def close(self) -> None:
        self._batches.close()
