"""Where training faces come from: shards with a split, or whatever `datasets` reads of a user's own pictures."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from converter.training.face_shards import TrainingFaces, load_shards
from edge_face.errors import MediaError


def is_shards(path: Path) -> bool:
    """Whether a folder holds shards (`faces-0.npz`, …) rather than pictures."""
    return path.is_dir() and any(file.stem.partition("-")[2].isdigit() for file in path.glob("faces-*.npz"))


def open_training(path: Path, role: str, heldout: str = "", say: Callable[[str], None] | None = None) -> TrainingFaces:
    """The faces of a role ("train", "selection"). Raises EdgeFaceError.

    Shards have their own split; of a user's pictures (a folder per person, LFW, CSV) a fixed share of the people is
    held out as "selection". `heldout` names people who are for testing: found here they are refused. `say` gets progress.
    """
    if not path.exists():
        raise MediaError(f"{path} is not there: --data names a folder of shards, a folder with a folder per person, or a CSV file")
    if is_shards(path):
        return load_shards(path, role)
    from converter.training.datasets import load_training

    return load_training(path, role, heldout=Path(heldout) if heldout else None, say=say)


def data_digest(path: Path) -> str:
    """SHA-256 over names and contents of all files that the data consist of; the same on every machine."""
    total = hashlib.sha256()
    for name, file in _files(path):
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").digest()
        total.update(name.encode() + b"\0" + content)
    return total.hexdigest()


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    if path.is_dir():
        if is_shards(path):
            files = [*path.glob("faces-*.npz"), path / "split.npz"]
        else:
            files = [file for file in path.rglob("*") if not any(part.startswith(".") for part in file.relative_to(path).parts)]
        for file in sorted(files):
            if file.is_file():
                yield file.relative_to(path).as_posix(), file
        return
    yield path.name, path
    with path.open(encoding="utf-8", errors="replace", newline="") as stream:
        for row in csv.reader(stream):
            for cell in row:
                if cell and len(cell) < 4096 and "\0" not in cell and (path.parent / cell).is_file():
                    yield cell, path.parent / cell
