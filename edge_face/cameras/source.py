"""What a camera is to the rest of the house: something that is opened, read frame by frame, and closed.

Source strings are parsed here, and what may be shown of them (never a password) is decided here.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from edge_face.errors import CameraError, SettingsError
from edge_face.settings import CameraSettings
from edge_face.types import Box, Frame

ALLOWED = "picamera2, picamera2:N, usb:N, usb:/dev/videoN, rtsp://host/path, file:VIDEO, dir:PICTURES or none"
NO_CAMERA = '[camera] source is "none": this door has no camera; name one, as picamera2 or usb:0'
_LARGEST_NUMBER = 63
"""Of a camera or a video node."""
_URL = re.compile(r"\b(rtsps?|rtmps?|https?|tcp|tls|udp)://[^\s'\"<>]+", re.IGNORECASE)
_Self = TypeVar("_Self", bound="Source")


class SourceEnded(CameraError):
    """A video or a folder of pictures is at its end. No fault."""


class Source(Protocol):
    """A camera, a video or a folder of pictures. `name` is what errors and logs call it: it holds no password."""

    name: str

    def open(self) -> None:
        """Raises CameraError, MediaError, SettingsError or MissingExtraError in one sentence."""

    def read(self) -> Frame:
        """Waits for the next frame. Raises CameraError when none comes, SourceEnded at the end of a file."""

    def meter(self, boxes: Sequence[Box]) -> None:
        """Where faces are, in pixels of `Frame.image`; a camera that can exposes for them. Default: nothing."""
        return None

    def close(self) -> None:
        """Gives the camera back. May be called twice."""

    def __iter__(self) -> Iterator[Frame]:
        """Frames until the end of a file, or until CameraError."""
        while True:
            try:
                frame = self.read()
            except SourceEnded:
                return
            yield frame

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Kind(enum.Enum):
    """The kinds of sources."""

    PICAMERA2 = "picamera2"
    USB = "usb"
    RTSP = "rtsp"
    FILE = "file"
    FOLDER = "dir"
    NONE = "none"
    """A door without a camera: buttons, codes and cards."""


@dataclass(frozen=True, slots=True)
class SourceName:
    """A source string, taken apart. `value`: camera number, device path, URL, file or folder.

    `shown` is what may stand in a log: of a URL only scheme and host, as paths and queries carry passwords too.
    """

    kind: Kind
    value: str
    shown: str


def parse_source(text: str) -> SourceName:
    """Takes a source string apart. Raises SettingsError naming what is allowed."""
    if "\0" in text or "\n" in text:
        raise SettingsError(f"[camera] source has a line break or a zero byte in it: allowed are {ALLOWED}")
    head, colon, rest = text.partition(":")
    kind = head.strip().lower()
    if kind == "picamera2":
        return SourceName(Kind.PICAMERA2, _number(rest if colon else "0", text), "the Pi camera" + (f" {rest}" if rest else ""))
    if kind == "usb" and colon:
        device = rest if rest.startswith("/dev/") and len(rest) > len("/dev/") else f"/dev/video{_number(rest, text)}"
        return SourceName(Kind.USB, device, device)
    if kind in ("rtsp", "rtsps") and rest.startswith("//"):
        return SourceName(Kind.RTSP, text.strip(), _checked_url(text.strip()))
    if kind == "none" and not colon:
        return SourceName(Kind.NONE, "", "no camera")
    if kind in ("file", "dir") and colon:
        if not rest.strip():
            raise SettingsError(f"[camera] source '{kind}:' names no {'video' if kind == 'file' else 'folder'}: allowed are {ALLOWED}")
        return SourceName(Kind.FILE if kind == "file" else Kind.FOLDER, rest, rest)
    raise SettingsError(f"[camera] source '{redact(text)[:80]}' is not a camera: allowed are {ALLOWED}")


def redact(text: str) -> str:
    """The text with every URL cut down to scheme and host: users, passwords, paths and queries are gone."""
    return _URL.sub(lambda found: _shown_url(found.group(0)), text)


def stall_limit(settings: CameraSettings) -> float:
    """Seconds without a new frame after which a camera counts as stalled: never less than three frames' time."""
    return max(settings.stall_seconds, 3.0 / settings.fps)


def source_limit(settings: CameraSettings) -> float:
    """Seconds that a source itself waits: a little less than who watches it from outside, as its own sentence says more."""
    return 0.95 * stall_limit(settings)


def _number(text: str, whole: str) -> str:
    if not text.isascii() or not text.isdigit() or int(text) > _LARGEST_NUMBER:
        raise SettingsError(f"[camera] source '{whole[:80]}' has no number from 0 to {_LARGEST_NUMBER}: allowed are {ALLOWED}")
    return str(int(text))


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        raise SettingsError("[camera] source is an rtsp address without a usable host and port: "
                            "rtsp://user:password@host:554/path (special characters of a password as %40)")
    return _shown_url(url)


def _shown_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "...", parts.port
    except ValueError:
        return url.partition("://")[0] + "://..."
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")
