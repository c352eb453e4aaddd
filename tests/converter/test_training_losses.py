"""The embedder's losses against what their papers say, written out in plain loops."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from converter.training import embedder_losses as losses  # noqa: E402
from converter.training.verification import joined  # noqa: E402

PERSON = np.array([0, 0, 0, 1, 1, 2, 2, -1], np.int32)
RNG = np.random.default_rng(1)
STUDENT = joined(RNG.standard_normal((8, 6)).astype(np.float32), (6,))


def number(value: object) -> float:
    return float(keras.ops.convert_to_numpy(value))


def test_joined_parts_have_equal_weight_and_agree_with_numpy() -> None:
    outputs = RNG.standard_normal((5, 10)).astype(np.float32) * 7
    ours = keras.ops.convert_to_numpy(losses.joined(keras.ops.convert_to_tensor(outputs), (6, 4)))
    assert np.allclose(ours, joined(outputs, (6, 4)), atol=1e-5)
    assert np.allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)


def test_imitation_is_one_less_the_cosine_of_each_part() -> None:
    one, other = (joined(RNG.standard_normal((5, 10)).astype(np.float32), (6, 4)) for _ in range(2))
    cosines = [2 * (one[:, a:b] * other[:, a:b]).sum(1).mean() for a, b in ((0, 6), (6, 10))]
    expected = 1.0 * (1 - cosines[0]) + 0.7 * (1 - cosines[1])
    assert number(losses.imitation(one, other, (6, 4), (1.0, 0.7))) == pytest.approx(expected, abs=1e-5)
    assert number(losses.imitation(one, one, (6, 4), (1.0, 0.7))) == pytest.approx(0, abs=1e-5)


def test_neighbours_are_no_loss_where_student_and_teacher_agree() -> None:
    bank = joined(RNG.standard_normal((20, 6)).astype(np.float32), (6,))
    assert number(losses.neighbours(STUDENT, STUDENT, bank, 0.1)) == pytest.approx(0, abs=1e-5)
    assert number(losses.neighbours(STUDENT, STUDENT[::-1].copy(), bank, 0.1)) > 0.1


def test_the_margin_softmax_is_cosface_over_the_labelled() -> None:
    centres = RNG.standard_normal((3, 6)).astype(np.float32) * 5
    unit = centres / np.linalg.norm(centres, axis=1, keepdims=True)
    expected = []
    for row, person in zip(STUDENT, PERSON, strict=True):
        if person >= 0:
            logits = 16 * (row @ unit.T)
            logits[person] -= 16 * 0.2
            expected.append(np.log(np.exp(logits).sum()) - logits[person])
    found = number(losses.margin_softmax(STUDENT, centres, PERSON, 0.2, 16.0))
    assert found == pytest.approx(float(np.mean(expected)), rel=1e-4)


def squared(i: int, j: int) -> float:
    return float(((STUDENT[i] - STUDENT[j]) ** 2).sum())


@pytest.mark.parametrize("margin", [0.1, 0.5, 3.0])
def test_triplets_are_semi_hard(margin: float) -> None:
    expected = []
    known = [i for i in range(8) if PERSON[i] >= 0]
    for anchor in known:
        strangers = [squared(anchor, n) for n in known if PERSON[n] != PERSON[anchor]]
        for positive in known:
            if positive != anchor and PERSON[positive] == PERSON[anchor]:
                distance = squared(anchor, positive)
                beyond = [d for d in strangers if d > distance]
                expected.append(max(distance - (min(beyond) if beyond else max(strangers)) + margin, 0))
    violated = [loss for loss in expected if loss > 0]
    assert number(losses.triplet(STUDENT, PERSON, margin)) == pytest.approx(float(np.mean(violated)), rel=1e-4)


def test_siamese_pairs_are_drawn_together_and_pushed_apart() -> None:
    margin = 1.0
    near, far = [], []
    for i in range(8):
        for j in range(8):
            if i != j and PERSON[i] >= 0 and PERSON[j] >= 0:
                if PERSON[i] == PERSON[j]:
                    near.append(squared(i, j))
                else:
                    far.append(max(margin - squared(i, j) ** 0.5, 0) ** 2)
    expected = 0.5 * (np.mean(near) + np.mean(far))
    assert number(losses.contrastive(STUDENT, PERSON, margin)) == pytest.approx(float(expected), rel=1e-3)


def test_a_batch_without_labels_costs_nothing() -> None:
    nobody = np.full(8, -1, np.int32)
    assert number(losses.triplet(STUDENT, nobody, 0.3)) == 0
    assert number(losses.contrastive(STUDENT, nobody, 1.0)) == 0
    assert number(losses.margin_softmax(STUDENT, np.eye(3, 6, dtype=np.float32), nobody, 0.2, 16.0)) == 0
