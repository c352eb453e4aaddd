"""Does a file carry sealed faces? Looked at without any key, and without cryptography."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from edge_face.media.paths import MAX_BYTES, shown
from edge_face.privacy.sealed.places import sidecar_of
from edge_face.privacy.sealed.png_chunk import NAME, chunks, is_png

_VISIBLE = slice(40, 72)
"""Where the header has the SHA-256 of what is visible."""


def left_behind(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """What whoever hides faces in a sealed file should know: one sentence, or none."""
    return (f"the sealed faces of '{shown(path)}' do not travel: they are in the source only",) if carries_seals(path) else ()


def carries_seals(path: str | os.PathLike[str]) -> bool:
    """Is it a PNG with sealed faces inside, or does a file lie beside it that was sealed for just these bytes? False for what cannot be
    read: whoever reads it says so."""
    try:
        with Path(path).open("rb") as file:
            if is_png(file.read(8)):
                file.seek(0)
                return Path(path).stat().st_size <= MAX_BYTES and any(name == NAME for name, _ in chunks(file.read()))
            beside = sidecar_of(path)
            if not beside.is_file():
                return False
            with beside.open("rb") as sealed:
                header = sealed.read(_VISIBLE.stop)
            file.seek(0)
            return header.startswith(NAME) and hashlib.file_digest(file, "sha256").digest() == header[_VISIBLE]
    except (OSError, ValueError):
        return False
