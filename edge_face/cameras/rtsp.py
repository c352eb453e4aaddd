"""A network camera by RTSP (RFC 2326, RFC 7826), through OpenCV's FFmpeg: over TCP, with limits on every wait.

User and password stand in the address; nothing here shows more of it than scheme and host.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from edge_face.cameras.source import parse_source, source_limit
from edge_face.cameras.stream import CaptureSource
from edge_face.clock import Clock
from edge_face.errors import CameraError
from edge_face.settings import CameraSettings

OPEN_SECONDS = 6.0
"""A camera that has not answered by then is taken to be away."""
_REACH_SECONDS = 3.0
_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_TCP = "rtsp_transport;tcp|fflags;nobuffer|flags;low_delay"


class RtspSource(CaptureSource):
    """`capture` makes an opened cv2.VideoCapture from an address (a seam for tests)."""

    def __init__(self, url: str, settings: CameraSettings, clock: Clock,
                 capture: Callable[[str], Any] | None = None) -> None:
        super().__init__(parse_source(url).shown, settings, clock)
        self._url, self._new_capture = url, capture

    def _opened(self) -> Any:
        if self._new_capture is None:
            self._reach()
        capture = self._new_capture(self._url) if self._new_capture else self._ffmpeg_capture()
        if not capture.isOpened():
            capture.release()
            raise CameraError(f"{self.name} answers but brings no video: check user, password and path of the address "
                              "(and that the camera has a free connection)")
        return capture

    def _reach(self) -> None:
        """A plain connection first: it tells a camera that is away from one that refuses us. Raises CameraError."""
        parts = urlsplit(self._url)
        port = parts.port or (322 if parts.scheme.lower() == "rtsps" else 554)
        try:
            socket.create_connection((parts.hostname or "", port), timeout=_REACH_SECONDS).close()
        except socket.gaierror:
            raise CameraError(f"{self.name}: the name of the camera is not known: check it, or use its number (192.168.1.20)") from None
        except (OSError, UnicodeError) as error:
            reason = "no answer" if isinstance(error, TimeoutError) else getattr(error, "strerror", None) or "no connection"
            raise CameraError(f"{self.name} cannot be reached at port {port} ({reason}): check its power, the network and the address") \
                from None

    def _ffmpeg_capture(self) -> Any:
        from edge_face.opencv import cv2

        wait = int(1000 * max(source_limit(self._settings), 1.0))
        with _tcp_options():
            return cv2.VideoCapture(self._url, cv2.CAP_FFMPEG, [
                cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(1000 * OPEN_SECONDS), cv2.CAP_PROP_READ_TIMEOUT_MSEC, wait])

    def _lost(self) -> str:
        return "check its power and the network"


@contextlib.contextmanager
def _tcp_options() -> Iterator[None]:
    """FFmpeg's options can only be given by the environment; what the owner set there stays."""
    if _OPTIONS in os.environ:
        yield
        return
    os.environ[_OPTIONS] = _TCP
    try:
        yield
    finally:
        os.environ.pop(_OPTIONS, None)
