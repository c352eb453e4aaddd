"""How the approach answers: a grant, a refusal that is said once, a failed attempt that is counted."""

from __future__ import annotations

from dataclasses import replace

from edge_face.access import liveness_reasons, reasons
from edge_face.access.approach_state import ApproachState, Ask, Terms, Visit, Wish
from edge_face.access.facts import FaceFact
from edge_face.access.intent import Stay
from edge_face.access.outcomes import Kind
from edge_face.access.reasons import Reason
from edge_face.access.rules import Rules

ASKED = 15.0
"""Seconds for which somebody who was not let in is asked for another factor."""


def granted(state: ApproachState, stay: Stay, why: tuple[Reason, ...], person: str, made: list[Wish], *,
            claimed: bool = False) -> ApproachState:
    """Let in, and once in this approach."""
    others = sum(s.track != stay.track and s.granted_at is None and s.last == state.at for s in state.stays)
    made.append(Wish(Kind.GRANT, (*why, *((reasons.company(others),) if others else ())), person, stay.track, claimed=claimed))
    return inside(state, person, stay)


def inside(state: ApproachState, person: str, stay: Stay | None = None) -> ApproachState:
    """This person was let in: nothing more is asked of them. `stay`: by which face."""
    visit = state.visit_of(person)
    tracks = visit.tracks if stay is None and visit is not None else (stay.track,) if stay is not None else ()
    state = replace(state, failures=0, trial=None if state.trial is not None and state.trial.person == person else state.trial,
                    ask=None if state.ask is not None and state.ask.person == person else state.ask)
    state = state.with_visit(Visit(person, tracks))
    return state if stay is None else state.with_stay(replace(stay, granted_at=state.at))


def refused(state: ApproachState, stay: Stay, why: tuple[Reason, ...], person: str, made: list[Wish],
            factor: str | None = None) -> ApproachState:
    """Says once for each stay why a proved person is not let in. `factor`: what they are asked for instead."""
    what = why[0].code
    if what in stay.told:
        return state
    made.append(Wish(Kind.DENY, why, person, stay.track))
    state = state.with_stay(replace(stay, told=(*stay.told, what)))
    return state if factor is None else asked(state, factor, person, stay.track)


def asked(state: ApproachState, factor: str, person: str | None, track: int) -> ApproachState:
    return replace(state, ask=Ask(factor, person, track, state.at + ASKED))


def counted(state: ApproachState, stay: Stay, why: tuple[Reason, ...], person: str | None, rules: Rules, made: list[Wish]) -> ApproachState:
    """A failed attempt to get in; after too many in a row faces rest."""
    count = state.failures + 1
    row = reasons.failures(count, rules.rest_after)
    made.append(Wish(Kind.DENY, (*why, row), person, stay.track, failed=True))
    state = replace(state.with_stay(replace(stay, failed_at=state.at)), failures=count)
    if count < rules.rest_after or rules.rest <= 0:
        return replace(state, failures=min(count, rules.rest_after))
    made.append(Wish(Kind.REST, (row,), seconds=rules.rest))
    return replace(dropped(state), failures=0, rest_until=state.at + rules.rest, ask=None)


def attacked(state: ApproachState, stay: Stay, face: FaceFact, person: str, rules: Rules, terms: Terms, made: list[Wish]) -> ApproachState:
    """A proved face that passive detection calls an attack: a failed attempt, and another one every so often."""
    if stay.failed_at is not None and state.at - stay.failed_at < rules.fail_again:
        waits = state.ask is not None and state.ask.person == person
        return state if waits else asked(state, terms.level(person).second, person, stay.track)
    state = asked(one_try_less(state, person, stay.track), terms.level(person).second, person, stay.track)
    return counted(state, stay, (liveness_reasons.attack(face.live_score, face.live_against), *score_of(face)), person, rules, made)


def one_try_less(state: ApproachState, person: str, track: int, pause: float = 0.0) -> ApproachState:
    """Somebody was not taken for a living person; `pause`: seconds before the next challenge."""
    visit = state.visit_of(person) or Visit(person, (track,), granted=False)
    return state.with_visit(replace(visit, tries=visit.tries + 1, again_at=state.at + pause))


def dropped(state: ApproachState) -> ApproachState:
    """A challenge that cannot go on is one that was not passed: whoever could begin anew would wait for the order that fits."""
    if state.trial is None:
        return state
    return replace(one_try_less(state, state.trial.person, state.trial.track), trial=None)


def score_of(face: FaceFact) -> tuple[Reason, ...]:
    return (reasons.matched(face.score, face.threshold),)
