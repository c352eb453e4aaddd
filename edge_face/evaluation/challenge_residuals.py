"""By how much our own landmarks miss, over time: measured on labelled clips, for challenges that are simulated."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_face.access.parallax import EYE, HEIGHT, MOUTH
from edge_face.media import VideoReader
from edge_face.vision.detector import Detector

Points = npt.NDArray[np.float64]

Clip = tuple[str | os.PathLike[str], str | os.PathLike[str]]
"""A video and its labels, one JSON line for each picture."""
ORDER = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
"""The labels' names are the person's own sides; a picture shows them mirrored."""
PLANE = np.array([(-EYE, 0.0), (EYE, 0.0), (-MOUTH, HEIGHT), (MOUTH, HEIGHT)])
_QUAD = [0, 1, 3, 4]
LEAST = 20
FARTHEST = 36.0
"""Degrees: the clips turn no further."""


@dataclass(frozen=True, slots=True, eq=False)
class Misses:
    """How far detected points lie from labelled ones, in eye distances, on a face that is brought to look straight; less the mean
    while it did, for landmarks and labels mean slightly different points. They fall into what depends on where the face is turned
    (`pull`, (2, 5, 2): times tan and tan**2 of yaw; landmarks are drawn towards usual faces) and the rest, `sequences` (n, 5, 2)
    of fifteen pictures a second."""

    pull: Points
    sequences: tuple[Points, ...]

    def block(self, rng: np.random.Generator) -> Points:
        """A stretch of a sequence, in its order or backwards, mirrored or not."""
        lengths = np.array([len(s) for s in self.sequences], float)
        sequence = self.sequences[int(rng.choice(len(lengths), p=lengths / lengths.sum()))]
        begin = int(rng.integers(0, max(len(sequence) - LEAST, 1)))
        block = sequence[begin:][::int(rng.choice((1, -1)))]
        return mirrored(block) if rng.random() < 0.5 else block

    def pulled(self, yaw: float) -> Points:
        """(5, 2) at a yaw in degrees; beyond what was measured as at its edge."""
        return np.asarray(np.tensordot(_powers(yaw), self.pull, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Of living heads, and of sheets and screens that are held up."""

    heads: Misses
    sheets: Misses


def mirrored(noise: Points) -> Points:
    """The noise (n, 5, 2) of the mirrored face."""
    return np.asarray(noise[:, [1, 0, 2, 4, 3]] * (-1.0, 1.0))


def _powers(yaw: float) -> Points:
    tan = math.tan(math.radians(min(max(yaw, -FARTHEST), FARTHEST)))
    return np.array((tan, tan * tan))


def measure(detector: Detector, heads: Sequence[Clip], sheets: Sequence[Clip]) -> Residuals:
    """Runs the detector over labelled clips of living heads, and of sheets and screens. Raises ModelError or MediaError; ValueError
    where no clip has a face for long enough."""
    return Residuals(*(_misses([rows for clip in clips for rows in _of_clip(detector, *clip)]) for clips in (heads, sheets)))


def _misses(tracks: list[list[tuple[Points, float]]]) -> Misses:
    """Least squares for the pull; what is left over stays in its order."""
    centred = [_centred(rows) for rows in tracks]
    turned = [np.array([_powers(yaw) for _, yaw in rows]) for rows in tracks]
    pull, *_ = np.linalg.lstsq(np.concatenate(turned), np.concatenate(centred).reshape(-1, 10), rcond=None)
    return Misses(pull.reshape(2, 5, 2), tuple(e - (t @ pull).reshape(-1, 5, 2) for e, t in zip(centred, turned, strict=True)))


def _of_clip(detector: Detector, film: str | os.PathLike[str], labelled: str | os.PathLike[str]) -> list[list[tuple[Points, float]]]:
    """For each face and stretch of pictures: residuals with the yaw of the label."""
    labels = {int(row["frame"]): row["faces"] for row in map(json.loads, Path(labelled).read_text(encoding="utf-8").splitlines())}
    found: dict[tuple[str, int], list[tuple[Points, float]]] = {}
    run: dict[str, tuple[int, int]] = {}  # the number of a face's sequence, and the frame in which it was seen last
    with VideoReader(film) as video:
        for index, _, image in video:
            faces = detector.detect(image, detector.recognise)
            for label in labels.get(index, []):
                truth = np.array([label["landmarks"][name] for name in ORDER], float)
                seen = _nearest([d.landmarks for d in faces], truth)
                if seen is None or label["visible"] < 0.6:
                    continue
                number, last = run.get(label["name"], (0, index))
                run[label["name"]] = (number + (index - last > 1), index)
                found.setdefault((label["name"], run[label["name"]][0]), []).append((residual(seen, truth), float(label["yaw"])))
    return [rows for rows in found.values() if len(rows) >= LEAST]


def _nearest(faces: list[npt.NDArray[np.float32]], truth: Points) -> Points | None:
    """The detected face on the labelled one, if it is at least 25 px between the eyes."""
    eyes = float(np.hypot(*(truth[1] - truth[0])))
    near = min(faces, key=lambda face: float(np.abs(face - truth).mean()), default=None)
    return None if near is None or eyes < 25 or float(np.abs(near - truth).mean()) > 0.5 * eyes else near.astype(float)


def residual(seen: Points, truth: Points) -> Points:
    """Detected less labelled points (5, 2), brought by the labelled face's affine map to one that looks straight."""
    matrix, *_ = np.linalg.lstsq(np.column_stack([PLANE, np.ones(4)]), truth[_QUAD], rcond=None)
    return np.asarray((seen - truth) @ np.linalg.inv(matrix[:2]))


def _centred(rows: list[tuple[Points, float]]) -> Points:
    values = np.array([row for row, _ in rows])
    straight = np.array([abs(yaw) < 12 for _, yaw in rows])
    return np.asarray(values - (values[straight] if straight.sum() >= 5 else values).mean(0))
