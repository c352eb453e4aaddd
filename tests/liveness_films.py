"""Films for the whole door, made from the bundled clips: slower, with sunglasses, with another person cut in, on a tablet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

import numpy as np

from edge_face.demo import clip_path, labels_path, stills
from edge_face.evaluation.tablet import Showing, on_tablet
from edge_face.media import VideoReader, read_picture
from edge_face.opencv import cv2
from edge_face.types import Frame, Image

DARK = (18, 16, 15)


@cache
def film(clip: str) -> tuple[Frame, ...]:
    """All frames of a bundled clip."""
    with VideoReader(clip_path(clip)) as video:
        return tuple(Frame(index, seconds, seconds, image) for index, seconds, image in video)


def every(frames: Sequence[Frame], step: int) -> list[Frame]:
    """Every `step`-th frame, numbered anew."""
    return [Frame(i, f.monotonic, f.wall, f.image) for i, f in enumerate(frames[::step])]


def _labels(clip: str) -> list[dict[str, list[float]]]:
    return [json.loads(line)["faces"][0]["landmarks"] for line in labels_path(clip).read_text(encoding="utf-8").splitlines()]


def with_sunglasses(clip: str) -> list[Frame]:
    """The first labelled face of each frame wears dark glasses."""
    worn = []
    for frame, points in zip(film(clip), _labels(clip), strict=True):
        image = frame.image.copy()
        left, right = (tuple(round(value) for value in points[eye]) for eye in ("left_eye", "right_eye"))
        apart = max(float(np.hypot(left[0] - right[0], left[1] - right[1])), 30.0)
        for eye in (left, right):
            cv2.ellipse(image, eye, (round(0.42 * apart), round(0.30 * apart)), 0, 0, 360, DARK, -1, cv2.LINE_AA)
        cv2.line(image, left, right, DARK, 5, cv2.LINE_AA)
        worn.append(Frame(frame.index, frame.monotonic, frame.wall, image))
    return worn


def with_another_from(clip: str, second: float, who: str, still: str) -> list[Frame]:
    """From a second on, a bundled still of somebody else, with the eyes where the first ones were: one leaves, another steps in."""
    picture = read_picture(next(path for path in stills(who) if path.stem == still))
    rows = [json.loads(line) for line in (stills(who)[0].parent / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    points = next(row["faces"][0]["landmarks"] for row in rows if row["file"] == f"{still}.jpg")
    frames = film(clip)
    first = _labels(clip)[0]
    source = np.array([points["right_eye"], points["left_eye"]], np.float32)
    target = np.array([first["right_eye"], first["left_eye"]], np.float32)
    matrix, _ = cv2.estimateAffinePartial2D(source, target)
    height, width = frames[0].image.shape[:2]
    other: Image = np.asarray(cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    return [frame if frame.monotonic < second else Frame(frame.index, frame.monotonic, frame.wall, other) for frame in frames]


def on_a_tablet(clip: str, showing: Showing) -> list[Frame]:
    """The clip on a rendered tablet, in the hall of the door clip."""
    hall = film("door")[0].image
    shown = on_tablet(((frame.monotonic, frame.image) for frame in film(clip)), hall, showing)
    return [Frame(i, seconds, seconds, image) for i, (seconds, image) in enumerate(shown)]
