"""Pictures in, embeddings out: each picture clear, and hidden in every way, as our embedder and every attacker sees it.

A picture is looked at once while it is clear; its landmarks then align all that is made of it, which no attacker of a hidden
picture could do as well. Regions are those of the shipped pipeline for single pictures; every picture has a seed of its own, as a
track has.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge_face.errors import MediaError, ModelError
from edge_face.evaluation.detection import landmark_error
from edge_face.evaluation.embedding_run import INPUT, FaceEmbedder, Models, Progress, main_face, over_pictures
from edge_face.evaluation.privacy_moves import moved_views
from edge_face.evaluation.privacy_ways import Attackers, Runners, Way, aligned, narrow
from edge_face.media import read_picture
from edge_face.privacy.hider import Hider
from edge_face.privacy.masks import mask_of
from edge_face.privacy.regions import Region
from edge_face.privacy.registry import anonymize, anonymizer
from edge_face.privacy.stills import StillScenes
from edge_face.settings import PrivacySettings
from edge_face.types import Detection, Floats, Image
from edge_face.vision.detector import Detector
from edge_face.vision.embedder import Embedder

OVERLAP = 0.5
"""IoU from which a face found in a hidden picture is the one that was there."""
FRAMES = 8
"""Of a track."""
KEY = b"edge-face eval privacy"
Looks = dict[str, Floats]
"""Embeddings by attacker: "ours", "undo", "tuned", "learned"."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a hidden picture is still good for: is the face found at the recognising and at the hiding threshold, how far off are its
    landmarks (over the distance between the eyes; None where it is not found), how many pixels outside of the hidden shape and its
    rim changed, and the CPU seconds of hiding."""

    recognised: bool
    hidden: bool
    landmarks: float | None
    changed: int
    seconds: float


@dataclass(slots=True, eq=False)
class PictureLooks:
    """All looks at one picture; keyed by the number of the way. `clear`: by our embedder, and by each tuned one under its method."""

    clear: Looks = field(default_factory=dict)
    hidden: dict[int, Looks] = field(default_factory=dict)
    tracks: dict[int, Looks] = field(default_factory=dict)
    kept: dict[int, Kept] = field(default_factory=dict)
    embed_seconds: float = 0.0
    failure: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is measured: `ways`, the settings of the region, how many frames a track has (0: no tracks), and by their numbers the
    pictures of which tracks are made and on which utility is measured."""

    ways: tuple[Way, ...]
    settings: PrivacySettings
    frames: int = FRAMES
    tracks: frozenset[int] = frozenset()
    utility: frozenset[int] = frozenset()


class Looker:
    """One thread's detector, embedder and attackers."""

    def __init__(self, models: Models, attackers: Attackers, asked: Asked) -> None:
        landmarker = None if models.landmarker is None else str(models.landmarker.folder)
        self._detector = Detector(models.detector, *INPUT, models.precision, landmarker=landmarker)
        self._embedder = Embedder(models.embedder, models.precision)
        self._scenes, self._hider = StillScenes(self._detector), Hider(asked.settings)
        self._runners, self._asked = attackers.runners(), asked

    def look(self, number: int, path: Path) -> PictureLooks:
        """All looks at a picture; one without a face has none and says why. Raises ModelError."""
        try:
            image = read_picture(path)
        except MediaError as error:
            return PictureLooks(failure=str(error))
        face = main_face(self._detector.detect(image, self._detector.recognise), image.shape[1], image.shape[0])
        if face is None:
            return PictureLooks(failure="no face found")
        try:
            clear = aligned(image, face.landmarks)
        except ModelError:
            return PictureLooks(failure="the landmarks make no face")
        found = PictureLooks()
        begun = time.thread_time()
        self._embedder.embed(narrow(clear))
        found.embed_seconds = time.thread_time() - begun
        found.clear |= self._runners.clear(self._embedder, clear)
        regions = self._hider.regions(self._scenes.look(image), ())
        for index, way in enumerate(self._asked.ways):
            begun = time.thread_time()
            hidden = anonymize(image, regions, way.method, way.strength, key=own_key(number), option=way.option, faces=(face.landmarks,))
            seconds = time.thread_time() - begun
            found.hidden[index] = self._runners.looks(way, self._embedder, aligned(hidden, face.landmarks))
            if number in self._asked.utility:
                found.kept[index] = self._kept(image, hidden, regions, way, face, seconds)
        if self._asked.frames and number in self._asked.tracks:
            self._follow(found, image, face, regions, number)
        return found

    def _follow(self, found: PictureLooks, image: Image, face: Detection, regions: Sequence[Region], number: int) -> None:
        region = max(regions, key=lambda r: r.box.intersection(face.box))
        for index, way in enumerate(self._asked.ways):
            views = moved_views(image, face.landmarks, region.box, way, self._asked.frames, own_key(number), number)
            found.tracks[index] = pooled(views, way, self._embedder, self._runners)

    def _kept(self, image: Image, hidden: Image, regions: Sequence[Region], way: Way, face: Detection, seconds: float) -> Kept:
        height, width = image.shape[:2]
        rim = 1 + anonymizer(way.method).feather
        # A pixel more: the outline of a grown shape is rounded.
        touched = mask_of([Region(r.box.grown(rim).grown(1 + 2 / max(r.box.width, 1)), r.source) for r in regions], width, height)
        changed = int((hidden != image).any(2)[~touched].sum())
        again = [d for d in self._detector.detect(hidden, self._detector.hide) if d.box.iou(face.box) > OVERLAP]
        best = max(again, key=lambda d: d.score, default=None)
        return Kept(best is not None and best.score >= self._detector.recognise, best is not None,
                    None if best is None else landmark_error(best.landmarks, face.landmarks), changed, seconds)


def pooled(views: Sequence[Image], way: Way, ours: FaceEmbedder, runners: Runners) -> Looks:
    """What the frames of a track give together: the looks at the mean picture, and the mean of the looks at each ("ours mean", ...).
    `views`: aligned hidden faces with their margin."""
    mean = np.asarray(np.clip(np.mean(np.stack(views), axis=0, dtype=np.float32) + 0.5, 0, 255), np.uint8)
    found = runners.looks(way, ours, mean)
    each = [runners.looks(way, ours, view) for view in views]
    for attacker in each[0]:
        total = np.sum([looks[attacker] for looks in each], axis=0)
        found[f"{attacker} mean"] = (total / max(float(np.linalg.norm(total)), 1e-9)).astype(np.float32)
    return found


def own_key(number: int) -> bytes:
    """The key of one picture or track: no two have the same noise."""
    return KEY + number.to_bytes(4, "big")


def look_at(paths: Sequence[Path], models: Models, attackers: Attackers, asked: Asked, *, jobs: int = 0,
            progress: Progress = lambda done, total: None) -> list[PictureLooks]:
    """Every picture in every way. Raises ModelError."""
    numbers = {path: number for number, path in enumerate(paths)}

    def worker() -> Callable[[Path], PictureLooks]:
        own = Looker(models, attackers, asked)
        return lambda path: own.look(numbers[path], path)

    return list(over_pictures(paths, worker, jobs=jobs, progress=progress))
