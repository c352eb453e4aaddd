"""All pairs by blocks against all pairs one by one; rates, folds, areas against their definitions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from evaluation_material import random_people
from hypothesis import given
from hypothesis import strategies as st

from edge_face.errors import MediaError
from edge_face.evaluation import verification
from edge_face.evaluation.embedding_run import Embedded
from edge_face.evaluation.tally import BINS, Metric, Tally, counted
from edge_face.evaluation.verification import best_threshold, compare_all, fold_accuracy

COSINE, EUCLIDEAN = Metric("cosine"), Metric("euclidean")


def one_by_one(pictures: Embedded, person: np.ndarray) -> tuple[list[float], list[float], int]:
    """Genuine scores, impostor scores and genuine pairs without a face, by two loops."""
    genuine, impostor, missed = [], [], 0
    for i, j in itertools.combinations(range(len(person)), 2):
        made = pictures.found[i] and pictures.found[j]
        score = float(np.dot(pictures.embeddings[i].astype(np.float64), pictures.embeddings[j]))
        if person[i] == person[j]:
            missed += not made
            genuine += [score] if made else []
        elif made:
            impostor.append(score)
    return genuine, impostor, missed


@pytest.mark.parametrize("block", [1, 7 * 40, 10_000_000])
def test_blocks_count_what_two_loops_count(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(verification, "BLOCK_SCORES", block)
    pictures, person = random_people(10, 4, lost=(3, 17))
    genuine, impostor, missed = one_by_one(pictures, person)
    found = compare_all(pictures, person, COSINE)
    assert (found.tally.genuine_pairs, found.tally.impostor_pairs, found.tally.missed) == (60, len(impostor), missed) and missed == 6
    assert found.tally.uncompared == 720 - len(impostor)
    for rate in (0.3, 0.1, 0.05):
        point = found.tally.at_fmr(rate)
        assert point is not None
        assert point.fmr == pytest.approx(np.mean(np.array(impostor) >= point.threshold), abs=2 / len(impostor))
        assert point.fmr <= rate
        assert point.tar == pytest.approx(np.sum(np.array(genuine) >= point.threshold) / 60, abs=1 / 60)
        # The most lenient one: the best impostor that stays out would have been one too many.
        lower = max(score for score in impostor if score < point.threshold)
        assert np.mean(np.array(impostor) >= lower) > rate


def test_pairs_are_counted_whoever_comes_first() -> None:
    pictures, person = random_people(8, 3)
    order = np.random.default_rng(1).permutation(len(person))
    shuffled = Embedded(pictures.embeddings[order], pictures.found[order], {})
    one, two = compare_all(pictures, person, COSINE), compare_all(shuffled, person[order], COSINE)
    assert one.tally.at_fmr(0.2) == two.tally.at_fmr(0.2)
    assert (one.tally.impostor == two.tally.impostor).all()


def test_the_tail_and_the_genuine_pairs_are_kept_with_their_numbers() -> None:
    pictures, person = random_people(12, 3, lost=(5,))
    found = compare_all(pictures, person, COSINE)
    assert all((kept.score[1:] <= kept.score[:-1]).all() for kept in (found.tail, found.genuine))
    assert (person[found.tail.left] != person[found.tail.right]).all()
    assert (person[found.genuine.left] == person[found.genuine.right]).all()
    assert 5 not in found.tail.left and 5 not in found.tail.right
    assert np.isneginf(found.genuine.score).sum() == 2
    expected = np.einsum("ij,ij->i", pictures.embeddings[found.tail.left], pictures.embeddings[found.tail.right])
    assert found.tail.score == pytest.approx(expected, abs=1e-6)


def test_clean_against_changed_compares_both_ways_and_never_a_picture_with_itself() -> None:
    clean, person = random_people(6, 3)
    changed, _ = random_people(6, 3, noise=0.9, lost=(0,))
    found = compare_all(clean, person, COSINE, changed)
    assert found.tally.genuine_pairs == 6 * 3 * 2 and found.tally.missed == 2
    assert found.tally.impostor_pairs == 18 * 15 - 15
    assert (found.genuine.left != found.genuine.right).all()


def test_cosine_and_euclidean_rank_unit_vectors_alike() -> None:
    pictures, person = random_people(30, 5, noise=1.2)
    cosine, euclidean = (compare_all(pictures, person, metric) for metric in (COSINE, EUCLIDEAN))
    for rate in (0.1, 0.01, 0.005):
        one, two = cosine.tally.at_fmr(rate), euclidean.tally.at_fmr(rate)
        assert one is not None and two is not None
        assert two.tar == pytest.approx(one.tar, abs=1 / 300)
        assert EUCLIDEAN.shown(two.threshold) ** 2 == pytest.approx(2 - 2 * one.threshold, abs=1e-3)
    assert list(zip(cosine.tail.left[:50], cosine.tail.right[:50], strict=True)) == list(
        zip(euclidean.tail.left[:50], euclidean.tail.right[:50], strict=True))
    assert euclidean.tally.eer() == pytest.approx(cosine.tally.eer(), abs=1e-3)
    # Off the unit sphere they differ: the distance is truly computed.
    long = np.array([[2.0, 0.0]], np.float32)
    assert EUCLIDEAN.scores(long, np.array([[1.0, 0.0]], np.float32))[0, 0] == pytest.approx(-1.0)


def test_fewer_than_thirty_impostors_decide_nothing() -> None:
    histogram = np.zeros(BINS, np.int64)
    histogram[BINS // 2] = 3000
    genuine = np.zeros(BINS, np.int64)
    genuine[-1] = 10
    tally = Tally(COSINE, genuine, histogram)
    assert tally.at_fmr(1e-2) is not None and tally.at_fmr(9.9e-3) is None
    histogram[BINS // 2] = 2999
    assert Tally(COSINE, genuine, histogram).at_fmr(1e-2) is None


def test_a_genuine_pair_without_a_face_matches_at_no_threshold() -> None:
    genuine, impostor = counted(np.full(6, 0.9, np.float32), COSINE), counted(np.full(1000, 0.1, np.float32), COSINE)
    point = Tally(COSINE, genuine, impostor, missed=2).at_fmr(0.1)
    assert point is not None and point.tar == 6 / 8
    assert Tally(COSINE, genuine, impostor, missed=2).at_threshold(-1.0).tar == 6 / 8


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=30), st.lists(st.integers(-20, 20), min_size=1, max_size=30),
       st.integers(0, 3))
def test_auc_is_how_often_a_genuine_pair_scores_higher(genuine: list[int], impostor: list[int], missed: int) -> None:
    scores = [np.array(values, np.float32) / 25 for values in (genuine, impostor)]
    tally = Tally(COSINE, counted(scores[0], COSINE), counted(scores[1], COSINE), missed)
    wins = sum((g > i) + (g == i) / 2 for g in genuine for i in impostor)
    assert tally.auc() == pytest.approx(wins / ((len(genuine) + missed) * len(impostor)))
    assert 0 <= tally.eer() <= 1


def test_eer_of_two_overlapping_groups() -> None:
    genuine, impostor = np.linspace(0, 1, 1001, dtype=np.float32), np.linspace(-0.5, 0.5, 1001, dtype=np.float32)
    assert Tally(COSINE, counted(genuine, COSINE), counted(impostor, COSINE)).eer() == pytest.approx(0.25, abs=2e-3)


@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=1, max_size=25))
def test_no_threshold_judges_more_pairs_rightly_than_the_best_one(pairs: list[tuple[int, bool]]) -> None:
    scores, same = np.array([p[0] for p in pairs], np.float32) / 7, np.array([p[1] for p in pairs])
    best = ((scores.astype(np.float64) >= best_threshold(scores, same)) == same).sum()
    assert best == max(((scores >= t) == same).sum() for t in (*scores, scores.max() + 1))


def test_each_fold_is_judged_by_the_others() -> None:
    # Fold 2 is shifted upwards: its own best threshold (0.75) is not the one that it is judged by.
    scores = np.array([0.9, 0.1, 0.9, 0.1, 0.9, 0.7], np.float32)
    same = np.array([True, False] * 3)
    fold = np.array([0, 0, 1, 1, 2, 2])
    result = fold_accuracy(scores, same, fold)
    assert result.folds == (1.0, 1.0, 0.5)
    assert result.mean == pytest.approx(5 / 6) and result.deviation == pytest.approx(np.std([1, 1, 0.5], ddof=1))
    assert result.thresholds[2] == pytest.approx(0.5, abs=0.01)


def test_a_listed_pair_without_a_face_is_wrong_whatever_it_is() -> None:
    scores = np.array([0.9, -np.inf, 0.9, 0.1], np.float32)
    assert fold_accuracy(scores, np.array([True, False, True, False]), np.array([0, 0, 1, 1])).right.tolist() == [True, False, True, True]
    with pytest.raises(MediaError, match="one fold"):
        fold_accuracy(scores, scores > 0, np.zeros(4, np.int64))


@pytest.mark.parametrize(("person", "said"), [([0, 1, 2], "one picture only"), ([0, 0, 0], "one person")])
def test_nothing_to_compare_is_said(person: list[int], said: str) -> None:
    pictures = Embedded(np.eye(3, dtype=np.float32), np.ones(3, bool), {})
    with pytest.raises(MediaError, match=said):
        compare_all(pictures, np.array(person), COSINE)
