"""Micro-texture learned and told: every part of the people scored by a network that the others taught. Written into a bundle.

The people who calibrate or test have no part in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converter.bundle_rewriter import rewrite
from converter.liveness_fit import auc
from converter.liveness_skin import STEPS, fitted, values
from converter.progress import Progress
from converter.training.liveness_data import data_digest, load_album
from converter.training.liveness_patterns import FOLDS, SOURCES, Patterns, captured
from edge_face.errors import MediaError
from edge_face.vision.live_cues.texture import Skin
from edge_face.vision.manifest_texture import packed

BPCER = 0.05
LEAST = 100
"""Real captures of either kind below which there is nothing to learn from."""
Say = Callable[[str], None]


def learn(given: Patterns, asked: Patterns, seed: int, step: Callable[[], None] = lambda: None) -> tuple[Skin, dict[str, Any]]:
    """The network of `given`, and what those that the other people taught say of `asked`, the captures as they are. Raises MediaError for
    too few."""
    counts = [int((asked.live == live).sum()) for live in (True, False)]
    if min(counts) < LEAST:
        raise MediaError(f"{counts[0]} real captures of living faces and {counts[1]} of attacks are too few to learn texture from: {LEAST} "
                         "of each are needed (LIVE/ and ATTACK-print/, or NUAA); simulated ones do not help here")
    taught = []
    for fold in range(FOLDS):
        rest = given.part(given.fold != fold)
        taught.append(fitted(rest, seed) if rest.live.any() and not rest.live.all() else None)
        step()
    report = {"captures": len(asked.live), "looks": len(given.live), "folds": FOLDS, "held_out": _told(asked, taught)}
    skin = fitted(given, seed)
    step()
    return skin, report


def _told(asked: Patterns, taught: Sequence[Skin | None]) -> dict[str, dict[str, float]]:
    """By source and species: area under the curve, share of attacks above the score that misses 5 % of that source's living."""
    scores = np.full(len(asked.live), np.nan)
    for fold, skin in enumerate(taught):
        own = asked.fold == fold
        if skin is not None:
            scores[own] = values(skin, asked.numbers[own])
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
    shots = [shot for shot in load_album(data, "train", faces=1, say=say).shots if shot.source in SOURCES]
    with Progress("looking at texture", (2 if views else 1) * len(shots)) as bar:
        asked = captured(shots, step=bar.step)
        given = captured(shots, views, seed, bar.step) if views else asked
    with Progress("learning", FOLDS + 1) as bar:
        skin, report = learn(given, asked, seed, bar.step)
    return {**packed(skin), "learned": {**report, "steps": STEPS, "seed": seed, "data_sha256": data_digest(data)}}


def write(bundle_folder: Path, texture: Mapping[str, Any]) -> None:
    """Puts it into a bundle. What was measured with another one is taken out: it holds no longer. Raises ModelError."""
    rewrite(bundle_folder, "liveness", lambda manifest: manifest | {"thresholds": {"texture": dict(texture)}})
