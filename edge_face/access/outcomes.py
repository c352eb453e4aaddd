"""What the policy decides: kinds, authorities, alarms, and the decision itself. Plain values, all of them."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from edge_face.access.reasons import Reason


class Kind(enum.Enum):
    """What was decided. The values are the names under which it is kept and shown."""

    GRANT = "grant"
    """A face opens the door."""
    CODE = "code"
    """A code or a card opens it."""
    EXIT = "exit"
    """The exit button opens it."""
    FIRE = "fire"
    """The fire input opens it, for as long as it lasts."""
    OWNER = "owner"
    """The owner opens it."""
    HOLD_OPEN = "hold open"
    """A hold-open window begins: the door stays released until `HOLD_OVER`."""
    HOLD_OVER = "hold over"
    PROMPT = "prompt"
    """Somebody is asked for something: an action of a challenge, a code, a card, a face. For whoever stands there, not for the books."""
    PROMPT_OVER = "prompt over"
    """Nothing is asked for any more."""
    DENY = "deny"
    """An approach, a code or a card that failed, or somebody who is not let in just now."""
    REST = "rest"
    """From now on no face opens the door, for `seconds`."""
    REST_OVER = "rest over"
    CODE_REST = "code rest"
    """From now on no code and no card opens the door, for `seconds`; those of `person` alone where one is named."""
    CODE_REST_OVER = "code rest over"
    DURESS = "duress"
    """Whoever was let in just now gave the code that says: I am forced. Told to hooks and the sealed audit log only."""
    RELOCK = "relock"
    """The release is over: the door must be locked now."""
    SECURE = "secure"
    """The owner locks the door now."""
    LOCKDOWN = "lockdown"
    LOCKDOWN_OVER = "lockdown over"
    OPENED = "opened"
    """The door leaf was opened during or just after a release."""
    CLOSED = "closed"
    ALARM = "alarm"
    ALARM_OVER = "alarm over"
    QUIET = "quiet"
    """The owner acknowledged the alarms."""
    CLOCK = "clock"
    """The wall clock is not to be believed from now on: whoever has limited times stays out."""
    CLOCK_OVER = "clock over"


PASSING = frozenset({Kind.PROMPT, Kind.PROMPT_OVER})
"""For whoever stands there, not for the books."""
SILENT = frozenset({Kind.DURESS})
"""Told to hooks only; in the audit log it stands sealed in another record, since a record of its own would tell every reader. Whoever
reads diary, log or status may be the one who forces somebody."""
NOT_KEPT = PASSING | SILENT
"""What no record of the audit log is made of."""


class Authority(enum.Enum):
    """On what a release rests; each release has exactly one, named in the audit log."""

    FACE = "face"
    CODE = "code"
    EXIT = "exit button"
    FIRE = "fire"
    HOLD_OPEN = "hold open"
    OWNER = "owner"


class Alarm(enum.Enum):
    """What is wrong at the door."""

    FORCED = "forced"
    """Opened without a release."""
    HELD = "held"
    """Stands open for too long."""
    TAMPER = "tamper"
    LINGERING = "lingering"
    """An unknown face stays near the door."""
    ATTEMPTS = "attempts"
    """Many failed approaches, codes or cards."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`seconds`: how long the door is released, or rests. `wall` dates it and means nothing else. `authority`: of every
    decision that releases the door. `alarm`: which one, for ALARM and ALARM_OVER. `forced`: it is this one that a DURESS tells
    of; for the sealed part of the audit log only."""

    kind: Kind
    monotonic: float
    wall: float
    reasons: tuple[Reason, ...]
    person: str | None = None
    track: int | None = None
    seconds: float = 0.0
    authority: Authority | None = None
    alarm: Alarm | None = None
    forced: bool = field(default=False, repr=False)
