"""The bundled synthetic stills with their labels, in the order and sides that the device uses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

import edge_face
from edge_face.types import Box, Floats, Image

PEOPLE = Path(edge_face.__file__).parent / "demo" / "people"
# The labels name the person's own left and right.
ORDER = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")


@dataclass(frozen=True)
class Still:
    person: str
    file: str
    image: Image
    box: Box
    landmarks: Floats


def stills(*files: str) -> Iterator[Still]:
    """All stills of the eight people, or those with these file names."""
    for home in sorted(path for path in PEOPLE.iterdir() if path.is_dir()):
        for line in (home / "labels.jsonl").read_text().splitlines():
            record = json.loads(line)
            if files and record["file"] not in files:
                continue
            (face,) = record["faces"]
            yield Still(home.name, record["file"], cv2.imread(str(home / record["file"])), Box(*face["box"]),
                        np.array([face["landmarks"][name] for name in ORDER], np.float32))
