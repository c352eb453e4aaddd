"""The people store: what goes in comes out, and rules hold whatever is done to it."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from people_fakes import BOTH, GIVEN, MODEL, ONLY_RECOGNISE, template, unit

from edge_face.errors import PeopleError, StoreError
from edge_face.people import Consent, Person, SealBrokenError, State, Store, Template
from edge_face.people.person import name_key


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_a_person_comes_back_as_put_in(tmp_path: Path) -> None:
    one = Template(unit(1), MODEL, 0.87, "left", 123.25)
    with Store(tmp_path) as store:
        added = store.add(" Ana  María ", BOTH, [one, template(2)], wall=5.0)
    with Store(tmp_path, read_only=True) as store:
        person, = store.people()
    assert person.id == added.id
    assert (person.name, person.state, person.consent, person.created) == ("Ana María", State.ACTIVE, BOTH, 5.0)
    assert np.array_equal(person.templates[0].embedding, one.embedding)
    assert [(t.model, t.quality, t.pose, t.wall) for t in person.templates] == [
        (MODEL, 0.87, "left", 123.25), (MODEL, 0.9, "straight", 1000.0)]
    assert person.models == (MODEL,)


def test_people_are_found_by_name_in_any_case_and_by_id(store: Store) -> None:
    person = store.add("Straße", BOTH, [template(1)], wall=0.0)
    assert store.find("STRASSE").id == store.find(person.id).id == store.person(person.id).id == person.id
    assert store.has_name("strasse") and not store.has_name("ben")
    for nobody in ("Ben", "0" * 16):
        with pytest.raises(PeopleError, match="nobody"):
            store.find(nobody)


@pytest.mark.parametrize("name", ["Ben", "BEN", " ben "])
def test_a_name_is_given_once(store: Store, name: str) -> None:
    store.add("ben", BOTH, [template(1)], wall=0.0)
    with pytest.raises(PeopleError, match="already somebody named"):
        store.add(name, BOTH, [template(2)], wall=0.0)
    assert store.count() == 1


def test_an_id_is_given_once(store: Store) -> None:
    person = store.add("Ben", BOTH, [template(1)], wall=0.0)
    with pytest.raises(PeopleError, match="same id"):
        store.add("Ana", BOTH, [template(1)], wall=0.0, identity=person.id)


@pytest.mark.parametrize("name", ["", "../../etc", "a\x00"])
def test_a_bad_name_adds_nobody(store: Store, name: str) -> None:
    with pytest.raises(PeopleError):
        store.add(name, BOTH, [template(1)], wall=0.0)
    assert store.people() == []


def test_renaming(store: Store) -> None:
    ben, ana = (store.add(n, BOTH, [template(1)], wall=0.0) for n in ("Ben", "Ana"))
    assert store.rename(ben.id, "BEN").name == "BEN"
    with pytest.raises(PeopleError, match="already"):
        store.rename(ben.id, "ANA")
    store.rename(ben.id, "Benjamin")
    assert store.rename(ana.id, "Ben").name == "Ben"
    assert store.find("benjamin").id == ben.id


@pytest.mark.parametrize(("consent", "templates", "state"), [
    (BOTH, 1, State.ACTIVE), (Consent(), 1, State.PENDING), (BOTH, 0, State.PENDING), (Consent(None, GIVEN), 1, State.PENDING)])
def test_nobody_is_active_without_templates_and_consent(store: Store, consent: Consent, templates: int, state: State) -> None:
    assert store.add("Ben", consent, [template(k) for k in range(templates)], wall=0.0).state is state


def test_suspending_and_activating(store: Store) -> None:
    person = store.add("Ben", BOTH, [template(1)], wall=0.0)
    assert store.set_state(person.id, State.SUSPENDED).state is State.SUSPENDED
    assert store.person(person.id).state is State.SUSPENDED
    assert store.set_state(person.id, State.ACTIVE).state is State.ACTIVE
    without = store.add("Ana", BOTH, wall=0.0)
    with pytest.raises(PeopleError, match="no templates"):
        store.set_state(without.id, State.ACTIVE)
    silent = store.add("Cy", Consent(), [template(1)], wall=0.0)
    with pytest.raises(PeopleError, match="did not agree"):
        store.set_state(silent.id, State.ACTIVE)


def test_who_takes_back_the_consent_loses_the_templates(store: Store) -> None:
    person = store.add("Ben", BOTH, [template(1)], wall=0.0)
    assert store.set_consent(person.id, ONLY_RECOGNISE).templates
    taken = store.set_consent(person.id, Consent())
    assert taken.templates == () and taken.state is State.PENDING
    silent = store.add("Cy", Consent(), [template(1)], wall=0.0)
    assert silent.state is State.PENDING and store.set_consent(silent.id, ONLY_RECOGNISE).state is State.ACTIVE
    again = store.set_consent(person.id, BOTH)
    assert again.state is State.PENDING and again.templates == ()
    assert store.replace_templates(person.id, [template(2)]).state is State.ACTIVE


def test_a_suspended_person_stays_so_through_a_new_enrolment(store: Store) -> None:
    person = store.add("Ben", BOTH, [template(1)], wall=0.0)
    store.set_state(person.id, State.SUSPENDED)
    assert store.replace_templates(person.id, [template(2)]).state is State.SUSPENDED


def test_new_templates_replace_the_old_ones(store: Store) -> None:
    person = store.add("Ben", BOTH, [template(1), template(2)], wall=0.0)
    store.replace_templates(person.id, [template(3)])
    kept, = store.person(person.id).templates
    assert np.array_equal(kept.embedding, template(3).embedding)


def test_many_people_are_read_in_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.people.store._PAGE", 3)
    for k in range(10):
        store.add(f"p{k}", BOTH, [template(k), template(100 + k)], wall=0.0)
    people = store.people()
    assert [p.id for p in people] == sorted(p.id for p in people) and len(people) == 10
    assert all(len(p.templates) == 2 for p in people)
    assert [p.id for p in store.iterate(after=people[4].id)] == [p.id for p in people[5:]]


def test_files_are_for_their_owner_alone(store: Store) -> None:
    store.add("Ben", BOTH, [template(1)], wall=0.0)
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    for path in store.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_nothing_that_names_or_shows_anybody_lies_open(store: Store) -> None:
    embedding = unit(7)
    person = store.add("Zebedäus Quill", BOTH, [Template(embedding, MODEL)], wall=0.0)
    store.events.append("grant", 1.0, person.id, {"reasons": ["Zebedäus came in"]})
    raw = b"".join(p.read_bytes() for p in store.folder.glob("people.db*"))
    for secret in ("Zebedäus".encode(), "Zebedäus".encode("utf-16-le"), b"Quill", embedding.tobytes()[:32],
                   embedding.astype(np.float16).tobytes()[:32], b"came in"):
        assert secret not in raw
    assert person.id.encode() in raw


def _tamper(store: Store, statement: str) -> None:
    store.close()
    with sqlite3.connect(store.folder / "people.db") as connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("column", ["wrapped_key", "record"])
def test_swapped_rows_are_noticed(store: Store, column: str) -> None:
    ben, ana = (store.add(n, BOTH, [template(1)], wall=0.0).id for n in ("Ben", "Ana"))
    _tamper(store, f"UPDATE person SET {column} = (SELECT {column} FROM person WHERE id = '{ana}') WHERE id = '{ben}'")
    with Store(store.folder) as again:
        with pytest.raises(SealBrokenError):
            again.person(ben)
        damaged: list[str] = []
        assert [p.id for p in again.people(lambda who, error: damaged.append(who))] == [ana]
        assert damaged == [ben]
        with pytest.raises(SealBrokenError):
            again.people()


def test_a_moved_template_and_a_changed_model_are_noticed(store: Store) -> None:
    ben, ana = (store.add(n, BOTH, [template(k)], wall=0.0).id for k, n in enumerate(("Ben", "Ana")))
    _tamper(store, f"UPDATE template SET person = '{ben}' WHERE person = '{ana}'")
    with Store(store.folder) as again:
        with pytest.raises(SealBrokenError, match="template"):
            again.person(ben)
        assert again.person(ana).templates == ()
    _tamper(Store(store.folder), f"UPDATE template SET model = 'other' WHERE person = '{ben}'")
    with Store(store.folder) as again, pytest.raises(SealBrokenError):
        again.person(ben)


def test_a_swapped_name_index_is_noticed(store: Store) -> None:
    ben = store.add("Ben", BOTH, [template(1)], wall=0.0).id
    _tamper(store, f"UPDATE person SET name_tag = x'00112233' WHERE id = '{ben}'")
    with Store(store.folder) as again, pytest.raises(SealBrokenError, match="listed"):
        again.person(ben)


def test_somebody_damaged_can_be_forgotten(store: Store) -> None:
    ben = store.add("Ben", BOTH, [template(1)], wall=0.0).id
    _tamper(store, "UPDATE person SET record = x'00'")
    with Store(store.folder) as again:
        again.forget(ben, wall=1.0)
        assert again.people() == [] and again.is_forgotten(ben)


class StoreMachine(RuleBasedStateMachine):
    """Random operations against a plain dictionary."""

    people = Bundle("people")

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.scratch = tempfile.TemporaryDirectory()
        self.store = Store(self.scratch.name)
        self.known: dict[str, Person] = {}
        self.gone: set[str] = set()

    @rule(target=people, name=st.sampled_from(["Ben", "BEN", "Ana", "Zoë", "Çelik", "李"]),
          consent=st.sampled_from([BOTH, ONLY_RECOGNISE, Consent()]), count=st.integers(0, 3))
    def add(self, name: str, consent: Consent, count: int) -> str:
        taken = any(name_key(p.name) == name_key(name) for p in self.known.values())
        try:
            person = self.store.add(name, consent, [template(k) for k in range(count)], wall=1.0)
        except PeopleError:
            assert taken
            return ""
        assert not taken
        self.known[person.id] = person
        return person.id

    @rule(who=people, name=st.sampled_from(["Ben", "Eve", "ANA"]))
    def rename(self, who: str, name: str) -> None:
        if who in self.known:
            taken = any(name_key(p.name) == name_key(name) for p in self.known.values() if p.id != who)
            try:
                self.known[who] = self.store.rename(who, name)
                assert not taken
            except PeopleError:
                assert taken

    @rule(who=people, state=st.sampled_from([State.SUSPENDED, State.ACTIVE]))
    def set_state(self, who: str, state: State) -> None:
        if who in self.known:
            before = self.known[who]
            possible = state is State.SUSPENDED or (before.consent.recognise is not None and len(before.templates) > 0)
            try:
                self.known[who] = self.store.set_state(who, state)
                assert possible
            except PeopleError:
                assert not possible

    @rule(who=people, consent=st.sampled_from([BOTH, ONLY_RECOGNISE, Consent()]))
    def set_consent(self, who: str, consent: Consent) -> None:
        if who in self.known:
            self.known[who] = self.store.set_consent(who, consent)

    @rule(who=people, count=st.integers(0, 3))
    def replace_templates(self, who: str, count: int) -> None:
        if who in self.known:
            self.known[who] = self.store.replace_templates(who, [template(k) for k in range(count)])

    @rule(who=people)
    def event(self, who: str) -> None:
        self.store.events.append("grant", 2.0, who or None, {"score": 0.5})

    @rule(who=consumes(people))
    def forget(self, who: str) -> None:
        if who in self.known:
            self.store.forget(who, wall=3.0)
            del self.known[who]
            self.gone.add(who)

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store(self.scratch.name)

    @invariant()
    def holds_what_it_should(self) -> None:
        people = self.store.people()
        assert {p.id for p in people} == set(self.known)
        for person in people:
            expected = self.known[person.id]
            assert (person.name, person.state, person.consent, len(person.templates)) == (
                expected.name, expected.state, expected.consent, len(expected.templates))
            if person.state is State.ACTIVE:
                assert person.templates and person.consent.recognise is not None
        for who in self.gone:
            assert self.store.is_forgotten(who)
        assert {e.person for e in self.store.events.query(1000)} <= {None, *self.known}

    def teardown(self) -> None:
        self.store.close()
        self.scratch.cleanup()


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(max_examples=15, stateful_step_count=15)


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.people()
