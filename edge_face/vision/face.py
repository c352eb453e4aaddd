"""What the pipeline remembers of one track: its pool, who it is, and whether one more embedding could change that."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edge_face.settings import Settings
from edge_face.types import Claimed, Floats, Match, Quality, Track
from edge_face.vision.pooling import Agreement, Pool

if TYPE_CHECKING:
    from edge_face.vision.pipeline import FaceGallery

NEARLY = 0.95
"""A face this near to the intent zone is treated as one in it: the door must not wait for it."""
SPARE = 0.2
"""Seconds that embedding goes on after the dwell time."""
BETTER = 1.15
"""An unknown face that has become this many times larger may be known by now."""


@dataclass(frozen=True, slots=True)
class Zone:
    """From the settings: where and for how long every frame of a face is embedded, and how often elsewhere."""

    share: float
    yaw: float
    votes: int
    of: int
    settle: float
    give_up: float
    every: float

    @classmethod
    def from_settings(cls, settings: Settings) -> Zone:
        d = settings.decision
        return cls(d.zone * NEARLY, d.zone_yaw + 5.0, d.votes, d.of, d.dwell + SPARE, max(d.fail_after, d.dwell) + SPARE,
                   settings.vision.embed_every)


class Face:
    """The memory of one track. An identity is `proved` by a frame whose own embedding names the pooled person; it has
    to be proved anew after the face was lost, was off its expected place or did not look like itself."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._pool = Pool()
        self._match: Match | None = None
        self._matched_at: float | None = None
        self._proved = False
        self._votes: deque[str | None] = deque(maxlen=zone.of)
        self._judged = False
        self._largest = 0.0
        self._zone_since: float | None = None
        self._zone_votes: list[str | None] = []
        self._claim: str | None = None
        self._claimed: Claimed | None = None
        self._fresh = False
        self.embedded_at: float | None = None

    @property
    def in_zone(self) -> bool:
        return self._zone_since is not None

    @property
    def fresh(self) -> bool:
        """Was the pool just emptied, because the face does not look like those before? Whatever was known of it is another's."""
        return self._fresh

    def begin(self, track: Track, now: float, *, unsure: bool, claim: str | None = None) -> None:
        """A new frame: an ambiguous face is nobody any more, a lost or unsure one has to be proved again, and so has one against
        another `claim`."""
        self._judged = self._fresh = False
        if claim != self._claim or track.missed or unsure:
            self._claim, self._claimed = claim, None
        elif self._claimed is not None and self._claimed.agrees:
            self._claimed = replace(self._claimed, agrees=False)  # of the frame before
        if track.ambiguous:
            self.forget()
        elif track.missed or unsure:
            self._proved = False
        if self.embedded_at is not None and now < self.embedded_at:
            self.embedded_at = None

    def place(self, quality: Quality | None, width: int, now: float) -> None:
        """Where the face stands in this frame, `width` being that of the picture its quality was measured in."""
        inside = quality is not None and quality.eye_distance >= self._zone.share * width and abs(quality.yaw) <= self._zone.yaw
        if not inside:
            self._zone_since = None
        elif self._zone_since is None or now < self._zone_since:
            self._zone_since, self._zone_votes = now, []

    def wants(self, track: Track, now: float) -> bool:
        """Could one more embedding change the answer?"""
        if self.embedded_at is None or len(self._votes) < self._zone.of:
            return True
        if self._claim is not None and self._zone_since is not None:
            return True  # a claim lasts for seconds, and ends when it is decided
        person = self._match.person if self._match is not None else None
        if person is not None and (not self._proved or self._votes[-1] != person):
            return True
        if self._zone_since is not None:
            stay = now - self._zone_since
            if person is None and stay < self._zone.give_up:
                return True
            if person is not None and (stay < self._zone.settle or self._zone_votes[-self._zone.of:].count(person) < self._zone.votes):
                return True
        if person is None and track.quality is not None and track.quality.eye_distance > BETTER * self._largest:
            return True
        return now - self.embedded_at >= self._zone.every

    def judge(self, embedding: Floats, quality: Quality, gallery: FaceGallery, now: float) -> None:
        """Takes this frame's embedding: its own verdict, then that of the pool with it."""
        vote, _ = gallery.best_single(embedding)
        agreement = self._pool.add(embedding, quality.overall)
        self._fresh = agreement is Agreement.RESET
        if self._fresh:
            self._votes.clear()
            self._zone_votes.clear()
            self._matched_at, self._largest = None, 0.0
        if agreement is not Agreement.AGREES:
            self._proved = False
        pooled = self._pool.embedding
        assert pooled is not None
        previous = self._match.person if self._match is not None else None
        self._match = gallery.match(pooled, now)
        if self._match.person != previous:
            self._proved, self._matched_at = False, None
        if self._match.person is not None and vote == self._match.person and agreement is not Agreement.FAR:
            self._proved, self._matched_at = True, now
        self._claimed = None
        if self._claim is not None and agreement is not Agreement.FAR:
            # A far one is not in the pool: the pool's score would be another face's.
            score, threshold = gallery.verify(self._claim, pooled)
            self._claimed = Claimed(self._claim, score, threshold, gallery.verifies(self._claim, embedding))
        self._judged, self.embedded_at = True, now
        self._largest = max(self._largest, quality.eye_distance)
        self._votes.append(vote)
        if self._zone_since is not None:
            self._zone_votes = [*self._zone_votes, vote][-self._zone.of:]

    def rematch(self, gallery: FaceGallery, now: float) -> None:
        """Another gallery: the pool is compared anew, and whoever the face was has to be proved again."""
        pooled = self._pool.embedding
        self._votes.clear()
        self._zone_votes.clear()
        self._proved, self._matched_at, self.embedded_at = False, None, None
        self._match = gallery.match(pooled, now) if pooled is not None else None
        self._claimed = None

    def forget(self) -> None:
        """Nothing is known of this face; its embeddings are overwritten."""
        self._pool.clear()
        self._votes.clear()
        self._zone_votes.clear()
        self._match = self._matched_at = self.embedded_at = self._claimed = None
        self._proved, self._judged, self._largest = False, False, 0.0

    def shown(self, track: Track) -> Track:
        """The track as the scene shows it: a person only while the identity is proved and the face is found."""
        match = self._match
        if match is not None and match.person is not None and (not self._proved or track.missed or track.ambiguous):
            match = replace(match, person=None)
        return replace(track, match=match, matched_at=self._matched_at, judged=self._judged,
                       vote=self._votes[-1] if self._judged else None, votes=tuple(self._votes), claimed=self._claimed)
