"""The empty scene out of files: a picture or a video of it, or the very video that is to be hidden."""

from __future__ import annotations

import os
from collections.abc import Iterable

from edge_face.media import Kind, VideoReader, kind_of, read_picture
from edge_face.privacy.empty_scene import EmptyScene
from edge_face.privacy.seeing import Seeing
from edge_face.privacy.strict import Strict
from edge_face.privacy.watching import FaceDetector
from edge_face.types import Image

MOST = 96
"""Frames of a video that are looked at, spread over all of it."""


class EmptyScenes:
    """Strict mode for files: the empty scene out of `path`, a picture or video, or without one out of each video itself. Raises
    MediaError at once for a path that serves for nothing."""

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self._given = None if path is None else empty_scene_of(path)

    def strict(self, source: str | os.PathLike[str], seeing: Seeing) -> Strict:
        """Fresh for one file. Raises MediaError, ModelError."""
        return Strict(self._given or empty_scene_in(source, seeing.frames()), learn=False)


def empty_scene_of(path: str | os.PathLike[str]) -> EmptyScene:
    """From a picture or a video in which nobody is. Raises MediaError."""
    if kind_of(path) is Kind.VIDEO:
        with VideoReader(path) as reader:
            return EmptyScene.of(spread(image for _, _, image in reader))
    return EmptyScene.of([read_picture(path)])


def empty_scene_in(path: str | os.PathLike[str], detector: FaceDetector) -> EmptyScene:
    """From a video of a fixed camera in which people come and go. Raises MediaError, ModelError."""
    with VideoReader(path) as reader:
        frames = spread(image for _, _, image in reader)
    return EmptyScene.among(frames, ([d.box for d in detector.detect(image, detector.recognise)] for image in frames))


def spread(images: Iterable[Image], most: int = MOST) -> list[Image]:
    """At most `most` of the images, evenly spread, however many there are."""
    kept: list[Image] = []
    step = 1
    for number, image in enumerate(images):
        if number % step:
            continue
        kept.append(image)
        if len(kept) > most:
            kept, step = kept[::2], 2 * step
    return kept
