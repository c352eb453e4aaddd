"""A new device key: cut anywhere, everybody is there under the old key or the new one."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from killed_at import killed_at
from people_fakes import BOTH, GIVEN, crop, template
from small_disk import disks, on_a_small_disk

from edge_face.errors import StoreError
from edge_face.people import Consent, Store
from edge_face.people.database_errors import DiskRefusesError
from edge_face.people.keys import create_key
from edge_face.people.rotation import STEPS, rotate_key
from edge_face.people.tables import LooseTables


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    with Store(folder) as store:
        ben = store.add("Ben", Consent(GIVEN, GIVEN, GIVEN), [template(1), template(2)], wall=1.0, pictures=[crop(1)])
        ana = store.add("Ana", BOTH, [template(3)], wall=2.0)
        gone = store.add("Gone", BOTH, [template(4)], wall=3.0)
        store.put_record("code", {"hash": "1"}, ben.id, "pin")
        store.put_record("calendar", {"days": [1]})
        store.put_record("visitor", {"called": "Vera"}, None, "0123456789abcdef")
        store.events.append("grant", 4.0, ben.id, {"score": 0.7})
        store.events.append("deny", 5.0, None, {"nearest": ana.id})
        store.forget(gone.id, wall=6.0)
    return folder


def _all(folder: Path, key_file: Path | None = None) -> dict[str, Any]:
    """Everything that the store knows."""
    with Store(folder, key_file, read_only=True) as store:
        people = store.people()
        return {"people": [(p.id, p.name, p.consent, [t.embedding.tobytes() for t in p.templates]) for p in people],
                "pictures": [store.pictures(p.id) for p in people], "found": store.find("ben").name,
                "records": [list(store.records(kind)) for kind in ("code", "calendar", "visitor")],
                "by name": store.record("visitor", None, "0123456789abcdef"),
                "events": [(e.id, e.kind, e.person, e.details) for e in store.events.query()],
                "lasting": (store.audit_key(), store.code_key(), [store.alias(p.id) for p in people], store._stones.marks())}


def _sealed(folder: Path) -> set[bytes]:
    connection = sqlite3.connect(folder / "people.db")
    blobs = {row[0] for text in ("SELECT wrapped_key FROM person", "SELECT record FROM person", "SELECT sealed FROM template",
                                 "SELECT sealed FROM picture", "SELECT sealed FROM sealed_record", "SELECT details FROM event",
                                 "SELECT value FROM meta") for row in connection.execute(text)}
    connection.close()
    return blobs


@pytest.mark.parametrize("deep", [False, True])
def test_everything_is_there_under_the_new_key_only(folder: Path, tmp_path: Path, deep: bool) -> None:
    before, old, blobs = _all(folder), (folder / "device.key").read_bytes(), _sealed(folder)
    done = rotate_key(folder, renew_data_keys=deep)
    assert done.people == 2 and done.damaged == () and _all(folder) == before
    assert rotate_key(folder, renew_data_keys=deep).damaged == () and _all(folder) == before
    raw = b"".join(path.read_bytes() for path in folder.iterdir())
    assert old not in raw and (folder / "device.key").stat().st_mode & 0o777 == 0o400
    kept = blobs & _sealed(folder)
    assert not kept if deep else kept
    lost = blobs - _sealed(folder)
    assert all(blob[k:k + 16] not in raw for blob in lost for k in range(0, len(blob) - 16, 16))
    stolen = tmp_path / "stolen.key"
    stolen.write_bytes(old)
    stolen.chmod(0o400)
    with pytest.raises(StoreError, match="not the key"):
        Store(folder, stolen)


def test_a_store_of_version_2_gets_keys_that_the_old_device_key_does_not_give(folder: Path, tmp_path: Path) -> None:
    """Its ring was derived from the device key; the new ring must not be."""
    from edge_face.people.key_ring import old_ring, open_ring

    tables = LooseTables(folder / "people.db")
    tables.run("DELETE FROM meta WHERE key = 'ring'")
    tables.close()
    with pytest.raises(StoreError):  # this one was random: only a store made so has the derived ring
        _all(folder)
    old = create_key(tmp_path / "two" / "device.key")
    with Store(tmp_path / "two") as store:
        store._keys = old_ring(old)
    connection = sqlite3.connect(tmp_path / "two" / "people.db")
    with connection:
        connection.execute("DELETE FROM meta WHERE key = 'ring'")
    connection.close()
    with Store(tmp_path / "two") as store:
        store.add("Ben", BOTH, [template(1)], wall=0.0)
        audit = store.audit_key()
    rotate_key(tmp_path / "two")
    new = (tmp_path / "two" / "device.key").read_bytes()
    connection = sqlite3.connect(tmp_path / "two" / "people.db")
    ring = open_ring(new, connection.execute("SELECT value FROM meta WHERE key = 'ring'").fetchone()[0])
    connection.close()
    derived = old_ring(old)
    assert ring.audit == audit == derived.audit and ring.tombstones == derived.tombstones
    assert not {ring.wrapping, ring.names, ring.events, ring.records} & {derived.wrapping, derived.names, derived.events, derived.records}


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_it_is_the_old_store_or_the_new_one(folder: Path, step: str, deep: bool) -> None:
    before, old = _all(folder), (folder / "device.key").read_bytes()
    killed_at(step, lambda tell: rotate_key(folder, renew_data_keys=deep, step=tell))
    assert _all(folder) == before  # a reader changes nothing
    with Store(folder):
        pass
    assert _all(folder) == before
    assert not (folder / "device.key.next").exists()
    now = (folder / "device.key").read_bytes()
    assert (now == old) == (step in STEPS[:2])
    if now != old:
        assert old not in b"".join(path.read_bytes() for path in folder.iterdir())
    rotate_key(folder, renew_data_keys=deep)
    assert _all(folder) == before


def test_killed_while_the_old_key_is_overwritten(folder: Path) -> None:
    before = _all(folder)
    killed_at(STEPS[2], lambda tell: rotate_key(folder, step=tell))
    key = folder / "device.key"
    key.chmod(0o600)
    key.write_bytes(bytes(16) + key.read_bytes()[16:])
    assert _all(folder) == before
    Store(folder).close()
    assert _all(folder) == before


def test_a_disk_that_fills_up_leaves_the_old_key(folder: Path) -> None:
    before, old = _all(folder), (folder / "device.key").read_bytes()

    def full(step: str) -> None:
        if step == STEPS[1]:
            raise DiskRefusesError("full")

    with pytest.raises(DiskRefusesError):
        rotate_key(folder, step=full)
    assert _all(folder) == before and (folder / "device.key").read_bytes() == old and not (folder / "device.key.next").exists()


def test_a_key_elsewhere_and_behind_a_link_stays_there(folder: Path, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    (folder / "device.key").rename(stick / "door.key")
    link = tmp_path / "link.key"
    link.symlink_to(stick / "door.key")
    before = _all(folder, link)
    rotate_key(folder, link)
    assert link.is_symlink() and sorted(p.name for p in stick.iterdir()) == ["door.key"] and _all(folder, stick / "door.key") == before


def test_damaged_people_stay_damaged_and_the_others_well(folder: Path) -> None:
    with Store(folder) as store:
        ben = store.find("Ben").id
    connection = sqlite3.connect(folder / "people.db")
    with connection:
        connection.execute("UPDATE person SET record = x'00' WHERE id = ?", [ben])
        connection.execute("UPDATE sealed_record SET sealed = x'00' WHERE kind = 'calendar'")
    connection.close()
    done = rotate_key(folder, renew_data_keys=True)
    assert done.people == 1 and ben in done.damaged and len(done.damaged) == 2
    with Store(folder) as store:
        assert [p.name for p in store.people(lambda who, error: None)] == ["Ana"]
        store.forget(ben, wall=9.0)
        assert store.count() == 1


def test_not_while_somebody_writes_and_not_a_credential(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(folder), pytest.raises(StoreError, match=r"in use by another edge-face \(process \d+\)"):
        rotate_key(folder, wait=0.0)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (folder / "device.key").rename(tmp_path / "device.key")
    before = _all(folder)
    with pytest.raises(StoreError, match="systemd-creds"):
        rotate_key(folder)
    assert _all(folder) == before


def test_copies_under_the_old_key_go(folder: Path) -> None:
    with Store(folder) as store:
        store._database.keep_copy("v2")
    rotate_key(folder)
    assert not list(folder.glob("people.db.v*"))


def test_an_alias_outlives_every_renewal_and_dies_with_the_person(folder: Path) -> None:
    with Store(folder) as store:
        ben = store.find("Ben").id
        alias = store.alias(ben)
    for _ in range(3):
        rotate_key(folder, renew_data_keys=True)
    with Store(folder) as store:
        assert store.alias(ben) == alias
        assert len(list(store.records("alias"))) == 2
        store.forget(ben, wall=9.0)
        assert store.alias(ben) is None and len(list(store.records("alias"))) == 1


@disks
@pytest.mark.parametrize("deep", [False, True])
def test_on_a_disk_without_room_for_it_the_old_key_stays(folder: Path, deep: bool) -> None:
    """Everything is sealed anew in the journal: a store of 1.2 MB has no room for that on 2 MB, and says so."""
    with Store(folder) as store:
        ben = store.find("Ben").id
        for k in range(6):
            store.put_record("code", {"x": "x" * 200_000}, ben if deep else None, f"card:{k}")
    answer = on_a_small_disk(folder, "true", f"""
from edge_face.people.rotation import rotate_key
before = (folder / "device.key").read_bytes()
try:
    rotate_key(folder, renew_data_keys={deep})
except StoreError as error:
    answer["why"] = str(error)
answer["same"] = (folder / "device.key").read_bytes() == before
answer["next"] = (folder / "device.key.next").exists()
with Store(folder, or_read_only=True) as store:
    answer["names"] = sorted(p.name for p in store.people())
    answer["records"] = sum(1 for _ in store.records("code"))
""")
    assert "full" in str(answer.pop("why")) and answer == {"same": True, "next": False, "names": ["Ana", "Ben"], "records": 7}


def test_a_reader_that_comes_while_the_keys_change_looks_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge_face.people import unlocking

    before = _all(folder)
    seen = unlocking._meta
    with Store(folder) as store:
        stale = {key: seen(store._database, key) for key in ("key", "ring")}
    rotate_key(folder)
    asked: list[str] = []

    def first_stale(database: Any, key: str) -> bytes | None:
        asked.append(key)
        return stale[key] if asked.count(key) == 1 else seen(database, key)

    with monkeypatch.context() as racing:
        racing.setattr(unlocking, "_meta", first_stale)
        with Store(folder, read_only=True) as store:
            assert [p.name for p in store.people()] == [row[1] for row in before["people"]]
