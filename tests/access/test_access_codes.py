"""Codes and cards, rights and uses: who may enter just now, and what becomes of guessing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from policy_door import ANN, MONDAY, Door

from edge_face.access import (
    Alarm,
    Authority,
    Calendar,
    CodeFact,
    Command,
    FaceFact,
    Inputs,
    Kind,
    Mode,
    PolicyRules,
    Rights,
    Rules,
    Window,
    step,
)
from edge_face.settings import AccessSettings

CALENDAR = Calendar("UTC", {"office": (Window(frozenset(range(5)), 8 * 60, 18 * 60),)})
RIGHTS = {"ann": Rights(("office",)), "v1": Rights(uses=1), "v2": Rights(since=MONDAY, until=MONDAY + 86_400, uses=2)}
RULES = PolicyRules(Rules(), RIGHTS, CALENDAR, access=AccessSettings(code_fails=3, code_rest=30.0, many_failures=0), level="face")


def test_a_code_and_a_card_open_in_their_owners_name() -> None:
    door = Door(RULES)
    assert door.code("bob") == [Kind.CODE] and (door.last.person, door.last.authority) == ("bob", Authority.CODE)
    assert door.code("bob", "card") == [Kind.CODE] and "card" in door.last.reasons[0].text
    assert door.state.release.person == "bob"  # type: ignore[union-attr]


def test_hours_hold_for_faces_and_codes_alike() -> None:
    door = Door(RULES, hour=17.999)
    assert door.code("ann") == [Kind.CODE]
    assert door.tell(10.0) == [Kind.RELOCK] and door.code("ann") == [Kind.DENY]
    assert "outside-hours" in door.why(Kind.DENY) and door.last.person == "ann"
    assert door.watch(3.0, ANN) == [Kind.DENY], "once for each stay"
    assert "outside-hours" in door.why(Kind.DENY) and "matched" in door.why(Kind.DENY)
    assert door.state.codes.fails == 0 and door.state.approach.failures == 0, "no failure: they are who they are"
    assert door.code("bob") == [Kind.CODE], "who has no limits"


def test_whoever_waits_for_the_hour_is_let_in_when_it_strikes() -> None:
    door = Door(RULES, hour=7.999)
    assert door.watch(3.0, ANN) == [Kind.DENY]
    assert door.watch(2.0, ANN) == [Kind.GRANT]


def test_a_clock_that_is_not_believed_keeps_out_whoever_has_limited_times_and_nobody_else() -> None:
    door = Door(RULES)
    door.tell(clock_trusted=False)
    assert door.code("ann") == [Kind.DENY] and "clock-untrusted" in door.why(Kind.DENY)
    assert door.code("v2") == [Kind.DENY] and door.code("v1") == [Kind.CODE] and door.code("bob") == [Kind.CODE]


def test_a_use_is_spent_by_the_entry_before_the_store_knows_of_it() -> None:
    door = Door(RULES)
    assert door.code("v1", "visitor") == [Kind.CODE] and door.code("v1", "visitor") == [Kind.DENY]
    assert "used-up" in door.why(Kind.DENY) and door.state.used == (("v1", 1),)
    door.rules = replace(RULES, rights={**RIGHTS, "v1": Rights(uses=1, used=1)})
    assert door.code("v1", "visitor") == [Kind.DENY] and door.state.used == (), "the store knows by now"
    door.rules = replace(RULES, rights={**RIGHTS, "v1": Rights(uses=3, used=1)})
    assert door.code("v1", "visitor") == [Kind.CODE] and door.state.used == (("v1", 2),), "the owner gave more"


def test_two_codes_in_one_moment_spend_two_uses() -> None:
    door = Door(RULES)
    assert door.tell(codes=(CodeFact("visitor", "v1"), CodeFact("visitor", "v1"))) == [Kind.CODE, Kind.DENY]


def test_a_face_spends_uses_too() -> None:
    door = Door(replace(RULES, rights={"ann": Rights(uses=1)}))
    assert door.watch(1.0, ANN) == [Kind.GRANT]
    door.watch(5.0)
    assert door.watch(1.0, ANN) == [Kind.DENY] and "used-up" in door.why(Kind.DENY)


def test_a_visitor_whom_the_owner_took_back_is_no_person_without_limits() -> None:
    door = Door(RULES)
    assert door.code("v9", "visitor") == [Kind.DENY] and "visitor-gone" in door.why(Kind.DENY)
    door.code("v1", "visitor")
    door.rules = replace(RULES, rights={})
    assert door.code("v1", "visitor") == [Kind.DENY] and door.state.used == ()


def test_wrong_codes_in_a_row_bring_a_rest_in_which_none_is_looked_at() -> None:
    door = Door(RULES)
    assert door.code(None) == [Kind.DENY] and door.why(Kind.DENY) == {"wrong-code", "code-failures"} and door.last.person is None
    assert door.code(None, "card") == [Kind.DENY]
    assert door.code(None) == [Kind.DENY, Kind.CODE_REST] and door.last.seconds == 30.0 and door.state.mode is Mode.LOCKED_OUT
    assert door.code("bob") == [Kind.DENY] and door.why(Kind.DENY) == {"codes-rest"} and door.last.person is None
    assert door.code("bob") == [] and door.code(None) == [], "told once, and nothing is learnt"
    assert door.watch(1.0, replace(ANN, person="bob", vote="bob")) == [Kind.GRANT], "faces and the button go on"
    assert door.press() == [Kind.EXIT]
    assert door.tell(30.0) == [Kind.RELOCK, Kind.CODE_REST_OVER] and door.code("bob") == [Kind.CODE]


def test_the_next_wrong_code_after_a_rest_rests_twice_as_long_up_to_a_quarter_of_an_hour() -> None:
    door, rests = Door(RULES), []
    door.code(None)
    door.code(None)
    for _ in range(8):
        assert door.code(None) == [Kind.DENY, Kind.CODE_REST]
        rests.append(door.last.seconds)
        door.tell(door.last.seconds - 0.2)
        assert door.code("bob", "card")[:1] == [Kind.DENY] and door.state.release is None
        assert Kind.CODE_REST_OVER in door.tell(0.2)
    assert rests == [30.0, 60.0, 120.0, 240.0, 480.0, 900.0, 900.0, 900.0]


def test_a_right_code_takes_its_own_failures_from_the_door_and_no_others() -> None:
    door = Door(RULES)
    mistyped = CodeFact("pin", None, "bob")
    for _ in range(5):
        assert door.tell(codes=(mistyped,)) == [Kind.DENY] and door.tell(codes=(mistyped,)) == [Kind.DENY]
        assert door.code("bob") == [Kind.CODE]
    door.code(None)
    door.code(None)
    assert door.code("bob") == [Kind.CODE] and door.state.codes.fails == 2, "guessing at others goes on being counted"
    assert door.tell(codes=(CodeFact("pin", None, "ann"),)) == [Kind.DENY, Kind.CODE_REST]


def test_guessing_at_codes_alone_raises_the_alarm() -> None:
    door, fails = Door(PolicyRules(Rules(), access=AccessSettings())), 0
    while Kind.ALARM not in door.code(None):
        fails += 1
        door.tell(0.2 if door.state.codes.rest_until is None else door.state.codes.rest_until - door.now + 0.1)
        assert fails < 12
    assert fails + 1 == 7 and Alarm.ATTEMPTS in door.state.alarms


def test_a_card_that_was_found_does_not_pay_for_guesses_at_its_owners_code() -> None:
    door = Door(RULES)
    for _ in range(2):
        door.tell(codes=(CodeFact("pin", None, "bob"),))
        assert door.code("bob", "card") == [Kind.CODE]
    assert door.tell(codes=(CodeFact("pin", None, "bob"),)) == [Kind.DENY, Kind.CODE_REST]


@pytest.mark.parametrize(("note", "reason"), [("clock", "totp-clock"), ("used", "totp-used")])
def test_a_code_that_changes_is_a_wrong_one_with_its_reason(note: str, reason: str) -> None:
    door = Door(RULES)
    assert door.tell(codes=(CodeFact("totp", None, "bob", note=note),)) == [Kind.DENY]
    assert door.why(Kind.DENY) == {"wrong-code", reason, "code-failures"} and door.state.codes.fails == 1


def test_what_could_not_be_verified_counts_for_nothing() -> None:
    door = Door(RULES)
    for _ in range(9):
        assert door.tell(codes=(CodeFact("pin", None, "bob", note="fault"),)) == [Kind.DENY]
    assert door.why(Kind.DENY) == {"code-fault"} and door.state.codes.fails == 0
    assert door.tell(codes=(CodeFact("pin", "bob", note="rest"),)) == [Kind.DENY], "not looked at, whatever else it says"
    assert door.state.release is None


def test_many_codes_in_one_moment_are_one_row() -> None:
    door = Door(RULES)
    codes = (*[CodeFact("pin", None)] * 50, CodeFact("pin", "bob"))
    assert door.tell(codes=codes) == [Kind.DENY] * 3 + [Kind.CODE_REST, Kind.DENY]
    assert door.state.release is None


def test_faces_that_rest_leave_codes_alone() -> None:
    door = Door(replace(RULES, face=Rules(rest_after=1)))
    stranger = FaceFact(3, ANN.state, 0.09, 0.0, None, 0.1, 0.6, None, True, None)
    assert door.watch(3.0, stranger)[-1] is Kind.REST and door.state.mode is Mode.LOCKED_OUT
    assert door.code("bob") == [Kind.CODE]


@pytest.mark.parametrize("factor", ["", "visitor", "x" * 1000])
def test_absurd_codes_are_wrong_codes(factor: str) -> None:
    state, made = step(Door(RULES).state, Inputs(2000.0, MONDAY, codes=(CodeFact(factor, None),)), RULES)
    assert [d.kind for d in made] == [Kind.DENY] and state.release is None


def test_no_code_lifts_a_lockdown() -> None:
    door = Door(RULES)
    door.order(Command.LOCKDOWN)
    assert door.code("v1", "visitor") == [Kind.DENY] and door.state.used == ()
