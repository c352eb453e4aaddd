"""What each kind of lock does at each fault: the table that the policy, the lock and the service keep, as data with words.

`table()` is what docs/decisions/policy.md shows; tests hold the rows against the policy and the lock where these have a part in it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from edge_face.access.policy_rules import LockTraits


class LockType(enum.Enum):
    """A lock by what it is and what it does without power."""

    STRIKE_SECURE = "strike, fail-secure"
    STRIKE_SAFE = "strike, fail-safe"
    MAGLOCK = "magnet"
    MOTOR = "motor lock"


TRAITS: Mapping[LockType, LockTraits] = {
    LockType.STRIKE_SECURE: LockTraits("strike", "secure", "held"),
    LockType.STRIKE_SAFE: LockTraits("strike", "safe", "held"),
    LockType.MAGLOCK: LockTraits("maglock", "safe", "held"),
    LockType.MOTOR: LockTraits("motor", "secure", "pulse"),
}
"""What the policy knows of each."""


class Fault(enum.Enum):
    """What can go wrong, or happen to the house."""

    START = "start, restart"
    KILLED = "process killed"
    POWER = "power gone"
    VISION = "camera or vision dead"
    POLICY = "policy thread hangs"
    DOOR = "door thread hangs"
    PIN = "pin cannot be driven"
    WALL_CLOCK = "date and time not believed"
    MONOTONIC = "monotonic clock broken"
    CONTACT = "door contact broken"
    STORE = "store gone or damaged"
    DISK = "disk full or read-only"
    FIRE = "fire input"


class End(enum.Enum):
    """What the lock comes to."""

    LOCKED = "locked"
    OPEN = "open"
    """Not locked, for as long as the fault lasts."""
    GOES_ON = "goes on"
    """Releases and locks as always."""


@dataclass(frozen=True, slots=True)
class SafeState:
    """`ends`: what each lock comes to. `by`: who sees to it. `works`: what still opens the door from the outside or the inside.
    `note`: what is particular."""

    fault: Fault
    ends: Mapping[LockType, End]
    by: str
    works: str
    note: str = ""


def _each(strike_secure: End, strike_safe: End, maglock: End, motor: End) -> Mapping[LockType, End]:
    return dict(zip(LockType, (strike_secure, strike_safe, maglock, motor), strict=True))


def _all(end: End) -> Mapping[LockType, End]:
    return dict.fromkeys(LockType, end)


COIL_OFF = _each(End.LOCKED, End.OPEN, End.OPEN, End.LOCKED)
"""Without current: what was chosen for a door without power. A motor lock gets no impulse; its own works throw the bolt."""

SAFE_STATES: tuple[SafeState, ...] = (
    SafeState(Fault.START, _all(End.LOCKED), "the lock: its pin is claimed with the locked level", "exit button, fire input",
              "a hold-open window begins anew, a lockdown goes on when the daemon is told of it"),
    SafeState(Fault.KILLED, COIL_OFF, "systemd: `edge-face door safe` after the process (ExecStopPost), then a restart",
              "key; exit button of a magnet (it cuts the power)",
              "until then a Pi keeps the level of a driven pin: a relay with a time limit bounds that"),
    SafeState(Fault.POWER, COIL_OFF, "the lock's build and the pull resistor at the relay", "key"),
    SafeState(Fault.VISION, _all(End.LOCKED), "the policy: what a face opened is locked, faces do nothing",
              "exit button, fire input, owner; codes and cards where they are enough (decision.without_camera)",
              "a hold-open window goes on: nobody has to be recognised for it"),
    SafeState(Fault.POLICY, _all(End.LOCKED), "the lock: timed releases end by its own clock, standing ones when no lease renews them; "
              "then systemd's watchdog", "exit button (it goes straight to the door thread)"),
    SafeState(Fault.DOOR, _all(End.LOCKED), "the daemon's main thread ends releases too; then systemd's watchdog", "key"),
    SafeState(Fault.PIN, _all(End.LOCKED), "the lock: refused, and driven to locked as far as the pin obeys", "key",
              "a pin that does not obey at all stays as it is until the process ends"),
    SafeState(Fault.WALL_CLOCK, _all(End.LOCKED), "the policy: hold-open windows end, whoever has limited times stays out",
              "faces, codes and cards without limited times, exit button, fire input, owner",
              "timed releases use the monotonic clock; the strictest assurance of the door and its windows counts"),
    SafeState(Fault.MONOTONIC, _all(End.LOCKED), "the policy: locked, everybody unseen, rests begin again",
              "nothing while there is no time; then everything", "a fire that lasts opens the door again at the next good moment"),
    SafeState(Fault.CONTACT, _all(End.GOES_ON), "the policy: locked at the end of its time, not at the opening", "everything",
              "forced and held doors are not noticed; a waiting bolt is thrown; a cut wire reads as open: forced"),
    SafeState(Fault.STORE, _all(End.GOES_ON), "the daemon: who is known in memory stays known",
              "what is in memory; exit button, fire input",
              "after a restart without a store nobody is known: exit button, fire input, key"),
    SafeState(Fault.DISK, _all(End.GOES_ON), "the daemon: space is kept back for the audit log, oldest pictures go first", "everything"),
    SafeState(Fault.FIRE, _all(End.OPEN), "the policy, on lease; lockdown and rests do not count",
              "the door is open", "a magnet's power is cut by the fire contact itself; a coil that may not be on for long (door.max_on) "
              "is on in turns; a motor lock gets an impulse again and again"),
)
"""Every fault, once."""


def safe_state(fault: Fault) -> SafeState:
    """The row of a fault."""
    return next(row for row in SAFE_STATES if row.fault is fault)


def lock_type(lock: LockTraits) -> LockType:
    """Which column speaks of a lock."""
    if lock.kind == "motor":
        return LockType.MOTOR
    if lock.kind == "maglock":
        return LockType.MAGLOCK
    return LockType.STRIKE_SAFE if lock.fail == "safe" else LockType.STRIKE_SECURE


def sentence(fault: Fault, lock: LockTraits) -> str:
    """One sentence for people: what this lock does at a fault, by whom, and what still opens the door."""
    row, kind = safe_state(fault), lock_type(lock)
    note = f" ({row.note})" if row.note else ""
    verb = "" if row.ends[kind] is End.GOES_ON else "is "
    return f"{fault.value}: the {kind.value} {verb}{row.ends[kind].value}; {row.by}; what works: {row.works}{note}"


def table() -> str:
    """Two Markdown tables: what each lock comes to, and how."""
    kinds = list(LockType)
    lines = ["| fault | " + " | ".join(k.value for k in kinds) + " |", "|---|" + "---|" * len(kinds)]
    lines += [f"| {row.fault.value} | " + " | ".join(row.ends[k].value for k in kinds) + " |" for row in SAFE_STATES]
    lines += ["", "| fault | who sees to it | what works | |", "|---|---|---|---|"]
    lines += [f"| {row.fault.value} | {row.by} | {row.works} | {row.note} |" for row in SAFE_STATES]
    return "\n".join(lines)
