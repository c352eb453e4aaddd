"""The first pass: somebody who was enrolled elsewhere stands before the door's own camera, alone, alive, and is compared with nobody but
themselves. The door does not know them yet, and does not learn of this before it is over."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from edge_face.access.facts import face_of
from edge_face.people import Gallery
from edge_face.people.person import Person, State
from edge_face.service.web.enrol_sessions import Board
from edge_face.settings import Settings
from edge_face.types import Floats, Frame, Image, LiveVerdict, Scene, Track, TrackState
from edge_face.vision.align import align
from edge_face.vision.pooling import Agreement, Pool

SECONDS = 120.0
"""For so long somebody may pass."""
MOST_ATTACKS = 3
"""Faces that are taken for a picture, and then it is over: begin again."""


class Embedder(Protocol):
    """What turns an aligned face into a unit vector."""

    def embed(self, aligned: Image) -> Floats: ...


class FirstPass:
    """Watches the door's scenes for one person. `passed` is called once, in the enrolling thread, and may raise."""

    kind = "pass"
    scenes = True
    holder = "pass"

    def __init__(self, person: Person, model: str, thresholds: Mapping[str, Any], settings: Settings, embedder: Embedder, until: float,
                 passed: Callable[[str], None]) -> None:
        self.id, self.until, self.board = secrets.token_urlsafe(16), until, Board()
        self.person = person.id
        decision = settings.decision
        # One person, known to this comparison alone; held to the rate at which a face must fit a code.
        alone = [replace(person, state=State.ACTIVE)]
        self._gallery: Gallery | None = Gallery.build(alone, model, decision.false_grants, thresholds, decision.verify_rate)
        self._embedder, self._passed, self._decision = embedder, passed, decision
        self._pool, self._votes = Pool(), deque[bool](maxlen=decision.of)
        self._track: int | None = None
        self._since = 0.0
        self._attacks: set[int] = set()
        self._say("nearer")

    def see(self, frame: Frame, scene: Scene | None) -> None:
        if self.board.phase != "running":
            return
        near = [track for track in scene.tracks if self._near(track, scene.width)] if scene is not None else []
        if len(near) != 1:
            self._restart(None)
            self._say("alone" if near else "nearer")
            return
        track = near[0]
        if track.id != self._track or track.ambiguous:
            self._restart(track.id)
            self._since = frame.monotonic
        live = track.liveness.verdict if track.liveness is not None else LiveVerdict.UNKNOWN
        if live is LiveVerdict.ATTACK:
            self._attacked(track.id)
            return
        if track.id in self._attacks:
            self._say("not_alive")
            return
        if track.failing or track.missed:
            self._say("clearer")
            return
        self._judge(frame, scene, track, live)

    def _judge(self, frame: Frame, scene: Scene | None, track: Track, live: LiveVerdict) -> None:
        assert scene is not None
        score, needed, agrees = self._compared(frame, scene, track)
        self._votes.append(agrees)
        stayed = frame.monotonic - self._since
        alike = score >= needed and self._votes.count(True) >= self._decision.votes and agrees
        if not alike:
            # Said only after a while: the first pictures of an approach are often poor.
            self._say("not_alike" if stayed > self._decision.fail_after and not any(self._votes) else "hold")
        elif live is not LiveVerdict.LIVE:
            self._say("unsure" if live is LiveVerdict.UNSURE else "hold")
        elif stayed >= self._decision.dwell:
            self._pass()
        else:
            self._say("hold")

    def look(self, image: Image, now: float) -> None:
        """Pictures from anywhere else do not count."""

    def wipe(self) -> None:
        self._pool.clear()
        self._gallery = None

    def _near(self, track: Track, width: int) -> bool:
        if track.state is not TrackState.CONFIRMED or track.missed:
            return False
        face = face_of(track, width)
        return face.sound and face.eye_share >= self._decision.zone and abs(face.yaw) <= self._decision.zone_yaw

    def _compared(self, frame: Frame, scene: Scene, track: Track) -> tuple[float, float, bool]:
        picture = frame.image if frame.detail is None else frame.detail
        unit = track.landmarks.dtype.type
        scale = (unit(picture.shape[1] / scene.width), unit(picture.shape[0] / scene.height))
        embedding = self._embedder.embed(align(picture, track.landmarks * scale).image)
        gallery = self._gallery
        assert gallery is not None, "the person has passed"
        agrees = gallery.verifies(self.person, embedding)
        quality = track.quality.overall if track.quality is not None else 0.5
        if self._pool.add(embedding, quality) is not Agreement.AGREES:
            self._votes.clear()
        pooled = self._pool.embedding
        assert pooled is not None
        score, needed = gallery.verify(self.person, pooled)
        return score, needed, agrees

    def _attacked(self, track: int) -> None:
        self._restart(None)
        self._attacks.add(track)
        if len(self._attacks) >= MOST_ATTACKS:
            self.board.end("failed", "what stood before the camera was taken for a picture of a face, three times: nobody was let in")
        else:
            self._say("not_alive")

    def _restart(self, track: int | None) -> None:
        self._track = track
        self._votes.clear()
        self._pool.clear()

    def _pass(self) -> None:
        self._passed(self.person)
        self.board.say({"key": "passed", "text": "passed", "step": None, "share": 1.0, "good": True}, "passed")
        self.wipe()

    def _say(self, key: str) -> None:
        share = min(self._votes.count(True) / max(self._decision.votes, 1), 0.95) if self._track is not None else 0.0
        self.board.say({"key": key, "text": TEXTS[key], "step": None, "share": round(share, 2), "good": key == "hold"})


TEXTS = {
    "nearer": "come near to the door's camera and look into it", "alone": "only one person may stand before the camera",
    "hold": "hold still and look into the camera", "clearer": "turn to the camera and to the light",
    "not_alive": "this is taken for a picture of a face: show your own face, without a phone or a print in view",
    "unsure": "it cannot be told yet whether this is a living face: move a little, blink, turn to the light",
    "not_alike": "this is not the face of the pictures that were sent",
}
