"""A frame becomes a scene: detect, track, align, judge, embed where it can change the answer, match."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from edge_face.errors import ModelError
from edge_face.settings import Settings
from edge_face.types import Box, Detection, Floats, Frame, Image, Match, Quality, Scene, Track
from edge_face.vision.align import Aligned, align
from edge_face.vision.eyes import eyes_open
from edge_face.vision.face import Face, Zone
from edge_face.vision.light import judge_light
from edge_face.vision.live_looks import Live, LiveLooks
from edge_face.vision.quality import Limits, assess, failing
from edge_face.vision.tracker import Tracker

MOST_FACES = 16
"""Faces whose quality is judged in one frame, the largest first: a poster full of faces must not stop the door."""
MOST_EMBEDDINGS = 4
"""Faces that are embedded in one frame, those near the door first."""
ECHO = 0.75
"""A weak box that holds so much of a recognised face is that face once more: a real one there would hide it."""
SAME_FACE = 0.4
"""Boxes of the sweep that overlap (IoU) one of the main detector's are left out."""


class FaceDetector(Protocol):
    """What finds faces; `recognise` and `hide` are the scores that its makers recommend."""

    recognise: float
    hide: float

    def detect(self, image: Image, threshold: float) -> list[Detection]: ...


class FaceEmbedder(Protocol):
    """What turns an aligned face into a unit vector that the caller may keep and overwrite."""

    def embed(self, aligned: Image) -> Floats: ...


class FaceGallery(Protocol):
    """Who is enrolled. `best_single` names the person whom one picture by itself shows, or None, and the score. `verify`: the pooled
    score against one person and its threshold; `verifies`: does one picture by itself show that person?"""

    def match(self, embedding: Floats, monotonic: float) -> Match: ...

    def best_single(self, embedding: Floats) -> tuple[str | None, float]: ...

    def verify(self, person: str, embedding: Floats) -> tuple[float, float]: ...

    def verifies(self, person: str, embedding: Floats) -> bool: ...


class VisionPipeline:
    """Runs vision on one frame after the other, in one thread. Keeps nothing but the tracks.

    `sweep`: a second detector, for small faces, that looks at every `vision.sweep_every`-th frame as well. `live`: attack
    detection, of confirmed faces near the zone. `force_embedding`: every face that was found is embedded, and judged for life, in
    every frame, for measuring. `clock` times the stages, nothing else.
    """

    def __init__(self, settings: Settings, detector: FaceDetector, embedder: FaceEmbedder, gallery: FaceGallery, *,
                 sweep: FaceDetector | None = None, live: Live | None = None, force_embedding: bool = False,
                 clock: Callable[[], float] = time.perf_counter) -> None:
        vision = settings.vision
        self.gallery = gallery
        """May be replaced between two frames: what is known of the faces in view is then matched anew."""
        self.claim: str | None = None
        """Whom a code or card names just now: faces near the zone are compared with that person. May be set between two frames."""
        self.watch: int | None = None
        """A track that is embedded in every good frame, as in a challenge. May be set between two frames."""
        self.recognise = vision.recognise_score or detector.recognise
        self.hide = min(vision.hide_score or detector.hide, self.recognise)
        self._live = LiveLooks(live, force_embedding)
        self._detector, self._sweep, self._embedder = detector, sweep, embedder
        self._every = vision.sweep_every
        self._limits = Limits.from_settings(vision)
        self._zone = Zone.from_settings(settings)
        self._force, self._clock = force_embedding, clock
        self._tracker = Tracker(self.recognise, settings.privacy.keep)
        self._faces: dict[int, Face] = {}
        self._frames = 0
        self._matched_with = gallery

    def process(self, frame: Frame) -> Scene:
        """The scene of the next frame. Raises ModelError when a network fails or gives no numbers: the caller
        must then hide the whole picture and keep the door shut."""
        watch = _Watch(self._clock)
        gallery, claim = self.gallery, self.claim
        height, width = frame.image.shape[:2]
        light = judge_light(frame.image)
        found = self._detect(frame.image)
        watch.lap("detect")
        tracked = self._tracker.update(found, frame.monotonic, (width, height))
        watch.lap("track")
        self._forget_all_but({t.id for t in tracked.tracks})
        if gallery is not self._matched_with:
            for face in self._faces.values():
                face.rematch(gallery, frame.monotonic)
            self._matched_with = gallery
            watch.lap("match")

        crops: dict[int, Aligned] = {}
        seen: dict[int, Track] = {}
        picture = frame.image if frame.detail is None else frame.detail
        nearest = sorted((t for t in tracked.tracks if not t.missed), key=lambda t: (-t.box.area, t.id))[:MOST_FACES]
        looked_at = {t.id for t in nearest}
        boxes = [t.box for t in tracked.tracks if not t.missed]
        for track in tracked.tracks:
            face = self._faces.setdefault(track.id, Face(self._zone))
            face.begin(track, frame.monotonic, unsure=track.id in tracked.unsure, claim=claim)
            quality = None
            if track.id in looked_at:
                crop, quality = self._look(track, picture, width, height, boxes, watch)
                if crop is not None:
                    crops[track.id] = crop
            missing = failing(quality, self._limits) if quality is not None else ()
            face.place(quality, picture.shape[1], frame.monotonic)
            opened = None
            if track.id in crops and (face.in_zone or track.id == self.watch):
                opened = eyes_open(crops[track.id].image)
                watch.lap("live")
            seen[track.id] = replace(track, quality=quality, failing=missing, eyes_open=opened)
        for track_id in self._chosen(seen.values(), crops, frame.monotonic):
            quality = seen[track_id].quality
            assert quality is not None
            embedding = self._embedder.embed(crops[track_id].image)
            watch.lap("embed")
            self._faces[track_id].judge(embedding, quality, gallery, frame.monotonic)
            watch.lap("match")
        self._look_for_life(seen, tracked.unsure, picture, (picture.shape[1] / width, picture.shape[0] / height), frame.monotonic)
        watch.lap("live")
        tracks = tuple(replace(self._faces[t.id].shown(t), liveness=self._live.said(t.id)) for t in seen.values())
        weak = tuple(d for d in tracked.weak if not _echo(d, tracks))
        return Scene(frame.index, frame.monotonic, frame.wall, width, height, tracks, weak, light, watch.laps)

    def reset(self) -> None:
        """Forgets everybody in view, as after a pause in which anybody may have come and gone."""
        self._forget_all_but(set())
        self._tracker.clear()

    def _detect(self, image: Image) -> list[Detection]:
        found = self._detector.detect(image, self.hide)
        self._frames += 1
        if self._sweep is not None and self._every and self._frames % self._every == 0:
            extra = self._sweep.detect(image, self.hide)
            found = found + [d for d in extra if all(d.box.iou(f.box) < SAME_FACE for f in found)]
        return found

    def _look(self, track: Track, picture: Image, width: int, height: int, boxes: list[Box],
              watch: _Watch) -> tuple[Aligned | None, Quality | None]:
        """The aligned face and its quality; None where the landmarks make no face (weak detections may have such)."""
        landmarks = track.landmarks
        if picture.shape[1] != width or picture.shape[0] != height:
            landmarks = landmarks * (landmarks.dtype.type(picture.shape[1] / width), landmarks.dtype.type(picture.shape[0] / height))
        try:
            crop = align(picture, landmarks)
        except ModelError:
            return None, None
        finally:
            watch.lap("align")
        quality = assess(crop, landmarks, _covered(track.box, boxes))
        watch.lap("quality")
        return crop, quality

    def _look_for_life(self, seen: Mapping[int, Track], unsure: Collection[int], picture: Image, scale: tuple[float, float],
                       now: float) -> None:
        """Who was lost, could be mixed up or has become another person is judged from nothing."""
        for track in seen.values():
            if track.missed or track.ambiguous or track.id in unsure or self._faces[track.id].fresh:
                self._live.forget(track.id)
        able = [t for t in seen.values() if t.score >= self.recognise and t.quality is not None]
        self._live.look(able, (t.id for t in able if self._faces[t.id].in_zone), picture, scale, now)

    def _chosen(self, tracks: Iterable[Track], crops: dict[int, Aligned], now: float) -> list[int]:
        """Ids of the faces to embed in this frame."""
        able = [t for t in tracks if t.id in crops and t.score >= self.recognise and not t.ambiguous]
        if self._force:
            return [t.id for t in able]
        wanted = [t.id for t in able if not t.failing and (t.id == self.watch or self._faces[t.id].wants(t, now))]
        wanted.sort(key=lambda i: (not self._faces[i].in_zone, self._faces[i].embedded_at or float("-inf"), i))
        return wanted[:MOST_EMBEDDINGS]

    def _forget_all_but(self, alive: set[int]) -> None:
        for gone in [i for i in self._faces if i not in alive]:
            self._faces.pop(gone).forget()
        self._live.keep_only(alive)


def _covered(box: Box, boxes: list[Box]) -> float:
    """The share of a face's box that a larger one, so a nearer one, overlaps."""
    return max((box.intersection(b) / box.area for b in boxes if b is not box and b.area > box.area), default=0.0)


def _echo(weak: Detection, tracks: Iterable[Track]) -> bool:
    # Not of a face that is only expected there: who covers it may be the reason why it was not found.
    return any(not t.missed and t.match is not None and t.match.person is not None
               and weak.box.intersection(t.box) > ECHO * t.box.area for t in tracks)


class _Watch:
    """Adds up the seconds of each stage."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = clock()
        self.laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = self._clock()
        self.laps[stage] = self.laps.get(stage, 0.0) + now - self._last
        self._last = now
