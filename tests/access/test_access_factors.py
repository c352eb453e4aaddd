"""Codes and cards at each level: what opens by itself, what a face must follow, and what happens when another one comes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from policy_door import ANN, Door

from edge_face.access import (
    Authority,
    Calendar,
    CodeFact,
    Command,
    Decision,
    FaceFact,
    Kind,
    PolicyRules,
    Rights,
    Rules,
    Window,
)
from edge_face.settings import ASSURANCES
from edge_face.types import LiveVerdict

BOTH = PolicyRules(level="face+code", claim=10.0)
SHY = replace(ANN, person=None, vote=None, score=0.4)
"""Ann, who is not near enough to her pictures to be recognised among all."""


def claims(face: FaceFact, person: str = "ann", score: float = 0.5, **more: object) -> FaceFact:
    """As vision compares a face with the one person who is claimed."""
    return replace(face, claimed=person, claim_score=score, claim_threshold=0.45, claim_agrees=score >= 0.45, **more)  # type: ignore[arg-type]


def duress(door: Door, person: str = "ann", factor: str = "pin") -> list[Kind]:
    return door.tell(codes=(CodeFact(factor, person, duress=True),))


def last(door: Door, kind: Kind) -> Decision:
    return [d for d in door.all if d.kind is kind][-1]


@pytest.mark.parametrize("factor", ["pin", "totp", "card"])
@pytest.mark.parametrize("level", ASSURANCES)
def test_what_a_code_or_a_card_opens_by_itself(level: str, factor: str) -> None:
    door = Door(PolicyRules(level=level))
    kinds = door.code("ann", factor)
    if level in ("face", "face+challenge", "card") or (level == "code" and factor != "card"):
        assert kinds == [Kind.CODE] and door.state.claim is None
    elif level == "face+card" or (level == "face+code" and factor != "card"):
        assert kinds == [Kind.PROMPT] and door.state.claimed == "ann" and door.state.release is None
    else:
        assert kinds == [Kind.DENY] and "factor-useless" in door.why(Kind.DENY) and door.state.release is None


@pytest.mark.parametrize("level", ["card", "code", "face+card", "face+code"])
def test_a_face_alone_is_told_once_which_factor_is_missing(level: str) -> None:
    door = Door(PolicyRules(level=level))
    assert door.watch(12.0, ANN) == [Kind.DENY, Kind.PROMPT] and "factor-missing" in door.why(Kind.DENY)
    prompt = door.state.prompt
    assert prompt is not None and prompt.what == ("card" if "card" in level else "code") and prompt.person == "ann"
    assert door.state.approach.failures == 0 and door.watch(5.0, ANN) == [Kind.PROMPT_OVER]


@pytest.mark.parametrize("level", ["card", "code", "face+card", "face+code"])
def test_where_a_face_alone_opens_for_nobody_an_unknown_one_is_no_attempt(level: str) -> None:
    door = Door(PolicyRules(level=level))
    assert door.watch(10.0, SHY) == [] and door.state.approach.failures == 0
    door = Door(PolicyRules(level=level, rights={"eve": Rights(assurance="face")}))
    assert door.watch(3.0, SHY) == [Kind.DENY] and door.state.approach.failures == 1, "here it opens for somebody"


def test_a_code_and_then_the_face_of_that_person_open_the_door() -> None:
    door = Door(BOTH)
    assert door.code("ann", "totp") == [Kind.PROMPT] and (door.last.person, door.state.prompt.what) == ("ann", "face")  # type: ignore[union-attr]
    assert door.watch(1.0, claims(SHY)) == [Kind.GRANT, Kind.PROMPT_OVER], "recognised 1:1, although not among all"
    grant = last(door, Kind.GRANT)
    assert (grant.person, grant.track, grant.authority) == ("ann", 1, Authority.FACE) and door.state.claim is None
    assert {"code", "verified", "votes", "live"} <= door.why(Kind.GRANT)
    (verified,) = [r for r in grant.reasons if r.code == "verified"]
    assert verified.values == {"score": 0.5, "threshold": 0.45, "rate": 1e-3}


@pytest.mark.parametrize("worse", [
    {"claim_agrees": False}, {"claim_score": 0.44}, {"claimed": "bob"}, {"claimed": None}, {"ambiguous": True}, {"eye_share": 0.05},
    {"yaw": 26.0}, {"live": LiveVerdict.ATTACK}, {"live": LiveVerdict.UNKNOWN}], ids=str)
def test_whatever_is_missing_opens_nothing_after_a_code(worse: dict[str, object]) -> None:
    door = Door(BOTH)
    door.code("ann")
    assert Kind.GRANT not in door.watch(12.0, replace(claims(SHY), **worse))  # type: ignore[arg-type]
    assert door.state.claim is None


def test_unsure_is_enough_with_a_code_and_an_attack_is_not() -> None:
    door = Door(BOTH)
    door.code("ann")
    assert Kind.GRANT in door.watch(1.0, claims(SHY, live=LiveVerdict.UNSURE)) and "liveness-open" in door.why(Kind.GRANT)
    door = Door(BOTH)
    door.code("ann")
    assert door.watch(1.0, claims(ANN, live=LiveVerdict.ATTACK)) == [Kind.DENY] and "liveness-attack" in door.why(Kind.DENY)
    assert door.state.approach.failures == 1 and last(door, Kind.DENY).person == "ann"


def test_the_face_of_somebody_else_is_a_failed_attempt() -> None:
    door = Door(BOTH)
    door.watch(1.0, claims(SHY, score=0.1))
    door.code("ann")
    assert door.watch(1.8, claims(SHY, score=0.1)) == []
    assert door.watch(0.5, claims(SHY, score=0.1)) == [Kind.DENY] and "claim-other" in door.why(Kind.DENY)
    assert door.state.approach.failures == 1 and last(door, Kind.DENY).person is None
    assert Kind.GRANT in door.watch(1.0, claims(replace(SHY, track=5))), "and then she comes herself"


def test_a_stolen_code_and_ones_own_face_bring_the_door_to_rest() -> None:
    door = Door(replace(BOTH, face=Rules(rest_after=3)))
    kinds = []
    for i in range(3):
        door.code("ann")
        kinds += door.watch(3.0, claims(replace(SHY, track=10 + i), score=0.1))
    assert kinds.count(Kind.DENY) == 3 and Kind.REST in kinds
    door.code("ann")
    assert Kind.GRANT not in door.watch(2.0, claims(ANN)) and "resting" in door.why(Kind.DENY)


def test_a_claim_ends_in_its_time_and_says_so() -> None:
    door = Door(BOTH)
    door.code("ann")
    assert door.tell(9.9) == [] and door.tell(0.2) == [Kind.DENY, Kind.PROMPT_OVER] and "claim-over" in door.why(Kind.DENY)
    assert Kind.GRANT not in door.watch(2.0, claims(SHY))


def test_a_second_persons_code_takes_the_place_of_the_first_ones() -> None:
    door = Door(BOTH)
    door.code("ann")
    door.watch(0.2, claims(SHY))
    assert door.code("bob") == [Kind.DENY, Kind.PROMPT] and "claim-replaced" in door.why(Kind.DENY) and door.state.claimed == "bob"
    assert Kind.GRANT not in door.watch(1.5, claims(SHY)), "what was compared with ann says nothing of bob"
    assert Kind.GRANT in door.watch(1.0, claims(SHY, "bob")) and last(door, Kind.GRANT).person == "bob"


def test_frames_from_before_the_code_do_not_count() -> None:
    door = Door(BOTH)
    door.watch(2.0, claims(SHY))
    door.code("ann", after=0.0)
    assert door.watch(0.2, claims(SHY)) == [] and door.watch(0.2, claims(SHY))[:1] == [Kind.GRANT]


def test_two_faces_that_are_both_taken_for_the_claimed_person_are_not_believed() -> None:
    door = Door(BOTH)
    door.code("ann")
    assert Kind.GRANT not in door.watch(2.0, claims(SHY), claims(replace(SHY, track=9))) and "named-twice" in door.why(Kind.DENY)


def test_a_use_is_spent_at_the_grant_and_once() -> None:
    door = Door(replace(BOTH, rights={"ann": Rights(uses=1)}))
    door.code("ann")
    assert door.state.used == ()
    door.watch(1.0, claims(SHY))
    assert door.state.used == (("ann", 1),) and door.code("ann") == [Kind.DENY] and "used-up" in door.why(Kind.DENY)


def test_who_may_not_enter_by_the_hour_is_told_so_at_the_code_and_at_the_face() -> None:
    office = Calendar("UTC", {"office": (Window(frozenset(range(7)), 0, 12 * 60),)})
    door = Door(replace(BOTH, rights={"ann": Rights(("office",))}, calendar=office), hour=11.9995)
    assert door.code("ann") == [Kind.PROMPT]
    assert Kind.GRANT not in door.watch(4.0) + door.watch(2.0, claims(SHY)) and "outside-hours" in door.why(Kind.DENY)
    assert door.code("ann") == [Kind.DENY]


def test_a_lockdown_and_an_open_door_end_a_claim() -> None:
    for end in (lambda door: door.order(Command.LOCKDOWN), lambda door: door.tell(fire=True)):
        door = Door(BOTH)
        door.code("ann")
        assert Kind.PROMPT_OVER in end(door) + door.tell() and door.state.claim is None


def test_a_claim_dies_with_the_clock() -> None:
    door = Door(BOTH)
    door.code("ann")
    door.tell(-100.0)
    assert door.state.claim is None and door.state.prompt is None


@pytest.mark.parametrize("level", ["face+code", "face+card"])
def test_without_a_camera_the_settings_say_what_opens(level: str) -> None:
    door = Door(PolicyRules(level=level))
    door.tell(seeing=False)
    assert door.code("ann") == [Kind.DENY] and "no-camera" in door.why(Kind.DENY)
    door = Door(PolicyRules(level=level, without_camera="second"))
    door.tell(seeing=False)
    assert door.code("ann") == [Kind.CODE] and {"code", "second-alone"} <= door.why(Kind.CODE)
    assert door.code("ann", "card") == ([Kind.CODE] if level == "face+card" else [Kind.DENY])


def test_visitors_get_in_by_their_code_where_others_show_their_face_too() -> None:
    door = Door(replace(BOTH, rights={"v1": Rights(uses=1)}))
    assert door.code("v1", "visitor") == [Kind.CODE]


def test_minors_give_a_code_and_their_face_where_a_face_is_enough_for_others() -> None:
    door = Door(PolicyRules(level="face", rights={"ann": Rights(minor=True)}))
    assert door.watch(1.0, ANN) == [Kind.DENY, Kind.PROMPT] and "factor-missing" in door.why(Kind.DENY)
    assert door.code("ann") == [Kind.PROMPT] and Kind.GRANT in door.watch(1.0, claims(ANN))


def test_whoever_stood_there_already_is_let_in_again_by_code_and_face() -> None:
    door = Door(BOTH)
    for _ in range(2):
        door.code("ann")
        assert Kind.GRANT in door.watch(1.0, claims(ANN))
        door.watch(5.0, ANN)


def test_who_is_forced_is_let_in_like_anybody_and_that_is_told_afterwards() -> None:
    door, plain = Door(PolicyRules(level="code")), Door(PolicyRules(level="code"))
    assert duress(door) == [Kind.CODE, Kind.DURESS] and door.last.person == "ann" and plain.code("ann") == [Kind.CODE]
    assert (door.state, [d.reasons for d in door.all[:1]]) == (plain.state, [d.reasons for d in plain.all[:1]]), "nothing shows"
    door = Door(BOTH)
    assert duress(door) == [Kind.PROMPT]
    assert door.watch(1.0, claims(SHY)) == [Kind.GRANT, Kind.DURESS, Kind.PROMPT_OVER]


def test_who_is_forced_and_not_let_in_is_told_of_too() -> None:
    door = Door(BOTH)
    assert duress(door, factor="card") == [Kind.DENY, Kind.DURESS]
    duress(door)
    assert door.tell(11.0) == [Kind.DENY, Kind.DURESS, Kind.PROMPT_OVER]
    duress(door)
    assert door.code("ann") == [] and door.tell(11.0) == [Kind.DENY, Kind.DURESS, Kind.PROMPT_OVER], "another code does not take it back"
    duress(door)
    assert door.code("bob") == [Kind.DENY, Kind.DURESS, Kind.PROMPT]
