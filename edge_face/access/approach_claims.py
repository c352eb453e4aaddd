"""The face that must follow a code or a card: it is compared with the one person whose code or card it is (1:1)."""

from __future__ import annotations

from edge_face.access import liveness_reasons as why
from edge_face.access import reasons
from edge_face.access.answers import attacked, counted, granted, refused
from edge_face.access.approach_live import PATIENCE
from edge_face.access.approach_state import ApproachState, Claim, Terms, Wish
from edge_face.access.facts import FaceFact
from edge_face.access.intent import Stay, in_zone
from edge_face.access.policy_reasons import right_code
from edge_face.access.reasons import Reason
from edge_face.access.rules import Rules
from edge_face.types import LiveVerdict


def verified(state: ApproachState, faces: tuple[FaceFact, ...], rules: Rules, terms: Terms, made: list[Wish]) -> ApproachState:
    """Lets in the claimed person when their face is there; says of the nearest face when it is somebody else's."""
    claim = terms.claim
    if claim is None or terms.open:
        return state
    here = {f.track: f for f in faces}
    at_door = [(s, here[s.track]) for s in state.stays if s.last == state.at and s.track in here and in_zone(here[s.track], rules)]
    at_door.sort(key=lambda both: (-both[1].eye_share, both[0].track))
    for stay, face in at_door:
        if _proved(stay, face, state.at, rules, claim):
            return _answered(state, stay, face, claim, faces, rules, terms, made)
    return _of_another(state, *at_door[0], claim, rules, made) if at_door else state


def _proved(stay: Stay, face: FaceFact, now: float, rules: Rules, claim: Claim) -> bool:
    """Does this very frame, with those before it, show the claimed person, who means to enter?"""
    return (face.claimed == claim.person and face.claim_agrees and not face.ambiguous and face.claim_score >= face.claim_threshold
            and now - stay.since >= rules.dwell and stay.claims[-1:] != () and stay.claims[-1].monotonic == now
            and stay.claiming(claim.person, claim.since, now, rules) >= rules.votes)


def _answered(state: ApproachState, stay: Stay, face: FaceFact, claim: Claim, faces: tuple[FaceFact, ...], rules: Rules, terms: Terms,
              made: list[Wish]) -> ApproachState:
    now, person = state.at, claim.person
    twice = sum(f.claimed == person and f.sound and f.claim_score >= f.claim_threshold for f in faces) > 1
    against = reasons.named_twice() if twice else None
    if against is None and state.rest_until is not None:
        against = reasons.resting(state.rest_until - now)
    against = against or terms.refuse(person)
    proof = _proof(stay, face, claim, now, rules, terms)
    if against is not None:
        return refused(state, stay, (against, *proof), person, made)
    match face.live:
        case LiveVerdict.ATTACK:
            return attacked(state, stay, face, person, rules, terms, made)
        case LiveVerdict.LIVE:
            return granted(state, stay, (*proof, why.live(face.live_score)), person, made, claimed=True)
        case LiveVerdict.UNSURE:
            return granted(state, stay, (*proof, why.not_an_attack(face.live_score)), person, made, claimed=True)
    waited = now - max(stay.since, claim.since) >= PATIENCE
    return refused(state, stay, (why.unknown(), *proof), person, made) if waited else state


def _proof(stay: Stay, face: FaceFact, claim: Claim, now: float, rules: Rules, terms: Terms) -> tuple[Reason, ...]:
    agreeing = stay.claiming(claim.person, claim.since, now, rules)
    return (right_code(claim.factor), why.verified(face.claim_score, face.claim_threshold, terms.verify_rate),
            reasons.votes(agreeing, len(stay.claims), rules.votes, rules.of, rules.window), reasons.near(face.eye_share, rules.zone),
            reasons.facing(face.yaw, rules.zone_yaw), reasons.stayed(now - stay.since, rules.dwell))


def _of_another(state: ApproachState, stay: Stay, face: FaceFact, claim: Claim, rules: Rules, made: list[Wish]) -> ApproachState:
    """The nearest face was compared often enough and is not the claimed person's: a failed attempt, and another one every so often."""
    now = state.at
    due = max(stay.since, claim.since) + rules.fail_after
    if stay.failed_at is not None and stay.failed_at >= claim.since:
        due = max(due, stay.failed_at + rules.fail_again)
    others = stay.claiming(None, claim.since, now, rules)
    if now < due or others < rules.votes or face.claimed != claim.person or state.rest_until is not None:
        return state
    if stay.claiming(claim.person, claim.since, now, rules) >= rules.votes:
        return state  # it is theirs, only not in this very frame
    said = (why.claim_other(face.claim_score, face.claim_threshold), reasons.near(face.eye_share, rules.zone))
    return counted(state, stay, said, None, rules, made)
