"""What is asked for just now: one thing at a time, derived from what goes on, and said when it changes."""

from __future__ import annotations

from dataclasses import replace

from edge_face.access import liveness_reasons as why
from edge_face.access.approach_live import AGAIN
from edge_face.access.moment import Moment
from edge_face.access.outcomes import Kind
from edge_face.access.policy_state import Prompt

STALLED = 2.0
"""Seconds after its time in which nothing was seen: then nothing is asked for any more, whatever becomes of the challenge."""


def prompted(m: Moment) -> None:
    """Says PROMPT at each change of what is asked for, PROMPT_OVER when nothing is."""
    before, after = m.state.prompt, _wanted(m)
    if after == before:
        return
    m.state = replace(m.state, prompt=after)
    if after is None:
        m.say(Kind.PROMPT_OVER, why.prompt_over())
    elif before is None or (before.what, before.person, before.track) != (after.what, after.person, after.track):
        m.say(Kind.PROMPT, why.prompt(after.what), person=after.person, track=after.track, seconds=max(after.until - m.now, 0.0))


def _wanted(m: Moment) -> Prompt | None:
    """A challenge first, then the face of a claim, then the factor for want of which somebody was not let in."""
    state, approach = m.state, m.state.approach
    if state.lockdown or state.standing is not None:
        return None
    trial, claim, ask = approach.trial, state.claim, approach.ask
    if trial is not None and approach.rest_until is None:
        patience = AGAIN if trial.passed_at is not None else m.rules.challenge.seconds
        until = trial.asked_at + patience
        return Prompt(trial.wanted, trial.person, trial.track, until) if m.now < until + STALLED else None
    if claim is not None:
        return Prompt("face", claim.person, None, claim.until)
    if ask is not None and m.now < ask.until:
        return Prompt(ask.factor, ask.person, ask.track, ask.until)
    return None
