"""Passive presentation attack detection: is a track a person, or a picture of one? Judged over the looks of a track."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from edge_face.errors import ModelError
from edge_face.types import Box, Image, Liveness, LiveVerdict, Track
from edge_face.vision.bundle import Bundle
from edge_face.vision.live_crop import live_crop
from edge_face.vision.live_cues.texture import texture
from edge_face.vision.live_fusion import Fusion, limits, rows_of
from edge_face.vision.live_track import LiveTrack, picture_cues
from edge_face.vision.manifest_texture import read_skin
from edge_face.vision.picture_model import PictureModel

ENOUGH = 5
"""Looks before there is a verdict."""
SETTLED = 8
"""Looks after which one in `EVERY` seconds will do."""
EVERY = 0.25
MOST_TRACKS = 64
"""Tracks that are remembered, as many as the tracker has; the one that was looked at longest ago goes first."""


class LiveNetwork:
    """The network of a liveness bundle. One instance for each thread. Raises ModelError for a bundle of another task."""

    def __init__(self, bundle: Bundle, precision: str = "int8", threads: int = 1) -> None:
        if bundle.task != "liveness":
            raise ModelError(f"{bundle.folder} is a bundle for {bundle.task!r}, not for 'liveness'")
        self._model = PictureModel(bundle, precision, threads=threads)
        self.name = self._model.name
        if self._model.spec.width != self._model.spec.height:
            raise ModelError(f"{self.name} takes {self._model.spec.width}x{self._model.spec.height}: attack detection takes squares")
        self._size = self._model.spec.width

    def alive(self, image: Image, box: Box) -> float:
        """The probability of life, 0 to 1, of the face in `box` with its surroundings. Raises ModelError."""
        value = float(self._model.run(live_crop(image, box, self._size))["live"].reshape(-1)[0])
        return min(max(value, 0.0), 1.0)


class LivenessJudge:
    """Judges tracks, by one bundle at one rate. One instance for each thread.

    `bpcer`: the share of living people who may be taken for an attack. `threshold`: the fused score from which a track is LIVE,
    `attack_threshold`: below which it is an ATTACK, `still_threshold`: the same as the latter for one picture, `network_threshold`
    for the network alone on one picture. Raises ModelError for a bundle without measured thresholds.
    """

    def __init__(self, bundle: Bundle, precision: str = "int8", threads: int = 1, bpcer: float = 0.05) -> None:
        self._network = LiveNetwork(bundle, precision, threads)
        found = bundle.thresholds
        self._fusion = Fusion.of(found, bpcer)
        self._picture = Fusion.of(found, bpcer, "picture") if "picture" in found else None
        self._skin = read_skin(found["texture"], bundle.name) if "texture" in found else None
        self.threshold, self.attack_threshold = self._fusion.live, self._fusion.attack
        self.network_threshold = _alone(found, bpcer)
        self.still_threshold = self.network_threshold if self._picture is None else self._picture.attack
        self._tracks: dict[int, LiveTrack] = {}

    def look(self, track_id: int, image: Image, track: Track, monotonic: float) -> Liveness:
        """One more look at a track, whose box and landmarks are in the pixels of `image`. Raises ModelError when the network fails."""
        memory = self._tracks.pop(track_id, None) or LiveTrack(self._fusion.cues, self._skin)
        self._tracks[track_id] = memory  # the newest last
        if len(self._tracks) > MOST_TRACKS:
            del self._tracks[next(iter(self._tracks))]
        memory.look(image, track.box, track.landmarks, self._network.alive(image, track.box), monotonic)
        return self._judged(memory)

    def eyes(self, track_id: int, openness: float | None) -> None:
        """The eyes' openness of a track in a frame, looked at or not."""
        if (memory := self._tracks.get(track_id)) is not None:
            memory.eyes(openness)

    def wants(self, track_id: int, monotonic: float) -> bool:
        """Is another look due?"""
        memory = self._tracks.get(track_id)
        if memory is None or memory.looked_at is None or memory.run < SETTLED:
            return True
        return not 0 <= monotonic - memory.looked_at < EVERY

    def still(self, image: Image, box: Box) -> float:
        """The score of one picture, 0 to 1, without memory: all that it shows, or of a bundle that was not measured for that the
        network alone. Raises ModelError."""
        alive = self._network.alive(image, box)
        if self._picture is None:
            return alive
        score = self._picture.score(picture_cues(image, box, alive, self._skin, self._picture.cues))
        return score if math.isfinite(score) else 0.0

    def network(self, image: Image, box: Box) -> float:
        """The network alone on one picture, 0 to 1. Raises ModelError."""
        return self._network.alive(image, box)

    def texture(self, image: Image, box: Box) -> float | None:
        """The micro-texture alone of one picture, 0 (a copy) to 1 (skin), None for a face that is too small.
        Raises ModelError for a bundle that knows nothing of it."""
        if self._skin is None:
            raise ModelError("the liveness bundle knows nothing of texture: edge-face-convert train-texture teaches it")
        value = texture(image, box, self._skin)
        return None if value is None else 1.0 / (1.0 + math.exp(-min(max(value, -60.0), 60.0)))

    def forget(self, track_id: int) -> None:
        """Nothing is known of that track."""
        self._tracks.pop(track_id, None)

    def clear(self) -> None:
        """Nothing is known of anybody."""
        self._tracks.clear()

    def _judged(self, memory: LiveTrack) -> Liveness:
        cues = memory.cues()
        score = self._fusion.score(cues)
        if not math.isfinite(score):
            return Liveness(LiveVerdict.UNSURE, 0.0, memory.looks)
        if memory.looks < ENOUGH:
            verdict = LiveVerdict.UNKNOWN
        elif score < self.attack_threshold:
            verdict = LiveVerdict.ATTACK
        else:
            verdict = LiveVerdict.LIVE if score >= self.threshold else LiveVerdict.UNSURE
        against = self._fusion.against(cues) if verdict is not LiveVerdict.LIVE else ()
        return Liveness(verdict, score, memory.looks, against)


def _alone(thresholds: Mapping[str, Any], bpcer: float) -> float:
    table = thresholds.get("passive")
    if not isinstance(table, Mapping):
        raise ModelError("the liveness bundle has no measured thresholds of its network: edge-face-convert calibrate-liveness makes them")
    return limits(rows_of(table), bpcer)[0]

