"""The vision thread: frames in, scenes out. A failure here hides the picture and shuts the door; it never ends the daemon."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from edge_face.clock import Clock
from edge_face.errors import EdgeFaceError
from edge_face.service.frames import Feed
from edge_face.types import Frame, Scene

_log = logging.getLogger("edge_face.vision")

WAIT = 0.5
"""Seconds to wait for a frame before looking at whether to stop."""
PAUSE = 2.0
"""After so many seconds without a frame anybody may have come and gone: tracks are forgotten."""
MOST_FAILURES = 3
"""Frames in a row that may fail before the pipeline is built anew."""
_FPS_WINDOW = 50


class Pipeline(Protocol):
    """`edge_face.vision.pipeline.VisionPipeline`, or what a test puts in its place. `gallery` may be replaced at any time,
    and so may `claim`: the id of the person whom a code or card names just now, and `watch`: the track of a challenge."""

    gallery: Any
    claim: str | None
    watch: int | None

    def process(self, frame: Frame) -> Scene: ...

    def reset(self) -> None: ...


class VisionThread:
    """Runs from `start` to `stop`.

    `build` makes the pipeline, in the background while the camera starts; what it raises the first time goes to
    `failed` (wrong models end the daemon), later it is tried again with growing pauses. `publish` gets each frame with
    its scene, or None for the scene when vision failed on it.
    """

    def __init__(self, feed: Feed, build: Callable[[], Pipeline], clock: Clock,
                 publish: Callable[[Frame, Scene | None], None], failed: Callable[[BaseException], None]) -> None:
        self._feed, self._build, self._clock, self._publish, self._failed = feed, build, clock, publish, failed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="vision", daemon=True)
        self._times: deque[float] = deque(maxlen=_FPS_WINDOW)
        self.frames = 0
        """Frames that were worked on, failed ones too."""
        self.failures = 0
        """Frames that failed."""
        self.done = threading.Event()
        """A file was played to its end and every frame of it worked on."""

    def start(self) -> None:
        self._thread.start()

    def stop(self, patience: float = 3.0) -> None:
        self._stop.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(patience)

    @property
    def fps(self) -> float:
        """Frames a second over the latest ones; 0 when none came for a while."""
        times = list(self._times)
        if len(times) < 2 or self._clock.monotonic() - times[-1] > PAUSE:
            return 0.0
        return (len(times) - 1) / max(times[-1] - times[0], 1e-6)

    def _run(self) -> None:
        try:
            pipeline: Pipeline | None = self._build()
        except BaseException as error:
            self._failed(error)
            return
        last, seen_at, in_a_row, pause = -1, None, 0, 1.0
        try:
            while not self._stop.is_set():
                frame = self._feed.latest(last, WAIT)
                if frame is None:
                    if self._feed.ended:
                        self.done.set()
                        self._stop.wait(WAIT)
                    continue
                last = frame.index
                if pipeline is None:
                    pipeline = self._rebuilt(pause)
                    in_a_row, pause = 0, min(pause * 2, 30.0)
                elif seen_at is not None and frame.monotonic - seen_at > PAUSE:
                    pipeline.reset()
                seen_at = frame.monotonic
                scene = self._scene(pipeline, frame)
                in_a_row = 0 if scene is not None else in_a_row + 1
                if scene is not None:
                    pause = 1.0
                elif in_a_row >= MOST_FAILURES:
                    pipeline = None
                self._publish(frame, scene)
                self.frames += 1
                self._times.append(self._clock.monotonic())
        except BaseException as error:
            self._failed(error)

    def _scene(self, pipeline: Pipeline | None, frame: Frame) -> Scene | None:
        if pipeline is None:
            self.failures += 1
            return None
        try:
            return pipeline.process(frame)
        except EdgeFaceError as error:
            _log.error("a frame could not be judged: %s", error)
        except Exception:  # whatever OpenCV, numpy or the runtime raise: the door stays shut, the next frame is tried
            _log.exception("a frame could not be judged")
        self.failures += 1
        return None

    def _rebuilt(self, pause: float) -> Pipeline | None:
        _log.warning("vision fails on every frame: it is built anew after %g s", pause)
        if self._stop.wait(pause):
            return None
        try:
            return self._build()
        except Exception:  # out of memory, a card that cannot be read: it may pass
            _log.exception("vision could not be built anew")
            return None
