"""Figures of attacks from embeddings: against counts by hand, chance, and known answers."""

from __future__ import annotations

import numpy as np
import pytest
from evaluation_material import random_people

from edge_face.evaluation.privacy_attacks import area, attack, best_of, both_galleries
from edge_face.evaluation.privacy_classifier import learn
from edge_face.types import Floats


def test_clear_people_are_told_apart_and_a_coin_is_half() -> None:
    clear, person = random_people(30, 6, noise=0.3)
    found = attack(clear.embeddings, clear.embeddings, person, "clear", symmetric=True)
    assert found.auc > 0.99 and found.rank1 == 1.0 and found.tar > 0.95
    assert found.pairs == 30 * 15
    blind, _ = random_people(30, 6, noise=1e6, seed=7)
    guess = attack(blind.embeddings, clear.embeddings, person, "clear")
    assert guess.auc == pytest.approx(0.5, abs=0.04)
    assert guess.tar < 0.05
    assert guess.auc_interval is not None and guess.auc_interval[0] < 0.5 < guess.auc_interval[1]


def test_figures_are_those_counted_by_hand() -> None:
    person = np.array([0, 0, 1, 1])
    gallery: Floats = np.eye(4, dtype=np.float32)
    probes = np.array([(0.9, 0.5, 0, 0), (0.8, 0.9, 0.85, 0), (0, 0, 1, 0.4), (0.6, 0, 0.7, 1)], np.float32)
    found = attack(probes, gallery, person, "clear")
    # Genuine, own picture apart: .5, .8, .4, .7; impostors: 0, 0, .85, 0, 0, 0, .6, 0.
    ordered = [sum((g > i) + (g == i) / 2 for i in (0, 0, .85, 0, 0, 0, .6, 0)) / 8 for g in (.5, .8, .4, .7)]
    assert found.auc == pytest.approx(np.mean(ordered))
    assert found.rank1 == pytest.approx(3 / 4)  # the second probe is nearest to somebody else's picture
    assert found.pairs == 4


def test_the_same_picture_is_no_answer() -> None:
    person = np.array([0, 0, 1, 1])
    gallery: Floats = np.eye(4, dtype=np.float32)
    assert attack(gallery, gallery, person, "clear").auc == 0.5


def test_area_counts_ties_half() -> None:
    assert area(np.array([1.0], np.float32), np.array([0.0, 1.0], np.float32)) == 0.75


def test_interval_holds_the_truth_and_shrinks_with_people() -> None:
    spans = []
    for people in (10, 60):
        found, person = random_people(people, 5, noise=2.0)
        figures = attack(found.embeddings, found.embeddings, person, "clear", symmetric=True)
        assert figures.auc_interval is not None and figures.tar_interval is not None
        assert figures.auc_interval[0] - 0.005 <= figures.auc <= figures.auc_interval[1] + 0.005
        assert figures.tar_interval[0] - 0.02 <= figures.tar <= figures.tar_interval[1] + 0.02
        spans.append(figures.auc_interval[1] - figures.auc_interval[0])
    assert spans[1] < spans[0]


def test_the_better_gallery_counts() -> None:
    clear, person = random_people(20, 4, noise=0.5)
    turned = clear.embeddings[:, ::-1].copy()  # recognisable among themselves, like nothing clear
    found = both_galleries(turned, clear.embeddings, person)
    assert found.gallery == "hidden" and found.auc > 0.9
    assert best_of([attack(turned, clear.embeddings, person, "clear"), found]) is found


def test_a_classifier_learns_people_and_nothing_from_noise() -> None:
    clear, person = random_people(12, 6, noise=0.5)
    known = learn(clear.embeddings, person)
    assert known is not None and known.accuracy > 0.9 and known.pictures == 72
    assert known.chance == pytest.approx(1 / 12)
    noise, _ = random_people(12, 6, noise=1e6)
    nothing = learn(noise.embeddings, person)
    assert nothing is not None and nothing.accuracy < 0.3
    assert nothing.interval is not None and nothing.interval[0] <= nothing.accuracy <= nothing.interval[1]


def test_a_classifier_needs_three_pictures_of_two_people() -> None:
    clear, person = random_people(3, 2)
    assert learn(clear.embeddings, person) is None
