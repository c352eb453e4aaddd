"""A closed set of people for a classifier: what a picture goes through, and which pictures it never sees in training."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.training.datasets import People, Say, load_people
from converter.training.recipe import ranged
from edge_face.errors import ModelError
from edge_face.types import Image

PARTS = ("train", "validation", "test")
FEWEST = 3
"""Pictures of a person: one to train on, one to stop by, one to test."""


@dataclass(frozen=True)
class Preprocessing:
    """From an aligned face (112x112 BGR) to what the net takes: the middle `crop` of its side, scaled to `size`, as "RGB"
    or "grey"; pixels stay 0 to 255, the net scales them itself."""

    size: Literal[32, 64, 112, 128] = 64
    colour: Literal["RGB", "grey"] = "RGB"
    crop: float = ranged(1.0, 0.4, 1.0)

    @property
    def channels(self) -> int:
        return 1 if self.colour == "grey" else 3

    def apply(self, face: Image) -> Image:
        """uint8[size,size,channels]."""
        edge = round(face.shape[0] * (1 - self.crop) / 2)
        part = face[edge:face.shape[0] - edge, edge:face.shape[1] - edge]
        if part.shape[0] != self.size:
            how = cv2.INTER_AREA if part.shape[0] > self.size else cv2.INTER_LINEAR
            part = np.asarray(cv2.resize(part, (self.size, self.size), interpolation=how), np.uint8)
        if self.colour == "grey":
            return np.asarray(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY), np.uint8)[:, :, None]
        return np.ascontiguousarray(part[:, :, ::-1])


@dataclass(frozen=True)
class Record:
    """What stands beside a trained classifier: `classes` in the order of its outputs, what pictures go through, whether it
    gives one number for two classes, and the digests of all crops that training has seen."""

    classes: tuple[str, ...]
    preprocessing: Preprocessing
    binary: bool
    seen: frozenset[str]

    def table(self) -> dict[str, Any]:
        """JSON-able, without what training has seen: what a program that runs the model needs."""
        return {"classes": list(self.classes), "preprocessing": {**asdict(self.preprocessing), "pixels": [0, 255],
                "alignment": "five landmarks by similarity transform onto the ArcFace template of 112x112"},
                "output": "probability of the second class" if self.binary else "probability of each class"}

    @classmethod
    def read(cls, notes: Mapping[str, Any], where: Path) -> Record:
        """From a run's `training.json`. Raises ModelError."""
        try:
            made = notes["preprocessing"]
            return cls(tuple(notes["classes"]), Preprocessing(made["size"], made["colour"], float(made["crop"])), bool(notes["binary"]),
                       frozenset(notes["seen"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{where} is not of a classifier ({error}): train one with edge-face-convert train classifier") from error


def crop_digest(crop: Image) -> str:
    """What a crop is recognised by when it comes again: 64 bits of its pixels' SHA-256."""
    return hashlib.sha256(np.ascontiguousarray(crop).tobytes()).hexdigest()[:16]


def load_classes(path: Path, fewest: int = FEWEST, say: Say | None = None) -> People:
    """The people of a tree or CSV who have `fewest` usable pictures or more. Raises MediaError."""
    return load_people(path, "all", fewest=fewest, say=say)


def divide(person: NDArray[np.int32], digests: Sequence[str], test: float, validation: float, seed: int) -> NDArray[np.int8]:
    """Which part (index into PARTS) each picture is in: of each person these shares, at least one picture each.

    By hash of the picture, so that copies of one picture stay on one side and more pictures move few others.
    """
    part = np.zeros(len(person), np.int8)
    for who in np.unique(person):
        mine = np.flatnonzero(person == who)
        by: dict[str, list[int]] = {}
        for index in mine.tolist():
            by.setdefault(hashlib.sha256(f"{seed}:{digests[index]}".encode()).hexdigest(), []).append(index)
        order = sorted(by)
        tests = min(max(round(test * len(order)), 1), max(len(order) - 2, 0))
        stops = min(max(round(validation * len(order)), 1), max(len(order) - tests - 1, 0))
        for place, key in enumerate(order):
            part[by[key]] = 2 if place < tests else 1 if place < tests + stops else 0
    return part
