"""The board: what the page beside the door shows now, for whoever waits for the next change of it.

Told of decisions by the policy thread and of faces by the vision thread, neither of which it lets wait; worked out only while
somebody asks.
"""

from __future__ import annotations

import logging
import math
import secrets
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from edge_face.access import Decision
from edge_face.access.assurance import Use, door_level, sees
from edge_face.errors import ServiceError
from edge_face.service.frames import NoFeed
from edge_face.service.web.kiosk_state import KioskState, Outcome, View, kiosk_state, outcome_of
from edge_face.service.web.metrics import Counts
from edge_face.types import Light, Scene, TrackState

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon

_log = logging.getLogger("edge_face.pages")

LOOK = 0.2
"""Seconds between two looks while somebody waits: how long a face that comes or goes may stay unnoticed."""
LONGEST_WAIT = 20.0
"""Seconds of one long poll."""
RECENT = 1.5
"""Seconds after which the faces of a picture are nobody's any more."""


@dataclass(frozen=True, slots=True)
class _Faces:
    count: int = 0
    at: float = -math.inf
    failed: bool = False


class Board:
    """One for each daemon. May be asked and told from any thread."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._changed = threading.Condition()
        self._outcome: Outcome | None = None
        self._told = 0
        self._faces = _Faces()
        self._since = daemon.clock.monotonic()
        # A page that outlives the daemon must not take the new one's first state for one that it has.
        self._number = secrets.randbits(40)
        self._shown: KioskState | None = None
        self.counts = Counts()
        """Of decisions, for `edge_face.service.web.metrics`."""

    def hear(self, decision: Decision) -> None:
        """In the policy thread, after what follows from a decision was done."""
        self.counts.hear(decision)
        try:
            outcome = outcome_of(decision, self._greeting(decision.person))
        except Exception:  # a page that shows nothing is no reason to close a door
            _log.exception("a decision is not shown on the page beside the door")
            return
        with self._changed:
            if outcome is not None:
                self._outcome, self._since = outcome, self._daemon.clock.monotonic()
            self._told += 1
            self._changed.notify_all()

    def see(self, scene: Scene | None) -> None:
        """In the vision thread, with every picture."""
        now = self._daemon.clock.monotonic()
        if scene is None:
            self._faces = replace(self._faces, failed=True)
            return
        count = sum(track.state is TrackState.CONFIRMED for track in scene.tracks)
        self._faces = _Faces(count, now)
        if count:
            self._since = now

    def state(self, after: int = 0, wait: float = 0.0) -> dict[str, Any]:
        """The state with its number, as soon as that is another than `after`, or after `wait` seconds. Raises `ServiceError` while the
        door is just starting."""
        clock = self._daemon.clock
        until = clock.monotonic() + min(max(wait, 0.0), LONGEST_WAIT)
        while True:
            # Worked out without the lock: the policy thread, which tells of a decision, waits for no page.
            told, now = self._told, clock.monotonic()
            shown = kiosk_state(self._view(now))
            with self._changed:
                if shown != self._shown:
                    self._shown, self._number = shown, self._number + 1
                if self._number != after or now >= until:
                    return {"number": self._number, "state": shown.as_json(now, clock.wall())}
                if told == self._told:
                    self._changed.wait(min(LOOK, until - now))

    def _greeting(self, person: str | None) -> str | None:
        roster = self._daemon.roster
        if person is None or roster is None or not self._daemon.settings.kiosk.greeting:
            return None
        return roster.greetings.get(person)

    def _view(self, now: float) -> View:
        daemon, parts = self._daemon, self._daemon.parts
        policy, feed = parts.policy, parts.feed
        if policy is None or feed is None:
            raise ServiceError("the door is just starting")
        wall, faces, inputs, kiosk = daemon.clock.wall(), self._faces, daemon.settings.inputs, daemon.settings.kiosk
        level = door_level(policy.rules.level, policy.rules.calendar, wall, daemon.keeper.believed)
        light = {Light.TOO_DARK: "too_dark", Light.TOO_BRIGHT: "too_bright"}.get(policy.light, "")
        seen = sees(daemon.settings)
        camera = "gone" if not feed.health.ok else "dark" if light == "too_dark" else "ok"
        if isinstance(feed, NoFeed) or not seen:
            camera = "off"
        return View(
            policy.state, now, wall, self._outcome, camera, light, not faces.failed, faces.count if now - faces.at <= RECENT else 0,
            self._since, kiosk.sleep,
            codes=bool(inputs.keypad_rows) or kiosk.pad, cards=bool(inputs.wiegand_d0) and level.card is not Use.NOTHING, pad=kiosk.pad,
            assurance=level.name, seen=seen and level.faces, enrol=daemon.enrolling.prompt)
