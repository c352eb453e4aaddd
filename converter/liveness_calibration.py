"""Measures a liveness bundle's fusion and thresholds on faces that it was not trained on, and writes them into it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converter.bundle_writer import CARD
from converter.card import render
from converter.liveness_fit import chosen, fit, held_out, rows, table, weights_of
from converter.liveness_tracks import LOOKS, Network, Sample, pictured, simulated
from converter.manifest import manifest_text, replace_text
from converter.progress import Progress
from converter.training.attacks import SPECIES
from converter.training.liveness_data import LEFT_OUT, Album, load_album
from edge_face.errors import ModelError
from edge_face.vision.bundle import MANIFEST, load_bundle
from edge_face.vision.live import LiveNetwork
from edge_face.vision.live_fusion import limits, rows_of
from edge_face.vision.manifest import parse_manifest

LEAST_TRACKS = 100
"""Living people and attacks below which no rate of 5 % can be told."""
Say = Callable[[str], None]


def measure(bundle_folder: Path, data: Path, tracks: int, precision: str = "int8", seed: int = 0,
            say: Say = lambda text: None) -> dict[str, Any]:
    """The manifest's `thresholds` of a bundle, on the calibration part of `data`, with `tracks` simulated tracks of each species.
    Raises EdgeFaceError."""
    network = LiveNetwork(load_bundle(bundle_folder, "liveness", "accept"), precision)
    album = load_album(data, "calibration", say=say)
    samples = collect(album, network.alive, tracks, seed)
    stills = [*_stills(album, network.alive), *[s for s in samples if s.looks == LOOKS[0]]]
    return thresholds(samples, stills) | {"precision": precision}


def collect(album: Album, network: Network, tracks: int, seed: int) -> list[Sample]:
    """The cues of all tracks. Raises ModelError for too few of them."""
    samples: list[Sample] = []
    attacks = sum(1 for name, kind in SPECIES.items() if not kind.live and name != LEFT_OUT)
    with Progress("simulated tracks", 2 * tracks * attacks) as bar:
        for found in simulated(album, network, tracks, seed):
            samples += found
            bar.step(1)
    for found in pictured(album, network, seed):
        samples += found
    counts = [sum(s.live == live and s.looks == LOOKS[-1] for s in samples) for live in (True, False)]
    if min(counts) < LEAST_TRACKS:
        raise ModelError(f"{counts[0]} living and {counts[1]} attacks cannot show an error of 5 %: {LEAST_TRACKS} of each are needed; "
                         "raise --tracks or bring more pictures")
    return samples


def thresholds(samples: Sequence[Sample], stills: Sequence[Sample]) -> dict[str, Any]:
    """The tables, and in words what was measured."""
    cues, worth = chosen(samples)
    scores = held_out(samples, cues)
    model = fit(table(samples, cues), np.array([s.live for s in samples]), weights_of(samples), cues)
    weighed = {name: {"weight": _round(w), "centre": _round(c), "scale": _round(s),
                      "interval": [_round(w - 1.96 * e), _round(w + 1.96 * e)]}
               for name, w, c, s, e in zip(cues, model.weights, model.centres, model.scales, model.errors, strict=True)}
    fused, alone = rows(samples, scores), rows(stills, np.array([s.still for s in stills]))
    return {
        "passive": {"score": "the network alone on one picture", "rows": alone,
                    "species": _by_species(stills, [s.still for s in stills], alone)},
        "fusion": {
            "score": f"the fused score of a track after {', '.join(map(str, LOOKS))} looks; every subject by a model that did not see it",
            "bias": _round(model.bias), "cues": weighed, "rows": fused, "worth": worth,
            "species": _by_species(samples, scores.tolist(), fused)},
        "left_out": LEFT_OUT, "subjects": len({s.subject for s in samples}),
    }


def write(bundle_folder: Path, measured: dict[str, Any]) -> None:
    """Puts them into the manifest and the card; the manifest is checked before it replaces the old one."""
    path = bundle_folder / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8")) | {"thresholds": measured}
    parse_manifest(manifest, "liveness", str(path))
    replace_text(path, manifest_text(manifest))
    replace_text(bundle_folder / CARD, render(manifest))


def _stills(album: Album, network: Network) -> list[Sample]:
    return [Sample(shot.species, f"{shot.source}:{shot.subject}", shot.source, True, 1, {}, network(shot.image(), shot.box))
            for source in ("nuaa", "own") for live in (True, False) for shot in album.of(source, live)]


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
