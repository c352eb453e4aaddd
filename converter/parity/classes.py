"""Classifiers and liveness: are examples still called the same, and as often rightly?

Errors of liveness after ISO/IEC 30107-3: APCER, the share of attacks taken for live faces, BPCER, the share of live faces
taken for attacks. All attacks count as one species, since nobody says of which kind each is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from converter.contract import Floats
from converter.parity import device
from converter.parity.case import Case, Found, listed
from converter.parity.checks import Checks
from edge_face.errors import ModelError

Indices = npt.NDArray[np.int64]
LIVE = 0.5
UNLABELLED = "the examples have no labels"
BEYOND = 1e-3
"""How far a rounded probability may lie outside of 0 to 1."""
PERMUTED = 0.9
"""Agreement under another order of the classes from which that order is believed to be the mistake."""


def measure_classes(case: Case, checks: Checks) -> Found:
    """A classifier. Raises ModelError when the float model itself gives nothing that can be compared."""
    return judge_classes(case, checks, expected(case.expected()[case.main]), device.answers(case))


def expected(values: Floats) -> Floats:
    """The float model's output as probabilities (n, classes), also where it is one number, that of the second of two classes."""
    flat = np.asarray(values, np.float32).reshape(len(values), -1)
    return np.concatenate([1 - flat, flat], 1) if flat.shape[1] == 1 else flat


def judge_classes(case: Case, checks: Checks, was: Floats, now: Floats) -> Found:
    """Compares probabilities (n, classes), both in the order of the plan's labels."""
    called, calls = was.argmax(1), now.argmax(1)
    moved = np.abs(was - now).max(1)
    agreement = float((called == calls).mean())
    found = Found(metrics={"agreement": round(agreement, 5), "probability_moved": round(float(moved.mean()), 5)})
    if was.min() < -BEYOND or was.max() > 1 + BEYOND:
        found.said.append(f"the float model gives numbers from {was.min():.3g} to {was.max():.3g}, which are no probabilities: let the "
                          "model end with softmax or sigmoid")
    labels = known_labels(case, was.shape[1])
    known = np.empty(0, np.int64) if labels is None else np.flatnonzero(labels >= 0)
    if labels is None or not len(known):
        for metric in ("accuracy_lost", "recall_lost"):
            checks.cannot(metric, UNLABELLED)
    else:
        found.labelled = True
        truth = labels[known]
        before, after = (confusion(truth, guess[known], was.shape[1]) for guess in (called, calls))
        found.plots["confusion"] = {"float": before.tolist(), "quantized": after.tolist()}
        figures = {"float": accuracy(before), "file": accuracy(after)}
        recalls = {"float": mean_recall(before), "file": mean_recall(after)}
        fewest = int(before.sum(1)[before.sum(1) > 0].min())
        classes = int((before.sum(1) > 0).sum())
        checks.add("accuracy_lost", 100 * (figures["float"] - figures["file"]), one=100 / len(truth))
        checks.add("recall_lost", 100 * (recalls["float"] - recalls["file"]), one=100 / (fewest * classes))
        found.metrics |= {"labelled": len(truth), "accuracy_float": round(figures["float"], 5), "accuracy": round(figures["file"], 5),
                          "mean_recall_float": round(recalls["float"], 5), "mean_recall": round(recalls["file"], 5)}
        if (poor := _poor(figures["float"], before)):
            found.said.append(poor)
    checks.add("agreement", agreement, one=1 / len(was))
    checks.add("probability_moved", float(moved.mean()))
    found.plots |= {"error": listed(moved), "worst": case.worst(moved)}
    found.cause = swapped_labels(called, calls, was.shape[1], case.plan.labels)
    return found


def known_labels(case: Case, classes: int) -> Indices | None:
    """The examples' classes, -1 unknown. Raises ModelError for a class that the model does not have."""
    labels = case.material.labels
    if labels is not None and len(labels) and int(labels.max()) >= classes:
        raise ModelError(f"the examples have labels for {int(labels.max()) + 1} classes, the model has {classes}: the folders must be "
                         "named as the classes are")
    return labels


def confusion(truth: Indices, guess: Indices, classes: int) -> Indices:
    """`[i, j]`: how many of class i are called j."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (truth, guess), 1)
    return table


def accuracy(table: Indices) -> float:
    return float(np.trace(table) / max(int(table.sum()), 1))


def mean_recall(table: Indices) -> float:
    """Mean over the classes that have examples of the share of them that is called rightly."""
    count = table.sum(1)
    return float((np.diag(table)[count > 0] / count[count > 0]).mean())


def _poor(share: float, table: Indices) -> str:
    """A warning where the float model is no better than always naming the most frequent class."""
    most = float(table.sum(1).max() / max(int(table.sum()), 1))
    if share > most + 1e-9:
        return ""
    return (f"the float model itself is right on {share:.1%} of the labelled examples, and naming always the same class on {most:.1%}: "
            "the order of its classes, the colour order or the range of its pixels may not be what was assumed")


def swapped_labels(called: Indices, calls: Indices, classes: int, labels: tuple[str, ...]) -> str:
    """Says so where the two models mean the same under different names; else empty."""
    table = confusion(called, calls, classes)
    seen = table.sum(1) > 0
    partner = table.argmax(1)
    if int(seen.sum()) < 2 or len(set(partner[seen])) < int(seen.sum()) or (partner[seen] == np.flatnonzero(seen)).all():
        return ""
    if table[seen, partner[seen]].sum() / table.sum() < PERMUTED:
        return ""
    first = next(index for index in np.flatnonzero(seen) if partner[index] != index)
    names = labels if len(labels) == classes else tuple(str(number) for number in range(classes))
    return (f"the labels stand in another order: what the float model calls {names[first]!r} the file calls {names[partner[first]]!r}; "
            "check the order of the labels")


def measure_liveness(case: Case, checks: Checks) -> Found:
    """A liveness model: one score, 1 is live; labels 1 live, 0 attack. Raises ModelError as above."""
    return judge_liveness(case, checks, case.expected()[case.main].reshape(-1), device.answers(case).reshape(-1))


def judge_liveness(case: Case, checks: Checks, was: Floats, now: Floats) -> Found:
    """Compares scores (n,)."""
    moved = np.abs(was - now)
    agreement = float(((was >= LIVE) == (now >= LIVE)).mean())
    found = Found(metrics={"agreement": round(agreement, 5), "score_moved": round(float(moved.mean()), 5)})
    labels = known_labels(case, 2)
    for name, kind, live in (("apcer", 0, True), ("bpcer", 1, False)):
        mine = np.empty(0, np.int64) if labels is None else np.flatnonzero(labels == kind)
        if not len(mine):
            checks.cannot(f"{name}_gained", UNLABELLED if labels is None else f"no example is {'a live face' if kind else 'an attack'}")
            continue
        found.labelled = True
        before, after = (float(((score[mine] >= LIVE) == live).mean()) for score in (was, now))
        checks.add(f"{name}_gained", 100 * (after - before), one=100 / len(mine))
        found.metrics |= {f"{name}_float": round(before, 5), name: round(after, 5), f"{name}_examples": len(mine)}
    if labels is not None and (labels >= 0).any():
        known = np.flatnonzero(labels >= 0)
        found.plots["confusion"] = {key: confusion(labels[known], (score[known] >= LIVE).astype(np.int64), 2).tolist()
                                    for key, score in (("float", was), ("quantized", now))}
    checks.add("agreement", agreement, one=1 / len(was))
    checks.add("score_moved", float(moved.mean()))
    found.plots |= {"error": listed(moved), "worst": case.worst(moved)}
    if agreement <= 1 - PERMUTED:
        found.cause = "the scores are turned round: what is live for the float model is an attack for the file"
    return found
