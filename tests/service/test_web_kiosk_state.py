"""What the page beside the door shows: the right phase at the right moment, and nothing that nobody on the street may know."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_face.access import Alarm, Authority, Command, Contact, Decision, Kind, PolicyState, Reason, Release, step
from edge_face.access.code_rest import CodeState, Tally
from edge_face.access.policy_state import Prompt, Raised, Watch
from edge_face.service.web.kiosk_state import (
    MESSAGES,
    PROMPTS,
    KioskState,
    Outcome,
    Phase,
    View,
    kiosk_state,
    outcome_of,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "access"))
from policy_door import ANN, STRANGER, Door
from policy_walk import DOORS, Walker

KEYS = {"phase", "message", "greeting", "prompt_seconds", "rest_seconds", "camera", "people_near", "time", "clock_trusted", "factors",
        "assurance", "enrol"}
NOW = 100.0


def shown(policy: PolicyState | None = None, outcome: Outcome | None = None, **more: Any) -> KioskState:
    return kiosk_state(View(policy or PolicyState(), NOW, 1.7e9, outcome, **{"since": NOW, **more}))


def decided(kind: Kind, *codes: str, **more: Any) -> Decision:
    return Decision(kind, more.pop("monotonic", NOW), 1.7e9, tuple(Reason(code, code, more.pop("values", {})) for code in codes), **more)


class Page:
    """What somebody sees who watches the page while a door goes through its day."""

    def __init__(self) -> None:
        self.outcome: Outcome | None = None

    def after(self, state: PolicyState, decisions: tuple[Decision, ...], now: float) -> dict[str, Any]:
        for decision in decisions:
            self.outcome = outcome_of(decision) or self.outcome
        return kiosk_state(View(state, now, 1.7e9, self.outcome, since=now)).as_json(now, 1.7e9)


def inputs_of_a_walk(door: int, seed: int, steps: int) -> list[Any]:
    walker = Walker(DOORS[door], seed)
    given: list[Any] = []
    tell = walker.books.tell

    def keep(inputs: Any) -> Any:
        given.append(inputs)
        return tell(inputs)

    walker.books.tell = keep  # type: ignore[method-assign]
    walker.walk(steps)
    return given


@pytest.mark.parametrize("door", range(len(DOORS)))
def test_of_duress_nothing_is_seen_whatever_happens(door: int) -> None:
    rules, forced, plain = DOORS[door], Page(), Page()
    one = other = PolicyState()
    duress = 0
    for inputs in inputs_of_a_walk(door, 11 + door, 800):
        one, made = step(one, inputs, rules)
        harmless = replace(inputs, codes=tuple(replace(code, duress=False) for code in inputs.codes))
        other, others = step(other, harmless, rules)
        now = one.at or 0.0
        assert forced.after(one, made, now) == plain.after(other, others, now)
        duress += sum(d.kind is Kind.DURESS for d in made)
    assert duress > 0


@pytest.mark.parametrize("door", range(len(DOORS)))
def test_whatever_happens_the_page_has_words_for_it_and_names_nobody(door: int) -> None:
    page, state = Page(), PolicyState()
    phases: set[str] = set()
    for inputs in inputs_of_a_walk(door, 23 + door, 800):
        state, made = step(state, inputs, DOORS[door])
        json_state = page.after(state, made, state.at or 0.0)
        json.dumps(json_state, allow_nan=False)
        assert set(json_state) == KEYS and json_state["greeting"] is None
        assert json_state["message"] in MESSAGES and json_state["phase"] in set(Phase)
        for name in ("prompt_seconds", "rest_seconds"):
            assert json_state[name] is None or json_state[name] >= 0
        phases.add(json_state["phase"])
    assert {"idle", "granted", "denied", "open"} <= phases


def test_every_prompt_of_the_policy_has_a_phase() -> None:
    from edge_face.access.liveness_reasons import PROMPTS as WORDS

    assert set(PROMPTS) == set(WORDS)
    state = shown(PolicyState(prompt=Prompt("left", "ann", 1, NOW + 3.5)))
    assert (state.phase, state.as_json(NOW + 1, 0.0)["prompt_seconds"]) == (Phase.TURN_LEFT, 2.5)


def test_who_is_let_in_is_greeted_and_the_greeting_goes() -> None:
    let_in = outcome_of(decided(Kind.GRANT, "matched", person="ann"), "Hello Ann")
    state = PolicyState(release=Release(NOW, NOW + 3, Authority.FACE, "ann"))
    assert let_in is not None
    assert (shown(state, let_in).phase, shown(state, let_in).greeting) == (Phase.GRANTED, "Hello Ann")
    assert shown(PolicyState(), replace(let_in, at=NOW - 3.9)).phase is Phase.GRANTED  # locked again, and still polite
    later = shown(PolicyState(), replace(let_in, at=NOW - 4.1))
    assert (later.phase, later.greeting) == (Phase.IDLE, None)


def test_the_next_one_s_prompt_takes_the_greeting_s_place_but_not_at_once() -> None:
    let_in = Outcome(Phase.GRANTED, "let_in", NOW - 1.0, "Hello Ann")
    asked = PolicyState(release=Release(NOW, NOW + 3, Authority.FACE, "ann"), prompt=Prompt("code", None, 2, NOW + 9))
    assert shown(asked, let_in).phase is Phase.GRANTED
    assert shown(asked, replace(let_in, at=NOW - 2.1)).phase is Phase.CODE


@pytest.mark.parametrize(("codes", "message"), [
    (("unknown", "near"), "not_recognised"), (("not-now", "matched"), "not_recognised"), (("quality", "not-counted"), "not_recognised"),
    (("liveness-attack",), "not_recognised"), (("claim-other",), "not_recognised"), (("named-twice", "votes"), "one_at_a_time"),
    (("liveness-failed", "matched"), "try_again"), (("liveness-unsure",), "try_again"), (("code-fault",), "code_fault"),
    (("claim-over", "code"), "face_late"), (("wrong-code", "code-failures"), "code_refused"), (("not-now", "code"), "code_refused"),
    (("no-camera", "code"), "code_refused"), (("totp-clock", "wrong-code"), "code_refused")])
def test_a_refusal_says_no_more_than_that_it_did_not_work(codes: tuple[str, ...], message: str) -> None:
    outcome = outcome_of(decided(Kind.DENY, *codes, person="ann"), "Hello Ann")
    assert outcome is not None and (outcome.phase, outcome.message, outcome.greeting) == (Phase.DENIED, message, None)


def test_a_wrong_code_and_a_right_one_at_the_wrong_time_look_the_same() -> None:
    door = Door(DOORS[0], hour=2.0)  # bob may come by day
    door.code(None)
    wrong = outcome_of(door.last)
    door.code("bob")
    early = outcome_of(door.last)
    assert wrong is not None and early is not None and (wrong.phase, wrong.message) == (early.phase, early.message)


def test_a_known_face_at_the_wrong_time_and_a_stranger_look_the_same() -> None:
    def refusals(face: Any) -> set[tuple[Phase, str]]:
        door = Door(DOORS[0], hour=2.0)
        door.watch(2.5, face)
        outcomes = [outcome_of(d) for d in door.all if d.kind is Kind.DENY]
        return {(o.phase, o.message) for o in outcomes if o is not None}

    assert refusals(STRANGER) == refusals(replace(ANN, person="bob", vote="bob", nearest="bob")) == {(Phase.DENIED, "not_recognised")}


def test_what_another_thing_says_is_no_refusal() -> None:
    for code in ("factor-missing", "resting", "claim-replaced"):
        assert outcome_of(decided(Kind.DENY, code)) is None
    for kind in (Kind.DURESS, Kind.ALARM, Kind.PROMPT, Kind.RELOCK, Kind.EXIT, Kind.QUIET, Kind.CLOCK):
        assert outcome_of(decided(kind, "x", alarm=Alarm.FORCED)) is None


def test_one_person_s_rest_is_counted_down_with_the_refusal() -> None:
    reason = Reason("codes-rest", "", {"left": 40.0})
    outcome = outcome_of(Decision(Kind.DENY, NOW, 1.7e9, (reason,)))
    assert outcome is not None
    state = shown(outcome=outcome)
    assert (state.phase, state.message, state.as_json(NOW + 2, 0.0)["rest_seconds"]) == (Phase.DENIED, "codes_rest", 38.0)


@pytest.mark.parametrize(("state", "more", "phase", "message"), [
    (PolicyState(release=Release(0, 1e9, Authority.FIRE)), {}, Phase.OPEN, "fire"),
    (PolicyState(release=Release(0, 1e9, Authority.FIRE), lockdown=True), {}, Phase.OPEN, "fire"),
    (PolicyState(release=Release(0, 1e9, Authority.HOLD_OPEN)), {}, Phase.OPEN, "hold_open"),
    (PolicyState(release=Release(0, NOW + 2, Authority.EXIT)), {}, Phase.OPEN, "button"),
    (PolicyState(lockdown=True, prompt=Prompt("code", None, 1, NOW + 3)), {}, Phase.LOCKDOWN, "lockdown"),
    (PolicyState(), {"camera": "gone"}, Phase.FAULT, "camera_gone"),
    (PolicyState(), {"vision": False}, Phase.FAULT, "vision_failed"),
    (PolicyState(), {"camera": "gone", "seen": False}, Phase.IDLE, ""),
    (PolicyState(), {"faces": 1}, Phase.IDLE, "come_nearer"),
    (PolicyState(), {"faces": 1, "light": "too_dark"}, Phase.IDLE, "too_dark"),
    (PolicyState(), {"since": NOW - 61}, Phase.ASLEEP, ""),
    (PolicyState(), {"since": NOW - 61, "sleep": 0.0}, Phase.IDLE, ""),
    (PolicyState(codes=CodeState(Tally(5, NOW, NOW + 30))), {"since": NOW - 61}, Phase.RESTING, "codes_rest")])
def test_what_the_door_is_like(state: PolicyState, more: dict[str, Any], phase: Phase, message: str) -> None:
    found = shown(state, **more)
    assert (found.phase, found.message) == (phase, message)


def test_a_door_that_stands_open_says_so_and_then_asks_to_close_it() -> None:
    state = PolicyState()
    state = replace(state, leaf=replace(state.leaf, contact=Contact.OPEN, since=NOW))
    assert (shown(state).phase, shown(state).message) == (Phase.OPEN, "opened")
    held = replace(state, watch=Watch(raised=(Raised(Alarm.HELD, NOW),)))
    assert shown(held).message == "close_door"


def test_a_real_door_goes_through_its_phases() -> None:
    door, page = Door(DOORS[0]), Page()
    phases: list[str] = []

    def look(kinds: list[Kind]) -> None:
        made = tuple(door.all[len(door.all) - len(kinds):])
        phases.append(page.after(door.state, made, door.now)["phase"])

    look(door.tell())
    look(door.tell(faces=(ANN,)))
    for _ in range(5):
        look(door.tell(faces=(ANN,)))
    look(door.order(Command.LOCKDOWN))
    for _ in range(30):
        look(door.tell())
    look(door.order(Command.LIFT))
    assert [p for i, p in enumerate(phases) if i == 0 or p != phases[i - 1]] == ["idle", "look", "granted", "lockdown", "idle"]
