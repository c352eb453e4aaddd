"""When a person's scores fall over months, the door asks for a new enrolment. Templates never change by themselves."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_face.people.events import Event

SAMPLE = 20
"""Grants on either side of a comparison."""
FALL = 0.08
"""A median that fell by so much is a change of the face, not of the light: single grants scatter by about 0.05."""
MARGIN = 0.03
"""Nearer to the threshold than this, one grant in a few will soon be refused."""


@dataclass(frozen=True, slots=True)
class GrantScore:
    """What a grant rested on."""

    wall: float
    score: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Reenrolment:
    """Why somebody should enrol again: a sentence, and the two medians of it."""

    sentence: str
    now: float
    before: float


def needs_reenrolment(scores: Iterable[GrantScore]) -> Reenrolment | None:
    """Judges a person's grants since the enrolment: the median of the latest 20 lies close to the threshold, or well below
    that of the first 20. None while all is well or there are too few grants to tell."""
    ordered = sorted(scores, key=lambda s: s.wall)
    if len(ordered) < SAMPLE:
        return None
    latest = ordered[-SAMPLE:]
    now = statistics.median(s.score for s in latest)
    spare = statistics.median(s.score - s.threshold for s in latest)
    before = statistics.median(s.score for s in ordered[:SAMPLE])
    if len(ordered) >= 2 * SAMPLE and before - now >= FALL:
        return Reenrolment(f"scores have fallen from {before:.2f} to {now:.2f} since the enrolment: enrol again", now, before)
    if spare < MARGIN:
        return Reenrolment(f"the latest scores ({now:.2f}) lie only {max(spare, 0.0):.2f} above what is needed: enrol again",
                           now, before)
    return None


def grant_scores(events: Sequence[Event]) -> list[GrantScore]:
    """The scores in events of grants; events without are left out. Understands `score` and `threshold` in the details,
    and a reason with the code "matched" that has them as values."""
    found = []
    for event in events:
        for values in _candidates(event.details):
            score, threshold = values.get("score"), values.get("threshold")
            if isinstance(score, int | float) and isinstance(threshold, int | float):
                found.append(GrantScore(event.wall, float(score), float(threshold)))
                break
    return found


def _candidates(details: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    reasons = details.get("reasons")
    listed = [r for r in reasons if isinstance(r, Mapping)] if isinstance(reasons, list) else []
    values = [r.get("values") for r in listed if r.get("code") == "matched"]
    return [details, *(v for v in values if isinstance(v, Mapping))]
