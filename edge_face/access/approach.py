"""Who at the door is let in by the face? A pure function of what was seen and what is; it touches no clock, no pin and no disk.

It only wishes: whether the door may open, for how long, and what else opens it is the policy's (`edge_face.access.policy`).

Promises, each with its property test: no grant without enough agreeing frames of one track and person in the zone
within the window; at rest no face opens anything; the wall clock changes nothing; nothing that facts may hold makes it
raise, and what cannot be judged opens nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from edge_face.access import reasons
from edge_face.access.facts import FaceFact, Facts
from edge_face.access.intent import GAP, Stay, in_zone, near_by, stays_after
from edge_face.access.outcomes import Kind
from edge_face.access.reasons import Reason
from edge_face.access.rules import Rules

MOST_TRACKS = 8
"""Tracks that are remembered of one visit."""


@dataclass(frozen=True, slots=True)
class Wish:
    """GRANT, DENY, REST (`seconds` long) or REST_OVER. `failed`: it counts as a failed attempt to get in."""

    kind: Kind
    reasons: tuple[Reason, ...]
    person: str | None = None
    track: int | None = None
    seconds: float = 0.0
    failed: bool = False


Refuse = Callable[[str], Reason | None]
"""Why a proved person is not let in just now all the same; None: let in."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A person who was let in and has not been away since; `away` counts judged pictures only, in seconds."""

    person: str
    tracks: tuple[int, ...]
    away: float = 0.0


@dataclass(frozen=True, slots=True)
class ApproachState:
    """Who stands at the door, who was let in, how many failed in a row, and until when faces rest. `at`: the latest facts."""

    at: float = -math.inf
    looked_at: float | None = None
    stays: tuple[Stay, ...] = ()
    visits: tuple[Visit, ...] = ()
    failures: int = 0
    rest_until: float | None = None


def anyone(person: str) -> None:
    """Refuses nobody."""


def approach(state: ApproachState, facts: Facts, rules: Rules, refuse: Refuse = anyone) -> tuple[ApproachState, tuple[Wish, ...]]:
    """The next state and what is wished for, in order. Times must be finite; a time before the latest one counts as that one.
    Never raises."""
    made: list[Wish] = []
    facts = replace(facts, monotonic=max(facts.monotonic, state.at))
    state = _rest_over(replace(state, at=facts.monotonic), made)
    if facts.judgeable and facts.faces is not None:
        state = _looked(state, facts.monotonic, facts.faces, rules, refuse, made)
    elif facts.faces is not None or not facts.healthy:
        # What cannot be judged says nothing: nobody is known to be there any more.
        state = unseen(state)
    return state, tuple(made)


def unseen(state: ApproachState) -> ApproachState:
    """Nobody is known to be there. Visits and failures stand."""
    return replace(state, stays=(), looked_at=None)


def begun_anew(state: ApproachState, now: float, rules: Rules) -> ApproachState:
    """After a clock that ran backwards: nobody has been seen, and a rest begins again."""
    return replace(unseen(state), at=now, rest_until=None if state.rest_until is None else now + rules.rest)


def _looked(state: ApproachState, now: float, faces: tuple[FaceFact, ...], rules: Rules, refuse: Refuse, made: list[Wish]) -> ApproachState:
    if len({f.track for f in faces}) != len(faces):
        # Two faces under one id: whoever said that cannot be believed.
        return unseen(state)
    passed = 0.0 if state.looked_at is None else min(now - state.looked_at, GAP)
    state = replace(state, looked_at=now, stays=stays_after(state.stays, faces, now, rules),
                    visits=_visits_after(state.visits, faces, passed, rules))
    names = Counter(f.person for f in faces if f.sound and f.person is not None)
    here = {f.track: f for f in faces}
    for track in [s.track for s in state.stays]:
        stay = next(s for s in state.stays if s.track == track)
        face = here.get(track)
        if face is not None and stay.last == now and in_zone(face, rules) and _deserves(stay, face, now, rules):
            state = _answered(state, stay, face, names, rules, refuse, made)
    for track in [s.track for s in state.stays]:
        state = _failed(state, next(s for s in state.stays if s.track == track), rules, made)
    return state


def _deserves(stay: Stay, face: FaceFact, now: float, rules: Rules) -> bool:
    """Does this very frame, with those before it, prove one person who means to enter?"""
    person = face.person
    return (person is not None and face.judged and face.vote == person and not face.failing and not face.ambiguous
            and face.score >= face.threshold and now - stay.since >= rules.dwell
            and stay.votes[-1:] != () and stay.votes[-1].monotonic == now
            and stay.agreeing(person, now, rules) >= rules.votes)


def _answered(state: ApproachState, stay: Stay, face: FaceFact, names: Counter[str], rules: Rules, refuse: Refuse,
              made: list[Wish]) -> ApproachState:
    """A proved person: let in, unless this approach had its grant, faces rest, two faces have the same name, or the person is refused."""
    now, person = state.at, face.person
    assert person is not None
    if any(v.person == person for v in state.visits):
        return _changed(state, replace(stay, granted_at=stay.granted_at or now))
    why = _proof(stay, face, now, rules)
    against = reasons.named_twice() if names[person] > 1 else None
    if against is None and state.rest_until is not None:
        against = reasons.resting(state.rest_until - now)
    against = against or refuse(person)
    if against is not None:
        return _refused(state, stay, (against, *why), person, made)
    others = sum(s.track != stay.track and s.granted_at is None and s.last == now for s in state.stays)
    made.append(Wish(Kind.GRANT, (*why, *((reasons.company(others),) if others else ())), person, stay.track))
    state = replace(state, failures=0, visits=(*state.visits, Visit(person, (stay.track,))))
    return _changed(state, replace(stay, granted_at=now))


def _proof(stay: Stay, face: FaceFact, now: float, rules: Rules) -> tuple[Reason, ...]:
    assert face.person is not None
    return (
        reasons.votes(stay.agreeing(face.person, now, rules), len(stay.votes), rules.votes, rules.of, rules.window),
        reasons.matched(face.score, face.threshold), reasons.near(face.eye_share, rules.zone),
        reasons.facing(face.yaw, rules.zone_yaw), reasons.stayed(now - stay.since, rules.dwell))


def _refused(state: ApproachState, stay: Stay, why: tuple[Reason, ...], person: str, made: list[Wish]) -> ApproachState:
    """Says once for each stay why a proved person is not let in."""
    what = why[0].code
    if what in stay.told:
        return state
    made.append(Wish(Kind.DENY, why, person, stay.track))
    return _changed(state, replace(stay, told=(*stay.told, what)))


def _failed(state: ApproachState, stay: Stay, rules: Rules, made: list[Wish]) -> ApproachState:
    """A face that stays in the zone unrecognised is a failed approach, and another one every so often."""
    now, face = state.at, stay.face
    due = stay.since + rules.fail_after if stay.failed_at is None else stay.failed_at + rules.fail_again
    if now < due or stay.granted_at is not None or state.rest_until is not None:
        return state
    known = face.person is not None and stay.agreeing(face.person, now, rules) >= rules.votes
    if known or any(v.person == face.person or stay.track in v.tracks for v in state.visits):
        return state
    if not stay.judged:
        made.append(Wish(Kind.DENY, (reasons.unjudged(stay.failing), reasons.not_counted()), None, stay.track))
        return _changed(state, replace(stay, failed_at=now))
    count = state.failures + 1
    why = (*_shortcomings(stay, now, rules), reasons.failures(count, rules.rest_after))
    made.append(Wish(Kind.DENY, why, None, stay.track, failed=True))
    state = _changed(replace(state, failures=count), replace(stay, failed_at=now))
    if count >= rules.rest_after and rules.rest > 0:
        made.append(Wish(Kind.REST, (reasons.failures(count, rules.rest_after),), seconds=rules.rest))
        return replace(state, failures=0, rest_until=now + rules.rest)
    return replace(state, failures=min(count, rules.rest_after))


def _shortcomings(stay: Stay, now: float, rules: Rules) -> tuple[Reason, ...]:
    face = stay.face
    if face.person is None:
        why = [reasons.unknown(face.score, face.threshold, face.nearest)]
    else:
        agreeing = stay.agreeing(face.person, now, rules)
        why = [reasons.matched(face.score, face.threshold), reasons.votes(agreeing, len(stay.votes), rules.votes, rules.of, rules.window)]
    if stay.failing:
        why.append(reasons.poor(stay.failing))
    return (*why, reasons.near(face.eye_share, rules.zone), reasons.stayed(now - stay.since, rules.dwell))


def _visits_after(visits: tuple[Visit, ...], faces: tuple[FaceFact, ...], passed: float, rules: Rules) -> tuple[Visit, ...]:
    """Who is still there. A visit goes on while a face of the person, or one that was theirs, is near."""
    close = [f for f in faces if near_by(f, rules)]
    after = []
    for visit in visits:
        theirs = tuple(f.track for f in close if not f.ambiguous and (visit.person in (f.person, f.vote) or f.track in visit.tracks))
        doubtful = {f.track for f in faces if f.ambiguous}
        tracks = (*(t for t in visit.tracks if t not in theirs and t not in doubtful), *theirs)[-MOST_TRACKS:]
        if theirs:
            after.append(Visit(visit.person, tracks))
        elif visit.away + passed < rules.approach_gap:
            after.append(Visit(visit.person, tracks, visit.away + passed))
    return tuple(after)


def _rest_over(state: ApproachState, made: list[Wish]) -> ApproachState:
    if state.rest_until is None or state.at < state.rest_until:
        return state
    made.append(Wish(Kind.REST_OVER, (reasons.rest_over(),)))
    # What was seen during the rest counts for nothing.
    return replace(state, rest_until=None, stays=(), failures=0)


def _changed(state: ApproachState, stay: Stay) -> ApproachState:
    return replace(state, stays=tuple(stay if s.track == stay.track else s for s in state.stays))
