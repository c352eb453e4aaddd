"""Pools of embeddings: weights, outliers, strangers who take over, forgetting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.errors import ModelError
from edge_face.types import Floats
from edge_face.vision.pooling import Agreement, Pool


def unit(vector: Floats) -> Floats:
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def person(seed: int) -> Floats:
    return unit(np.random.default_rng(seed).normal(size=128).astype(np.float32))


def look(who: Floats, noise: float, seed: int) -> Floats:
    return unit(who + noise * np.random.default_rng(1000 + seed).normal(size=128).astype(np.float32) / np.sqrt(128))


def test_a_pool_is_nearer_to_the_person_than_its_frames() -> None:
    ben, pool = person(1), Pool()
    frames = [look(ben, 1.0, s) for s in range(8)]
    singles = [float(f @ ben) for f in frames]
    for frame in frames:
        assert pool.add(frame.copy(), 0.8) is Agreement.AGREES
    assert pool.embedding is not None
    assert float(pool.embedding @ ben) > max(singles)
    assert float(np.linalg.norm(pool.embedding)) == pytest.approx(1.0, abs=1e-5)


def test_good_frames_weigh_more() -> None:
    ben, good, poor = person(1), Pool(), Pool()
    clear, bad = look(ben, 0.2, 1), look(ben, 1.5, 2)
    for pool, weights in ((good, (1.0, 0.1)), (poor, (0.1, 1.0))):
        pool.add(clear.copy(), weights[0])
        pool.add(bad.copy(), weights[1])
    assert good.embedding is not None and poor.embedding is not None
    assert float(good.embedding @ ben) > float(poor.embedding @ ben)


def test_one_far_frame_is_kept_out_and_two_in_a_row_start_anew() -> None:
    ben, hiro, pool = person(1), person(2), Pool()
    for s in range(4):
        pool.add(look(ben, 0.4, s), 1.0)
    before = pool.embedding.copy()  # type: ignore[union-attr]
    assert pool.add(look(hiro, 0.2, 9), 1.0) is Agreement.FAR
    assert np.array_equal(pool.embedding, before)  # type: ignore[arg-type]
    assert pool.add(look(ben, 0.4, 5), 1.0) is Agreement.AGREES
    assert pool.add(look(hiro, 0.2, 10), 1.0) is Agreement.FAR
    assert pool.add(look(hiro, 0.2, 11), 1.0) is Agreement.RESET
    assert len(pool) == 1
    assert float(pool.embedding @ hiro) > 0.9  # type: ignore[operator]


def test_an_outlier_that_slipped_in_counts_for_little() -> None:
    ben, pool = person(1), Pool()
    odd = unit(0.4 * ben + person(3))
    for frame in [look(ben, 0.3, s) for s in range(5)] + [odd]:
        pool.add(frame.copy(), 1.0)
    plain = unit(np.mean([look(ben, 0.3, s) for s in range(5)] + [odd], axis=0))
    assert float(pool.embedding @ ben) > float(plain @ ben)  # type: ignore[operator]


def test_the_newest_always_gets_in_and_the_pool_stays_bounded() -> None:
    ben, pool = person(1), Pool(size=4)
    for s in range(40):
        pool.add(look(ben, 0.5, s), 1.0 if s < 4 else 0.2)
        assert len(pool) <= 4
    late = look(ben, 0.5, 99)
    pool.add(late, 0.01)
    assert late.any(), "the newest is in the pool"


def test_clear_overwrites_every_number() -> None:
    pool, ben = Pool(), person(1)
    given_away = [look(ben, 0.3, s) for s in range(12)]
    for frame in given_away:
        pool.add(frame, 1.0)
    mean = pool.embedding
    pool.clear()
    assert not any(frame.any() for frame in given_away) and not mean.any()  # type: ignore[union-attr]
    assert pool.embedding is None and len(pool) == 0


@pytest.mark.parametrize("bad", [np.zeros(8, np.float32), np.full(8, np.nan, np.float32), np.full(8, 2.0, np.float32)])
def test_what_is_no_unit_vector_is_refused(bad: Floats) -> None:
    pool = Pool()
    with pytest.raises(ModelError):
        pool.add(bad, 1.0)
    assert pool.embedding is None


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 1)), max_size=30))
def test_whatever_comes_the_pool_is_empty_or_a_unit_vector(steps: list[tuple[int, float]]) -> None:
    pool = Pool(size=3)
    for who, weight in steps:
        pool.add(person(who).copy(), weight)
        assert pool.embedding is not None
        assert abs(float(np.linalg.norm(pool.embedding)) - 1.0) < 1e-4
        assert 1 <= len(pool) <= 3
