"""The one release of the door: who begins it, when it ends, and when the lock is told so."""

from __future__ import annotations

import math
from dataclasses import replace

from edge_face.access import policy_reasons as why
from edge_face.access import reasons
from edge_face.access.inputs import Contact
from edge_face.access.moment import Moment
from edge_face.access.outcomes import Authority, Kind
from edge_face.access.policy_state import Release
from edge_face.access.reasons import Reason
from edge_face.access.schedule import holds_open

KINDS = {Authority.FACE: Kind.GRANT, Authority.CODE: Kind.CODE, Authority.EXIT: Kind.EXIT, Authority.FIRE: Kind.FIRE,
         Authority.HOLD_OPEN: Kind.HOLD_OPEN, Authority.OWNER: Kind.OWNER}
"""How the beginning of a release is called, by its authority."""


def begin(m: Moment, authority: Authority, reason: tuple[Reason, ...], person: str | None = None, track: int | None = None,
          seconds: float | None = None) -> None:
    """Releases the door from now on, or lets a release last, never longer in one piece than the rules allow. While a standing
    release lasts the door is open to all: nothing is said then, and nobody is named."""
    before, now = m.state.release, m.now
    promised = before.exit_until if before is not None else None
    if before is not None and before.standing:
        if authority is Authority.EXIT:
            m.state = replace(m.state, release=replace(before, exit_until=now + m.rules.face.pulse))
        return
    since = before.since if before is not None else now
    until = min(now + (m.rules.face.pulse if seconds is None else seconds), since + m.rules.longest)
    if authority is Authority.EXIT:
        promised = until
    if before is not None and before.until > until:
        release = replace(before, exit_until=promised)  # it lasts longer on what it rested on before
    else:
        release = Release(since, until, authority, person, promised)
    m.state = replace(m.state, release=release, bolt_waits=None)
    m.say(KINDS[authority], *reason, person=person, track=track, seconds=until - now, authority=authority)


def end(m: Moment, reason: Reason, *, wholly: bool = False) -> None:
    """Ends the release, if there is one. What the exit button was promised goes on, unless `wholly`."""
    release = m.state.release
    if release is None:
        return
    m.state = replace(m.state, release=None, ended_at=m.now)
    if release.authority is Authority.HOLD_OPEN:
        m.say(Kind.HOLD_OVER, reason)
    locked = relock(m, reason, person=release.person)
    until = release.exit_until
    if not wholly and until is not None and until > m.now and exit_works(m):
        # A bolt that waits has not ended the piece; a standing release was none.
        since = m.now if locked or release.standing else release.since
        m.state = replace(m.state, release=Release(since, until, Authority.EXIT, None, until), bolt_waits=None)
        m.say(Kind.EXIT, why.exit_goes_on(until - m.now), seconds=until - m.now, authority=Authority.EXIT)


def relock(m: Moment, reason: Reason, person: str | None = None) -> bool:
    """Has the door locked now, or, by a bolt, as soon as the leaf is closed; was it now?"""
    if m.rules.lock.bolt and m.contact is Contact.OPEN:
        m.state = replace(m.state, bolt_waits=m.now if m.state.bolt_waits is None else m.state.bolt_waits)
        return False
    m.state = replace(m.state, bolt_waits=None)
    m.say(Kind.RELOCK, reason, person=person)
    return True


def throw_waiting_bolt(m: Moment) -> None:
    """The bolt waits no longer once the leaf is closed, or nobody can tell any more: locked is the safer of the two."""
    waits = m.state.bolt_waits
    if waits is not None and m.contact is not Contact.OPEN:
        m.state = replace(m.state, bolt_waits=None)
        m.say(Kind.RELOCK, why.bolt_waited(m.now - waits))


def time_over(m: Moment) -> None:
    release = m.state.release
    if release is not None and m.now >= release.until:
        end(m, reasons.time_over(m.now - release.since))


def exit_works(m: Moment) -> bool:
    return not m.state.lockdown or m.rules.access.exit_in_lockdown


def exit_pressed(m: Moment) -> None:
    if not m.pressed:
        return
    if exit_works(m) or m.state.standing is not None:
        begin(m, Authority.EXIT, (reasons.exit_button(),))
    else:
        m.say(Kind.DENY, why.exit_closed())


def fire(m: Moment) -> None:
    """The fire input releases the door for as long as it lasts, whatever else is."""
    standing = m.state.standing
    if m.inputs.fire and standing is not Authority.FIRE:
        _stand(m, Authority.FIRE, why.fire())
    elif not m.inputs.fire and standing is Authority.FIRE:
        end(m, why.fire_over())


def hold_open(m: Moment) -> None:
    """A hold-open window of the calendar. `secured` and what was said hold until a trusted clock says that the window is over."""
    due = m.trusted and holds_open(m.rules.calendar, m.wall, True)
    if m.trusted and not due and (m.state.secured or m.state.hold_refused):
        m.state = replace(m.state, secured=False, hold_refused=False)
    standing = m.state.standing
    if standing is Authority.HOLD_OPEN:
        if not due:
            end(m, why.hold_over() if m.trusted else why.clock_untrusted())
        elif m.rules.lock.burns:  # the settings changed
            end(m, why.hold_coil(m.rules.lock.max_on))
    elif due and standing is None and not m.state.lockdown and not m.state.secured:
        if not m.rules.lock.burns:
            _stand(m, Authority.HOLD_OPEN, why.hold_open())
        elif not m.state.hold_refused:
            m.state = replace(m.state, hold_refused=True)
            m.say(Kind.DENY, why.hold_coil(m.rules.lock.max_on))


def _stand(m: Moment, authority: Authority, reason: Reason) -> None:
    before = m.state.release
    if before is not None and before.authority is Authority.HOLD_OPEN:
        m.say(Kind.HOLD_OVER, reason)
    promised = before.exit_until if before is not None else None
    m.state = replace(m.state, release=Release(m.now, math.inf, authority, None, promised), bolt_waits=None)
    m.say(KINDS[authority], reason, authority=authority)
