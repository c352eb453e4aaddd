"""The policy of the door: one pure state machine. What is known of a moment goes in, what was decided and why comes out.

It touches no pin, no clock, no disk and no thread. Promises, each with its property test (tests/access): the door is never
released without a live authorisation, and each release has exactly one; no face opens it without the evidence that its level of
assurance asks for, what is called an attack never does, and what is unsure never does by itself; every release that is not standing
ends in its time by the monotonic clock, whatever the wall clock does; lockdown beats everything but exit and fire; nothing that
inputs may hold makes it raise; the same inputs give the same decisions; what is remembered does not grow.
"""

from __future__ import annotations

import math
from dataclasses import replace

from edge_face.access import leaf, reasons, watch
from edge_face.access import policy_reasons as why
from edge_face.access.approach import approach, begun_anew, unseen
from edge_face.access.approach_state import Terms, Wish
from edge_face.access.assurance import Use, door_level, level_named
from edge_face.access.code_rest import begun_anew as begun_anew_codes
from edge_face.access.entry import forget_uses, refusal, spend
from edge_face.access.facts import Facts
from edge_face.access.inputs import Inputs
from edge_face.access.leaf import leaf_moved
from edge_face.access.moment import Moment
from edge_face.access.outcomes import Authority, Decision, Kind
from edge_face.access.policy_codes import codes_given, rest_over
from edge_face.access.policy_factors import assurance_of, claims_over, forced, level_of, release_of
from edge_face.access.policy_orders import ordered
from edge_face.access.policy_prompts import prompted
from edge_face.access.policy_release import begin, end, exit_pressed, fire, hold_open, time_over
from edge_face.access.policy_rules import LockTraits, PolicyRules
from edge_face.access.policy_state import Mode, PolicyState, Release
from edge_face.access.watch import attempted, look_for_strangers, raise_alarms

__all__ = ["LockTraits", "Mode", "PolicyRules", "PolicyState", "Release", "step"]

LATEST = 1e12
"""Monotonic seconds beyond which a clock is broken: 30,000 years."""
STALE = 2.0
"""A picture that is older than so many seconds says nothing about who stands there now."""


def step(state: PolicyState, inputs: Inputs, rules: PolicyRules) -> tuple[PolicyState, tuple[Decision, ...]]:
    """The next state and what was decided, in the order in which it must be done. Never raises.

    The lock is driven by decisions with an `authority` and `seconds` (release it for so long), by RELOCK (lock it now), and by
    `PolicyState.standing` (keep it released for as long as that is said); all others are for the books.
    """
    timed = math.isfinite(inputs.monotonic) and abs(inputs.monotonic) < LATEST
    dated = math.isfinite(inputs.wall)
    now = inputs.monotonic if timed else 0.0 if state.at is None else state.at
    m = Moment(state, inputs, rules, now, inputs.wall if dated else 0.0, inputs.clock_trusted and dated)
    if not timed:
        # Nothing can be timed: whatever is open is shut, and nobody has been seen.
        end(m, reasons.clock_fault(), wholly=True)
        m.state = replace(m.state, approach=unseen(m.state.approach), claim=None)
        prompted(m)
        return m.state, tuple(m.made)
    if state.at is not None and now < state.at:
        _begin_anew(m)
    m.state = replace(m.state, at=now)
    _clock(m)
    forget_uses(m)
    time_over(m)
    rest_over(m)
    fire(m)
    ordered(m)
    hold_open(m)
    exit_pressed(m)
    claims_over(m)
    codes_given(m)
    _faces(m)
    leaf_moved(m)
    look_for_strangers(m)
    raise_alarms(m)
    prompted(m)
    return m.state, tuple(m.made)


def _begin_anew(m: Moment) -> None:
    """The clock ran backwards: locked, nobody has been seen, and whatever rests or lasts does so from now on."""
    ended_at = None if m.state.release is None else m.now
    end(m, reasons.clock_fault(), wholly=True)
    state, now = m.state, m.now
    codes = begun_anew_codes(state.codes, now, m.rules.access)
    m.state = replace(state, approach=begun_anew(state.approach, now, m.rules.face), codes=codes, ended_at=ended_at,
                      bolt_waits=None if state.bolt_waits is None else now, leaf=leaf.anew(state.leaf, now),
                      watch=watch.anew(state.watch, now), pictured_at=-math.inf, claim=None)
    m.inputs = replace(m.inputs, sight=None, exit_pressed=m.pressed)


def _clock(m: Moment) -> None:
    if m.trusted is not m.state.trusted:
        m.state = replace(m.state, trusted=m.trusted)
        m.say(*((Kind.CLOCK_OVER, why.clock_trusted()) if m.trusted else (Kind.CLOCK, why.clock_untrusted())))


def _faces(m: Moment) -> None:
    """Who is let in by the face. Without vision nobody is, and what a face opened is locked."""
    release = m.state.release
    if not m.inputs.seeing and release is not None and release.authority is Authority.FACE:
        end(m, why.blind())
    m.state, wishes = _approached(m)
    for wish in wishes:
        if wish.kind is Kind.GRANT and wish.person is not None:
            if m.state.standing is None:
                _granted(m, wish, wish.person)
            continue
        asked = () if wish.person is None else (assurance_of(m, wish.person),)
        m.say(wish.kind, *wish.reasons, *asked, person=wish.person, track=wish.track, seconds=wish.seconds)
        if wish.failed:
            attempted(m)


def _granted(m: Moment, wish: Wish, person: str) -> None:
    claim = m.state.claim
    if claim is not None and claim.person == person:
        m.state = replace(m.state, claim=None)
    spend(m, person)
    begin(m, Authority.FACE, (*wish.reasons, assurance_of(m, person)), person, wish.track, release_of(m, person))
    if wish.claimed and claim is not None and claim.duress:
        forced(m, person)


def _approached(m: Moment) -> tuple[PolicyState, tuple[Wish, ...]]:
    sight = m.inputs.sight
    pictured_at, facts = m.state.pictured_at, Facts(m.now, m.wall)
    if not m.inputs.seeing or (sight is not None and not 0.0 <= m.now - sight.monotonic <= STALE):
        facts = replace(facts, healthy=False)
    elif sight is not None:
        facts = sight if sight.monotonic > pictured_at or sight.faces is None else _told_again(sight)
        pictured_at = max(pictured_at, sight.monotonic)
    state, wishes = approach(m.state.approach, facts, m.rules.face, _terms(m))
    return replace(m.state, approach=state, pictured_at=pictured_at), wishes


def _terms(m: Moment) -> Terms:
    rules = m.rules

    def counting() -> bool:
        """Does a face alone open for anybody? By the door's level, or by somebody's own."""
        own = {rights.assurance for rights in rules.rights.values() if rights.assurance}
        door = door_level(rules.level, rules.calendar, m.wall, m.trusted)
        return any(level.face is not Use.NOTHING for level in (door, *map(level_named, own)))

    def actions(person: str) -> tuple[str, ...]:
        rights = rules.rights.get(person)
        return rights.actions if rights is not None else ()

    return Terms(rules.challenge, lambda person: refusal(m, person), lambda person: level_of(m, person), actions, rules.tries,
                 m.inputs.dice, m.state.claim, rules.verify_rate, m.state.standing is not None, counting)


def _told_again(sight: Facts) -> Facts:
    """One picture gives one vote, however often it is told."""
    return replace(sight, faces=tuple(replace(f, judged=False, vote=None, claim_agrees=False) for f in sight.faces or ()))
