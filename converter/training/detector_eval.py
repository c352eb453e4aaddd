"""How good a detector is on held-out composites: recall by size, false alarms, landmark error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.training.composites import Labels
from converter.training.detector_targets import cell_centres, decode, suppress
from edge_face.vision.detector import Detector

# Face heights in pixels at 240 rows.
BINS: tuple[tuple[int, int], ...] = ((8, 12), (12, 16), (16, 30), (30, 60), (60, 120), (120, 260))
Predict = Callable[[NDArray[np.uint8]], dict[str, NDArray[Any]]]
Doubt = Callable[[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
"""Boxes (n, 4), scores (n,) and landmarks (n, 5, 2) of candidates -> their scores."""


@dataclass(frozen=True)
class Found:
    """Detections of one picture after suppression: boxes (n, 4) x0 y0 x1 y1, scores (n,), landmarks (n, 5,
    2)."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    landmarks: NDArray[np.float32]


@dataclass(frozen=True)
class Heldout:
    """A fixed set of pictures with labels."""

    images: NDArray[np.uint8]
    labels: list[Labels]


def detect_all(
    predict: Predict, images: NDArray[np.uint8], threshold: float = 0.02, batch: int = 16, doubt: Doubt | None = None
) -> list[Found]:
    """Detections on all pictures, best 100 of each, suppressed at IoU 0.45. `doubt` lowers scores of candidates before that."""
    centres, strides = cell_centres(images.shape[2], images.shape[1])
    results: list[Found] = []
    for start in range(0, len(images), batch):
        outputs = predict(images[start : start + batch])
        for boxes, scores, marks in decode(outputs, centres, strides, threshold):
            if doubt is not None and len(scores):
                scores = doubt(boxes, scores, marks)
            top = np.argsort(-scores)[:400]
            keep = top[suppress(boxes[top], scores[top])][:100]
            results.append(Found(boxes[keep], scores[keep], marks[keep]))
    return results


def detect_by(detector: Detector, images: NDArray[np.uint8], threshold: float = 0.02) -> list[Found]:
    """Detections on all pictures by the device's own detector, best 100 of each."""
    results: list[Found] = []
    for image in images:
        faces = detector.detect(image, threshold)[:100]
        boxes = [(f.box.x, f.box.y, f.box.x + f.box.width, f.box.y + f.box.height) for f in faces]
        results.append(Found(
            np.array(boxes, np.float32).reshape(-1, 4), np.array([f.score for f in faces], np.float32),
            np.array([f.landmarks for f in faces], np.float32).reshape(-1, 5, 2)))
    return results


def overlaps(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """IoU matrix of two lists of boxes (x0 y0 x1 y1)."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    both = np.prod(np.maximum(high - low, 0), 2)
    areas = [np.prod(b[:, 2:] - b[:, :2], 1) for b in (boxes, others)]
    return np.asarray(both / np.maximum(areas[0][:, None] + areas[1][None] - both, 1e-6), np.float32)


def corners(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(x, y, width, height) to (x0, y0, x1, y1)."""
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1)


@dataclass(frozen=True)
class Tally:
    """All comparisons of a set: a row for each face (height, best score of a match or 0, landmark error or
    NaN) and the scores of all false alarms."""

    faces: NDArray[np.float32]
    alarms: NDArray[np.float32]
    pictures: int

    def recall(self, threshold: float, low: float = 0, high: float = 1e9) -> float:
        """Share of the faces of a height that are found at a score threshold; NaN without faces."""
        chosen = self.faces[(self.faces[:, 0] >= low) & (self.faces[:, 0] < high)]
        return float((chosen[:, 1] >= threshold).mean()) if len(chosen) else float("nan")

    def alarms_each(self, threshold: float) -> float:
        """False alarms a picture."""
        return float((self.alarms >= threshold).sum() / max(self.pictures, 1))

    def threshold_for(self, alarms_each: float) -> float:
        """The lowest score threshold with at most so many false alarms a picture."""
        ordered = np.sort(self.alarms)[::-1]
        allowed = int(alarms_each * self.pictures)
        return float(ordered[allowed]) + 1e-4 if allowed < len(ordered) else 0.0


def tally(found: Sequence[Found], labels: Sequence[Labels], overlap: float = 0.5) -> Tally:
    """Match detections to faces greedily by score. A detection on an unsure face counts neither way."""
    faces: list[tuple[float, float, float]] = []
    alarms: list[float] = []
    for result, truth in zip(found, labels, strict=True):
        sure = [int(j) for j in np.flatnonzero(~truth.ignore)]
        boxes = corners(truth.boxes)
        iou = overlaps(result.boxes, boxes) if len(boxes) else np.zeros((len(result.boxes), 0), np.float32)
        best: dict[int, tuple[float, float]] = {}
        for i in range(len(result.boxes)):
            open_faces = [j for j in sure if j not in best and iou[i, j] >= overlap]
            if open_faces:
                j = max(open_faces, key=lambda j: float(iou[i, j]))
                points = truth.landmarks[j].reshape(5, 2)
                eyes = float(np.linalg.norm(points[1] - points[0]))
                error = (
                    float(np.nanmean(np.linalg.norm(result.landmarks[i] - points, axis=1))) / eyes
                    if eyes > 0
                    else np.nan
                )
                best[j] = (float(result.scores[i]), error)
            elif not (len(boxes) and (iou[i] >= 0.3).any()) and not _inside_unsure(
                result.boxes[i], boxes[truth.ignore]
            ):
                alarms.append(float(result.scores[i]))
        for j in sure:
            score, error = best.get(j, (0.0, np.nan))
            faces.append((float(truth.boxes[j, 3]), score, error))
    return Tally(np.asarray(faces, np.float32).reshape(-1, 3), np.asarray(alarms, np.float32), len(labels))


def _inside_unsure(box: NDArray[np.float32], unsure: NDArray[np.float32]) -> bool:
    """Is the centre of a box inside an unsure one?"""
    middle = (box[:2] + box[2:]) / 2
    return bool(((unsure[:, :2] <= middle) & (middle <= unsure[:, 2:])).all(1).any())
