"""The policy thread: what was seen, felt, typed and ordered becomes facts, the pure policy decides, what follows is done.

Its time is the clock's; a picture keeps the time at which it was taken, and is old when vision was slow. Between pictures a tick
carries the policy on. An unpaced film has a time of its own, in which only its frames tick.
"""

from __future__ import annotations

import logging
import math
import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge_face.access import (
    Authority,
    CodeFact,
    Contact,
    Decision,
    Facts,
    Inputs,
    PolicyRules,
    PolicyState,
    facts_of,
    step,
)
from edge_face.access.inputs import Order as OwnerOrder
from edge_face.access.outcomes import PASSING, SILENT
from edge_face.clock import Clock
from edge_face.service.log import fields
from edge_face.service.mailbox import Mailbox
from edge_face.types import Frame, Light, Scene

_log = logging.getLogger("edge_face.access")

TICK = 0.25
"""Seconds without a picture after which the clock ticks."""
DICE = 64
"""Random bits in each inputs, from which the actions of a challenge are drawn."""
MOST_ORDERS = 16
"""Of the owner, that wait."""
RENEW = 1.0
"""Seconds after which a standing release is renewed at the lock."""


class Senses(Protocol):
    """What the door feels besides pictures; asked once for each facts, from the policy thread."""

    @property
    def contact(self) -> Contact | None: ...

    @property
    def fire(self) -> bool: ...

    @property
    def tamper(self) -> bool: ...

    @property
    def seeing(self) -> bool: ...

    def codes(self) -> tuple[CodeFact, ...]:
        """Codes and cards since the last time, looked up."""

    def trusted(self, monotonic: float, wall: float) -> bool:
        """May the wall clock be believed?"""


@dataclass(frozen=True, slots=True, eq=False)
class _Sight:
    scene: Scene | None
    monotonic: float
    wall: float


class PolicyThread:
    """Runs from `start` to `stop`. `act` does what follows from a decision, `lease` renews a release that stands until told
    otherwise, `beat` says that this thread lives, `failed` gets what must end the daemon. `film`: pictures carry times of
    their own; `alias`: what the log calls a person. `rules` may be replaced at any time, `state` before the start."""

    def __init__(self, rules: PolicyRules, clock: Clock, senses: Senses, act: Callable[[Decision], None],
                 lease: Callable[[Authority], None], beat: Callable[[], None], failed: Callable[[BaseException], None], *,
                 film: bool = False, alias: Callable[[str], str | None] = lambda person: None) -> None:
        self.rules, self._alias = rules, alias
        self._clock, self._senses, self._film = clock, senses, film
        self._act, self._lease, self._beat, self._failed = act, lease, beat, failed
        self._sights: Mailbox[_Sight] = Mailbox()
        self._orders: deque[OwnerOrder] = deque(maxlen=MOST_ORDERS)
        self._pressed = threading.Event()
        self._blind = False
        self._leased: tuple[Authority, float] | None = None
        self._at: float | None = None
        self._thread = threading.Thread(target=self._run, name="policy", daemon=True)
        self.light = Light.OK
        """Of the latest picture."""
        self.state = PolicyState()
        """As it was after the latest facts; for reading only."""
        self.pressed_at = -math.inf
        """Monotonic time of the latest press of the exit button."""
        self.first_at: float | None = None
        """Monotonic time at which the first picture was decided on."""

    def start(self) -> None:
        self._thread.start()

    def see(self, frame: Frame, scene: Scene | None) -> None:
        """The newest scene, None when vision failed on the frame. Waits for nobody, but in a film, in which every
        picture counts however fast it is played."""
        if self._film:
            self._sights.wait_empty(TICK)
        self._sights.put(_Sight(scene, frame.monotonic, frame.wall))

    def press(self) -> None:
        """The exit button was pressed. The door thread has its order already; this keeps the books."""
        self.pressed_at = self._clock.monotonic()
        self._pressed.set()
        self._sights.wake()

    def order(self, order: OwnerOrder) -> None:
        """The owner's word."""
        self._orders.append(order)
        self._sights.wake()

    def wake(self) -> None:
        """Something that the senses feel has changed."""
        self._sights.wake()

    def stop(self, patience: float = 2.0) -> None:
        self._sights.close()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(patience)

    def _run(self) -> None:
        try:
            while not self._sights.closed:
                self._beat()
                sight = self._sights.get(TICK)
                inputs = self._tick() if sight is None else self._seen(sight)
                if inputs is not None:
                    self._decide(inputs)
                self._stand()
                if sight is not None and self.first_at is None:
                    self.first_at = self._clock.monotonic()
        except BaseException as error:
            self._failed(error)

    def _decide(self, inputs: Inputs) -> None:
        self._at = inputs.monotonic
        self.state, decisions = step(self.state, inputs, self.rules)
        for decision in decisions:
            if decision.kind not in SILENT:
                # The log outlives whoever is erased: it calls people what the audit log calls them, which nobody can tell any more then.
                who = None if decision.person is None else self._alias(decision.person)
                _log.log(logging.DEBUG if decision.kind in PASSING else logging.INFO, "%s: %s", decision.kind.value,
                         "; ".join(reason.text for reason in decision.reasons), extra=fields(person=who, track=decision.track))
            self._act(decision)

    def _stand(self) -> None:
        """Renews the release that stands: should this thread die, it ends by itself."""
        standing, now = self.state.standing, self._clock.monotonic()
        if standing is None:
            self._leased = None
        elif self._leased is None or self._leased[0] is not standing or now - self._leased[1] >= RENEW:
            self._leased = standing, now
            self._lease(standing)

    def _seen(self, sight: _Sight) -> Inputs:
        scene = sight.scene
        self._blind = scene is None
        facts = facts_of(scene) if scene is not None else Facts(sight.monotonic, sight.wall, None, healthy=False)
        now, wall = (facts.monotonic, facts.wall) if self._film else (self._clock.monotonic(), self._clock.wall())
        if scene is not None and facts.light is not self.light:
            self.light = facts.light
            _log.info("the light is %s", facts.light.value)
        return self._inputs(now, wall, facts)

    def _tick(self) -> Inputs | None:
        if not self._film:
            return self._inputs(self._clock.monotonic(), self._clock.wall(), None)
        # Between the pictures of a film no time passes; what somebody does meanwhile counts all the same.
        if self._pressed.is_set() or self._orders:
            return self._inputs(self._at or 0.0, self._clock.wall(), None)
        return None

    def _inputs(self, monotonic: float, wall: float, sight: Facts | None) -> Inputs:
        pressed = self._pressed.is_set()
        self._pressed.clear()
        orders = []
        while self._orders:
            orders.append(self._orders.popleft())
        senses = self._senses
        return Inputs(monotonic, wall, senses.trusted(monotonic, wall), sight, pressed, senses.contact, senses.fire, senses.tamper,
                      senses.seeing and not self._blind, senses.codes(), tuple(orders), secrets.randbits(DICE))
