"""The door's diary."""

from __future__ import annotations

import math
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_fakes import BOTH, template, unit

from edge_face.errors import PeopleError
from edge_face.people import Entry, SealBrokenError, Store
from edge_face.people.events import LONGEST_NUMBERS


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_events_come_back_newest_first(store: Store) -> None:
    ben = store.add("Ben", BOTH, [template(1)], wall=0.0)
    first = store.events.append("grant", 10.0, ben.id, {"score": 0.7, "reasons": [{"code": "matched", "text": "ähnlich"}]})
    second = store.events.append("deny", 20.0, None, {"nearest": None})
    assert [e.id for e in store.events.query()] == [second, first]
    event = store.events.get(first)
    assert event is not None
    assert (event.wall, event.kind, event.person) == (10.0, "grant", ben.id)
    assert event.details == {"score": 0.7, "reasons": [{"code": "matched", "text": "ähnlich"}]}
    assert store.events.get(99) is None


def test_events_are_chosen(store: Store) -> None:
    ben = store.add("Ben", BOTH, [template(1)], wall=0.0)
    numbers = store.events.append_all([Entry("grant" if k % 2 else "deny", float(k), ben.id if k % 2 else None, {}) for k in range(10)])
    ids = lambda **chosen: [e.id for e in store.events.query(**chosen)]  # noqa: E731
    assert ids(limit=3) == numbers[:-4:-1]
    assert ids(kind="grant") == ids(person=ben.id) == numbers[9::-2]
    assert ids(since=7.0) == numbers[9:6:-1]
    assert ids(below=numbers[3]) == numbers[2::-1]
    assert ids(until=3.0) == numbers[2::-1] and ids(since=2.0, until=3.0) == [numbers[2]]
    assert ids(kinds=("grant", "deny")) == numbers[::-1] and ids(kinds=("grant",), until=4.0) == [numbers[3], numbers[1]]
    assert ids(kinds=("deny",), person=ben.id) == [] and ids(kinds=("alarm",)) == [] and ids(kind="grant", kinds=("deny",)) == []
    assert store.events.kinds() == ["deny", "grant"]
    assert (store.events.count(), store.events.count("grant"), store.events.count(person="nobody")) == (10, 5, 0)
    assert store.events.count("grant", ben.id) == 5 and store.events.count("deny", ben.id) == 0
    assert ids(oldest=True, limit=2) == numbers[:2]
    assert ids(limit=0) == [] and ids(limit=-5) == [] and ids(person="nobody") == []


def test_old_events_are_deleted(store: Store) -> None:
    store.events.append_all([Entry("deny", float(k), None, {}) for k in range(10)])
    assert store.events.prune(6.0) == 6
    assert [e.wall for e in store.events.query()] == [9.0, 8.0, 7.0, 6.0]
    assert store.events.prune(-1.0) == 0


def test_numbers_are_never_given_twice(store: Store) -> None:
    last = store.events.append("deny", 1.0, None, {})
    store.events.prune(2.0)
    assert store.events.append("deny", 3.0, None, {}) > last


def test_an_event_of_somebody_unknown_says_nothing_about_them(store: Store) -> None:
    store.events.append("grant", 1.0, "f" * 16, {"text": "who?"})
    event, = store.events.query()
    assert event.person is None and event.details == {"forgotten": True}


@pytest.mark.parametrize("details", [{"vector": unit(1).tolist()}, {"deep": [{"er": [0.5] * (LONGEST_NUMBERS + 1)}]}, {"a": unit(1)},
                                     {"a": b"bytes"}, {"a": math.nan}, {"a": math.inf}, {"a": "\ud800"},
                                     {"a": "x" * 20_000}, [1], "text", None, {"a": {1, 2}}])
def test_no_embedding_and_no_nonsense_gets_in(store: Store, details: Any) -> None:
    with pytest.raises(PeopleError):
        store.events.append("deny", 1.0, None, details)
    assert store.events.count() == 0


@pytest.mark.parametrize("kind", ["", "Grant", "a b", "x" * 40, "grant;"])
def test_kinds_are_plain_words(store: Store, kind: str) -> None:
    with pytest.raises(PeopleError, match="kind"):
        store.events.append(kind, 1.0, None, {})


def test_a_batch_is_written_wholly_or_not_at_all(store: Store) -> None:
    with pytest.raises(PeopleError):
        store.events.append_all([Entry("deny", 1.0, None, {}), Entry("deny", 1.0, None, {"a": math.nan})])
    assert store.events.count() == 0


@pytest.mark.parametrize("change", ["kind = 'grant'", "wall = 5", "details = x'00'", "person = NULL"])
def test_a_changed_event_is_noticed(store: Store, change: str) -> None:
    ben = store.add("Ben", BOTH, [template(1)], wall=0.0)
    number = store.events.append("deny", 1.0, ben.id, {"text": "no"})
    store.close()
    connection = sqlite3.connect(store.folder / "people.db")
    with connection:
        connection.execute(f"UPDATE event SET {change}")
    connection.close()
    with Store(store.folder) as again:
        with pytest.raises(SealBrokenError, match=f"event {number}"):
            again.events.get(number)
        again.forget(ben.id, wall=2.0)


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("events"))


@given(st.dictionaries(st.text(max_size=10), st.none() | st.booleans() | st.integers(-2**40, 2**40) | st.text(max_size=20)
                       | st.floats(allow_nan=False, allow_infinity=False) | st.lists(st.floats(-1, 1), max_size=5), max_size=6))
def test_details_come_back_as_put_in(one_store: Store, details: dict[str, Any]) -> None:
    event = one_store.events.get(one_store.events.append("deny", 1.5, None, details))
    assert event is not None and event.details == details


def test_pruning_finds_what_a_wrong_clock_wrote(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.events.append_all([Entry("exit", 5000.0, None, {}) for _ in range(1500)])
        store.events.append_all([Entry("exit", 10.0, None, {}) for _ in range(3)])
        store.events.append_all([Entry("exit", 6000.0, None, {}) for _ in range(2)])
        assert store.events.prune(100.0) == 3 and store.events.count() == 1502
        assert store.events.prune(100.0) == 0 and store.events.prune(5500.0) == 1500


def test_not_even_when_all_were_pruned(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert store.events.append_all([Entry("exit", 10.0, None, {}) for _ in range(3)]) == [1, 2, 3]
        assert store.events.prune(100.0) == 3
        assert store.events.append("exit", 200.0, None, {}) == 4
    with Store(tmp_path) as store:
        assert store.events.prune(1000.0) == 1
    with Store(tmp_path) as store:
        assert store.events.append("exit", 2000.0, None, {}) == 5 and [e.id for e in store.events.query()] == [5]


def test_an_event_writes_two_pages(tmp_path: Path) -> None:
    """What the card has to take: the journal grows by so much."""
    with Store(tmp_path) as store:
        ben = store.add("Ben", BOTH, [template(1)], wall=0.0).id
        store.events.append("grant", 0.0, ben, {"reasons": "x" * 500})
        journal = tmp_path / "people.db-wal"
        before = journal.stat().st_size
        for k in range(100):
            store.events.append("grant", float(k), ben, {"reasons": "x" * 500})
        assert (journal.stat().st_size - before) / 100 < 2.5 * 4120
