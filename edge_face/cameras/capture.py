"""A camera that cannot hold anybody up: it runs in a process of its own, which is killed and started again when it hangs.

    with Capture(settings.camera) as capture:
        frame = capture.latest(after_index=-1, timeout=1.0)     # None: nothing new; capture.health says why

A thread here watches the process; `latest`, `meter`, `health` and `close` may be called from any thread and never wait
for the camera.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from edge_face.cameras import backoff
from edge_face.cameras.backoff import Action, CaptureRules, CaptureState, Status
from edge_face.cameras.child_process import ChildProcess
from edge_face.cameras.masks import Masks
from edge_face.cameras.source import NO_CAMERA, Kind, parse_source, redact, stall_limit
from edge_face.errors import SettingsError
from edge_face.settings import CameraSettings
from edge_face.types import Box, Frame

_log = logging.getLogger("edge_face.cameras.capture")
"""What becomes of the camera; what a source has to say goes to edge_face.cameras."""
_notes = logging.getLogger("edge_face.cameras")
_Self = TypeVar("_Self", bound="Capture")

_FPS_WINDOW = 5.0
"""Seconds over which the frame rate is measured."""
_SCARCE = 0.5
"""Seconds to wait when there was no memory to watch over the camera with."""


@dataclass(frozen=True, slots=True)
class CaptureHealth:
    """How the camera is. `reason`: one sentence, empty while all is well; `since`: monotonic time at which the state began.

    `reopens`: how often the camera was started again; `fps`: frames a second over the last 5 s; `frame_age`: seconds since the
    newest frame came, None before the first.
    """

    state: CaptureState
    reason: str
    since: float
    reopens: int
    fps: float
    frame_age: float | None

    @property
    def ok(self) -> bool:
        """Frames come (or the file was played to its end)."""
        return self.state in (CaptureState.RUNNING, CaptureState.ENDED)


class Capture:
    """The newest frame of the camera that the settings name. Raises SettingsError for settings that cannot be meant.

    `rules`: waits, by default from `settings.stall_seconds`. `_opener` ("module:function"): makes another source, for tests.
    """

    def __init__(self, settings: CameraSettings, rules: CaptureRules | None = None, *, _opener: str | None = None) -> None:
        name = parse_source(settings.source)
        if name.kind is Kind.NONE:
            raise SettingsError(NO_CAMERA)
        Masks(settings.privacy_masks)
        self._settings, self._opener = settings, _opener
        self._rules = rules or CaptureRules(stall=stall_limit(settings))
        self._meters = _opener is not None or (name.kind is Kind.PICAMERA2 and settings.metering == "face")
        self._news = threading.Condition()
        self._status = Status(CaptureState.CLOSED, "not started", time.monotonic(), None)
        self._child: ChildProcess | None = None
        self._news_count = 0
        self._next_index = 0
        self._arrivals: deque[tuple[float, int]] = deque()
        self._last_arrival: float | None = None
        self._abandoned: list[ChildProcess] = []
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._wake = -1

    def start(self: _Self) -> _Self:
        """Starts the camera's process (in the background: frames come later). May be called again after `close`."""
        if self._thread is not None:
            return self
        self._stop.clear()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._status = backoff.begin(time.monotonic())
        self._thread = threading.Thread(target=self._supervise, name="edge-face-capture", daemon=True)
        self._thread.start()
        return self

    def __enter__(self: _Self) -> _Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def health(self) -> CaptureHealth:
        """How the camera is, now."""
        now = time.monotonic()
        with self._news:
            status, last = self._status, self._last_arrival
            recent = [(at, count) for at, count in self._arrivals if now - at <= _FPS_WINDOW]
        span = max(now - recent[0][0], 0.2) if len(recent) > 1 else 0.0
        fps = sum(count for _, count in recent[1:]) / span if span else 0.0
        return CaptureHealth(status.state, status.reason, status.since, max(status.reopens, 0), fps,
                             None if last is None else now - last)

    def latest(self, after_index: int = -1, timeout: float = 0.0) -> Frame | None:
        """The newest frame if its index is greater than `after_index`, waiting up to `timeout` seconds for it.

        Indices grow over restarts of the camera. The caller owns the frame's arrays.
        """
        until = time.monotonic() + timeout
        while True:
            with self._news:
                child, seen = self._child, self._news_count
            frame = None if child is None else child.ring.latest(after_index)
            if frame is not None or self._stop.is_set():
                return frame
            with self._news:
                left = until - time.monotonic()
                if left <= 0 or not self._wait_for_news(seen, left):
                    return None

    def _wait_for_news(self, seen: int, seconds: float) -> bool:
        return self._news.wait_for(lambda: self._news_count != seen or self._stop.is_set(), seconds)

    def meter(self, boxes: Sequence[Box]) -> None:
        """Where faces are, in pixels of `Frame.image`; a Pi camera exposes for them. Call it for every scene, also without faces."""
        with self._news:
            if self._meters and self._child is not None and self._status.state is CaptureState.RUNNING:
                self._child.meter(boxes)

    def close(self) -> None:
        """Ends the camera's process, with SIGKILL if it must be. Never hangs. May be called twice."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stop.set()
        with self._news:
            self._news.notify_all()
            if self._wake >= 0:
                os.eventfd_write(self._wake, 1)
        thread.join(self._rules.grace + self._rules.death + 2.0)

    # --- below: only the supervising thread ---

    def _supervise(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake, selectors.EVENT_READ, self._on_wake)
            try:
                while not self._stop.is_set():
                    try:
                        self._turn(selector)
                    except MemoryError:
                        # What was missed runs into its deadline; whoever is watched over comes back when there is memory again.
                        self._stop.wait(_SCARCE)
                reason = "closed"
            except Exception as error:
                _log.exception("the watch over the camera failed")
                reason = f"the watch over the camera failed ({type(error).__name__}): start it again"
            self._end(selector, reason)

    def _turn(self, selector: selectors.BaseSelector) -> None:
        self._tick(selector)
        deadline = self._status.deadline
        wait = 1.0 if deadline is None else min(max(deadline - time.monotonic(), 0.0), 1.0)
        for key, _ in selector.select(wait):
            if key.fileobj in selector.get_map():  # a message before may have ended the process
                key.data(selector)

    def _tick(self, selector: selectors.BaseSelector) -> None:
        self._abandoned = [child for child in self._abandoned if not _gone(child)]
        status, action = backoff.tick(self._status, time.monotonic(), self._rules)
        self._set(status)
        child = self._child
        if action is Action.START:
            self._spawn(selector)
        elif action is Action.TERMINATE and child is not None:
            child.terminate()
        elif action is Action.KILL and child is not None:
            child.kill()
        elif action is Action.ABANDON and child is not None:
            self._unregister(selector, child)
            self._abandon(child)

    def _spawn(self, selector: selectors.BaseSelector) -> None:
        self._retire()
        try:
            child = ChildProcess(self._settings, self._next_index, self._opener)
        except OSError as error:
            self._set(backoff.on_exit(self._status, f"the capture process cannot be started: {error.strerror or error}", time.monotonic()))
            return
        selector.register(child.control, selectors.EVENT_READ, self._on_message)
        selector.register(child.counter, selectors.EVENT_READ, self._on_frames)
        selector.register(child.output, selectors.EVENT_READ, self._on_output)
        self._swap(child)

    def _on_wake(self, _: selectors.BaseSelector) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._wake)

    def _on_output(self, selector: selectors.BaseSelector) -> None:
        if self._child is not None and not self._child.drain_output():
            selector.unregister(self._child.output)

    def _on_frames(self, _: selectors.BaseSelector) -> None:
        count = self._child.new_frames() if self._child is not None else 0
        if not count:
            return
        now = time.monotonic()
        status = backoff.on_frame(self._status, now, self._rules)
        with self._news:
            self._last_arrival = now
            self._arrivals.append((now, count))
            while now - self._arrivals[0][0] > _FPS_WINDOW:
                self._arrivals.popleft()
        self._set(status, news=True)

    def _on_message(self, selector: selectors.BaseSelector) -> None:
        child = self._child
        if child is None:
            return
        said, gone = child.messages()
        for message in said:
            now = time.monotonic()
            if "error" in message:
                self._set(backoff.on_failure(self._status, redact(str(message["error"])), now, self._rules))
            elif "ended" in message:
                self._set(backoff.on_end(self._status, now))
            elif "note" in message:
                _notes.warning("%s", redact(str(message["note"])))
        if gone:
            self._unregister(selector, child)
            self._on_frames(selector)  # what it wrote before it ended counts
            child.kill()
            reason = child.reap(self._rules.death)
            child.drain_output()
            if child.last_words and self._status.state is not CaptureState.ENDED:
                _log.debug("the capture process printed: %s", child.last_words)
            if reason is None:
                self._abandon(child)
            self._set(backoff.on_exit(self._status, reason or "the capture process hangs in the kernel", time.monotonic()))

    def _set(self, status: Status, news: bool = False) -> None:
        before = self._status.state
        with self._news:
            self._status = status
            if news or status.state is not before:
                self._news_count += 1
                self._news.notify_all()
        if status.state is before:
            return
        if status.state is CaptureState.RUNNING:
            _log.info("the camera runs")
        elif status.state in (CaptureState.STALLED, CaptureState.GONE):
            _log.warning("the camera is %s: %s", status.state.value, status.reason)
        elif status.state is CaptureState.BACKING_OFF and before is not CaptureState.STALLED:
            _log.warning("the camera stopped: %s", status.reason)

    def _swap(self, child: ChildProcess | None) -> None:
        with self._news:
            self._child = child
            self._news_count += 1
            self._news.notify_all()

    def _retire(self) -> None:
        """Gives back what is left of a process that has ended (its last frame could still be read until now)."""
        child = self._child
        if child is None:
            return
        self._next_index = max(self._next_index, child.ring.newest_index() + 1)
        self._swap(None)
        child.close()

    def _abandon(self, child: ChildProcess) -> None:
        """Leaves a process behind that even SIGKILL does not end; `_tick` sees to it when it does end."""
        _log.error("the camera's process %d hangs in the kernel and cannot be ended: it is left behind", child.process.pid)
        self._next_index = max(self._next_index, child.ring.newest_index() + 1)
        self._abandoned.append(child)
        self._swap(None)

    @staticmethod
    def _unregister(selector: selectors.BaseSelector, child: ChildProcess) -> None:
        for handle in (child.control, child.counter, child.output):
            with contextlib.suppress(KeyError, ValueError):
                selector.unregister(handle)

    def _end(self, selector: selectors.BaseSelector, reason: str) -> None:
        child = self._child
        if child is not None:
            self._unregister(selector, child)
            child.terminate()
            if child.reap(self._rules.grace) is None:
                child.kill()
                if child.reap(self._rules.death) is None:
                    _log.error("the camera's process %d hangs in the kernel and is left behind", child.process.pid)
            self._retire()
        for left in self._abandoned:
            left.close()
        self._abandoned = []
        with self._news:
            os.close(self._wake)
            self._wake = -1
        self._set(Status(CaptureState.CLOSED, reason, time.monotonic(), None, reopens=max(self._status.reopens, 0)))


def _gone(child: ChildProcess) -> bool:
    """True when a process that was given up has ended after all; its handles are given back then."""
    if child.reap(0) is None:
        return False
    child.close()
    return True
