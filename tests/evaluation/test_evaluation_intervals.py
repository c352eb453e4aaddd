"""The bootstrap over people: against drawing pictures one by one, and what it must not promise."""

from __future__ import annotations

import numpy as np
import pytest
from evaluation_material import random_people

from edge_face.evaluation import intervals
from edge_face.evaluation.embedding_run import Embedded
from edge_face.evaluation.intervals import accuracy_interval, drawn_people, interval, share_interval, tar_intervals
from edge_face.evaluation.tally import RATES, Metric
from edge_face.evaluation.verification import compare_all

COSINE = Metric()


def drawn_by_hand(pictures: Embedded, person: np.ndarray, weight: np.ndarray, rate: float) -> float:
    """TAR at a rate among drawn people, each drawn copy a person of its own, but never an impostor of its twin."""
    scores = pictures.embeddings @ pictures.embeddings.T
    impostor: list[float] = []
    genuine: list[tuple[float, int]] = []
    for i in range(len(person)):
        for j in range(i + 1, len(person)):
            made = pictures.found[i] and pictures.found[j]
            if person[i] == person[j]:
                genuine.append((scores[i, j] if made else -np.inf, weight[person[i]]))
            elif made:
                impostor += [scores[i, j]] * int(weight[person[i]] * weight[person[j]])
    ranked = np.sort(impostor)[::-1]
    limit = ranked[int(rate * len(ranked) + 1e-9)]
    return sum(w for s, w in genuine if s > limit) / sum(w for _, w in genuine)


def test_every_draw_is_the_figure_of_the_drawn_people(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures, person = random_people(24, 4, noise=1.1, lost=(9,))
    seen: list[list[float]] = []
    monkeypatch.setattr(intervals, "interval", lambda values: seen.append(list(values)))
    tar_intervals(compare_all(pictures, person, COSINE), person, pictures.found, ["1e-2"], seed=3)
    weights = drawn_people(24, seed=3)
    expected = [drawn_by_hand(pictures, person, weight, RATES["1e-2"]) for weight in weights[:12]]
    assert seen[0][:12] == pytest.approx(expected)


def test_the_interval_holds_the_figure_and_narrows_with_people() -> None:
    widths = []
    for count in (15, 120):
        pictures, person = random_people(count, 4, noise=1.3)
        pairs = compare_all(pictures, person, COSINE)
        point, span = pairs.tally.at_fmr(1e-2, fewest=0), tar_intervals(pairs, person, pictures.found, ["1e-2"])["1e-2"]
        assert point is not None and span is not None
        assert span[0] <= point.tar <= span[1]
        widths.append(span[1] - span[0])
    assert widths[1] < widths[0]


def test_both_ways_round_counts_every_drawn_pair() -> None:
    clean, person = random_people(40, 3, noise=1.2)
    changed, _ = random_people(40, 3, noise=1.4, lost=(4, 5))
    pairs = compare_all(clean, person, COSINE, changed)
    span = tar_intervals(pairs, person, clean.found, ["1e-2"], other=changed.found)["1e-2"]
    point = pairs.tally.at_fmr(1e-2)
    assert span is not None and point is not None and span[0] <= point.tar <= span[1]


def test_draws_are_the_same_for_the_same_seed_and_as_many_as_people() -> None:
    first, again, other = drawn_people(30, 5), drawn_people(30, 5), drawn_people(30, 5, seed=1)
    assert (first == again).all() and (first != other).any() and (first.sum(axis=1) == 30).all()


def test_no_interval_where_a_draw_gave_none() -> None:
    assert interval([0.1, float("nan"), 0.3]) is None and interval([]) is None
    assert interval(np.linspace(0, 1, 1001)) == pytest.approx((0.025, 0.975))


def test_shares_by_person_are_wider_than_trials_would_say() -> None:
    # Half of the people always fail: 200 trials, but only 20 people.
    clustered = share_interval({p: (10 if p % 2 else 0, 10) for p in range(20)})
    spread = share_interval(dict.fromkeys(range(20), (5, 10)))
    assert clustered is not None and spread is not None
    assert clustered[1] - clustered[0] > 0.3 and spread == pytest.approx((0.5, 0.5))
    assert share_interval({}) is None


def test_accuracy_interval_holds_the_accuracy() -> None:
    random = np.random.default_rng(0)
    left, right = random.integers(0, 40, 500), random.integers(0, 40, 500)
    hits = random.random(500) < 0.9
    span = accuracy_interval(hits, left, right)
    assert span is not None and span[0] < hits.mean() < span[1] and span[1] - span[0] < 0.2
