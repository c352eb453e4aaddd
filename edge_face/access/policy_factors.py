"""What a right code or card is good for: it opens, or names the person whose face must follow, or neither."""

from __future__ import annotations

import math
from dataclasses import replace

from edge_face.access import liveness_reasons
from edge_face.access import policy_reasons as why
from edge_face.access.answers import inside
from edge_face.access.approach_state import Claim
from edge_face.access.assurance import Level, Use, level_for
from edge_face.access.entry import refusal, spend
from edge_face.access.inputs import CodeFact
from edge_face.access.moment import Moment
from edge_face.access.outcomes import Authority, Kind
from edge_face.access.policy_orders import SHORTEST
from edge_face.access.policy_release import begin
from edge_face.access.reasons import Reason

VISITOR = "visitor"


def level_of(m: Moment, person: str, *, visitor: bool = False) -> Level:
    """What a grant to this person rests on at this moment."""
    return level_for(m.rules.rights.get(person), m.rules.level, m.rules.calendar, m.wall, m.trusted, visitor=visitor)


def assurance_of(m: Moment, person: str) -> Reason:
    """What is asked for of this person, for every decision about them."""
    return liveness_reasons.assurance(level_of(m, person).name)


def accepted(m: Moment, code: CodeFact) -> None:
    """A right code or card of `code.person`: the door opens, or the face is asked for, or it is said why neither."""
    person, visitor = code.person, code.factor == VISITOR
    if person is None:
        return
    against = refusal(m, person)
    if against is None and visitor and person not in m.rules.rights:
        against = why.visitor_gone()
    level = level_of(m, person, visitor=visitor)
    use, right = level.use(code.factor), (why.right_code(code.factor), liveness_reasons.assurance(level.name))
    if against is not None:
        m.say(Kind.DENY, against, *right, person=person)
    elif m.state.standing is not None:
        pass  # the door stands open to all
    elif use is Use.OPENS:
        _open(m, person, right)
    elif use is Use.NOTHING:
        m.say(Kind.DENY, liveness_reasons.factor_useless(code.factor, level.name), *right, person=person)
    elif m.inputs.seeing:
        _claim(m, code, person)
    elif m.rules.without_camera == "second":
        _open(m, person, (*right, liveness_reasons.second_alone(level.name)))
    else:
        m.say(Kind.DENY, liveness_reasons.no_camera(level.name), *right, person=person)
    if code.duress and m.state.claimed != person:
        forced(m, person)  # also where nothing opened: whoever is forced needs help all the same


def release_of(m: Moment, person: str) -> float | None:
    """Seconds for which the door is released to this person, None for the door's own."""
    rights = m.rules.rights.get(person)
    seconds = rights.release if rights is not None else None
    return seconds if seconds is not None and math.isfinite(seconds) and seconds >= SHORTEST else None


def claims_over(m: Moment) -> None:
    """A code or card whose face did not come in its time, or that a lockdown or an open door overtook."""
    claim = m.state.claim
    if claim is None:
        return
    if m.state.lockdown or m.state.standing is not None:
        m.state = replace(m.state, claim=None)
        if claim.duress:
            forced(m, claim.person)
    elif m.now >= claim.until:
        m.state = replace(m.state, claim=None)
        said = (liveness_reasons.claim_over(claim.until - claim.since), why.right_code(claim.factor), assurance_of(m, claim.person))
        m.say(Kind.DENY, *said, person=claim.person)
        if claim.duress:
            forced(m, claim.person)


def forced(m: Moment, person: str) -> None:
    """Tells those who may know, and nobody at the door. The decision that it tells of is marked for the audit log."""
    for place in reversed(range(len(m.made))):
        if m.made[place].person == person:
            m.made[place] = replace(m.made[place], forced=True)
            break
    m.say(Kind.DURESS, liveness_reasons.duress(), person=person)


def _open(m: Moment, person: str, reasons: tuple[Reason, ...]) -> None:
    if m.state.claimed == person:
        m.state = replace(m.state, claim=None)
    spend(m, person)
    begin(m, Authority.CODE, reasons, person, seconds=release_of(m, person))
    at_door = m.state.approach
    if at_door.visit_of(person) or any(s.face.person == person for s in at_door.stays):
        # They stand there: nothing more is asked of their face.
        m.state = replace(m.state, approach=inside(at_door, person))


def _claim(m: Moment, code: CodeFact, person: str) -> None:
    """From now on a face is compared with this person's. A second person's code takes the place of the first one's."""
    before = m.state.claim
    if before is not None and before.person != person:
        said = (liveness_reasons.claim_replaced(), why.right_code(before.factor), assurance_of(m, before.person))
        m.say(Kind.DENY, *said, person=before.person)
        if before.duress:
            forced(m, before.person)
    duress = code.duress or (before is not None and before.person == person and before.duress)
    m.state = replace(m.state, claim=Claim(person, code.factor, m.now, m.now + m.rules.claim, duress))
