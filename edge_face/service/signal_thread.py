"""The signal thread: lamps and buzzer follow their patterns in time, apart from whatever else the daemon does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection

from edge_face.clock import Clock
from edge_face.door.patterns import Levels, Pattern
from edge_face.door.signals import Signals

_log = logging.getLogger("edge_face.signals")

LOOK = 1.0
"""Seconds between two looks when nothing is to change."""


class SignalThread:
    """Runs from `start` to `stop`. Whatever fails here never harms the lock; it is told in `troubles`."""

    def __init__(self, signals: Signals, clock: Clock) -> None:
        self._signals, self._clock = signals, clock
        self._news = threading.Event()
        self._stopped = False
        self._failure: tuple[str, ...] = ()
        self._thread = threading.Thread(target=self._run, name="signals", daemon=True)

    @property
    def troubles(self) -> tuple[str, ...]:
        """What does not work now, in sentences."""
        return self._signals.troubles + self._failure

    @property
    def levels(self) -> Levels:
        """Which outputs are on."""
        return self._signals.levels

    def start(self) -> None:
        self._thread.start()

    def show(self, pattern: Pattern | None) -> None:
        """Says something once."""
        self._signals.show(pattern)
        self._news.set()

    def hold(self, patterns: Collection[Pattern]) -> None:
        """Says what is true from now on."""
        self._signals.hold(patterns)
        self._news.set()

    def ask(self, what: str | None) -> None:
        """Says what somebody is asked for from now on, None: nothing."""
        self._signals.ask(what)
        self._news.set()

    def stop(self, patience: float = 1.0) -> None:
        """Everything off."""
        self._stopped = True
        self._news.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(patience)
        self._signals.close()

    def _run(self) -> None:
        while not self._stopped:
            self._news.clear()
            try:
                again = self._signals.tick() - self._clock.monotonic()
                self._failure = ()
            except Exception as error:  # whatever a pin library may raise: a lamp is not worth a door
                if not self._failure:
                    _log.exception("lamps and buzzer failed")
                self._failure, again = (f"lamps and buzzer failed: {type(error).__name__}",), LOOK
            self._news.wait(min(max(again, 0.0), LOOK))
