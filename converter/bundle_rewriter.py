"""Changes what a bundle says of itself: its manifest, and the card that is made from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from converter.bundle_writer import CARD
from converter.card import render
from converter.manifest import manifest_text, replace_text
from edge_face.vision.bundle import MANIFEST
from edge_face.vision.manifest import parse_manifest

Content = dict[str, Any]


def rewrite(bundle_folder: Path, task: str, change: Callable[[Content], Content]) -> None:
    """Replaces the manifest of a bundle for `task` by what `change` makes of it, and the card; it is checked before
    it replaces the old one. Raises ModelError."""
    path = bundle_folder / MANIFEST
    manifest = change(json.loads(path.read_text(encoding="utf-8")))
    parse_manifest(manifest, task, str(path))
    replace_text(path, manifest_text(manifest))
    replace_text(bundle_folder / CARD, render(manifest))
