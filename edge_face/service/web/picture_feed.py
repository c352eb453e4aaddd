"""The latest hidden picture for the pages: a JPEG in memory, made only while somebody looks."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field

from edge_face.clock import Clock
from edge_face.types import Scene

LOOKED = 4.0
"""Seconds after the last question for a picture in which more are made: nobody asks less often while a page is open."""
STALE = 3.0
"""A picture that is older than so many seconds is nobody's: whoever begins to look does not see who was there before."""
LONGEST_WAIT = 20.0
"""Seconds of one long poll."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One hidden picture. `scene`: what vision saw in this very picture, None when it was not judged."""

    number: int
    jpeg: bytes = field(repr=False)
    width: int
    height: int
    scene: Scene | None
    at: float


class PictureFeed:
    """Between the outlet thread, which puts pictures at most `fps` times a second, and whoever waits for the next one."""

    def __init__(self, fps: float, clock: Clock) -> None:
        self._period, self._clock = 1.0 / fps if fps > 0 else math.inf, clock
        self._changed = threading.Condition()
        self._shot: Shot | None = None
        self._asked_at = self._put_at = -math.inf
        self._number = 0
        self._closed = False

    @property
    def off(self) -> bool:
        """The settings want no pictures on pages."""
        return math.isinf(self._period)

    @property
    def wanted(self) -> bool:
        """Does somebody look?"""
        return not self.off and self._clock.monotonic() - self._asked_at < LOOKED

    @property
    def due(self) -> bool:
        """Does somebody look, and is it time for the next picture?"""
        return self.wanted and self._clock.monotonic() - self._put_at >= self._period

    def put(self, jpeg: bytes, width: int, height: int, scene: Scene | None) -> None:
        """A new picture takes the place of the last one."""
        now = self._clock.monotonic()
        with self._changed:
            self._number += 1
            self._put_at = now
            self._shot = Shot(self._number, jpeg, width, height, scene, now)
            self._changed.notify_all()

    def forget(self) -> None:
        """Nobody looks any more: nothing is kept of whoever was there."""
        with self._changed:
            self._shot = None

    def latest(self, after: int = 0, wait: float = 0.0) -> Shot | None:
        """The newest picture with another number than `after`, waiting up to `wait` seconds for one; None when none came."""
        self._asked_at = self._clock.monotonic()
        until = self._asked_at + min(max(wait, 0.0), LONGEST_WAIT)
        with self._changed:
            while not self._closed:
                now = self._clock.monotonic()
                self._asked_at = now
                shot = self._shot
                if shot is not None and shot.number != after and now - shot.at < STALE:
                    return shot
                if now >= until or self.off:
                    return None
                # Woken now and then, so that a long wait counts as looking.
                self._changed.wait(min(until - now, LOOKED / 2))
        return None

    def close(self) -> None:
        """Whoever waits is let go."""
        with self._changed:
            self._closed, self._shot = True, None
            self._changed.notify_all()
