"""Sets of aligned faces: shards of packed WebP crops with a split, or a user's own folder with a folder per person.

Everything comes out as 112x112 BGR, aligned to the template of `edge_face.vision.align`.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_face.errors import MediaError
from edge_face.media import read_picture
from edge_face.opencv import cv2
from edge_face.types import Image
from edge_face.vision.align import SIZE, align
from edge_face.vision.bundle import load_bundle
from edge_face.vision.detector import Detector

MARGIN = 8
"""Pixels around an aligned face in the crops of 128x128."""
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
ROLES = {"train": 0, "selection": 1, "thresholds": 2}
"""Roles of the faces in a split: trained on, checkpoints chosen by, thresholds and parity measured on."""


@dataclass(frozen=True)
class FaceSet:
    """Faces and who they are. `identity` is int64 (n,), equal for the same person; `read(i)` gives the aligned crop, or
    None where a picture shows no face or several; `names` are for messages."""

    identity: npt.NDArray[np.int64]
    names: list[str]
    read: Callable[[int], Image | None]

    def __len__(self) -> int:
        return len(self.identity)


def people(identity: npt.NDArray[np.int64]) -> dict[int, npt.NDArray[np.int64]]:
    """Indices of each person's faces."""
    order = np.argsort(identity, kind="stable")
    names, starts = np.unique(identity[order], return_index=True)
    return {int(name): part for name, part in zip(names, np.split(order, starts[1:]), strict=True)}


def open_faces(folder: Path, role: str, margin: bool = False) -> FaceSet:
    """The faces of a role in a folder of shards (`faces-*.npz` and `split.npz`), or all pictures of a folder per person.

    Pictures of 112x112 and of 128x128 (8 px of margin) are taken as aligned; in others the face is looked for.
    `margin`: faces come as 128x128, their edge repeated where there is no more of the picture. Raises MediaError.
    """
    if not folder.is_dir():
        raise MediaError(f"{folder} is no folder: name one with a folder for each person, or with faces-*.npz and split.npz")
    shards = [path for path in folder.glob("faces-*.npz") if path.stem.partition("-")[2].isdigit()]
    if shards:
        return _shards(folder, sorted(shards, key=lambda path: int(path.stem.partition("-")[2])), ROLES[role], margin)
    homes = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    files = [(number, path) for number, home in enumerate(homes) for path in _pictures(home.iterdir())]
    if not files:
        raise MediaError(f"{folder} has no pictures: a folder for each person with {', '.join(SUFFIXES)} files is expected")
    return FaceSet(np.array([number for number, _ in files], np.int64), [str(path) for _, path in files],
                   _reader([path for _, path in files], margin))


def _pictures(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if path.suffix.lower() in SUFFIXES)


def _shards(folder: Path, paths: list[Path], role: int, margin: bool) -> FaceSet:
    identity: list[npt.NDArray[np.int64]] = []
    pieces: list[npt.NDArray[np.uint8]] = []
    if not (folder / "split.npz").is_file():
        raise MediaError(f"{folder} has no split.npz beside its shards, so that nobody knows whom a model was trained on: put it there")
    try:
        with np.load(folder / "split.npz") as split:
            for number, path in enumerate(paths):
                with np.load(path) as shard:
                    chosen = np.flatnonzero((split[f"shard{number}"] == role) & (shard["identity"] >= 0))
                    data, offsets = shard["data"], shard["offsets"]
                    identity.append(shard["identity"][chosen].astype(np.int64))
                    pieces.extend(data[offsets[i]:offsets[i + 1]].copy() for i in chosen)
    except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise MediaError(f"the shards in {folder} cannot be read ({error}): fetch them again") from error
    if not pieces:
        raise MediaError(f"{folder} has no face of role {role}")

    def read(index: int) -> Image:
        picture = cv2.imdecode(pieces[index], cv2.IMREAD_COLOR) if len(pieces[index]) else None
        crop = None if picture is None else _crop(picture, margin)
        if crop is None:
            raise MediaError(f"face {index} of {folder} is no crop of 112x112 or 128x128: fetch the shards again")
        return crop

    return FaceSet(np.concatenate(identity), [f"face {i} of {folder}" for i in range(len(pieces))], read)


def _crop(picture: Image, margin: bool = False) -> Image | None:
    """The aligned face in a picture that is one by its size, with or without its margin."""
    if picture.shape[:2] == (SIZE, SIZE):
        return _with_margin(picture) if margin else picture
    if picture.shape[:2] == (SIZE + 2 * MARGIN, SIZE + 2 * MARGIN):
        return picture if margin else np.ascontiguousarray(picture[MARGIN:-MARGIN, MARGIN:-MARGIN])
    return None


def _with_margin(face: Image) -> Image:
    return np.asarray(cv2.copyMakeBorder(face, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REPLICATE), np.uint8)


def _reader(files: list[Path], margin: bool = False) -> Callable[[int], Image | None]:
    """Reads and aligns pictures; the detector is loaded with the first one that is not aligned already."""
    detectors: list[Detector] = []

    def read(index: int) -> Image | None:
        picture = read_picture(files[index])
        crop = _crop(picture, margin)
        if crop is not None:
            return crop
        if not detectors:
            detectors.append(Detector(load_bundle("", "detector"), 640, 480))
        found = detectors[0].detect(picture, detectors[0].recognise)
        if len(found) != 1:
            return None
        face = align(picture, found[0].landmarks).image
        return _with_margin(face) if margin else face

    return read


def calibration_faces(folder: Path, count: int) -> npt.NDArray[np.uint8]:
    """Up to `count` aligned faces (n, 112, 112, 3) BGR, evenly taken: trained-on faces of shards, or the pictures in a
    folder and below it. Raises MediaError."""
    if folder.is_dir() and any(folder.glob("faces-*.npz")):
        faces = open_faces(folder, "train")
        order = np.random.default_rng(0).permutation(len(faces))[:count]
        read, chosen = faces.read, order.tolist()
    else:
        files = _pictures(folder.rglob("*")) if folder.is_dir() else []
        if not files:
            raise MediaError(f"{folder} has no pictures to calibrate with: name a folder with {', '.join(SUFFIXES)} files or shards")
        read = _reader(files)
        chosen = np.unique(np.linspace(0, len(files) - 1, min(count, len(files))).astype(int)).tolist()
    crops = [crop for crop in map(read, chosen) if crop is not None]
    if not crops:
        raise MediaError(f"no picture in {folder} shows exactly one face: nothing to calibrate with")
    return np.stack(crops)
