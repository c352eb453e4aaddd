"""Is the proved face that of a living person? Passive detection says so, or a challenge and passive detection, as the level asks.

UNKNOWN waits for a while, UNSURE asks for another factor, ATTACK is a failed attempt: none of them opens.
"""

from __future__ import annotations

import math
from dataclasses import replace

from edge_face.access import liveness_reasons as why
from edge_face.access.answers import asked, attacked, counted, granted, one_try_less, refused
from edge_face.access.approach_state import ApproachState, Terms, Trial, Visit, Wish
from edge_face.access.assurance import Level, Use
from edge_face.access.challenge import NOT_HELD, Outcome, advance, choose, start
from edge_face.access.facts import FaceFact
from edge_face.access.intent import HOLD_SHARE, Stay, near_by
from edge_face.access.outcomes import Kind
from edge_face.access.reasons import Reason
from edge_face.access.rules import Rules
from edge_face.types import LiveVerdict, TrackState

PATIENCE = 2.0
"""Seconds for which passive detection may say nothing before somebody is asked for another factor."""
AGAIN = 1.5
"""Seconds after a challenge that was passed in which the same face must be there, and found alive."""
PAUSE = 1.0
"""Seconds between two challenges."""
WAIT = "wait"
FRESH = 16
"""Bits of the dice that the order may have used; the rest is for pauses."""
MOST_TURNED = 0.5
"""Eyes of a turned head are nearer to each other, by the cosine of its yaw; at most so much is made up for."""


def alive(state: ApproachState, stay: Stay, face: FaceFact, person: str, proof: tuple[Reason, ...], level: Level, rules: Rules,
          terms: Terms, made: list[Wish]) -> ApproachState:
    """A proved person who may enter: let in when the level's evidence of life is there."""
    visit = state.visit_of(person)
    trial = state.trial if state.trial is not None and state.trial.person == person and state.trial.track == stay.track else None
    if face.live is LiveVerdict.ATTACK and trial is None:
        return attacked(state, stay, face, person, rules, terms, made)
    if face.live is LiveVerdict.ATTACK and trial is not None and trial.passed_at is not None:
        return _failed(state, trial, why.attack(face.live_score, face.live_against), rules, terms, made)
    if visit is not None and visit.tries >= terms.tries:
        state = state if trial is None else replace(state, trial=None)
        return refused(state, stay, (why.no_more_tries(terms.tries), *proof), person, made, level.second)
    passed: tuple[Reason, ...] = ()
    if level.face is Use.CHALLENGE:
        if trial is None:
            return _begun(state, stay, person, proof, level, terms, made)
        if trial.passed_at is None:
            return state
        proof, passed = trial.proof, (trial.challenge.evidence,)
    match face.live:
        case LiveVerdict.LIVE:
            return granted(state, stay, (*proof, *passed, why.live(face.live_score)), person, made)
        case LiveVerdict.UNSURE if trial is None:
            return refused(state, stay, (why.unsure(face.live_score), *proof), person, made, level.second)
        case LiveVerdict.UNKNOWN if trial is None and state.at - stay.since >= PATIENCE:
            return refused(state, stay, (why.unknown(), *proof), person, made, level.second)
    return state  # after a challenge `challenged` waits for the verdict


def challenged(state: ApproachState, faces: tuple[FaceFact, ...], rules: Rules, terms: Terms, made: list[Wish]) -> ApproachState:
    """The challenge that is going on, one picture later."""
    trial = state.trial
    if trial is None:
        return state
    face = next((f for f in faces if f.track == trial.track), None)
    if trial.passed_at is not None:
        lost = face is not None and (face.ambiguous or face.person not in (trial.person, None)
                                     or (face.judged and face.vote not in (trial.person, None)))
        if lost or state.at - trial.passed_at > AGAIN:
            return _not_proved(state, trial, None if lost else face, rules, terms, made)
        return state
    others = sum(near_by(f, rules) and f.state is TrackState.CONFIRMED for f in faces if f.track != trial.track)
    challenge = advance(trial.challenge, face, state.at, terms.challenge, others=others)
    wanted = challenge.wanted.value if challenge.wanted is not None else WAIT
    trial = replace(trial, challenge=challenge, wanted=wanted, asked_at=trial.asked_at if wanted == trial.wanted else state.at)
    if challenge.outcome is Outcome.PASSED:
        trial = replace(trial, passed_at=state.at, wanted="face", asked_at=state.at)
    elif challenge.outcome is Outcome.FAILED:
        return _failed(state, trial, challenge.reason or why.challenge_failed(), rules, terms, made)
    return replace(state, trial=trial)


def passed_by(state: ApproachState, face: FaceFact, rules: Rules) -> bool:
    """Is it the face that has just passed its challenge? The challenge held the identity through the turn, in which the face may still
    be: it counts wherever it looks, as near as the zone if it looked straight."""
    trial = state.trial
    return (trial is not None and trial.passed_at is not None and face.track == trial.track and face.person == trial.person
            and face.sound and face.state is TrackState.CONFIRMED and not face.ambiguous and face.score >= face.threshold
            and (not face.judged or face.vote == trial.person)
            and face.eye_share >= HOLD_SHARE * rules.zone * max(math.cos(math.radians(min(abs(face.yaw), 90.0))), MOST_TURNED))


def interrupted(state: ApproachState, terms: Terms, rules: Rules, made: list[Wish]) -> ApproachState:
    """Nothing can be seen any more in mid-challenge."""
    return state if state.trial is None else _failed(state, state.trial, why.interrupted(), rules, terms, made, attempt=False)


def _begun(state: ApproachState, stay: Stay, person: str, proof: tuple[Reason, ...], level: Level, terms: Terms,
           made: list[Wish]) -> ApproachState:
    """One challenge at a time at a door; others wait."""
    visit = state.visit_of(person)
    if state.trial is not None or (visit is not None and state.at < visit.again_at):
        return state
    actions = choose(terms.challenge, terms.dice, terms.actions(person))
    if not actions:
        return refused(state, stay, (why.no_challenge(), *proof), person, made, level.second)
    challenge = start(stay.track, person, actions, state.at, terms.challenge, dice=terms.dice >> FRESH)
    wanted = challenge.wanted.value if challenge.wanted is not None else WAIT
    state = state if visit is not None else state.with_visit(Visit(person, (stay.track,), granted=False))
    return replace(state, trial=Trial(challenge, person, stay.track, proof, wanted, state.at), ask=None)


def _not_proved(state: ApproachState, trial: Trial, face: FaceFact | None, rules: Rules, terms: Terms, made: list[Wish]) -> ApproachState:
    """Passed, but then the face was another one, or not surely alive, or not there."""
    if face is None or face.person is None:
        reason = why.not_proved_again(AGAIN)
    elif face.live is LiveVerdict.UNKNOWN:
        reason = why.unknown()
    elif face.live is LiveVerdict.UNSURE:
        reason = why.unsure(face.live_score)
    else:
        reason = why.not_proved_again(AGAIN)
    return _failed(state, trial, reason, rules, terms, made, attempt=False)


def _failed(state: ApproachState, trial: Trial, reason: Reason, rules: Rules, terms: Terms, made: list[Wish], *,
            attempt: bool = True) -> ApproachState:
    """`attempt`: it counts as a failed one, unless the challenge could not be held at all."""
    state = one_try_less(replace(state, trial=None), trial.person, trial.track, PAUSE)
    visit = state.visit_of(trial.person)
    tries = visit.tries if visit is not None else 1
    said = (why.not_alive(reason), why.try_of(tries, terms.tries))
    if tries >= terms.tries or reason.code in NOT_HELD:
        state = asked(state, terms.level(trial.person).second, trial.person, trial.track)
    stay = next((s for s in state.stays if s.track == trial.track), None)
    if attempt and reason.code not in NOT_HELD and stay is not None and state.rest_until is None:
        return counted(state, stay, said, trial.person, rules, made)
    made.append(Wish(Kind.DENY, said, trial.person, trial.track))
    return state if stay is None else state.with_stay(replace(stay, failed_at=state.at))
