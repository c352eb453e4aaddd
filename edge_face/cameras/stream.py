"""What USB and network cameras share: an OpenCV capture, read at the asked pace, watched for a frozen picture."""

from __future__ import annotations

import logging
from abc import abstractmethod
from typing import Any

import numpy as np

from edge_face.cameras.prepare import Preparation
from edge_face.cameras.source import Source, source_limit, stall_limit
from edge_face.clock import Clock
from edge_face.errors import CameraError
from edge_face.settings import CameraSettings
from edge_face.types import Frame, Image

_log = logging.getLogger("edge_face.cameras")

_SLACK = 0.3
"""Share of the frame period by which a frame may come early and still count as due (cameras jitter)."""
_POLL = 0.005
"""Seconds to wait when a capture answers at once with an old frame."""


class CaptureSource(Source):
    """A source over something with cv2.VideoCapture's `grab`, `retrieve`, `get` and `release`.

    Frames faster than `settings.fps` are dropped undecoded. A picture whose time stamp stands still is no new frame;
    what lies on the picture is never looked at for that, as darkness is no fault.
    """

    def __init__(self, name: str, settings: CameraSettings, clock: Clock) -> None:
        self.name = name
        self._settings, self._clock = settings, clock
        self._prepare = Preparation(settings, clock, shrink=True)
        self._capture: Any = None
        self._stamp = 0.0
        self._stamps_move = False
        self._due = self._alive = float("-inf")

    @abstractmethod
    def _opened(self) -> Any:
        """An opened cv2.VideoCapture. Raises CameraError."""

    @abstractmethod
    def _lost(self) -> str:
        """Why no frame may come any more, and what to check."""

    def open(self) -> None:
        self._capture = self._opened()

    def read(self) -> Frame:
        if self._capture is None:
            raise CameraError(f"{self.name} is not open")
        limit = source_limit(self._settings)
        self._alive = self._clock.monotonic()
        while True:
            image = self._next()
            if image is not None:
                return self._prepare.frame(image)
            if self._clock.monotonic() - self._alive > limit:
                raise CameraError(f"{self.name} has brought no new picture for {stall_limit(self._settings):g} s: {self._lost()}")

    def _next(self) -> Image | None:
        """The next frame that is new, due and whole; None when this one is not."""
        try:
            if not self._capture.grab():
                raise CameraError(f"{self.name} brings no more frames: {self._lost()}")
            if not self._is_new():
                self._clock.sleep(_POLL)
                return None
            now, period = self._clock.monotonic(), 1.0 / self._settings.fps
            if now < self._due - _SLACK * period:
                self._alive = now
                return None
            ok, image = self._capture.retrieve()
        except CameraError:
            raise
        except Exception as error:  # cv2.error and its kin
            _log.debug("%s: %s", type(error).__name__, error)
            raise CameraError(f"{self.name} failed while it was read: {self._lost()}") from None
        if not ok or image is None or image.size == 0:
            return None  # a damaged JPEG or an undecodable packet: the next one may be fine
        self._due = max(self._due + period, now)
        return _colour(image)

    def _is_new(self) -> bool:
        """False while the camera's own time stamp stands still (it is trusted once it has moved)."""
        from edge_face.opencv import cv2

        stamp = float(self._capture.get(cv2.CAP_PROP_POS_MSEC))
        if not np.isfinite(stamp) or stamp <= 0:
            return True
        if stamp == self._stamp:
            return not self._stamps_move
        self._stamps_move = self._stamps_move or self._stamp > 0
        self._stamp = stamp
        return True

    def close(self) -> None:
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()


def _colour(image: Any) -> Image:
    """BGR from what a capture brings: infrared cameras bring one channel."""
    if image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 1):
        return np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)
    return image  # type: ignore[no-any-return]
