"""Sealed records: found by kind, owner and name; die with their owner; never plain."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from people_fakes import BOTH, template

from edge_face.errors import PeopleError, StoreError
from edge_face.people import SealBrokenError, Store


def _raw(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.name != "device.key")


def _change(folder: Path, statement: str, *values: Any) -> None:
    connection = sqlite3.connect(folder / "people.db")
    connection.execute(statement, values)
    connection.commit()
    connection.close()


@pytest.fixture
def house(tmp_path: Path) -> tuple[Path, str, str]:
    with Store(tmp_path) as store:
        ben, ana = (store.add(n, BOTH, [template(k)], wall=0.0).id for k, n in enumerate(("Ben", "Ana")))
        store.put_record("code", {"hash": "b1"}, ben, "pin")
        store.put_record("code", {"hash": "b2"}, ben, "card:1")
        store.put_record("code", {"hash": "a1"}, ana, "pin")
        store.put_record("calendar", {"holidays": ["2026-12-25"]})
    return tmp_path, ben, ana


def test_what_was_put_is_found_again(house: tuple[Path, str, str]) -> None:
    folder, ben, ana = house
    with Store(folder, read_only=True) as store:
        assert store.record("code", ben, "pin") == {"hash": "b1"} and store.record("code", ben, "card:2") is None
        assert store.record("calendar") == {"holidays": ["2026-12-25"]} and store.record("rights", ben) is None
        assert store.record("code", "0" * 16, "pin") is None
        assert sorted(store.records("code"), key=str) == sorted(
            [(ben, "pin", {"hash": "b1"}), (ben, "card:1", {"hash": "b2"}), (ana, "pin", {"hash": "a1"})], key=str)
        assert list(store.records("visitor")) == []


def test_a_record_takes_the_place_of_the_one_before(house: tuple[Path, str, str]) -> None:
    folder, ben, _ = house
    with Store(folder) as store:
        store.put_record("code", {"hash": "new"}, ben, "pin")
        store.put_record("calendar", {})
        assert store.record("code", ben, "pin") == {"hash": "new"} and store.record("calendar") == {}
        assert len(list(store.records("code"))) == 3 and len(list(store.records("calendar"))) == 1


def test_a_dropped_record_is_gone_to_the_byte(house: tuple[Path, str, str]) -> None:
    folder, ben, _ = house
    with Store(folder) as store:
        connection = sqlite3.connect(folder / "people.db")
        before = {row[0] for row in connection.execute("SELECT sealed FROM sealed_record")}
        assert store.drop_record("code", ben, "pin") and not store.drop_record("code", ben, "pin")
        assert not store.drop_record("code", "0" * 16, "pin")
        gone = before - {row[0] for row in connection.execute("SELECT sealed FROM sealed_record")}
        connection.close()
        assert len(gone) == 1 and all(blob[k:k + 16] not in _raw(folder) for blob in gone for k in range(0, len(blob) - 16, 16))


def test_records_die_with_their_owner_and_leave_no_byte(house: tuple[Path, str, str]) -> None:
    folder, ben, ana = house
    with Store(folder) as store:
        connection = sqlite3.connect(folder / "people.db")
        own = [row for pair in connection.execute("SELECT sealed, name_tag FROM sealed_record WHERE person = ?", [ben]) for row in pair]
        connection.close()
        assert len(own) == 4 and all(blob in _raw(folder) for blob in own)
        store.forget(ben, wall=1.0)
        raw = _raw(folder)
        assert all(blob[k:k + 16] not in raw for blob in own for k in range(0, max(len(blob) - 16, 1), 16))
        assert [r[0] for r in store.records("code")] == [ana] and store.record("code", ben, "pin") is None
        with pytest.raises(PeopleError, match="nobody with the id"):
            store.put_record("rights", {}, ben)


def test_names_and_values_are_never_plain(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put_record("visitor", {"called": "Zebedaeus Quillfeather"}, None, "0123456789abcdef")
        store.put_record("calendar", {"text": "Michaelmas-holiday"})
    assert not [word for word in (b"Zebedaeus", b"0123456789abcdef", b"Michaelmas") if word in _raw(tmp_path)]


@pytest.mark.parametrize("swap", [
    "UPDATE sealed_record SET person = (SELECT person FROM sealed_record WHERE person <> :ben AND person IS NOT NULL) WHERE person = :ben",
    "UPDATE sealed_record SET kind = 'rights' WHERE person = :ben",
    "UPDATE sealed_record SET name_tag = x'00' WHERE person = :ben AND rowid = (SELECT min(rowid) FROM sealed_record WHERE person = :ben)",
    "UPDATE sealed_record SET sealed = x'0011' WHERE person = :ben",
    "UPDATE sealed_record SET person = NULL WHERE person = :ben",
    "UPDATE sealed_record SET sealed = (SELECT sealed FROM sealed_record WHERE person <> :ben AND person IS NOT NULL) WHERE person = :ben",
])
def test_moved_and_changed_records_do_not_open(house: tuple[Path, str, str], swap: str) -> None:
    folder, ben, _ = house
    if "SELECT person" in swap or "person = NULL" in swap:
        _change(folder, "DELETE FROM sealed_record WHERE person = ? AND rowid > 1", ben)
    connection = sqlite3.connect(folder / "people.db")
    connection.execute(swap, {"ben": ben})
    connection.commit()
    connection.close()
    with Store(folder) as store:
        wrong: list[tuple[str | None, StoreError]] = []
        kinds = [r for kind in ("code", "rights") for r in store.records(kind, lambda owner, error: wrong.append((owner, error)))]
        assert wrong and all(isinstance(error, SealBrokenError) for _, error in wrong)
        assert all(value["hash"] != "b1" for _, _, value in kinds)
        with pytest.raises(SealBrokenError):
            list(store.records("rights" if "kind" in swap else "code"))


@pytest.mark.parametrize("kind, value, name", [("", {}, ""), ("Code", {}, ""), ("x" * 33, {}, ""), ("code", {"a": {1, 2}}, ""),
                                               ("code", {"a": float("nan")}, ""), ("code", {}, "x" * 201),
                                               ("code", {"a": "x" * 300_000}, "")])
def test_what_cannot_be_a_record(tmp_path: Path, kind: str, value: Any, name: str) -> None:
    with Store(tmp_path) as store:
        with pytest.raises(PeopleError):
            store.put_record(kind, value, None, name)
        assert list(store.records("code")) == []


def test_a_reader_writes_no_record(house: tuple[Path, str, str]) -> None:
    with Store(house[0], read_only=True) as store, pytest.raises(StoreError, match="reading only"):
        store.put_record("calendar", {})


def test_an_alias_is_lasting_and_nobody_elses(house: tuple[Path, str, str]) -> None:
    folder, ben, ana = house
    with Store(folder) as store:
        alias = store.alias(ben)
        assert alias is not None and len(alias) == 16 and int(alias, 16) >= 0 and alias not in (ben, store.alias(ana))
        assert store.alias("0" * 16) is None and len(store.audit_key()) == len(store.code_key()) == 32
        keys = store.audit_key(), store.code_key()
    with Store(folder) as store:
        assert store.alias(ben) == alias and (store.audit_key(), store.code_key()) == keys
        store.forget(ben, wall=1.0)
        assert store.alias(ben) is None
    assert alias.encode() not in _raw(folder)
    other = folder / "other"
    with Store(other) as store:
        assert store.audit_key() not in keys and store.code_key() not in keys and store.audit_key() != store.code_key()
