"""Who is hidden in one scene. Fail closed: a face is shown only while everything speaks for it.

Pure: no clock, no picture, no memory. What later frames teach about earlier ones is `edge_face.privacy.delay`'s part.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection

import numpy as np

from edge_face.privacy.regions import Region, Source, cover, everything
from edge_face.settings import PrivacySettings
from edge_face.types import Box, Detection, Floats, Scene, Track, TrackState
from edge_face.vision.pose import estimate_pose

EDGE = 1.0
"""A face whose box comes nearer to the picture's edge than this (px) is cut."""
SAME_INSIDE, SAME_IOU = 0.8, 0.3
"""A weak detection is a second look at a known face when so much of it lies inside that face's box and it is not much
smaller: a photograph held before a known face stays hidden."""
ECHO, ECHO_AREA = 0.75, 4.0
"""Or when it holds so much of that face and is at most so many times as large: a real face there would stand before the
known one, which could then not be seen."""
CUT_GROWTH = 1.25
"""A cut face shows too little for its box to be right: it is hidden larger."""
UNSURE_GROWTH = 0.7
"""So is a followed face that scores little, being turned or half behind somebody: by this share at a score of 0, not at all at 1."""

IDENTITY = frozenset({"not matched", "below threshold", "not consenting", "ambiguous", "named twice", "match too old"})
"""Reasons that say who somebody is not, or no longer surely; the others say how the face stands in this frame."""


class Hider:
    """Scene and consent to regions.

    A track is sharp only if all of this holds in this very frame: found (not predicted) and confirmed; not mixed up
    with another; matched, with a score that reaches the threshold, to a person in `consenting`; nobody else matched to
    the same person; an embedding of its own agreed within the last `keep` seconds; turned less than `sharp_yaw`; inside
    the picture; clear of every hidden track and every weak detection. Every other track and every weak detection is hidden.
    """

    def __init__(self, settings: PrivacySettings) -> None:
        self.settings = settings

    def regions(self, scene: Scene, consenting: Collection[str]) -> tuple[Region, ...]:
        """The regions to hide. `consenting`: ids of the persons who agreed to be shown. A track or detection at a place
        that is not a number hides the whole picture."""
        boxes = [t.box for t in scene.tracks] + [d.box for d in scene.weak]
        if not all(_finite(box) for box in boxes):
            return (everything(scene.width, scene.height, "no place"),)
        named = Counter(t.match.person for t in scene.tracks if t.match is not None)
        shown: list[Track] = []
        hidden: list[Region] = []
        for track in scene.tracks:
            reason = self.reason(track, scene, consenting, named)
            if reason is None:
                shown.append(track)
            else:
                hidden.append(self._region(track, scene, *reason))
        # Hiding one face may reach the next, and lets the weak detections inside it stand for themselves: until
        # nothing changes.
        while True:
            weak = [d for d in scene.weak if not any(same_face(d.box, t.box) for t in shown)]
            # What is hidden of a track is larger than its face, which may be about to cross the known one. Of a weak
            # detection the bare box counts: most are no faces, and its region is drawn over the known face anyway.
            near = [r.box for r in hidden] + [d.box for d in weak]
            touched = [t for t in shown if any(box.intersection(t.box) > 0 for box in near)]
            if not touched:
                return (*hidden, *(self._weak(d, scene) for d in weak))
            hidden += [self._region(t, scene, "unsure", "beside a hidden face") for t in touched]
            shown = [t for t in shown if t not in touched]

    def reason(self, track: Track, scene: Scene, consenting: Collection[str],
               named: Counter[str | None]) -> tuple[Source, str] | None:
        """Why a track is hidden by itself, None when only its neighbours could hide it."""
        match = track.match
        if track.state is TrackState.COASTING or track.missed:
            return "coasting", "not found"
        if match is None or match.person is None:
            return "unknown", "not matched"
        if match.person not in consenting:
            return "unknown", "not consenting"
        if not match.score >= match.threshold:
            return "unknown", "below threshold"
        if track.state is not TrackState.CONFIRMED:
            return "unsure", "not confirmed"
        if track.ambiguous:
            return "unsure", "ambiguous"
        if named[match.person] != 1:
            return "unsure", "named twice"
        if track.matched_at is None or not 0.0 <= scene.monotonic - track.matched_at <= self.settings.keep:
            return "unsure", "match too old"
        if track.quality is None or not max(abs(track.quality.yaw), _yaw(track.landmarks)) < self.settings.sharp_yaw:
            return "unsure", "turned"
        if is_cut(track.box, scene):
            return "unsure", "cut"
        return None

    def _region(self, track: Track, scene: Scene, source: Source, why: str) -> Region:
        grown = track.box.grown(1 + UNSURE_GROWTH * (1 - min(max(track.score, 0.0), 1.0)))
        return Region(self._cover(grown, scene), source, track.id, why)

    def _weak(self, detection: Detection, scene: Scene) -> Region:
        return Region(self._cover(detection.box, scene), "weak", None, f"score {detection.score:.2f}")

    def _cover(self, box: Box, scene: Scene) -> Box:
        return cover(box.grown(CUT_GROWTH) if is_cut(box, scene) else box, self.settings.margin)


def is_cut(box: Box, scene: Scene) -> bool:
    """Does a face touch the picture's edge?"""
    return (box.x < EDGE or box.y < EDGE or box.x + box.width > scene.width - EDGE
            or box.y + box.height > scene.height - EDGE)


def same_face(weak: Box, known: Box) -> bool:
    """Is a weak detection the known face, found twice? `known` must have been found in this very frame."""
    shared = weak.intersection(known)
    inside = shared >= SAME_INSIDE * weak.area and weak.iou(known) >= SAME_IOU
    return inside or (shared >= ECHO * known.area > 0 and weak.area <= ECHO_AREA * known.area)


def _yaw(landmarks: Floats) -> float:
    """|yaw| in degrees by this frame's landmarks; infinite when they are not five points."""
    if landmarks.shape != (5, 2) or not np.isfinite(landmarks).all():
        return math.inf
    return abs(estimate_pose(landmarks).yaw)


def _finite(box: Box) -> bool:
    return all(map(math.isfinite, (box.x, box.y, box.width, box.height)))
