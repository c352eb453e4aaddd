"""What buzzer and lamps say: patterns as pure functions of time.

Each pattern has a rhythm of its own, so that it is told apart without seeing colours (one in twelve men does not see red from
green) and without hearing. Times are those of a flash or a beep that a person can count.

| pattern | lamps and buzzer |
|---|---|
| granted | green and buzzer: one long (1 s) |
| released | green: steady, for as long as it lasts |
| denied | red and buzzer: three short |
| resting | red: two short flashes every 2 s |
| lockdown | red: on and off each second |
| trouble | red: one short flash every 4 s |
| alarm | red and buzzer: four times a second, with the alarm output |
| turn to your left | both lamps: one flash, a pause |
| turn to your right | both lamps: two flashes, a pause |
| look up | both lamps: three flashes, a pause |
| come nearer | both lamps: one short and one long, a pause |
| blink | both lamps: one long and one short, a pause |
| code or card | both lamps: two slow flashes, a pause |
| look at the camera | both lamps: one long, a pause |

What somebody is asked for lights both lamps, as nothing else does, with flashes twice as long as others; the buzzer joins in for the first
two rounds only.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from edge_face.access.outcomes import Decision, Kind

_ROUNDING = 1e-6
"""Seconds by which a moment that was computed may miss itself."""


class Pattern(enum.Enum):
    """What is said. The first two are said once, the others for as long as they are true; from LEFT on it is what somebody is asked for."""

    GRANTED = "granted"
    DENIED = "denied"
    RELEASED = "released"
    ALARM = "alarm"
    LOCKDOWN = "lockdown"
    RESTING = "resting"
    TROUBLE = "trouble"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    NEARER = "nearer"
    BLINK = "blink"
    FACTOR = "code or card"
    FACE = "face"


@dataclass(frozen=True, slots=True)
class Levels:
    """Which outputs are on at one moment."""

    buzzer: bool = False
    green: bool = False
    red: bool = False
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class _Rhythm:
    """On-times `(begin, end)` in seconds within one period; `repeats`: for ever."""

    on: tuple[tuple[float, float], ...]
    period: float
    repeats: bool
    green: bool = False
    buzzer: bool = False
    both: bool = False
    rounds: int | None = None
    """The buzzer joins in for so many periods; None: for all."""

    def heard(self, t: float) -> bool:
        return self.buzzer and (self.rounds is None or t + _ROUNDING < self.rounds * self.period)

    def at(self, t: float) -> bool:
        t += _ROUNDING
        if t < 0 or (not self.repeats and t >= self.period):
            return False
        t %= self.period
        return any(begin <= t < end for begin, end in self.on)


def _asked(*on: tuple[float, float]) -> _Rhythm:
    """Flashes, and a pause of 0.9 s; begun anew for as long as it is asked."""
    return _Rhythm(on, on[-1][1] + 0.9, True, green=True, buzzer=True, both=True, rounds=2)


_RHYTHMS = {
    Pattern.GRANTED: _Rhythm(((0.0, 1.0),), 1.0, False, green=True, buzzer=True),
    Pattern.DENIED: _Rhythm(((0.0, 0.15), (0.3, 0.45), (0.6, 0.75)), 0.9, False, buzzer=True),
    Pattern.RELEASED: _Rhythm(((0.0, 1.0),), 1.0, True, green=True),
    Pattern.ALARM: _Rhythm(((0.0, 0.125),), 0.25, True, buzzer=True),
    Pattern.LOCKDOWN: _Rhythm(((0.0, 0.5),), 1.0, True),
    Pattern.RESTING: _Rhythm(((0.0, 0.15), (0.3, 0.45)), 2.0, True),
    Pattern.TROUBLE: _Rhythm(((0.0, 0.15),), 4.0, True),
    Pattern.LEFT: _asked((0.0, 0.3)),
    Pattern.RIGHT: _asked((0.0, 0.3), (0.6, 0.9)),
    Pattern.UP: _asked((0.0, 0.3), (0.6, 0.9), (1.2, 1.5)),
    Pattern.NEARER: _asked((0.0, 0.3), (0.6, 1.5)),
    Pattern.BLINK: _asked((0.0, 0.9), (1.2, 1.5)),
    Pattern.FACTOR: _asked((0.0, 0.6), (1.2, 1.8)),
    Pattern.FACE: _asked((0.0, 1.2))}

PROMPTS = {"left": Pattern.LEFT, "right": Pattern.RIGHT, "up": Pattern.UP, "nearer": Pattern.NEARER, "blink": Pattern.BLINK,
           "code": Pattern.FACTOR, "card": Pattern.FACTOR, "face": Pattern.FACE}
"""How the policy calls what it asks for; of anything else nothing is said."""
FIRST = (Pattern.GRANTED, Pattern.DENIED, *dict.fromkeys(PROMPTS.values()), Pattern.RELEASED,
         Pattern.ALARM, Pattern.LOCKDOWN, Pattern.RESTING, Pattern.TROUBLE)
"""Of several that are true, the lamps show the first; the alarm output and its buzzer go with an alarm whatever the lamps show."""


def levels(pattern: Pattern, t: float) -> Levels:
    """The outputs `t` seconds after the pattern began; all off before it and after its end."""
    rhythm = _RHYTHMS[pattern]
    on = rhythm.at(t)
    red = rhythm.both or not rhythm.green
    return Levels(on and rhythm.heard(t), on and rhythm.green, on and red, pattern is Pattern.ALARM and t >= 0)


def length(pattern: Pattern) -> float | None:
    """Seconds after which a pattern that is said once is over; None for one that lasts."""
    rhythm = _RHYTHMS[pattern]
    return None if rhythm.repeats else rhythm.period


def next_change(pattern: Pattern, t: float) -> float:
    """The time after `t`, counted like `t`, at which the levels may be others; infinite after the end."""
    rhythm = _RHYTHMS[pattern]
    if t < 0:
        return 0.0
    if not rhythm.repeats and t + _ROUNDING >= rhythm.period:
        return float("inf")
    base = t + _ROUNDING - (t + _ROUNDING) % rhythm.period
    moments = sorted({moment for pair in rhythm.on for moment in pair} | {rhythm.period})
    return next(base + moment for moment in [*moments, 2 * rhythm.period] if base + moment > t + _ROUNDING)


def pattern_for(decision: Decision) -> Pattern | None:
    """What is said once at a decision; None when there is nothing to say. What lasts comes from `lasting`."""
    if decision.kind in (Kind.GRANT, Kind.CODE, Kind.EXIT, Kind.OWNER, Kind.FIRE, Kind.HOLD_OPEN):
        return Pattern.GRANTED
    return Pattern.DENIED if decision.kind is Kind.DENY else None


def lasting(*, released: bool = False, alarm: bool = False, lockdown: bool = False, resting: bool = False,
            trouble: bool = False) -> frozenset[Pattern]:
    """What is true now, for `Signals.hold`."""
    facts = {Pattern.RELEASED: released, Pattern.ALARM: alarm, Pattern.LOCKDOWN: lockdown, Pattern.RESTING: resting,
             Pattern.TROUBLE: trouble}
    return frozenset(pattern for pattern, true in facts.items() if true)
