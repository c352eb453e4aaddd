"""Attack 5 on labelled clips: the frames of real tracks, hidden by the whole pipeline for videos, taken together.

A clip goes through detection, tracking, hider and delay line once; the regions that it would leave with are then laid over by each
way. A track is a run of frames in which a labelled person can be seen; its landmarks are the labels', its key its own: that two runs
are one stretch of one clip anybody sees, and a shared noise would only count that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_face.errors import MediaError
from edge_face.evaluation.detection import read_face_labels
from edge_face.evaluation.embedding_run import FaceEmbedder, Models, Progress
from edge_face.evaluation.leaks import counts, read_labels
from edge_face.evaluation.privacy_run import Looks, own_key, pooled
from edge_face.evaluation.privacy_ways import Attackers, Runners, Way, aligned
from edge_face.media import Kind, VideoReader, kind_of, media_in
from edge_face.media.paths import shown
from edge_face.privacy.delay import DelayLine, Released
from edge_face.privacy.hider import Hider
from edge_face.privacy.regions import Region
from edge_face.privacy.registry import anonymize
from edge_face.privacy.watching import FrameDetector, Watcher
from edge_face.settings import PrivacySettings
from edge_face.types import Floats, Frame, Image
from edge_face.vision.detector import Detector
from edge_face.vision.embedder import Embedder

EVERY = 2
"""Every so-manieth frame is taken: neighbours are nearly the same picture."""


@dataclass(slots=True, eq=False)
class ClipTracks:
    """Tracks of labelled people: `names` whose each is, clear embeddings and looks by the number of the way."""

    names: list[str]
    clear: list[Looks]
    hidden: list[dict[int, Looks]]


@dataclass(frozen=True, slots=True, eq=False)
class _Sight:
    frame: int
    image: Image
    regions: tuple[Region, ...]
    landmarks: Floats


def labelled_clips(folder: Path) -> list[Path]:
    """The videos of a folder that have labels beside them (the same name, .jsonl). Raises MediaError for a folder without any."""
    if not folder.is_dir():
        raise MediaError(f"there is no folder '{shown(folder)}': name one with videos and their labels (.jsonl)")
    clips = [path for path in media_in(folder).media if kind_of(path) is Kind.VIDEO and path.with_suffix(".jsonl").is_file()]
    if not clips:
        raise MediaError(f"there is no video with labels of the same name (.jsonl) in '{shown(folder)}'")
    return clips


def follow_clips(clips: Sequence[Path], models: Models, attackers: Attackers, ways: Sequence[Way], settings: PrivacySettings, *,
                 frames: int = 8, progress: Progress = lambda done, total: None) -> ClipTracks:
    """All tracks of `frames` frames in the clips, EVERY frames apart. Raises MediaError, ModelError."""
    found = ClipTracks([], [], [])
    embedder, runners = Embedder(models.embedder, models.precision), attackers.runners()
    for done, clip in enumerate(clips, 1):
        for name, sights in _tracks(clip, models, settings, frames):
            found.names.append(name)
            clear = [aligned(s.image, s.landmarks) for s in sights]
            found.clear.append(_mean_looks(clear, embedder, runners))
            looks: dict[int, Looks] = {}
            number = len(found.names)
            for index, way in enumerate(ways):
                views = [aligned(anonymize(s.image, s.regions, way.method, way.strength, key=own_key(number), option=way.option,
                                         faces=(s.landmarks,)), s.landmarks) for s in sights]
                looks[index] = pooled(views, way, embedder, runners)
            found.hidden.append(looks)
        progress(done, len(clips))
    return found


def _mean_looks(clear: Sequence[Image], ours: FaceEmbedder, runners: Runners) -> Looks:
    each = [runners.clear(ours, face) for face in clear]
    totals = {name: np.sum([looks[name] for looks in each], axis=0) for name in each[0]}
    return {name: (total / max(float(np.linalg.norm(total)), 1e-9)).astype(np.float32) for name, total in totals.items()}


def _tracks(clip: Path, models: Models, settings: PrivacySettings, frames: int) -> list[tuple[str, list[_Sight]]]:
    """Runs of sights of one person, as long as `frames`."""
    marks = {label.key: label for label in read_face_labels(clip.with_suffix(".jsonl"))}
    named = read_labels(clip.with_suffix(".jsonl"))
    open_runs: dict[str, list[_Sight]] = {}
    done: list[tuple[str, list[_Sight]]] = []
    for released in _hidden_frames(clip, models, settings):
        frame, image = released.frame.index, released.frame.image
        if frame % EVERY or frame not in named:
            continue
        height, width = image.shape[:2]
        for face, label in zip(named[frame], marks[frame].faces, strict=True):
            if label.landmarks is None or face.attack or not counts(face, width, height):
                continue
            run = open_runs.setdefault(face.name, [])
            if run and frame - run[-1].frame > EVERY:
                run.clear()
            run.append(_Sight(frame, image, released.regions, label.landmarks))
            if len(run) == frames:
                done.append((face.name, list(run)))
                run.clear()
    return done


def _hidden_frames(clip: Path, models: Models, settings: PrivacySettings) -> Iterator[Released]:
    """Each frame with the regions that it leaves with."""
    landmarker = None if models.landmarker is None else str(models.landmarker.folder)

    def detector(width: int, height: int) -> Detector:
        return Detector(models.detector, width, height, models.precision, landmarker=landmarker)

    watcher = Watcher(FrameDetector(detector(320, 240), lambda: detector(640, 480)), settings.keep)
    hider, line = Hider(settings), DelayLine(settings)
    with VideoReader(clip) as reader:
        for index, at, image in reader:
            frame = Frame(index, at, at, image)
            scene = watcher.process(frame)
            yield from line.push(frame, scene, hider.regions(scene, ()))
    yield from line.flush()
