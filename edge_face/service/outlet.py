"""The outlet: the only way by which pictures leave the daemon, with everybody hidden who is not known to agree."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_face.clock import Clock
from edge_face.privacy.delay import DelayLine, Released
from edge_face.privacy.hider import Hider
from edge_face.privacy.regions import Region, everything
from edge_face.privacy.registry import anonymize
from edge_face.service.mailbox import Mailbox
from edge_face.settings import PrivacySettings, ServiceSettings
from edge_face.types import Frame, Image, Scene

_log = logging.getLogger("edge_face.outlet")

STALLED = 1.0
"""Seconds without a scene after which the picture that a viewer sees is hidden altogether."""
QUALITY = 80
"""Of the JPEG."""


@dataclass(frozen=True, slots=True, eq=False)
class _Post:
    frame: Frame
    scene: Scene | None


class Outlet:
    """Writes the latest anonymised picture to `service.preview_file`, `preview_fps` times a second at most.

    `consenting` gives the ids of those who agreed to be shown. Whatever fails hides the whole picture or leaves the
    last hidden one in place; it never ends the daemon.
    """

    def __init__(self, privacy: PrivacySettings, service: ServiceSettings, clock: Clock,
                 consenting: Callable[[], frozenset[str]]) -> None:
        self._privacy, self._file, self._clock, self._consenting = privacy, Path(service.preview_file), clock, consenting
        self._period = 1.0 / service.preview_fps
        self._hider, self._line = Hider(privacy), DelayLine(privacy)
        self._posts: Mailbox[_Post] = Mailbox()
        self._last: Frame | None = None
        self._written_at = float("-inf")
        self._troubled = False
        self._thread = threading.Thread(target=self._run, name="outlet", daemon=True)
        self.written = 0

    def start(self) -> None:
        self._thread.start()

    def offer(self, frame: Frame, scene: Scene | None) -> None:
        """A frame and what vision says of it, None when it failed. Never waits; frames that come too fast are skipped."""
        self._posts.put(_Post(frame, scene))

    def stop(self, patience: float = 2.0) -> None:
        """Leaves a wholly hidden picture behind: nobody watches over it any more."""
        self._posts.close()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(patience)

    def _run(self) -> None:
        while not self._posts.closed:
            post = self._posts.get(STALLED)
            try:
                if post is None:
                    self._hide_all()
                else:
                    self._take(post)
            except Exception:  # a viewer without a picture is no reason to close a door
                _log.exception("a picture was not handed out")
                self._start_anew()
        with contextlib.suppress(Exception):
            self._hide_all()

    def _take(self, post: _Post) -> None:
        self._last = post.frame
        for due in self._line.push(post.frame, post.scene, self._regions(post)):
            self._hand_out(due)

    def _regions(self, post: _Post) -> tuple[Region, ...]:
        height, width = post.frame.image.shape[:2]
        if post.scene is None:
            return (everything(width, height, "vision failed"),)
        return self._hider.regions(post.scene, self._consenting())

    def _hand_out(self, due: Released) -> None:
        now = self._clock.monotonic()
        if now - self._written_at < self._period:
            return
        self._written_at = now
        self._write(anonymize(due.frame.image, due.regions, self._privacy.method, self._privacy.strength))

    def _hide_all(self) -> None:
        """No scene for a while: the last picture, hidden altogether, takes the place of what a viewer sees."""
        last, self._last = self._last, None
        if last is None:
            return
        self._start_anew()
        height, width = last.image.shape[:2]
        self._write(anonymize(last.image, (everything(width, height, "vision stalled"),), self._privacy.method,
                              self._privacy.strength))

    def _start_anew(self) -> None:
        self._line = DelayLine(self._privacy)

    def _write(self, image: Image) -> None:
        from edge_face.opencv import cv2

        good, content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if not good:
            return
        partial = self._file.with_name(f".{self._file.name}.{os.getpid()}.part")
        try:
            if self._file.exists() and not self._file.is_file():
                # A file moved there would take the device's place, for every program on this machine.
                raise OSError(errno.EINVAL, "it is no file")
            partial.write_bytes(content.tobytes())
            partial.replace(self._file)
        except OSError as error:
            if not self._troubled:
                _log.error("the preview %s cannot be written: %s", self._file, error.strerror or error)
            self._troubled = True
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            return
        self._troubled = False
        self.written += 1
