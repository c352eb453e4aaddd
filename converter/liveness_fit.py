"""The fusion of cues fitted: logistic regression with L2 by Newton's method, cross-validated by subject, cues that do not help left out.

Iteratively reweighted least squares after C. M. Bishop, "Pattern Recognition and Machine Learning", 2006, 4.3.3. A subject is never
in two folds: whoever is held out was not seen at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.liveness_tracks import Sample
from edge_face.errors import ModelError
from edge_face.vision.live_cues import CUES, TEXTURE, TOWARDS_LIFE
from edge_face.vision.live_fusion import MOST_TERM, bounds

Reals = npt.NDArray[np.float64]

FOLDS = 5
RIDGE = 1.0
"""L2 on the weights, in standardised cues and units of samples."""
LEAST_MEASURED = 0.1
"""The share of living and of attacks in which a cue must be measurable."""
FEWEST = 30
"""Samples of a source that a BPCER takes into account."""
FIXED = frozenset({TEXTURE})
"""Cues that are logarithms of odds already, of people held out when they were learned: they are weighed as they are, since those
who calibrate say less of them."""
HELPS = 2e-3
"""A cue stays when the held-out loss is worse by so much without it."""


DEAR = {"flicker": 1e-2, "banding": 1e-2}
"""Those that need the surroundings in every look, half of all that a look costs, must help more."""


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted fusion: one weight with its standard error for each of `cues`."""

    cues: tuple[str, ...]
    centres: Reals
    scales: Reals
    weights: Reals
    errors: Reals
    bias: float

    def scores(self, values: Reals) -> Reals:
        """Scores 0 to 1 of (n, cues); a cue that is no number adds nothing, as on the device."""
        shares = _terms(values, self.cues, self.centres, self.scales) * self.weights
        return _sigmoid(np.clip(shares, -MOST_TERM, MOST_TERM).sum(axis=1) + self.bias)


def table(samples: Sequence[Sample], cues: Sequence[str]) -> Reals:
    """(n, cues), not a number where a cue was not measured."""
    return np.array([[np.nan if (v := s.cues.get(name)) is None else v for name in cues] for s in samples], np.float64).reshape(
        len(samples), len(cues))


def auc(living: Reals, attacks: Reals) -> float:
    """The chance that a living one has more than an attack, ties half; not a number without both."""
    if not len(living) or not len(attacks):
        return float("nan")
    order = np.concatenate([living, attacks])
    _, where, counts = np.unique(order, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[where]
    return float((ranks[:len(living)].sum() - len(living) * (len(living) + 1) / 2) / (len(living) * len(attacks)))


def weights_of(samples: Sequence[Sample]) -> Reals:
    """Living people as heavy as all attacks; a species or source with four times the samples is twice as heavy as another."""
    kinds = [(s.species, s.source if s.live else "", s.real) for s in samples]
    groups = {kind: kinds.count(kind) for kind in set(kinds)}
    sides = {live: sum(count**0.5 for kind, count in groups.items() if (kind[0] == "live") == live) for live in (True, False)}
    return np.array([len(samples) / 2 / (groups[kind] ** 0.5 * sides[kind[0] == "live"]) for kind in kinds])


def fit(values: Reals, live: npt.NDArray[np.bool_], weights: Reals, cues: Sequence[str]) -> Model:
    """The regression, of samples of both kinds."""
    there = [np.isfinite(column) for column in values.T]
    centres = np.array([(_median(column[live & ok]) + _median(column[~live & ok])) / 2 for column, ok in zip(values.T, there, strict=True)])
    scales = np.array([max(float(column[ok].std()), 1e-6) if ok.any() else 1.0 for column, ok in zip(values.T, there, strict=True)])
    fixed = np.array([name in FIXED for name in cues])
    centres[fixed], scales[fixed] = 0.0, 1.0
    terms = _terms(values, cues, centres, scales)
    given = terms[:, fixed].sum(axis=1)
    x = np.column_stack([terms[:, ~fixed], np.ones(len(values))])
    ridge = np.diag([*[RIDGE] * int((~fixed).sum()), 1e-9])
    beta, hessian = np.zeros(x.shape[1]), np.eye(x.shape[1])
    for _ in range(50):
        p = _sigmoid(x @ beta + given)
        hessian = (x * (weights * p * (1 - p))[:, None]).T @ x + ridge
        step = np.linalg.solve(hessian, x.T @ (weights * (live - p)) - ridge @ beta)
        beta = beta + step
        if float(np.abs(step).max()) < 1e-9:
            break
    found, errors = np.ones(len(cues)), np.zeros(len(cues))
    found[~fixed], errors[~fixed] = beta[:-1], np.sqrt(np.diag(np.linalg.inv(hessian)))[:-1]
    return Model(tuple(cues), centres, scales, found, errors, float(beta[-1]))


def held_out(samples: Sequence[Sample], cues: Sequence[str]) -> Reals:
    """Each sample's score by the model that did not see its subject."""
    values, live, weights = table(samples, cues), np.array([s.live for s in samples]), weights_of(samples)
    folds = np.array([_fold(s.subject) for s in samples])
    scores = np.full(len(samples), np.nan)
    for fold in range(FOLDS):
        rest = folds != fold
        if rest.all():
            continue
        scores[~rest] = fit(values[rest], live[rest], weights[rest], cues).scores(values[~rest])
    return scores


def loss(samples: Sequence[Sample], scores: Reals) -> float:
    """The weighted log loss."""
    live, weights = np.array([s.live for s in samples]), weights_of(samples)
    p = np.clip(scores, 1e-6, 1 - 1e-6)
    return float(-(weights * np.where(live, np.log(p), np.log(1 - p))).sum() / weights.sum())


def chosen(samples: Sequence[Sample], names: Sequence[str] = CUES) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """The cues of `names` that stay, and for every cue what it is worth: the share measured, its AUC (above 0.5: higher is life), and the
    held-out loss with and without it. The least useful goes first. Raises ModelError for samples of one kind only."""
    live = np.array([s.live for s in samples])
    if live.all() or not live.any():
        raise ModelError("the fusion needs living people and attacks: bring both")
    report = []
    able = []
    for name in names:
        column = table(samples, [name])[:, 0]
        there = np.isfinite(column)
        shares = [float(there[side].mean()) for side in (live, ~live)]
        entry: dict[str, Any] = {"cue": name, "measured_live": round(shares[0], 4), "measured_attacks": round(shares[1], 4)}
        if min(shares) >= LEAST_MEASURED:
            able.append(name)
            entry["auc"] = round(auc(column[live & there], column[~live & there]), 4)
        report.append(entry)
    if not able:
        raise ModelError("no cue could be measured on these pictures: faces must be 64 pixels wide and more")
    keep = list(able)
    while len(keep) > 1:
        model = fit(table(samples, keep), live, weights_of(samples), keep)
        # One that the data turn round has learnt the simulation.
        turned = [name for name, weight in zip(keep, model.weights, strict=True) if weight * TOWARDS_LIFE[name] < 0]
        if turned:
            keep.remove(min(turned, key=lambda name: abs(model.weights[keep.index(name)])))
            continue
        whole = loss(samples, held_out(samples, keep))
        without = {name: loss(samples, held_out(samples, [k for k in keep if k != name])) for name in keep}
        # One that is weighed as it is goes when it harms.
        spare = {name: loss_ - whole - (-HELPS if name in FIXED else DEAR.get(name, HELPS)) for name, loss_ in without.items()}
        worst = min(spare, key=lambda name: spare[name])
        if spare[worst] >= 0:
            for entry in report:
                if entry["cue"] in without:
                    entry |= {"loss": round(whole, 5), "loss_without": round(without[entry["cue"]], 5)}
            break
        keep.remove(worst)
    for entry in report:
        entry["used"] = entry["cue"] in keep
    return tuple(keep), report


def rows(samples: Sequence[Sample], scores: Reals) -> list[dict[str, float]]:
    """The table of a score: BPCER is the mean over the sources of living people that have 30 samples (all, where none has), each as
    heavy as another; APCER is that of the worst species."""
    living = _groups(samples, scores, lambda s: f"{s.source}{s.real}" if s.live else None)
    large = [group for group in living.values() if len(group) >= FEWEST] or [np.concatenate(list(living.values()))]
    attacks = list(_groups(samples, scores, lambda s: None if s.live else f"{s.species}{s.real}").values())
    many = max(len(group) for group in large)
    every = np.concatenate([np.interp(np.linspace(0, 1, many), np.linspace(0, 1, len(group)), np.sort(group)) for group in large])
    marks = sorted({float(f"{np.quantile(every, q):.6g}") for q in np.concatenate([[0.0], np.geomspace(0.002, 0.6, 48)])})
    found: list[dict[str, float]] = []
    for score in marks:
        bpcer = float(np.mean([(group < score).mean() for group in large]))
        apcer = max((float((group >= score).mean()) for group in attacks), default=0.0)
        found.append({"score": score, "bpcer": round(bpcer, 6), "apcer": round(apcer, 6)})
    return found


def _groups(samples: Sequence[Sample], scores: Reals, name: Any) -> dict[str, Reals]:
    found: dict[str, list[float]] = {}
    for sample, score in zip(samples, scores, strict=True):
        if (key := name(sample)) is not None:
            found.setdefault(key, []).append(float(score))
    return {key: np.array(group) for key, group in found.items()}


def _terms(values: Reals, cues: Sequence[str], centres: Reals, scales: Reals) -> Reals:
    low, high = np.array([bounds(name) for name in cues]).T
    return np.nan_to_num(np.clip((values - centres) / scales, low, high), nan=0.0)


def _median(values: Reals) -> float:
    """0 for none: in some part of the people a cue may never have been measured."""
    return float(np.median(values)) if len(values) else 0.0


def _sigmoid(z: Reals) -> Reals:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(z, -60, 60))), np.float64)


def _fold(subject: str) -> int:
    return int(hashlib.sha256(f"fold:{subject}".encode()).hexdigest()[:8], 16) % FOLDS
