"""From one version to the next, with the old file kept until the new one has proved itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from people_fakes import BOTH, template

from edge_face.errors import StoreError
from edge_face.people import Store, migrations, schema

Step = Callable[[sqlite3.Connection], None]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    with Store(tmp_path) as store:
        store.add("Ben", BOTH, [template(1)], wall=0.0)
    return tmp_path


def _version_2(monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    monkeypatch.setattr(schema, "VERSION", 2)
    monkeypatch.setattr(migrations, "STEPS", {1: step})


def _note(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE person ADD COLUMN note TEXT")


def _version(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def test_an_old_store_is_brought_up_and_its_copy_kept_until_the_next_start(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _version_2(monkeypatch, _note)
    with Store(old) as store:
        assert [p.name for p in store.people()] == ["Ben"]
    assert _version(old / "people.db") == 2
    copy = old / "people.db.v1"
    assert _version(copy) == 1 and copy.stat().st_mode & 0o077 == 0
    with Store(old) as store:
        assert store.count() == 1
    assert not copy.exists()


def test_the_copy_is_a_whole_store_of_the_old_version(old: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as newer:
        _version_2(newer, _note)
        Store(old).close()
    for name in ("people.db", "people.db-wal", "people.db-shm"):
        (old / name).unlink(missing_ok=True)
    (old / "people.db.v1").rename(old / "people.db")
    with Store(old) as store:
        assert [p.name for p in store.people()] == ["Ben"]


def test_a_step_that_fails_changes_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(connection: sqlite3.Connection) -> None:
        _note(connection)
        connection.execute("DELETE FROM template")
        connection.execute("INSERT INTO nowhere VALUES (1)")

    with monkeypatch.context() as newer:
        _version_2(newer, fails)
        with pytest.raises(StoreError, match="nowhere"):
            Store(old)
    assert _version(old / "people.db") == 1
    with Store(old) as store:
        person, = store.people()
        assert len(person.templates) == 1


def test_a_step_that_orphans_rows_changes_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def orphans(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        connection.execute("UPDATE template SET person = 'nobody'")

    with monkeypatch.context() as newer:
        _version_2(newer, orphans)
        with pytest.raises(StoreError, match="lost its owner"):
            Store(old)
    with Store(old) as store:
        assert len(store.people()[0].templates) == 1


def test_no_way_from_there(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "VERSION", 3)
    monkeypatch.setattr(migrations, "STEPS", {1: _note})
    with pytest.raises(StoreError, match="no way from version 2"):
        Store(old)
    assert _version(old / "people.db") == 1


def test_a_reader_does_not_migrate(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _version_2(monkeypatch, _note)
    with pytest.raises(StoreError, match="opened for writing"):
        Store(old, read_only=True)
    assert _version(old / "people.db") == 1


def test_a_new_store_takes_all_steps_without_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _version_2(monkeypatch, _note)
    Store(tmp_path).close()
    assert _version(tmp_path / "people.db") == 2 and not list(tmp_path.glob("people.db.v*"))


def test_forgetting_reaches_the_copy(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _version_2(monkeypatch, _note)
    with Store(old) as store:
        person, = store.people()
        assert person.id.encode() in (old / "people.db.v1").read_bytes()
        store.forget(person.id, wall=1.0)
    assert all(person.id.encode() not in path.read_bytes() for path in old.iterdir())


def test_no_room_for_a_copy(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as newer:
        _version_2(newer, _note)
        newer.setattr(migrations, "sync_folder", full)
        with pytest.raises(StoreError, match=r"No space left.*nothing was changed"):
            Store(old)
    assert _version(old / "people.db") == 1
