"""Embeddings as a file: .npz for numpy, or JSON lines for everything else.

An embedding is biometric data: the file can be read by its owner only, and nothing but numbers and file names is in it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from edge_face.errors import UsageError
from edge_face.evaluation.embedding_run import Reading
from edge_face.media.paths import shown, writing

KINDS = (".npz", ".jsonl", ".ndjson")


def check_kind(path: str) -> str:
    """The ending that says what is written. Raises UsageError for another one."""
    kind = Path(path).suffix.lower()
    if kind not in KINDS:
        raise UsageError(f"--out {shown(path)}: name it .npz (numpy) or .jsonl (JSON lines)")
    return kind


def write_embeddings(path: str, files: Sequence[str], readings: Sequence[Reading], about: Mapping[str, str]) -> None:
    """Writes all readings, whole or not at all, mode 0600.

    .npz: `embeddings` float32 (n, d), `files` (n,), `boxes` (n, 4) x y width height, `landmarks` (n, 5, 2), `scores` (n,) of the
    pictures with a face; `failed_files` and `failures` of the others; `about` JSON. .jsonl: one object a picture, with
    `failure` and a null embedding where there is none. Raises MediaError, UsageError.
    """
    kind = check_kind(path)
    with writing(path) as partial:
        partial.chmod(0o600)
        if kind == ".npz":
            _write_npz(partial, files, readings, about)
        else:
            with partial.open("w", encoding="utf-8") as out:
                for file, reading in zip(files, readings, strict=True):
                    out.write(json.dumps(_row(file, reading, about), ensure_ascii=True) + "\n")


def _write_npz(path: Path, files: Sequence[str], readings: Sequence[Reading], about: Mapping[str, str]) -> None:
    good = [(shown(file), r.embedding, r.detection) for file, r in zip(files, readings, strict=True)
            if r.embedding is not None and r.detection is not None]
    bad = [(shown(file), r.failure) for file, r in zip(files, readings, strict=True) if r.embedding is None]
    dimension = len(good[0][1]) if good else 0
    with path.open("wb") as out:
        np.savez(out, embeddings=np.array([e for _, e, _ in good], np.float32).reshape(len(good), dimension),
                 files=np.array([f for f, _, _ in good], np.str_),
                 boxes=np.array([(d.box.x, d.box.y, d.box.width, d.box.height) for _, _, d in good], np.float32).reshape(-1, 4),
                 landmarks=np.array([d.landmarks for _, _, d in good], np.float32).reshape(-1, 5, 2),
                 scores=np.array([d.score for _, _, d in good], np.float32),
                 failed_files=np.array([f for f, _ in bad], np.str_), failures=np.array([why for _, why in bad], np.str_),
                 about=np.array(json.dumps(dict(about))))
        out.flush()
        os.fsync(out.fileno())


def _row(file: str, reading: Reading, about: Mapping[str, str]) -> dict[str, object]:
    found = reading.detection
    return {
        "file": shown(file), "model": about["model"], "precision": about["precision"],
        "embedding": None if reading.embedding is None else [round(float(v), 7) for v in reading.embedding],
        "box": None if found is None else [round(v, 2) for v in (found.box.x, found.box.y, found.box.width, found.box.height)],
        "landmarks": None if found is None else [[round(float(v), 2) for v in point] for point in found.landmarks],
        "score": None if found is None else round(found.score, 5), "failure": reading.failure or None,
    }
