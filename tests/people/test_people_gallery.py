"""Whom an embedding shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_fakes import BOTH, DIMENSION, MODEL, ONLY_RECOGNISE, THRESHOLDS, near, templates_like, unit

from edge_face.errors import ModelError
from edge_face.people import Consent, Gallery, Person, State, Template
from edge_face.people.search import SearchIndex, _counted, _packed, distances
from edge_face.types import Floats

RATE = 1e-4


def _person(k: int, templates: list[Template] | None = None, consent: Consent = BOTH, state: State = State.ACTIVE) -> Person:
    return Person(f"{k:016x}", f"p{k}", state, consent, 0.0, tuple(templates_like(k) if templates is None else templates))


def _gallery(*people: Person) -> Gallery:
    return Gallery.build(people, MODEL, RATE, THRESHOLDS)


def test_the_best_of_a_persons_templates_decides() -> None:
    gallery = _gallery(_person(1), _person(2))
    probe = near(templates_like(1)[2].embedding, 0.8, 77)
    match = gallery.match(probe, 12.5)
    scores = [float(t.embedding @ probe) for t in templates_like(1)]
    assert match.person == match.best == f"{1:016x}"
    assert match.score == pytest.approx(max(scores), abs=1e-6)
    assert match.runner_up == pytest.approx(max(float(t.embedding @ probe) for t in templates_like(2)), abs=1e-6)
    assert match.threshold == 0.6 and match.monotonic == 12.5


def test_below_the_threshold_is_nobody_though_somebody_is_nearest() -> None:
    gallery = _gallery(_person(1, [Template(unit(1), MODEL)]), _person(2))
    match = gallery.match(near(unit(1), 0.59, 5), 0.0)
    assert match.person is None and match.best == f"{1:016x}" and match.score == pytest.approx(0.59, abs=1e-4)
    assert gallery.match(near(unit(1), 0.61, 5), 0.0).person == f"{1:016x}"


def test_one_frame_is_held_to_the_votes_threshold() -> None:
    gallery = _gallery(_person(1, [Template(unit(1), MODEL)]))
    assert gallery.vote_threshold.similarity == 0.25 and gallery.threshold.similarity == 0.5
    person, score = gallery.best_single(near(unit(1), 0.3, 5))
    assert person == f"{1:016x}" and score == pytest.approx(0.3, abs=1e-4)
    assert gallery.best_single(near(unit(1), 0.2, 5)) == (None, pytest.approx(0.2, abs=1e-4))


def test_an_empty_gallery_knows_nobody() -> None:
    gallery = _gallery()
    match = gallery.match(unit(1), 3.0)
    assert (match.person, match.best, match.score, match.runner_up, match.monotonic) == (None, None, -1.0, -1.0, 3.0)
    assert gallery.best_single(unit(1)) == (None, -1.0)
    assert len(gallery) == 0 and gallery.scores(unit(1)) == {} and list(gallery.confusable()) == []


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_match_nobody(value: float) -> None:
    gallery = _gallery(_person(1))
    probe = templates_like(1)[0].embedding.copy()
    probe[3] = value
    assert gallery.match(probe, 0.0).person is None
    assert gallery.best_single(probe)[0] is None


def test_only_active_people_who_agreed_are_matched_and_only_who_agreed_is_shown() -> None:
    people = [_person(1), _person(2, consent=ONLY_RECOGNISE), _person(3, consent=Consent()), _person(4, state=State.SUSPENDED),
              _person(5, state=State.PENDING)]
    gallery = _gallery(*people)
    assert gallery.people == (f"{1:016x}", f"{2:016x}")
    assert gallery.consenting == {f"{1:016x}"}
    for k in (3, 4, 5):
        assert gallery.match(templates_like(k)[0].embedding, 0.0).person is None


def test_templates_of_another_embedder_are_never_compared() -> None:
    foreign = [Template(unit(1), "other-model")]
    mixed = [Template(unit(2), "other-model"), Template(unit(3), MODEL)]
    gallery = _gallery(_person(1, foreign), _person(2, mixed))
    assert gallery.must_enrol_again == (f"{1:016x}",)
    assert gallery.templates == 1
    assert gallery.match(unit(1), 0.0).person is None and gallery.match(unit(2), 0.0).person is None
    assert gallery.match(unit(3), 0.0).person == f"{2:016x}"
    assert f"{1:016x}" not in gallery.consenting


def test_another_dimension_of_another_embedder_does_no_harm() -> None:
    assert len(_gallery(_person(1, [Template(unit(1, 128), "other-model")]), _person(2))) == 1


def test_siblings_are_named() -> None:
    face = unit(1)
    gallery = _gallery(_person(1, [Template(face, MODEL)]), _person(2, [Template(near(face, 0.65, 9), MODEL)]), _person(3))
    (one, other, score), = gallery.confusable()
    assert (one, other) == (f"{1:016x}", f"{2:016x}") and score == pytest.approx(0.65, abs=1e-3)


def test_scores_of_everybody() -> None:
    scores = _gallery(_person(1), _person(2)).scores(templates_like(2)[0].embedding)
    assert scores[f"{2:016x}"] == pytest.approx(1.0, abs=1e-5) and scores[f"{1:016x}"] < 0.4


def test_without_a_table_there_is_no_gallery() -> None:
    with pytest.raises(ModelError):
        Gallery.build([_person(1)], MODEL, RATE, {})


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 4))
def test_matching_is_the_plain_maximum(seed: int, people: int, templates: int) -> None:
    source = np.random.default_rng(seed)
    rows = source.standard_normal((people, templates, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=2, keepdims=True)
    probe = source.standard_normal(16).astype(np.float32)
    probe /= np.linalg.norm(probe)
    gallery = _gallery(*(_person(k, [Template(row, MODEL) for row in rows[k]]) for k in range(people)))
    best = (rows @ probe).max(axis=1)
    match = gallery.match(probe, 0.0)
    assert match.score == pytest.approx(best.max(), abs=1e-5)
    assert match.best == f"{int(np.argmax(best)):016x}"
    assert (match.person is not None) == (match.score >= match.threshold)
    others = np.delete(best, np.argmax(best))
    assert match.runner_up == pytest.approx(others.max() if others.size else -1.0, abs=1e-5)


def _crowd(people: int, templates: int, seed: int = 3) -> tuple[Floats, Floats]:
    """Rows of many made-up people, and for each a probe of another picture."""
    source = np.random.default_rng(seed)
    faces = source.standard_normal((people, DIMENSION), dtype=np.float32)
    faces /= np.linalg.norm(faces, axis=1, keepdims=True)
    noise = source.standard_normal((people, templates + 1, DIMENSION), dtype=np.float32) / np.sqrt(DIMENSION)
    pictures = faces[:, None, :] + 0.8 * noise
    pictures /= np.linalg.norm(pictures, axis=2, keepdims=True)
    return pictures[:, :templates].reshape(-1, DIMENSION), pictures[:, templates]


def test_a_large_index_finds_what_the_plain_one_finds() -> None:
    rows, probes = _crowd(3000, 2)
    plain, quick = SearchIndex(rows), SearchIndex(rows, exact_up_to=0, candidates=200)
    assert quick.bytes > plain.bytes
    for probe in probes[:100]:
        where, scores = quick.candidates(probe)
        assert len(where) == 200 and len(set(where.tolist())) == 200
        exact = plain.all_scores(probe)
        assert scores.max() == pytest.approx(exact.max(), abs=1e-6)
        # The score that decides is the exact one, whatever chose the candidate.
        assert np.allclose(scores, exact[where], atol=1e-6)


def test_a_large_gallery_matches_like_a_small_one() -> None:
    rows, probes = _crowd(800, 2)
    people = [_person(k, [Template(row, MODEL) for row in rows[2 * k:2 * k + 2]]) for k in range(800)]
    exact = _gallery(*people)
    quick = Gallery(exact.people, rows, np.repeat(np.arange(800), 2), exact.threshold, exact.vote_threshold)
    quick._index._plain = SearchIndex(rows, exact_up_to=0, candidates=100)
    for probe in probes[:60]:
        one, other = exact.match(probe, 0.0), quick.match(probe, 0.0)
        assert (one.person, one.best) == (other.person, other.best)
        assert one.score == pytest.approx(other.score, abs=1e-6)


@given(st.integers(0, 2**32 - 1), st.integers(1, 700), st.sampled_from([3, 64, 65, 128, 384, 512, 1000]))
def test_distances_are_counted_right_with_numpy_1_and_2(seed: int, count: int, dimension: int) -> None:
    values = np.random.default_rng(seed).standard_normal((count + 1, dimension)).astype(np.float32)
    bits = _packed(values)
    expected = (np.signbit(values[1:]) != np.signbit(values[0])).sum(axis=1)
    across = np.ascontiguousarray(bits[1:].T)
    assert np.array_equal(_counted(across, bits[0]), expected)
    assert np.array_equal(distances(across, bits[0]), expected)


@given(st.integers(0, 300))
def test_any_number_of_rows(count: int) -> None:
    rows = _crowd(max(count, 1), 1)[0][:count] if count else np.zeros((0, DIMENSION), np.float32)
    index = SearchIndex(rows, exact_up_to=70, candidates=20)
    where, scores = index.candidates(unit(1))
    assert len(where) == len(scores) == (count if count <= 70 else 20)


def test_one_claimed_person_is_compared_alone_at_an_easier_threshold() -> None:
    gallery = _gallery(_person(1, [Template(unit(1), MODEL)]), _person(2, [Template(unit(2), MODEL)]))
    assert gallery.threshold.similarity == 0.6 and gallery.verify_threshold.similarity == 0.4
    assert gallery.verify(f"{1:016x}", near(unit(1), 0.5, 7)) == (pytest.approx(0.5, abs=1e-4), 0.4)
    score, threshold = gallery.verify(f"{2:016x}", near(unit(1), 0.99, 7))
    assert score < threshold
    assert gallery.verifies(f"{1:016x}", near(unit(1), 0.3, 7)) and not gallery.verifies(f"{1:016x}", near(unit(1), 0.2, 7))
    assert "1 false match in 1,000 approaches" in gallery.verify_threshold.sentence


def test_the_rate_of_verification_is_the_owners() -> None:
    people = [_person(1)]
    assert Gallery.build(people, MODEL, RATE, THRESHOLDS, 1e-5).verify_threshold.similarity == 0.6
    beyond = Gallery.build(people, MODEL, RATE, THRESHOLDS, 1e-8).verify_threshold
    assert not beyond.measured and beyond.similarity == 0.7 and "not measured" in beyond.sentence


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_claim_is_not_met_by_no_numbers_nor_for_nobody(value: float) -> None:
    gallery = _gallery(_person(1))
    probe = templates_like(1)[0].embedding.copy()
    assert gallery.verify("unknown", probe) == (-1.0, 0.4) and not gallery.verifies("unknown", probe)
    assert _gallery().verify(f"{1:016x}", probe)[0] == -1.0
    probe[3] = value
    assert gallery.verify(f"{1:016x}", probe)[0] == -1.0 and not gallery.verifies(f"{1:016x}", probe)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_verification_is_the_maximum_over_the_persons_own_templates(seed: int, people: int) -> None:
    source = np.random.default_rng(seed)
    rows = source.standard_normal((people, 3, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=2, keepdims=True)
    gallery = _gallery(*(_person(k, [Template(row, MODEL) for row in rows[k]]) for k in range(people)))
    for k in range(people):
        assert gallery.verify(f"{k:016x}", rows[0, 0])[0] == pytest.approx(float((rows[k] @ rows[0, 0]).max()), abs=1e-5)
