"""Why a challenge failed, and what a passed one rests on: a code, a sentence, the numbers."""

from __future__ import annotations

import math

from edge_face.access.actions import Action
from edge_face.access.parallax import Relief
from edge_face.access.reasons import Reason

_WORDS = {Action.LEFT: "turning left", Action.RIGHT: "turning right", Action.UP: "looking up", Action.NEARER: "coming nearer",
          Action.BLINK: "a blink"}


def evidence(done: int, of: int, relief: Relief, seconds: float, named: int, turned: int) -> Reason:
    return Reason("liveness-challenge", f"{done} of {of} actions in {seconds:.1f} s; {_stands_out(relief)}; {named} pictures named the "
                  f"person, {turned} of them of a turned face",
                  {"done": done, "of": of, "seconds": round(seconds, 3), "relief": _number(relief.relief), "span": round(relief.span, 3),
                   "misfit": _number(relief.misfit), "samples": relief.samples, "named": named, "turned": turned})


def plane(relief: Relief) -> Reason:
    return Reason("liveness-plane", f"the face moves like a flat picture: {_stands_out(relief)}",
                  {"relief": _number(relief.relief), "span": round(relief.span, 3), "misfit": _number(relief.misfit)})


def order(wanted: Action, seen: Action) -> Reason:
    return Reason("liveness-order", f"{_WORDS[seen]} came where {_WORDS[wanted]} was asked for",
                  {"wanted": wanted.value, "seen": seen.value})


def early(seen: Action) -> Reason:
    return Reason("liveness-order", f"{_WORDS[seen]} came before it was asked for", {"wanted": None, "seen": seen.value})


def time(wanted: Action, seconds: float) -> Reason:
    return Reason("liveness-time", f"{_WORDS[wanted]} did not come within {seconds:g} s", {"wanted": wanted.value, "seconds": seconds})


def unseen(wanted: Action) -> Reason:
    return Reason("liveness-unseen", f"{_WORDS[wanted]} could not be judged: the eyes or the face cannot be seen well",
                  {"wanted": wanted.value})


def jump() -> Reason:
    return Reason("liveness-jump", "the face jumped as no head moves")


def company(seconds: float) -> Reason:
    return Reason("liveness-company", f"another face was near for {seconds:.1f} s of the challenge", {"seconds": round(seconds, 2)})


def lost(seconds: float) -> Reason:
    return Reason("liveness-lost", f"the face was not seen for {seconds:.1f} s", {"seconds": round(seconds, 2)})


def track() -> Reason:
    return Reason("liveness-track", "it may be another face from here on")


def person() -> Reason:
    return Reason("liveness-person", "the face is not the one that the challenge began with")


def unproven(turned: int, after: int) -> Reason:
    return Reason("liveness-person", "the face was not recognised again while it turned and afterwards", {"turned": turned, "after": after})


def slow(rate: float, needed: float) -> Reason:
    return Reason("liveness-slow", f"{rate:.1f} pictures a second, {needed:g} are needed for a challenge",
                  {"rate": round(rate, 2), "needed": needed})


def clock() -> Reason:
    return Reason("liveness-clock", "the clock ran backwards or gave no number")


def unheld() -> Reason:
    return Reason("liveness-unheld", "no challenge can be held: there is no turn among the actions that may be asked for")


def _stands_out(relief: Relief) -> str:
    if math.isnan(relief.relief):
        return "the nose did not move against the face"
    if math.isinf(relief.relief):
        return "the nose moves and the face does not become narrower"
    return f"the nose stands out by {relief.relief:.2f} eye distances over a span of {relief.span:.2f}"


def _number(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None
