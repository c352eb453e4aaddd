"""The bundled stills with the head pose of their labels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from faces_on_file import PEOPLE, stills

from edge_face.types import Floats, Image


@dataclass(frozen=True)
class Posed:
    """Degrees: `yaw` > 0 turned to the right of the picture, `pitch` > 0 up."""

    person: str
    file: str
    image: Image
    landmarks: Floats
    yaw: float
    pitch: float


def posed_stills() -> Iterator[Posed]:
    for still in stills():
        lines = (PEOPLE / still.person / "labels.jsonl").read_text().splitlines()
        (face,) = next(record for record in map(json.loads, lines) if record["file"] == still.file)["faces"]
        yield Posed(still.person, still.file, still.image, still.landmarks, face["yaw"], face["pitch"])
