"""Where the vision thread takes its frames from: a camera's process, or a file that is read here.

A camera can hang in its driver, so it runs in a process of its own (`edge_face.cameras.Capture`). A file cannot: it is
read in this process. Played at its own speed it behaves as a camera, newest frame only; unpaced, each frame is waited for.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_face.clock import Clock
from edge_face.errors import CameraError, EdgeFaceError
from edge_face.settings import CameraSettings
from edge_face.types import Box, Frame


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """How the frames come. `state`: a word; `reason`: one sentence, empty while all is well."""

    ok: bool
    state: str
    reason: str = ""
    fps: float = 0.0
    reopens: int = 0


class Feed(Protocol):
    """The newest frame, never a queue of them."""

    def start(self) -> None: ...

    def latest(self, after_index: int, timeout: float) -> Frame | None:
        """A frame with a greater index, waiting up to `timeout` seconds; None when none came."""

    def meter(self, boxes: Sequence[Box]) -> None:
        """Where faces are, for the camera's exposure."""

    @property
    def ended(self) -> bool:
        """A file was played to its end; never true of a camera."""

    @property
    def health(self) -> FeedHealth: ...

    def close(self) -> None: ...


def open_feed(settings: CameraSettings, clock: Clock) -> Feed:
    """The feed of the settings, not yet started. Raises `SettingsError` for a source that cannot be meant."""
    from edge_face.cameras.source import Kind, parse_source

    kind = parse_source(settings.source).kind
    if kind is Kind.NONE:
        return NoFeed()
    if kind in (Kind.FILE, Kind.FOLDER):
        return FileFeed(settings, clock)
    return CameraFeed(settings)


class NoFeed:
    """A door without a camera: nobody is seen, and nothing is wrong with that."""

    ended = False
    health = FeedHealth(True, "none")

    def __init__(self) -> None:
        self._closed = threading.Event()

    def start(self) -> None:
        return

    def latest(self, after_index: int, timeout: float) -> Frame | None:
        self._closed.wait(timeout)
        return None

    def meter(self, boxes: Sequence[Box]) -> None:
        return

    def close(self) -> None:
        self._closed.set()


class CameraFeed:
    """A camera in a process of its own."""

    def __init__(self, settings: CameraSettings) -> None:
        from edge_face.cameras import Capture

        self._capture = Capture(settings)

    def start(self) -> None:
        self._capture.start()

    def latest(self, after_index: int, timeout: float) -> Frame | None:
        return self._capture.latest(after_index, timeout)

    def meter(self, boxes: Sequence[Box]) -> None:
        self._capture.meter(boxes)

    @property
    def ended(self) -> bool:
        return False

    @property
    def health(self) -> FeedHealth:
        health = self._capture.health
        return FeedHealth(health.ok, health.state.value, health.reason, health.fps, health.reopens)

    def close(self) -> None:
        self._capture.close()


class FileFeed:
    """A video or a folder of pictures, read by a thread: paced as a camera, or each frame once the one before is taken."""

    def __init__(self, settings: CameraSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._taken = -1
        self._state = FeedHealth(True, "starting")
        self._done = self._ended = False
        self._failure: EdgeFaceError | None = None
        self._count, self._begun = 0, 0.0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._read, name="file", daemon=True)
            self._thread.start()

    def latest(self, after_index: int, timeout: float) -> Frame | None:
        with self._changed:
            def there() -> bool:
                return self._done or (self._frame is not None and self._frame.index > after_index)

            self._changed.wait_for(there, timeout)
            frame = self._frame
            if frame is None or frame.index <= after_index:
                return None
            self._taken = frame.index
            self._changed.notify_all()
            return frame

    def meter(self, boxes: Sequence[Box]) -> None:
        return

    @property
    def ended(self) -> bool:
        """True once the last frame was fetched, too."""
        with self._changed:
            return self._ended and (self._frame is None or self._taken >= self._frame.index)

    @property
    def health(self) -> FeedHealth:
        with self._changed:
            seconds = self._clock.monotonic() - self._begun
            fps = self._count / seconds if self._count and seconds > 0 and not self._done else 0.0
            return FeedHealth(self._state.ok, self._state.state, self._state.reason, fps)

    @property
    def failure(self) -> EdgeFaceError | None:
        """What ended the file before its end, or kept it from being opened: unlike a camera it never comes back."""
        with self._changed:
            return self._failure

    def close(self) -> None:
        with self._changed:
            self._done = True
            self._changed.notify_all()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(5.0)

    def _read(self) -> None:
        from edge_face.cameras import SourceEnded, open_source

        try:
            with open_source(self._settings, self._clock) as source:
                self._begun = self._clock.monotonic()
                while self._offer(source.read()):
                    pass
        except SourceEnded as error:
            self._finish(FeedHealth(True, "ended", str(error)), ended=True)
        except EdgeFaceError as error:
            self._finish(FeedHealth(False, "failed", str(error)), failure=error)
        except Exception as error:  # a decoder may raise anything
            broken = CameraError(f"{self._settings.source} cannot be read ({type(error).__name__}): is it damaged?")
            self._finish(FeedHealth(False, "failed", str(broken)), failure=broken)
        else:
            self._finish(FeedHealth(True, "closed"))

    def _offer(self, frame: Frame) -> bool:
        with self._changed:
            if not self._settings.paced:
                self._changed.wait_for(lambda: self._done or self._frame is None or self._taken >= self._frame.index)
            self._frame, self._state = frame, FeedHealth(True, "running")
            self._count += 1
            self._changed.notify_all()
            return not self._done

    def _finish(self, state: FeedHealth, *, ended: bool = False, failure: EdgeFaceError | None = None) -> None:
        with self._changed:
            self._done, self._ended, self._state, self._failure = True, ended, state, failure
            self._changed.notify_all()
