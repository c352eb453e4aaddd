"""Forgetting: no byte stays, and nobody comes back by accident."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from people_fakes import BOTH, GIVEN, MODEL, crop, template, unit
from small_disk import disks, on_a_small_disk

from edge_face.errors import PeopleError, StoreError
from edge_face.people import Consent, Store, Template
from edge_face.people.events import Entry

NAME = "Zebedäus Quillfeather"


def _blobs(folder: Path) -> set[bytes]:
    """Everything sealed that the database holds now."""
    connection = sqlite3.connect(f"file:{folder / 'people.db'}?mode=ro", uri=True)
    try:
        found = {row[0] for statement in ("SELECT wrapped_key FROM person", "SELECT record FROM person", "SELECT name_tag FROM person",
                                          "SELECT sealed FROM template", "SELECT sealed FROM picture",
                                          "SELECT details FROM event WHERE person IS NOT NULL")
                 for row in connection.execute(statement)}
    finally:
        connection.close()
    return found


def _raw(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.name != "device.key")


@pytest.mark.parametrize("others", [0, 40])
def test_no_byte_of_the_person_stays(tmp_path: Path, others: int) -> None:
    embeddings, crops = [unit(k) for k in range(4)], [crop(k) for k in range(4)]
    everything = Consent(GIVEN, GIVEN, GIVEN)
    with Store(tmp_path) as store:
        for k in range(others // 2):
            store.add(f"before {k}", BOTH, [template(100 + k)], wall=0.0)
        keep = _blobs(tmp_path)
        person = store.add(NAME, everything, [Template(e, MODEL) for e in embeddings], wall=0.0, pictures=[crop(9)])
        store.replace_templates(person.id, [Template(e, MODEL) for e in embeddings], crops)
        store.events.append_all([Entry("grant", float(k), person.id, {"score": 0.5, "who": NAME}) for k in range(30)])
        store.events.append("deny", 50.0, None, {"nearest": person.id, "text": f"{NAME} was near"})
        for k in range(others // 2):
            store.add(f"after {k}", BOTH, [template(200 + k)], wall=0.0)
        sealed = _blobs(tmp_path) - keep
        store.rename(person.id, "Somebody Else")
        store.rename(person.id, NAME)
        sealed |= _blobs(tmp_path) - keep
        survivors = {p.id for p in store.people()} - {person.id}
        before = _raw(tmp_path)
        assert person.id.encode() in before and all(blob[:256] in before for blob in _blobs(tmp_path))
        store.forget(person.id, wall=99.0)

        raw = _raw(tmp_path)
        own = sealed - _blobs(tmp_path)
        assert len(own) >= 40
        for blob in own:
            for start in range(0, len(blob) - 16, 16):
                assert blob[start:start + 16] not in raw
        for form in (NAME.encode(), NAME.encode("utf-16-le"), NAME.encode("utf-16-be"), NAME.casefold().encode(), person.id.encode(),
                     bytes.fromhex(person.id), person.id.encode("utf-16-le")):
            assert form not in raw
        for embedding in embeddings:
            for form in (embedding.tobytes(), embedding.astype(">f4").tobytes(), embedding.astype(np.float16).tobytes(),
                         np.packbits(embedding > 0).tobytes()):
                assert form[:16] not in raw and form[-16:] not in raw
        for kept in (*crops, crop(9)):
            assert all(kept.png[k:k + 16] not in raw for k in range(0, len(kept.png) - 16, 1024))
        assert (tmp_path / "people.db-wal").stat().st_size < 20_000
        assert {p.id for p in store.people()} == survivors
        events = store.events.query(100)
        assert len(events) == 31 and all(e.person is None for e in events)
        assert NAME not in str(events) and person.id not in str(events)
    with Store(tmp_path) as store:
        assert {p.id for p in store.people()} == survivors


def test_mentions_are_cut_out_as_words(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        al = store.add("Al", BOTH, [template(1)], wall=0.0)
        ben = store.add("Ben", BOTH, [template(2)], wall=0.0)
        store.events.append("deny", 1.0, ben.id, {"text": "Alarm: al came with Ben", "list": [al.id, {"Al": 1}]})
        store.forget(al.id, wall=2.0)
        event, = store.events.query()
    assert event.person == ben.id
    assert event.details == {"text": "Alarm: forgotten came with Ben", "list": ["forgotten", {"forgotten": 1}]}


def test_taking_back_consent_erases_the_templates(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        person = store.add("Ben", BOTH, [template(1)], wall=0.0)
        sealed = [row[0] for row in sqlite3.connect(tmp_path / "people.db").execute("SELECT sealed FROM template")]
        store.set_consent(person.id, Consent())
        raw = _raw(tmp_path)
        assert sealed and all(blob[k:k + 16] not in raw for blob in sealed for k in range(0, len(blob) - 16, 16))


def test_taking_back_the_consent_erases_the_pictures_and_nothing_else(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        person = store.add("Ben", Consent(GIVEN, GIVEN, GIVEN), [template(1)], wall=0.0, pictures=[crop(1), crop(2)])
        sealed = [row[0] for row in sqlite3.connect(tmp_path / "people.db").execute("SELECT sealed FROM picture")]
        assert len(sealed) == 2 and all(blob[:64] in _raw(tmp_path) for blob in sealed)
        after = store.set_consent(person.id, BOTH)
        raw = _raw(tmp_path)
        assert all(blob[k:k + 16] not in raw for blob in sealed for k in range(0, len(blob) - 16, 16))
        assert store.pictures(person.id) == () and after.recognisable and len(after.templates) == 1


def test_a_restored_database_does_not_bring_anybody_back(tmp_path: Path) -> None:
    door, backup = tmp_path / "door", tmp_path / "backup"
    with Store(door) as store:
        ben, ana = (store.add(n, BOTH, [template(k)], wall=0.0) for k, n in enumerate(("Ben", "Ana")))
        store.events.append("grant", 1.0, ben.id, {})
    shutil.copytree(door, backup)
    with Store(door) as store:
        store.forget(ben.id, wall=2.0)
    for name in ("people.db", "people.db-wal", "people.db-shm"):
        (door / name).unlink(missing_ok=True)
        if (backup / name).exists():
            shutil.copy(backup / name, door / name)
    with Store(door, read_only=True) as store:
        assert [p.name for p in store.people()] == ["Ana"]
        with pytest.raises(PeopleError):
            store.find("Ben")
    with Store(door) as store:
        assert [p.id for p in store.people()] == [ana.id]
        assert store.events.query()[0].person is None
        assert ben.id.encode() not in _raw(door)
        assert store.add("Ben", BOTH, [template(0)], wall=3.0).id != ben.id


def test_a_lost_file_of_marks_is_written_again(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        ben = store.add("Ben", BOTH, [template(0)], wall=0.0)
        store.forget(ben.id, wall=2.0)
    before = (tmp_path / "forgotten").read_bytes()
    (tmp_path / "forgotten").unlink()
    with Store(tmp_path) as store:
        assert store.is_forgotten(ben.id)
    assert (tmp_path / "forgotten").read_bytes() == before


def test_a_damaged_file_of_marks_is_said(tmp_path: Path) -> None:
    Store(tmp_path).close()
    (tmp_path / "forgotten").write_text("no hexadecimal")
    with pytest.raises(StoreError, match="who was forgotten"):
        Store(tmp_path)


def test_only_bring_back_brings_back(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        ben = store.add("Ben", BOTH, [template(0)], wall=0.0)
        store.forget(ben.id, wall=2.0)
        with pytest.raises(PeopleError, match="bring-back"):
            store.add("Ben", BOTH, [template(0)], wall=3.0, identity=ben.id)
        assert store.people() == []
        store.add("Ben", BOTH, [template(0)], wall=3.0, identity=ben.id, bring_back=True)
        assert not store.is_forgotten(ben.id)
    with Store(tmp_path) as store:
        assert [p.id for p in store.people()] == [ben.id]


def test_a_reader_delays_the_cleaning_but_not_the_forgetting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.people.database.BUSY_SECONDS", 0.05)
    with Store(tmp_path) as store:
        ben = store.add("Ben", BOTH, [template(0)], wall=0.0)
        reader = sqlite3.connect(tmp_path / "people.db")
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM person").fetchone()
        with pytest.raises(StoreError, match="another program is reading"):
            store.forget(ben.id, wall=1.0)
        assert store.people() == []
        reader.close()
    with Store(tmp_path):
        assert ben.id.encode() not in _raw(tmp_path)


@disks
def test_no_room_for_the_cleaning_delays_it_and_says_so(tmp_path: Path) -> None:
    """The file is written anew for it: 1.2 MB do not fit twice on 2 MB beside the journal."""
    folder = tmp_path / "store"
    with Store(folder) as store:
        ben = store.add("Ben", BOTH, [template(1)], wall=0.0).id
        for k in range(6):
            store.put_record("calendar", {"x": "x" * 200_000}, None, str(k))
    answer = on_a_small_disk(folder, "true", f"""
import subprocess
ben = {ben!r}
def there():
    return any(ben.encode() in path.read_bytes() for path in folder.iterdir())
with Store(folder) as store:
    try:
        store.forget(ben, wall=1.0)
    except StoreError as error:
        answer["why"] = str(error)
    answer["people"] = store.count()
    answer["finished"] = store.finish_cleaning()
with Store(folder, or_read_only=True) as store:
    answer["opens"] = store.read_only_because is None
    subprocess.run(["mount", "-o", "remount,size=20m", str(folder)], check=True)
    answer["then"] = store.finish_cleaning()
    answer["left"] = there()
""")
    assert "gone from the store" in str(answer.pop("why"))
    assert answer == {"people": 0, "finished": False, "opens": True, "then": True, "left": False}
