"""Micro-texture learned and told: every part of the people scored by a network that the others taught. Written into a bundle.

The people who calibrate or test have no part in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.bundle_rewriter import rewrite
from converter.liveness_fit import auc
from converter.liveness_skin import STEPS, fitted, scaled, values
from converter.progress import Progress
from converter.training.liveness_data import data_digest, load_album
from converter.training.liveness_patterns import FOLDS, SOURCES, Patterns, captured, foreign
from edge_face.errors import MediaError
from edge_face.vision.live_cues.texture import MOST, Skin
from edge_face.vision.manifest_texture import packed

BPCER = 0.05
FOREIGN = 4000
"""Simulated presentations that it must not believe to know."""
LEAST = 100
"""Real captures of either kind below which there is nothing to learn from."""
Reals = npt.NDArray[np.float64]
Say = Callable[[str], None]


def learn(given: Patterns, asked: Patterns, other: Patterns, seed: int,
          step: Callable[[], None] = lambda: None) -> tuple[Skin, dict[str, Any]]:
    """The network of looks `given` and of what it must not believe to know (`other`), its odds as they are of people held out; and
    what those that the other people taught say of `asked`, the captures as they are. Raises MediaError for too few."""
    counts = [int((asked.live == live).sum()) for live in (True, False)]
    if min(counts) < LEAST:
        raise MediaError(f"{counts[0]} real captures of living faces and {counts[1]} of attacks are too few to learn texture from: {LEAST} "
                         "of each are needed (LIVE/ and ATTACK-print/, or NUAA); simulated ones do not help here")
    odds, known, strange = np.full(len(given.live), np.nan), np.zeros(len(asked.live)), np.zeros(len(other.live))
    plain = np.full(len(asked.live), np.nan)
    for fold in range(FOLDS):
        rest = given.part(given.fold != fold)
        if rest.live.any() and not rest.live.all():
            skin = fitted(rest, other.part(other.fold != fold), seed)
            odds[given.fold == fold] = values(skin, given.numbers[given.fold == fold])[0]
            plain[asked.fold == fold], known[asked.fold == fold] = values(skin, asked.numbers[asked.fold == fold])
            strange[other.fold == fold] = values(skin, other.numbers[other.fold == fold])[1]
        step()
    there = np.isfinite(odds)
    slope, offset = odds_of(odds[there], given.live[there], given.weights[there])
    report = {"captures": len(asked.live), "looks": len(given.live), "folds": FOLDS, "slope": round(slope, 4), "offset": round(offset, 4),
              "held_out": _told(asked, plain), "known": round(float((known > 0.5).mean()), 4),
              "simulated_known": round(float((strange > 0.5).mean()), 4) if len(strange) else None}
    found = scaled(fitted(given, other, seed), slope, offset)
    step()
    return found, report


def odds_of(values: Reals, live: npt.NDArray[np.bool_], weights: Reals) -> tuple[float, float]:
    """Slope and offset that make values the logarithms of odds (J. Platt, "Probabilistic outputs for support vector machines", 1999),
    for living and attacked faces of the same weight; the slope is at most 1, for held-out people only take belief away."""
    share = weights / weights.sum()
    slope, offset = _newton(np.column_stack([values, np.ones(len(values))]), np.zeros(len(values)), live, share)
    if not 0.0 <= slope <= 1.0:
        slope = float(np.clip(slope, 0.0, 1.0))
        (offset,) = _newton(np.ones((len(values), 1)), slope * values, live, share)
    return float(slope), float(np.clip(offset, -MOST, MOST))


def _newton(x: Reals, given: Reals, live: npt.NDArray[np.bool_], share: Reals) -> Reals:
    """Logistic regression beside what is `given`; a trace of L2, for what separates wholly."""
    beta, ridge = np.zeros(x.shape[1]), 1e-4 * np.eye(x.shape[1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(x @ beta + given, -60, 60)))
        move = np.linalg.solve((x * (share * p * (1 - p))[:, None]).T @ x + ridge, x.T @ (share * (live - p)) - ridge @ beta)
        beta = beta + np.clip(move, -1, 1)
        if float(np.abs(move).max()) < 1e-9:
            break
    return np.asarray(beta, np.float64)


def _told(asked: Patterns, scores: Reals) -> dict[str, dict[str, float]]:
    """By source and species: area under the curve, share of attacks above the score that misses 5 % of that source's living."""
    report = {}
    for source in np.unique(asked.source):
        own = (asked.source == source) & np.isfinite(scores)
        living = scores[own & asked.live]
        for species in np.unique(asked.species[own & ~asked.live]):
            attacks = scores[own & (asked.species == species)]
            if len(living) and len(attacks):
                report[f"{species}, {source}"] = {"samples": len(attacks), "auc": round(auc(living, attacks), 4),
                                                  "apcer": round(float((attacks >= np.quantile(living, BPCER)).mean()), 4)}
    return report


def train(data: Path, views: int, seed: int, say: Say = lambda text: None) -> dict[str, Any]:
    """The manifest's `thresholds.texture`, learned on the train part of `data`, `views` looks at each real capture besides the one at it as
    it is. Raises EdgeFaceError."""
    album = load_album(data, "train", faces=FOREIGN, say=say)
    shots = [shot for shot in album.shots if shot.source in SOURCES]
    with Progress("looking at texture", (2 if views else 1) * len(shots) + FOREIGN) as bar:
        asked = captured(shots, step=bar.step)
        given = captured(shots, views, seed, bar.step) if views else asked
        other = foreign(album, FOREIGN if shots else 0, seed, bar.step)
    with Progress("learning", FOLDS + 1) as bar:
        skin, report = learn(given, asked, other, seed, bar.step)
    return {**packed(skin), "learned": {**report, "steps": STEPS, "seed": seed, "data_sha256": data_digest(data)}}


def write(bundle_folder: Path, texture: Mapping[str, Any]) -> None:
    """Puts it into a bundle. What was measured with another one is taken out: it holds no longer. Raises ModelError."""
    rewrite(bundle_folder, "liveness", lambda manifest: manifest | {"thresholds": {"texture": dict(texture)}})
