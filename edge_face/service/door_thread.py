"""The door thread: alone gives orders to the lock while all is well; ends each release on time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from edge_face.clock import Clock
from edge_face.door import Lock
from edge_face.errors import HardwareError
from edge_face.service.log import fields
from edge_face.service.mailbox import Mailbox

_log = logging.getLogger("edge_face.door")

BEAT = 0.25
"""Seconds between two looks at the lock when nothing happens."""


@dataclass(frozen=True, slots=True)
class Order:
    """Release the door for `seconds` on somebody's authority, or lock it now (`seconds` is None)."""

    seconds: float | None
    authority: str


class DoorThread:
    """Runs from `start` to `stop`. `beat` is called at least every `BEAT` seconds, `failed` with what must end the daemon."""

    def __init__(self, lock: Lock, clock: Clock, beat: Callable[[], None], failed: Callable[[BaseException], None]) -> None:
        self._lock, self._clock, self._beat, self._failed = lock, clock, beat, failed
        self._orders: Mailbox[Order] = Mailbox()
        self._thread = threading.Thread(target=self._run, name="door", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def order(self, order: Order) -> None:
        """The newest order counts. Never waits."""
        self._orders.put(order)

    def stop(self, patience: float = 2.0) -> None:
        self._orders.close()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(patience)

    def _run(self) -> None:
        try:
            while not self._orders.closed:
                self._beat()
                order = self._orders.get(self._patience())
                if order is not None:
                    self._obey(order)
                if self._lock.tick():
                    _log.info("locked again")
        except BaseException as error:
            self._failed(error)

    def _patience(self) -> float:
        until = self._lock.until
        return BEAT if until is None else min(max(until - self._clock.monotonic(), 0.0), BEAT)

    def _obey(self, order: Order) -> None:
        if order.seconds is None:
            self._lock.secure()
            _log.info("locked", extra=fields(authority=order.authority))
            return
        try:
            until = self._lock.release(order.seconds, order.authority)
        except HardwareError as error:
            # The lock has been locked as far as it can be; the next grant may work.
            _log.error("the door was not released: %s", error)
            return
        _log.info("released", extra=fields(authority=order.authority, seconds=round(until - self._clock.monotonic(), 2)))
