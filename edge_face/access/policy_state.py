"""What the policy remembers from one moment to the next. Frozen values of bounded size."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field

from edge_face.access.approach_state import ApproachState, Claim
from edge_face.access.code_rest import CodeState
from edge_face.access.inputs import Contact
from edge_face.access.outcomes import Alarm, Authority

STANDING = (Authority.FIRE, Authority.HOLD_OPEN)
"""What releases the door until it ends by itself, not for a time."""


class Mode(enum.Enum):
    """The state of the door in one word, for people; the policy itself decides by more than that."""

    SHUT = "shut"
    RELEASED = "released"
    OPEN = "open"
    """The leaf stands open after an entry."""
    HELD_OPEN = "held open"
    """It does so for too long."""
    FORCED = "forced"
    """It was opened without a release."""
    LOCKED_OUT = "locked out"
    """Faces, or codes and cards, rest after too many failures."""
    LOCKDOWN = "lockdown"
    HOLD_OPEN = "hold open"
    """A hold-open window."""


@dataclass(frozen=True, slots=True)
class Release:
    """The door is released from `since` to `until` (infinite for a standing release) on one authority: of several, the one
    that lasts longest. `exit_until`: until when the exit button was promised; what revokes another authority leaves that."""

    since: float
    until: float
    authority: Authority
    person: str | None = None
    exit_until: float | None = None

    @property
    def standing(self) -> bool:
        return self.authority in STANDING


@dataclass(frozen=True, slots=True)
class Leaf:
    """The door leaf. `contact`: as last known, None when it is not. `since`: open since. `held_from`: from when on standing open
    counts as held. `forced`: it was opened without a release and has not been closed since."""

    contact: Contact | None = None
    since: float | None = None
    held_from: float | None = None
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm since `since`; its cause ended at `over`; `quiet`: acknowledged."""

    alarm: Alarm
    since: float
    over: float | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Watch:
    """Alarms, an unknown face near the door (since when, and when last), times of failed attempts, oldest first."""

    raised: tuple[Raised, ...] = ()
    near_since: float | None = None
    near_last: float = -math.inf
    attempts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked for now. `what`: an action ("left", "right", "up", "nearer", "blink"), "code", "card", "face" or "wait"; of
    whom, where somebody is known; `until`: monotonic."""

    what: str
    person: str | None
    track: int | None
    until: float


@dataclass(frozen=True, slots=True)
class PolicyState:
    """All that is remembered. `PolicyState()` is a door that has just been started; `PolicyState(lockdown=True)` one that was in
    lockdown when it was stopped.

    `ended_at`: when the latest release ended. `bolt_waits`: since when a motor lock's bolt waits for the door to be closed. `secured`:
    the owner ended this hold-open window. `hold_refused`: it was said that this one cannot be. `used`: uses of whoever has a limited
    number, where the store may not know of the latest yet. `trusted`: the wall clock, when last asked. `pictured_at`:
    time of the newest picture. `claim`: a code or card that waits for its face. `prompt`: what is asked for now, for lamps, kiosk and
    status.
    """

    at: float | None = None
    approach: ApproachState = field(default_factory=ApproachState)
    release: Release | None = None
    ended_at: float | None = None
    bolt_waits: float | None = None
    lockdown: bool = False
    secured: bool = False
    hold_refused: bool = False
    trusted: bool = True
    pictured_at: float = -math.inf
    leaf: Leaf = field(default_factory=Leaf)
    codes: CodeState = field(default_factory=CodeState)
    watch: Watch = field(default_factory=Watch)
    used: tuple[tuple[str, int], ...] = ()
    claim: Claim | None = None
    prompt: Prompt | None = None

    @property
    def claimed(self) -> str | None:
        """The person whose code or card waits for the face, for vision to compare faces with."""
        return self.claim.person if self.claim is not None else None

    @property
    def mode(self) -> Mode:
        """The most urgent thing that is true of the door."""
        if self.leaf.forced:
            return Mode.FORCED
        if self.standing is Authority.HOLD_OPEN:
            return Mode.HOLD_OPEN
        if self.leaf.contact is Contact.OPEN:
            return Mode.HELD_OPEN if Alarm.HELD in self.alarms else Mode.OPEN
        if self.release is not None:
            return Mode.RELEASED
        if self.lockdown:
            return Mode.LOCKDOWN
        return Mode.SHUT if self.approach.rest_until is None and self.codes.rest_until is None else Mode.LOCKED_OUT

    @property
    def rest_until(self) -> float | None:
        """Until when no face opens the door."""
        return self.approach.rest_until

    @property
    def standing(self) -> Authority | None:
        """FIRE or HOLD_OPEN while such a release lasts: whoever drives the lock renews its lease."""
        return self.release.authority if self.release is not None and self.release.standing else None

    @property
    def alarms(self) -> frozenset[Alarm]:
        """What is wrong, acknowledged or not."""
        return frozenset(r.alarm for r in self.watch.raised)

    @property
    def sounding(self) -> frozenset[Alarm]:
        """Alarms that nobody has acknowledged: the alarm output is on for these."""
        return frozenset(r.alarm for r in self.watch.raised if not r.quiet)
