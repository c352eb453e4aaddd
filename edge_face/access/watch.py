"""Watch rules: what at the door is an alarm, since when, and until when.

LINGERING and HELD last as long as their causes. FORCED and TAMPER outlast theirs by `LASTS` seconds: a door forced and closed
again within a second must still be noticed. ATTEMPTS last until the attempts are ten minutes old. The owner's QUIET ends what has no
cause any more.
"""

from __future__ import annotations

import math
from dataclasses import replace

from edge_face.access import policy_reasons as why
from edge_face.access.inputs import Contact
from edge_face.access.intent import near_by
from edge_face.access.moment import Moment
from edge_face.access.outcomes import Alarm, Kind
from edge_face.access.policy_state import Raised, Watch
from edge_face.access.reasons import Reason

LASTS = 180.0
"""Seconds for which an alarm goes on after its cause, unless somebody acknowledges it."""
OUTLASTING = (Alarm.FORCED, Alarm.TAMPER)
WINDOW = 600.0
"""Seconds in which attempts are counted."""
LOST = 3.0
"""An unknown face that is not seen near the door for so many seconds has gone."""
BOLT_PATIENCE = 60.0
"""A bolt that waits for longer is reported even where `access.held_open` is off."""


def attempted(m: Moment) -> None:
    """One more failed approach, code or card."""
    most = m.rules.access.many_failures
    if most > 0:
        m.state = replace(m.state, watch=replace(m.state.watch, attempts=(*m.state.watch.attempts, m.now)[-most:]))


def look_for_strangers(m: Moment) -> None:
    """Since when an unknown face has been near the door. One that was let in before, or belongs to somebody known, is none."""
    watch, sight = m.state.watch, m.inputs.sight
    if m.inputs.seeing and sight is not None and sight.judgeable:
        guests = {track for visit in m.state.approach.visits for track in visit.tracks}
        if any(near_by(f, m.rules.face) and f.person is None and f.track not in guests for f in sight.faces or ()):
            since = watch.near_since if watch.near_since is not None and m.now - watch.near_last <= LOST else m.now
            m.state = replace(m.state, watch=replace(watch, near_since=since, near_last=m.now))
            return
    if watch.near_since is not None and m.now - watch.near_last > LOST:
        m.state = replace(m.state, watch=replace(watch, near_since=None))


def raise_alarms(m: Moment) -> None:
    """Says which alarms begin and end now."""
    watch = m.state.watch
    m.state = replace(m.state, watch=replace(watch, attempts=tuple(t for t in watch.attempts if m.now - t < WINDOW)))
    causes = _causes(m)
    raised = []
    for alarm in Alarm:
        before = next((r for r in watch.raised if r.alarm is alarm), None)
        after = _after(m, alarm, before, causes.get(alarm))
        if after is not None:
            raised.append(after)
    m.state = replace(m.state, watch=replace(m.state.watch, raised=tuple(raised)))


def acknowledge(m: Moment) -> None:
    """QUIET: the alarm output goes off; what has no cause any more ends, and attempts are counted anew."""
    watch = m.state.watch
    m.say(Kind.QUIET, why.acknowledged())
    m.state = replace(m.state, watch=replace(watch, raised=tuple(replace(r, quiet=True) for r in watch.raised), attempts=()))


def anew(watch: Watch, now: float) -> Watch:
    """After a clock that ran backwards: alarms and attempts count from now on."""
    return Watch(tuple(replace(r, since=min(r.since, now), over=None if r.over is None else min(r.over, now)) for r in watch.raised),
                 None, -math.inf, tuple(min(t, now) for t in watch.attempts))


def _causes(m: Moment) -> dict[Alarm, Reason]:
    access, leaf, watch, found = m.rules.access, m.state.leaf, m.state.watch, dict[Alarm, Reason]()
    if leaf.forced:
        found[Alarm.FORCED] = why.forced()
    elif leaf.contact is Contact.OPEN:
        waits = m.state.bolt_waits
        open_for = 0.0 if leaf.held_from is None else m.now - leaf.held_from
        if access.held_open > 0 and open_for > access.held_open:
            found[Alarm.HELD] = why.held(open_for, access.held_open)
        elif waits is not None and m.now - waits > (access.held_open or BOLT_PATIENCE):
            found[Alarm.HELD] = why.bolt_waits(m.now - waits)
    if m.inputs.tamper:
        found[Alarm.TAMPER] = why.tamper()
    if access.linger > 0 and watch.near_since is not None and watch.near_last - watch.near_since > access.linger:
        found[Alarm.LINGERING] = why.lingering(watch.near_last - watch.near_since, access.linger)
    if 0 < access.many_failures <= len(watch.attempts):
        found[Alarm.ATTEMPTS] = why.attempts(len(watch.attempts), WINDOW)
    return found


def _after(m: Moment, alarm: Alarm, before: Raised | None, cause: Reason | None) -> Raised | None:
    if cause is not None:
        if before is not None and before.over is None:
            return before
        # A cause that comes back is news, also while the alarm still lasts.
        m.say(Kind.ALARM, cause, alarm=alarm)
        return Raised(alarm, m.now)
    if before is None:
        return None
    over = m.now if before.over is None else before.over
    if before.quiet or alarm not in OUTLASTING or m.now - over >= LASTS:
        m.say(Kind.ALARM_OVER, why.cause_over(), *((why.acknowledged(),) if before.quiet else ()), alarm=alarm)
        return None
    return replace(before, over=over)
