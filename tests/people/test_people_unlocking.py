"""Where the device key is looked for, and that no second one is ever made."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from people_fakes import BOTH, template

from edge_face.errors import StoreError
from edge_face.people import Store
from edge_face.people.keys import create_key, next_path, write_next


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What systemd makes for a service: the file is root's, and an access list shows as the group's right to read."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    create_key(folder / "device.key")
    (folder / "device.key").chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


def _fill(folder: Path, key_file: Path | None = None) -> None:
    with Store(folder, key_file) as store:
        store.add("Ben", BOTH, [template(1)], wall=0.0)


def _names(folder: Path, key_file: Path | None = None) -> list[str]:
    with Store(folder, key_file, read_only=True) as store:
        return [p.name for p in store.people()]


def test_a_credential_is_taken_and_no_file_is_made(folder: Path, credentials: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(folder)
    assert _names(folder) == ["Ben"] and not (folder / "device.key").exists()
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    for read_only in (True, False):
        with pytest.raises(StoreError, match=r"missing.*credential"):
            Store(folder, read_only=read_only)
    assert not (folder / "device.key").exists()
    assert _names(folder, _private(credentials / "device.key", folder / "given.key")) == ["Ben"]


def _private(source: Path, target: Path) -> Path:
    shutil.copy(source, target)
    target.chmod(0o400)
    return target


def test_the_settings_key_file_comes_before_a_credential(folder: Path, credentials: Path, tmp_path: Path) -> None:
    chosen = tmp_path / "chosen.key"
    _fill(folder, chosen)
    assert _names(folder, chosen) == ["Ben"]
    with pytest.raises(StoreError, match="not the key that the people store"):
        Store(folder)


def test_credentials_without_a_device_key_are_somebody_elses(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    _fill(folder)
    assert (folder / "device.key").exists() and _names(folder) == ["Ben"]


def test_a_wrong_credential_is_refused_and_names_the_file_beside(folder: Path, credentials: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.delenv("CREDENTIALS_DIRECTORY")
        _fill(folder)
    for read_only in (True, False):
        with pytest.raises(StoreError, match=r"nor is .*store/device\.key asked"):
            Store(folder, read_only=read_only)


def test_two_keys_for_a_new_store_are_refused(folder: Path, credentials: Path) -> None:
    folder.mkdir()
    create_key(folder / "device.key")
    with pytest.raises(StoreError, match="two device keys"):
        Store(folder)
    (folder / "device.key").unlink()
    _private(credentials / "device.key", folder / "device.key")
    _fill(folder)
    assert _names(folder) == ["Ben"]


def test_a_credential_that_everybody_reads_is_refused(folder: Path, credentials: Path) -> None:
    (credentials / "device.key").chmod(0o444)
    with pytest.raises(StoreError, match="mode 0444"):
        Store(folder)


def test_a_lost_key_is_not_made_anew(folder: Path) -> None:
    _fill(folder)
    (folder / "device.key").unlink()
    for read_only in (True, False):
        with pytest.raises(StoreError, match="missing"):
            Store(folder, read_only=read_only)
    assert not (folder / "device.key").exists()


@pytest.mark.parametrize("half", [b"", b"\x01" * 20, b"\x01" * 32])
def test_a_next_key_that_never_came_into_use_is_dropped_by_a_writer(folder: Path, half: bytes) -> None:
    _fill(folder)
    key = folder / "device.key"
    before = key.read_bytes()
    write_next(key)
    next_path(key).chmod(0o600)
    next_path(key).write_bytes(half)
    next_path(key).chmod(0o400)
    assert _names(folder) == ["Ben"] and next_path(key).exists()
    Store(folder).close()
    assert not next_path(key).exists() and key.read_bytes() == before


def test_a_dangling_link_is_no_reason_to_make_a_key(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    (folder / "device.key").symlink_to(tmp_path / "stick" / "device.key")
    with pytest.raises(StoreError, match="missing"):
        Store(folder)
    assert (folder / "device.key").is_symlink() and not (tmp_path / "stick").exists()
