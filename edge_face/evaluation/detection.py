"""Found, missed, imagined: a detector against labelled frames, at both of its thresholds.

A label is one JSON line a picture: `{"frame": 12, "faces": [...]}` for a video (or the 13th picture of a folder), or
`{"file": "a.jpg", "faces": [...]}`. A face has `box` [x, y, width, height], and where known `landmarks`, `visible` (0 to 1)
and `ignore`. A face is found when a detection overlaps it by an IoU above 0.5, best scores first, each detection once
(M. Everingham et al., "The PASCAL Visual Object Classes Challenge", 2010). Faces that are ignored, hidden by half or
more, or smaller than the least height are not asked for, and a hit on one is no false alarm.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edge_face.errors import MediaError
from edge_face.evaluation.embedding_run import FaceFinder, Progress
from edge_face.evaluation.pictures import listed, read_lines
from edge_face.media import Kind, VideoReader, kind_of, media_in, read_picture
from edge_face.media.paths import shown
from edge_face.types import Box, Detection, Floats, Image

OVERLAP = 0.5
LEAST_VISIBLE = 0.5
LEAST_HEIGHT = 24.0
TOUCHES = 0.3
"""A detection that shares this much of the smaller of both boxes is a hit on a face that is not asked for."""
HEIGHTS = (0.0, 12.0, 16.0, 20.0, 24.0, 30.0, 60.0, 120.0, 240.0)
"""Edges of the classes of face height, pixels of the picture."""
AS_SEEN = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
"""Landmarks by name are the person's own left and right, which a picture shows the other way round."""
Key = int | str


@dataclass(frozen=True, slots=True, eq=False)
class FaceLabel:
    """One labelled face; `landmarks` (5, 2) as seen, or None; `asked`: must it be found, whatever its height?"""

    box: Box
    landmarks: Floats | None
    asked: bool


@dataclass(frozen=True, slots=True, eq=False)
class FrameLabels:
    """The faces of one frame: `key` is its number or its file."""

    key: Key
    faces: tuple[FaceLabel, ...]


@dataclass(slots=True)
class Found:
    """Counts at one threshold. `false_alarms`: detections that find no face, a second hit on one or a box beside one
    included; `on_background`: those of them that touch no labelled face at all. `by_height`: found and labelled faces by class of
    height (every face that can be seen); `errors`: mean landmark distance over the distance between the eyes; `worst`: frames
    with misses and false alarms, and how many of each."""

    threshold: float
    found: int = 0
    labelled: int = 0
    false_alarms: int = 0
    on_background: int = 0
    detections: int = 0
    by_height: dict[float, list[int]] = field(default_factory=lambda: {edge: [0, 0] for edge in HEIGHTS})
    errors: list[float] = field(default_factory=list)
    worst: list[tuple[Key, int, int]] = field(default_factory=list)

    @property
    def recall(self) -> float | None:
        return self.found / self.labelled if self.labelled else None

    @property
    def precision(self) -> float | None:
        """Of the detections that are not hits on faces that were not asked for."""
        judged = self.found + self.false_alarms
        return self.found / judged if judged else None


@dataclass(slots=True)
class DetectionResult:
    """Both thresholds over `frames` frames; `missing`: labelled frames that are not there, or cannot be read."""

    frames: int
    recognise: Found
    hide: Found
    missing: list[str] = field(default_factory=list)


def read_face_labels(path: str | os.PathLike[str]) -> list[FrameLabels]:
    """The labelled frames of a `.jsonl` file. Raises MediaError naming the line that is wrong."""
    name = shown(path)
    frames: list[FrameLabels] = []
    for number, line in enumerate(read_lines(path, "labels file"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            key: Key = int(row["frame"]) if "frame" in row else str(row["file"])
            frames.append(FrameLabels(key, tuple(_face(face) for face in row["faces"])))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise MediaError(f"line {number} of the labels '{name}' is no frame with faces ({error!r}): "
                             '{"frame": 0, "faces": [{"box": [x, y, width, height]}]} is expected') from None
    if not frames:
        raise MediaError(f"the labels '{name}' are empty: one JSON line a frame is expected")
    if len({frame.key for frame in frames}) < len(frames):
        raise MediaError(f"the labels '{name}' name a frame twice")
    return frames


def _face(face: Mapping[str, Any]) -> FaceLabel:
    x, y, width, height = (float(v) for v in face["box"])
    given = face.get("landmarks")
    points = None
    if isinstance(given, Mapping):
        points = np.array([given[part] for part in AS_SEEN], np.float32)
    elif given is not None:
        points = np.array(given, np.float32)
    if points is not None:
        points = points.reshape(5, 2)
    seen = float(face.get("visible", 1.0)) > LEAST_VISIBLE and not face.get("ignore", False)
    return FaceLabel(Box(x, y, width, height), points, seen)


def frames_of(source: Path, labels: Sequence[FrameLabels], missing: list[str]) -> Iterator[tuple[FrameLabels, Image]]:
    """The labelled frames of a video or of a folder of pictures. Those that are not there go to `missing`."""
    wanted = {frame.key: frame for frame in labels}
    if not source.is_dir():
        if any(isinstance(key, str) for key in wanted):
            raise MediaError(f"the labels name files, but '{shown(source)}' is one file: name the folder, or labels with frame numbers")
        with VideoReader(source) as reader:
            for index, _, image in reader:
                if index in wanted:
                    yield wanted.pop(index), image
        missing += [f"frame {key}" for key in wanted]
        return
    pictures = [path for path in media_in(source).media if kind_of(path) is Kind.PICTURE]
    if not pictures:
        raise MediaError(f"there is no picture in the folder '{shown(source)}'")
    by_name = {path.relative_to(source).as_posix(): path for path in pictures}
    for key, frame in wanted.items():
        path = by_name.get(key) if isinstance(key, str) else pictures[key] if 0 <= key < len(pictures) else None
        if path is None:
            missing.append(key if isinstance(key, str) else f"frame {key}")
            continue
        try:
            image = read_picture(path)
        except MediaError as error:
            missing.append(str(error))
            continue
        yield frame, image


def judge(detections: Sequence[Detection], frame: FrameLabels, result: Found, least_height: float = LEAST_HEIGHT) -> None:
    """Adds one frame's detections, best first, to the counts."""
    open_faces = [face for face in frame.faces if face.asked]
    taken: set[int] = set()
    alarms = background = 0
    for detection in detections:
        overlaps = [(detection.box.iou(face.box), i) for i, face in enumerate(open_faces) if i not in taken]
        best, index = max(overlaps, default=(0.0, -1))
        if best > OVERLAP:
            taken.add(index)
            error = landmark_error(detection.landmarks, open_faces[index].landmarks)
            if error is not None and open_faces[index].box.height >= least_height:
                result.errors.append(error)
        elif not any(_touches(detection.box, face.box) for face in frame.faces
                     if not (face.asked and face.box.height >= least_height)):
            alarms += 1
            background += not any(_touches(detection.box, face.box) for face in frame.faces)
    missed = 0
    for i, face in enumerate(open_faces):
        class_of = max(edge for edge in HEIGHTS if edge <= max(face.box.height, 0.0))
        result.by_height[class_of][0] += i in taken
        result.by_height[class_of][1] += 1
        if face.box.height >= least_height:
            result.labelled += 1
            result.found += i in taken
            missed += i not in taken
    result.detections += len(detections)
    result.false_alarms += alarms
    result.on_background += background
    if missed or alarms:
        result.worst.append((frame.key, missed, alarms))


def _touches(one: Box, other: Box) -> bool:
    return one.intersection(other) >= TOUCHES * max(min(one.area, other.area), 1e-9)


def landmark_error(found: Floats, labelled: Floats | None) -> float | None:
    """Mean distance of five points over the labelled distance between the eyes; None without labels."""
    if labelled is None:
        return None
    eyes = float(np.linalg.norm(labelled[1] - labelled[0]))
    return float(np.linalg.norm(found - labelled, axis=1).mean()) / eyes if eyes > 0 else None


def measure_detection(source: Path, labels: Sequence[FrameLabels], detector: FaceFinder, hide: float, *, strict: bool = False,
                      least_height: float = LEAST_HEIGHT, progress: Progress = lambda done, total: None) -> DetectionResult:
    """Runs the detector over all labelled frames at its threshold for hiding; the recognising one is a part of that.
    Raises MediaError; with `strict` also for labelled frames that are not there."""
    result = DetectionResult(0, Found(detector.recognise), Found(hide))
    progress(0, len(labels))
    for frame, image in frames_of(source, labels, result.missing):
        if strict and result.missing:
            break
        detections = detector.detect(image, hide)
        judge(detections, frame, result.hide, least_height)
        judge([d for d in detections if d.score >= detector.recognise], frame, result.recognise, least_height)
        result.frames += 1
        progress(result.frames, len(labels))
    if result.missing and (strict or not result.frames):
        raise MediaError(f"labelled frames are missing in '{shown(source)}': {listed(result.missing)}"
                         + (": without --strict they are left out and counted" if result.frames else ""))
    return result
