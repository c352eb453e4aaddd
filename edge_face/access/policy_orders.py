"""The owner's orders: release, secure, lockdown, lift, quiet."""

from __future__ import annotations

import math
from dataclasses import replace

from edge_face.access import policy_reasons as why
from edge_face.access.approach import unseen
from edge_face.access.inputs import Command, Order
from edge_face.access.moment import Moment
from edge_face.access.outcomes import Authority, Kind
from edge_face.access.policy_release import begin, end, exit_works, relock
from edge_face.access.watch import acknowledge

SHORTEST = 0.1
"""Seconds; a release that is shorter opens no door."""


def ordered(m: Moment) -> None:
    for order in m.inputs.orders:
        match order.command:
            case Command.RELEASE:
                _release(m, order)
            case Command.SECURE:
                _secure(m)
            case Command.LOCKDOWN:
                _lock_down(m)
            case Command.LIFT:
                _lift(m)
            case Command.QUIET:
                acknowledge(m)


def _release(m: Moment, order: Order) -> None:
    if m.state.lockdown:
        m.say(Kind.DENY, why.lockdown(), why.owner())
    elif order.seconds == 0:
        begin(m, Authority.OWNER, (why.owner(),))
    elif math.isfinite(order.seconds) and order.seconds >= SHORTEST:
        begin(m, Authority.OWNER, (why.owner(),), seconds=order.seconds)
    else:
        m.say(Kind.DENY, why.bad_order(order.seconds), why.owner())


def _secure(m: Moment) -> None:
    if m.state.standing is Authority.FIRE:
        m.say(Kind.DENY, why.fire(), why.owner())
        return
    m.state = replace(m.state, secured=True)
    m.say(Kind.SECURE, why.owner())
    _shut(m, wholly=True)


def _lock_down(m: Moment) -> None:
    """From now on. A fire keeps the door open, and a running exit goes on where the settings let it."""
    if m.state.lockdown:
        return
    m.state = replace(m.state, lockdown=True)
    m.say(Kind.LOCKDOWN, why.owner())
    leaving = m.state.release is not None and m.state.release.authority is Authority.EXIT and exit_works(m)
    if m.state.standing is not Authority.FIRE and not leaving:
        _shut(m, wholly=False)


def _shut(m: Moment, *, wholly: bool) -> None:
    if m.state.release is not None:
        end(m, why.owner(), wholly=wholly)
    else:
        # Nothing is released that we know of; the lock is told all the same.
        relock(m, why.owner())


def _lift(m: Moment) -> None:
    if not m.state.lockdown:
        return
    # Whoever was seen during the lockdown proves anew that they mean to enter.
    m.state = replace(m.state, lockdown=False, approach=unseen(m.state.approach))
    m.say(Kind.LOCKDOWN_OVER, why.owner())
