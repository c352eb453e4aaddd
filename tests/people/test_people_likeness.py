"""Whom new templates look like."""

from __future__ import annotations

from people_fakes import BOTH, MODEL, THRESHOLDS, near, templates_like, unit

from edge_face.people import Person, State, Template
from edge_face.people.likeness import Likeness


def _person(k: int, templates: list[Template], state: State = State.ACTIVE) -> Person:
    return Person(f"{k:016x}", f"p{k}", state, BOTH, 0.0, tuple(templates))


def _likeness(*people: Person) -> Likeness:
    return Likeness(people, MODEL, 1e-4, THRESHOLDS)


def test_a_face_that_belongs_to_somebody_is_found() -> None:
    likeness = _likeness(_person(1, templates_like(1)), _person(2, templates_like(2)))
    same, = likeness.alike([Template(near(t.embedding, 0.8, k), MODEL) for k, t in enumerate(templates_like(2))])
    assert same.person == f"{2:016x}" and same.same and same.score >= same.needed == 0.6


def test_also_somebody_who_is_suspended() -> None:
    likeness = _likeness(_person(1, templates_like(1), State.SUSPENDED))
    assert likeness.alike(templates_like(1))[0].same


def test_siblings_are_confusable_not_the_same() -> None:
    face = unit(1)
    likeness = _likeness(_person(1, [Template(face, MODEL)]), _person(2, [Template(unit(50), MODEL)]))
    # One picture is like the sibling, the mean of all is not.
    new = [Template(near(face, 0.58, 3), MODEL), *[Template(near(unit(9), 0.9, k), MODEL) for k in range(3)]]
    one, = likeness.alike(new)
    assert one.person == f"{1:016x}" and not one.same and one.needed == 0.55


def test_strangers_look_like_nobody() -> None:
    assert _likeness(_person(1, templates_like(1))).alike(templates_like(2)) == []
    assert _likeness().alike(templates_like(2)) == []


def test_somebody_is_not_compared_with_themselves_nor_with_other_embedders() -> None:
    likeness = _likeness(_person(1, templates_like(1)), _person(2, [Template(unit(1), "other")]))
    assert likeness.alike(templates_like(1), but=f"{1:016x}") == []
    assert likeness.alike([Template(unit(1), "other")]) == []


def test_it_grows() -> None:
    likeness = _likeness()
    for k in range(1, 60):
        assert likeness.alike(templates_like(k)) == []
        likeness.add(_person(k, templates_like(k)))
    assert [a.person for a in likeness.alike(templates_like(17))] == [f"{17:016x}"]
