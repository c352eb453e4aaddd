"""Strangers before doors: who meets whom, by which pictures, and what genuine people may be known by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from face_crowd import crowd

from converter.approaches import NOBODY, Votes
from converter.encounters import LOOKS, Encounters
from converter.face_material import Material
from edge_face.errors import ModelError

ALWAYS = Votes(1, 1, -1.0)


def lonely(material: Material, least: dict[int, int]) -> Material:
    """The same with fewer stills for some people."""
    return replace(material, people={name: rows[:least.get(name, len(rows))] for name, rows in material.people.items()})


def axes(persons: int, pictures: int) -> Material:
    """Every still is a direction of its own, and so are its looks: a shared picture shows."""
    material = crowd(persons, pictures, views=3, dimension=persons * pictures)
    stills = np.eye(persons * pictures, dtype=np.float32)
    looks = np.zeros_like(material.looks["int8"])
    for still, row in enumerate(material.looks_of):
        if row >= 0:
            looks[row] = stills[still]
    return replace(material, stills={"int8": stills}, looks={"int8": looks})


def test_people_take_part_as_far_as_their_pictures_reach() -> None:
    material = lonely(crowd(12, 6), {0: 1, 1: 1, 2: 2, 3: 3})
    meeting = Encounters(material, "int8", rounds=2)
    assert meeting.owners == list(range(3, 12))
    one, several = (meeting.approaches(kind, ALWAYS) for kind in (False, True))
    assert one.strangers.tolist() == list(range(12)) and several.strangers.tolist() == list(range(2, 12))
    assert one.impostor.shape == (2, 12, 9) and several.impostor.shape == (2, 10, 9)
    for found in (one, several):
        assert found.same.sum() == 9 and (found.impostor[:, found.same] == NOBODY).all()
        assert (found.impostor[:, ~found.same] > NOBODY).all()
    # One still shown and three left to be known by: four; two shown: five.
    assert (one.genuine.size, several.genuine.size) == (2 * 8, 2 * 8)
    assert meeting.single(False).genuine.size == 2 * 8


def test_genuine_people_are_never_known_by_the_picture_they_show() -> None:
    meeting = Encounters(axes(4, 8), "int8", rounds=6)
    for found in (meeting.approaches(False, ALWAYS), meeting.approaches(True, ALWAYS), meeting.single(False), meeting.single(True)):
        assert found.genuine.size > 0
        assert np.abs(found.genuine).max() < 1e-6


def test_an_approach_has_its_looks_and_shows_all_stills() -> None:
    meeting = Encounters(crowd(6, 6), "int8", rounds=1)
    shown = meeting._material.tracked(0)
    embeddings, weights = meeting._some_looks(shown, LOOKS, np.random.default_rng(0))
    assert embeddings.shape == (LOOKS, 16) and weights.shape == (LOOKS,) and (weights > 0).all()
    nearest = (embeddings @ meeting._stills[shown].T).argmax(1)
    assert set(nearest) == {0, 1, 2, 3}
    assert int(np.count_nonzero(np.diff(nearest))) <= 10  # one still after the other, not all mixed


def test_looks_that_the_door_would_not_embed_are_not_shown() -> None:
    material = crowd(6, 6)
    weights = material.weights.copy()
    weights[:, 1:] = 0.0
    meeting = Encounters(replace(material, weights=weights), "int8", rounds=1)
    embeddings, _ = meeting._some_looks(meeting._material.tracked(2)[:1], LOOKS, np.random.default_rng(0))
    assert len({e.tobytes() for e in embeddings}) == 1


def test_the_same_seed_gives_the_same_encounters() -> None:
    one, again = (Encounters(crowd(8, 5), "int8", rounds=2).approaches(True, ALWAYS) for _ in range(2))
    assert np.array_equal(one.impostor, again.impostor) and np.array_equal(one.genuine, again.genuine)


def test_too_few_people_are_refused_in_words() -> None:
    with pytest.raises(ModelError, match="only 1 people have 3 or more pictures"):
        Encounters(lonely(crowd(3, 4), {0: 2, 1: 2}), "int8", rounds=1)
    with pytest.raises(ModelError, match="people have 2 or more usable pictures"):
        material = crowd(3, 4)
        Encounters(replace(material, looks_of=np.full_like(material.looks_of, -1)), "int8", rounds=1).approaches(True, ALWAYS)
