"""The gate of embedders: cosines, people told apart at counted false match rates, thresholds that move; and rates by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("ai_edge_litert.schema_py_generated", reason="small networks are written with LiteRT's schema")
from parity_models import SIDE, Dense, failed, material, verdict_on

from converter.contract import Material, Plan, Preprocessing
from converter.parity.classes import accuracy, confusion, mean_recall, swapped_labels
from converter.parity.embeddings import unit
from converter.parity.outputs import psnr, relative_error
from edge_face.errors import ModelError

PEOPLE, EACH = 60, 5
DIMENSION = 24
PLAN = Plan("embedder", Preprocessing(SIDE, SIDE, low=-1.0, high=1.0, aligned=True), parts=(16, 8))


def embedder() -> Dense:
    rng = np.random.default_rng(0)
    return Dense(rng.normal(0, 1, (DIMENSION, SIDE * SIDE * 3)).astype(np.float32), np.zeros(DIMENSION, np.float32), "embedder", PLAN, "")


@pytest.fixture(scope="module")
def crowd() -> Material:
    """Sixty people, each a pattern that five pictures show with much noise: 44,250 impostor pairs, 600 genuine ones."""
    rng = np.random.default_rng(1)
    shown, people = [], []
    for person in range(PEOPLE):
        face = rng.normal(0, 30, (SIDE, SIDE, 3))
        for _ in range(EACH):
            shown.append(np.clip(128 + face + rng.normal(0, 24, face.shape), 0, 255).astype(np.uint8))
            people.append(person)
    return material(shown, people)


def noisy(net: Dense, strength: float) -> Any:
    noise = np.random.default_rng(2).standard_normal(net.weights.shape).astype(np.float32)
    return net.file(weights=net.weights + np.float32(strength) * noise)


def test_people_are_told_apart_as_well(tmp_path: Path, crowd: Material) -> None:
    net = embedder()
    verdict = verdict_on(tmp_path, net.file(), net.source(), PLAN, crowd)
    assert verdict.passed and verdict.labelled and verdict.metrics["cosine_mean"] > 0.9999
    assert verdict.metrics["impostor_pairs"] == 44250 and verdict.metrics["genuine_pairs"] == 600
    assert 0.2 < verdict.metrics["tar_1e-3"] < 1.0  # neither hopeless nor trivial, so that a loss can show
    assert abs(verdict.metrics["tar_1e-3"] - verdict.metrics["tar_float_1e-3"]) < 0.005
    measured = {check.metric: check for check in verdict.checks}
    assert measured["tar_lost_1e-3"].figure is not None and measured["threshold_moved_1e-3"].figure is not None
    # 30 false matches at 1e-4 would need 300,000 pairs.
    assert measured["tar_lost_1e-4"].figure is None and "300,000 are needed" in measured["tar_lost_1e-4"].text
    curve = verdict.plots["det"]["quantized"]
    assert len(curve["fmr"]) == len(curve["fnmr"]) > 20 and curve["fmr"] == sorted(curve["fmr"], reverse=True)
    assert curve["fnmr"] == sorted(curve["fnmr"])
    assert [row["fmr"] for row in verdict.plots["thresholds"]] == [1e-2, 1e-3]
    same = np.array(verdict.plots["scatter"]["same"])
    drawn = np.array(verdict.plots["scatter"]["float"])
    assert drawn[same].mean() > drawn[~same].mean() + 0.2


def test_weights_that_were_perturbed_fail_by_cosine_and_by_people(tmp_path: Path, crowd: Material) -> None:
    net = embedder()
    verdict = verdict_on(tmp_path, noisy(net, 1.0), net.source(), PLAN, crowd)
    assert {"cosine_mean", "cosine_p01"} <= failed(verdict) and verdict.hint


def test_directions_that_are_lost_fail_by_people(tmp_path: Path, crowd: Material) -> None:
    """A file that answers with fewer numbers tells people apart less well."""
    net = embedder()
    weights = net.weights.copy()
    weights[4:16] = weights[:1] * 1e-3
    verdict = verdict_on(tmp_path, net.file(weights=weights), net.source(), PLAN, crowd)
    assert "tar_lost_1e-3" in failed(verdict) and verdict.metrics["tar_1e-3"] < verdict.metrics["tar_float_1e-3"] - 0.005


def test_embeddings_pushed_together_move_the_threshold(tmp_path: Path, crowd: Material) -> None:
    net = embedder()
    lengths = float(np.linalg.norm(net.source().run({"input": np.ones((1, SIDE, SIDE, 3), np.float32)})["output"]))
    pushed = Dense(net.weights, net.bias + np.float32(0.05 * lengths), "embedder", PLAN, "")
    verdict = verdict_on(tmp_path, pushed.file(), net.source(), PLAN, crowd)
    assert "threshold_moved_1e-3" in failed(verdict)


def test_other_parts_than_the_bundles_show(tmp_path: Path, crowd: Material) -> None:
    net = embedder()
    lopsided = Dense(net.weights * np.repeat([1.0, 0.2], [16, 8]).astype(np.float32)[:, None], net.bias, "embedder", PLAN, "")
    few = material(crowd.pictures[:40])
    assert verdict_on(tmp_path / "same", lopsided.file(), lopsided.source(), PLAN, few).passed
    assert not verdict_on(tmp_path / "other", lopsided.file(), lopsided.source(), PLAN, few, staged=replace(PLAN, parts=())).passed


@pytest.mark.parametrize(("labels", "why"), [
    (None, "who the faces are"), ([-1] * 20, "who the faces are"), ([3] * 20, "of one person"), (list(range(20)), "nobody has two"),
    ([0, 0, 1, 1, *[-1] * 16], "too few for 30 false matches")])
def test_what_cannot_be_measured_is_said(tmp_path: Path, crowd: Material, labels: Any, why: str) -> None:
    net = embedder()
    verdict = verdict_on(tmp_path, net.file(), net.source(), PLAN, material(crowd.pictures[:20], labels))
    assert verdict.passed and not verdict.labelled
    unknown = [check for check in verdict.checks if check.figure is None]
    assert len(unknown) == 4 and all(why in check.text for check in unknown)


def test_a_file_without_directions_fails(tmp_path: Path, crowd: Material) -> None:
    net = embedder()
    silent = Dense(np.zeros_like(net.weights), net.bias, "embedder", PLAN, "")
    verdict = verdict_on(tmp_path, silent.file(), net.source(), PLAN, material(crowd.pictures[:12]))
    assert failed(verdict) == {"runs"} and "length" in verdict.checks[-1].text
    with pytest.raises(ModelError, match="itself gives embeddings of length 0"):
        verdict_on(tmp_path / "both", silent.file(), silent.source(), PLAN, material(crowd.pictures[:12]))


numbers = st.integers(0, 2 ** 32 - 1)


@given(numbers, st.integers(1, 3), st.floats(0.01, 100))
def test_unit_embeddings_have_length_one_whatever_their_scale(seed: int, parts: int, scale: float) -> None:
    raw = np.random.default_rng(seed).normal(0, 1, (5, 4 * parts)).astype(np.float32)
    model: Any = None
    found = unit(raw, (4,) * parts, model)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(unit(raw * np.float32(scale), (4,) * parts, model), found, atol=1e-4)


@given(numbers, st.integers(2, 6), st.integers(1, 60))
def test_a_confusion_counts_every_example_once(seed: int, classes: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    truth, guess = rng.integers(0, classes, (2, count))
    table = confusion(truth, guess, classes)
    assert table.sum() == count and table.shape == (classes, classes) and (table >= 0).all()
    assert accuracy(table) == pytest.approx(float((truth == guess).mean()))
    assert 0 <= mean_recall(table) <= 1 and mean_recall(confusion(truth, truth, classes)) == 1
    assert swapped_labels(truth, truth, classes, ()) == ""


@given(st.permutations(range(4)))
def test_labels_in_any_other_order_are_noticed(order: list[int]) -> None:
    truth = np.repeat(np.arange(4), 5)
    said = swapped_labels(truth, np.array(order)[truth], 4, ("a", "b", "c", "d"))
    assert bool(said) == (list(order) != [0, 1, 2, 3])


@given(numbers, st.floats(1.0, 50.0))
def test_psnr_falls_as_noise_grows(seed: int, strength: float) -> None:
    rng = np.random.default_rng(seed)
    was = rng.uniform(0, 255, (3, 8, 8, 3)).astype(np.float32)
    noise = rng.normal(0, strength, was.shape).astype(np.float32)
    assert (psnr(was, was + 2 * noise) < psnr(was, was + noise)).all() and (psnr(was, was) == 99).all()
    # Noise of strength s: 20 log10(255 / s) dB.
    np.testing.assert_allclose(psnr(was, was + noise), 20 * np.log10(255 / strength), atol=2.5)


@given(numbers, st.floats(0.01, 10.0))
def test_relative_error_is_relative(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    was, now = rng.normal(0, 1, (2, 6, 4)).astype(np.float32)
    assert relative_error(was, was) == 0 and relative_error(was, np.zeros_like(was)) == pytest.approx(1)
    scaled = relative_error(was * np.float32(scale), now * np.float32(scale))
    assert scaled == pytest.approx(relative_error(was, now), rel=1e-3)
    assert relative_error(np.zeros(3, np.float32), np.ones(3, np.float32)) == float("inf")
