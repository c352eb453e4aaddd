"""The number that decides an approach, against the door itself: its face, its gallery, its decision."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converter.approaches import NOBODY, Votes, best_of, deciding, trace
from edge_face.access import DoorState, Kind, Rules, decide
from edge_face.access.facts import FaceFact, Facts
from edge_face.people.gallery import Gallery
from edge_face.people.thresholds import Threshold
from edge_face.settings import Settings
from edge_face.types import Box, Floats, LiveVerdict, Quality, Track, TrackState
from edge_face.vision.face import Face, Zone

FPS = 15.0


def unit(vectors: Floats) -> Floats:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def approach(seed: int, looks: int, spread: float, people: int = 5, dimension: int = 24) -> tuple[Floats, Floats, Floats]:
    """Looks of a face, their qualities, and templates (4, people, dimension), some of them near the face."""
    random = np.random.default_rng(seed)
    centre = unit(random.normal(size=dimension))
    embeddings = unit(centre + spread * random.normal(size=(looks, dimension)) / np.sqrt(dimension))
    own = unit(random.normal(size=(people, dimension)) / np.sqrt(dimension) + np.linspace(0, 1.5, people)[:, None] * centre)
    templates = unit(own + 0.4 * random.normal(size=(4, people, dimension)) / np.sqrt(dimension))
    return embeddings, random.uniform(0.3, 1.0, looks).astype(np.float32), templates


def granted(embeddings: Floats, weights: Floats, templates: Floats, threshold: float, vote: float, rules: Rules) -> bool:
    """One approach to a door that knows one person, `templates` (n, dimension), through the door's own code."""
    gallery = Gallery(("p",), templates, np.zeros(len(templates), np.int64), Threshold(threshold, 0.0, True, 1, ""),
                      Threshold(vote, 0.0, True, 1, ""))
    face, state = Face(Zone.from_settings(Settings())), DoorState()
    track = Track(1, Box(0, 0, 100, 100), np.zeros((5, 2), np.float32), 1.0, TrackState.CONFIRMED, 9, 0)
    for number, (embedding, weight) in enumerate(zip(embeddings, weights, strict=True)):
        now = number / FPS
        quality = Quality(float(weight), 1.0, 1.0, 1.0, 1.0, 60.0, 0.0, 0.0, 0.0)
        face.begin(track, now, unsure=False)
        face.judge(embedding.copy(), quality, gallery, now)
        shown = face.shown(track)
        match = shown.match
        assert match is not None
        fact = FaceFact(1, TrackState.CONFIRMED, 0.2, 0.0, match.person, match.score, match.threshold, match.best, True, shown.vote,
                        live=LiveVerdict.LIVE)
        state, decisions = decide(state, Facts(now, 0.0, (fact,)), rules)
        if any(d.kind is Kind.GRANT for d in decisions):
            return True
    return False


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), looks=st.integers(1, 20), spread=st.sampled_from([0.3, 0.8, 1.4, 2.5]),
       votes=st.sampled_from([(1, 1), (2, 3), (3, 5)]), vote=st.sampled_from([0.2, 0.4, 0.6]))
def test_the_score_is_the_highest_threshold_at_which_the_door_opens(seed: int, looks: int, spread: float, votes: tuple[int, int],
                                                                    vote: float) -> None:
    """With no dwell time, which the score leaves aside; spreads at which the pool refuses looks and starts anew are among them."""
    embeddings, weights, templates = approach(seed, looks, spread)
    track = trace(embeddings, weights)
    scores = deciding(best_of(track.pooled, templates), best_of(embeddings, templates), track.counted, Votes(*votes, vote))
    rules = replace(Rules(), votes=votes[0], of=votes[1], dwell=0.0, window=10.0, fail_after=100.0)
    for person, score in enumerate(scores):
        own = np.ascontiguousarray(templates[:, person])
        if score == NOBODY:
            assert not granted(embeddings, weights, own, -1.0, vote, rules)
        else:
            assert granted(embeddings, weights, own, float(score) - 1e-5, vote, rules)
            assert not granted(embeddings, weights, own, float(score) + 1e-5, vote, rules)


def test_the_pools_refusals_were_among_them() -> None:
    """The property above is worth nothing if no look is ever kept out."""
    tracks = [trace(*approach(seed, 20, 2.5)[:2]) for seed in range(10)]
    assert any(not track.counted.all() for track in tracks)
    assert any(track.counted.any() for track in tracks)


def test_the_rules_with_dwell_and_window_open_no_more() -> None:
    for seed in range(20):
        embeddings, weights, templates = approach(seed, 15, 0.8)
        track = trace(embeddings, weights)
        scores = deciding(best_of(track.pooled, templates), best_of(embeddings, templates), track.counted, Votes(3, 5, 0.3))
        for person in np.flatnonzero(scores > NOBODY):
            own = np.ascontiguousarray(templates[:, person])
            assert not granted(embeddings, weights, own, float(scores[person]) + 1e-5, 0.3, Rules())


def test_best_of_is_the_gallerys_score() -> None:
    embeddings, _, templates = approach(3, 6, 1.0)
    most, people, dimension = templates.shape
    rows = np.ascontiguousarray(templates.transpose(1, 0, 2)).reshape(-1, dimension)
    nothing = Threshold(2.0, 0.0, True, 1, "")
    gallery = Gallery(tuple(map(str, range(people))), rows, np.repeat(np.arange(people), most), nothing, nothing)
    for embedding, scores in zip(embeddings, best_of(embeddings, templates), strict=True):
        assert list(gallery.scores(embedding).values()) == pytest.approx(scores.tolist(), abs=1e-6)


def test_looks_may_come_twice_and_stay_what_they_are() -> None:
    """The pool overwrites what it drops."""
    embeddings, weights, _ = approach(1, 4, 0.3)
    again = np.tile(embeddings, (6, 1))
    before = again.copy()
    track = trace(again, np.tile(weights, 6))
    assert np.array_equal(again, before)
    assert np.linalg.norm(track.pooled, axis=1) == pytest.approx(np.ones(24), abs=1e-5)
    assert len({row.tobytes() for row in track.pooled}) > 4
