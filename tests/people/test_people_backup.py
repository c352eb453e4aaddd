"""Backups: everything comes back under another card's key, and nobody who was forgotten."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from killed_at import killed_at
from people_fakes import BOTH, GIVEN, crop, template

from edge_face.errors import PeopleError, StoreError, UsageError
from edge_face.people import Consent, Store, backup_file
from edge_face.people.backup import STEPS, back_up, restore
from edge_face.people.backup_file import BackupReader, write_backup_file
from edge_face.people.keys import create_key
from edge_face.people.passphrase import ARGON2
from edge_face.people.rollback import copies_of, roll_back

PASSPHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("memory_kib", 8), ("iterations", 1), ("lanes", 1)):
        monkeypatch.setitem(ARGON2, name, value)


@pytest.fixture
def door(tmp_path: Path) -> Path:
    folder = tmp_path / "door"
    with Store(folder) as store:
        ben = store.add("Ben", Consent(GIVEN, GIVEN, GIVEN), [template(1), template(2)], wall=1.0, pictures=[crop(1)])
        ana = store.add("Ana", BOTH, [template(3)], wall=2.0)
        store.put_record("code", {"hash": "1"}, ben.id, "pin")
        store.put_record("calendar", {"days": [1]})
        store.events.append("grant", 4.0, ben.id, {"score": 0.7})
        store.events.append("deny", 5.0, None, {"nearest": ana.id})
        gone = store.add("Gone", BOTH, [template(4)], wall=3.0)
        store.forget(gone.id, wall=6.0)
    return folder


@pytest.fixture
def saved(door: Path, tmp_path: Path) -> Path:
    path = tmp_path / "door.efb"
    done = back_up(door, None, path, PASSPHRASE, wall=lambda: 77.0)
    assert (done.people, done.size) == (2, path.stat().st_size) and path.stat().st_mode & 0o777 == 0o600
    return path


def _all(folder: Path, key_file: Path | None = None) -> dict[str, Any]:
    with Store(folder, key_file, read_only=True) as store:
        people = store.people()
        return {"people": [(p.id, p.name, p.consent, [t.embedding.tobytes() for t in p.templates]) for p in people],
                "pictures": [store.pictures(p.id) for p in people],
                "records": [list(store.records(kind)) for kind in ("code", "calendar")],
                "events": [(e.id, e.kind, e.person, e.details) for e in store.events.query()],
                "lasting": (store.audit_key(), store.code_key(), [store.alias(p.id) for p in people], store._stones.marks())}


def _names(folder: Path) -> list[str]:
    with Store(folder) as store:
        return sorted(p.name for p in store.people())


def test_everything_comes_back_on_a_new_card_under_its_own_key(door: Path, saved: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    done = restore(new, None, saved, PASSPHRASE)
    assert (done.people, done.made, done.kept, done.marks) == (2, 77.0, None, "none")
    assert _all(new) == _all(door)
    assert (new / "device.key").read_bytes() != (door / "device.key").read_bytes()
    there = sorted(p.name for p in new.iterdir() if not p.name.startswith("people.db-"))
    assert there == ["device.key", "forgotten", "people.db", "people.lock"]


def test_an_own_key_of_the_new_card_is_taken(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = create_key(tmp_path / "credentials" / "device.key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    restore(tmp_path / "new", None, saved, PASSPHRASE)
    assert _names(tmp_path / "new") == ["Ana", "Ben"] and not (tmp_path / "new" / "device.key").exists()
    assert (tmp_path / "credentials" / "device.key").read_bytes() == key


def test_nothing_of_it_is_plain(door: Path, saved: Path) -> None:
    content = saved.read_bytes()
    with Store(door, read_only=True) as store:
        assert all(p.id.encode() not in content for p in store.people())
    assert b"SQLite format" not in content and (door / "device.key").read_bytes() not in content
    assert set(json.loads(content.split(b"\n", 1)[0])) == {"format", "version", "kdf"}


def test_a_running_door_is_not_disturbed(door: Path, tmp_path: Path) -> None:
    with Store(door) as store:
        store.add("Cem", BOTH, [template(9)], wall=9.0)
        assert back_up(door, None, tmp_path / "x.efb", PASSPHRASE).people == 3
        store.events.append("exit", 10.0, None, {})
    restore(tmp_path / "new", None, tmp_path / "x.efb", PASSPHRASE)
    assert _names(tmp_path / "new") == ["Ana", "Ben", "Cem"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["door", "new", "x.efb"]


def test_who_was_forgotten_after_the_backup_is_not_brought_back(door: Path, saved: Path) -> None:
    with Store(door) as store:
        ben = store.find("Ben").id
        store.forget(ben, wall=9.0)
    done = restore(door, None, saved, PASSPHRASE, replace=True)
    assert done.marks == "merged" and _names(door) == ["Ana"]
    assert all(ben.encode() not in path.read_bytes() for path in door.iterdir())


def test_nor_when_only_the_file_of_marks_is_left(door: Path, saved: Path) -> None:
    with Store(door) as store:
        store.forget(store.find("Ben").id, wall=9.0)
    for path in door.glob("people.db*"):
        path.unlink()
    assert restore(door, None, saved, PASSPHRASE).marks == "in the file" and _names(door) == ["Ana"]


def test_nor_when_another_store_forgot_the_same_person(door: Path, saved: Path, tmp_path: Path) -> None:
    """A person who was exported to another door, and forgotten there."""
    with Store(door, read_only=True) as store:
        ben = store.find("Ben")
    other = tmp_path / "other"
    with Store(other) as store:
        store.add("Ben", ben.consent, ben.templates, wall=0.0, identity=ben.id)
        store.add("Dora", BOTH, [template(7)], wall=0.0)
        store.forget(ben.id, wall=1.0)
    done = restore(other, None, saved, PASSPHRASE, replace=True)
    assert done.marks == "by id" and done.people == 1 and _names(other) == ["Ana"]


def test_without_marks_of_this_card_that_is_said(door: Path, saved: Path, tmp_path: Path) -> None:
    with Store(door) as store:
        store.forget(store.find("Ben").id, wall=9.0)
    done = restore(tmp_path / "new", None, saved, PASSPHRASE)
    assert done.marks == "none" and _names(tmp_path / "new") == ["Ana", "Ben"]


def test_a_store_in_use_is_not_replaced_unasked_and_a_copy_is_kept(saved: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    with Store(other) as store:
        store.add("Dora", BOTH, [template(7)], wall=0.0)
        with pytest.raises(StoreError, match="in use"):
            restore(other, None, saved, PASSPHRASE, replace=True, wait=0.0)
    with pytest.raises(StoreError, match=r"already: --replace"):
        restore(other, None, saved, PASSPHRASE)
    assert _names(other) == ["Dora"]
    done = restore(other, None, saved, PASSPHRASE, replace=True)
    assert done.kept is not None and [c.path for c in copies_of(other)] == [done.kept] and _names(other) == ["Ana", "Ben"]
    roll_back(other)
    assert _names(other) == ["Dora"]
    roll_back(other)
    assert _names(other) == ["Ana", "Ben"]


def test_an_empty_store_needs_no_replace(saved: Path, tmp_path: Path) -> None:
    Store(tmp_path / "new").close()
    assert restore(tmp_path / "new", None, saved, PASSPHRASE).kept is None
    assert _names(tmp_path / "new") == ["Ana", "Ben"]


@pytest.mark.parametrize("harm", ["noise", "lost key", "other key"])
def test_a_store_that_cannot_be_opened_is_replaced_when_asked_to(door: Path, saved: Path, harm: str) -> None:
    if harm == "noise":
        content = (door / "people.db").read_bytes()
        (door / "people.db").write_bytes(content[:100] + b"\xaa" * 9000 + content[9100:])
    else:
        (door / "device.key").unlink()
        if harm == "other key":
            create_key(door / "device.key")
    with pytest.raises(StoreError):
        Store(door)
    with pytest.raises(StoreError, match="--replace"):
        restore(door, None, saved, PASSPHRASE)
    done = restore(door, None, saved, PASSPHRASE, replace=True)
    assert done.marks == "in the file" and done.kept is not None and done.kept.exists() and _names(door) == ["Ana", "Ben"]
    with Store(door) as store:  # a copy that nobody can clean goes with the first who is forgotten
        store.forget(store.find("Ben").id, wall=9.0)
    assert not done.kept.exists()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("there", [False, True])
def test_killed_at_any_step_it_is_one_store_or_the_other(saved: Path, tmp_path: Path, step: str, there: bool) -> None:
    folder = tmp_path / "other"
    if there:
        with Store(folder) as store:
            store.add("Dora", BOTH, [template(7)], wall=0.0)
    killed_at(step, lambda tell: restore(folder, None, saved, PASSPHRASE, replace=there, step=tell))
    assert _names(folder) == (["Ana", "Ben"] if step == STEPS[3] else ["Dora"] if there else [])
    restore(folder, None, saved, PASSPHRASE, replace=True)
    assert _names(folder) == ["Ana", "Ben"] and not list(folder.glob(".*"))


@pytest.mark.parametrize("passphrase", ["correct horse batterx", "", PASSPHRASE.upper()])
def test_a_wrong_passphrase_restores_nothing(saved: Path, tmp_path: Path, passphrase: str) -> None:
    with pytest.raises(PeopleError, match="passphrase is wrong"):
        restore(tmp_path / "new", None, saved, passphrase)
    assert not (tmp_path / "new").exists()


def test_a_short_passphrase_and_a_file_that_is_there(door: Path, saved: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="8 characters"):
        back_up(door, None, tmp_path / "x", "short")
    before = saved.read_bytes()
    for target, why in ((saved, "exists already"), (tmp_path, "no file"), (tmp_path / "none" / "x", "cannot be written")):
        with pytest.raises((PeopleError, StoreError), match=why):
            back_up(door, None, target, PASSPHRASE)
    assert saved.read_bytes() == before
    back_up(door, None, saved, PASSPHRASE, replace=True)
    assert saved.read_bytes() != before and sorted(p.name for p in tmp_path.iterdir()) == ["door", "door.efb"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_changed_or_cut_backup_restores_nothing(saved: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    content = bytearray(saved.read_bytes())
    if data.draw(st.booleans()):
        content = content[:data.draw(st.integers(0, len(content) - 1))]
    else:
        where = data.draw(st.integers(0, min(400, len(content) - 1)) | st.integers(0, len(content) - 1))
        content[where] ^= data.draw(st.integers(1, 255))
    folder = tmp_path_factory.mktemp("changed")
    (folder / "x.efb").write_bytes(content)
    with pytest.raises(PeopleError) as caught:
        restore(folder / "new", None, folder / "x.efb", PASSPHRASE)
    assert "\n" not in str(caught.value) and not (folder / "new" / "people.db").exists()


def test_a_piece_is_as_long_as_it_says(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_backup_file(path, {"a": 1}, [b"last"], PASSPHRASE)
    content = bytearray(path.read_bytes())
    at = content.index(b"\n") + 1
    while (after := at + 4 + int.from_bytes(content[at:at + 4], "big")) < len(content):
        at = after
    content[at + 3] += 1  # the last piece ends with the file: nothing else would miss the byte
    path.write_bytes(content)
    with BackupReader(path, PASSPHRASE) as backup, pytest.raises(PeopleError):
        list(backup.pieces())


def test_pieces_keep_their_places(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_backup_file(path, {"a": 1}, [b"one", b"two", b"three"], PASSPHRASE)
    with BackupReader(path, PASSPHRASE) as backup:
        assert backup.facts == {"a": 1} and list(backup.pieces()) == [b"one", b"two", b"three"]
    head, rest = path.read_bytes().split(b"\n", 1)
    pieces = []
    while rest:
        length = int.from_bytes(rest[:4], "big")
        pieces.append(rest[:4 + length])
        rest = rest[4 + length:]
    assert len(pieces) == 4
    for order in ([0, 2, 1, 3], [0, 1, 2], [0, 1, 3], [1, 2, 3], [0, 1, 2, 3, 3], [0]):
        path.write_bytes(head + b"\n" + b"".join(pieces[k] for k in order))
        with pytest.raises(PeopleError), BackupReader(path, PASSPHRASE) as backup:
            list(backup.pieces())


@pytest.mark.parametrize("content, why", [
    (b"", "no backup"), (b"{}\n", "no backup"), (b"\xff" * 10_000, "no backup"), (b"[" * 5000, "no backup"),
    (b'{"format": "edge-face people", "version": 2}\n', "people import"), (b'{"format": "edge-face backup", "version": 9}\n', "version 9"),
    (b'{"format": "edge-face backup", "version": 1, "kdf": {"name": "argon2id", "memory_kib": 99999999, "iterations": 1, "lanes": 1, '
     b'"salt": "AAAAAAAAAAAAAAAA"}}\n', "way of making keys")])
def test_what_is_no_backup(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(PeopleError, match=why):
        restore(tmp_path / "new", None, tmp_path / "x", PASSPHRASE)
    for path, message in ((tmp_path / "none", "cannot be read"), (tmp_path, "no file")):
        with pytest.raises(PeopleError, match=message):
            restore(tmp_path / "new", None, path, PASSPHRASE)


def test_a_backup_of_a_newer_store_and_one_of_something_else(door: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = {"made": 1.0, "people": 0, "version": 3, "ring": {}, "marks": []}
    write_backup_file(tmp_path / "a", facts, [b"no database"], PASSPHRASE)
    with pytest.raises(PeopleError, match="keys of its store"):
        restore(tmp_path / "new", None, tmp_path / "a", PASSPHRASE)
    ring = dict.fromkeys(("wrapping", "names", "tombstones", "events", "records", "audit", "codes"), "00" * 32)
    write_backup_file(tmp_path / "b", {**facts, "ring": ring}, [b"no database"], PASSPHRASE)
    with pytest.raises((PeopleError, StoreError), match="damaged"):
        restore(tmp_path / "new", None, tmp_path / "b", PASSPHRASE)
    from edge_face.people import schema

    with monkeypatch.context() as newer:
        newer.setattr(schema, "VERSION", 4)
        newer.setattr("edge_face.people.migrations.STEPS", {3: lambda connection: None})
        shutil.copytree(door, tmp_path / "newer")
        Store(tmp_path / "newer").close()
        back_up(tmp_path / "newer", None, tmp_path / "c", PASSPHRASE)
    with pytest.raises(PeopleError, match="version 4"):
        restore(tmp_path / "new", None, tmp_path / "c", PASSPHRASE)
    assert not (tmp_path / "new" / "people.db").exists() and backup_file.PIECE == 1 << 20


def test_a_store_larger_than_a_piece(door: Path, tmp_path: Path) -> None:
    with Store(door) as store:
        for k in range(30):
            store.put_record("calendar", {"text": "x" * 100_000}, None, str(k))
    back_up(door, None, tmp_path / "large.efb", PASSPHRASE)
    assert (tmp_path / "large.efb").stat().st_size > 2 << 20
    restore(tmp_path / "new", None, tmp_path / "large.efb", PASSPHRASE)
    assert _all(tmp_path / "new") == _all(door)
