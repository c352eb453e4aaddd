"""When scores fall over months."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.people.drift import FALL, MARGIN, SAMPLE, GrantScore, grant_scores, needs_reenrolment
from edge_face.people.events import Event

DAY = 86_400.0


def _grants(*scores: float, threshold: float = 0.5) -> list[GrantScore]:
    return [GrantScore(k * DAY, score, threshold) for k, score in enumerate(scores)]


def test_scores_that_stay_ask_for_nothing() -> None:
    assert needs_reenrolment(_grants(*[0.8, 0.75, 0.85] * 40)) is None


def test_scores_that_fell_ask_for_a_new_enrolment() -> None:
    found = needs_reenrolment(_grants(*[0.8] * 30, *[0.8 - FALL - 0.01] * 20))
    assert found is not None and found.before == 0.8 and "from 0.80 to 0.71" in found.sentence
    assert needs_reenrolment(_grants(*[0.8] * 30, *[0.8 - FALL + 0.01] * 20)) is None


def test_scores_near_the_threshold_ask_too() -> None:
    found = needs_reenrolment(_grants(*[0.5 + MARGIN - 0.01] * SAMPLE))
    assert found is not None and "only 0.02 above" in found.sentence
    assert needs_reenrolment(_grants(*[0.5 + MARGIN + 0.01] * SAMPLE)) is None


def test_too_few_grants_tell_nothing() -> None:
    assert needs_reenrolment(_grants(*[0.5] * (SAMPLE - 1))) is None
    assert needs_reenrolment([]) is None


def test_a_bad_day_is_no_fall() -> None:
    assert needs_reenrolment(_grants(*[0.8] * 40, *[0.55] * 8)) is None


@given(st.permutations(_grants(*[0.9] * 25, *[0.6] * 25)))
def test_the_order_of_the_rows_does_not_matter(rows: list[GrantScore]) -> None:
    assert needs_reenrolment(rows) is not None


def _event(number: int, details: dict[str, object]) -> Event:
    return Event(number, float(number), "grant", "a" * 16, details)


@pytest.mark.parametrize(("details", "expected"), [
    ({"score": 0.7, "threshold": 0.5}, 0.7),
    ({"reasons": [{"code": "votes", "values": {}}, {"code": "matched", "values": {"score": 0.6, "threshold": 0.5}}]}, 0.6),
    ({}, None), ({"score": None, "threshold": 0.5}, None), ({"reasons": "none"}, None), ({"reasons": [3, {"code": "matched"}]}, None)])
def test_scores_are_read_from_events(details: dict[str, object], expected: float | None) -> None:
    assert [s.score for s in grant_scores([_event(1, details)])] == ([] if expected is None else [expected])
