"""Simulated challenges: the bodies move as said, and what passes is counted rightly."""

from __future__ import annotations

import numpy as np
import pytest

from edge_face.access.actions import Action
from edge_face.access.challenge import ChallengeRules
from edge_face.evaluation.challenge_residuals import Misses, Residuals, mirrored, residual
from edge_face.evaluation.challenge_traces import HEADS, Species, Trace, run_trace, run_traces, shares

RULES = ChallengeRules()


def trembling(size: float, seed: int = 1) -> Residuals:
    rng = np.random.default_rng(seed)
    return Residuals(*(Misses(np.zeros((2, 5, 2)), (rng.normal(0, size, (90, 5, 2)),)) for _ in range(2)))


def test_heads_pass_and_planes_do_not() -> None:
    traces = run_traces(25, 30, RULES, trembling(0.01))
    by_name = {share.name: share for share in shares(traces)}
    assert by_name["all heads"].traces == 25 and by_name["all planes"].traces == 30
    assert by_name["all heads"].rate >= 0.9
    assert by_name["all planes"].rate <= 0.05
    assert sum(count for _, count in by_name["all planes"].reasons) == 30 - by_name["all planes"].passed


def test_landmarks_that_miss_by_far_make_heads_fail() -> None:
    passed = [run_trace(Species.HEAD, RULES, trembling(0.2), np.random.default_rng(seed)).passed for seed in range(10)]
    assert sum(passed) <= 5


@pytest.mark.parametrize("species", list(Species))
def test_every_species_follows_every_action(species: Species) -> None:
    rules = ChallengeRules(tuple(action for action in Action if action is not Action.BLINK))
    rng = np.random.default_rng(3)
    traces = [run_trace(species, rules, trembling(0.005), rng) for _ in range(6)]
    assert all(0 < trace.seconds < 2 * rules.seconds + rules.seconds for trace in traces)
    assert all(trace.passed != bool(trace.reason) for trace in traces)
    passed = sum(trace.passed for trace in traces)
    assert passed >= 4 if species in HEADS else passed <= 1


def test_the_same_seed_gives_the_same_traces() -> None:
    def key(traces: list[Trace]) -> list[tuple[object, ...]]:
        return [(t.species, t.actions, t.fps, t.passed, t.seconds, t.reason) for t in traces]

    assert key(run_traces(4, 4, RULES, trembling(0.01), seed=3)) == key(run_traces(4, 4, RULES, trembling(0.01), seed=3))
    assert key(run_traces(4, 4, RULES, trembling(0.01), seed=3)) != key(run_traces(4, 4, RULES, trembling(0.01), seed=4))


def test_a_residual_is_in_eye_distances_of_a_face_that_looks_straight() -> None:
    truth = np.array([(100, 100), (160, 100), (130, 140), (105, 170), (155, 170)], float)
    missed = truth + np.array((6.0, 0.0))
    assert residual(missed, truth) == pytest.approx(np.tile((0.1, 0.0), (5, 1)), abs=0.01)
    assert residual(truth * 2 + 7, truth * 2 + 7) == pytest.approx(0.0)


def test_noise_of_the_mirrored_face() -> None:
    noise = np.arange(20, dtype=float).reshape(2, 5, 2)
    twice = mirrored(mirrored(noise))
    assert (twice == noise).all()
    assert mirrored(noise)[0, 0].tolist() == [-noise[0, 1, 0], noise[0, 1, 1]]
