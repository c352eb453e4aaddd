"""The door leaf, as its contact tells: opened, closed, forced, held open."""

from __future__ import annotations

from dataclasses import replace

from edge_face.access import policy_reasons as why
from edge_face.access.inputs import Contact
from edge_face.access.moment import Moment
from edge_face.access.outcomes import Kind
from edge_face.access.policy_release import end, throw_waiting_bolt
from edge_face.access.policy_state import Leaf

GRACE = 1.5
"""A door that is opened so many seconds after a release ended was opened by it: contacts settle, and people push on."""


def leaf_moved(m: Moment) -> None:
    """Takes the contact's word. A contact that comes back (start, a fault that is over) is believed, and nothing is made of
    what may have happened meanwhile."""
    before, now = m.state.leaf.contact, m.contact
    if now is not before:
        if now is Contact.OPEN and before is Contact.CLOSED:
            _opened(m)
        elif now is Contact.OPEN:
            m.state = replace(m.state, leaf=Leaf(now, m.now, m.now, m.state.leaf.forced))
        elif now is Contact.CLOSED and before is Contact.OPEN:
            m.say(Kind.CLOSED, why.closed(m.now - (m.now if m.state.leaf.since is None else m.state.leaf.since)))
            m.state = replace(m.state, leaf=Leaf(now))
        elif now is Contact.CLOSED:
            m.state = replace(m.state, leaf=Leaf(now))
        else:
            m.state = replace(m.state, leaf=Leaf(None, forced=m.state.leaf.forced))
    if m.state.standing is not None and m.state.leaf.held_from is not None:
        m.state = replace(m.state, leaf=replace(m.state.leaf, held_from=m.now))  # it is meant to stand open
    throw_waiting_bolt(m)


def _opened(m: Moment) -> None:
    release, ended = m.state.release, m.state.ended_at
    forced = release is None and (ended is None or m.now - ended > GRACE)
    m.state = replace(m.state, leaf=Leaf(Contact.OPEN, m.now, m.now, forced))
    if forced:
        return  # the alarm says so
    if release is None:
        m.say(Kind.OPENED, why.opened_late(m.now - (m.now if ended is None else ended)))
        return
    m.say(Kind.OPENED, why.opened(release.authority.value), person=release.person)
    if not release.standing and m.rules.lock.relock_on_open and not m.rules.lock.bolt:
        end(m, why.relock_on_open(), wholly=True)


def anew(leaf: Leaf, now: float) -> Leaf:
    """After a clock that ran backwards."""
    return leaf if leaf.since is None else replace(leaf, since=now, held_from=now)
