"""Sets of aligned faces: shards of packed WebP crops with a split, or a user's own folder with a folder per person.

Everything comes out as 112x112 BGR, aligned to the template of `edge_face.vision.align`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_face.errors import MediaError
from edge_face.opencv import cv2
from edge_face.types import Image

SIZE = 112
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
ROLES = {"train": 0, "selection": 1, "thresholds": 2}
"""Roles of the faces in a split: trained on, checkpoints chosen by, thresholds and parity measured on."""


@dataclass(frozen=True)
class FaceSet:
    """Faces and who they are. `identity` is int64 (n,), equal for the same person; `read(i)` gives the aligned crop."""

    identity: npt.NDArray[np.int64]
    read: Callable[[int], Image]
    source: str

    def __len__(self) -> int:
        return len(self.identity)

    def people(self) -> dict[int, npt.NDArray[np.int64]]:
        """Indices of each person's faces."""
        order = np.argsort(self.identity, kind="stable")
        names, starts = np.unique(self.identity[order], return_index=True)
        return {int(name): part for name, part in zip(names, np.split(order, starts[1:]), strict=True)}


def open_faces(folder: Path, role: str) -> FaceSet:
    """The faces of a role in a folder of shards (`faces-*.npz` and `split.npz`), or all faces of a folder per person.

    Pictures of 112x112 or 128x128 (8 px of margin) are taken as aligned. Raises MediaError.
    """
    if not folder.is_dir():
        raise MediaError(
            f"{folder} is no folder: name a folder with faces-*.npz and split.npz, or with a folder for each person"
        )
    shards = sorted(
        folder.glob("faces-*.npz"),
        key=lambda path: int(path.stem.partition("-")[2]) if path.stem.partition("-")[2].isdigit() else 0,
    )
    return _shards(folder, shards, ROLES[role]) if shards else _tree(folder)


def _shards(folder: Path, paths: list[Path], role: int) -> FaceSet:
    identity: list[npt.NDArray[np.int64]] = []
    pieces: list[npt.NDArray[np.uint8]] = []
    try:
        with np.load(folder / "split.npz") as split:
            for number, path in enumerate(paths):
                with np.load(path) as shard:
                    chosen = np.flatnonzero((split[f"shard{number}"] == role) & (shard["identity"] >= 0))
                    data, offsets = shard["data"], shard["offsets"]
                    identity.append(shard["identity"][chosen].astype(np.int64))
                    pieces.extend(data[offsets[i] : offsets[i + 1]].copy() for i in chosen)
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise MediaError(f"the shards in {folder} cannot be read ({error}): fetch them again") from error
    if not pieces:
        raise MediaError(f"{folder} has no face of role {role}")

    def read(index: int) -> Image:
        return _aligned(cv2.imdecode(pieces[index], cv2.IMREAD_COLOR), f"face {index} of {folder}")

    return FaceSet(np.concatenate(identity), read, "shards")


def _tree(folder: Path) -> FaceSet:
    files: list[Path] = []
    identity: list[int] = []
    homes = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    for number, home in enumerate(homes):
        pictures = sorted(path for path in home.iterdir() if path.suffix.lower() in SUFFIXES)
        files.extend(pictures)
        identity.extend([number] * len(pictures))
    if not files:
        raise MediaError(
            f"{folder} has no pictures: a folder for each person with {', '.join(SUFFIXES)} files is expected"
        )

    def read(index: int) -> Image:
        content = np.frombuffer(files[index].read_bytes(), np.uint8)
        return _aligned(cv2.imdecode(content, cv2.IMREAD_COLOR) if len(content) else None, str(files[index]))

    return FaceSet(np.asarray(identity, np.int64), read, "folders")


def _aligned(picture: Image | None, name: str) -> Image:
    if picture is None:
        raise MediaError(f"{name} is no picture that can be read")
    height, width = picture.shape[:2]
    if (height, width) == (SIZE, SIZE):
        return picture
    if (height, width) == (128, 128):
        return np.ascontiguousarray(picture[8:120, 8:120])
    raise MediaError(f"{name} is {width}x{height}: aligned faces are 112x112, or 128x128 with 8 px of margin")


def calibration_pictures(folder: Path, count: int, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Up to `count` pictures (count, height, width, 3) BGR, evenly taken: trained-on faces of shards, or any pictures
    in a folder and below it, brought to `size` (width, height). Raises MediaError."""
    if folder.is_dir() and any(folder.glob("faces-*.npz")):
        faces = open_faces(folder, "train")
        chosen = np.random.default_rng(0).permutation(len(faces))[:count]
        return np.stack([cv2.resize(faces.read(int(i)), size, interpolation=cv2.INTER_AREA) for i in chosen])
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES) if folder.is_dir() else []
    if not files:
        raise MediaError(
            f"{folder} has no pictures to calibrate with: name a folder with {', '.join(SUFFIXES)} files or shards"
        )
    step = max(len(files) / count, 1.0)
    return np.stack(list(_resized([files[int(i * step)] for i in range(min(count, len(files)))], size)))


def _resized(files: list[Path], size: tuple[int, int]) -> Iterator[Image]:
    for file in files:
        content = np.frombuffer(file.read_bytes(), np.uint8)
        picture = cv2.imdecode(content, cv2.IMREAD_COLOR) if len(content) else None
        if picture is None:
            raise MediaError(f"{file} is no picture that can be read: take it out of the calibration folder")
        yield cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
