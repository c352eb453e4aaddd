"""Files in pieces: bounded, one each way, gone when nobody asks, and no way to any other file."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from edge_face.errors import PeopleError, StoreError, UsageError
from edge_face.service.web import parcels
from edge_face.service.web.parcels import Parcels


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Parcels:
    return Parcels(tmp_path / "files", clock)


def content(size: int) -> bytes:
    return bytes(n * 7 % 251 for n in range(size))


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 2000, 2500])
def test_what_goes_out_in_pieces_is_what_was_made(desk: Parcels, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcels, "PIECE", 1000)
    identity, told = desk.make(lambda path: path.write_bytes(content(size)))
    got, at = b"", 0
    while at is not None:
        piece, at = desk.piece(identity, at)
        got += piece
    assert got == content(size) and told == size


def test_what_comes_in_in_pieces_lies_there_for_its_owner_only(desk: Parcels, tmp_path: Path) -> None:
    identity = desk.bring(None, 0, content(1000))
    assert desk.bring(identity, 1000, content(500)) == identity
    path = desk.brought(identity)
    assert path.read_bytes() == content(1000) + content(500)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE((tmp_path / "files").stat().st_mode) == 0o700


def test_pieces_that_do_not_follow_are_refused(desk: Parcels) -> None:
    identity = desk.bring(None, 0, b"abc")
    for wrong in (0, 2, 4):
        with pytest.raises(UsageError, match="next piece begins at 3"):
            desk.bring(identity, wrong, b"d")
    with pytest.raises(UsageError, match="begins at 0"):
        desk.bring(None, 3, b"d")
    with pytest.raises(UsageError, match="at most"):
        desk.bring(identity, 3, bytes(parcels.LARGEST_PIECE + 1))


def test_no_id_leads_anywhere_else(desk: Parcels, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    desk.make(lambda path: path.write_bytes(b"abc"))
    desk.bring(None, 0, b"abc")
    for wrong in ("", "../secret", "x" * 32, "é", "\udcff"):
        with pytest.raises(UsageError, match="not here any more"):
            desk.piece(wrong, 0)
        with pytest.raises(UsageError, match="not here any more"):
            desk.brought(wrong)


def test_what_comes_in_is_not_handed_out_nor_the_other_way(desk: Parcels) -> None:
    out, _ = desk.make(lambda path: path.write_bytes(b"abc"))
    coming = desk.bring(None, 0, b"abc")
    with pytest.raises(UsageError):
        desk.piece(coming, 0)
    with pytest.raises(UsageError):
        desk.bring(out, 3, b"d")


def test_the_next_one_drops_the_one_before(desk: Parcels, tmp_path: Path) -> None:
    first, _ = desk.make(lambda path: path.write_bytes(b"abc"))
    desk.make(lambda path: path.write_bytes(b"abc"))
    with pytest.raises(UsageError):
        desk.piece(first, 0)
    one = desk.bring(None, 0, b"abc")
    desk.bring(None, 0, b"abc")
    with pytest.raises(UsageError):
        desk.brought(one)
    assert len(list((tmp_path / "files").iterdir())) == 2
    desk.clear()
    assert not (tmp_path / "files").exists()


def test_what_nobody_asks_about_is_gone_after_a_while(desk: Parcels, clock: Clock) -> None:
    identity = desk.bring(None, 0, b"abc")
    clock.now += parcels.PATIENCE - 1
    desk.bring(identity, 3, b"d")
    clock.now += parcels.PATIENCE + 1
    with pytest.raises(UsageError, match="begin anew"):
        desk.brought(identity)


def test_a_file_that_is_not_made_leaves_nothing(desk: Parcels, tmp_path: Path) -> None:
    def half(path: Path) -> None:
        path.write_bytes(b"abc")
        raise PeopleError("no")

    with pytest.raises(PeopleError):
        desk.make(half)
    assert list((tmp_path / "files").iterdir()) == []


def test_a_full_disk_refuses_what_comes_in_and_nothing_stays(desk: Parcels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = desk.bring(None, 0, b"abc")
    monkeypatch.setattr(parcels, "free_bytes", lambda folder: 1000)
    with pytest.raises(StoreError, match="too full"):
        desk.bring(identity, 3, b"d")
    assert list((tmp_path / "files").iterdir()) == []
    monkeypatch.setattr(parcels, "free_bytes", lambda folder: 1 << 40)
    monkeypatch.setattr(parcels, "LARGEST", 10)
    with pytest.raises(UsageError, match="at most"):
        desk.bring(None, 0, bytes(11))


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        Parcels(tmp_path / "taken").bring(None, 0, b"abc")
