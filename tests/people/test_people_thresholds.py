"""From a rate to a similarity: looked up, never extrapolated."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_fakes import THRESHOLDS, table

from edge_face.errors import ModelError
from edge_face.people import threshold_for
from edge_face.people.thresholds import MOST_LAX_VOTE, same_person_similarity, templates_measured, vote_rate
from edge_face.vision.bundle import load_bundle


@pytest.mark.parametrize(("people", "rate", "similarity", "fmr", "measured", "largest"), [
    (1, 1e-4, 0.5, 1e-4, True, 100), (2, 1e-4, 0.6, 1e-5, True, 100), (10, 1e-4, 0.6, 1e-5, True, 100), (11, 1e-4, 0.7, 1e-6, True, 100),
    (100, 1e-4, 0.7, 1e-6, True, 100), (101, 1e-4, 0.7, 1e-6, False, 100), (10**6, 1e-4, 0.7, 1e-6, False, 100),
    (0, 1e-4, 0.5, 1e-4, True, 100), (1, 1e-7, 0.7, 1e-6, False, 0), (1, 0.5, 0.2, 1e-1, True, 500_000),
    (5, 1e-2, 0.4, 1e-3, True, 10_000)])
def test_the_row_that_was_measured(people: int, rate: float, similarity: float, fmr: float, measured: bool, largest: int) -> None:
    found = threshold_for(THRESHOLDS, people, rate)
    assert (found.similarity, found.fmr, found.measured, found.largest_gallery) == (similarity, fmr, measured, largest)


def test_the_sentence_says_how_far_the_table_reaches() -> None:
    assert "the table reaches to 100 people" in threshold_for(THRESHOLDS, 7, 1e-4).sentence
    ended = threshold_for(THRESHOLDS, 1000, 1e-4).sentence
    assert "only for 100 people, not for 1000 people" in ended and "strictest measured similarity 0.700" in ended and "1 in 1,000" in ended
    assert "no gallery, however small" in threshold_for(THRESHOLDS, 1, 1e-7).sentence
    assert "one person" in threshold_for({"pooled": table((1e-4, 0.5))}, 1, 1e-4).sentence


@given(st.integers(0, 10**6), st.floats(1e-7, 0.1))
def test_never_laxer_than_asked_and_never_beyond_the_table(people: int, rate: float) -> None:
    found = threshold_for(THRESHOLDS, people, rate)
    rows = {row["similarity"]: row["fmr"] for row in THRESHOLDS["pooled"]["rows"]}
    assert rows[found.similarity] == found.fmr
    count = max(people, 1)
    if found.measured:
        assert found.fmr * count <= rate * (1 + 1e-6) and count <= found.largest_gallery
        assert not any(fmr * count <= rate * (1 - 1e-6) and similarity < found.similarity for similarity, fmr in rows.items())
    else:
        assert found.similarity == 0.7 and count > found.largest_gallery


@given(st.integers(1, 10**5), st.integers(1, 10**5), st.floats(1e-6, 0.1))
def test_more_people_never_make_it_laxer(few: int, more: int, rate: float) -> None:
    few, more = sorted((few, more))
    assert threshold_for(THRESHOLDS, few, rate).similarity <= threshold_for(THRESHOLDS, more, rate).similarity


def test_rows_in_any_order() -> None:
    shuffled = {"pooled": {"rows": THRESHOLDS["pooled"]["rows"][::-1]}}
    assert threshold_for(shuffled, 5, 1e-4) == threshold_for(THRESHOLDS, 5, 1e-4)


@pytest.mark.parametrize("thresholds", [{}, {"pooled": None}, {"pooled": {}}, {"pooled": {"rows": []}}, {"single": THRESHOLDS["single"]},
                                        {"pooled": {"rows": [{"fmr": 0.0, "similarity": 0.5}]}},
                                        {"pooled": {"rows": [{"fmr": 0.1, "similarity": math.nan}]}},
                                        {"pooled": {"rows": [{"fmr": 0.1}]}}, {"pooled": {"rows": [3]}},
                                        {"pooled": {"rows": [{"fmr": "x", "similarity": 1}]}}])
def test_without_a_table_nobody_can_be_told_apart(thresholds: dict[str, Any]) -> None:
    with pytest.raises(ModelError):
        threshold_for(thresholds, 1, 1e-4)


@pytest.mark.parametrize("rate", [0.0, 1.0, -1.0, math.nan, 2.0])
def test_a_rate_that_is_none(rate: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        threshold_for(THRESHOLDS, 1, rate)


@pytest.mark.parametrize(("rate", "votes"), [(1e-4, 1e-2), (1e-6, 1e-4), (1e-3, 1e-2), (0.1, 1e-2)])
def test_votes_are_held_to_less(rate: float, votes: float) -> None:
    assert vote_rate(rate) == pytest.approx(votes)


@given(st.floats(1e-7, 0.1), st.integers(1, 10**4))
def test_no_vote_is_laxer_than_those_that_the_table_was_made_with(rate: float, people: int) -> None:
    measured = threshold_for(THRESHOLDS, 1, MOST_LAX_VOTE, "single").similarity
    assert threshold_for(THRESHOLDS, people, vote_rate(rate), "single").similarity >= measured


def test_what_one_persons_pictures_have_in_common() -> None:
    assert same_person_similarity(THRESHOLDS) == 0.25
    assert templates_measured(THRESHOLDS) == 4
    assert templates_measured({"pooled": table((1e-2, 0.3))}) == 4
    assert templates_measured({"pooled": {"templates": 7}}) == 7


def test_the_shipped_table_serves_a_door_of_eight() -> None:
    shipped = load_bundle("", "embedder").thresholds
    pooled, single = threshold_for(shipped, 8, 1e-4), threshold_for(shipped, 8, vote_rate(1e-4), "single")
    assert 0.0 < single.similarity < 1.0 and 0.0 < pooled.similarity < 1.0
    assert single.fmr > pooled.fmr and single.measured
    assert 0.1 < same_person_similarity(shipped) < pooled.similarity
