"""Did anybody leave sharp who should not? Recorded regions against labelled faces, frame by frame.

A face counts when enough of it can be seen (`visible`) and it is large enough; it leaks when less than `share` of its
label box, clipped to the picture, lies under the mask recorded for that very frame. The measure is the mask, not the
picture: a method that is too weak is another question (docs/decisions/anonymizing.md).
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_face.errors import MediaError
from edge_face.privacy.masks import covered_share, mask_of
from edge_face.privacy.regions import Region
from edge_face.types import Box, Mask

SHARE = 0.95
LEAST_VISIBLE = 0.3
LEAST_HEIGHT = 20.0


@dataclass(frozen=True, slots=True)
class LabelledFace:
    """One face of one frame: who, where (pixels, may reach outside), how much of it can be seen (0 to 1), degrees of
    yaw (to the person's own left) and `attack`: None, "print" or "screen"."""

    name: str
    box: Box
    visible: float
    yaw: float = 0.0
    attack: str | None = None


@dataclass(frozen=True, slots=True)
class Leak:
    """A face that was covered too little; `covered` is the share of its box under the mask."""

    frame: int
    name: str
    covered: float


def read_labels(path: str | os.PathLike[str]) -> dict[int, tuple[LabelledFace, ...]]:
    """The faces of each frame of a `.jsonl` file, one line a frame. Raises MediaError naming the line."""
    labels: dict[int, tuple[LabelledFace, ...]] = {}
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MediaError(f"the labels '{path}' cannot be read: {error}") from None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            labels[int(row["frame"])] = tuple(_face(face) for face in row["faces"])
        except (ValueError, KeyError, TypeError) as error:
            raise MediaError(f"line {number} of the labels '{path}' is not a frame with faces: {error!r}") from None
    return labels


def _face(face: Mapping[str, Any]) -> LabelledFace:
    x, y, width, height = (float(v) for v in face["box"])
    return LabelledFace(str(face["name"]), Box(x, y, width, height), float(face["visible"]), float(face.get("yaw", 0.0)),
                        face.get("attack"))


def counts(face: LabelledFace, width: int, height: int) -> bool:
    """Is this face seen well enough to have to be hidden?"""
    return (face.visible > LEAST_VISIBLE and face.box.height >= LEAST_HEIGHT
            and face.box.clipped(width, height).area > 0)


def find_leaks(hidden: Mapping[int, Sequence[Region]] | Mapping[int, Mask], labels: Mapping[int, Sequence[LabelledFace]],
               width: int, height: int, shown: Collection[str] = (), share: float = SHARE) -> list[Leak]:
    """All faces of people not in `shown` that are covered less than `share`.

    `hidden`: regions, or masks (height x width), recorded for each frame; a labelled frame without a record hides
    nothing. `labels`: as `read_labels` gives them.
    """
    leaks: list[Leak] = []
    for frame, faces in labels.items():
        wanted = [f for f in faces if f.name not in shown and counts(f, width, height)]
        if not wanted:
            continue
        record = hidden.get(frame, ())
        mask = mask_of(record, width, height) if isinstance(record, Sequence) else record
        leaks += [Leak(frame, f.name, covered) for f in wanted if (covered := covered_share(mask, f.box)) < share]
    return leaks
