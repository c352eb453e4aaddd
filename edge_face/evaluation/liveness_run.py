"""Presentations to attempts: clips through the door's own vision, stills one by one.

In a clip a presentation is judged by the last answer, which rests on the most looks; whether it was called alive, or an attack, at
any moment is counted besides, for a door may open at any moment. Nobody is enrolled: who it is plays no part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from edge_face.errors import MediaError, ModelError
from edge_face.evaluation.embedding_run import FaceFinder, Progress, main_face
from edge_face.evaluation.leaks import LabelledFace, counts
from edge_face.evaluation.liveness import CLIP, STILL, Attempt
from edge_face.evaluation.liveness_material import Clip, Still
from edge_face.media import VideoReader, read_picture
from edge_face.opencv import cv2
from edge_face.types import Box, Floats, Frame, Image, LiveVerdict, Match, Scene, Track
from edge_face.vision.live_crop import OUTSIDE

SAME = 0.3
"""A track whose box overlaps a label's so much (IoU) is that face."""
AROUND = 0.6
"""A still may be cropped too near: the detector then gets it with so much grey around, as a share of its sides."""


class Eye(Protocol):
    """The door's vision (VisionPipeline)."""

    def process(self, frame: Frame) -> Scene: ...

    def reset(self) -> None: ...


class Nobody:
    """An embedder and a gallery that know nobody, for a pipeline whose attack detection alone is measured."""

    def embed(self, aligned: Image) -> Floats:
        vector = np.zeros(4, np.float32)
        vector[0] = 1.0
        return vector

    def match(self, embedding: Floats, monotonic: float) -> Match:
        return Match(None, None, -1.0, 1.0, -1.0, monotonic)

    def best_single(self, embedding: Floats) -> tuple[str | None, float]:
        return None, -1.0

    def verify(self, person: str, embedding: Floats) -> tuple[float, float]:
        return -1.0, 1.0

    def verifies(self, person: str, embedding: Floats) -> bool:
        return False


@dataclass(slots=True)
class _Presentation:
    """One labelled face over a clip."""

    name: str
    species: str | None
    begun: float | None = None
    score: float | None = None
    accepted: bool = False
    alive: bool = False
    doubted: bool = False
    answered: float | None = None
    frames: int = 0

    def see(self, track: Track, seconds: float) -> None:
        self.frames += 1
        self.begun = seconds if self.begun is None else self.begun
        live = track.liveness
        if live is None or live.verdict is LiveVerdict.UNKNOWN:
            return
        self.answered = seconds if self.answered is None else self.answered
        self.score, self.accepted = live.score, live.verdict is not LiveVerdict.ATTACK
        self.alive |= live.verdict is LiveVerdict.LIVE
        self.doubted |= live.verdict is LiveVerdict.ATTACK


@dataclass(slots=True)
class ClipNotes:
    """What went wrong on the way, as sentences."""

    notes: list[str] = field(default_factory=list)


def clip_attempts(clip: Clip, eye: Eye, notes: ClipNotes | None = None) -> list[Attempt]:
    """The presentations of one clip, each face that its labels name one; of a clip without labels by frame, the largest face in
    each frame. Raises MediaError for a video that cannot be read, ModelError for a model that fails."""
    shows: dict[tuple[str, str | None], _Presentation] = {}
    eye.reset()
    with VideoReader(clip.path) as video:
        for index, seconds, image in video:
            scene = eye.process(Frame(index, seconds, seconds, image))
            tracks = [track for track in scene.tracks if not track.missed]
            if clip.faces is None:
                own = shows.setdefault((clip.subject, clip.species), _Presentation(clip.subject, clip.species))
                if tracks:
                    own.see(max(tracks, key=lambda track: track.box.area), seconds)
                continue
            for face in clip.faces.get(index, ()):
                if counts(face, scene.width, scene.height):
                    own = shows.setdefault((face.name, face.attack), _Presentation(face.name, face.attack))
                    found = _track_of(face, tracks)
                    if found is not None:
                        own.see(found, seconds)
        if notes is not None:
            notes.notes += video.notes
    return [_attempt(clip, show, len(shows)) for show in shows.values()]


def _track_of(face: LabelledFace, tracks: Sequence[Track]) -> Track | None:
    best = max(tracks, key=lambda track: track.box.iou(face.box), default=None)
    return best if best is not None and best.box.iou(face.box) > SAME else None


def _attempt(clip: Clip, show: _Presentation, shown: int) -> Attempt:
    source = clip.name if shown == 1 else f"{clip.name}: {show.name}"
    seconds = None if show.answered is None or show.begun is None else show.answered - show.begun
    return Attempt(source, show.species, clip.subject or show.name, clip.group, clip.simulated, CLIP, show.score, show.accepted,
                   show.alive, show.doubted, seconds, show.frames)


def run_clips(clips: Sequence[Clip], eye: Eye, progress: Progress = lambda done, total: None,
              notes: ClipNotes | None = None) -> list[Attempt]:
    """All clips, one after the other."""
    attempts: list[Attempt] = []
    progress(0, len(clips))
    for done, clip in enumerate(clips, 1):
        attempts += clip_attempts(clip, eye, notes)
        progress(done, len(clips))
    return attempts


def run_stills(stills: Iterable[Still], score: Callable[[Image, Box], float | None], finder: FaceFinder, threshold: float,
               progress: Progress = lambda done, total: None) -> list[Attempt]:
    """Every still by itself: `score` of life, 0 to 1, `threshold` that of the door. A picture in which no face is found, or that
    cannot be read or judged, is an attempt without an answer. Raises ModelError for a model that fails."""
    attempts: list[Attempt] = []
    todo = list(stills)
    progress(0, len(todo))
    for done, still in enumerate(todo, 1):
        found = _still_score(still, score, finder)
        alive = found is not None and found >= threshold
        attempts.append(Attempt(still.name, still.species, still.subject, still.group, still.simulated, STILL, found, alive, alive,
                                found is not None and not alive))
        progress(done, len(todo))
    return attempts


def _still_score(still: Still, score: Callable[[Image, Box], float | None], finder: FaceFinder) -> float | None:
    try:
        image = read_picture(still.path)
    except MediaError:
        return None
    box = still.box or find_face(image, finder)
    try:
        return None if box is None else score(image, box)
    except ModelError:
        if still.box is not None:  # labels may say anything of a box
            return None
        raise


def find_face(image: Image, finder: FaceFinder) -> Box | None:
    """The main face of a picture; the box may reach outside it. Of one that is cropped too near for the detector with grey around
    it. None where there is none."""
    height, width = image.shape[:2]
    face = main_face(finder.detect(image, finder.recognise), width, height)
    if face is not None:
        return face.box
    across, down = round(width * AROUND), round(height * AROUND)
    wide = cv2.copyMakeBorder(image, down, down, across, across, cv2.BORDER_CONSTANT, value=(OUTSIDE,) * 3)
    face = main_face(finder.detect(np.asarray(wide, np.uint8), finder.recognise), wide.shape[1], wide.shape[0])
    return None if face is None else face.box.moved(-across, -down)
