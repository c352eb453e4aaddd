"""The version before comes back to work, and nobody who was forgotten comes back with it."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from killed_at import killed_at
from people_fakes import BOTH, GIVEN, crop, template

from edge_face.errors import StoreError
from edge_face.people import Consent, Person, Store, copies, schema
from edge_face.people.keys import create_key
from edge_face.people.rollback import STEPS, copies_of, roll_back
from edge_face.people.rotation import rotate_key

ALL = Consent(GIVEN, GIVEN, GIVEN)


@pytest.fixture
def updated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Person, Person]:
    """A store of version 2, brought to this one, with its copy beside it."""
    folder = tmp_path / "store"
    key = create_key(folder / "device.key")
    with monkeypatch.context() as then:
        from edge_face.people import unlocking
        from edge_face.people.key_ring import old_ring

        then.setattr(schema, "VERSION", 2)
        then.setattr("edge_face.people.sealed_records.SealedRecords.clear", lambda *_: None)
        then.setattr("edge_face.people.sealed_templates.SealedTemplates.protection", lambda *_: None)
        then.setattr(unlocking, "fresh_ring", lambda: old_ring(key))
        with Store(folder) as store:
            ben = store.add("Ben", ALL, [template(1)], wall=0.0, pictures=[crop(1), crop(2)])
            ana = store.add("Ana", ALL, [template(2)], wall=0.0, pictures=[crop(3)])
            store.events.append("grant", 1.0, ben.id, {"score": 0.5})
            store.events.append("deny", 2.0, ana.id, {"text": f"Ben ({ben.id}) was near"})
    connection = sqlite3.connect(folder / "people.db")
    with connection:
        connection.execute("DELETE FROM meta WHERE key = 'ring'")
    connection.close()
    Store(folder).close()
    assert [copy.version for copy in copies_of(folder)] == [2]
    return folder, ben, ana


def _version(folder: Path) -> int:
    connection = sqlite3.connect(folder / "people.db")
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def _raw(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.name != "device.key")


def _old_program(folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """What the version before reads."""
    with patch.context() as then:
        then.setattr(schema, "VERSION", 2)
        with Store(folder, read_only=True) as store:
            return sorted(p.name for p in store.people())


def test_the_version_before_comes_back_to_work(updated: tuple[Path, Person, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, ben, _ = updated
    with Store(folder) as store:
        store.add("New", BOTH, [template(9)], wall=3.0)
        store.put_record("code", {"hash": "1"}, ben.id, "pin")
    done = roll_back(folder)
    assert (done.version, done.older, done.kept.name) == (2, True, "people.db.v3") and _version(folder) == 2
    assert _old_program(folder, monkeypatch) == ["Ana", "Ben"]
    roll_back(folder, name="people.db.v3")  # and forward again
    with Store(folder) as store:
        assert sorted(p.name for p in store.people()) == ["Ana", "Ben", "New"] and store.record("code", ben.id, "pin") == {"hash": "1"}


def test_who_was_forgotten_since_is_in_no_copy_to_the_byte(updated: tuple[Path, Person, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, ben, ana = updated
    copy = folder / "people.db.v2"
    connection = sqlite3.connect(copy)
    blobs = {row[0] for text in ("SELECT wrapped_key FROM person", "SELECT record FROM person", "SELECT sealed FROM template",
                                 "SELECT sealed FROM picture", "SELECT details FROM event") for row in connection.execute(text)}
    connection.close()
    assert ben.id.encode() in copy.read_bytes()
    with Store(folder) as store:
        store.forget(ben.id, wall=5.0)
    connection = sqlite3.connect(copy)
    kept = {row[0] for text in ("SELECT wrapped_key FROM person", "SELECT record FROM person", "SELECT sealed FROM template",
                                "SELECT sealed FROM picture", "SELECT details FROM event") for row in connection.execute(text)}
    connection.close()
    raw = _raw(folder)
    assert ben.id.encode() not in raw and len(blobs - kept) >= 6
    for blob in blobs - kept:
        assert all(blob[k:k + 16] not in raw for k in range(0, len(blob) - 16, 16))
    roll_back(folder)
    assert _old_program(folder, monkeypatch) == ["Ana"]
    with monkeypatch.context() as then:
        then.setattr(schema, "VERSION", 2)
        with Store(folder, read_only=True) as store:
            events = store.events.query()
            assert [e.person for e in events] == [ana.id, None] and "Ben" not in str(events) and ben.id not in str(events)


def test_consent_that_was_taken_back_stays_taken_back(updated: tuple[Path, Person, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, ben, ana = updated
    with Store(folder) as store:
        store.set_consent(ben.id, Consent())
        store.set_consent(ana.id, BOTH)
    roll_back(folder)
    with monkeypatch.context() as then:
        then.setattr(schema, "VERSION", 2)
        with Store(folder, read_only=True) as store:
            assert [len(store.person(p.id).templates) for p in (ben, ana)] == [0, 1]
            assert [store.count_pictures(p.id) for p in (ben, ana)] == [0, 0]


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_it_is_one_store_or_the_other(updated: tuple[Path, Person, Person], monkeypatch: pytest.MonkeyPatch,
                                                         step: str) -> None:
    folder, _, _ = updated
    with Store(folder) as store:
        store.add("New", BOTH, [template(9)], wall=3.0)
    killed_at(step, lambda tell: roll_back(folder, step=tell))
    if _version(folder) == 2:
        assert step == STEPS[2] and _old_program(folder, monkeypatch) == ["Ana", "Ben"]
    else:
        with Store(folder) as store:
            assert sorted(p.name for p in store.people()) == ["Ana", "Ben", "New"]
        roll_back(folder, name="people.db.v2")
        assert _old_program(folder, monkeypatch) == ["Ana", "Ben"]


def test_a_cut_before_the_copy_was_cleaned_is_made_up_for(updated: tuple[Path, Person, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, ben, _ = updated
    with monkeypatch.context() as broken, Store(folder) as store:
        broken.setattr(copies, "_clean", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            store.forget(ben.id, wall=5.0)
    assert ben.id.encode() in (folder / "people.db.v2").read_bytes()
    Store(folder).close()
    assert ben.id.encode() not in _raw(folder) and (folder / "people.db.v2").exists()


@pytest.mark.parametrize("damage", ["noise", "cut", "empty"])
def test_a_copy_that_cannot_be_cleaned_is_dropped(updated: tuple[Path, Person, Person], damage: str) -> None:
    folder, ben, _ = updated
    copy = folder / "people.db.v2"
    content = copy.read_bytes()
    copy.write_bytes({"noise": content[:200] + b"\xff" * 5000 + content[5200:], "cut": content[:5000], "empty": b""}[damage])
    assert copies_of(folder) == []
    with Store(folder) as store:
        store.forget(ben.id, wall=5.0)
    assert not copy.exists()
    with pytest.raises(StoreError, match="no copy beside"):
        roll_back(folder)


def test_no_copy_another_key_another_name(updated: tuple[Path, Person, Person], tmp_path: Path) -> None:
    folder, _, _ = updated
    with pytest.raises(StoreError, match=r"no copy people\.db\.v1"):
        roll_back(folder, name="people.db.v1")
    with Store(folder), pytest.raises(StoreError, match="in use"):
        roll_back(folder, wait=0.0)
    saved = tmp_path / "saved"
    shutil.copy(folder / "people.db.v2", saved)
    rotate_key(folder)
    shutil.copy(saved, folder / "people.db.v2")
    with pytest.raises(StoreError, match="no copy"):  # it was put back from elsewhere, and nobody can read it
        roll_back(folder)
    assert not (folder / "people.db.v2").exists()


def test_a_reader_in_the_way_is_said(updated: tuple[Path, Person, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _, _ = updated
    monkeypatch.setattr("edge_face.people.database.BUSY_SECONDS", 0.05)
    with Store(folder, read_only=True) as reader:
        assert reader.count() == 2
        with pytest.raises(StoreError, match=r"locked|open"):
            roll_back(folder)
    assert _version(folder) == 3
    roll_back(folder)
    assert _version(folder) == 2
