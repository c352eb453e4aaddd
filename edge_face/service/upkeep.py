"""What the main thread does from time to time while the door runs: each duty with its own pace, by the monotonic clock."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from edge_face import memory
from edge_face.access import Mode
from edge_face.access.clock_trust import KIND as CLOCK_RECORD
from edge_face.door.patterns import lasting
from edge_face.service.telling import Telling

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon

_log = logging.getLogger("edge_face.daemon")

STATUS, TRIM, TIDY, SHOW = 5.0, 600.0, 86_400.0, 0.5
"""Seconds between two of each."""
RETRY = 60.0
"""Seconds after which a store that the disk made read-only is tried again."""
LASTS = 10.0
"""Seconds that a trouble must last before somebody far away is told of it."""


class Upkeep:
    """`look` is called several times a second."""

    def __init__(self, daemon: Daemon, telling: Telling) -> None:
        self._daemon, self._telling = daemon, telling
        self._watchdog = min((daemon.notifier.watchdog or 3.0) / 3.0, 1.0)
        self._done: dict[str, float] = {}
        self._first_told = False
        self._troubled_since: float | None = None
        self._told = ""

    def look(self, now: float) -> None:
        """Whatever is due."""
        daemon = self._daemon
        if self._due("alive", self._watchdog, now):
            daemon.notifier.alive()
        if self._due("show", SHOW, now):
            self._show()
        if self._due("status", STATUS, now):
            health = daemon.health()
            daemon.notifier.status(health.summary)
            self._tell_trouble("; ".join(health.troubles), now)
        if self._due("trim", TRIM, now):
            memory.trim()
        self._look_at_clock(now)
        self._tidy(now)
        policy = daemon.parts.policy
        if not self._first_told and policy is not None and policy.first_at is not None:
            self._first_told = True
            memory.trim()
            _log.info("first picture decided on %.2f s after the start", policy.first_at - daemon.born)

    def _due(self, name: str, every: float, now: float) -> bool:
        if now - self._done.get(name, -math.inf) < every:
            return False
        self._done[name] = now
        return True

    def _show(self) -> None:
        parts = self._daemon.parts
        if parts.signals is None or parts.policy is None or parts.lock is None:
            return
        parts.ask()  # should an end of it have been missed
        state = parts.policy.state
        parts.signals.hold(lasting(released=parts.lock.released, alarm=bool(state.sounding), lockdown=state.lockdown,
                                   resting=state.mode is Mode.LOCKED_OUT, trouble=self._troubled_since is not None))

    def _look_at_clock(self, now: float) -> None:
        """Reads what the machine says of its clock; keeps a clock that is believed, seldom."""
        daemon = self._daemon
        record = daemon.keeper.look(now, daemon.clock.wall())
        if record is not None and daemon.parts.store is not None:
            daemon.parts.store.post(lambda books: books.keep(CLOCK_RECORD, record))

    def _tidy(self, now: float) -> None:
        daemon, parts = self._daemon, self._daemon.parts
        if parts.store is None or parts.audit is None:
            return
        if daemon.store_trouble() and self._due("retry", RETRY, now):
            parts.store.post(lambda books: books.regain())
        # By a clock that is wrong everything would be old.
        if daemon.keeper.trusted(now, daemon.clock.wall()) and self._due("tidy", TIDY, now):
            parts.store.post(lambda books: books.tidy(daemon.clock.wall()))
            parts.audit.post(lambda log: log.prune(daemon.settings.audit.keep))

    def _tell_trouble(self, text: str, now: float) -> None:
        """A trouble that lasts is told once, and once that it is over."""
        if not text:
            self._troubled_since = None
            if self._told:
                self._told = ""
                self._telling.trouble("", self._daemon.clock.wall())
            return
        if self._troubled_since is None:
            self._troubled_since = now
        if now - self._troubled_since >= LASTS and not self._told:
            self._told = text
            self._telling.trouble(text, self._daemon.clock.wall())
