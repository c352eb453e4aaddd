"""Measures a liveness bundle's fusion and thresholds on faces that it was not trained on, and writes them into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converter.bundle_rewriter import rewrite
from converter.liveness_fit import chosen, fit, held_out, rows, table, weights_of
from converter.liveness_kept import Kept
from converter.liveness_tracks import LOOKS, PICTURE, Network, Sample, pictured, simulated, stills
from converter.progress import Progress
from converter.training.attacks import SPECIES
from converter.training.liveness_data import LEFT_OUT, Album, data_digest, load_album
from edge_face.errors import ModelError
from edge_face.vision.bundle import load_bundle
from edge_face.vision.live import LiveNetwork
from edge_face.vision.live_cues import CUES
from edge_face.vision.live_cues import PICTURE as SHOWN
from edge_face.vision.live_cues.texture import Skin
from edge_face.vision.live_fusion import limits, rows_of
from edge_face.vision.manifest_texture import read_skin

LEAST_TRACKS = 100
"""Living people and attacks below which no rate of 5 % can be told."""
Say = Callable[[str], None]


def measure(bundle_folder: Path, data: Path, tracks: int, precision: str = "int8", seed: int = 0,
            say: Say = lambda text: None, keep: Path | None = None) -> dict[str, Any]:
    """The manifest's `thresholds` of a bundle, on the calibration part of `data`, with `tracks` simulated tracks of each species.
    `keep`: a file for tracks as they are measured, from which a later call goes on. Raises EdgeFaceError."""
    bundle = load_bundle(bundle_folder, "liveness", "accept")
    network = LiveNetwork(bundle, precision)
    texture = bundle.thresholds.get("texture")
    skin = None if texture is None else read_skin(texture, str(bundle_folder))
    kept = Kept(keep, {"model": bundle.model_id, "precision": precision, "texture": None if texture is None else texture["weights"],
                       "data": data_digest(data), "seed": seed, "tracks": tracks, "looks": LOOKS})
    album = load_album(data, "calibration", say=say)
    samples = collect(album, network.alive, tracks, seed, skin, kept)
    pictures = [*stills(album, network.alive, skin), *[s for s in samples if s.looks == PICTURE]]
    found = thresholds([s for s in samples if s.looks != PICTURE], pictures)
    return ({} if texture is None else {"texture": texture}) | found | {"precision": precision}


def collect(album: Album, network: Network, tracks: int, seed: int, skin: Skin | None = None, kept: Kept | None = None) -> list[Sample]:
    """The cues of all tracks. Raises ModelError for too few of them."""
    samples: list[Sample] = []
    attacks = sum(1 for name, kind in SPECIES.items() if not kind.live and name != LEFT_OUT)
    with Progress("simulated tracks", 2 * tracks * attacks) as bar:
        for number, found in enumerate(simulated(album, network, tracks, seed, skin, kept.tracks if kept else None)):
            if kept is not None:
                kept.add(number, found)
            samples += found
            bar.step(1)
    for found in pictured(album, network, seed, skin):
        samples += found
    counts = [sum(s.live == live and s.looks == LOOKS[-1] for s in samples) for live in (True, False)]
    if min(counts) < LEAST_TRACKS:
        raise ModelError(f"{counts[0]} living and {counts[1]} attacks cannot show an error of 5 %: {LEAST_TRACKS} of each are needed; "
                         "raise --tracks or bring more pictures")
    return samples


def thresholds(samples: Sequence[Sample], pictures: Sequence[Sample]) -> dict[str, Any]:
    """The tables of tracks and of single pictures, and in words what was measured. Raises ModelError for samples of one kind."""
    alone = rows(pictures, np.array([s.still for s in pictures]))
    return {
        "passive": {"score": "the network alone on one picture", "rows": alone,
                    "species": _by_species(pictures, [s.still for s in pictures], alone)},
        "picture": {"score": "the fused score of one picture; every subject by a model that did not see it", **_fused(pictures, SHOWN)},
        "fusion": {"score": f"the fused score of a track after {', '.join(map(str, LOOKS))} looks; every subject by a model that did "
                            "not see it", **_fused(samples, CUES)},
        "left_out": LEFT_OUT, "subjects": len({s.subject for s in samples}),
    }


def _fused(samples: Sequence[Sample], names: Sequence[str]) -> dict[str, Any]:
    """The regression over the cues that help, its rates on people whom it did not see, and what each cue is worth."""
    cues, worth = chosen(samples, names)
    scores = held_out(samples, cues)
    model = fit(table(samples, cues), np.array([s.live for s in samples]), weights_of(samples), cues)
    weighed = {name: {"weight": _round(w), "centre": _round(c), "scale": _round(s),
                      "interval": [_round(w - 1.96 * e), _round(w + 1.96 * e)]}
               for name, w, c, s, e in zip(cues, model.weights, model.centres, model.scales, model.errors, strict=True)}
    found = rows(samples, scores)
    return {"bias": _round(model.bias), "cues": weighed, "rows": found, "worth": worth,
            "species": _by_species(samples, scores.tolist(), found)}


def write(bundle_folder: Path, measured: dict[str, Any]) -> None:
    """Puts them into the manifest and the card; the manifest is checked before it replaces the old one."""
    rewrite(bundle_folder, "liveness", lambda manifest: manifest | {"thresholds": measured})


def _by_species(samples: Sequence[Sample], scores: Sequence[float], found: list[dict[str, float]]) -> dict[str, Any]:
    """By species and source: how many, and the errors at the thresholds of a BPCER of 5 % (below it an attack, from `live` on alive)."""
    attack, live = limits(rows_of({"rows": found}), 0.05)
    groups: dict[str, list[float]] = {}
    for sample, score in zip(samples, scores, strict=True):
        name = f"{sample.species}, {sample.source}{'' if sample.real else ' simulated'}" if sample.live or sample.real else sample.species
        groups.setdefault(name, []).append(score)
    return {name: {"samples": len(own), "called_attack": round(float(np.mean(np.array(own) < attack)), 4),
                   "called_live": round(float(np.mean(np.array(own) >= live)), 4)} for name, own in sorted(groups.items())}


def _round(value: float) -> float:
    return float(f"{float(value):.6g}")
