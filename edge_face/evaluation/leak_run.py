"""The whole way of hiding over labelled clips: who leaks, in which version of the clip, and what a method leaves in the film.

Two questions. Is each face under the mask that was recorded for its frame (`measure_version`)? And does the film, coded and
read again, really lack the face's detail there (`measure_film`)?
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_face.errors import MediaError
from edge_face.evaluation.disturbances import Sight
from edge_face.evaluation.leaks import LabelledFace, Leak, counts, find_leaks, read_labels
from edge_face.media import VideoReader
from edge_face.opencv import cv2
from edge_face.privacy.delay import DelayLine, Released
from edge_face.privacy.hider import Hider
from edge_face.privacy.masks import mask_of
from edge_face.privacy.regions import Region
from edge_face.privacy.video import hide_video
from edge_face.privacy.watching import SceneMaker
from edge_face.settings import PrivacySettings
from edge_face.types import Box, Frame, Image

DETAIL = 0.8
"""A face of which so much of the detail is left in the film is sharp: of the door clip coded without hiding anything no face keeps less
than 0.86. A face drawn where the real one was agrees with its detail by up to 0.65."""
_SIDE, _DETAIL_SIDE = 48, 9


@dataclass(frozen=True, slots=True)
class VersionResult:
    """`faces` that had to be hidden in `frames` frames, the `leaks` among them, and the mean share of the picture hidden."""

    frames: int
    faces: int
    leaks: tuple[Leak, ...]
    hidden: float

    @property
    def leaked_frames(self) -> int:
        return len({leak.frame for leak in self.leaks})


@dataclass(frozen=True, slots=True)
class FilmResult:
    """`detail`: the most detail that any face of the film kept, 0 to 1 and more; `sharp`: faces that kept DETAIL or more."""

    frames: int
    faces: int
    leaks: tuple[Leak, ...]
    detail: float
    sharp: int


def read_sights(clip: Path, labels: Path) -> list[Sight]:
    """All frames of a clip with their labels. Raises MediaError; also where frames have no line in the labels."""
    faces = read_labels(labels)
    with VideoReader(clip) as reader:
        found = [Sight(at, image, faces[index]) for index, at, image in reader if index in faces]
        frames = reader.read
    if len(found) != frames:
        raise MediaError(f"the labels '{labels}' know {len(found)} of {frames} frames of '{clip}': one line a frame is expected")
    return found


def measure_version(sights: Iterable[Sight], vision: SceneMaker, privacy: PrivacySettings, consenting: Collection[str] = (),
                    shown: Collection[str] = ()) -> VersionResult:
    """Hides a version of a clip as video and daemon do. `shown`: the names of those whose ids are `consenting`."""
    hider, line = Hider(privacy), DelayLine(privacy)
    record: dict[int, tuple[Region, ...]] = {}
    labels: dict[int, tuple[LabelledFace, ...]] = {}
    width = height = 0
    area = 0.0

    def leave(released: Iterable[Released]) -> None:
        nonlocal area
        for one in released:
            record[one.frame.index] = one.regions
            area += float(mask_of(one.regions, width, height).mean())

    for index, sight in enumerate(sights):
        height, width = sight.image.shape[:2]
        labels[index] = sight.faces
        frame = Frame(index, sight.seconds, sight.seconds, sight.image)
        scene = vision.process(frame)
        leave(line.push(frame, scene, hider.regions(scene, consenting)))
    leave(line.flush())
    wanted = sum(counts(face, width, height) for faces in labels.values() for face in faces if face.name not in shown)
    leaks = find_leaks(record, labels, width, height, shown)
    return VersionResult(len(labels), wanted, tuple(leaks), area / max(len(labels), 1))


def measure_film(clip: Path, labels: Path, vision: SceneMaker, privacy: PrivacySettings) -> FilmResult:
    """Hides everybody in a video file, and looks at the file that came out. Raises MediaError, ModelError."""
    faces = read_labels(labels)
    record: dict[int, tuple[Region, ...]] = {}

    def note(released: Released) -> None:
        record[released.frame.index] = released.regions

    with tempfile.TemporaryDirectory(prefix="edge-face-leaks-") as folder:
        film = Path(folder) / "hidden.mp4"
        hide_video(clip, film, vision, privacy, record=note)
        with VideoReader(clip) as before, VideoReader(film) as after:
            most, sharp, wanted = 0.0, 0, 0
            width, height = before.width, before.height
            for (index, _, image), (_, _, hidden) in zip(before, after, strict=True):
                for face in faces.get(index, ()):
                    if counts(face, width, height):
                        kept = detail_kept(image, hidden, face.box)
                        most, sharp, wanted = max(most, kept), sharp + (kept >= DETAIL), wanted + 1
    return FilmResult(len(record), wanted, tuple(find_leaks(record, faces, width, height)), most, sharp)


def detail_kept(before: Image, after: Image, box: Box) -> float:
    """The share of a face's fine detail (finer than a fifth of it) that is still there: 1 for the same picture, 0 for another.

    The slope of the second picture's detail over the first one's, so that a blur that keeps the face's shape does not count.
    """
    part = box.clipped(before.shape[1], before.shape[0])
    x, y = int(part.x), int(part.y)
    right, bottom = max(int(part.x + part.width), x + 1), max(int(part.y + part.height), y + 1)
    details = []
    for image in (before, after):
        face = cv2.cvtColor(np.ascontiguousarray(image[y:bottom, x:right]), cv2.COLOR_BGR2GRAY)
        small = cv2.resize(face, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
        details.append(small - cv2.blur(small, (_DETAIL_SIDE, _DETAIL_SIDE)))
    spread = float((details[0] ** 2).mean())
    return float((details[0] * details[1]).mean()) / spread if spread > 1e-6 else 0.0


def measure_versions(clips: Mapping[str, Sequence[Sight]], versions: Mapping[str, Callable[[Iterable[Sight]], Iterable[Sight]]],
                     vision: Callable[[], SceneMaker], privacy: PrivacySettings,
                     progress: Callable[[int, int], None] = lambda done, total: None) -> dict[str, dict[str, VersionResult]]:
    """Every version of every clip, everybody hidden: results by version and clip."""
    found: dict[str, dict[str, VersionResult]] = {}
    done, total = 0, len(versions) * len(clips)
    progress(0, total)
    for name, version in versions.items():
        for clip, sights in clips.items():
            found.setdefault(name, {})[clip] = measure_version(version(sights), vision(), privacy)
            done += 1
            progress(done, total)
    return found
