"""What follows from a decision: the audit log, the lock, the diary, lamps and buzzer, whoever wants to be told; in that order.

A record of an entry by face, code or the owner is on the disk before the door opens (or `audit.wait` is over). Whoever
presses the exit button, and fire, wait for nothing: their records follow at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_face.access import Authority, Decision, Kind
from edge_face.access.outcomes import NOT_KEPT, PASSING, SILENT
from edge_face.audit import audit_record_of
from edge_face.clock import Clock
from edge_face.service.audit_thread import AuditThread
from edge_face.service.door_thread import Order

LEASE = 5.0
"""Seconds for which a standing release is given at a time; it is renewed every second."""
SHORTEST = 0.05
"""Seconds: less than this of a press is not asked for again, or the door might lock and open once more for one press."""

_AWAITED = frozenset({Kind.GRANT, Kind.CODE, Kind.OWNER})
_OPENING = _AWAITED | {Kind.EXIT, Kind.FIRE, Kind.HOLD_OPEN}


def order_of(decision: Decision, now: float, pressed: float) -> Order | None:
    """What the door thread is told, or None. The end of a release's time is no order: the door thread sees to it by itself,
    or a press in that very moment would be undone. `pressed`: when the exit button was pressed last; the door thread has
    obeyed already, and nothing is asked for beyond that press."""
    if decision.kind is Kind.EXIT:
        goes_on = any(reason.code == "exit-goes-on" for reason in decision.reasons)
        left = decision.seconds - max(now - (decision.monotonic if goes_on else pressed), 0.0)
        return Order(left, Authority.EXIT.value) if left > SHORTEST else None
    if decision.kind in _AWAITED and decision.authority is not None and decision.seconds > 0:
        return Order(decision.seconds, decision.authority.value)
    codes = {reason.code for reason in decision.reasons}
    if decision.kind is Kind.SECURE or (decision.kind is Kind.RELOCK and "time-over" not in codes):
        return Order(None, "owner" if decision.kind is Kind.SECURE else "policy")
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Consequences:
    """`order` passes an order to the door, `keep` a decision to the diary, `tell` shows and sends it; `alias` is how the audit
    log calls a person, None for somebody who is not there; `pressed` when the exit button was pressed last (monotonic); `seal` hides in a
    record whether somebody was forced."""

    clock: Clock
    audit: AuditThread | None
    alias: Callable[[str], str | None]
    pressed: Callable[[], float]
    order: Callable[[Order], None]
    keep: Callable[[Decision], None]
    tell: Callable[[Decision], None]
    seal: Callable[[bool], str | None] | None = None

    def follow(self, decision: Decision) -> None:
        """Waits for the audit log at most as long as its settings say."""
        if decision.kind in PASSING:
            self.tell(decision)
            return
        if self.audit is not None and decision.kind not in NOT_KEPT:
            record = audit_record_of(decision, self.alias, self.seal)
            if decision.kind in _AWAITED:
                self.audit.before(record)
            else:
                self.audit.later(record, at_once=decision.kind in _OPENING)
        order = order_of(decision, self.clock.monotonic(), self.pressed())
        if order is not None:
            self.order(order)
        self.tell(decision)
        if decision.kind not in SILENT:
            self.keep(decision)

    def lease(self, authority: Authority) -> None:
        """Gives a standing release a few more seconds."""
        self.order(Order(LEASE, authority.value, lease=True))
