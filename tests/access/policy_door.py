"""A door for the tests of the policy: told one moment after the other, it keeps what was decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from edge_face.access import (
    CodeFact,
    Command,
    Contact,
    Decision,
    FaceFact,
    Facts,
    Inputs,
    Kind,
    Order,
    PolicyRules,
    PolicyState,
    step,
)
from edge_face.types import LiveVerdict, TrackState

STEP = 0.1
MONDAY = 1767571200.0
"""2026-01-05, midnight UTC."""
ANN = FaceFact(1, TrackState.CONFIRMED, 0.09, 2.0, "ann", 0.8, 0.6, "ann", True, "ann", live=LiveVerdict.LIVE, live_score=0.9)
STRANGER = FaceFact(2, TrackState.CONFIRMED, 0.09, 2.0, None, 0.2, 0.6, "ann", True, None, live=LiveVerdict.LIVE, live_score=0.9)


class Door:
    """`hour` of a Monday, UTC. Levels (`contact`, `fire`, `tamper`, `seeing`, `clock_trusted`) last until they are told anew."""

    def __init__(self, rules: PolicyRules, hour: float = 12.0, contact: Contact | None = None) -> None:
        self.rules, self.state, self.now, self.wall = rules, PolicyState(), 1000.0, MONDAY + hour * 3600
        self.levels: dict[str, object] = {"contact": contact}
        self.all: list[Decision] = []
        self.tell(after=0.0)

    def tell(self, after: float = STEP, faces: Iterable[FaceFact] | None = None, **more: object) -> list[Kind]:
        self.now, self.wall = self.now + after, self.wall + after
        for name in ("contact", "fire", "tamper", "seeing", "clock_trusted"):
            if name in more:
                self.levels[name] = more[name]
        sight = None if faces is None else Facts(self.now, self.wall, tuple(faces))
        inputs = Inputs(self.now, self.wall, sight=sight)
        return self.say(replace(inputs, **{**self.levels, **more}))  # type: ignore[arg-type]

    def say(self, inputs: Inputs) -> list[Kind]:
        self.state, made = step(self.state, inputs, self.rules)
        self.all += made
        return [d.kind for d in made]

    def watch(self, seconds: float, *faces: FaceFact) -> list[Kind]:
        return [k for _ in range(round(seconds / STEP)) for k in self.tell(faces=faces)]

    def press(self, after: float = STEP) -> list[Kind]:
        return self.tell(after, exit_pressed=True)

    def order(self, *commands: Command, seconds: float = 0.0) -> list[Kind]:
        return self.tell(orders=tuple(Order(c, seconds) for c in commands))

    def code(self, person: str | None, factor: str = "pin", after: float = STEP) -> list[Kind]:
        return self.tell(after, codes=(CodeFact(factor, person),))

    def open(self, after: float = STEP) -> list[Kind]:
        return self.tell(after, contact=Contact.OPEN)

    def close(self, after: float = STEP) -> list[Kind]:
        return self.tell(after, contact=Contact.CLOSED)

    @property
    def last(self) -> Decision:
        return self.all[-1]

    def why(self, kind: Kind) -> set[str]:
        """The codes of the reasons of the latest decision of this kind."""
        return {r.code for r in [d for d in self.all if d.kind is kind][-1].reasons}
