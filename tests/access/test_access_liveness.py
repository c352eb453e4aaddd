"""A face must be that of a living person: what each verdict and each challenge brings about."""

from __future__ import annotations

from dataclasses import replace

import pytest
from policy_door import ANN, Door
from policy_head import FLAT, SOLID, Turner, looks

from edge_face.access import Command, FaceFact, Kind, PolicyRules, Rights, Rules
from edge_face.access.challenge import Action, ChallengeRules
from edge_face.types import LiveVerdict, TrackState

ACTIONS = ChallengeRules((Action.LEFT, Action.RIGHT))
FACE = PolicyRules(level="face")
ASKING = PolicyRules(level="face+challenge", challenge=ACTIONS)
BOB = replace(ANN, track=2, person="bob", vote="bob", eye_share=0.08)
UNKNOWN, UNSURE, ATTACK = (replace(ANN, live=v, live_score=0.2, live_against=("moire",)) for v in
                           (LiveVerdict.UNKNOWN, LiveVerdict.UNSURE, LiveVerdict.ATTACK))
STEP = 1 / 15


def said(door: Door, kind: Kind) -> list[set[str]]:
    return [{r.code for r in d.reasons} for d in door.all if d.kind is kind]


def act(door: Door, seconds: float, like: FaceFact = ANN, nose: float = SOLID, dice: int = 1, *others: FaceFact) -> list[Kind]:
    turner, kinds = Turner(nose), []
    for _ in range(round(seconds / STEP)):
        face = turner.face(like, door.state, door.now)
        kinds += door.tell(STEP, faces=[face, *others], dice=dice)
        if Kind.GRANT in kinds:
            break
    return kinds


def test_a_face_that_passive_detection_calls_alive_is_enough_where_the_owner_chose_so() -> None:
    door = Door(FACE)
    assert door.watch(1.0, ANN) == [Kind.GRANT] and "live" in door.why(Kind.GRANT)


def test_an_attack_is_a_failed_attempt_that_names_the_cues() -> None:
    door = Door(FACE)
    assert door.watch(5.0, ATTACK) == [Kind.DENY, Kind.PROMPT] and door.state.approach.failures == 1
    deny = door.all[0]
    assert deny.person == "ann" and deny.reasons[0].code == "liveness-attack"
    assert "not taken for a living person: the pattern of a screen" in deny.reasons[0].text
    assert door.state.prompt is not None and door.state.prompt.what == "code"
    assert door.watch(10.0, ATTACK)[0] is Kind.DENY and door.state.approach.failures == 2, "again every so often"


def test_attacks_bring_the_door_to_rest() -> None:
    door = Door(replace(FACE, face=Rules(rest_after=2)))
    assert [k for k in door.watch(12.0, ATTACK) if k in (Kind.DENY, Kind.REST)] == [Kind.DENY, Kind.DENY, Kind.REST, Kind.DENY]
    assert "resting" in door.why(Kind.DENY)


def test_after_two_attacks_in_one_approach_the_face_alone_opens_nothing_any_more() -> None:
    door = Door(FACE)
    door.watch(11.0, ATTACK)
    assert Kind.GRANT not in door.watch(5.0, ANN) and "liveness-tries" in door.why(Kind.DENY)
    door.watch(4.0)
    assert Kind.GRANT in door.watch(1.0, replace(ANN, track=8)), "another approach"


def test_unknown_waits_and_then_another_factor_is_asked_for() -> None:
    door = Door(FACE)
    assert door.watch(1.9, UNKNOWN) == []
    assert door.watch(1.0, UNKNOWN) == [Kind.DENY, Kind.PROMPT] and "liveness-unknown" in door.why(Kind.DENY)
    assert door.watch(0.2, ANN) == [Kind.GRANT, Kind.PROMPT_OVER], "as soon as it is known"


def test_unsure_never_opens_and_asks_for_a_code() -> None:
    door = Door(FACE)
    assert door.watch(8.0, UNSURE) == [Kind.DENY, Kind.PROMPT] and "liveness-unsure" in door.why(Kind.DENY)
    assert door.state.approach.failures == 0 and door.code("ann") == [Kind.CODE, Kind.PROMPT_OVER]


def test_a_head_that_does_what_it_is_asked_for_is_let_in() -> None:
    door = Door(ASKING)
    begun = door.now
    kinds = act(door, 10)
    prompts = [d.reasons[0].code for d in door.all if d.kind is Kind.PROMPT]
    assert kinds[-2:] == [Kind.GRANT, Kind.PROMPT_OVER] and prompts[:2] == ["prompt-right", "prompt-left"]
    assert door.now - begun < 5.0
    grant = next(d for d in door.all if d.kind is Kind.GRANT)
    assert {"votes", "matched", "live"} <= door.why(Kind.GRANT) and any("relief" in r.values for r in grant.reasons), "evidence is said"
    assert (grant.person, grant.track) == ("ann", 1) and door.state.approach.trial is None and door.state.prompt is None


def test_dice_choose_the_order() -> None:
    first = []
    for dice in range(6):
        door = Door(ASKING)
        act(door, 1, ANN, SOLID, dice)
        first.append(next(d.reasons[0].code for d in door.all if d.kind is Kind.PROMPT))
    assert set(first) == {"prompt-left", "prompt-right"}


def test_dice_choose_the_pauses_too() -> None:
    at = []
    for dice in (1, 2**64 - 1):
        door = Door(ASKING)
        assert Kind.GRANT in act(door, 10, ANN, SOLID, dice)
        asked = [(d.reasons[0].code, d.monotonic) for d in door.all if d.kind is Kind.PROMPT]
        turns = [moment for code, moment in asked if code in ("prompt-left", "prompt-right")]
        at.append(turns[1] - turns[0])
        assert ("prompt-wait" in [code for code, _ in asked[1:-1]]) is (dice > 1)
    assert at[1] - at[0] > 0.4


def test_a_print_that_is_turned_is_denied_and_counted_until_only_a_code_helps() -> None:
    door = Door(ASKING)
    assert Kind.GRANT not in act(door, 12, ANN, FLAT)
    assert [codes & {"liveness-plane", "liveness-tries"} for codes in said(door, Kind.DENY)] == [
        {"liveness-plane"}, {"liveness-plane"}, {"liveness-tries"}]
    assert all("not taken for a living person" in d.reasons[0].text for d in door.all if d.kind is Kind.DENY)
    assert door.state.approach.failures == 2 and door.state.prompt is not None and door.state.prompt.what == "code"
    assert door.code("ann") == [Kind.CODE, Kind.PROMPT_OVER], "the other factor"


@pytest.mark.parametrize(("verdict", "code"), [(LiveVerdict.ATTACK, "liveness-attack"), (LiveVerdict.UNSURE, "liveness-unsure"),
                                               (LiveVerdict.UNKNOWN, "liveness-unknown")])
def test_a_challenge_that_was_passed_opens_nothing_unless_passive_detection_agrees(verdict: LiveVerdict, code: str) -> None:
    door = Door(ASKING)
    turner = Turner()
    for _ in range(90):
        face = turner.face(ANN, door.state, door.now)
        trial = door.state.approach.trial
        face = replace(face, live=verdict) if trial is not None else face
        door.tell(STEP, faces=[face], dice=1)
    assert Kind.GRANT not in [d.kind for d in door.all] and any(code in codes for codes in said(door, Kind.DENY))


def test_what_is_called_an_attack_is_asked_for_nothing() -> None:
    door = Door(ASKING)
    act(door, 3, ATTACK)
    assert said(door, Kind.PROMPT) == [{"prompt-code"}] and door.state.approach.failures == 1


def test_one_challenge_at_a_time_and_the_nearest_face_first() -> None:
    door = Door(ASKING)
    for _ in range(8):
        door.tell(STEP, faces=[looks(ANN, 0.0), replace(looks(BOB, 0.0), eye_share=0.08)], dice=1)
    trial = door.state.approach.trial
    assert trial is not None and trial.person == "ann"
    assert len([d for d in door.all if d.kind is Kind.PROMPT]) == 1


def test_another_face_in_mid_challenge_ends_it() -> None:
    door = Door(ASKING)
    act(door, 4, ANN, SOLID, 1, replace(BOB, person=None, vote=None, score=0.1))
    assert any("liveness-company" in codes for codes in said(door, Kind.DENY)) and Kind.GRANT not in [d.kind for d in door.all]


@pytest.mark.parametrize("other", [{"person": "bob", "vote": "bob"}, {"ambiguous": True}], ids=str)
def test_somebody_else_on_the_same_track_ends_it(other: dict[str, object]) -> None:
    door = Door(ASKING)
    turner, kinds = Turner(), []
    for i in range(40):
        face = turner.face(ANN, door.state, door.now)
        kinds += door.tell(STEP, faces=[replace(face, **other) if i == 15 else face], dice=1)  # type: ignore[arg-type]
    assert kinds.count(Kind.DENY) == 1 and Kind.GRANT not in kinds
    assert "liveness-person" in door.why(Kind.DENY) or "liveness-track" in door.why(Kind.DENY)


def test_a_camera_that_goes_blind_in_mid_challenge_takes_a_try() -> None:
    door = Door(ASKING)
    for _ in range(2):
        act(door, 1.2)
        assert door.state.approach.trial is not None
        door.tell(seeing=False)
        assert "liveness-interrupted" in door.why(Kind.DENY) and door.state.approach.trial is None
        door.tell(seeing=True)
    assert Kind.GRANT not in act(door, 3) and "liveness-tries" in door.why(Kind.DENY), "whoever begins anew waits for the order that fits"


def test_five_pictures_a_second_hold_no_challenge_and_a_code_is_asked_for() -> None:
    door = Door(ASKING)
    for _ in range(12):
        door.tell(0.2, faces=[looks(ANN, 0.0)], dice=1)
    assert "liveness-slow" in door.why(Kind.DENY) and door.state.approach.failures == 0, "nobody's attempt"
    assert door.state.prompt is not None and door.state.prompt.what == "code"


def test_own_actions_are_asked_for_and_where_no_turn_is_among_them_another_factor() -> None:
    door = Door(replace(ASKING, rights={"ann": Rights(actions=("up", "blink"))}))
    assert act(door, 3) == [Kind.DENY, Kind.PROMPT] and "liveness-unheld" in door.why(Kind.DENY)
    door = Door(replace(ASKING, rights={"ann": Rights(actions=("left", "up"))}))
    act(door, 1)
    trial = door.state.approach.trial
    assert trial is not None and set(trial.challenge.actions) == {Action.LEFT, Action.UP}


def test_a_longer_release_is_the_persons_own_within_what_the_lock_bears() -> None:
    door = Door(replace(FACE, rights={"ann": Rights(release=8.0)}))
    assert door.watch(1.0, ANN) == [Kind.GRANT] and door.last.seconds == pytest.approx(8.0)
    for odd, seconds in ((1e9, 30.0), (-1.0, 3.0), (float("nan"), 3.0)):
        door = Door(replace(FACE, rights={"ann": Rights(release=odd)}))
        assert door.watch(1.0, ANN) == [Kind.GRANT] and door.last.seconds == pytest.approx(seconds)
    assert Door(replace(FACE, rights={"v": Rights(release=9.0)})).code("v") == [Kind.CODE]


def test_a_lockdown_ends_what_is_asked_for() -> None:
    door = Door(ASKING)
    act(door, 1.0)
    assert door.order(Command.LOCKDOWN) == [Kind.LOCKDOWN, Kind.RELOCK, Kind.PROMPT_OVER]
    assert Kind.PROMPT not in act(door, 3.0)


def test_a_door_that_stands_open_asks_for_nothing() -> None:
    door = Door(ASKING)
    door.tell(fire=True)
    assert act(door, 3.0) == [] and door.watch(3.0, ATTACK) == []


def test_a_code_given_in_mid_challenge_opens_and_nothing_more_is_asked() -> None:
    door = Door(ASKING)
    act(door, 1.0)
    assert door.code("ann") == [Kind.CODE, Kind.PROMPT_OVER] and door.state.approach.trial is None
    assert act(door, 2.0) == []


def test_time_that_runs_backwards_ends_a_challenge() -> None:
    door = Door(ASKING)
    act(door, 1.0)
    assert door.tell(-50.0) == [Kind.PROMPT_OVER] and door.state.approach.trial is None
    assert door.state.approach.stays == ()


def test_somebody_elses_face_right_after_the_challenge_opens_nothing() -> None:
    door = Door(ASKING)
    turner = Turner()
    for _ in range(90):
        face = turner.face(replace(ANN, live=LiveVerdict.UNKNOWN), door.state, door.now)
        door.tell(STEP, faces=[face], dice=1)
        if door.state.approach.trial is not None and door.state.approach.trial.passed_at is not None:
            break
    # The pooled embedding names her still; this very picture does not.
    unlike = replace(looks(ANN, 0.0), vote=None)
    assert [k for _ in range(5) for k in door.tell(STEP, faces=[unlike]) if k is Kind.GRANT] == []
    assert Kind.DENY in door.tell(STEP, faces=[replace(unlike, vote="bob")]) and "liveness-identity" in door.why(Kind.DENY)


def test_nothing_is_asked_for_any_more_when_pictures_stop() -> None:
    door = Door(ASKING)
    act(door, 1.0)
    assert door.tell(6.0) == [] and door.tell(2.0) == [Kind.PROMPT_OVER] and door.state.approach.trial is not None
    assert Kind.DENY in door.tell(faces=[looks(ANN, 0.0)]) and door.state.approach.trial is None


def test_a_face_that_is_not_found_any_more_opens_nothing_although_its_challenge_was_passed() -> None:
    door = Door(ASKING)
    turner = Turner()
    for _ in range(90):
        face = turner.face(replace(ANN, live=LiveVerdict.UNKNOWN), door.state, door.now)
        door.tell(STEP, faces=[face], dice=1)
        if door.state.approach.trial is not None and door.state.approach.trial.passed_at is not None:
            break
    gone = replace(face, state=TrackState.COASTING, live=LiveVerdict.LIVE)
    assert [k for _ in range(40) for k in door.tell(STEP, faces=[gone]) if k is not Kind.PROMPT_OVER] == [Kind.DENY]
    assert "liveness-identity" in door.why(Kind.DENY)
