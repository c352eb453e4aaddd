"""The device key's file."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from edge_face.errors import StoreError
from edge_face.people.keys import create_key, load_key


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "device.key"
    key = create_key(path)
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert load_key(path) == key
    assert create_key(path) == key
    assert [p.name for p in path.parent.iterdir()] == ["device.key"]


def test_two_at_once_get_one_key(tmp_path: Path) -> None:
    path, keys = tmp_path / "device.key", []
    threads = [threading.Thread(target=lambda: keys.append(create_key(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 1 and len(keys) == 8


def test_the_mode_does_not_hang_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create_key(tmp_path / "device.key")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "device.key").stat().st_mode) == 0o400


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o444, 0o600, 0o640, 0o420])
def test_a_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "device.key"
    create_key(path)
    path.chmod(mode)
    with pytest.raises(StoreError, match="chmod 0400"):
        load_key(path)


@pytest.mark.parametrize("content", [b"", b"short", bytes(33), bytes(31)])
def test_a_key_of_another_length_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "device.key"
    path.write_bytes(content)
    path.chmod(0o400)
    with pytest.raises(StoreError, match="32 bytes"):
        load_key(path)


def test_a_missing_key_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"missing.*put the key back"):
        load_key(tmp_path / "device.key")


def test_a_key_that_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(StoreError, match="no ordinary file"):
            load_key(tmp_path / name)


def test_a_key_cannot_be_made_where_nothing_can(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="key_file"):
        create_key(tmp_path / "file" / "device.key")
