"""Attempts counted: rates by species with exact intervals, answers apart, the trade-off, groups; hand-made attempts throughout."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.errors import MediaError
from edge_face.evaluation.intervals import clopper_pearson
from edge_face.evaluation.liveness import CLIP, STILL, Attempt, count_liveness, rate_of
from edge_face.evaluation.liveness_page import liveness_page


def attempt(species: str | None, score: float | None, *, subject: str = "ana", group: str = "", simulated: bool = False,
            kind: str = CLIP, seconds: float | None = None, threshold: float = 0.5) -> Attempt:
    return Attempt(f"{species}-{score}", species, subject, group, simulated, kind, score, score is not None and score >= threshold,
                   score is not None and score >= 0.75, score is not None and score < threshold, seconds)


MIXED = [*(attempt("print", s) for s in (0.1, 0.2, 0.6, 0.3)), *(attempt("screen", s, simulated=True) for s in (0.1, 0.2, None)),
         *(attempt(None, s, seconds=0.4) for s in (0.9, 0.8, 0.4, 0.7, None))]


def test_rates_by_species_and_the_worst_as_headline() -> None:
    result = count_liveness(MIXED)
    assert {name: (r.errors, r.answered, r.attempts, r.rate) for name, r in result.species.items()} == {
        "print": (1, 4, 4, 0.25), "screen": (0, 2, 3, 0.0)}
    assert result.worst == "print" and result.worst_apcer == 0.25
    assert result.bona_fide is not None and result.bona_fide.rate == 0.25 and result.bona_fide.no_response == pytest.approx(0.2)
    assert result.bona_fide.alive == 2 and result.bona_fide.doubted == 1
    assert result.species["screen"].simulated == 3 and result.species["print"].simulated == 0
    assert result.seconds_live == (0.4,) * 5 and result.seconds_attack == ()


def test_of_two_flawless_species_the_one_with_fewer_attempts_is_the_worse() -> None:
    attacks = [attempt("print", 0.1)] * 20 + [attempt("mask", 0.1)] * 3
    assert count_liveness([*attacks, attempt(None, 0.9)]).worst == "mask"


def test_real_and_simulated_are_never_mixed_nor_clips_and_stills() -> None:
    names = set(count_liveness([attempt("print", 0.1), attempt("print", 0.9, simulated=True), attempt("screen", 0.2),
                                attempt("screen", 0.2, kind=STILL)]).species)
    assert names == {"print", "print (simulated)", "screen (clips)", "screen (stills)"}


def test_trade_off_and_working_points() -> None:
    live = [attempt(None, s) for s in (0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.92, 0.95, 0.99)]
    result = count_liveness([*live, *(attempt("print", s) for s in (0.1, 0.2, 0.4, 0.55))])
    points = {p.bpcer: p for p in result.points}
    assert points[0.05].threshold == 0.3 and points[0.05].reached == 0 and points[0.05].apcer == 0.5
    assert points[0.10].threshold == 0.5 and points[0.10].reached == pytest.approx(0.1) and points[0.10].apcer == 0.25
    (det,) = result.det
    assert list(det.apcer) == sorted(det.apcer, reverse=True) and list(det.bpcer) == sorted(det.bpcer)
    assert (det.apcer[0], det.apcer[-1], det.bpcer[0], det.bpcer[-1]) == (1.0, 0.0, 0.0, 1.0)


def test_groups() -> None:
    attacks_too = [attempt("print", 0.9, group="a"), attempt("print", 0.1, group="b")]
    result = count_liveness([*attacks_too, attempt(None, 0.2, group="a"), attempt(None, 0.9)])
    assert set(result.groups) == {"a", "b"}
    attacks, live = result.groups["a"]
    assert attacks is not None and attacks.rate == 1.0 and live is not None and live.rate == 1.0
    assert result.groups["b"][1] is None


def test_nothing_to_count_is_said() -> None:
    with pytest.raises(MediaError, match="no presentation"):
        count_liveness([])
    with pytest.raises(MediaError, match="none of the 2 presentations got an answer"):
        count_liveness([attempt("print", None), attempt(None, None)])
    attacks_only = count_liveness([attempt("print", 0.1)])
    assert attacks_only.bona_fide is None and attacks_only.det == () and attacks_only.points == ()
    live_only = count_liveness([attempt(None, 0.1)])
    assert live_only.worst is None and live_only.worst_apcer is None


def test_the_page_names_the_worst_and_what_is_simulated() -> None:
    about = {"model": "m", "file": "int8.tflite", "thresholds": "clips 0.5"}
    text = liveness_page(count_liveness([*MIXED, attempt("<b>", 0.2, group="<i>")]), about)
    assert "worst species, print" in text and "3 simulated" in text and "<svg" in text and "<b>-0.2" not in text and "<i>" not in text
    assert "no answer" in text


@given(st.integers(0, 60), st.integers(0, 60))
def test_exact_interval_holds_its_tails(hits: int, more: int) -> None:
    trials = hits + more
    low, high = clopper_pearson(hits, trials)
    assert 0 <= low <= high <= 1

    def at_most(k: int, share: float) -> float:
        return sum(math.comb(trials, i) * share ** i * (1 - share) ** (trials - i) for i in range(k + 1))

    if trials:
        assert low <= hits / trials <= high
        if hits:
            assert 1 - at_most(hits - 1, low) == pytest.approx(0.025, abs=1e-6)
        if more:
            assert at_most(hits, high) == pytest.approx(0.025, abs=1e-6)


def test_exact_interval_known_values() -> None:
    assert clopper_pearson(0, 150) == pytest.approx((0.0, 0.024293), abs=1e-6)
    assert clopper_pearson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="no count"):
        clopper_pearson(3, 2)


@given(st.lists(st.tuples(st.sampled_from(["print", "screen", None]), st.one_of(st.none(), st.floats(0, 1)), st.booleans()), min_size=1))
def test_no_attempt_is_lost(rows: list[tuple[str | None, float | None, bool]]) -> None:
    attempts = [attempt(species, score, simulated=simulated) for species, score, simulated in rows]
    if all(a.score is None for a in attempts):
        return
    result = count_liveness(attempts)
    counted = sum(r.attempts for r in result.species.values()) + (result.bona_fide.attempts if result.bona_fide else 0)
    assert counted == len(attempts)
    assert all(0 <= p.apcer <= 1 and p.reached <= p.bpcer for p in result.points)
    assert all(rate_of([a]).answered == (a.score is not None) for a in attempts)
