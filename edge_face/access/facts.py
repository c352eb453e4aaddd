"""What the decision may know: faces, light, the exit button, and both clocks. Nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge_face.types import Light, LiveVerdict, Scene, Track, TrackState
from edge_face.vision.pose import estimate_pose


@dataclass(frozen=True, slots=True)
class FaceFact:
    """One face in one picture.

    `eye_share` is the distance between the eyes as a share of the picture's width, `yaw` in degrees. `person` is whom the
    pooled embedding names, with its `score` and `threshold`; `nearest` the most similar person whatever the score.
    `judged`: this very picture was good enough to be compared, `vote` is then whom it named by itself, or None.
    `failing` names what was wrong with it otherwise. `ambiguous`: from here on it may be somebody else's face.

    `points`: the five landmarks as x, y, x, y, ... in widths of the picture, () where there are none. `live`: what passive attack
    detection says of the track, with its `live_score`, and in `live_against` what speaks against life. `eyes_open`: 0 to 1. `claimed`:
    the person whom a code or card claims, whom the track was compared with (1:1): `claim_score`, `claim_threshold`, and whether this
    very picture by itself agrees.
    """

    track: int
    state: TrackState
    eye_share: float
    yaw: float
    person: str | None = None
    score: float = -1.0
    threshold: float = 1.0
    nearest: str | None = None
    judged: bool = False
    vote: str | None = None
    failing: tuple[str, ...] = ()
    ambiguous: bool = False
    points: tuple[float, ...] = ()
    live: LiveVerdict = LiveVerdict.UNKNOWN
    live_score: float = 0.0
    live_against: tuple[str, ...] = ()
    eyes_open: float | None = None
    claimed: str | None = None
    claim_score: float = -1.0
    claim_threshold: float = 1.0
    claim_agrees: bool = False

    @property
    def sound(self) -> bool:
        """Are all numbers numbers, and the eyes no further apart than the picture is wide? Another face is treated as not seen."""
        return all(map(math.isfinite, (self.eye_share, self.yaw, self.score, self.threshold, self.live_score, self.claim_score,
                                       self.claim_threshold, self.eyes_open or 0.0, *self.points))) and self.eye_share <= 1.0


@dataclass(frozen=True, slots=True)
class Facts:
    """One moment. `monotonic` measures time, `wall` only dates what is decided.

    `faces` is None when there is no new picture (a tick of the clock, a press of the button). `healthy`: vision worked
    on this picture. `exit_pressed`: the exit button was pressed since the last facts (a press, not a level).
    """

    monotonic: float
    wall: float
    faces: tuple[FaceFact, ...] | None = None
    healthy: bool = True
    light: Light = Light.OK
    exit_pressed: bool = False

    @property
    def judgeable(self) -> bool:
        """Can anybody be recognised in this picture?"""
        return self.faces is not None and self.healthy and self.light is Light.OK


def facts_of(scene: Scene, *, exit_pressed: bool = False) -> Facts:
    """The facts of a scene, at the scene's own time."""
    return Facts(scene.monotonic, scene.wall, tuple(face_of(t, scene.width) for t in scene.tracks), True, scene.light, exit_pressed)


def face_of(track: Track, width: int) -> FaceFact:
    """One track of a picture `width` pixels wide."""
    pose = estimate_pose(track.landmarks)
    match, live, claimed = track.match, track.liveness, track.claimed
    return FaceFact(
        track=track.id, state=track.state, eye_share=pose.eye_distance / width, yaw=pose.yaw,
        person=match.person if match else None, score=match.score if match else -1.0,
        threshold=match.threshold if match else 1.0, nearest=match.best if match else None,
        judged=track.judged and not track.failing, vote=track.vote, failing=track.failing, ambiguous=track.ambiguous,
        points=tuple((track.landmarks / width).reshape(-1).tolist()), live=live.verdict if live else LiveVerdict.UNKNOWN,
        live_score=live.score if live else 0.0, live_against=live.against if live else (), eyes_open=track.eyes_open,
        claimed=claimed.person if claimed else None, claim_score=claimed.score if claimed else -1.0,
        claim_threshold=claimed.threshold if claimed else 1.0, claim_agrees=claimed.agrees if claimed else False)
