"""What the page beside the door shows of it: one small value, derived from the policy's state and the latest decision. Pure.

It is read on the street. So there is no name in it but a greeting that somebody chose, no score, no reason that would tell a guesser
how near the guess was, and nothing at all of duress: with and without it every value is the same (tests/service/test_web_kiosk_state.py).
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edge_face.access import Alarm, Authority, Contact, Decision, Kind, PolicyState

GREETED = 4.0
"""Seconds for which the page says that somebody was let in, at least; it says so for as long as the door is released."""
HELD_BACK = 2.0
"""Seconds of these in which nothing that is asked for takes the greeting's place."""
REFUSED = 6.0
"""Seconds for which it says that somebody was not."""


class Phase(enum.StrEnum):
    """What the page shows."""

    ASLEEP = "asleep"
    IDLE = "idle"
    LOOK = "look"
    NEARER = "nearer"
    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    LOOK_UP = "look_up"
    BLINK = "blink"
    CODE = "code"
    CARD = "card"
    WAIT = "wait"
    GRANTED = "granted"
    DENIED = "denied"
    RESTING = "resting"
    LOCKDOWN = "lockdown"
    FAULT = "fault"
    OPEN = "open"


PROMPTS = {"left": Phase.TURN_LEFT, "right": Phase.TURN_RIGHT, "up": Phase.LOOK_UP, "nearer": Phase.NEARER, "blink": Phase.BLINK,
           "code": Phase.CODE, "card": Phase.CARD, "face": Phase.LOOK, "wait": Phase.WAIT}
"""By `edge_face.access.policy_state.Prompt.what`."""
MESSAGES = ("", "not_recognised", "try_again", "one_at_a_time", "code_refused", "card_refused", "code_fault", "face_late", "let_in",
            "button", "fire", "owner", "hold_open", "opened", "close_door", "codes_rest", "faces_rest", "camera_gone", "vision_failed",
            "too_dark", "too_bright", "come_nearer", "lockdown")
"""Every key that `KioskState.message` may be; the page has the words."""


UNSAID = frozenset({"factor-missing", "resting", "claim-replaced", "lockdown"})
"""Reasons of refusals that are no news to whoever stands there: what is asked for next, or the state, says it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided last about somebody at the door, at monotonic `at`; `rest_until`: the codes of one person rest."""

    phase: Phase
    message: str
    at: float
    greeting: str | None = None
    rest_until: float | None = None


@dataclass(frozen=True, slots=True)
class View:
    """One moment of the door, as far as it is shown. `faces`: how many are in the picture; `since`: when something happened last, for
    the sleep. `codes`, `cards`: can they be given here; `pad`: codes on the page itself; `assurance`: the door's level of now; `seen`: it
    asks for faces; `enrol`: what somebody who enrols here just now is to do, as `edge_face.service.web.enrolling` has it."""

    policy: PolicyState
    now: float
    wall: float
    outcome: Outcome | None = None
    camera: str = "ok"
    light: str = ""
    vision: bool = True
    faces: int = 0
    since: float = -math.inf
    sleep: float = 60.0
    codes: bool = True
    cards: bool = False
    pad: bool = False
    assurance: str = ""
    seen: bool = True
    enrol: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class KioskState:
    """All that the page needs. `until`: the monotonic end of what is asked for, `rest_until` of a rest; both leave as seconds."""

    phase: Phase
    message: str = ""
    greeting: str | None = None
    until: float | None = None
    rest_until: float | None = None
    camera: str = "ok"
    people_near: int = 0
    clock_trusted: bool = True
    factors: dict[str, bool] = field(default_factory=dict)
    assurance: str = ""
    enrol: Mapping[str, Any] | None = None

    def as_json(self, now: float, wall: float) -> dict[str, Any]:
        return {"phase": self.phase.value, "message": self.message, "greeting": self.greeting,
                "prompt_seconds": _left(self.until, now), "rest_seconds": _left(self.rest_until, now), "camera": self.camera,
                "people_near": self.people_near, "time": round(wall, 3), "clock_trusted": self.clock_trusted,
                "factors": dict(self.factors), "assurance": self.assurance,
                "enrol": None if self.enrol is None else dict(self.enrol)}


def _left(until: float | None, now: float) -> float | None:
    return round(max(0.0, until - now), 2) if until is not None and math.isfinite(until) else None


def outcome_of(decision: Decision, greeting: str | None = None) -> Outcome | None:
    """What a decision says to whoever stands there; None: nothing. Of duress, of alarms and of the house's own affairs it says nothing."""
    codes = {reason.code for reason in decision.reasons}
    at = decision.monotonic
    if decision.kind in (Kind.GRANT, Kind.CODE):
        return Outcome(Phase.GRANTED, "let_in", at, greeting)
    if decision.kind is Kind.OWNER and decision.authority is not None:
        return Outcome(Phase.GRANTED, "owner", at)
    if decision.kind in (Kind.LOCKDOWN, Kind.SECURE):
        return Outcome(Phase.IDLE, "", at)  # whoever was let in before is so no more
    if decision.kind is not Kind.DENY or codes & UNSAID:
        return None
    if "codes-rest" in codes:
        left = next(reason.values.get("left") for reason in decision.reasons if reason.code == "codes-rest")
        return Outcome(Phase.DENIED, "codes_rest", at, rest_until=at + left if isinstance(left, int | float) and left > 0 else None)
    return Outcome(Phase.DENIED, _refusal(decision, codes), at)


def _refusal(decision: Decision, codes: set[str]) -> str:
    """One word for many reasons: whoever tries learns no more from it than that it did not work."""
    if "code-fault" in codes:
        return "code_fault"
    if "claim-over" in codes:
        return "face_late"
    if codes & {"claim-other", "named-twice"}:
        return "one_at_a_time" if "named-twice" in codes else "not_recognised"
    if codes & {"wrong-code", "code"}:
        factor = next((reason.values.get("factor") for reason in decision.reasons if reason.code in ("wrong-code", "code")), "")
        return "card_refused" if factor == "card" else "code_refused"
    if any(code.startswith("liveness-") and code != "liveness-attack" for code in codes):
        return "try_again"
    return "not_recognised"


def kiosk_state(view: View) -> KioskState:
    """What is shown now. Never raises."""
    phase, message, greeting, until, rest = _now(view)
    return KioskState(phase, message, greeting, until, rest, view.camera, view.faces, view.policy.trusted,
                      {"code": view.codes, "card": view.cards, "pad": view.pad}, view.assurance, view.enrol)


_Shown = tuple[Phase, str, str | None, float | None, float | None]


def _now(view: View) -> _Shown:
    policy, now, outcome = view.policy, view.now, view.outcome
    age = now - outcome.at if outcome is not None else math.inf
    let_in = outcome is not None and outcome.phase is Phase.GRANTED and age >= 0
    release = policy.release if policy.release is not None and policy.release.until > now else None
    if release is not None and release.standing:
        return _only(Phase.OPEN, "fire" if release.authority is Authority.FIRE else "hold_open")
    if policy.lockdown and release is None:
        return _only(Phase.LOCKDOWN, "lockdown")
    if outcome is not None and let_in and age < HELD_BACK:
        return Phase.GRANTED, outcome.message, outcome.greeting, None, None
    refused = outcome if outcome is not None and outcome.phase is Phase.DENIED and 0 <= age < REFUSED else None
    if policy.prompt is not None and policy.prompt.what in PROMPTS:
        said = refused.message if refused is not None else ""
        return PROMPTS[policy.prompt.what], said, None, policy.prompt.until, None
    if outcome is not None and let_in and (age < GREETED or _lasts(release)):
        return Phase.GRANTED, outcome.message, outcome.greeting, None, None
    if release is not None:
        return _only(Phase.OPEN, {Authority.EXIT: "button", Authority.OWNER: "owner"}.get(release.authority, ""))
    if refused is not None:
        return Phase.DENIED, refused.message, None, None, refused.rest_until
    return _quiet(view)


def _quiet(view: View) -> _Shown:
    """Nobody is asked for anything, and nothing was decided just now."""
    policy, now = view.policy, view.now
    if policy.leaf.contact is Contact.OPEN:
        return _only(Phase.OPEN, "close_door" if {Alarm.HELD, Alarm.FORCED} & policy.alarms else "opened")
    if view.seen and view.camera == "gone":
        return _only(Phase.FAULT, "camera_gone")
    if view.seen and not view.vision:
        return _only(Phase.FAULT, "vision_failed")
    rests = [(until, word) for until, word in ((policy.codes.rest_until, "codes_rest"), (policy.rest_until, "faces_rest"))
             if until is not None and until > now]
    if rests:
        until, word = max(rests)
        return Phase.RESTING, word, None, None, until
    if view.seen and policy.approach.stays:
        return _only(Phase.LOOK, view.light)
    if view.seen and view.faces:
        return _only(Phase.IDLE, view.light or "come_nearer")
    if view.sleep > 0 and now - view.since >= view.sleep:
        return _only(Phase.ASLEEP, "")
    return _only(Phase.IDLE, view.light)


def _lasts(release: Any) -> bool:
    """Is it still released for whoever was let in?"""
    return release is not None and release.authority in (Authority.FACE, Authority.CODE, Authority.OWNER)


def _only(phase: Phase, message: str) -> _Shown:
    return phase, message, None, None, None
