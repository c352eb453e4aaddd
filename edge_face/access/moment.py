"""One step of the policy in the making: the state as it is so far, and what was decided. Lives within one call of `step`."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_face.access.inputs import Contact, Inputs
from edge_face.access.outcomes import Alarm, Authority, Decision, Kind
from edge_face.access.policy_rules import PolicyRules
from edge_face.access.policy_state import PolicyState
from edge_face.access.reasons import Reason


@dataclass(slots=True)
class Moment:
    """`now` and `wall` are numbers, whatever the inputs hold. `trusted`: the wall clock may be believed."""

    state: PolicyState
    inputs: Inputs
    rules: PolicyRules
    now: float
    wall: float
    trusted: bool
    made: list[Decision] = field(default_factory=list)

    @property
    def contact(self) -> Contact | None:
        return self.inputs.contact if self.rules.has_contact else None

    @property
    def pressed(self) -> bool:
        """Was the exit button pressed? A press that came with a picture counts too."""
        return self.inputs.exit_pressed or (self.inputs.sight is not None and self.inputs.sight.exit_pressed)

    def say(self, kind: Kind, *why: Reason, person: str | None = None, track: int | None = None, seconds: float = 0.0,
            authority: Authority | None = None, alarm: Alarm | None = None) -> None:
        self.made.append(Decision(kind, self.now, self.wall, why, person, track, seconds, authority, alarm))
