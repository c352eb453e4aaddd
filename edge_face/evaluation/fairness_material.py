"""What `edge-face eval fairness` is given: packed aligned faces with race and sex, or folders: group/person/pictures."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_face.errors import MediaError
from edge_face.evaluation.pictures import PictureSet, open_pictures
from edge_face.media.paths import shown
from edge_face.opencv import cv2
from edge_face.types import Image
from edge_face.vision.align import SIZE

MARGIN = 8
"""Pixels around the aligned square in packed faces of 128 x 128."""
COPY = 0.97
ORIGINS = ("white", "black", "asian", "indian", "other")
SEXES = ("men", "women")


@dataclass(frozen=True, slots=True, eq=False)
class GroupedPictures:
    """A folder of groups of people: `group` (people,) indices into `names`."""

    pictures: PictureSet
    names: tuple[str, ...]
    group: npt.NDArray[np.int64]


def open_groups(folder: str | os.PathLike[str]) -> GroupedPictures:
    """`folder`/group/person/pictures. Raises MediaError: no folder, a picture that lies in no person's folder, one group only."""
    pictures = open_pictures(folder)
    parts = [PurePosixPath(person).parts for person in pictures.people]
    alone = next((person for person, path in zip(pictures.people, parts, strict=True) if len(path) < 2), None)
    if alone is not None:
        raise MediaError(f"'{shown(alone)}' in '{shown(folder)}' is no person of a group: a folder for each group, in it one for each "
                         "person, in that the pictures")
    names, group = np.unique(np.array([path[0] for path in parts], dtype=object), return_inverse=True)
    if len(names) < 2:
        raise MediaError(f"there is one group in '{shown(folder)}' ({shown(str(names[0]))}): two or more are compared")
    return GroupedPictures(pictures, tuple(map(str, names)), group.astype(np.int64).reshape(-1))


def read_packed(path: str | os.PathLike[str]) -> Mapping[str, list[Image]]:
    """Aligned faces (112 x 112 BGR) by group of an .npz with `data`, `offsets` (encoded pictures, one after the other), `race` and `sex`
    (numbers; below 0: not known, left out), one picture a person. Raises MediaError."""
    found: dict[str, list[Image]] = {}
    name = shown(path)
    try:
        with np.load(path, allow_pickle=False) as pack:
            data, offsets, race, sex = (pack[key] for key in ("data", "offsets", "race", "sex"))
            for number, (origin, kind) in enumerate(zip(race.tolist(), sex.tolist(), strict=True)):
                if not (0 <= origin < len(ORIGINS) and 0 <= kind < len(SEXES)):
                    continue
                picture = cv2.imdecode(data[offsets[number]:offsets[number + 1]], cv2.IMREAD_COLOR)
                found.setdefault(f"{ORIGINS[origin]} {SEXES[kind]}", []).append(aligned_of(picture, f"face {number} of {name}"))
    except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile, zlib.error, cv2.error) as error:
        if isinstance(error, MediaError):
            raise
        raise MediaError(f"{name} is no file of packed faces with race and sex ({error}): name groups.npz or a folder of groups") from error
    return dict(sorted(found.items()))


def aligned_of(picture: Any, name: str) -> Image:
    """The aligned 112 x 112 of a picture that is one, with or without a margin. Raises MediaError naming it."""
    if picture is not None and picture.shape[:2] == (SIZE + 2 * MARGIN, SIZE + 2 * MARGIN):
        return np.ascontiguousarray(picture[MARGIN:-MARGIN, MARGIN:-MARGIN])
    if picture is not None and picture.shape[:2] == (SIZE, SIZE):
        return np.asarray(picture, np.uint8)
    raise MediaError(f"{name} is no aligned face of 112x112 or 128x128: edge-face-convert capture makes them")


def require_two(groups: Mapping[str, list[Image]], path: str | os.PathLike[str]) -> None:
    """Raises MediaError for fewer than two groups, or a group of one."""
    if few := [f"{name} has {len(faces)}" for name, faces in groups.items() if len(faces) < 2]:
        raise MediaError(f"{shown(path)}: {few[0]} face: two people or more of each group are needed")
    if len(groups) < 2:
        raise MediaError(f"{shown(path)} has {len(groups)} groups: two or more are compared")


def copies(groups: Mapping[str, list[Image]]) -> int:
    """Pairs of people whose pictures are one picture: correlated by COPY or more in 28 x 28 grey. Where there are any, the set holds some
    people twice, and false matches at strict thresholds are upper bounds."""
    small = [cv2.resize(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), (28, 28), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
             for faces in groups.values() for face in faces]
    flat = np.stack(small)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return sum(int((flat[i + 1:] @ flat[i] >= COPY).sum()) for i in range(len(flat) - 1))


def group_of_clip(name: str, group: str) -> str:
    """A clip's group: what its list says, else the folder that it lies in; empty for none."""
    parts = Path(name).parts
    return group or (parts[0] if len(parts) > 1 else "")
