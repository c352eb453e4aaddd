"""Measures a bundle's threshold tables on a set of faces, through the device's own code, and writes them into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converter.bundle_rewriter import rewrite
from converter.encounters import TEMPLATES
from converter.face_material import VIEWS, embed_material
from converter.faces import open_faces
from converter.progress import Progress
from converter.thresholds import FEWEST, SHOWN, tables
from edge_face.errors import ModelError
from edge_face.vision.bundle import load_bundle


def measure(bundle_folder: Path, faces_folder: Path, rounds: int, workers: int = 1, shown: Sequence[str] = SHOWN,
            views: int = VIEWS, say: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """The tables of an embedder bundle, over all its files, on the faces of the role "thresholds". Pictures without
    exactly one face are left out and counted. Raises EdgeFaceError."""
    bundle = load_bundle(bundle_folder, "embedder")
    faces = open_faces(faces_folder, "thresholds", margin=True)
    pictures = np.unique(faces.identity, return_counts=True)[1]
    known, count = int((pictures >= TEMPLATES[0]).sum()), len(pictures)
    if known * (known - 1) // 2 < FEWEST:
        raise ModelError(f"{known} people in {faces_folder} have {TEMPLATES[0]} or more pictures: their pairs cannot show {FEWEST} false "
                         "matches; bring some 80 people or more")
    say(f"embedding {len(faces)} pictures of {count} people by {bundle.offers}")
    with Progress("embedding", len(faces)) as bar:
        material = embed_material(bundle_folder, faces, workers, views, step=bar.step, say=say)
    with Progress("comparing", (2 + len(shown)) * len(bundle.files) * rounds * len(material.people)) as bar:
        return tables(material, rounds, shown, step=bar.step, say=say)


def check_reach(measured: dict[str, Any], rate: float) -> None:
    """Refuses tables that end before a false match rate of the score that decides. Raises ModelError."""
    last = measured["pooled"]["rows"][-1]
    if last["fmr"] > rate:
        raise ModelError(f"a false match rate of {rate:g} is beyond what was measured: the table ends at {last['fmr']:.3g}, where "
                         f"{last['effective_pairs']:.0f} pairs of people decide; nothing is extrapolated: bring pictures of more "
                         "people, or ask for a higher rate")


def write(bundle_folder: Path, measured: dict[str, Any]) -> None:
    """Puts tables into the manifest and the card; the manifest is checked before it replaces the old one."""
    rewrite(bundle_folder, "embedder", lambda manifest: manifest | {"thresholds": measured})


def write_metric(bundle_folder: Path, name: str, measured: dict[str, Any]) -> None:
    """Puts a figure under `metrics` of the manifest and into the card. Raises ModelError."""
    rewrite(bundle_folder, "embedder", lambda manifest: manifest | {"metrics": manifest.get("metrics", {}) | {name: measured}})
