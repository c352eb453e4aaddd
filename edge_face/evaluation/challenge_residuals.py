"""By how much our own landmarks miss, over time: measured on the bundled clips, for challenges that are simulated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from edge_face.access.parallax import EYE, HEIGHT, MOUTH
from edge_face.demo import clip_path, labels_path
from edge_face.media import VideoReader
from edge_face.vision.detector import Detector

Points = npt.NDArray[np.float64]

LIVE, SHEETS = ("turn_live", "door"), ("turn_print", "spoof_print", "spoof_screen")
ORDER = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
"""The labels' names are the person's own sides; a picture shows them mirrored."""
PLANE = np.array([(-EYE, 0.0), (EYE, 0.0), (-MOUTH, HEIGHT), (MOUTH, HEIGHT)])
_QUAD = [0, 1, 3, 4]
LEAST = 20


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Sequences (n, 5, 2) of detected less labelled points in eye distances, as they would be on a face that looks straight, less their mean
    while it did: landmarks and labels mean slightly different points. Fifteen pictures a second."""

    EYES: ClassVar[float] = 55.0
    """Pixels between the eyes that most of them were measured at."""
    heads: tuple[Points, ...]
    sheets: tuple[Points, ...]

    def block(self, rng: np.random.Generator, *, heads: bool) -> Points:
        """A stretch of one of them, in its order or backwards, mirrored or not."""
        sequences = self.heads if heads else self.sheets
        lengths = np.array([len(s) for s in sequences], float)
        sequence = sequences[int(rng.choice(len(sequences), p=lengths / lengths.sum()))]
        begin = int(rng.integers(0, max(len(sequence) - LEAST, 1)))
        block = sequence[begin:][::int(rng.choice((1, -1)))]
        return mirrored(block) if rng.random() < 0.5 else block


def mirrored(noise: Points) -> Points:
    """The noise (n, 5, 2) of the mirrored face."""
    return np.asarray(noise[:, [1, 0, 2, 4, 3]] * (-1.0, 1.0))


def measure(detector: Detector) -> Residuals:
    """Runs the detector over the bundled clips. Raises ModelError or MediaError."""
    return Residuals(tuple(s for clip in LIVE for s in _of_clip(detector, clip)), tuple(s for clip in SHEETS for s in _of_clip(detector, clip)))


def _of_clip(detector: Detector, clip: str) -> list[Points]:
    labels = {int(row["frame"]): row["faces"] for row in map(json.loads, labels_path(clip).read_text(encoding="utf-8").splitlines())}
    found: dict[tuple[str, int], list[tuple[Points, float]]] = {}
    run: dict[str, tuple[int, int]] = {}  # the number of a face's sequence, and the frame in which it was seen last
    with VideoReader(clip_path(clip)) as video:
        for index, _, image in video:
            faces = detector.detect(image, detector.recognise)
            for label in labels.get(index, []):
                truth = np.array([label["landmarks"][name] for name in ORDER], float)
                seen = _nearest([d.landmarks for d in faces], truth)
                if seen is None or label["visible"] < 0.6:
                    continue
                number, last = run.get(label["name"], (0, index))
                run[label["name"]] = (number + (index - last > 1), index)
                found.setdefault((label["name"], run[label["name"]][0]), []).append((residual(seen, truth), _angle(label)))
    return [_centred(rows) for rows in found.values() if len(rows) >= LEAST]


def _angle(label: Mapping[str, Any]) -> float:
    return max(abs(float(label["yaw"])), abs(float(label["pitch"])) - 10)


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
    straight = np.array([angle < 12 for _, angle in rows])
    return np.asarray(values - (values[straight] if straight.sum() >= 5 else values).mean(0))
