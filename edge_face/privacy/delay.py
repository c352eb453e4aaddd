"""A short line in which pictures wait, so that what is learned from later ones still hides faces in earlier ones.

Nothing that is learned later ever shows what was hidden: regions are only added.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from edge_face.privacy.hider import IDENTITY, same_face
from edge_face.privacy.regions import Region, cover
from edge_face.settings import PrivacySettings
from edge_face.types import Box, Frame, Scene, Track, TrackState

BACK_GROWTH = 1.2
"""A face carried back to frames before its first sight grows by this share of its size each second..."""
JITTER = 0.1
"""...and by this for each time that its speed, known over a short span, is carried over as long a span again."""
BLIND_ACROSS, BLIND_UPRIGHT = 8.4, 2.0
"""As long as its speed is not known it grows by these shares each second: somebody walks past at four widths of a face a
second. That is the fate of the one frame that leaves when the face is found."""
NEAR = 1.5
"""A new track within so many face sizes of where another one was lost may be the same face, seen again."""
HID_BEFORE = 0.7
"""A weak detection is not new where a region of the frame before holds this share of what is hidden for it."""
MEMORY = 2.0
"""Seconds for which the place of a lost track is remembered."""


@dataclass(frozen=True, slots=True, eq=False)
class Released:
    """A picture that leaves, with all regions that hide it: those of its own scene first, then the learned ones."""

    frame: Frame
    scene: Scene | None
    regions: tuple[Region, ...]


@dataclass(slots=True, eq=False)
class _Waiting:
    frame: Frame
    scene: Scene | None
    own: tuple[Region, ...]
    learned: dict[tuple[str, int, int], Region] = field(default_factory=dict)
    """By kind of lesson, what it is about and a number: a better estimate of the same lesson replaces the older."""


@dataclass(frozen=True, slots=True)
class _Sight:
    """Where a track was found last: not predicted."""

    box: Box
    at: float
    frame: int


class DelayLine:
    """Pictures in, the same pictures out `settings.delay` pushes later, each once and in order.

    What later frames teach: a new track was there before it was found (carried back along its speed, grown); a track
    lost and found again, under its own id or near by under a new one, was in between (interpolated); a new weak
    detection likewise; a track whose identity does not hold must not have been sharp just before.
    """

    def __init__(self, settings: PrivacySettings) -> None:
        self.delay, self.margin = settings.delay, settings.margin
        self._line: deque[_Waiting] = deque()
        self._first: dict[int, _Sight] = {}
        self._last: dict[int, _Sight] = {}

    def push(self, frame: Frame, scene: Scene | None, regions: Iterable[Region]) -> tuple[Released, ...]:
        """Takes a picture with its scene (None: vision failed; `regions` must then hide everything) and regions, and
        gives the picture that is due: none while the line fills, then one each time. Frame indices must rise."""
        if self._line and frame.index <= self._line[-1].frame.index:
            raise ValueError(f"frame {frame.index} after frame {self._line[-1].frame.index}")
        now = _Waiting(frame, scene, tuple(regions))
        if scene is not None:
            self._learn(now, scene)
        self._line.append(now)
        return (self._release(),) if len(self._line) > self.delay else ()

    def flush(self) -> Iterator[Released]:
        """The pictures that still wait, at the end of the stream."""
        while self._line:
            yield self._release()

    def _release(self) -> Released:
        due = self._line.popleft()
        return Released(due.frame, due.scene, due.own + tuple(due.learned.values()))

    def _learn(self, now: _Waiting, scene: Scene) -> None:
        at, hidden = scene.monotonic, {r.track: r for r in now.own if r.track is not None}
        for track in scene.tracks:
            if track.id in hidden and hidden[track.id].why in IDENTITY:
                self._rehide(track.id)
            if track.state is TrackState.COASTING or track.missed or not _usable(track.box):
                continue
            if track.id not in self._first:
                self._first[track.id] = _Sight(track.box, at, now.frame.index)
                self._join(track, scene, now.frame.index)
            elif (last := self._last.get(track.id)) is not None:
                self._between(last, track, scene, now.frame.index)
            self._carry_back(track, at)
            self._last[track.id] = _Sight(track.box, at, now.frame.index)
        self._weak(now, scene)
        for sights in (self._last, self._first):
            for gone in [i for i, s in sights.items() if at - self._last.get(i, s).at > MEMORY]:
                del sights[gone]

    def _rehide(self, track: int) -> None:
        """A track that turned out not to be who it was taken for is hidden wherever it still waits to be shown."""
        for waiting in self._line:
            for seen in waiting.scene.tracks if waiting.scene is not None else ():
                if seen.id == track and _usable(seen.box) and all(r.track != track for r in waiting.own):
                    waiting.learned["identity", track, 0] = self._region(seen.box, track, "identity lost")

    def _carry_back(self, track: Track, at: float) -> None:
        """A track is hidden in the waiting frames before its first sight: at its first place, and, once it has moved,
        along its speed too."""
        first = self._first[track.id]
        span = at - first.at
        for waiting in self._line:
            if waiting.frame.index >= first.frame:
                break
            gap = max(first.at - waiting.frame.monotonic, 0.0)
            if span <= 0:
                across, upright = 1 + BLIND_ACROSS * gap, 1 + BLIND_UPRIGHT * gap
                (x, y), width, height = first.box.centre, first.box.width * across, first.box.height * upright
                moved = Box(x - width / 2, y - height / 2, width, height)
            else:
                moved = _between_boxes(first.box, track.box, -gap / span).grown(1 + BACK_GROWTH * gap + JITTER * gap / span)
            for name, place in (("place", first.box.grown(1 + BACK_GROWTH * gap)), ("speed", moved)):
                if _usable(place):
                    waiting.learned[name, track.id, 0] = self._region(place, track.id, "before it was found")

    def _between(self, last: _Sight, track: Track, scene: Scene, index: int, name: str = "gap", other: int = 0) -> None:
        """A face seen at `last` and now was in between, wherever prediction put it."""
        if last.frame + 1 >= index or scene.monotonic <= last.at:
            return
        for waiting in self._line:
            if not last.frame < waiting.frame.index < index:
                continue
            share = (waiting.frame.monotonic - last.at) / (scene.monotonic - last.at)
            gap = min(waiting.frame.monotonic - last.at, scene.monotonic - waiting.frame.monotonic)
            box = _between_boxes(last.box, track.box, min(max(share, 0.0), 1.0)).grown(1 + BACK_GROWTH * max(gap, 0.0))
            if _usable(box):
                waiting.learned[name, track.id, other] = self._region(box, track.id, "between two sights")

    def _join(self, track: Track, scene: Scene, index: int) -> None:
        """A new track near the place where another one was lost may be that face under a new id."""
        found_now = {t.id for t in scene.tracks if t.state is not TrackState.COASTING and not t.missed}
        for other, last in self._last.items():
            if other in found_now or scene.monotonic - last.at > MEMORY:
                continue
            size = math.sqrt(max(track.box.area, last.box.area))
            if math.dist(track.box.centre, last.box.centre) <= NEAR * size:
                self._between(last, track, scene, index, "joined", other)

    def _weak(self, now: _Waiting, scene: Scene) -> None:
        """A weak detection that was not there in the frame before is carried back like a new track, but never over a
        face that was known and sharp there and is only found twice."""
        if not self._line:
            return
        before = [r.box for r in (*self._line[-1].own, *self._line[-1].learned.values())]
        for number, weak in enumerate(scene.weak):
            whole = cover(weak.box, self.margin)
            # What hid that place before hides it there too, if it hid nearly all of it.
            if not _usable(weak.box) or any(b.intersection(whole) > HID_BEFORE * whole.area for b in before):
                continue
            for waiting in self._line:
                gap = max(scene.monotonic - waiting.frame.monotonic, 0.0)
                if any(same_face(weak.box, box) for box in _sharp(waiting)):
                    continue
                box = weak.box.grown(1 + BACK_GROWTH * gap)
                waiting.learned["weak", now.frame.index, number] = self._region(box, None, "before it was found")

    def _region(self, box: Box, track: int | None, why: str) -> Region:
        return Region(cover(box, self.margin), "backfilled", track, why)


def _sharp(waiting: _Waiting) -> list[Box]:
    """The faces that a waiting frame shows."""
    if waiting.scene is None:
        return []
    hidden = {r.track for r in waiting.own}
    return [t.box for t in waiting.scene.tracks if t.id not in hidden]


def _between_boxes(a: Box, b: Box, share: float) -> Box:
    """From `a` (share 0) to `b` (share 1), and beyond; a size never falls below half of either's."""
    def mix(p: float, q: float) -> float:
        return p + (q - p) * share

    (ax, ay), (bx, by) = a.centre, b.centre
    width = max(mix(a.width, b.width), min(a.width, b.width) / 2)
    height = max(mix(a.height, b.height), min(a.height, b.height) / 2)
    return Box(mix(ax, bx) - width / 2, mix(ay, by) - height / 2, width, height)


def _usable(box: Box) -> bool:
    return all(map(math.isfinite, (box.x, box.y, box.width, box.height)))

