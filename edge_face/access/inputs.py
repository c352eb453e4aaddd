"""All that the policy of the door may know of one moment, and what the owner may order. Plain values: no pin, no clock, no disk."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from edge_face.access.facts import Facts


class Contact(enum.Enum):
    """The door leaf, as its contact says."""

    CLOSED = "closed"
    OPEN = "open"


class Command(enum.Enum):
    """What the owner may order."""

    RELEASE = "release"
    """Release the door once."""
    SECURE = "secure"
    """End a running release now, and a hold-open window until its end."""
    LOCKDOWN = "lockdown"
    """Nobody gets in by face, code, card or schedule until `LIFT`."""
    LIFT = "lift"
    QUIET = "quiet"
    """Alarms are acknowledged: the alarm output goes off, causes that still last stay shown."""


@dataclass(frozen=True, slots=True)
class CodeFact:
    """A code or a card that was given and looked up. `factor`: "pin", "totp", "card" or "visitor"; `person`: whose it is (the id of
    a person or of a visitor, both keys of `PolicyRules.rights`), None when nobody's. `tried`: whose number was given with a code that
    is not right. `duress`: the right code of somebody who is forced; nothing at the door may show it. `note`: "rest" (not looked at:
    codes rest), "fault" (it could not be verified), "clock" (a code that changes, and a wall clock that is not believed), "used" (one
    that was used before)."""

    factor: str
    person: str | None
    tried: str | None = None
    duress: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """The owner's word. `seconds`: how long a release lasts; 0: as long as the settings say."""

    command: Command
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Inputs:
    """One moment. `monotonic` measures every duration; `wall` (seconds since 1970, UTC) is for schedules and dates only.

    `clock_trusted`: the wall clock may be believed (`edge_face.access.clock_trust`). `sight`: a new picture's faces, None
    without a new one. `exit_pressed`, `codes`, `orders`: since the last inputs. `contact`: None when none is fitted or it cannot
    be read. `fire`, `tamper`: levels that last. `seeing`: vision works (false: camera gone, frozen or failing). `dice`: fresh random
    bits, from which the actions of a challenge are drawn.
    """

    monotonic: float
    wall: float
    clock_trusted: bool = True
    sight: Facts | None = None
    exit_pressed: bool = False
    contact: Contact | None = None
    fire: bool = False
    tamper: bool = False
    seeing: bool = True
    codes: tuple[CodeFact, ...] = ()
    orders: tuple[Order, ...] = ()
    dice: int = 0
