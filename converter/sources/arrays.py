"""Examples for models whose inputs are no single picture: arrays by the names of the inputs, in an `.npz`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.contract import Array, Material, Plan, SourceModel
from converter.sources import variety
from converter.sources.backend import reason
from edge_face.errors import MediaError, UsageError

LABELS = "labels"


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of examples: arrays (n, *shape) by input name, their digests, labels where there are any."""

    values: Mapping[str, Array]
    digests: npt.NDArray[np.str_]
    labels: npt.NDArray[np.int64] | None
    said: tuple[str, ...]

    def rows(self, chosen: npt.NDArray[np.int64], what: str, path: Path) -> Material:
        values = {name: array[chosen] for name, array in self.values.items()}
        said = (f"{what}: {len(chosen)} examples of {path}", *self.said, *variety.of_values(values, what))
        return Material(values, labels=None if self.labels is None else self.labels[chosen],
                        names=tuple(f"row {index} of {path.name}" for index in chosen.tolist()), said=said)


def gather_arrays(plan: Plan, model: SourceModel, calibration: Path, count: int, held_out: int,
                  gate: Path | None) -> tuple[Material, Material]:
    """Calibration and gate from one `.npz`, or from two, without a common row. Raises MediaError, UsageError."""
    mine = read_arrays(calibration, model, plan)
    order = np.random.default_rng(0).permutation(_distinct(mine.digests))
    if gate is None:
        cut = min(held_out, len(order) // 2)
        if not cut:
            raise MediaError(f"{calibration} has one example that differs from the others, and it cannot both calibrate and judge: bring "
                             "100 or more, or others to judge by with --gate")
        return (mine.rows(np.sort(order[cut:cut + count]), "calibration", calibration),
                mine.rows(np.sort(order[:cut]), "the gate", calibration))
    other = read_arrays(gate, model, plan)
    chosen = np.sort(order[:count])
    used = set(mine.digests[chosen].tolist())
    fresh = np.array([index for index in _distinct(other.digests) if other.digests[index] not in used], np.int64)
    if not len(fresh):
        raise MediaError(f"all examples in {gate} calibrate already: bring others to judge by")
    judging = np.sort(np.random.default_rng(0).permutation(fresh)[:held_out])
    return mine.rows(chosen, "calibration", calibration), other.rows(judging, "the gate", gate)


def read_arrays(path: Path, model: SourceModel, plan: Plan) -> Table:
    """The rows of an `.npz` that fit the model's inputs; rows with values that are no numbers are left out and counted.
    Raises MediaError, UsageError."""
    wanted = ", ".join(f"{spec.name} (n, {', '.join(map(str, spec.shape))})" for spec in model.inputs)
    if path.suffix.lower() != ".npz" or not path.is_file():
        raise UsageError(f"{model.path} takes no single picture: name an .npz file with arrays {wanted}, and labels where you have them, "
                         f"not {path}")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception as error:  # numpy, zipfile and zlib raise a dozen kinds for damaged bytes, SyntaxError among them
        raise MediaError(f"{path} cannot be read ({reason(error)}): write it with numpy.savez, without objects") from error
    labels = arrays.pop(LABELS, None)
    if len(model.inputs) == 1 and len(arrays) == 1:
        arrays = {model.inputs[0].name: next(iter(arrays.values()))}
    values: dict[str, Array] = {}
    for spec in model.inputs:
        if spec.name not in arrays:
            raise MediaError(f"{path} has no array {spec.name}; it has {', '.join(arrays) or 'none'}, and {wanted} are needed")
        array = arrays[spec.name]
        if array.shape[1:] != spec.shape or array.dtype.kind not in "fiub":
            raise MediaError(f"{path}: {spec.name} is {array.dtype} of shape {array.shape}, and "
                             f"(n, {', '.join(map(str, spec.shape))}) is needed")
        values[spec.name] = array.astype(spec.dtype)
    counts = {name: len(array) for name, array in values.items()}
    if len(set(counts.values())) != 1 or not next(iter(counts.values())):
        raise MediaError(f"{path} has {', '.join(f'{n} of {name}' for name, n in counts.items())}: as many of each are needed, "
                         "and at least two")
    found = None if labels is None else _labels(labels, next(iter(counts.values())), plan, path)
    good = np.ones(next(iter(counts.values())), bool)
    for array in values.values():
        good &= np.isfinite(array.reshape(len(array), -1).astype(np.float64)).all(1)
    said = () if good.all() else (f"left out {int((~good).sum())} rows of {path.name} with values that are no numbers "
                                  f"(first: row {int(np.flatnonzero(~good)[0])})",)
    if not good.any():
        raise MediaError(f"every row of {path} has values that are no numbers: write it again")
    values = {name: array[good] for name, array in values.items()}
    digests = np.array([hashlib.sha256(b"".join(np.ascontiguousarray(array[row]).tobytes() for array in values.values())).hexdigest()
                        for row in range(int(good.sum()))])
    return Table(values, digests, None if found is None else found[good], said)


def _distinct(digests: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
    """The first row of each content."""
    return np.sort(np.unique(digests, return_index=True)[1]).astype(np.int64)


def _labels(labels: npt.NDArray[Any], count: int, plan: Plan, path: Path) -> npt.NDArray[np.int64]:
    """Numbers of classes (or of people), also from names in `plan.labels`. Raises MediaError."""
    if labels.shape != (count,):
        raise MediaError(f"{path}: labels has the shape {labels.shape}, and one for each of the {count} examples is needed")
    if labels.dtype.kind in "US":
        number = {name: index for index, name in enumerate(plan.labels)}
        return np.array([number.get(str(name), -1) for name in labels.astype(str)], np.int64)
    if labels.dtype.kind not in "iu" and not np.array_equal(labels, np.round(labels)):
        raise MediaError(f"{path}: labels are {labels.dtype}, and whole numbers or names are needed")
    found = labels.astype(np.int64)
    if plan.labels and len(found) and int(found.max()) >= len(plan.labels):
        raise MediaError(f"{path} has a label {int(found.max())}, and the model tells {len(plan.labels)} classes apart: count them from 0")
    return found
