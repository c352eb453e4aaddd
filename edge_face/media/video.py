"""Videos from files, frame by frame, by OpenCV's FFmpeg."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import numpy as np

from edge_face.errors import MediaError
from edge_face.media.headers import mp4_track
from edge_face.media.paths import MAX_PIXELS, require_file, shown
from edge_face.opencv import cv2
from edge_face.types import Image

_ASSUMED_FPS = 25.0
_RETRIES = 300
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"<?xml", b"<MPD", b"#!", b"[playlist]")


class VideoReader:
    """The frames of a video file, in order, once: `for index, seconds, image in reader`.

    index: 0, 1, 2, … without gaps; seconds: the frame's time since the first one, never decreasing (videos of phones
    have no constant rate); image: height x width x 3 BGR uint8, turned as a player shows it and always `width` x
    `height`, the size of the first frame. `fps`: frames a second as stated; `frames`: how many the container states
    (MP4 and MOV count them, trimmed ones included; others: an estimate from the duration; 0: unknown); `read`: how
    many were given out, exact after the last;
    `notes`: what had to be done or left out, each a sentence, complete after the last frame.

    A frame that cannot be decoded is left out and counted in a note. Raises MediaError: missing, empty, unreadable, no
    video, no frame in it, larger than MAX_PIXELS.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        file = require_file(path, "video")
        self.path, self._name, self.notes = file, shown(path), list[str]()
        self.read = self.frames = 0
        try:
            with file.open("rb") as stream:
                start = stream.read(16).lstrip(b"\xef\xbb\xbf \r\n\t")
        except OSError as error:
            raise MediaError(f"the video '{self._name}' cannot be read: {error.strerror}") from None
        if start.startswith(_PLAYLISTS):
            # FFmpeg would open the files and addresses that it names.
            raise MediaError(f"'{self._name}' is a playlist, not a video: give the video file itself")
        # An absolute path cannot be taken for a protocol ("door:1.mp4"), the backend not for a picture sequence ("%d").
        self._capture: Any = cv2.VideoCapture(str(file.resolve()), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise MediaError(f"'{self._name}' is not a video that can be read: it is damaged, cut off or of an "
                             "unknown kind")
        fps, count = float(self._capture.get(cv2.CAP_PROP_FPS)), float(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        if not (math.isfinite(fps) and 0.1 <= fps <= 1000):
            fps = _ASSUMED_FPS
            self.notes.append(f"'{self._name}' states no usable frame rate: {_ASSUMED_FPS:g} a second are assumed")
        self.fps = fps
        self.frames = int(count) if math.isfinite(count) and 0 < count < 1e9 else 0
        self._duration, self._gaps = self.frames / self.fps, 0
        self._turn = self._own_rotation()
        done, first = self._next()
        if not done:
            self.close()
            raise MediaError(f"the video '{self._name}' holds no frame that can be decoded")
        self._first: Image | None = first
        self.height, self.width = int(first.shape[0]), int(first.shape[1])
        if self.height * self.width > MAX_PIXELS:
            self.close()
            raise MediaError(f"the video '{self._name}' has {self.width} x {self.height} pixels, more than the "
                             f"{MAX_PIXELS / 1e6:.0f} million that are accepted")
        self._seconds_of_first = self._position()
        self._resized = False

    def __iter__(self) -> Iterator[tuple[int, float, Image]]:
        if self._first is None:
            return
        image, last, seconds = self._first, -1.0, 0.0
        self._first = None
        while True:
            index = self.read
            self.read += 1
            if seconds <= last:
                seconds = last + 1 / self.fps
            yield index, seconds, image
            last = seconds
            done, image = self._next()
            if not done:
                break
            seconds = self._position() - self._seconds_of_first
        if self._gaps:
            self.notes.append(f"'{self._name}' is damaged in {self._gaps} place{'s' * (self._gaps > 1)}: frames that "
                              "could not be decoded are left out")
        missing = self._duration - (last + 1 / self.fps)
        if self.read < self.frames and missing > max(2.5 / self.fps, 0.02 * self._duration):
            self.notes.append(f"'{self._name}' is cut off: it ends after {last + 1 / self.fps:.1f} of "
                              f"{self._duration:.1f} seconds")
        self.close()

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Gives the file back; the frames end. Any number of times."""
        self._first = None
        self._capture.release()

    def _own_rotation(self) -> int:
        """Turning is done here where the file's kind is understood: OpenCV 4.6 turns the wrong way round."""
        track = None
        with contextlib.suppress(OSError, ValueError):
            track = mp4_track(self.path)
        if track is not None and track.seconds > 0:
            self._duration = track.seconds
        if track is None or not self._capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0):
            return 0
        return track.turn

    def _next(self) -> tuple[bool, Image]:
        done, image = False, np.zeros((0, 0, 3), np.uint8)
        # OpenCV says "no more" at a damaged packet too and goes on behind it when asked again.
        for attempt in range(_RETRIES if self.read < self.frames else 1):
            with contextlib.suppress(cv2.error):
                done, read = self._capture.read()
            if done:
                image = read
                self._gaps += attempt > 0
                break
        else:
            return False, image
        if image.ndim == 2:
            image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
        if self._turn:
            image = cv2.rotate(image, self._turn // 90 - 1)
        if self.read and image.shape[:2] != (self.height, self.width):
            if not self._resized:
                self._resized = True
                self.notes.append(f"the picture size of '{self._name}' changes at frame {self.read}: all frames are "
                                  f"brought to {self.width} x {self.height}")
            image = cv2.resize(image, (self.width, self.height), interpolation=cv2.INTER_AREA)
        return True, image

    def _position(self) -> float:
        milliseconds = float(self._capture.get(cv2.CAP_PROP_POS_MSEC))
        return milliseconds / 1000 if math.isfinite(milliseconds) else 0.0
