"""The detector's exam: composites of held-out pictures whose labels can be trusted, the same for everybody.

Training composites are meant to be hard and forgive a wrong label; a figure does not. So the exam is painted from
portraits with one labelled face and from empty scenes only (crowds have faces that nobody labelled), without tiles
that cut faces in two. Many scales, several people, rotation, masks, dark glasses, darkness, backlight, blur, noise and
JPEG stay. A face that is half hidden or cut, smaller than 6 px, or too dark to be seen is not asked for.

The held-out pictures are named in `recipes/detector-heldout.txt`. Half of them set the thresholds, the other half gives
the figures: a threshold read off the exam would flatter it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from converter.training.composites import Labels, Photo
from converter.training.detector_eval import Heldout, Tally
from converter.training.scenes import Mixture, Painter

EXAM = Mixture(mosaic=0.0, plain=0.2, smallest=7.5, largest=220.0, small_share=0.4)
HALVES = ("thresholds", "figures")
SEED = 4242
LEAST_HEIGHT = 20.0
"""Face height in pixels of the picture from which on recall is promised."""
RECOGNISE_ALARMS, HIDE_ALARMS = 0.1, 5.0
"""False alarms a picture that the two thresholds may cost."""


def half(photos: Sequence[Photo], which: str) -> list[Photo]:
    """The trustworthy pictures of one half ("thresholds" or "figures"), chosen by a hash of their names."""
    fit = [photo for photo in photos if photo.kind == "background" or (photo.kind == "portrait" and photo.single)]
    number = HALVES.index(which)
    return [photo for photo in fit if hashlib.sha256(photo.file.encode()).digest()[0] % 2 == number]


def paint_exam(photos: Sequence[Photo], which: str, count: int, width: int, height: int, seed: int = SEED) -> Heldout:
    """`count` pictures (count, height, width, 3) BGR with labels, of held-out photos; the same for the same seed."""
    painter = Painter(half(photos, which), width, height, EXAM)
    painted = [painter.paint(np.random.default_rng((seed, number))) for number in range(count)]
    return Heldout(np.stack([image for image, _ in painted]), [_known(labels, width, height) for _, labels in painted])


def _known(labels: Labels, width: int, height: int) -> Labels:
    """Landmarks outside of the picture are unknown: nobody can be asked where an unseen mouth is."""
    points = labels.landmarks.reshape(-1, 5, 2)
    inside = ((points >= 0) & (points < (width, height))).all(2, keepdims=True)
    return Labels(labels.boxes, np.where(inside, points, np.nan).reshape(-1, 10).astype(np.float32), labels.ignore)


def figures(result: Tally, recognise: float, hide: float, least: float = LEAST_HEIGHT) -> dict[str, float]:
    """Recall from `least` px of face height on and false alarms a picture at both thresholds, and the median landmark
    error of the faces found for recognising, as a share of the eye distance."""
    found = result.faces[(result.faces[:, 0] >= least) & (result.faces[:, 1] >= recognise)]
    errors = found[np.isfinite(found[:, 2]), 2]
    values = {
        "recall_recognise": result.recall(recognise, least),
        "false_alarms_recognise": result.alarms_each(recognise),
        "recall_hide": result.recall(hide, least),
        "false_alarms_hide": result.alarms_each(hide),
        "landmark_error_median": float(np.median(errors)) if len(errors) else float("nan"),
    }
    return {name: round(value, 4) for name, value in values.items()}


def write_exam(exam: Heldout, folder: Path) -> None:
    """The exam as pictures `0000.png` … and `labels.jsonl`, for `edge-face eval detection`."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for number, (image, labels) in enumerate(zip(exam.images, exam.labels, strict=True)):
        name = f"{number:04d}.png"
        cv2.imwrite(str(folder / name), image)
        lines.append(json.dumps({"file": name, "faces": [_face(labels, i) for i in range(len(labels.boxes))]}))
    (folder / "labels.jsonl").write_text("\n".join(lines) + "\n")


def _face(labels: Labels, i: int) -> dict[str, Any]:
    points = labels.landmarks[i]
    return {
        "box": [round(float(v), 2) for v in labels.boxes[i]],
        "landmarks": [round(float(v), 2) for v in points] if np.isfinite(points).all() else None,
        "ignore": bool(labels.ignore[i]),
    }
