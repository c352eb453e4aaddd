"""What is remembered of those who stand at the door, and what they are judged by. Frozen values of bounded size."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from edge_face.access.assurance import LEVELS, Level
from edge_face.access.challenge import Challenge, ChallengeRules
from edge_face.access.intent import Stay
from edge_face.access.outcomes import Kind
from edge_face.access.reasons import Reason


@dataclass(frozen=True, slots=True)
class Wish:
    """GRANT, DENY, REST (`seconds` long) or REST_OVER. `failed`: it counts as a failed attempt to get in. `claimed`: a grant by a face
    that was verified for a code or a card."""

    kind: Kind
    reasons: tuple[Reason, ...]
    person: str | None = None
    track: int | None = None
    seconds: float = 0.0
    failed: bool = False
    claimed: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A right code or card whose person's face must follow between `since` and `until`. `duress`: it was the code of somebody forced."""

    person: str
    factor: str
    since: float
    until: float
    duress: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """A person who was let in (`granted`) or tried to be, and has not been away since; `away` counts judged pictures only, in
    seconds. `tries`: how often they were not taken for a living person; no challenge begins before `again_at`."""

    person: str
    tracks: tuple[int, ...]
    away: float = 0.0
    granted: bool = True
    tries: int = 0
    again_at: float = -math.inf


@dataclass(frozen=True, slots=True)
class Trial:
    """The challenge that is going on at the door. `proof`: of who it is, at its beginning. `wanted`: what is asked for, since `asked_at`;
    `passed_at`: it was passed, and the verdict of passive detection may still be waited for."""

    challenge: Challenge
    person: str
    track: int
    proof: tuple[Reason, ...]
    wanted: str
    asked_at: float
    passed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """For want of which factor somebody was not let in; `person`: None where nobody could be recognised."""

    factor: str
    person: str | None
    track: int
    until: float


@dataclass(frozen=True, slots=True)
class ApproachState:
    """Who stands at the door, who was let in, how many failed in a row, and until when faces rest. `at`: the latest facts."""

    at: float = -math.inf
    looked_at: float | None = None
    stays: tuple[Stay, ...] = ()
    visits: tuple[Visit, ...] = ()
    failures: int = 0
    rest_until: float | None = None
    trial: Trial | None = None
    ask: Ask | None = None

    def with_stay(self, stay: Stay) -> ApproachState:
        return replace(self, stays=tuple(stay if s.track == stay.track else s for s in self.stays))

    def visit_of(self, person: str) -> Visit | None:
        return next((v for v in self.visits if v.person == person), None)

    def with_visit(self, visit: Visit) -> ApproachState:
        return replace(self, visits=(*(v for v in self.visits if v.person != visit.person), visit))


Refuse = Callable[[str], Reason | None]
"""Why a proved person is not let in just now all the same; None: let in."""


def anyone(person: str) -> None:
    """Refuses nobody."""


def face_alone(person: str) -> Level:
    """A living face is enough, for everybody."""
    return LEVELS["face"]


def the_doors(person: str) -> tuple[str, ...]:
    """Nobody has actions of their own."""
    return ()


@dataclass(frozen=True, slots=True)
class Terms:
    """What counts besides faces at one moment. `level` and `actions` are those of a person; `tries`: how often somebody may fail to be
    taken for a living person in one approach; `dice`: random bits. `open`: the door stands open to all. `counting`: may a face alone
    open for anybody, so that an unknown one is a failed approach? `verify_rate`: that of a claim's comparison."""

    challenge: ChallengeRules
    refuse: Refuse = anyone
    level: Callable[[str], Level] = face_alone
    actions: Callable[[str], tuple[str, ...]] = the_doors
    tries: int = 2
    dice: int = 0
    claim: Claim | None = None
    verify_rate: float = 1e-3
    open: bool = False
    counting: Callable[[], bool] = lambda: True
