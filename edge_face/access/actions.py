"""What somebody may be asked to do, which of it a challenge asks for, and how likely a recording fits. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from itertools import permutations

from edge_face import settings


class Action(enum.StrEnum):
    """What somebody may be asked to do. Left and right are the person's own."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    NEARER = "nearer"
    BLINK = "blink"


TURNS = tuple(Action(name) for name in settings.TURNS)
"""What shows that the nose stands out of the face."""


def known(names: Iterable[str]) -> tuple[Action, ...]:
    """The actions of these names, each once, in their order; other names are left out."""
    return tuple(dict.fromkeys(Action(name) for name in names if name in Action._value2member_map_))


def orders(actions: Iterable[Action], number: int) -> tuple[tuple[Action, ...], ...]:
    """Every order that a challenge of `number` actions may ask for: none twice, at least one turn. Fewer where there are not so many
    actions, none at all where there is no turn among them: then no challenge can be held."""
    able = tuple(dict.fromkeys(actions))
    return tuple(order for order in permutations(able, min(max(number, 1), len(able))) if any(action in TURNS for action in order))


def drawn(actions: Iterable[Action], number: int, dice: int) -> tuple[Action, ...]:
    """One of those orders, each as likely as any other when `dice` is 64 random bits (to within 1 in 10**17)."""
    able = orders(actions, number)
    return able[dice % len(able)] if able else ()


def fits(actions: Iterable[Action], number: int) -> float:
    """The chance that a recording of an earlier challenge has the order that is asked for; 1 where none can be held."""
    return 1.0 / max(len(orders(actions, number)), 1)
