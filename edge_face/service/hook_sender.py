"""Empties the spool: tells each event over every channel, tries again with growing pauses, gives up after a bound."""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_face.clock import Clock
from edge_face.errors import ServiceError
from edge_face.service.hook_delivery import Channel, Outcome, Result
from edge_face.service.hooks import Spool, Waiting

_log = logging.getLogger("edge_face.hooks")

BACK_OFFS = (2.0, 10.0, 30.0, 120.0, 600.0)
"""Seconds between two rounds in which nothing could be told; the last one again and again."""
TRIES = 100
"""Attempts for one event on one channel, then it is given up: about 16 hours of a receiver that is away."""
LOOK = 2.0
"""While a pause lasts, new events are looked for every so often, and tried at once."""
_ACCOUNT = ".account.json"


@dataclass
class Account:
    """What became of the events so far; kept beside them."""

    told: int = 0
    given_up: int = 0
    last_told: float = 0.0
    last_trouble: str = ""

    @classmethod
    def of(cls, folder: Path) -> Account:
        """As it was left; from nothing when there is none, or none that can be read."""
        found = cls()
        with suppress(OSError, ValueError, RecursionError):
            table = json.loads((folder / _ACCOUNT).read_text(encoding="utf-8")[:4096])
            if isinstance(table, dict):
                for name, kind in (("told", int), ("given_up", int), ("last_told", float), ("last_trouble", str)):
                    if isinstance(value := table.get(name), kind) and not isinstance(value, bool):
                        setattr(found, name, value)
        return found

    def keep(self, folder: Path) -> None:
        """Best effort: a count is not worth a broken delivery."""
        partial = folder / f"{_ACCOUNT}.{os.getpid()}"
        with suppress(OSError):
            partial.write_text(json.dumps(vars(self)), encoding="utf-8")
            partial.chmod(0o640)
            partial.replace(folder / _ACCOUNT)


@dataclass
class _Pending:
    """One event: over which channels it has still to go, and how often each was tried."""

    left: set[str]
    tries: dict[str, int] = field(default_factory=dict)


class Sender:
    """`run` returns when nothing waits any more. Time is the clock's, so that tests need not wait."""

    def __init__(self, spool: Spool, channels: Mapping[str, Channel], clock: Clock) -> None:
        self._spool, self._channels, self._clock = spool, dict(channels), clock
        self._pending: dict[str, _Pending] = {}
        self.account = Account.of(spool.folder)

    def run(self) -> None:
        """Raises `ServiceError` when the spool cannot be read or emptied, or somebody else is at it."""
        if not self._spool.folder.is_dir():
            return
        # A lock on the folder itself: a file would belong to whoever came first, root perhaps.
        held = os.open(self._spool.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._send_all()
        except BlockingIOError as error:
            raise ServiceError("another 'edge-face hooks send' is at work (systemctl status edge-face-hooks): "
                               "each event would be told twice") from error
        finally:
            os.close(held)

    def _send_all(self) -> None:
        failures = 0
        while entries := self._spool.waiting():
            told, rest = self._round(entries)
            self.account.keep(self._spool.folder)
            if told or not (left := self._spool.waiting()):
                failures = 0
                continue
            pause = max(BACK_OFFS[min(failures, len(BACK_OFFS) - 1)], rest)
            failures += 1
            _log.info("%d events wait for %.0f s: %s", len(left), pause, self.account.last_trouble)
            self._pause(pause)

    def _pause(self, seconds: float) -> None:
        """Whatever comes meanwhile is tried at once, once."""
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0:
            self._clock.sleep(min(LOOK, left))
            fresh = [entry for entry in self._spool.waiting() if entry.path.name not in self._pending]
            if fresh:
                self._round(fresh)
                self.account.keep(self._spool.folder)

    def _round(self, entries: list[Waiting]) -> tuple[bool, float]:
        """Each event once over each channel it still needs; was any told, and what pause was asked for?"""
        told, rest = False, 0.0
        away: dict[str, Outcome] = {}
        for entry in entries:
            pending = self._pending.setdefault(entry.path.name, _Pending(set(self._channels)))
            event = self._loaded(entry) if pending.left - set(away) else None
            for name in sorted(pending.left):
                outcome = away.get(name) or (self._channels[name](event) if event is not None else None)
                if outcome is None:
                    pending.left.clear()
                    break
                if outcome.result is Result.AWAY:
                    away[name] = outcome
                told |= outcome.result is Result.TOLD
                rest = max(rest, outcome.rest)
                self._settle(entry, pending, name, outcome)
            if not pending.left:
                self._spool.drop(entry)
                del self._pending[entry.path.name]
        return told, rest

    def _settle(self, entry: Waiting, pending: _Pending, name: str, outcome: Outcome) -> None:
        tries = pending.tries[name] = pending.tries.get(name, 0) + 1
        if outcome.result is Result.TOLD:
            self.account.told += 1
            self.account.last_told = self._clock.wall()
            pending.left.discard(name)
            return
        self.account.last_trouble = f"{name}: {outcome.text}"
        if outcome.result is Result.REFUSED or tries >= TRIES:
            self.account.given_up += 1
            pending.left.discard(name)
            _log.error("event %s is given up after %d attempts: %s: %s", entry.path.stem, tries, name, outcome.text)

    def _loaded(self, entry: Waiting) -> dict[str, Any] | None:
        try:
            return self._spool.load(entry)
        except ServiceError as error:
            self.account.given_up += 1
            self.account.last_trouble = str(error)
            _log.error("%s: it is given up", error)
            return None
