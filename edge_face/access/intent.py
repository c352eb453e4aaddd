"""The intent zone: close enough, facing, for a moment. Passing by opens nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_face.access.facts import FaceFact
from edge_face.access.rules import Rules
from edge_face.types import TrackState

HOLD_SHARE = 0.95
"""A stay goes on down to this part of the zone's distance: landmarks tremble. It begins, and grants, only inside."""
HOLD_YAW = 5.0
"""The same for the yaw, in degrees."""
GRACE = 0.25
"""A face that is not found for so many seconds has not left."""
GAP = 1.0
"""After so many seconds without a picture nobody is known to have stayed."""


@dataclass(frozen=True, slots=True)
class Vote:
    """The verdict of one good frame in the zone."""

    monotonic: float
    person: str | None


@dataclass(frozen=True, slots=True)
class Stay:
    """One track in the zone, since `since`, last seen there at `last`. `face` is it as it was then.

    `votes` are those of the latest good frames in the zone, oldest first; `claims` likewise of those that were compared with the one
    person whom a code or card claims. `granted_at` and `failed_at` are times of this stay's grant and latest failure; `told`: codes of
    the reasons for which it was refused.
    """

    track: int
    since: float
    last: float
    face: FaceFact
    votes: tuple[Vote, ...] = ()
    judged: int = 0
    failing: tuple[str, ...] = ()
    granted_at: float | None = None
    failed_at: float | None = None
    told: tuple[str, ...] = ()
    claims: tuple[Vote, ...] = ()

    def agreeing(self, person: str, now: float, rules: Rules) -> int:
        """How many of the latest votes, not older than the window, name `person`."""
        return sum(v.person == person and now - v.monotonic <= rules.window for v in self.votes[-rules.of:])


    def claiming(self, person: str | None, since: float, now: float, rules: Rules) -> int:
        """How many of the latest comparisons with the claimed person, after `since` and not older than the window, agree; with
        None: how many do not."""
        return sum(v.person == person and v.monotonic > since and now - v.monotonic <= rules.window for v in self.claims[-rules.of:])


def in_zone(face: FaceFact, rules: Rules) -> bool:
    """Is the face, found and believed, inside the zone in this picture?"""
    return (face.sound and face.state is TrackState.CONFIRMED and face.eye_share >= rules.zone and abs(face.yaw) < rules.zone_yaw)


def holds(face: FaceFact, rules: Rules) -> bool:
    """Is it near enough to the zone for a stay to go on?"""
    return (face.sound and face.state is not TrackState.COASTING and face.eye_share >= HOLD_SHARE * rules.zone
            and abs(face.yaw) < rules.zone_yaw + HOLD_YAW)


def near_by(face: FaceFact, rules: Rules) -> bool:
    """Is it as near as the zone, wherever it looks?"""
    return face.sound and face.state is not TrackState.COASTING and face.eye_share >= HOLD_SHARE * rules.zone


def stays_after(stays: tuple[Stay, ...], faces: tuple[FaceFact, ...], now: float, rules: Rules,
                held: int | None = None) -> tuple[Stay, ...]:
    """The stays after one more judgeable picture, ordered by track. `held`: the track of which a challenge asks to turn; wherever it
    looks, it stays, but nothing that it does outside the zone counts for it."""
    before = {s.track: s for s in stays if now - s.last <= GAP}
    after: list[Stay] = []
    for face in sorted(faces, key=lambda f: f.track):
        stay = before.pop(face.track, None)
        if face.ambiguous:
            # It may have been mixed up with another face: whatever it earned is void.
            stay = None
        if in_zone(face, rules):
            after.append(_seen(stay or Stay(face.track, now, now, face), face, now, rules))
        elif stay is not None and (holds(face, rules) or (face.track == held and face.sound and face.state is not TrackState.COASTING)):
            after.append(replace(stay, last=now, failing=face.failing or stay.failing))
        elif stay is not None and (now - stay.last <= GRACE or face.track == held):
            after.append(stay)
    after += [s for s in before.values() if now - s.last <= GRACE or s.track == held]
    return tuple(sorted(after, key=lambda s: s.track))


def _seen(stay: Stay, face: FaceFact, now: float, rules: Rules) -> Stay:
    votes = stay.votes
    # One picture gives one vote, however often it is told.
    fresh = face.judged and not face.ambiguous and not (votes and votes[-1].monotonic >= now)
    if fresh:
        votes = (*votes, Vote(now, face.vote))[-rules.of:]
    claims = stay.claims
    if face.claimed is not None and (face.judged or face.claim_agrees) and not (claims and claims[-1].monotonic >= now):
        claims = (*claims, Vote(now, face.claimed if face.claim_agrees else None))[-rules.of:]
    return replace(stay, last=now, face=face, votes=votes, claims=claims, judged=stay.judged + fresh,
                   failing=() if face.judged else face.failing or stay.failing)
