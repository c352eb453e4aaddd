"""Greetings: chosen, bounded, sealed, gone with the person."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.errors import EdgeFaceError, PeopleError, UsageError
from edge_face.people import Consent, Given, Store
from edge_face.people.greetings import KIND, LONGEST, GreetingCommands, clean_greeting, greetings_of
from edge_face.people.person import State

GIVEN = Given(1.7e9, "in a test")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path)
    made.add("Ann", Consent(GIVEN), wall=1.7e9)
    made.add("Bob", Consent(GIVEN), wall=1.7e9)
    return made


def test_a_greeting_is_set_shown_and_taken_away(store: Store) -> None:
    changed: list[int] = []
    commands = GreetingCommands(store, lambda: changed.append(1), wall=lambda: 1.8e9)
    assert commands.run("people.greet", {"who": "Ann"})["greeting"] is None and not changed
    answer = commands.run("people.greet", {"who": "ann", "text": "  Grüß  dich,\nAnn! ", "how": "owner's page"})
    assert (answer["greeting"], answer["wall"], answer["how"]) == ("Grüß dich, Ann!", 1.8e9, "owner's page")
    assert greetings_of(store) == {answer["id"]: "Grüß dich, Ann!"} and changed == [1]
    assert commands.run("people.greet", {"who": "Ann", "text": " "})["greeting"] is None
    assert greetings_of(store) == {} and len(changed) == 2
    assert [event.kind for event in store.events.query(limit=5)] == ["person.greeting"] * 2


def test_it_lies_sealed_and_dies_with_the_person(store: Store, tmp_path: Path) -> None:
    answer = GreetingCommands(store).run("people.greet", {"who": "Ann", "text": "Open Sesame, my dear"})
    assert b"Sesame" not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    store.forget(answer["id"], wall=1.8e9)
    assert greetings_of(store) == {} and store.record(KIND, answer["id"]) is None


def test_whoever_is_suspended_is_not_greeted(store: Store) -> None:
    answer = GreetingCommands(store).run("people.greet", {"who": "Bob", "text": "Hi"})
    store.set_state(answer["id"], State.SUSPENDED)
    assert greetings_of(store) == {}


@pytest.mark.parametrize(("arguments", "kind"), [
    ({"who": "Ann", "text": "x" * (LONGEST + 1)}, PeopleError), ({"who": "Ann", "text": "\u202eolleH"}, PeopleError),
    ({"who": "Ann", "text": "a\u0000b"}, PeopleError), ({"who": "Ann", "text": 5}, UsageError), ({"who": 5, "text": "Hi"}, UsageError),
    ({"who": "Nobody", "text": "Hi"}, PeopleError), ({"text": "Hi"}, UsageError), ({"who": "Ann", "text": "Hi", "how": 5}, UsageError)])
def test_what_cannot_be_a_greeting_changes_nothing(store: Store, arguments: dict[str, object], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        GreetingCommands(store).run("people.greet", arguments)
    assert greetings_of(store) == {}


@given(st.text(max_size=100))
def test_a_kept_greeting_is_one_short_line(text: str) -> None:
    try:
        cleaned = clean_greeting(text)
    except EdgeFaceError:
        return
    assert len(cleaned) <= LONGEST and cleaned == cleaned.strip() and "\n" not in cleaned
    assert clean_greeting(cleaned) == cleaned
