"""The outlet: the only way by which pictures leave the daemon, with everybody hidden who is not known to agree."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_face.clock import Clock
from edge_face.privacy.delay import DelayLine, Released
from edge_face.privacy.hider import Hider
from edge_face.privacy.regions import Region, everything
from edge_face.privacy.registry import anonymize_as
from edge_face.privacy.strict import Strict
from edge_face.service.mailbox import Mailbox
from edge_face.service.preview_file import PreviewFile
from edge_face.service.reel import Reel
from edge_face.service.web.picture_feed import PictureFeed
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
    """Hands the latest anonymised picture to `service.preview_file`, `preview_fps` times a second at most, and to `pages`, as often as
    these want one, and to the recorder's `reel`: one picture, hidden and coded once for all. While nobody wants any, nothing is done.

    `consenting` gives the ids of those who agreed to be shown. Whatever fails, and whatever is no picture, makes what a viewer sees
    black; it never ends the daemon.
    """

    def __init__(self, privacy: PrivacySettings, service: ServiceSettings, clock: Clock,
                 consenting: Callable[[], frozenset[str]], pages: PictureFeed | None = None,
                 reel: Reel | None = None) -> None:
        self._privacy, self._clock, self._consenting, self._pages, self._reel = privacy, clock, consenting, pages, reel
        self._key = secrets.token_bytes(16)  # of what is random: nobody can draw it again, not even after a restart
        self._file = PreviewFile(Path(service.preview_file)) if service.preview_fps > 0 else None
        self._period = 1.0 / service.preview_fps if service.preview_fps > 0 else 0.0
        self._hider, self._line = Hider(privacy), DelayLine(privacy)
        self._strict = Strict() if privacy.strict else None
        self._posts: Mailbox[_Post] = Mailbox()
        self._last: Frame | None = None
        self._written_at = float("-inf")
        self._thread = threading.Thread(target=self._run, name="outlet", daemon=True)

    @property
    def written(self) -> int:
        """Pictures in the file so far."""
        return self._file.written if self._file is not None else 0

    @property
    def troubled(self) -> bool:
        """The file cannot be written now."""
        return self._file is not None and self._file.troubled

    @property
    def wanted(self) -> bool:
        """Does anybody want pictures just now? In strict mode the empty scene is learned all the time."""
        always = self._strict is not None or self._file is not None or self._reel is not None
        return always or (self._pages is not None and self._pages.wanted)

    def start(self) -> None:
        self._thread.start()

    def offer(self, frame: Frame, scene: Scene | None) -> None:
        """A frame and what vision says of it, None when it failed. Never waits; frames that come too fast are skipped."""
        if self.wanted:
            self._posts.put(_Post(frame, scene))

    def stop(self, patience: float = 2.0) -> None:
        """Leaves a wholly hidden picture behind: nobody watches over it any more."""
        self._posts.close()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(patience)
        if self._pages is not None:
            self._pages.close()

    def _run(self) -> None:
        while not self._posts.closed:
            post = self._posts.get(STALLED)
            try:
                if post is not None and _is_picture(post.frame.image):
                    self._take(post)
                    continue
            except Exception:  # a viewer without a picture is no reason to close a door
                _log.exception("a picture was not handed out")
            # Nothing came, or nothing that can be shown: what a viewer sees may be minutes old before the next picture gets there.
            self._hide_all()
        self._hide_all()

    def _take(self, post: _Post) -> None:
        self._last = post.frame
        for due in self._line.push(post.frame, post.scene, self._regions(post)):
            self._hand_out(due)

    def _regions(self, post: _Post) -> tuple[Region, ...]:
        height, width = post.frame.image.shape[:2]
        if post.scene is None:
            return (everything(width, height, "vision failed"),)
        regions = self._hider.regions(post.scene, self._consenting())
        return regions if self._strict is None else regions + self._strict.regions(post.frame.image, post.scene, regions)

    def _hand_out(self, due: Released) -> None:
        now = self._clock.monotonic()
        to_file = self._file is not None and now - self._written_at >= self._period
        to_pages = self._pages is not None and self._pages.due
        if to_file:
            self._written_at = now
        to_reel = self._reel is not None and self._reel.due(due.frame.monotonic)
        if to_file or to_pages or to_reel:
            hidden = anonymize_as(self._privacy, due.frame.image, due.regions, due.scene, key=self._key)
            jpeg = self._hand_over(hidden, due.scene, to_file, to_pages)
            if to_reel and self._reel is not None and jpeg:
                self._reel.put(due, hidden, jpeg)

    def _hide_all(self) -> None:
        """A black picture takes the place of what a viewer sees: no method of hiding is asked, it may be what failed. Never raises."""
        last, self._last = self._last, None
        if last is None:
            return
        self._start_anew()
        looked = self._pages is not None and self._pages.wanted
        if self._pages is not None and not looked:
            self._pages.forget()
        try:
            self._hand_over(np.zeros(last.image.shape, np.uint8), None, self._file is not None, looked)
        except Exception:
            _log.exception("what a viewer sees could not be hidden")

    def _start_anew(self) -> None:
        self._line = DelayLine(self._privacy)

    def _hand_over(self, hidden: Image, scene: Scene | None, to_file: bool, to_pages: bool) -> bytes:
        """To whoever looks, as a JPEG, which comes back; empty where it could not be made."""
        from edge_face.opencv import cv2

        good, content = cv2.imencode(".jpg", hidden, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        jpeg = content.tobytes() if good else b""
        if jpeg and to_file and self._file is not None:
            self._file.write(jpeg)
        if jpeg and to_pages and self._pages is not None:
            self._pages.put(jpeg, hidden.shape[1], hidden.shape[0], scene)
        return jpeg


def _is_picture(image: Image) -> bool:
    """What a broken camera gives may be anything."""
    return image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and image.size > 0
