"""Threshold tables: rates counted by hand, no extrapolation, dependence between comparisons taken into account."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from face_crowd import crowd
from hypothesis import given, settings
from hypothesis import strategies as st

from converter.approaches import NOBODY
from converter.calibration import check_reach
from converter.encounters import Scores
from converter.thresholds import FEWEST, Curve, Row, table, tables
from edge_face.errors import ModelError
from edge_face.people import threshold_for
from edge_face.people.thresholds import MOST_LAX_VOTE
from edge_face.vision.manifest import check_table


def scores(impostor: np.ndarray, strangers: np.ndarray | None = None, genuine: tuple[float, ...] = ()) -> Scores:
    """(rounds, strangers, owners) of given numbers; by default the strangers are the owners, and more."""
    _, count, owners = impostor.shape
    who = np.arange(count) if strangers is None else strangers
    found = Scores(impostor.astype(np.float32), who, np.arange(owners), np.array(genuine, np.float32))
    found.impostor[:, found.same] = NOBODY
    return found


def chance(persons: int, rounds: int = 2, seed: int = 0, owners: int = 0) -> Scores:
    """Every comparison by itself, as if no person were like another."""
    random = np.random.default_rng(seed)
    return scores(random.normal(0, 0.2, (rounds, persons, owners or persons)).clip(-1, 1), genuine=tuple(random.uniform(0.3, 1, 50)))


def test_rows_count_what_is_there() -> None:
    measured = chance(80, rounds=3, owners=50)
    rivals = measured.impostor[:, ~measured.same]
    rows = table([Curve(measured, "x")], resamples=100)
    assert rows[0].fmr == pytest.approx(0.1, rel=0.02)
    assert all(a.fmr > b.fmr and a.similarity < b.similarity for a, b in pairwise(rows))
    for row in rows:
        hit = measured.impostor >= np.float32(row.similarity)
        assert row.comparisons == rivals.size == 3 * (80 * 50 - 50)
        assert row.false_matches == hit.sum()
        assert row.fmr == pytest.approx(row.false_matches / rivals.size)
        pairs = {frozenset(p) for p in zip(*np.nonzero(hit.any(0)), strict=True)}
        assert row.false_pairs == len(pairs)
        matches = {pair: sum(int(hit[:, a, b].sum()) for a, b in ((min(pair), max(pair)), (max(pair), min(pair))) if b < 50)
                   for pair in pairs}
        assert row.effective_pairs == pytest.approx(sum(matches.values()) ** 2 / sum(v * v for v in matches.values()))
        assert row.tar == pytest.approx((measured.genuine >= np.float32(row.similarity)).mean())
        assert row.fmr <= row.fmr_upper < 1 and row.shown == "x"


def test_the_table_ends_where_its_data_end() -> None:
    measured = chance(60)
    rows = table([Curve(measured)], resamples=50)
    assert all(row.effective_pairs >= FEWEST for row in rows)
    # One comparison more or less moves the effective number by about one.
    assert rows[-1].effective_pairs <= FEWEST + 2
    assert Curve(measured).false_pairs(rows[-1].similarity + 2e-6)[1] < FEWEST


def test_both_ways_round_are_one_pair() -> None:
    impostor = np.full((1, 40, 40), -0.5)
    impostor[0, np.arange(20), np.arange(20, 40)] = 0.9
    one_way = Curve(scores(impostor))
    impostor[0, np.arange(20, 40), np.arange(20)] = 0.9
    both = Curve(scores(impostor))
    assert one_way.false_pairs(0.5) == (20, pytest.approx(20.0)) == both.false_pairs(0.5)
    assert both.rate(0.5) == 2 * one_way.rate(0.5)


def test_rounds_do_not_lengthen_the_table() -> None:
    """A few look-alikes who match in every round tell no more by matching more often."""
    def reach(rounds: int) -> Row:
        random = np.random.default_rng(4)
        likeness = random.normal(0, 0.2, (60, 60))
        return table([Curve(scores(np.stack([likeness] * rounds)))], resamples=20)[-1]

    once, often = reach(1), reach(32)
    assert often.similarity == once.similarity and often.fmr == once.fmr
    assert (often.false_pairs, often.comparisons) == (once.false_pairs, 32 * once.comparisons)


def test_two_who_always_match_do_not_decide_a_row() -> None:
    measured = chance(40, rounds=64)
    measured.impostor[:, 0, 1] = measured.impostor[:, 1, 0] = 0.99
    last = table([Curve(measured)], resamples=20)[-1]
    assert last.fmr > 2 * 128 / last.comparisons and last.effective_pairs >= FEWEST


def test_the_bound_is_wider_for_fewer_people() -> None:
    def spread(persons: int) -> float:
        row = table([Curve(chance(persons, seed=3))])[0]
        return row.fmr_upper / row.fmr

    assert spread(30) > spread(150) > 1.0


def test_the_bound_knows_that_some_people_resemble_many() -> None:
    plain = chance(100, rounds=1)
    wolves = chance(100, rounds=1)
    wolves.impostor[:, :5] = np.where(wolves.same[:5], NOBODY, 0.7)
    here, there = (table([Curve(s)])[0] for s in (plain, wolves))
    assert there.fmr_upper / there.fmr - 1 > 3 * (here.fmr_upper / here.fmr - 1)


@settings(max_examples=25, deadline=None)
@given(persons=st.integers(30, 60), rounds=st.integers(1, 4), seed=st.integers(0, 50), levels=st.integers(3, 2000))
def test_tied_scores_never_make_a_rate_too_good(persons: int, rounds: int, seed: int, levels: int) -> None:
    """Scores of few values tie in masses: each row still says no less than what matches at its similarity."""
    measured = scores(np.random.default_rng(seed).integers(0, levels, (rounds, persons, persons)) / levels)
    try:
        rows = table([Curve(measured)], resamples=20)
    except ModelError:
        return
    rivals = measured.impostor[:, ~measured.same]
    for row in rows:
        assert row.tar is None
        # A score as a device computes it may differ in the last digit from the stored limit.
        assert row.fmr >= (rivals >= row.similarity + 1e-6).mean()


def test_each_row_tells_of_the_worst_curve() -> None:
    """A door may run any file of the bundle, and a stranger may come in either way, under the one table."""
    mild, harsh = chance(60), chance(90, seed=1, owners=60)
    harsh.impostor[~np.broadcast_to(harsh.same, harsh.impostor.shape)] += 0.1
    rows = table([Curve(mild, "mild"), Curve(harsh, "harsh")], resamples=50)
    alone = table([Curve(harsh, "harsh")], resamples=50)
    assert {row.shown for row in rows} == {"harsh"}
    assert [(r.fmr, r.similarity) for r in rows] == [(r.fmr, r.similarity) for r in alone]
    assert [r.tar for r in rows] == [min(float((s.genuine >= np.float32(r.similarity)).mean()) for s in (mild, harsh)) for r in rows]


def test_too_few_people_are_refused_in_words() -> None:
    with pytest.raises(ModelError, match="10 pairs of people cannot show 30 false matches"):
        Curve(chance(5))
    with pytest.raises(ModelError, match=r"with 12 people not even a false match rate of 0\.1 can be measured"):
        table([Curve(chance(12))])
    with pytest.raises(ModelError, match="only 0 people have 3 or more pictures"):
        tables(crowd(30, 2))


def test_tables_are_what_the_loader_and_the_door_take() -> None:
    said: list[str] = []
    steps: list[int] = []
    found = tables(crowd(50, 7), rounds=1, say=said.append, step=steps.append)
    assert set(found) == {"pooled", "single"} and len(said) == 2
    assert sum(steps) == 50 * 4
    for name, content in found.items():
        check_table(content, "manifest.json", name)
        assert content["precision"] == "int8" and content["people"] == content["template_people"] == 50
        assert all(row["false_matches"] >= row["false_pairs"] >= row["effective_pairs"] >= FEWEST for row in content["rows"])
        assert 0.0 < threshold_for(found, 1, 1e-2, name).similarity < 1.0
    pooled, single = found["pooled"], found["single"]
    assert pooled["pairs"] == {"still": 50 * 49 // 2, "stills": 50 * 49 // 2}
    assert (pooled["votes"], pooled["of"], pooled["probe_pictures"], single["probe_pictures"]) == (3, 5, 30, 1)
    assert pooled["vote_similarity"] == threshold_for(found, 1, MOST_LAX_VOTE, "single").similarity
    # Strangers have thirty tries in an approach: the same rate asks for more than it does of one picture.
    same = [threshold_for(found, 1, 5e-3, name).similarity for name in ("pooled", "single")]
    assert same[0] > same[1]


def test_one_way_of_showing_strangers_may_be_left_out() -> None:
    found = tables(crowd(90, 6), rounds=1, shown=("still",))["pooled"]
    assert found["probe_people"] == {"still": 90} and {row["shown"] for row in found["rows"]} == {"still"}


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return tables(crowd(40, 6), rounds=1)


def test_the_same_set_gives_the_same_table(found: dict[str, Any]) -> None:
    assert tables(crowd(40, 6), rounds=1) == found


def test_a_rate_beyond_the_table_is_refused(found: dict[str, Any]) -> None:
    last = found["pooled"]["rows"][-1]
    check_reach(found, last["fmr"])
    with pytest.raises(ModelError, match=r"1e-07 is beyond what was measured: the table ends at .* nothing is extrapolated"):
        check_reach(found, 1e-7)
