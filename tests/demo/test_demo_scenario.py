"""A demo that fails leaves no empty folder behind, and takes none away that was there."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_face.demo import scenario
from edge_face.errors import MediaError, ModelError
from edge_face.settings import Settings, VisionSettings


def _fails(folder: Path, settings: Settings | None = None) -> None:
    broken = settings or Settings(vision=VisionSettings(detector="/nonexistent/bundle"))
    with pytest.raises(ModelError):
        scenario.play(broken, "ben", folder, short=True, progress=lambda done, total: None)


def test_folders_that_were_made_for_nothing_go_again(tmp_path: Path) -> None:
    _fails(tmp_path / "a" / "b" / "demo")
    assert list(tmp_path.iterdir()) == []


def test_folders_that_were_there_stay(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    _fails(tmp_path / "mine")
    _fails(tmp_path / "mine" / "demo")
    assert [p.name for p in tmp_path.iterdir()] == ["mine"] and list((tmp_path / "mine").iterdir()) == []


def test_what_was_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(settings: Settings, who: str, folder: Path, **_: object) -> None:
        (folder / "door.mp4").write_bytes(b"half a film")
        raise KeyboardInterrupt

    monkeypatch.setattr(scenario, "_play", stopped)
    with pytest.raises(KeyboardInterrupt):
        scenario.play(Settings(), "ben", tmp_path / "demo", short=True, progress=lambda done, total: None)
    assert (tmp_path / "demo" / "door.mp4").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MediaError, match="name another folder"):
        scenario.play(Settings(), "ben", tmp_path / "file" / "demo", short=True, progress=lambda done, total: None)
