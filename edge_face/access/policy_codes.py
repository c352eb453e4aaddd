"""Codes and cards: wrong ones, and the rest after too many of them. What a right one is good for: `policy_factors`."""

from __future__ import annotations

from dataclasses import replace

from edge_face.access import policy_reasons as why
from edge_face.access.code_rest import cleared, failed, left, passed, rest_of
from edge_face.access.inputs import CodeFact
from edge_face.access.moment import Moment
from edge_face.access.outcomes import Kind
from edge_face.access.policy_factors import accepted
from edge_face.access.watch import attempted


def rest_over(m: Moment) -> None:
    before = m.state.codes
    after = passed(before, m.now)
    if after != before:
        m.state = replace(m.state, codes=after)
        if before.rest_until is not None and after.rest_until is None:
            m.say(Kind.CODE_REST_OVER, why.codes_rest_over())


def codes_given(m: Moment) -> None:
    for code in m.inputs.codes:
        _given(m, code)


def _given(m: Moment, code: CodeFact) -> None:
    codes = m.state.codes
    rest = left(codes, code.person or code.tried, m.now)
    if rest or code.note == "rest":
        # Not even looked at: whoever tries on learns nothing.
        if not codes.told:
            m.state = replace(m.state, codes=replace(codes, told=True))
            m.say(Kind.DENY, why.codes_rest(rest))
    elif code.note == "fault":
        m.say(Kind.DENY, why.code_fault())
    elif code.person is None:
        _wrong(m, code)
    else:
        _right(m, code, code.person)


def _right(m: Moment, code: CodeFact, person: str) -> None:
    if code.factor != "card":
        # A card does not say that its owner knows the code: who has found one may not guess on and on with its help.
        m.state = replace(m.state, codes=cleared(m.state.codes, person))
    accepted(m, code)


def _wrong(m: Moment, code: CodeFact) -> None:
    codes, access = failed(m.state.codes, code.tried, m.now, m.rules.access), m.rules.access
    m.state = replace(m.state, codes=codes)
    notes = {"clock": (why.totp_clock(),), "used": (why.totp_used(),)}.get(code.note, ())
    m.say(Kind.DENY, why.wrong_code(code.factor), *notes, why.code_failures(codes.fails, access.code_fails))
    attempted(m)
    rest = rest_of(codes.fails, access)
    if rest:
        # A rest weighs as an attempt of its own: so few codes are looked at in ten minutes that guessing would else raise no alarm.
        attempted(m)
        m.say(Kind.CODE_REST, why.code_failures(codes.fails, access.code_fails), seconds=rest)
