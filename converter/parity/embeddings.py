"""Embedders: do the same faces still get the same embedding, and are people still told apart as well?

TAR and FMR after ISO/IEC 19795-1; a rate is read only where 30 impostor pairs or more decide about it (its rule of 30).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from converter.contract import Floats, SourceModel
from converter.parity import device
from converter.parity.case import Case, Found, listed
from converter.parity.checks import Checks
from edge_face.errors import ModelError

RATES = {"1e-3": 1e-3, "1e-4": 1e-4}
MOST_DRAWN = 1500
"""Pairs in the scatter of similarities."""
CURVE_POINTS = 120


def measure(case: Case, checks: Checks) -> Found:
    """Raises ModelError when the float model gives no embeddings; what the file does wrong is a failed check."""
    was = expected(case)
    now = device.answers(case)
    return judge(case, checks, was, now)


def expected(case: Case) -> Floats:
    """The float model's embeddings (n, d) of length 1. Raises ModelError."""
    parts = case.plan.parts or case.shape[1:]
    found = unit(case.expected()[case.main], parts, case.model)
    if case.plan.mirrored:
        found = unit(found + unit(case.expected(mirrored=True)[case.main], parts, case.model), parts, case.model)
    return found


def unit(raw: Floats, parts: tuple[int, ...], model: SourceModel) -> Floats:
    """Rows (n, d) whose parts have equal lengths and which have length 1. Raises ModelError where one has none."""
    pieces = np.split(raw.reshape(len(raw), -1).astype(np.float64), np.cumsum(parts)[:-1], axis=1)
    lengths = [np.linalg.norm(piece, axis=1, keepdims=True) for piece in pieces]
    if min(float(length.min()) for length in lengths) < 1e-6:
        raise ModelError(f"{model.path.name} itself gives embeddings of length 0: it was not trained, or its training collapsed")
    joined = np.concatenate([piece / length for piece, length in zip(pieces, lengths, strict=True)], 1)
    return np.asarray(joined / np.sqrt(len(pieces)), np.float32)


def judge(case: Case, checks: Checks, was: Floats, now: Floats) -> Found:
    """Compares embeddings (n, d) of the float model with those of the file."""
    cosine = np.einsum("ij,ij->i", was.astype(np.float64), now.astype(np.float64))
    first = float(np.percentile(cosine, 1))
    checks.add("cosine_mean", float(cosine.mean()))
    checks.add("cosine_p01", first)
    found = Found(metrics={"cosine_mean": round(float(cosine.mean()), 5), "cosine_p01": round(first, 5)})
    found.plots = {"cosine": listed(cosine), "worst": case.worst(cosine.astype(np.float32), low_is_bad=True)}
    _people(case, checks, was, now, found)
    found.plots["scatter"] = _scatter(was, now, case.material.labels)
    return found


def _people(case: Case, checks: Checks, was: Floats, now: Floats, found: Found) -> None:
    """How well people are told apart, where it is known who they are."""
    from edge_face.evaluation.embedding_run import Embedded
    from edge_face.evaluation.tally import FEWEST, Metric
    from edge_face.evaluation.verification import compare_all

    why = _unmeasurable(case.material.labels)
    if why:
        for name in RATES:
            checks.cannot(f"tar_lost_{name}", why)
            checks.cannot(f"threshold_moved_{name}", why)
        return
    assert case.material.labels is not None
    known = case.material.labels >= 0
    person = np.unique(case.material.labels[known], return_inverse=True)[1].astype(np.int64)
    tallies = {key: compare_all(Embedded(rows[known], np.ones(len(person), bool), {}), person, Metric()).tally
               for key, rows in (("float", was), ("quantized", now))}
    pairs, genuine = tallies["float"].impostor_pairs, tallies["float"].genuine_pairs
    found.metrics |= {"people": int(person.max()) + 1, "genuine_pairs": genuine, "impostor_pairs": pairs}
    thresholds = []
    for name, rate in {"1e-2": 1e-2, **RATES}.items():
        before, after = tallies["float"].at_fmr(rate), tallies["quantized"].at_fmr(rate)
        if before is None or after is None:
            if name in RATES:
                why = f"{pairs:,} pairs of different people are too few for {FEWEST} false matches, {FEWEST / rate:,.0f} are needed"
                checks.cannot(f"tar_lost_{name}", why)
                checks.cannot(f"threshold_moved_{name}", why)
            continue
        found.metrics |= {f"tar_float_{name}": round(before.tar, 5), f"tar_{name}": round(after.tar, 5)}
        thresholds.append({"fmr": rate, "float": before.threshold, "quantized": after.threshold})
        if name in RATES:
            found.labelled = True
            checks.add(f"tar_lost_{name}", 100 * (before.tar - after.tar), one=100 / genuine)
            checks.add(f"threshold_moved_{name}", abs(after.threshold - before.threshold))
    if thresholds:
        found.plots["thresholds"] = thresholds
        found.plots["det"] = {key: _curve(*tally.roc(), FEWEST / pairs) for key, tally in tallies.items()}


def _unmeasurable(labels: npt.NDArray[np.int64] | None) -> str:
    """Why people cannot be told apart here; empty when they can."""
    known = np.empty(0, np.int64) if labels is None else labels[labels >= 0]
    if not len(known):
        return "it is not known who the faces are (a folder for each person says so)"
    counts = np.unique(known, return_counts=True)[1]
    if len(counts) < 2:
        return "all faces are of one person"
    return "" if counts.max() > 1 else "nobody has two pictures"


def _curve(fmr: npt.NDArray[np.float64], tar: npt.NDArray[np.float64], least: float) -> dict[str, list[float]]:
    """A few points of a DET curve, as far as enough pairs carry it."""
    wanted = np.geomspace(min(max(least, 1e-6), 0.5), 1.0, CURVE_POINTS)
    at = np.unique(np.searchsorted(-fmr, -wanted))
    at = at[at < len(fmr)]
    return {"fmr": listed(fmr[at], 8), "fnmr": listed(1 - tar[at], 8)}


def _scatter(was: Floats, now: Floats, labels: npt.NDArray[np.int64] | None) -> dict[str, Any]:
    """Similarities of pairs by both models; half of them of one person where that is known."""
    rng = np.random.default_rng(0)
    left, right = np.triu_indices(len(was), 1) if len(was) <= 600 else rng.integers(0, len(was), (2, 100_000))
    keep = left != right
    left, right = left[keep], right[keep]
    if not len(left):
        return {"float": [], "quantized": []}
    chosen = rng.permutation(len(left))[:MOST_DRAWN]
    same = None
    if labels is not None:
        same = (labels[left] == labels[right]) & (labels[left] >= 0)
        alike = rng.permutation(np.flatnonzero(same))[:MOST_DRAWN // 2]
        apart = rng.permutation(np.flatnonzero(~same))[:MOST_DRAWN - len(alike)]
        chosen = np.concatenate([alike, apart])
    left, right = left[chosen], right[chosen]
    drawn: dict[str, Any] = {key: listed(np.einsum("ij,ij->i", rows[left], rows[right]), 4)
                             for key, rows in (("float", was), ("quantized", now))}
    if same is not None:
        drawn["same"] = same[chosen].tolist()
    return drawn
