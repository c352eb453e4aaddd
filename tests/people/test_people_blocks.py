"""What a file system frees still holds what was in it: nothing of somebody who is forgotten may be in blocks that nobody owns any more."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from people_fakes import GIVEN, crop, template

from edge_face.people import Consent, Store, database

ALL = Consent(GIVEN, GIVEN, GIVEN)


def _sealed(folder: Path) -> set[bytes]:
    connection = sqlite3.connect(f"file:{folder / 'people.db'}?mode=ro", uri=True)
    statements = ("SELECT wrapped_key FROM person", "SELECT sealed FROM template", "SELECT sealed FROM picture")
    try:
        return {bytes(row[0])[:48] for statement in statements for row in connection.execute(statement)}
    finally:
        connection.close()


@pytest.mark.parametrize("how", ["close", "forget", "drop"])
def test_the_journal_is_overwritten_before_it_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    seen: list[tuple[bytes, bytes]] = []
    blank = database._blank

    def watched(path: Path) -> None:
        before = path.read_bytes()
        blank(path)
        seen.append((before, path.read_bytes()))

    monkeypatch.setattr(database, "_blank", watched)
    with Store(tmp_path) as store:
        ben = store.add("Ben", ALL, [template(1)], wall=0.0, pictures=[crop(1)])
        store.put_record("calendar", {"x": 1})
        sealed = _sealed(tmp_path)
        if how == "forget":
            store.forget(ben.id, wall=1.0)
        elif how == "drop":
            store.drop_record("calendar")
            assert (tmp_path / "people.db-wal").stat().st_size == 0
    assert any(piece in before for before, _ in seen for piece in sealed), "it held them"
    assert not any(after.strip(b"\0") for _, after in seen)


def test_a_power_cut_between_overwriting_and_cutting_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blank = database._blank

    def cut(path: Path) -> None:
        blank(path)
        shutil.copytree(path.parent, tmp_path / "cut", dirs_exist_ok=True)

    with Store(tmp_path / "door") as store:
        names = [store.add(f"person {k}", ALL, [template(k)], wall=0.0).name for k in range(5)]
        monkeypatch.setattr(database, "_blank", cut)
    assert not (tmp_path / "cut" / "people.db-wal").read_bytes().strip(b"\0")
    for lost in ((), ("people.db-shm",)):  # the index is gone with the machine's memory
        for name in lost:
            (tmp_path / "cut" / name).unlink(missing_ok=True)
        with Store(tmp_path / "cut", read_only=True) as store:
            assert sorted(person.name for person in store.people()) == names
    with Store(tmp_path / "cut") as store:
        assert store.count() == 5


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A file system of its own in a file, whose every block can be read: the file, and where it is mounted."""
    image, place = tmp_path / "image", tmp_path / "mounted"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(32 << 20)
    try:
        if os.geteuid() != 0:
            raise PermissionError("only root mounts")
        subprocess.run(["mkfs.ext4", "-q", str(image)], check=True, capture_output=True, timeout=60)
        subprocess.run(["mount", "-o", "loop", str(image), str(place)], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no disk of our own here: {error}")
    yield image, place
    subprocess.run(["umount", str(place)], check=True, timeout=60)


def test_no_block_of_the_disk_holds_anything_of_somebody_who_is_forgotten(disk: tuple[Path, Path]) -> None:
    image, place = disk
    folder = place / "store"
    for _ in range(3):  # several commands, each of which makes a journal and leaves it
        with Store(folder) as store:
            other = store.add(f"other {store.count()}", ALL, [template(100 + store.count())], wall=0.0)
    with Store(folder) as store:
        before = _sealed(folder)
        ben = store.add("Ben", ALL, [template(1)], wall=0.0, pictures=[crop(1)])
    sealed = _sealed(folder) - before
    with Store(folder) as store:
        for k in range(50):
            store.events.append("grant", float(k), ben.id, {"k": k})
    os.sync()
    raw = image.read_bytes()
    assert len(sealed) == 3 and all(piece in raw for piece in sealed)
    with Store(folder) as store:
        store.forget(ben.id, wall=1.0)
    os.sync()
    raw = image.read_bytes()
    assert [piece for piece in sealed if piece in raw] == [] and ben.id.encode() not in raw
    assert other.id.encode() in raw
