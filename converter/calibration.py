"""Measures a bundle's threshold tables on a set of faces, through the device's own code, and writes them into it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from converter.card import render
from converter.embedder_bundle import CARD
from converter.faces import open_faces, people
from converter.manifest import manifest_text, replace_text
from converter.thresholds import tables
from edge_face.errors import MediaError
from edge_face.types import Floats
from edge_face.vision.bundle import MANIFEST, load_bundle
from edge_face.vision.embedder import Embedder
from edge_face.vision.manifest import parse_manifest


def measure(bundle_folder: Path, faces_folder: Path, draws: int, say: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """The tables of an embedder bundle, over all its files, on the faces of the role "thresholds". Pictures without
    exactly one face are left out and counted. Raises EdgeFaceError."""
    bundle = load_bundle(bundle_folder, "embedder")
    embedders = [Embedder(bundle, file.precision) for file in bundle.files]
    faces = open_faces(faces_folder, "thresholds")
    say(f"embedding {len(faces)} pictures of {len(np.unique(faces.identity))} people by {bundle.offers}")
    vectors: dict[str, list[Floats]] = {embedder.precision: [] for embedder in embedders}
    identity = []
    for index in range(len(faces)):
        crop = faces.read(index)
        if crop is not None:
            identity.append(faces.identity[index])
            for embedder in embedders:
                vectors[embedder.precision].append(embedder.embed(crop))
    if len(identity) < len(faces):
        say(f"{len(faces) - len(identity)} pictures do not show exactly one face and are left out")
    if not identity:
        raise MediaError(f"no picture in {faces_folder} shows exactly one face")
    stacked = {precision: np.stack(rows) for precision, rows in vectors.items()}
    return tables(stacked, people(np.asarray(identity)), draws, say)


def write(bundle_folder: Path, measured: dict[str, Any]) -> None:
    """Puts tables into the manifest and the card; the manifest is checked before it replaces the old one."""
    path = bundle_folder / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8")) | {"thresholds": measured}
    parse_manifest(manifest, "embedder", str(path))
    replace_text(path, manifest_text(manifest))
    replace_text(bundle_folder / CARD, render(manifest))
