"""May the door open? A pure function of what was and what is; it touches no clock, no pin and no disk.

Promises, each with its property test: no grant without enough agreeing frames of one track and person in the zone
within the window; every release ends by its time; at rest no face opens anything; the wall clock changes nothing;
nothing that facts may hold makes it raise, and what cannot be judged opens nothing.
"""

from __future__ import annotations

import enum
import math
from collections import Counter
from dataclasses import dataclass, replace

from edge_face.access import reasons
from edge_face.access.facts import FaceFact, Facts
from edge_face.access.intent import GAP, Stay, in_zone, near_by, stays_after
from edge_face.access.reasons import Reason
from edge_face.access.rules import Rules

MOST_TRACKS = 8
"""Tracks that are remembered of one visit."""


class Kind(enum.Enum):
    """What was decided."""

    GRANT = "grant"
    """A face opens the door."""
    EXIT = "exit"
    """The exit button opens it."""
    DENY = "deny"
    """An approach that failed, or a person who is not let in just now."""
    REST = "rest"
    """From now on no face opens the door, for `seconds`."""
    REST_OVER = "rest over"
    RELOCK = "relock"
    """The release is over: the door must be locked now."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`seconds`: how long the door is released, or rests. `wall` dates it and means nothing else."""

    kind: Kind
    monotonic: float
    wall: float
    reasons: tuple[Reason, ...]
    person: str | None = None
    track: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Visit:
    """A person who was let in and has not been away since; `away` counts judged pictures only, in seconds."""

    person: str
    tracks: tuple[int, ...]
    away: float = 0.0


@dataclass(frozen=True, slots=True)
class Release:
    """The door is released from `since` to `until`, for the person whom it was granted to, or nobody (the button)."""

    since: float
    until: float
    person: str | None


@dataclass(frozen=True, slots=True)
class DoorState:
    """All that is remembered. `DoorState()` is a door that has just been started."""

    at: float | None = None
    looked_at: float | None = None
    stays: tuple[Stay, ...] = ()
    visits: tuple[Visit, ...] = ()
    failures: int = 0
    rest_until: float | None = None
    release: Release | None = None


def decide(state: DoorState, facts: Facts, rules: Rules) -> tuple[DoorState, tuple[Decision, ...]]:
    """The next state and what was decided, in the order in which it must be done. Never raises."""
    made: list[Decision] = []
    if not math.isfinite(facts.monotonic):
        # Nothing can be timed: whatever is open is shut, and nobody has been seen.
        return _stopped(state, facts, made), tuple(made)
    if state.at is not None and facts.monotonic < state.at:
        state = _stopped(state, facts, made)
        if state.rest_until is not None:
            state = replace(state, rest_until=facts.monotonic + rules.rest)
        facts = replace(facts, faces=None)
    state = replace(state, at=facts.monotonic)
    state = _time_over(state, facts, made)
    state = _rest_over(state, facts, made)
    if facts.exit_pressed:
        state, seconds = _released(state, facts.monotonic, None, rules)
        made.append(_said(Kind.EXIT, facts, (reasons.exit_button(),), seconds=seconds))
    if facts.judgeable and facts.faces is not None:
        state = _looked(state, facts, facts.faces, rules, made)
    elif facts.faces is not None or not facts.healthy:
        # What cannot be judged says nothing: nobody is known to be there any more.
        state = replace(state, stays=(), looked_at=None)
    return state, tuple(made)


def _looked(state: DoorState, facts: Facts, faces: tuple[FaceFact, ...], rules: Rules, made: list[Decision]) -> DoorState:
    now = facts.monotonic
    if len({f.track for f in faces}) != len(faces):
        # Two faces under one id: whoever said that cannot be believed.
        return replace(state, stays=(), looked_at=None)
    passed = 0.0 if state.looked_at is None else min(now - state.looked_at, GAP)
    state = replace(state, looked_at=now, stays=stays_after(state.stays, faces, now, rules),
                    visits=_visits_after(state.visits, faces, passed, rules))
    names = Counter(f.person for f in faces if f.sound and f.person is not None)
    here = {f.track: f for f in faces}
    for track in [s.track for s in state.stays]:
        stay = next(s for s in state.stays if s.track == track)
        face = here.get(track)
        if face is not None and stay.last == now and in_zone(face, rules) and _deserves(stay, face, now, rules):
            state = _answered(state, stay, face, names, facts, rules, made)
    for track in [s.track for s in state.stays]:
        state = _failed(state, next(s for s in state.stays if s.track == track), facts, rules, made)
    return state


def _deserves(stay: Stay, face: FaceFact, now: float, rules: Rules) -> bool:
    """Does this very frame, with those before it, prove one person who means to enter?"""
    person = face.person
    return (person is not None and face.judged and face.vote == person and not face.failing and not face.ambiguous
            and face.score >= face.threshold and now - stay.since >= rules.dwell
            and stay.votes[-1:] != () and stay.votes[-1].monotonic == now
            and stay.agreeing(person, now, rules) >= rules.votes)


def _answered(state: DoorState, stay: Stay, face: FaceFact, names: Counter[str], facts: Facts, rules: Rules,
              made: list[Decision]) -> DoorState:
    """A proved person: let in, unless this approach had its grant, the door rests, or two faces have the same name."""
    now, person = facts.monotonic, face.person
    assert person is not None
    if any(v.person == person for v in state.visits):
        return _changed(state, replace(stay, granted_at=stay.granted_at or now))
    why = _proof(stay, face, now, rules)
    if names[person] > 1:
        return _refused(state, stay, "twice", (reasons.named_twice(), *why), person, facts, made)
    if state.rest_until is not None:
        return _refused(state, stay, "rest", (reasons.resting(state.rest_until - now), *why), person, facts, made)
    others = sum(s.track != stay.track and s.granted_at is None and s.last == now for s in state.stays)
    state, seconds = _released(state, now, person, rules)
    made.append(_said(Kind.GRANT, facts, (*why, *((reasons.company(others),) if others else ())), person, stay.track, seconds))
    state = replace(state, failures=0, visits=(*state.visits, Visit(person, (stay.track,))))
    return _changed(state, replace(stay, granted_at=now))


def _proof(stay: Stay, face: FaceFact, now: float, rules: Rules) -> tuple[Reason, ...]:
    assert face.person is not None
    return (
        reasons.votes(stay.agreeing(face.person, now, rules), len(stay.votes), rules.votes, rules.of, rules.window),
        reasons.matched(face.score, face.threshold), reasons.near(face.eye_share, rules.zone),
        reasons.facing(face.yaw, rules.zone_yaw), reasons.stayed(now - stay.since, rules.dwell))


def _refused(state: DoorState, stay: Stay, what: str, why: tuple[Reason, ...], person: str, facts: Facts,
             made: list[Decision]) -> DoorState:
    """Says once for each stay why a proved person is not let in."""
    if what in stay.told:
        return state
    made.append(_said(Kind.DENY, facts, why, person, stay.track))
    return _changed(state, replace(stay, told=(*stay.told, what)))


def _failed(state: DoorState, stay: Stay, facts: Facts, rules: Rules, made: list[Decision]) -> DoorState:
    """A face that stays in the zone unrecognised is a failed approach, and another one every so often."""
    now, face = facts.monotonic, stay.face
    due = stay.since + rules.fail_after if stay.failed_at is None else stay.failed_at + rules.fail_again
    if now < due or stay.granted_at is not None or state.rest_until is not None:
        return state
    known = face.person is not None and stay.agreeing(face.person, now, rules) >= rules.votes
    if known or any(v.person == face.person or stay.track in v.tracks for v in state.visits):
        return state
    if not stay.judged:
        made.append(_said(Kind.DENY, facts, (reasons.unjudged(stay.failing), reasons.not_counted()), None, stay.track))
        return _changed(state, replace(stay, failed_at=now))
    count = state.failures + 1
    made.append(_said(Kind.DENY, facts, (*_shortcomings(stay, now, rules), reasons.failures(count, rules.rest_after)), None, stay.track))
    state = _changed(replace(state, failures=count), replace(stay, failed_at=now))
    if count >= rules.rest_after and rules.rest > 0:
        made.append(_said(Kind.REST, facts, (reasons.failures(count, rules.rest_after),), seconds=rules.rest))
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


def _released(state: DoorState, now: float, person: str | None, rules: Rules) -> tuple[DoorState, float]:
    """The door released from now on, never longer in one piece than the settings say; and for how many seconds."""
    since = state.release.since if state.release is not None else now
    until = max(min(now + rules.pulse, since + rules.max_release), now)
    if state.release is not None:
        until = max(until, state.release.until)
    return replace(state, release=Release(since, until, person)), until - now


def _time_over(state: DoorState, facts: Facts, made: list[Decision]) -> DoorState:
    release = state.release
    if release is None or facts.monotonic < release.until:
        return state
    made.append(_said(Kind.RELOCK, facts, (reasons.time_over(facts.monotonic - release.since),), release.person))
    return replace(state, release=None)


def _rest_over(state: DoorState, facts: Facts, made: list[Decision]) -> DoorState:
    if state.rest_until is None or facts.monotonic < state.rest_until:
        return state
    made.append(_said(Kind.REST_OVER, facts, (reasons.rest_over(),)))
    # What was seen during the rest counts for nothing.
    return replace(state, rest_until=None, stays=(), failures=0)


def _stopped(state: DoorState, facts: Facts, made: list[Decision]) -> DoorState:
    """The clock cannot be trusted: locked, and nobody has been seen. Visits and failures stand."""
    if state.release is not None:
        made.append(_said(Kind.RELOCK, facts, (reasons.clock_fault(),), state.release.person))
    return replace(state, release=None, stays=(), looked_at=None)


def _changed(state: DoorState, stay: Stay) -> DoorState:
    return replace(state, stays=tuple(stay if s.track == stay.track else s for s in state.stays))


def _said(kind: Kind, facts: Facts, why: tuple[Reason, ...], person: str | None = None, track: int | None = None,
          seconds: float = 0.0) -> Decision:
    return Decision(kind, facts.monotonic, facts.wall, why, person, track, seconds)
