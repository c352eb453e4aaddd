"""A full or read-only disk does not lock the residents out: real small disks, made for the test."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from people_fakes import BOTH, template
from small_disk import FILL, READ_ONLY, disks, on_a_small_disk

from edge_face.errors import StoreError
from edge_face.people import Store, database, schema
from edge_face.people.database_errors import DiskRefusesError
from edge_face.people.shelf import Shelf

HERE = Path(__file__).parent
READ = """
with Store(folder, or_read_only=True) as store:
    answer.update(names=sorted(p.name for p in store.people()), why=store.read_only_because, records=list(store.records("calendar")))
    try:
        store.put_record("calendar", {"a": "x" * 60000})
    except StoreError as error:
        answer["refused"] = str(error)
    answer["still"] = sorted(p.name for p in store.people())
"""


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A store whose writer was killed: the last person and a record are in the journal alone."""
    folder = tmp_path / "store"
    with Store(folder) as store:
        store.add("Ben", BOTH, [template(1)], wall=0.0)
    code = (f"import os, sys\nsys.path[:0] = {[str(HERE)]!r}\nfrom people_fakes import BOTH, template\nfrom edge_face.people import Store\n"
            f"store = Store({str(folder)!r})\nstore.add('Ana', BOTH, [template(2)], wall=0.0)\nstore.put_record('calendar', {{'k': 1}})\n"
            "os.kill(os.getpid(), 9)")
    subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert (folder / "people.db-wal").stat().st_size > 0
    return folder


@disks
@pytest.mark.parametrize("index", ["kept", "gone"])
@pytest.mark.parametrize("disk", [FILL, READ_ONLY])
def test_everybody_is_known_on_a_full_and_a_read_only_disk(killed: Path, disk: str, index: str) -> None:
    """After a kill the journal's index is still there, after a restart it need not be."""
    if index == "gone":
        (killed / "people.db-shm").unlink()
    answer = on_a_small_disk(killed, disk, READ)
    assert answer["names"] == answer["still"] == ["Ana", "Ben"] and answer["records"] == [[None, "", {"k": 1}]]
    assert "refused" in answer
    if disk == READ_ONLY:
        assert "Read-only" in str(answer["why"])


@disks
@pytest.mark.parametrize("disk", [FILL, READ_ONLY])
def test_a_well_closed_store_is_read_there_too(tmp_path: Path, disk: str) -> None:
    with Store(tmp_path / "store") as store:
        store.add("Ben", BOTH, [template(1)], wall=0.0)
        store.put_record("calendar", {"k": 1})
    answer = on_a_small_disk(tmp_path / "store", disk, READ)
    assert answer["names"] == answer["still"] == ["Ben"] and "refused" in answer


@disks
@pytest.mark.parametrize("disk", [FILL, READ_ONLY])
def test_an_update_on_a_disk_that_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk: str) -> None:
    """The store of the version before is read as it is."""
    folder = tmp_path / "store"
    with monkeypatch.context() as then:
        then.setattr(schema, "VERSION", 1)
        then.setattr("edge_face.people.sealed_templates.SealedTemplates.protection", lambda *_: None)
        then.setattr(Shelf, "put", lambda *_: None)
        with Store(folder) as store:
            store.add("Ben", BOTH, [template(1)], wall=0.0)
            store.events.append("exit", 1.0, None, {})
    answer = on_a_small_disk(folder, disk, """
with Store(folder, or_read_only=True) as store:
    ben, = store.people()
    answer.update(name=ben.name, why=store.read_only_because, pictures=store.pictures(ben.id), records=list(store.records("code")),
                  events=store.events.count())
""")
    assert answer == {"name": "Ben", "why": answer["why"], "pictures": [], "records": [], "events": 1} and answer["why"]


@disks
def test_writing_is_regained_when_there_is_room_again(killed: Path) -> None:
    answer = on_a_small_disk(killed, READ_ONLY, """
import subprocess
store = Store(folder, or_read_only=True)
answer["before"] = store.regain_writing()
subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
answer["after"] = store.regain_writing()
answer["why"] = store.read_only_because
store.add("Cem", BOTH, [template(3)], wall=0.0)
answer["names"] = sorted(p.name for p in store.people())
answer["events"] = store.events.append("exit", 1.0, None, {})
""")
    assert answer == {"before": False, "after": True, "why": None, "names": ["Ana", "Ben", "Cem"], "events": 1}


def test_other_troubles_are_no_reason_to_read_only(tmp_path: Path) -> None:
    with Store(tmp_path) as store, pytest.raises(StoreError, match="in use") as caught:
        assert store.read_only_because is None and not store.read_only and store.regain_writing()
        Store(tmp_path, wait=0.0, or_read_only=True)
    assert not isinstance(caught.value, DiskRefusesError)
    (tmp_path / "device.key").unlink()
    with pytest.raises(StoreError, match="missing"):
        Store(tmp_path, or_read_only=True)


def test_without_the_wish_a_refusing_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(tmp_path).close()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(database.os, "open", full)
        with pytest.raises(DiskRefusesError, match="No space left"):
            Store(tmp_path)
