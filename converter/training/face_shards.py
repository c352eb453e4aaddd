"""The training faces in memory: decoded crops, who they are, and what the teachers said of them."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.faces import MARGIN, ROLES
from edge_face.errors import MediaError
from edge_face.vision.align import SIZE

CROP = SIZE + 2 * MARGIN
UNREADABLE = (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class TrainingFaces:
    """crops uint8[N,128,128,3] BGR; person int32[N], 0..people-1 or -1; teacher float32[N,D] joined (may be empty, D=0);
    parts: the width of each teacher's part of D; skipped: files or faces left out, with the reason."""

    crops: NDArray[np.uint8]
    person: NDArray[np.int32]
    teacher: NDArray[np.float32]
    parts: tuple[int, ...]
    skipped: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.crops)

    @property
    def people(self) -> int:
        return int(self.person.max(initial=-1)) + 1


def load_shards(folder: Path, role: str) -> TrainingFaces:
    """The faces of a role in shards (`faces-*.npz` beside `split.npz`), decoded. Raises MediaError."""
    paths = sorted((path for path in folder.glob("faces-*.npz") if path.stem.partition("-")[2].isdigit()),
                   key=lambda path: int(path.stem.partition("-")[2]))
    if not paths:
        raise MediaError(f"{folder} has no shards faces-0.npz, faces-1.npz, …: name the folder that has them")
    try:
        with np.load(folder / "split.npz") as split:
            chosen = [np.flatnonzero(split[f"shard{number}"] == ROLES[role]) for number in range(len(paths))]
    except UNREADABLE as error:
        raise MediaError(f"{folder / 'split.npz'} cannot be read ({error}): fetch the shards again") from error
    crops = np.empty((sum(map(len, chosen)), CROP, CROP, 3), np.uint8)  # once: at 70,000 faces a copy is 3.4 GB
    people, teachers, skipped, used = [], [], [], 0
    for path, wanted in zip(paths, chosen, strict=True):
        try:
            with np.load(path) as shard:
                data, offsets, identity = shard["data"], shard["offsets"], shard["identity"][wanted]
                names = sorted(name for name in shard.files if re.fullmatch(r"teacher_[a-z]", name))
                parts = [shard[name][wanted] * shard[f"{name}_scale"][wanted, None] for name in names]
        except UNREADABLE as error:
            raise MediaError(f"{path} cannot be read ({error}): fetch the shards again") from error
        good = np.ones(len(wanted), bool)
        for i, face in enumerate(wanted):
            blob = data[offsets[face]:offsets[face + 1]]
            picture = cv2.imdecode(blob, cv2.IMREAD_COLOR) if len(blob) else None
            if picture is None or picture.shape != crops.shape[1:]:
                skipped.append(f"face {face} of {path.name} is no crop of {CROP}x{CROP}")
                good[i] = False
            else:
                crops[used] = picture
                used += 1
        people.append(identity[good])
        units = [_unit(part[good].astype(np.float32)) / len(parts) ** 0.5 for part in parts]
        teachers.append(np.concatenate([np.zeros((int(good.sum()), 0), np.float32), *units], 1))
    person = np.concatenate(people)
    numbered = np.full(len(person), -1, np.int32)
    numbered[person >= 0] = np.unique(person[person >= 0], return_inverse=True)[1]
    widths = tuple(int(part.shape[1]) for part in parts)
    return TrainingFaces(crops[:used], numbered, np.concatenate(teachers).astype(np.float32), widths, tuple(skipped))


def _unit(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(x / (np.linalg.norm(x, axis=1, keepdims=True) + 1e-8), np.float32)


def centres(faces: TrainingFaces) -> NDArray[np.float32]:
    """The mean teacher embedding of each person [people,D]: where a margin softmax starts."""
    labelled = faces.person >= 0
    sums = np.zeros((faces.people, faces.teacher.shape[1]), np.float32)
    np.add.at(sums, faces.person[labelled], faces.teacher[labelled])
    return _unit(sums)
