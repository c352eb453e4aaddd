"""Examples to compare two models on: all of a place, nothing held back for calibration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from converter.contract import Material, Plan, SourceModel

CALIBRATION = "calibration: "
"""What sentences on the first set begin with; here nothing is calibrated."""


def examples(plan: Plan, model: SourceModel, data: Path, most: int) -> Material:
    """Up to `most` examples and one or two more. Raises MediaError, UsageError."""
    from converter.sources import gather

    mine, held_back = gather(plan, model, data, most, 1)
    mine = replace(mine, said=tuple(f"examples: {text.removeprefix(CALIBRATION)}" for text in mine.said if text.startswith(CALIBRATION)))
    # People are numbered in each of the two by itself, so that an embedder's cannot be joined: whoever was held back is left out.
    return mine if plan.task == "embedder" else joined(mine, held_back)


def joined(first: Material, second: Material) -> Material:
    """Both, one behind the other, with what was said of the first."""
    labels = None
    if first.labels is not None or second.labels is not None:
        labels = np.concatenate([np.full(len(each), -1, np.int64) if each.labels is None else each.labels for each in (first, second)])
    return Material({name: np.concatenate([value, second.values[name]]) for name, value in first.values.items()},
                    [*first.pictures, *second.pictures], labels, [*first.names, *second.names], first.said, [*first.faces, *second.faces])
