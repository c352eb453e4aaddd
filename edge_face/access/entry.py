"""May somebody enter just now: lockdown, rights, and uses that are spent at once. For faces, codes and cards alike."""

from __future__ import annotations

from dataclasses import replace

from edge_face.access import policy_reasons as why
from edge_face.access.moment import Moment
from edge_face.access.reasons import Reason
from edge_face.access.schedule import may_enter


def refusal(m: Moment, person: str) -> Reason | None:
    """Why somebody who was recognised may not enter just now; None: they may."""
    if m.state.standing is not None:
        return None  # the door stands open to all
    if m.state.lockdown:
        return why.lockdown()
    rights = m.rules.rights.get(person)
    if rights is not None and rights.uses is not None:
        rights = replace(rights, used=max(rights.used, dict(m.state.used).get(person, 0)))
    verdict = may_enter(rights, m.rules.calendar, m.wall, m.trusted)
    return None if verdict.allowed else verdict.reason or why.not_now()


def spend(m: Moment, person: str) -> None:
    """A grant uses one of a limited number of uses, even before the store says so."""
    rights = m.rules.rights.get(person)
    if rights is not None and rights.uses is not None:
        used = dict(m.state.used)
        used[person] = max(rights.used, used.get(person, 0)) + 1
        m.state = replace(m.state, used=tuple(sorted(used.items())))


def forget_uses(m: Moment) -> None:
    """What the store knows by now, and whoever is gone, need not be remembered."""
    if m.state.used:
        rights = m.rules.rights
        kept = tuple((p, n) for p, n in m.state.used if p in rights and rights[p].uses is not None and rights[p].used < n)
        m.state = replace(m.state, used=kept)
