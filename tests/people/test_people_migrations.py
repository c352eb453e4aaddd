"""From one version to the next, with the old file kept until the new one has proved itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from people_fakes import BOTH, GIVEN, crop, template

from edge_face.errors import StoreError
from edge_face.people import Consent, Store, copies, migrations, schema
from edge_face.people.database_errors import OlderStoreError
from edge_face.people.shelf import Shelf

Step = Callable[[sqlite3.Connection], None]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    with Store(tmp_path) as store:
        store.add("Ben", BOTH, [template(1)], wall=0.0)
    return tmp_path


NOW, NEXT = schema.VERSION, schema.VERSION + 1


def _next(monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    monkeypatch.setattr(schema, "VERSION", NEXT)
    monkeypatch.setattr(migrations, "STEPS", {**migrations.STEPS, NOW: step})


def _note(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE person ADD COLUMN note TEXT")


def _version(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def test_an_old_store_is_brought_up_and_its_copy_kept(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _next(monkeypatch, _note)
    with Store(old) as store:
        assert [p.name for p in store.people()] == ["Ben"]
    assert _version(old / "people.db") == NEXT
    copy = old / f"people.db.v{NOW}"
    assert _version(copy) == NOW and copy.stat().st_mode & 0o077 == 0
    with Store(old) as store:
        assert store.count() == 1
    assert copy.exists()


def test_the_next_update_drops_the_copy_before(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _next(monkeypatch, _note)
    Store(old).close()
    monkeypatch.setattr(schema, "VERSION", NEXT + 1)
    monkeypatch.setattr(migrations, "STEPS", {**migrations.STEPS, NEXT: lambda connection: None})
    Store(old).close()
    assert [path.name for path in old.glob("people.db.v*")] == [f"people.db.v{NEXT}"]


def test_the_copy_is_a_whole_store_of_the_old_version(old: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as newer:
        _next(newer, _note)
        Store(old).close()
    for name in ("people.db", "people.db-wal", "people.db-shm"):
        (old / name).unlink(missing_ok=True)
    (old / f"people.db.v{NOW}").rename(old / "people.db")
    with Store(old) as store:
        assert [p.name for p in store.people()] == ["Ben"]


def test_a_step_that_fails_changes_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(connection: sqlite3.Connection) -> None:
        _note(connection)
        connection.execute("DELETE FROM template")
        connection.execute("INSERT INTO nowhere VALUES (1)")

    with monkeypatch.context() as newer:
        _next(newer, fails)
        with pytest.raises(StoreError, match="nowhere"):
            Store(old)
    assert _version(old / "people.db") == NOW
    with Store(old) as store:
        person, = store.people()
        assert len(person.templates) == 1


def test_a_step_that_orphans_rows_changes_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def orphans(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        connection.execute("UPDATE template SET person = 'nobody'")

    with monkeypatch.context() as newer:
        _next(newer, orphans)
        with pytest.raises(StoreError, match="lost its owner"):
            Store(old)
    with Store(old) as store:
        assert len(store.people()[0].templates) == 1


def test_no_way_from_there(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "VERSION", NEXT + 1)
    monkeypatch.setattr(migrations, "STEPS", {**migrations.STEPS, NOW: _note})
    with pytest.raises(StoreError, match=f"no way from version {NEXT}"):
        Store(old)
    assert _version(old / "people.db") == NOW


def test_a_reader_does_not_migrate(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _next(monkeypatch, _note)
    with pytest.raises(StoreError, match="opened for writing"):
        Store(old, read_only=True)
    assert _version(old / "people.db") == NOW


def test_a_new_store_takes_all_steps_without_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _next(monkeypatch, _note)
    Store(tmp_path).close()
    assert _version(tmp_path / "people.db") == NEXT and not list(tmp_path.glob("people.db.v*"))


def test_forgetting_reaches_the_copy(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _next(monkeypatch, _note)
    with Store(old) as store:
        person, = store.people()
        assert person.id.encode() in (old / f"people.db.v{NOW}").read_bytes()
        store.add("Ana", BOTH, [template(2)], wall=0.0)
        store.forget(person.id, wall=1.0)
    assert (old / f"people.db.v{NOW}").exists()
    assert all(person.id.encode() not in path.read_bytes() for path in old.iterdir())


def test_no_room_for_a_copy(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as newer:
        _next(newer, _note)
        newer.setattr(copies, "sync_folder", full)
        with pytest.raises(StoreError, match=r"No space left.*nothing was changed"):
            Store(old)
    assert _version(old / "people.db") == NOW


@pytest.fixture
def version_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store as version 1 left it: its tables, Ben, and an event of his."""
    with monkeypatch.context() as then:
        then.setattr(schema, "VERSION", 1)
        then.setattr("edge_face.people.sealed_templates.SealedTemplates.protection", lambda *_: None)
        then.setattr(Shelf, "put", lambda *_: None)
        with Store(tmp_path) as store:
            ben = store.add("Ben", BOTH, [template(1), template(2)], wall=5.0)
            store.events.append("grant", 6.0, ben.id, {"score": 0.7})
    connection = sqlite3.connect(tmp_path / "people.db")
    assert ("picture",) not in connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()
    return tmp_path


def test_a_store_of_version_1_keeps_everything_and_takes_pictures(version_1: Path) -> None:
    with Store(version_1) as store:
        ben, = store.people()
        assert (ben.name, len(ben.templates), ben.consent) == ("Ben", 2, BOTH)
        assert store.events.query()[0].details == {"score": 0.7} and store.pictures(ben.id) == ()
        kept = store.set_consent(ben.id, Consent(GIVEN, GIVEN, GIVEN))
        store.replace_templates(kept.id, kept.templates, [crop(1)])
        assert store.count_pictures(ben.id) == 1
    assert _version(version_1 / "people.db") == schema.VERSION


def test_a_reader_of_version_1_is_told_what_to_do(version_1: Path) -> None:
    with pytest.raises(OlderStoreError, match="edge-face people list"):
        Store(version_1, read_only=True)
    assert _version(version_1 / "people.db") == 1


def test_numbers_of_events_go_on_after_the_update(version_1: Path) -> None:
    connection = sqlite3.connect(version_1 / "people.db")
    with connection:
        connection.execute("UPDATE sqlite_sequence SET seq = 41 WHERE name = 'event'")
    connection.close()
    with Store(version_1) as store:
        assert store.events.append("exit", 9.0, None, {}) == 42 and [e.id for e in store.events.query()] == [42, 1]
