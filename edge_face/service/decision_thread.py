"""The decision thread: scenes and presses become facts, the pure controller decides, orders go to the door.

Its time is that of the pictures. Between pictures a tick carries it on by the clock; an unpaced film has a time of its
own, in which only its frames tick.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from edge_face.access import Decision, DoorState, Facts, Kind, Rules, decide, facts_of
from edge_face.clock import Clock
from edge_face.service.door_thread import FACE, Order
from edge_face.service.log import fields
from edge_face.service.mailbox import Mailbox
from edge_face.types import Frame, Light, Scene

_log = logging.getLogger("edge_face.access")

TICK = 0.25
"""Seconds without a picture after which the clock ticks."""
STALE = 2.0
"""A scene that is older than so many seconds when it is read says nothing about who stands there now."""
JITTER = 1.0
"""A tick may run ahead of the next picture by less than this; more is a clock that cannot be trusted."""


@dataclass(frozen=True, slots=True, eq=False)
class _Sight:
    scene: Scene | None
    monotonic: float
    wall: float


class DecisionThread:
    """Runs from `start` to `stop`. `order` passes an order to the door, `record` keeps a decision, `beat` says that this
    thread lives, `failed` gets what must end the daemon. `film`: pictures carry times of their own."""

    def __init__(self, rules: Rules, clock: Clock, order: Callable[[Order], None], record: Callable[[Decision], None],
                 beat: Callable[[], None], failed: Callable[[BaseException], None], *, film: bool = False) -> None:
        self._rules, self._clock, self._film = rules, clock, film
        self._order, self._record, self._beat, self._failed = order, record, beat, failed
        self._sights: Mailbox[_Sight] = Mailbox()
        self._pressed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="decision", daemon=True)
        self.light = Light.OK
        """Of the latest picture."""
        self.state = DoorState()
        """As it was after the latest facts; for reading only."""
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
        self._pressed.set()
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
                facts = self._tick() if sight is None else self._facts(sight)
                if facts is not None:
                    self._decide(facts)
                if sight is not None and self.first_at is None:
                    self.first_at = self._clock.monotonic()
        except BaseException as error:
            self._failed(error)

    def _decide(self, facts: Facts) -> None:
        self.state, decisions = decide(self.state, facts, self._rules)
        for decision in decisions:
            if decision.kind is Kind.GRANT:
                self._order(Order(decision.seconds, FACE))
            elif decision.kind is Kind.RELOCK and any(reason.code == "clock" for reason in decision.reasons):
                self._order(Order(None, "clock"))
            _log.info("%s: %s", decision.kind.value, "; ".join(reason.text for reason in decision.reasons),
                      extra=fields(person=decision.person, track=decision.track))
            self._record(decision)

    def _facts(self, sight: _Sight) -> Facts:
        pressed = self._take_press()
        if sight.scene is None:
            return Facts(self._monotone(sight.monotonic), sight.wall, None, healthy=False, exit_pressed=pressed)
        facts = facts_of(sight.scene, exit_pressed=pressed)
        if facts.light is not self.light:
            self.light = facts.light
            _log.info("the light is %s", facts.light.value)
        if not self._film and self._clock.monotonic() - sight.monotonic > STALE:
            facts = replace(facts, faces=None, healthy=False)
        return replace(facts, monotonic=self._monotone(facts.monotonic))

    def _tick(self) -> Facts | None:
        pressed = self._take_press()
        if self._film:
            return Facts(self.state.at or 0.0, self._clock.wall(), exit_pressed=True) if pressed else None
        return Facts(self._monotone(self._clock.monotonic()), self._clock.wall(), exit_pressed=pressed)

    def _monotone(self, at: float) -> float:
        """A picture is older than the tick before it by as long as it took through vision: that is no clock that runs
        backwards."""
        last = self.state.at
        return last if last is not None and 0.0 < last - at < JITTER else at

    def _take_press(self) -> bool:
        pressed = self._pressed.is_set()
        self._pressed.clear()
        return pressed
