"""What the policy asks for besides pictures: the inputs of the door, codes looked up, whether the clock may be believed."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from edge_face.access import CodeFact, Contact, clock_trust
from edge_face.clock_sources import boot_id, read_signs
from edge_face.door.inputs import DoorInputs
from edge_face.people.card_desk import CardDesk
from edge_face.service.frames import Feed

_log = logging.getLogger("edge_face.access")

MOST_ANSWERS = 64
"""Codes that were looked up and wait for the policy."""
SIGNS_EVERY = 10.0
"""Seconds between two looks at what the machine says of its clock."""


class ClockKeeper:
    """Whether the wall clock may be believed; asked by the policy thread, told the machine's signs by the main thread."""

    def __init__(self, signs: Callable[[], clock_trust.ClockSigns] = read_signs, boot: str | None = None) -> None:
        self._read, self._boot = signs, boot_id() if boot is None else boot
        self._guard = threading.Lock()
        self._state = clock_trust.ClockTrust()
        self._looked: float | None = None
        self.why = "the clock has not been looked at yet"
        self.believed = False
        """As it was found last."""

    def restore(self, record: dict[str, Any] | None) -> None:
        """Takes up what was kept by the last run."""
        with self._guard:
            self._state = clock_trust.restored(record, self._boot)

    def adopt(self, record: dict[str, Any] | None) -> None:
        """The owner has said that the clock is right."""
        with self._guard:
            self._state = clock_trust.adopted(self._state, record, self._boot)

    def trusted(self, monotonic: float, wall: float) -> bool:
        with self._guard:
            self._state, self.believed, self.why = clock_trust.judge(self._state, monotonic, wall)
            return self.believed

    def look(self, monotonic: float, wall: float) -> dict[str, Any] | None:
        """Reads the machine's signs when it is time to; a record that is to be kept, now and then."""
        if self._looked is not None and 0 <= monotonic - self._looked < SIGNS_EVERY:
            return None
        self._looked = monotonic
        signs = self._read()
        with self._guard:
            self._state, self.believed, self.why = clock_trust.judge(self._state, monotonic, wall, signs)
            if not clock_trust.save_due(self._state, monotonic):
                return None
            self._state = clock_trust.saved(self._state, monotonic)
            return clock_trust.trust_record(self._state, monotonic, wall, self._boot)


class DoorSenses:
    """`inputs`: None before they are open. `offer` takes a code or card and a factor without waiting, and `answered` is told, from any
    thread, whose it is; before there is an `offer` nothing is taken. `film`: pictures of a film bring their own time,
    which is as good as any. `desk`: takes a card that somebody is adding, before it is looked up."""

    def __init__(self, feed: Feed, clock: ClockKeeper, *, film: bool = False, desk: CardDesk | None = None) -> None:
        self.inputs: DoorInputs | None = None
        self.offer: Callable[[str, str], object] | None = None
        self._feed, self._clock, self._film = feed, clock, film
        self._desk = desk or CardDesk()
        self._answers: deque[CodeFact] = deque(maxlen=MOST_ANSWERS)

    @property
    def contact(self) -> Contact | None:
        return self.inputs.contact if self.inputs is not None else None

    @property
    def fire(self) -> bool:
        return self.inputs is not None and self.inputs.fire

    @property
    def tamper(self) -> bool:
        return self.inputs is not None and self.inputs.tamper

    @property
    def seeing(self) -> bool:
        return self._feed.health.ok

    def codes(self) -> tuple[CodeFact, ...]:
        """Those that were looked up since the last time."""
        for factor, text in self.inputs.codes() if self.inputs is not None else []:
            if not self._desk.offer(text, factor) and self.offer is not None:
                self.offer(text, factor)
        found = []
        while self._answers:
            found.append(self._answers.popleft())
        return tuple(found)

    def answered(self, fact: CodeFact) -> None:
        """It was looked up."""
        self._answers.append(fact)

    def trusted(self, monotonic: float, wall: float) -> bool:
        return self._film or self._clock.trusted(monotonic, wall)
