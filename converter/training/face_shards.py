"""The training faces in memory: decoded crops, who they are, and what the teachers said of them."""

from __future__ import annotations

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
    crops, people, teachers, skipped = [], [], [], []
    for number, path in enumerate(paths):
        try:
            with np.load(folder / "split.npz") as split, np.load(path) as shard:
                chosen = np.flatnonzero(split[f"shard{number}"] == ROLES[role])
                data, offsets = shard["data"], shard["offsets"]
                parts = [shard[f"teacher_{t}"][chosen] * shard[f"teacher_{t}_scale"][chosen, None] for t in "ab"]
                identity = shard["identity"][chosen]
        except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise MediaError(f"{path} cannot be read ({error}): fetch the shards again") from error
        decoded = np.empty((len(chosen), CROP, CROP, 3), np.uint8)
        good = np.ones(len(chosen), bool)
        for i, face in enumerate(chosen):
            picture = cv2.imdecode(data[offsets[face]:offsets[face + 1]], cv2.IMREAD_COLOR)
            if picture is None or picture.shape != decoded.shape[1:]:
                skipped.append(f"face {face} of {path.name} is no crop of {CROP}x{CROP}")
                good[i] = False
            else:
                decoded[i] = picture
        crops.append(decoded if good.all() else decoded[good])
        people.append(identity[good])
        teachers.append(np.concatenate([_unit(part[good].astype(np.float32)) for part in parts], 1) / len(parts) ** 0.5)
    person = np.concatenate(people)
    inverse = np.unique(person[person >= 0], return_inverse=True)[1]
    numbered = np.full(len(person), -1, np.int32)
    numbered[person >= 0] = inverse
    widths = tuple(int(part.shape[1]) for part in parts)
    return TrainingFaces(np.concatenate(crops), numbered, np.concatenate(teachers).astype(np.float32), widths, tuple(skipped))


def _unit(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(x / (np.linalg.norm(x, axis=1, keepdims=True) + 1e-8), np.float32)


def centres(faces: TrainingFaces) -> NDArray[np.float32]:
    """The mean teacher embedding of each person [people,D]: where a margin softmax starts."""
    labelled = faces.person >= 0
    sums = np.zeros((faces.people, faces.teacher.shape[1]), np.float32)
    np.add.at(sums, faces.person[labelled], faces.teacher[labelled])
    return _unit(sums)
