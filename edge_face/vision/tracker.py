"""Follows faces over frames: two-threshold association, constant velocity, coasting boxes that grow.

After Y. Zhang et al., "ByteTrack: Multi-object tracking by associating every detection box", ECCV 2022: confident
detections are given to tracks first, then the weak ones keep alive what is left. Here weak detections also make
entries of their own, which are hidden and never recognised. Pure: time and picture size are handed in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from edge_face.errors import ModelError
from edge_face.types import Box, Detection, Floats, Track, TrackState
from edge_face.vision.association import ambiguous, assign, corners, costs, overlaps
from edge_face.vision.motion import Motion, correct, predict, start

CONFIRM = 3
"""Confident detections that make a track believed."""
GROWTH = 1.5
"""A face that is not found grows by this share of its size each second..."""
MOST_GROWTH = 2.0
"""...and never by more than this factor."""
BLIND = 0.5
"""After so many seconds without a picture nobody is known to be who they were."""
LIMIT = 64
"""Tracks, and as many weak entries. Detections beyond are hidden as they come."""
FAINT = 0.2
"""A weak entry is carried for so many seconds for each time it was seen, up to `keep`: one flicker is not carried far."""
DUPLICATE = 0.5
"""Boxes that overlap so much (IoU) are one face, found twice; two tracks that do cannot be told apart."""
EXPECTED = 0.5
"""A face that overlaps less (IoU) with its predicted box may be somebody else's."""


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """What is known of one frame.

    `weak`: everything else that may be a face; its boxes may be predicted. `unsure`: ids of tracks that were lost
    before this frame, or found off the place where they were expected: most likely the same face, but to be proved.
    """

    tracks: tuple[Track, ...]
    weak: tuple[Detection, ...]
    unsure: frozenset[int]


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """A track, or (id 0) a weak entry."""

    id: int
    motion: Motion
    box: Box
    landmarks: Floats
    score: float
    hits: int
    age: int
    missed: int
    seen_at: float
    doubtful: bool = False


class Tracker:
    """`recognise` is the score from which a detection is confident, `keep` the seconds for which a lost face is carried.

    Ids count from 1 and are never used twice. `update` changes nothing when it raises.
    """

    def __init__(self, recognise: float, keep: float) -> None:
        self.recognise = recognise
        self.keep = keep
        self._tracks: tuple[_Entry, ...] = ()
        self._weak: tuple[_Entry, ...] = ()
        self._next = 1
        self._at: float | None = None

    def update(self, detections: Iterable[Detection], monotonic: float, size: tuple[int, int]) -> Tracked:
        """Takes the detections of the next frame; `size` is the picture's width and height.

        A time that goes backwards counts as no time at all. Raises ModelError for a detection or time that is not a
        number: what cannot be placed cannot be hidden, so the whole picture has to be.
        """
        found = _checked(detections, monotonic)
        strong = _distinct([d for d in found if d.score >= self.recognise])
        weak = _apart([d for d in found if d.score < self.recognise], strong)
        step = 0.0 if self._at is None else max(monotonic - self._at, 0.0)
        blind = self._at is not None and not 0.0 <= monotonic - self._at <= BLIND

        aims = [predict(e.motion, step) for e in self._tracks]
        # A weak box jitters too much for a speed to be read from it.
        faint = [predict(replace(e.motion, vx=0.0, vy=0.0), step) for e in self._weak]
        left = list(range(len(aims)))
        # Confident detections: to tracks, then to weak entries, which become tracks by it.
        first, doubtful = _match(aims, strong, 0.1, reach=True)
        free = [d for j, d in enumerate(strong) if j not in first.values()]
        risen, _ = _match(faint, free, 0.1, reach=True)
        newborn = [d for j, d in enumerate(free) if j not in risen.values()]
        # Weak detections: by overlap only, to what is left of the tracks, then to weak entries.
        left = [i for i in left if i not in first]
        second, mixed = _match([aims[i] for i in left], weak, 0.2, reach=False)
        doubtful |= {left[i] for i in mixed}
        spare = [d for j, d in enumerate(weak) if j not in second.values()]
        dim = [i for i in range(len(faint)) if i not in risen]
        third, _ = _match([faint[i] for i in dim], spare, 0.2, reach=False)

        given = {i: strong[j] for i, j in first.items()} | {left[i]: weak[j] for i, j in second.items()}
        tracks = [self._moved(e, aims[i], given.get(i), step, monotonic, i in doubtful or blind)
                  for i, e in enumerate(self._tracks)]
        entries = [self._moved(self._weak[i], faint[i], spare[third[k]] if k in third else None, step, monotonic, blind)
                   for k, i in enumerate(dim)]
        unsure = {self._tracks[i].id for i, d in given.items()
                  if self._tracks[i].missed or d.box.iou(aims[i].box) < EXPECTED}
        tracks = _entangled([e for e in tracks if self._lives(e, monotonic, size)])
        entries = [e for e in entries if self._lives(e, monotonic, size)]

        born = newborn + [free[j] for j in risen.values()]
        born.sort(key=lambda d: -d.box.area)
        tracks, number, surplus = _admitted(tracks, born, self._next, monotonic)
        fresh = [d for j, d in enumerate(spare) if j not in third.values()]
        fresh.sort(key=lambda d: -d.score)
        room = max(LIMIT - len(entries), 0)
        entries += [_new(0, d, monotonic) for d in fresh[:room]]
        surplus += fresh[room:]

        self._tracks, self._weak, self._next, self._at = tuple(tracks), tuple(entries), number, monotonic
        shown = _apart([Detection(e.box, e.landmarks, e.score) for e in entries], strong)
        return Tracked(tuple(_track(e) for e in tracks), tuple(shown + surplus), frozenset(unsure))

    def clear(self) -> None:
        """Forgets all tracks; ids go on."""
        self._tracks, self._weak, self._at = (), (), None

    def _moved(self, entry: _Entry, aim: Motion, found: Detection | None, step: float, at: float, doubtful: bool) -> _Entry:
        if found is not None:
            hit = 1 if found.score >= self.recognise or not entry.id else 0
            return replace(entry, motion=correct(aim, found.box), box=found.box, landmarks=found.landmarks, score=found.score,
                           hits=entry.hits + hit, age=entry.age + 1, missed=0, seen_at=at, doubtful=doubtful)
        growth = min(1.0 + GROWTH * max(at - entry.seen_at, 0.0), MOST_GROWTH)
        shift = np.array([aim.x - entry.motion.x, aim.y - entry.motion.y], np.float32)
        return replace(entry, motion=aim, box=aim.box.grown(growth), landmarks=entry.landmarks + shift,
                       age=entry.age + 1, missed=entry.missed + 1, doubtful=doubtful)

    def _lives(self, entry: _Entry, at: float, size: tuple[int, int]) -> bool:
        if entry.missed == 0:
            return True
        inside = entry.box.intersection(Box(0.0, 0.0, size[0], size[1])) > 0.0
        keep = self.keep if entry.id else min(self.keep, FAINT * entry.hits)
        # A time that ran backwards must not let a lost face live for ever.
        return inside and 0.0 <= at - entry.seen_at <= keep


def _checked(detections: Iterable[Detection], monotonic: float) -> list[Detection]:
    if not math.isfinite(monotonic):
        raise ModelError(f"a frame's time must be a number of seconds, not {monotonic}")
    found = []
    for d in detections:
        numbers = (d.box.x, d.box.y, d.box.width, d.box.height, d.score)
        if not all(abs(n) < 1e6 for n in numbers) or d.landmarks.shape != (5, 2) or not np.isfinite(d.landmarks).all():
            raise ModelError("the detector found a face at a place that is not a number: its model is damaged or unfit for this board")
        if d.box.width >= 1.0 and d.box.height >= 1.0:
            found.append(d)
    return found


def _distinct(strong: list[Detection]) -> list[Detection]:
    """Without second boxes on the same face; the higher score stays."""
    ordered = sorted(strong, key=lambda d: -d.score)
    if len(ordered) < 2:
        return ordered
    iou = overlaps(*[corners([d.box for d in ordered])] * 2)
    kept: list[int] = []
    for i in range(len(ordered)):
        if not kept or iou[i, kept].max() <= DUPLICATE:
            kept.append(i)
    return [ordered[i] for i in kept]


def _apart(weak: list[Detection], strong: list[Detection]) -> list[Detection]:
    """Without weak boxes that only repeat a confident one. Smaller ones inside it stay: it may be a picture held up."""
    if not weak or not strong:
        return weak
    iou = overlaps(corners([d.box for d in weak]), corners([d.box for d in strong]))
    return [d for d, row in zip(weak, iou > DUPLICATE, strict=True) if not row.any()]


def _match(aims: list[Motion], found: list[Detection], least_iou: float, *, reach: bool) -> tuple[dict[int, int], set[int]]:
    """Pairs (index of aim -> index of detection) and the aims whose pair is in doubt."""
    if not aims or not found:
        return {}, set()
    # How far a face may be from where it was expected, in its sizes: farther while its speed is not known.
    reaches = np.array([min(0.5 + 3 * m.doubt, 1.5) if reach else 0.0 for m in aims])
    cost = costs(corners([m.box for m in aims]), corners([d.box for d in found]), reaches, least_iou)
    pairs = assign(cost)
    return pairs, ambiguous(cost, pairs)


def _entangled(tracks: list[_Entry]) -> list[_Entry]:
    """Marks tracks that lie on each other, found or predicted: either could go on as the other."""
    if len(tracks) < 2:
        return tracks
    boxes = corners([e.box if e.missed == 0 else e.motion.box for e in tracks])
    iou = overlaps(boxes, boxes)
    np.fill_diagonal(iou, 0.0)
    over = [bool(row.any()) for row in iou > DUPLICATE]
    return [replace(e, doubtful=True) if o and not e.doubtful else e for e, o in zip(tracks, over, strict=True)]


def _new(number: int, found: Detection, at: float) -> _Entry:
    return _Entry(number, start(found.box), found.box, found.landmarks, found.score, 1, 1, 0, at)


def _admitted(tracks: list[_Entry], born: list[Detection], number: int, at: float) -> tuple[list[_Entry], int, list[Detection]]:
    """New tracks, the largest faces first. A full house gives up its smallest face for one that is much larger."""
    surplus: list[Detection] = []
    for found in born:
        if len(tracks) >= LIMIT:
            smallest = min(tracks, key=lambda e: e.box.area)
            if found.box.area < 2 * smallest.box.area:
                surplus.append(found)
                continue
            tracks = [e for e in tracks if e is not smallest]
            surplus.append(Detection(smallest.box, smallest.landmarks, smallest.score))
        tracks = [*tracks, _new(number, found, at)]
        number += 1
    return tracks, number, surplus


def _track(e: _Entry) -> Track:
    state = TrackState.COASTING if e.missed else TrackState.CONFIRMED if e.hits >= CONFIRM else TrackState.TENTATIVE
    return Track(id=e.id, box=e.box, landmarks=e.landmarks, score=e.score, state=state, age=e.age, missed=e.missed,
                 ambiguous=e.doubtful)
