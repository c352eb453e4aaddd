"""Codes and cards, and who may enter just now: rights, and uses that are spent at once."""

from __future__ import annotations

from dataclasses import replace

from edge_face.access import policy_reasons as why
from edge_face.access.inputs import CodeFact
from edge_face.access.moment import Moment
from edge_face.access.outcomes import Authority, Kind
from edge_face.access.policy_release import begin
from edge_face.access.policy_state import CodeState
from edge_face.access.reasons import Reason
from edge_face.access.schedule import may_enter
from edge_face.access.watch import attempted


def refusal(m: Moment, person: str) -> Reason | None:
    """Why somebody who was recognised may not enter just now; None: they may."""
    if m.state.standing is not None:
        return None  # the door stands open to all
    if m.state.lockdown:
        return why.lockdown()
    rights = m.rules.rights.get(person)
    if rights is not None and rights.uses is not None:
        rights = replace(rights, used=max(rights.used, dict(m.state.used).get(person, 0)))
    verdict = may_enter(rights, m.rules.calendar, m.wall, m.trusted)
    return None if verdict.allowed else verdict.reason or why.not_now()


def spend(m: Moment, person: str) -> None:
    """A grant uses one of a limited number of uses, even before the store says so."""
    rights = m.rules.rights.get(person)
    if rights is not None and rights.uses is not None:
        used = dict(m.state.used)
        used[person] = max(rights.used, used.get(person, 0)) + 1
        m.state = replace(m.state, used=tuple(sorted(used.items())))


def forget_uses(m: Moment) -> None:
    """What the store knows by now, and whoever is gone, need not be remembered."""
    if m.state.used:
        rights = m.rules.rights
        kept = tuple((p, n) for p, n in m.state.used if p in rights and rights[p].uses is not None and rights[p].used < n)
        m.state = replace(m.state, used=kept)


def rest_over(m: Moment) -> None:
    codes = m.state.codes
    if codes.rest_until is not None and m.now >= codes.rest_until:
        m.state = replace(m.state, codes=CodeState())
        m.say(Kind.CODE_REST_OVER, why.codes_rest_over())


def codes_given(m: Moment) -> None:
    for code in m.inputs.codes:
        _given(m, code)


def _given(m: Moment, code: CodeFact) -> None:
    codes = m.state.codes
    if codes.rest_until is not None:
        # Not even looked at: whoever tries on learns nothing.
        if not codes.told:
            m.state = replace(m.state, codes=replace(codes, told=True))
            m.say(Kind.DENY, why.codes_rest(codes.rest_until - m.now))
        return
    if code.person is None:
        _wrong(m, code)
        return
    against = refusal(m, code.person)
    if against is None and code.factor == "visitor" and code.person not in m.rules.rights:
        against = why.visitor_gone()
    if against is not None:
        m.say(Kind.DENY, against, why.right_code(code.factor), person=code.person)
        return
    m.state = replace(m.state, codes=CodeState())
    if m.state.standing is None:
        spend(m, code.person)
        begin(m, Authority.CODE, (why.right_code(code.factor),), code.person)


def _wrong(m: Moment, code: CodeFact) -> None:
    fails, limit, rest = m.state.codes.fails + 1, m.rules.access.code_fails, m.rules.access.code_rest
    m.say(Kind.DENY, why.wrong_code(code.factor), why.code_failures(fails, limit))
    attempted(m)
    if fails < limit:
        m.state = replace(m.state, codes=CodeState(fails))
        return
    m.state = replace(m.state, codes=CodeState(rest_until=m.now + rest))
    m.say(Kind.CODE_REST, why.code_failures(fails, limit), seconds=rest)
