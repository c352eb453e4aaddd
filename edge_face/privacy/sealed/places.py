"""Where sealed faces lie, where opened ones may go, and what a key is called; without cryptography."""

from __future__ import annotations

import os
from pathlib import Path

from edge_face.errors import UsageError
from edge_face.media.paths import shown

EXACT = (".png", ".bmp", ".tif", ".tiff", ".ppm")
"""Kinds of pictures that keep every pixel."""
ENDING = ".sealed"


def sidecar_of(path: str | os.PathLike[str]) -> Path:
    """The file beside a JPEG or a film: its whole name and `.sealed`."""
    return Path(path).with_name(Path(path).name + ENDING)


def require_exact(target: str | os.PathLike[str]) -> None:
    """Raises UsageError for a kind of picture that would lose what was kept so exactly."""
    if Path(target).suffix.lower() not in EXACT:
        raise UsageError(f"'{shown(target)}' would not keep the opened faces exactly: name it .png, .tif, .bmp or .ppm")


def key_words(identity: bytes) -> str:
    """A key's short name as people read it: 1f3a-52c0-77de-9b04."""
    text = identity.hex()
    return "-".join(text[i:i + 4] for i in range(0, len(text), 4))
