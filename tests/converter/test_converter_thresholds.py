"""Threshold tables: rates counted by hand, no extrapolation, probes and templates as at the door."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converter.faces import people
from converter.thresholds import FEWEST, NOBODY, POOLED, Scores, score, table, tables
from edge_face.errors import ModelError
from edge_face.vision.manifest import check_table


def crowd(persons: int, pictures: int, noise: float = 0.6, seed: int = 0, dimension: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings of people: a direction of their own and noise. Gives (n, dimension) and who each one is."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(persons, dimension))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    identity = np.repeat(np.arange(persons), pictures)
    vectors = centres[identity] + noise * random.normal(size=(len(identity), dimension)) / np.sqrt(dimension)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), identity


def test_scores_are_the_pooled_probe_against_the_best_template() -> None:
    """With exactly as many pictures as are needed nothing is left to chance: counted again in plain loops."""
    embeddings, identity = crowd(6, POOLED)
    scores = score(embeddings, people(identity), POOLED, draws=3)
    assert scores.genuine.shape == (3, 0)
    for probe in range(6):
        mean = embeddings[identity == probe].mean(0)
        mean /= np.linalg.norm(mean)
        for owner in range(6):
            best = max(float(mean @ template) for template in embeddings[identity == owner])
            expected = NOBODY if probe == owner else best
            np.testing.assert_allclose(scores.impostor[:, probe, owner], expected, atol=1e-5)


def test_genuine_comparisons_never_see_a_picture_on_both_sides() -> None:
    """Every picture is a direction of its own, so a shared picture would score at least 1/sqrt(3)."""
    embeddings = np.eye(30, dtype=np.float32)
    identity = np.repeat(np.arange(3), 10)
    scores = score(embeddings, people(identity), POOLED, draws=20)
    assert scores.genuine.shape == (20, 3)
    assert np.abs(scores.genuine).max() == 0.0


def test_people_with_too_few_pictures_take_no_part() -> None:
    embeddings, identity = crowd(12, 5)
    keep = ~((identity < 4) & (np.arange(len(identity)) % 5 > 1))  # four people with two pictures
    everybody = people(identity[keep])
    pooled = score(embeddings[keep], everybody, POOLED, draws=2)
    single = score(embeddings[keep], everybody, 1, draws=2)
    assert pooled.impostor.shape == (2, 8, 8)
    assert single.impostor.shape == (2, 12, 8)
    assert (pooled.same.sum(), single.same.sum()) == (8, 8)
    assert (single.impostor[:, single.same] == NOBODY).all()


def test_rows_count_what_is_there() -> None:
    embeddings, identity = crowd(60, 8)
    scores = score(embeddings, people(identity), POOLED, draws=4)
    rows = table([scores], resamples=200)
    rivals = scores.impostor[:, ~scores.same]
    for row in rows:
        assert row.comparisons == rivals.size
        assert row.false_matches == (rivals >= np.float32(row.similarity)).sum()
        assert row.false_pairs == (rivals.max(0) >= np.float32(row.similarity)).sum()
        assert row.fmr == pytest.approx(row.false_matches / rivals.size)
        assert row.tar == pytest.approx((scores.genuine >= row.similarity).mean())
        assert row.fmr <= row.fmr_upper < 1


def test_the_table_ends_where_its_data_end() -> None:
    embeddings, identity = crowd(60, 8)
    scores = score(embeddings, people(identity), POOLED, draws=4)
    rows = table([scores], resamples=50)
    assert [row.false_pairs >= FEWEST for row in rows] == [True] * len(rows)
    assert FEWEST <= rows[-1].false_pairs <= FEWEST + 2
    stricter = np.float32(rows[-1].similarity + 2e-6)
    assert (scores.impostor.max(0) >= stricter).sum() <= FEWEST
    assert rows[0].fmr == pytest.approx(0.1, rel=0.02)
    assert all(a.fmr > b.fmr and a.similarity < b.similarity for a, b in pairwise(rows))


def test_many_draws_of_one_pair_of_look_alikes_do_not_make_a_row() -> None:
    """Two people who always match would, counted by draws, allow rates far below what the set can show."""
    embeddings, identity = crowd(40, 6, noise=0.3)
    embeddings[identity == 1] = embeddings[identity == 0]
    scores = score(embeddings, people(identity), POOLED, draws=64)
    last = table([scores], resamples=50)[-1]
    assert (scores.impostor > 0.95).sum() >= 128
    assert last.fmr > 64 * 2 / last.comparisons
    assert last.false_pairs >= FEWEST


def test_the_bound_is_wider_for_fewer_people() -> None:
    def spread(persons: int) -> float:
        embeddings, identity = crowd(persons, 6, seed=3)
        row = table([score(embeddings, people(identity), POOLED, draws=8)])[0]
        return row.fmr_upper / row.fmr

    assert spread(25) > spread(200) > 1.0


@settings(max_examples=25)
@given(persons=st.integers(22, 60), draws=st.integers(1, 4), seed=st.integers(0, 50), levels=st.integers(3, 2000))
def test_tied_scores_never_make_a_rate_too_good(persons: int, draws: int, seed: int, levels: int) -> None:
    """Scores of few values tie in masses: each row still says no less than what matches at its similarity."""
    random = np.random.default_rng(seed)
    impostor = (random.integers(0, levels, (draws, persons, persons)) / levels).astype(np.float32)
    same = np.eye(persons, dtype=bool)
    impostor[:, same] = NOBODY
    try:
        rows = table([Scores(impostor, same, np.zeros((draws, 0), np.float32))], resamples=20)
    except ModelError:
        return
    rivals = impostor[:, ~same]
    for row in rows:
        assert row.tar is None
        # A score as a device computes it may differ in the last digit from the stored limit.
        assert row.fmr >= (rivals >= row.similarity + 1e-6).mean()


def test_too_few_people_are_refused_in_words() -> None:
    embeddings, identity = crowd(5, 8)
    with pytest.raises(ModelError, match="20 pairs of people cannot show 30 false matches"):
        tables({"int8": embeddings}, people(identity), draws=2)
    embeddings, identity = crowd(12, 8)
    with pytest.raises(ModelError, match=r"with 12 people not even a false match rate of 0\.1 can be measured"):
        tables({"int8": embeddings}, people(identity), draws=2)
    embeddings, identity = crowd(30, 2)
    with pytest.raises(ModelError, match="only 0 people have 3 or more pictures"):
        tables({"int8": embeddings}, people(identity), draws=2)


def test_tables_pass_the_check_of_the_loader() -> None:
    embeddings, identity = crowd(60, 8)
    said: list[str] = []
    found = tables({"int8": embeddings}, people(identity), draws=3, say=said.append)
    assert set(found) == {"pooled", "single"}
    for name, content in found.items():
        check_table(content, "manifest.json", name)
        assert content["pairs"] == 60 * 59
        assert content["precision"] == "int8"
        assert content["genuine_people"] == 60
    assert (found["pooled"]["probe_pictures"], found["single"]["probe_pictures"]) == (POOLED, 1)
    assert len(said) == 2


def test_the_same_set_gives_the_same_table() -> None:
    embeddings, identity = crowd(40, 6)
    assert tables({"int8": embeddings}, people(identity), draws=2) == tables({"int8": embeddings}, people(identity), draws=2)


def test_each_row_tells_of_the_worst_precision() -> None:
    """A door may run any file of the bundle under the one table."""
    embeddings, identity = crowd(60, 8)
    blurred, _ = crowd(60, 8, noise=1.2)
    one, two = (score(vectors, people(identity), POOLED, draws=4) for vectors in (embeddings, blurred))
    rows = table([one, two], resamples=50)
    for row in rows:
        rates = [float((scores.impostor[:, ~scores.same] >= np.float32(row.similarity)).mean()) for scores in (one, two)]
        assert row.fmr == pytest.approx(max(rates))
        assert row.tar == pytest.approx(min((scores.genuine >= row.similarity).mean() for scores in (one, two)))
        assert row.false_pairs >= FEWEST
    assert tables({"a": embeddings, "b": blurred}, people(identity), draws=2)["pooled"]["precision"] == "a, b"
