"""When a file fails badly: does it do what the float model does with pictures in another colour order or range?

The float model is shown the same pictures with each of the usual mistakes in turn; where the file then agrees far better, that
mistake is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from converter.contract import Floats, Preprocessing
from converter.parity import classes, device, embeddings, faces, outputs, reference
from converter.parity.case import Case
from edge_face.errors import ModelError

EXAMPLES = 24
RANGES = ((0.0, 255.0), (0.0, 1.0), (-1.0, 1.0))
FAR_BETTER = 0.4
"""A mistake is named when it leaves at most this share of the difference."""
BAD = 0.1
"""Differences below this are those of a precision, not of a mistake."""


def mistake(case: Case) -> str:
    """The mistake in a sentence, or empty. Never raises for the models at hand."""
    spec = case.plan.preprocessing
    if spec is None or len(case) == 0 or case.plan.task == "other":
        return ""
    few = _few(case)
    try:
        away = _difference(few)
        own = away(spec)
        if own < BAD:
            return ""
        nearest, other = min(((away(other), other) for other in variants(spec)), key=lambda pair: pair[0])
    except ModelError:  # the file does not run, or the float model collapses on such pictures
        return ""
    return _words(spec, other) if nearest <= FAR_BETTER * own else ""


def _few(case: Case) -> Case:
    """The same with a few examples spread over all."""
    chosen = np.unique(np.linspace(0, len(case) - 1, min(len(case), EXAMPLES)).astype(int))
    pictures = [case.material.pictures[index] for index in chosen]
    return replace(case, material=replace(case.material, pictures=pictures, faces=()), step=reference.no_step, memory={})


def variants(spec: Preprocessing) -> Iterator[Preprocessing]:
    """The same pictures in the other colour order, and in the other usual ranges."""
    if spec.colour != "grey":
        yield replace(spec, colour="BGR" if spec.colour == "RGB" else "RGB")
    for low, high in RANGES:
        if (low, high) != (spec.low, spec.high):
            yield replace(spec, low=low, high=high)


def _words(spec: Preprocessing, other: Preprocessing) -> str:
    if other.colour != spec.colour:
        return (f"the colour order is swapped: the file agrees with the float model when that is shown {other.colour} in place of "
                f"{spec.colour}")
    return (f"the scaling is wrong: the file agrees with the float model when that is shown pixels from {other.low:g} to {other.high:g} in "
            f"place of {spec.low:g} to {spec.high:g}")


def _difference(case: Case) -> Callable[[Preprocessing], float]:
    """How far the file is from the float model under a preprocessing, 0 for none. Raises ModelError."""
    if case.plan.task == "detector":
        return faces.difference(case)
    now = device.answers(case)

    def away(spec: Preprocessing) -> float:
        return outputs.relative_error(_expected(replace(case, plan=replace(case.plan, preprocessing=spec))), now)

    return away


def _expected(case: Case) -> Floats:
    if case.plan.task == "embedder":
        return embeddings.expected(case)
    found = case.expected()[case.main]
    return classes.expected(found) if case.plan.task == "classifier" else found
