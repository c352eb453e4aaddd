"""May the door open, where there is nothing but faces and an exit button? The policy without all that is fitted or agreed besides."""

from __future__ import annotations

import math

from edge_face.access.facts import Facts
from edge_face.access.inputs import Inputs
from edge_face.access.outcomes import Decision
from edge_face.access.policy import LockTraits, PolicyRules, PolicyState, step
from edge_face.access.rules import Rules
from edge_face.settings import AccessSettings

DoorState = PolicyState
_UNWATCHED = AccessSettings(linger=0, many_failures=0)
_PLAIN = LockTraits(max_on=0)
_LEVEL = "face"


def decide(state: DoorState, facts: Facts, rules: Rules) -> tuple[DoorState, tuple[Decision, ...]]:
    """The next state and what was decided, in the order in which it must be done. A face must be taken for a living person, and
    nothing more is asked. Never raises."""
    sight = facts if facts.faces is not None or not facts.healthy else None
    wall = facts.wall if math.isfinite(facts.wall) else 0.0  # nothing here depends on it
    return step(state, Inputs(facts.monotonic, wall, sight=sight, exit_pressed=facts.exit_pressed),
                PolicyRules(rules, lock=_PLAIN, access=_UNWATCHED, level=_LEVEL))
