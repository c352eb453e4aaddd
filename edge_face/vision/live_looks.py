"""When a face is judged for life: confirmed, near the door, and while it can change the answer or something may be swapped in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

import numpy as np

from edge_face.types import Image, Liveness, Track, TrackState

MOST_LIVE = 2
"""Faces that are judged in one frame, the nearest first."""


class Live(Protocol):
    """What tells people from pictures of them (`edge_face.vision.live.LivenessJudge`), by the ids of tracks. `wants`: is another look
    due?"""

    def wants(self, track_id: int, monotonic: float) -> bool: ...

    def look(self, track_id: int, image: Image, track: Track, monotonic: float) -> Liveness: ...

    def eyes(self, track_id: int, openness: float | None) -> None: ...

    def forget(self, track_id: int) -> None: ...

    def clear(self) -> None: ...


class LiveLooks:
    """Chooses whom `live` looks at in a frame, and keeps what it said last. `force`: every found face in every frame."""

    def __init__(self, live: Live | None, force: bool = False) -> None:
        self._live, self._force = live, force
        self._said: dict[int, Liveness] = {}
        if live is not None:
            live.clear()

    def look(self, tracks: Iterable[Track], near: Iterable[int], picture: Image, scale: tuple[float, float], now: float) -> bool:
        """Judges those of the found `tracks` that are due: `near` are the ids of those near the zone, `scale` brings them to the
        pixels of `picture`. True when anybody was looked at. Raises ModelError when the network fails."""
        if self._live is None:
            return False
        close = set(near)
        tracks = tuple(tracks)
        for track in tracks:
            self._live.eyes(track.id, track.eyes_open)
        due = [t for t in tracks if not t.missed and not t.ambiguous
               and (self._force or (t.id in close and t.state is TrackState.CONFIRMED and self._live.wants(t.id, now)))]
        due.sort(key=lambda t: (-t.box.area, t.id))
        for track in due if self._force else due[:MOST_LIVE]:
            there = track if scale == (1.0, 1.0) else replace(
                track, box=track.box.scaled(*scale), landmarks=(track.landmarks * np.array(scale)).astype(np.float32))
            self._said[track.id] = self._live.look(track.id, picture, there, now)
        return bool(due)

    def said(self, track_id: int) -> Liveness | None:
        """The last verdict on a track; None where nobody judged."""
        return self._said.get(track_id)

    def forget(self, track_id: int) -> None:
        """It may be somebody else from here on."""
        self._said.pop(track_id, None)
        if self._live is not None:
            self._live.forget(track_id)

    def keep_only(self, alive: set[int]) -> None:
        """Forgets everybody who is not in view any more."""
        for gone in [i for i in self._said if i not in alive]:
            self.forget(gone)
