"""What root does to the store of the door's own user, the door can still read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from people_fakes import BOTH, template

from edge_face.people import Store
from edge_face.people.backup import back_up, restore
from edge_face.people.passphrase import ARGON2
from edge_face.people.rollback import roll_back
from edge_face.people.rotation import rotate_key

SOMEBODY = 65534
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make files of somebody else's")


def _owners(folder: Path) -> set[tuple[int, int]]:
    return {(path.stat().st_uid, path.stat().st_gid) for path in folder.iterdir()}


def test_every_file_that_root_makes_belongs_to_the_folders_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("memory_kib", 8), ("iterations", 1), ("lanes", 1)):
        monkeypatch.setitem(ARGON2, name, value)
    folder = tmp_path / "store"
    folder.mkdir()
    os.chown(folder, SOMEBODY, SOMEBODY)
    with Store(folder) as store:
        ben = store.add("Ben", BOTH, [template(1)], wall=0.0)
        store.add("Ana", BOTH, [template(2)], wall=0.0)
        assert _owners(folder) == {(SOMEBODY, SOMEBODY)} and len(list(folder.iterdir())) == 5  # journal and its index too
    back_up(folder, None, tmp_path / "x", "correct horse battery")
    with Store(folder) as store:
        store.forget(ben.id, wall=1.0)
    for step in (lambda: rotate_key(folder), lambda: restore(folder, None, tmp_path / "x", "correct horse battery", replace=True),
                 lambda: roll_back(folder)):
        step()
        assert _owners(folder) == {(SOMEBODY, SOMEBODY)}
    assert any(path.name.startswith("people.db.v") for path in folder.iterdir())


def test_a_key_in_a_folder_of_roots_stays_the_doors(tmp_path: Path) -> None:
    folder, key = tmp_path / "store", tmp_path / "etc" / "device.key"
    with Store(folder, key) as store:
        store.add("Ben", BOTH, [template(1)], wall=0.0)
    os.chown(key, SOMEBODY, SOMEBODY)
    before = key.read_bytes()
    rotate_key(folder, key)
    assert key.stat().st_uid == SOMEBODY and key.stat().st_mode & 0o777 == 0o400 and key.read_bytes() != before
