"""What an action of a challenge is, in five points over a few pictures. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median

from edge_face.access.actions import Action
from edge_face.access.parallax import Shape

TURN = 0.15
"""A turn: the nose moved across by this much, in eye distances, from how the face stood before (14 degrees of a usual head; 18 of one
whose nose stands out by 0.45). A flat picture that is turned by 35 degrees moves it by 0.03 (our landmarks are pulled a little)."""
BEYOND = 0.05
"""And it stands on that side of the middle of the face by so much."""
BEGUN = 0.1
"""So much of it happened after it was asked for."""
SPREAD = 0.7
"""Of a turn, at most so much may happen from one picture to the next: of a head that turns by 45 degrees in 0.3 s, seen 8 times a second,
0.6; of another picture that is held up instead all of it."""
CLEAR = 0.22
"""Another turn than the one asked for, without doubt (20 degrees)."""
LIFT, LIFT_BEGUN = 0.03, 0.02
"""Looking up: the nose rises towards the eyes by so much (heads that looked up by 10 to 16 degrees: 0.024 to 0.054, mean 0.042)."""
GROWTH = 1.18
SHUT, OPEN, LEAST_OPEN = 0.62, 0.8, 0.15
"""Of the eyes' own openness before; and the least of it that shows eyes at all."""
HELD, HELD_SECONDS = 2, 0.1
RESTING, RESTING_SECONDS = 3, 0.25


@dataclass(frozen=True, slots=True)
class Sighting:
    """The face in one picture. `eyes`: 0 shut to 1 open, None when it cannot be said."""

    at: float
    shape: Shape
    eyes: float | None


@dataclass(frozen=True, slots=True)
class Rest:
    """How the face stood before it was asked for anything."""

    across: float
    down: float
    narrowness: float


def rest_of(recent: Sequence[Sighting], since: float) -> Rest | None:
    """From the first pictures, None while there are too few."""
    if len(recent) < RESTING and not (recent and recent[-1].at - since >= RESTING_SECONDS):
        return None
    return Rest(median(s.shape.across for s in recent), median(s.shape.down for s in recent), median(s.shape.narrowness for s in recent))


def turned(sighting: Sighting, rest: Rest) -> float:
    """How far the nose is across from where it was at rest; > 0: to the person's left."""
    return sighting.shape.across - rest.across


def jumped(before: Sighting, after: Sighting) -> bool:
    """Did the face move from one picture to the next as no head can? Faster than 480 degrees or 6 eye distances a second, or nearer or
    farther by a factor of e squared a second, with some slack for trembling landmarks."""
    a, b, passed = before.shape, after.shape, after.at - before.at
    size = math.sqrt(a.width * a.height)
    moved = math.hypot(b.x - a.x, b.y - a.y) / size
    grown = abs(math.log(math.sqrt(b.width * b.height) / size))
    return abs(b.yaw - a.yaw) > 8.0 + 480.0 * passed or moved > 0.6 + 6.0 * passed or grown > 0.15 + 2.0 * passed


@dataclass(frozen=True, slots=True)
class Move:
    """How far one action has come since it was asked for. `low`, `high`: the least and the most that the nose was across; `deep`: the most
    that it was down; `small`: the least height of the face; `opened`: how open the eyes were before; `leap_left`, `leap_right`: the
    most that the nose moved from one picture to the next. `held`: pictures in a row, since `held_from`, in which it was done."""

    low: float
    high: float
    deep: float
    small: float
    opened: float | None
    previous: float
    leap_left: float = 0.0
    leap_right: float = 0.0
    back: bool = False
    """The face was back at rest since it was asked for."""
    shut: bool = False
    held: int = 0
    held_from: float = 0.0
    wrong_left: int = 0
    wrong_right: int = 0
    done: bool = False

    @classmethod
    def begun(cls, sighting: Sighting) -> Move:
        shape = sighting.shape
        return cls(shape.across, shape.across, shape.down, shape.height, None, shape.across)

    def after(self, wanted: Action | None, sighting: Sighting, recent: Sequence[Sighting], rest: Rest) -> Move:
        """After one more picture, the last one of `recent`."""
        across, step = sighting.shape.across, sighting.shape.across - self.previous
        away = across - rest.across
        down, height = fmean(s.shape.down for s in recent[-3:]), fmean(s.shape.height for s in recent[-3:])
        moved = replace(
            self, previous=across, low=min(self.low, across), high=max(self.high, across), deep=max(self.deep, down),
            small=min(self.small, height), back=self.back or abs(away) < TURN / 2,
            leap_left=max(self.leap_left, step), leap_right=max(self.leap_right, -step),
            wrong_left=self.wrong_left + 1 if away > CLEAR and across - self.low > TURN else 0,
            wrong_right=self.wrong_right + 1 if away < -CLEAR and self.high - across > TURN else 0)
        if wanted is Action.BLINK:
            return moved._blinked(sighting, recent)
        if wanted is Action.LEFT:
            there = away >= TURN and across >= BEYOND and across - moved.low >= max(BEGUN, moved.leap_left / SPREAD)
        elif wanted is Action.RIGHT:
            there = -away >= TURN and -across >= BEYOND and moved.high - across >= max(BEGUN, moved.leap_right / SPREAD)
        elif wanted is Action.UP:
            there = rest.down - down >= LIFT and moved.deep - down >= LIFT_BEGUN and abs(away) < TURN
        else:
            there = wanted is Action.NEARER and height >= GROWTH * moved.small
        if not there:
            return replace(moved, held=0)
        held_from = moved.held_from if moved.held else sighting.at
        return replace(moved, held=moved.held + 1, held_from=held_from,
                       done=moved.held + 1 >= HELD and sighting.at - held_from >= HELD_SECONDS - 1e-6)

    def _blinked(self, sighting: Sighting, recent: Sequence[Sighting]) -> Move:
        """Shut and open again, against the person's own openness before."""
        seen = [s.eyes for s in recent if s.eyes is not None]
        level = self.opened
        if level is None:
            level = median(seen) if len(seen) >= RESTING else None
        if level is None or level < LEAST_OPEN or sighting.eyes is None:
            return replace(self, opened=level)
        if sighting.eyes <= SHUT * level:
            return replace(self, opened=level, shut=True)
        return replace(self, opened=level, done=self.shut and sighting.eyes >= OPEN * level)

    def wrong(self, wanted: Action | None, before: Action | None) -> Action | None:
        """A turn that was not asked for, held as long as one that is. Going on with the action before is none."""
        for action, count in ((Action.LEFT, self.wrong_left), (Action.RIGHT, self.wrong_right)):
            if action is not wanted and count > HELD and (action is not before or self.back):
                return action
        return None
