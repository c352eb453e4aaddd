"""How good a classifier is on pictures that it never saw, and what it says of people whom it does not know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

KEPT = 0.95
"""The belief at which strangers are counted: the one that this share of the right answers reaches."""


@dataclass(frozen=True, slots=True)
class Result:
    """`confusion[i, j]`: pictures of class i taken for class j. `strangers`: pictures of people who are no class, and
    `strangers_named` the share of them that are called somebody with as much belief as 95 % of the known get rightly."""

    classes: tuple[str, ...]
    confusion: Indices
    belief: float
    strangers: int
    strangers_named: float | None

    @property
    def accuracy(self) -> float:
        return float(np.trace(self.confusion) / max(self.confusion.sum(), 1))

    @property
    def recall(self) -> Floats:
        """Of each class's pictures the share that is called so; NaN for a class without pictures."""
        count = self.confusion.sum(1)
        return np.where(count > 0, np.diag(self.confusion) / np.maximum(count, 1), np.nan).astype(np.float32)

    @property
    def precision(self) -> Floats:
        """Of the pictures called so the share that is; NaN for a class that nothing is called."""
        count = self.confusion.sum(0)
        return np.where(count > 0, np.diag(self.confusion) / np.maximum(count, 1), np.nan).astype(np.float32)

    def table(self) -> dict[str, Any]:
        """JSON-able."""
        def plain(value: np.floating[Any]) -> float | None:
            return round(float(value), 4) if np.isfinite(value) else None

        return {"accuracy": round(self.accuracy, 4), "pictures": int(self.confusion.sum()),
                "mean_recall": plain(np.nanmean(self.recall)), "classes": [
                    {"name": name, "pictures": int(self.confusion[i].sum()), "recall": plain(self.recall[i]),
                     "precision": plain(self.precision[i])} for i, name in enumerate(self.classes)],
                "confusion": self.confusion.tolist(), "strangers": self.strangers,
                "strangers_named": None if self.strangers_named is None else round(self.strangers_named, 4),
                "belief": round(self.belief, 4)}


def probabilities(outputs: Floats) -> Floats:
    """A probability for each class, also where the net gives that of the second of two only: [N,classes]."""
    return np.concatenate([1 - outputs, outputs], 1) if outputs.shape[1] == 1 else outputs


def judge(classes: Sequence[str], known: Floats, truth: Indices, strangers: Floats) -> Result:
    """From probabilities [N,classes] of pictures of the classes, and [M,classes] of strangers."""
    guess = known.argmax(1)
    confusion = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(confusion, (truth, guess), 1)
    right = np.sort(known.max(1)[guess == truth])
    belief = float(right[int((1 - KEPT) * len(right))]) if len(right) else 1.0
    named = float((strangers.max(1) >= belief).mean()) if len(strangers) else None
    return Result(tuple(classes), confusion, belief, len(strangers), named)


def run_in_batches(predict: Callable[[npt.NDArray[np.uint8]], Floats], pixels: npt.NDArray[np.uint8], size: int = 64) -> Floats:
    """All outputs as probabilities; `pixels` may be empty."""
    parts = [probabilities(np.asarray(predict(pixels[start:start + size]), np.float32)) for start in range(0, len(pixels), size)]
    return np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)
