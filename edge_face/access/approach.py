"""Who at the door is let in by the face? A pure function of what was seen and what is; it touches no clock, no pin and no disk.

It only wishes: whether the door may open, for how long, and what else opens it is the policy's (`edge_face.access.policy`).

Promises, each with its property test: no grant without enough agreeing frames of one track and person in the zone
within the window (before a challenge, where one is held), nor without the evidence of life that the level asks for; at rest no face
opens anything; the wall clock changes nothing; nothing that facts may hold makes it raise, and what cannot be judged opens nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from edge_face.access import liveness_reasons, reasons
from edge_face.access.answers import asked, attacked, counted, dropped, granted, refused
from edge_face.access.approach_claims import verified
from edge_face.access.approach_live import alive, challenged, interrupted, passed_by
from edge_face.access.approach_state import ApproachState, Terms, Visit, Wish
from edge_face.access.assurance import Use
from edge_face.access.facts import FaceFact, Facts
from edge_face.access.intent import GAP, Stay, in_zone, near_by, stays_after
from edge_face.access.outcomes import Kind
from edge_face.access.reasons import Reason
from edge_face.access.rules import Rules
from edge_face.types import LiveVerdict

MOST_TRACKS = 8
"""Tracks that are remembered of one visit."""


def approach(state: ApproachState, facts: Facts, rules: Rules, terms: Terms) -> tuple[ApproachState, tuple[Wish, ...]]:
    """The next state and what is wished for, in order. Times must be finite; a time before the latest one counts as that one.
    Never raises."""
    made: list[Wish] = []
    facts = replace(facts, monotonic=max(facts.monotonic, state.at))
    state = _rest_over(replace(state, at=facts.monotonic), made)
    if facts.judgeable and facts.faces is not None:
        state = _looked(state, facts.faces, rules, terms, made)
    elif facts.faces is not None or not facts.healthy:
        # What cannot be judged says nothing: nobody is known to be there any more.
        state = unseen(interrupted(state, terms, rules, made))
    return state, tuple(made)


def unseen(state: ApproachState) -> ApproachState:
    """Nobody is known to be there. Visits and failures stand."""
    return replace(dropped(state), stays=(), looked_at=None, ask=None)


def begun_anew(state: ApproachState, now: float, rules: Rules) -> ApproachState:
    """After a clock that ran backwards: nobody has been seen, and a rest begins again."""
    state = unseen(replace(state, at=now))
    visits = tuple(replace(v, again_at=min(v.again_at, now)) for v in state.visits)
    return replace(state, visits=visits, rest_until=None if state.rest_until is None else now + rules.rest)


def _looked(state: ApproachState, faces: tuple[FaceFact, ...], rules: Rules, terms: Terms, made: list[Wish]) -> ApproachState:
    now = state.at
    if len({f.track for f in faces}) != len(faces):
        # Two faces under one id: whoever said that cannot be believed.
        return unseen(interrupted(state, terms, rules, made))
    passed = 0.0 if state.looked_at is None else min(now - state.looked_at, GAP)
    held = state.trial.track if state.trial is not None else None
    state = replace(state, looked_at=now, stays=stays_after(state.stays, faces, now, rules, held),
                    visits=_visits_after(state.visits, faces, passed, rules))
    state = verified(challenged(state, faces, rules, terms, made), faces, rules, terms, made)
    names = Counter(f.person for f in faces if f.sound and f.person is not None)
    for face in sorted((f for f in faces if f.sound), key=lambda f: (-f.eye_share, f.track)):
        stay = next((s for s in state.stays if s.track == face.track), None)
        if stay is not None and stay.last == now and (_deserves(stay, face, now, rules) or passed_by(state, face, rules)):
            state = _answered(state, stay, face, names, rules, terms, made)
    for track in [s.track for s in state.stays]:
        stay = next((s for s in state.stays if s.track == track), None)
        if stay is not None:
            state = _failed(state, stay, rules, terms, made)
    return state


def _deserves(stay: Stay, face: FaceFact, now: float, rules: Rules) -> bool:
    """Does this very frame, with those before it, prove one person who means to enter?"""
    person = face.person
    return (person is not None and in_zone(face, rules) and face.judged and face.vote == person and not face.failing and not face.ambiguous
            and face.score >= face.threshold and now - stay.since >= rules.dwell
            and stay.votes[-1:] != () and stay.votes[-1].monotonic == now
            and stay.agreeing(person, now, rules) >= rules.votes)


def _answered(state: ApproachState, stay: Stay, face: FaceFact, names: Counter[str], rules: Rules, terms: Terms,
              made: list[Wish]) -> ApproachState:
    """A proved person: let in if alive, unless this approach had its grant, faces rest, two faces have the same name, the person is
    refused, or a face alone is not enough."""
    now, person = state.at, face.person
    assert person is not None
    visit = state.visit_of(person)
    if visit is not None and visit.granted:
        return state.with_stay(replace(stay, granted_at=stay.granted_at or now))
    why = _proof(stay, face, now, rules)
    against = reasons.named_twice() if names[person] > 1 else None
    if against is None and state.rest_until is not None:
        against = reasons.resting(state.rest_until - now)
    against = against or terms.refuse(person)
    if against is not None:
        return refused(state, stay, (against, *why), person, made)
    if terms.open:
        return granted(state, stay, why, person, made)
    if terms.claim is not None and terms.claim.person == person:
        return state  # the comparison with the one person decides
    level = terms.level(person)
    if level.face is not Use.NOTHING:
        return alive(state, stay, face, person, why, level, rules, terms, made)
    if level.faces and face.live is LiveVerdict.ATTACK:
        return attacked(state, stay, face, person, rules, terms, made)
    return refused(state, stay, (liveness_reasons.factor_missing(level.second, level.name), *why), person, made, level.second)


def _proof(stay: Stay, face: FaceFact, now: float, rules: Rules) -> tuple[Reason, ...]:
    assert face.person is not None
    return (
        reasons.votes(stay.agreeing(face.person, now, rules), len(stay.votes), rules.votes, rules.of, rules.window),
        reasons.matched(face.score, face.threshold), reasons.near(face.eye_share, rules.zone),
        reasons.facing(face.yaw, rules.zone_yaw), reasons.stayed(now - stay.since, rules.dwell))


def _failed(state: ApproachState, stay: Stay, rules: Rules, terms: Terms, made: list[Wish]) -> ApproachState:
    """A face that stays in the zone unrecognised is a failed approach, and another one every so often; not where a face alone opens
    for nobody."""
    now, face = state.at, stay.face
    due = stay.since + rules.fail_after if stay.failed_at is None else stay.failed_at + rules.fail_again
    if now < due or stay.granted_at is not None or state.rest_until is not None:
        return state
    known = face.person is not None and stay.agreeing(face.person, now, rules) >= rules.votes
    if known or any(v.granted and (v.person == face.person or stay.track in v.tracks) for v in state.visits):
        return state
    if (state.trial is not None and state.trial.track == stay.track) or not terms.counting():
        return state
    if not stay.judged:
        made.append(Wish(Kind.DENY, (*_lifeless(face), reasons.unjudged(stay.failing), reasons.not_counted()), None, stay.track))
        # Behind a mask or sunglasses nobody is recognised: there is another factor.
        return asked(state.with_stay(replace(stay, failed_at=now)), terms.level("").second, None, stay.track)
    return counted(state, stay, _shortcomings(stay, now, rules), None, rules, made)


def _lifeless(face: FaceFact) -> tuple[Reason, ...]:
    """What passive detection has against a face that was not proved, as far as it has."""
    if face.live is LiveVerdict.ATTACK:
        return (liveness_reasons.attack(face.live_score, face.live_against),)
    return (liveness_reasons.unsure(face.live_score),) if face.live is LiveVerdict.UNSURE else ()


def _shortcomings(stay: Stay, now: float, rules: Rules) -> tuple[Reason, ...]:
    face = stay.face
    if face.person is None:
        why = [reasons.unknown(face.score, face.threshold, face.nearest)]
    else:
        agreeing = stay.agreeing(face.person, now, rules)
        why = [reasons.matched(face.score, face.threshold), reasons.votes(agreeing, len(stay.votes), rules.votes, rules.of, rules.window)]
    if stay.failing:
        why.append(reasons.poor(stay.failing))
    return (*_lifeless(face), *why, reasons.near(face.eye_share, rules.zone), reasons.stayed(now - stay.since, rules.dwell))


def _visits_after(visits: tuple[Visit, ...], faces: tuple[FaceFact, ...], passed: float, rules: Rules) -> tuple[Visit, ...]:
    """Who is still there. A visit goes on while a face of the person, or one that was theirs, is near."""
    close = [f for f in faces if near_by(f, rules)]
    after = []
    for visit in visits:
        theirs = tuple(f.track for f in close if not f.ambiguous and (visit.person in (f.person, f.vote) or f.track in visit.tracks))
        doubtful = {f.track for f in faces if f.ambiguous}
        tracks = (*(t for t in visit.tracks if t not in theirs and t not in doubtful), *theirs)[-MOST_TRACKS:]
        if theirs:
            after.append(replace(visit, tracks=tracks, away=0.0))
        elif visit.away + passed < rules.approach_gap:
            after.append(replace(visit, tracks=tracks, away=visit.away + passed))
    return tuple(after)


def _rest_over(state: ApproachState, made: list[Wish]) -> ApproachState:
    if state.rest_until is None or state.at < state.rest_until:
        return state
    made.append(Wish(Kind.REST_OVER, (reasons.rest_over(),)))
    # What was seen during the rest counts for nothing.
    return replace(dropped(state), rest_until=None, stays=(), failures=0)
