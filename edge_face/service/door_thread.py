"""The door thread: alone gives orders to the lock while all is well; ends each release on time."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from edge_face.clock import Clock
from edge_face.door import Lock
from edge_face.errors import HardwareError
from edge_face.service.log import fields

_log = logging.getLogger("edge_face.door")

BEAT = 0.25
"""Seconds between two looks at the lock when nothing happens."""
MOST_ORDERS = 32
"""That wait; orders are rare, so more can only be a fault, and then the newest count."""
FACE = "face"
"""The authority of a grant."""


@dataclass(frozen=True, slots=True)
class Order:
    """Release the door for `seconds` on somebody's authority, or lock it now (`seconds` is None).

    `only`: lock it only if the release that lasts is on that authority: what revokes a face must not shut out whoever
    pressed the exit button. `lease`: a release that stands until told otherwise, renewed from time to time.
    """

    seconds: float | None
    authority: str
    only: str = ""
    lease: bool = False


class DoorThread:
    """Runs from `start` to `stop`. `beat` is called at least every `BEAT` seconds, `failed` with what must end the daemon."""

    def __init__(self, lock: Lock, clock: Clock, beat: Callable[[], None], failed: Callable[[BaseException], None]) -> None:
        self._lock, self._clock, self._beat, self._failed = lock, clock, beat, failed
        # A queue, other than for pictures: a press of the exit button must not get lost behind another order.
        self._orders: deque[Order] = deque(maxlen=MOST_ORDERS)
        self._news = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="door", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def order(self, order: Order) -> None:
        """Orders are obeyed one after the other. Never waits."""
        with self._news:
            self._orders.append(order)
            self._news.notify()

    def stop(self, patience: float = 2.0) -> None:
        with self._news:
            self._stopped = True
            self._orders.clear()
            self._news.notify()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(patience)

    def _run(self) -> None:
        try:
            while not self._stopped:
                self._beat()
                order = self._next()
                if order is not None:
                    self._obey(order)
                if self._lock.tick():
                    _log.info("locked again")
        except BaseException as error:
            self._failed(error)

    def _next(self) -> Order | None:
        with self._news:
            self._news.wait_for(lambda: self._orders or self._stopped, self._patience())
            return self._orders.popleft() if self._orders else None

    def _patience(self) -> float:
        due = self._lock.due
        return BEAT if due is None else min(max(due - self._clock.monotonic(), 0.0), BEAT)

    def _obey(self, order: Order) -> None:
        if order.seconds is None:
            if order.only and self._lock.authority != order.only:
                return
            self._lock.secure()
            _log.info("locked", extra=fields(authority=order.authority))
            return
        try:
            until = self._lock.release(order.seconds, order.authority, lease=order.lease)
        except HardwareError as error:
            # The lock has been locked as far as it can be; the next grant may work.
            _log.error("the door was not released: %s", error)
            return
        if order.lease:
            return  # renewed every second: the policy has said that it began
        _log.info("released", extra=fields(authority=order.authority, seconds=round(until - self._clock.monotonic(), 2)))
