"""Pictures that a user names, one by one: of a folder, of face shards, of a video. None is read before it is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from converter.contract import Pictures
from converter.training.listing import _NUMBERED
from edge_face.errors import MediaError, UsageError
from edge_face.media import VideoReader, read_picture
from edge_face.media.paths import Kind, kind_of, media_in

Read = Callable[[], Pictures]
FRAMES = 12
"""Blocks that a video is divided into: its frames go to calibration and gate by turns of whole blocks, for neighbours are alike."""
EACH = 12
"""Most pictures of a person that a gate of face shards takes: more people tell more than more of the same."""


@dataclass(frozen=True, eq=False)
class Item:
    """One picture. `group`: whom or what it shows by its folder ("" unknown); `block`: what it must not be divided from."""

    name: str
    read: Read
    group: str = ""
    block: str = ""


@dataclass(frozen=True, eq=False)
class Collection:
    """Pictures of one place. `held`: those for the gate where the place itself divides them (roles of shards); `said`: what
    was noticed."""

    path: Path
    items: tuple[Item, ...]
    held: tuple[Item, ...] = ()
    said: tuple[str, ...] = field(default=())


def open_collection(path: Path, most: int) -> Collection:
    """The pictures in a folder and below it, in face shards, or in a video; of a video and for a gate of shards at most about `most`.
    Raises MediaError, UsageError."""
    if not path.exists():
        raise MediaError(f"{path} does not exist: name a folder of pictures, face shards or a video")
    if path.is_file():
        if kind_of(path) is Kind.VIDEO:
            return _video(path, most)
        if path.suffix.lower() == ".npz":
            raise UsageError(f"{path} holds arrays, and the model takes pictures: name a folder of pictures, face shards or a video")
        raise MediaError(f"{path} is no folder and no video: name a folder of pictures, face shards or a video")
    if any(path.glob("faces-*.npz")):
        return _shards(path, most)
    return _folder(path)


def _folder(path: Path) -> Collection:
    files = [file for file in media_in(path).media if kind_of(file) is Kind.PICTURE]
    if not files:
        raise MediaError(f"{path} has no pictures: name a folder with pictures in it, in a folder for each class or person where they are "
                         "labelled")
    items = []
    for file in files:
        inside = file.relative_to(path)
        numbered = _NUMBERED.match(file.stem)
        group = inside.parts[0] if len(inside.parts) > 1 else numbered["person"] if numbered else ""
        items.append(Item(str(inside), partial(read_picture, file), group))
    if all("/" not in item.name for item in items) and max(Counter(item.group for item in items).values()) == 1:
        items = [Item(item.name, item.read) for item in items]  # each its own "person": names that only end in numbers
    return Collection(path, tuple(items))


def _shards(path: Path, most: int) -> Collection:
    from converter.faces import open_faces, people

    train, held = open_faces(path, "train", margin=True), open_faces(path, "thresholds", margin=True)

    def items(faces: object, chosen: Sequence[int], role: str) -> tuple[Item, ...]:
        read, identity = faces.read, faces.identity  # type: ignore[attr-defined]

        def one(index: int) -> Pictures:
            picture: Pictures | None = read(index)
            if picture is None:
                raise MediaError(f"face {index} of {path} shows no face")
            return picture

        return tuple(Item(f"{role} face {index}", partial(one, index), f"person {identity[index]}") for index in chosen)

    rng = np.random.default_rng(0)
    chosen: list[int] = []
    groups = [mine for mine in people(held.identity).values() if len(mine) > 1]
    for place in rng.permutation(len(groups)).tolist():
        if len(chosen) >= most:
            break
        chosen.extend(rng.permutation(groups[place])[:EACH].tolist())
    order = rng.permutation(len(train))[:2 * most].tolist()
    said = (f"{path} has {len(train)} faces that were trained on, some of which calibrate, and {len(held)} set apart for thresholds, "
            "some of which judge",)
    return Collection(path, items(train, order, "trained"), items(held, chosen, "held-out"), said)


def _video(path: Path, most: int) -> Collection:
    """Frames evenly over the video, kept compressed without loss."""
    from edge_face.opencv import cv2

    with VideoReader(path) as reader:
        total, step = reader.frames, 1
        if total > most:
            step = total // most
        kept: list[tuple[int, float, Any]] = []
        for index, seconds, image in reader:
            if index % step:
                continue
            kept.append((index, seconds, cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]))
            if len(kept) > 2 * most:  # the container said nothing of its length, or too little
                kept, step = kept[::2], step * 2
        notes = tuple(reader.notes)

    def unpacked(packed: Any) -> Read:
        return lambda: np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)

    items = tuple(Item(f"{path.name} at {seconds:.2f} s", unpacked(packed), block=f"{place * FRAMES // len(kept):02d}")
                  for place, (_, seconds, packed) in enumerate(kept))
    return Collection(path, items, said=(*notes, f"{len(items)} frames were taken evenly from {path.name}"))

