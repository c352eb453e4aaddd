"""A user's own pictures as training faces: found, aligned by the door's own detector, decoded ahead by threads.

Folder per person, LFW's layout, or a CSV (`converter.training.listing`); a folder of shards is handed to `load_shards`.
What is left out is counted and named with its reason; nothing is left out in silence.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from converter.training.cutting import CROP, as_crop, cut, dominant
from converter.training.face_shards import TrainingFaces, load_shards
from converter.training.listing import Entry, chosen, read_listing, refuse_held_out, single_pictures
from edge_face.errors import EdgeFaceError, MediaError
from edge_face.media import read_picture
from edge_face.types import Image
from edge_face.vision.bundle import load_bundle
from edge_face.vision.detector import Detector

SHARE = 0.1
"""Of the people, set apart for choosing checkpoints."""
NO_FACE, SEVERAL = "no face found in it", "several faces, and none stands out"
Say = Callable[[str], None]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class People:
    """Training faces with names: `names[person]` is whose crops they are, `files` the picture of each crop."""

    faces: TrainingFaces
    names: tuple[str, ...]
    files: tuple[Path, ...]


def load_training(path: Path, role: str, *, heldout: Path | Iterable[str] | None = None, share: float = SHARE, seed: int = 0,
                  workers: int = 0, say: Say | None = None) -> TrainingFaces:
    """The faces of a role ("train", "selection", "all") in shards, a folder per person, LFW's layout or a CSV.

    `heldout`: people set apart for testing, as names, a file of names or a folder; one of them among the people here is
    refused. `share` of the people are for selection, by hash. People with one usable picture are left out: their
    teacher-less face teaches nothing. Raises MediaError: nobody, one person only, a held-out person, nobody with two
    pictures.
    """
    if path.is_dir() and any(path.glob("faces-*.npz")):
        if heldout is not None:
            raise MediaError(f"{path} holds shards, whose people have no names: their split.npz says who is held out")
        return load_shards(path, role)
    return load_people(path, role, heldout=heldout, share=share, seed=seed, workers=workers, say=say).faces


def load_people(path: Path, role: str, *, heldout: Path | Iterable[str] | None = None, share: float = SHARE, seed: int = 0,
                fewest: int = 2, workers: int = 0, say: Say | None = None) -> People:
    """`load_training` of named pictures, with the names; people with fewer than `fewest` usable pictures are left out."""
    names = heldout if heldout is None or isinstance(heldout, Path) else tuple(heldout)
    entries = read_listing(path)
    refuse_held_out(entries, names)
    part = chosen(entries, role, share, seed)
    if fewest > 1 and len(single_pictures(part)) == len({entry.person for entry in part}):
        raise MediaError(f"everybody in {path} has one picture only: what stays the same about a face is learned from two or more "
                         "pictures of it, so add some")
    crops, kept, skipped = _decoded(part, workers, say)
    count = Counter(entry.person for entry in kept)
    people = sorted(name for name in count if count[name] >= fewest)
    skipped += [f"{name}: left out, {count[name]} usable picture{'s' if count[name] > 1 else ''} of at least {fewest}"
                for name in sorted(count) if count[name] < fewest]
    skipped += [f"{name}: left out, no usable picture" for name in sorted({entry.person for entry in part} - count.keys())]
    if len(people) < 2:
        raise MediaError(f"{len(people) or 'no'} person{'' if len(people) == 1 else 's'} of {path} {'has' if len(people) == 1 else 'have'} "
                         f"{fewest} or more usable pictures, and two people are needed: {'; '.join(skipped[:3])}")
    number = {name: index for index, name in enumerate(people)}
    stay = np.array([entry.person in number for entry in kept], bool)
    person = np.array([number[entry.person] for entry in kept if entry.person in number], np.int32)
    faces = TrainingFaces(crops if stay.all() else crops[stay], person, np.zeros((len(person), 0), np.float32), (), tuple(skipped))
    if say is not None:
        say(summary(faces))
    return People(faces, tuple(people), tuple(entry.file for entry in kept if entry.person in number))


def summary(faces: TrainingFaces) -> str:
    """What was loaded and what was left out and why, by reason, in a few lines."""
    lines = [f"{len(faces)} faces of {faces.people} people"]
    reasons = Counter(text.split(": ", 1)[-1].split(" (")[0] for text in faces.skipped)
    for reason, count in reasons.most_common(6):
        example = next(text for text in faces.skipped if reason in text).split(": ", 1)[0]
        lines.append(f"  left out {count}: {reason} ({example}{', …' if count > 1 else ''})")
    return "\n".join(lines)


def _decoded(entries: Sequence[Entry], workers: int, say: Say | None) -> tuple[Pixels, list[Entry], list[str]]:
    crops = np.empty((len(entries), CROP, CROP, 3), np.uint8)
    kept: list[Entry] = []
    skipped: list[str] = []
    began = told = time.monotonic()
    for index, (entry, found) in enumerate(zip(entries, read_ahead([entry.file for entry in entries], workers), strict=True), 1):
        if isinstance(found, str):
            skipped.append(f"{entry.person}/{entry.file.name}: {found}")
        else:
            crops[len(kept)] = found
            kept.append(entry)
        now = time.monotonic()
        if say is not None and now - told >= 5.0:
            told = now
            left = (now - began) / index * (len(entries) - index)
            say(f"reading faces: {index} of {len(entries)}, {left:.0f} s left")
    return crops[:len(kept)], kept, skipped


def read_ahead(files: Sequence[Path], workers: int = 0, ahead: int = 64) -> Iterator[Image | str]:
    """For each file, in order, its crop of 128x128 BGR, or why there is none. At most `ahead` pictures are decoded before
    they are asked for."""
    reader = CropReader()
    with ThreadPoolExecutor(workers or min(os.cpu_count() or 1, 8)) as pool:
        waiting = [pool.submit(reader.read, file) for file in files[:ahead]]
        try:
            for index in range(len(files)):
                found = waiting[index % ahead].result()
                if index + ahead < len(files):
                    waiting[index % ahead] = pool.submit(reader.read, files[index + ahead])
                yield found
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


class CropReader:
    """Reads pictures and cuts the one face out of each; any thread may call it, each gets a detector of its own."""

    def __init__(self, detector: str = "") -> None:
        self._bundle = load_bundle(detector, "detector")
        self._own = threading.local()

    def read(self, file: Path) -> Image | str:
        """The crop (128x128 BGR), or in words why there is none. Pictures of 112x112 and 128x128 are crops already."""
        try:
            return self.cut(read_picture(file))
        except EdgeFaceError as error:
            return f"cannot be used ({error})"

    def cut(self, picture: Image) -> Image | str:
        """The same of a picture that is read already."""
        try:
            crop = as_crop(picture)
            if crop is not None:
                return crop
            detector = getattr(self._own, "detector", None)
            if detector is None:
                detector = self._own.detector = Detector(self._bundle, 640, 480)
            found = detector.detect(picture, detector.recognise)
            face = dominant(found, picture.shape[1], picture.shape[0])
            if face is None:
                return SEVERAL if found else NO_FACE
            return cut(picture, face.landmarks).image
        except EdgeFaceError as error:
            return f"cannot be used ({error})"
