"""The last seconds as they leave the door: hidden pictures in memory, from which the recorder takes those of an event.

Between the outlet's thread, which lays them in, and the recorder's. What comes in is a JPEG in which everybody is hidden already: no
frame of the camera ever gets here, and faces that are kept sealed for the owner are ciphertext before they are laid in.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from edge_face.privacy.delay import Released
from edge_face.types import Image

MOST_BYTES = 24 << 20
"""Of all pictures in memory: ten seconds at 15 a second of 640x480 take less than half."""
EARLY = 0.1
"""Of a period: a picture that comes so much too early is taken, or every second one would be left out for a millisecond."""

Sealer = Callable[[Image, Image, Released, bytes], bytes]
"""(original, hidden, what was hidden, the hidden picture as JPEG) -> the hidden faces, sealed for the owner's key."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One hidden picture. `at`: monotonic time of its frame; `shown`: ids of those who stand sharp in it, as they agreed to;
    `original`: its hidden faces, sealed, and `sealed` the ids of those whom the door knew among them."""

    at: float
    jpeg: bytes = field(repr=False)
    shown: frozenset[str]
    original: bytes = field(default=b"", repr=False)
    sealed: frozenset[str] = frozenset()


class Reel:
    """Keeps `seconds` of at most 1 / `period` pictures a second. `always`: also while nobody waits for one (a film begins before its
    event). `seal`: keeps the hidden faces too."""

    def __init__(self, seconds: float, period: float, *, always: bool, seal: Sealer | None = None) -> None:
        self._seconds, self._period, self._always, self._seal = seconds, period, always, seal
        self._changed = threading.Condition()
        self._shots: deque[Shot] = deque()
        self._bytes = 0
        self._waiting = 0
        self._put = 0

    def due(self, at: float) -> bool:
        """Is a picture of that monotonic time wanted?"""
        with self._changed:
            if not (self._always or self._waiting):
                return False
            # A time that went back: a film that began anew.
            return not self._shots or not 0 <= at - self._shots[-1].at < self._period * (1 - EARLY)

    def put(self, released: Released, hidden: Image, jpeg: bytes) -> None:
        """Lays a picture in that was due. `hidden`: what the JPEG shows, exactly."""
        original = self._seal(released.frame.image, hidden, released, jpeg) if self._seal is not None and released.regions else b""
        shown = shown_in(released)
        shot = Shot(released.frame.monotonic, jpeg, shown, original, _known_in(released) - shown if original else frozenset())
        with self._changed:
            if self._shots and shot.at < self._shots[-1].at:
                self._shots.clear()
                self._bytes = 0
            self._shots.append(shot)
            self._bytes += len(jpeg) + len(original)
            self._put += 1
            while self._shots[0].at < shot.at - self._seconds or self._bytes > MOST_BYTES:
                gone = self._shots.popleft()
                self._bytes -= len(gone.jpeg) + len(gone.original)
                if not self._shots:
                    break
            self._changed.notify_all()

    def expect(self, more: int) -> None:
        """So many more wait for pictures (fewer: below 0)."""
        with self._changed:
            self._waiting += more
            self._changed.notify_all()

    def wake(self) -> None:
        """Whoever waits looks again."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, timeout: float) -> None:
        """Until something changed, `timeout` seconds at most."""
        with self._changed:
            self._changed.wait(timeout)

    def between(self, first: float, last: float) -> list[Shot]:
        """The pictures of that time, the oldest first."""
        with self._changed:
            return [shot for shot in self._shots if first <= shot.at <= last]

    @property
    def latest(self) -> float | None:
        """When the newest was taken."""
        with self._changed:
            return self._shots[-1].at if self._shots else None

    @property
    def held(self) -> int:
        """Bytes in memory."""
        return self._bytes


def _known_in(released: Released) -> frozenset[str]:
    tracks = released.scene.tracks if released.scene is not None else ()
    return frozenset(track.match.person for track in tracks if track.match is not None and track.match.person is not None)


def shown_in(released: Released) -> frozenset[str]:
    """The ids of those whom nothing hides in a picture."""
    if released.scene is None or any(region.whole for region in released.regions):
        return frozenset()
    hidden = {region.track for region in released.regions}
    return frozenset(track.match.person for track in released.scene.tracks
                     if track.id not in hidden and track.match is not None and track.match.person is not None)
