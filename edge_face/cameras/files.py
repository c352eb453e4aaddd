"""A video file and a folder of pictures as cameras: at their own speed, or as fast as they can be worked on.

Unpaced frames carry the time of the film (start + position), so that whatever measures durations sees what a camera
would have shown; paced frames come when they are due and carry the clock's time.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from edge_face.cameras.prepare import Preparation
from edge_face.cameras.source import Source, SourceEnded
from edge_face.clock import Clock
from edge_face.errors import CameraError, MediaError
from edge_face.media.paths import PICTURE_SUFFIXES, Kind, kind_of, shown
from edge_face.settings import CameraSettings
from edge_face.types import Frame, Image

_log = logging.getLogger("edge_face.cameras")

class Reader(Protocol):
    """What is needed of `edge_face.media.VideoReader`: frames in order as (index, seconds, BGR), and notes in words."""

    fps: float
    notes: list[str]

    def __iter__(self) -> Iterator[tuple[int, float, Image]]: ...

    def close(self) -> None: ...


class _Pace:
    """Turns positions in a film into times, and waits for them when the film is paced."""

    def __init__(self, clock: Clock, paced: bool) -> None:
        self._clock, self._paced = clock, paced
        self._start: tuple[float, float] | None = None

    def times(self, seconds: float) -> tuple[float, float]:
        """Monotonic and wall time of the frame at that position."""
        if self._start is None:
            self._start = (self._clock.monotonic() - seconds, self._clock.wall() - seconds)
        monotonic, wall = self._start[0] + seconds, self._start[1] + seconds
        if not self._paced:
            return monotonic, wall
        self._clock.sleep(monotonic - self._clock.monotonic())
        return self._clock.monotonic(), self._clock.wall()


class VideoSource(Source):
    """A video file. Raises MediaError for one that is missing, empty, damaged or no video."""

    def __init__(self, path: str, settings: CameraSettings, clock: Clock,
                 reader: Callable[[Path], Reader] | None = None) -> None:
        self.name = shown(path)
        self._path = Path(path).expanduser()
        self._settings, self._new_reader = settings, reader or _video_reader
        self._prepare = Preparation(settings, clock)
        self._pace = _Pace(clock, settings.paced)
        self._reader: Reader | None = None
        self._frames: Iterator[tuple[int, float, Image]] | None = None
        self._offset = self._next = 0.0

    def open(self) -> None:
        _must_exist(self._path, folder=False)
        self._start()

    def read(self) -> Frame:
        if self._frames is None:
            raise CameraError(f"{self.name} is not open")
        found = next(self._frames, None)
        if found is None and self._settings.loop and self._next > self._offset:
            self.close()
            self._offset = self._next
            self._start()
            found = next(self._frames, None)
        if found is None:
            if self._next == 0.0:
                raise MediaError(f"{self.name} holds no picture that can be read: it is damaged or no video")
            raise SourceEnded(f"{self.name} is at its end")
        _, seconds, image = found
        assert self._reader is not None
        position = self._offset + seconds
        self._next = max(self._next, position + 1.0 / self._reader.fps)
        monotonic, wall = self._pace.times(position)
        return self._prepare.frame(image, monotonic=monotonic, wall=wall)

    def close(self) -> None:
        reader, self._reader, self._frames = self._reader, None, None
        if reader is not None:
            for note in reader.notes if self._offset == 0.0 else ():  # of the first round only
                _log.warning("%s", note)
            reader.close()

    def _start(self) -> None:
        self._reader = self._new_reader(self._path)
        self._frames = iter(self._reader)


class FolderSource(Source):
    """The pictures of a folder in the order of their names (2 before 10), `settings.fps` of them a second.

    Pictures that cannot be read are skipped: logged, and listed in `skipped`. Raises MediaError without a picture.
    """

    def __init__(self, path: str, settings: CameraSettings, clock: Clock,
                 read_picture: Callable[[Path], Image] | None = None) -> None:
        self.name = shown(path)
        self.skipped: list[str] = []
        self._path = Path(path).expanduser()
        self._settings, self._read_picture = settings, read_picture or _picture
        self._prepare = Preparation(settings, clock)
        self._pace = _Pace(clock, settings.paced)
        self._pictures: list[Path] | None = None
        self._at = self._shown = self._shown_before = 0

    def open(self) -> None:
        _must_exist(self._path, folder=True)
        try:
            self._pictures = pictures_in(self._path)
        except OSError as error:
            raise MediaError(f"{self.name} cannot be read: {error.strerror or error}") from None
        if not self._pictures:
            raise MediaError(f"{self.name} has no pictures in it ({', '.join(sorted(PICTURE_SUFFIXES))} are pictures)")

    def read(self) -> Frame:
        if self._pictures is None:
            raise CameraError(f"{self.name} is not open")
        while True:
            if self._at == len(self._pictures):
                if not self._settings.loop or self._shown == self._shown_before:
                    if self._shown == 0:
                        raise MediaError(f"none of the {len(self._pictures)} pictures in {self.name} can be read: {self.skipped[0]}")
                    raise SourceEnded(f"{self.name} is at its end")
                self._at, self._shown_before = 0, self._shown
            path = self._pictures[self._at]
            self._at += 1
            try:
                image = self._read_picture(path)
            except MediaError as error:
                if self._shown_before == 0:  # on the first round only, so that a loop does not fill the log
                    self.skipped.append(str(error))
                    _log.warning("skipped: %s", error)
                continue
            monotonic, wall = self._pace.times(self._shown / self._settings.fps)
            self._shown += 1
            return self._prepare.frame(image, monotonic=monotonic, wall=wall)

    def close(self) -> None:
        self._pictures = None


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder by name, numbers in names by their value; hidden files and folders are left out."""
    return sorted((path for path in folder.iterdir()
                   if kind_of(path) is Kind.PICTURE and not path.name.startswith(".") and path.is_file()),
                  key=lambda path: _natural(path.name))


def _natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    parts = re.split(r"([0-9]+)", name.casefold())
    return [(0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part) for part in parts if part], name


def _must_exist(path: Path, *, folder: bool) -> None:
    try:
        exists, is_folder = path.exists(), path.is_dir()
    except OSError as error:  # a name that is too long, a folder that may not be entered
        raise MediaError(f"{shown(path.name)[:60]} cannot be looked at: {error.strerror or error}") from None
    name = shown(path)
    if not exists:
        raise MediaError(f"{name} is not there")
    if folder and not is_folder:
        raise MediaError(f"{name} is a file: a folder of pictures is expected (a video is file:{name})")
    if not folder and is_folder:
        raise MediaError(f"{name} is a folder: a video file is expected (a folder of pictures is dir:{name})")


def _video_reader(path: Path) -> Reader:
    from edge_face.media import VideoReader

    return VideoReader(path)


def _picture(path: Path) -> Image:
    from edge_face.media import read_picture

    return read_picture(path)
