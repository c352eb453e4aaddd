"""What the owner set on the pages: read over the settings file, checked alike, and nothing that belongs to the device."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from edge_face.cli.main import main
from edge_face.errors import SettingsError
from edge_face.settings import Settings, StoreSettings, section_names
from edge_face.settings_file import load_settings
from edge_face.settings_overlay import (
    FILE,
    OPEN,
    applied,
    differing,
    is_open,
    merged,
    read_overlay,
    value_of,
    with_overlay,
    write_overlay,
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(store=StoreSettings(folder=str(tmp_path)))


def written(folder: Path, text: str) -> None:
    (folder / FILE).write_text(text, encoding="utf-8")


def test_every_open_key_is_a_key() -> None:
    for section, names in OPEN.items():
        assert section in section_names()
        for name in names:
            value_of(Settings(), f"{section}.{name}")


@pytest.mark.parametrize("key", [
    "hooks.command", "hooks.webhook", "store.folder", "store.key_file", "service.socket", "audit.folder", "audit.keep", "door.lock_pin",
    "door.pins", "door.fail", "inputs.keypad_rows", "vision.embedder", "vision.precision", "vision.allow_failed_gate",
    "kiosk.remote_unlock",
    "kiosk.owner_listen", "kiosk.names", "kiosk.folder", "kiosk.web_socket", "access.exit_in_lockdown", "camera.controls", "no.such",
    "door",
    ""])
def test_what_belongs_to_the_device_is_closed(settings: Settings, key: str) -> None:
    assert not is_open(key)
    with pytest.raises(SettingsError, match="cannot be set on a page"):
        applied(settings, {key: True})
    with pytest.raises(SettingsError, match="cannot be set on a page"):
        merged(settings, {}, {key: None})


@pytest.mark.parametrize("source", ["file:/etc/shadow", "dir:/home", "rtsp://user:word@host/1", "http://x/", "usb:/dev/../etc/passwd",
                                    "picamera2:x"])
def test_no_page_points_the_camera_at_a_file_or_the_network(settings: Settings, source: str) -> None:
    with pytest.raises(SettingsError, match=r"camera\.source"):
        applied(settings, {"camera.source": source})


@pytest.mark.parametrize("source", ["picamera2", "picamera2:1", "usb:0", "usb:/dev/video2", "none"])
def test_a_page_chooses_among_the_cameras_here(settings: Settings, source: str) -> None:
    changes = {"camera.source": source, "decision.assurance": "code", "kiosk.pad": True} if source == "none" else {"camera.source": source}
    assert applied(settings, changes).camera.source == source


def test_it_is_read_over_the_file_and_the_file_alone_can_be_asked_for(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "edge-face.toml"
    path.write_text(f'[store]\nfolder = "{tmp_path}"\n[door]\npulse = 4.0\n', encoding="utf-8")
    write_overlay(settings, {"door.pulse": 2.5, "camera.privacy_masks": [[0.0, 0.0, 0.5, 0.25]]})
    both = load_settings(str(path))
    assert both.door.pulse == 2.5 and both.camera.privacy_masks == [[0.0, 0.0, 0.5, 0.25]]
    assert load_settings(str(path), pages=False).door.pulse == 4.0


def test_what_is_written_is_read_again_and_readable_for_the_group(tmp_path: Path, settings: Settings) -> None:
    overlay = {"access.timezone": "Europe/Zurich", "liveness.actions": ["left", "up"], "kiosk.responsible": 'Ada "the owner" # 1',
               "signals.quiet": True}
    old = os.umask(0o077)
    try:
        write_overlay(settings, overlay)
    finally:
        os.umask(old)
    assert read_overlay(settings) == overlay
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_writes_belongs_to_whom_the_folder_belongs_to(tmp_path: Path, settings: Settings) -> None:
    os.chown(tmp_path, 12345, 12346)
    write_overlay(settings, {"door.pulse": 2.5})
    found = (tmp_path / FILE).stat()
    assert (found.st_uid, found.st_gid) == (12345, 12346)


def test_nothing_there_changes_nothing(settings: Settings) -> None:
    assert read_overlay(settings) == {} and with_overlay(settings) is settings


@pytest.mark.parametrize(("text", "words"), [
    ("[door]\nlock_pin = \"GPIO4\"\n", "cannot be set on a page"), ("[door\n", "not TOML"), ("pulse = 1\n", "outside of a section"),
    ("[door]\npulse = 99\n", r"line 2: door\.pulse = 99 is out of range"), ("[door]\npulse = \"x\"\n", "not a number"),
    ("[doors]\npulse = 1\n", "cannot be set"), ("[door]\npulse = 31.0\n", "longer than door.max_release"),
    ("[camera]\nsource = \"file:/etc/passwd\"\n", "usb:N or none")])
def test_a_file_that_is_wrong_is_said_by_its_name(tmp_path: Path, settings: Settings, text: str, words: str) -> None:
    written(tmp_path, text)
    with pytest.raises(SettingsError, match=words) as caught:
        with_overlay(settings)
    assert FILE in str(caught.value)


def test_a_change_that_is_the_files_own_value_is_not_kept(settings: Settings) -> None:
    overlay = merged(settings, {}, {"door.pulse": 2, "kiosk.sleep": 60})
    assert overlay == {"door.pulse": 2.0}
    assert merged(settings, overlay, {"door.pulse": None}) == {}
    assert merged(settings, overlay, {"signals.quiet": True}) == {"door.pulse": 2.0, "signals.quiet": True}
    assert differing(settings, applied(settings, overlay)) == ["door.pulse"]


def test_what_contradicts_is_refused_before_it_is_kept(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="votes"):
        merged(settings, {}, {"decision.votes": 9})
    with pytest.raises(SettingsError, match="needs a card reader"):
        merged(settings, {}, {"decision.assurance": "face+card"})


def test_a_disk_that_refuses_is_said_and_the_old_file_stays(tmp_path: Path, settings: Settings) -> None:
    write_overlay(settings, {"door.pulse": 2.0})
    gone = Settings(store=StoreSettings(folder=str(tmp_path / "gone")))
    with pytest.raises(SettingsError, match="nothing was changed"):
        write_overlay(gone, {"door.pulse": 1.0})
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / FILE).mkdir()
    with pytest.raises(SettingsError, match="cannot be written"):
        write_overlay(Settings(store=StoreSettings(folder=str(tmp_path / "taken"))), {"door.pulse": 1.0})
    assert [path.name for path in (tmp_path / "taken").iterdir()] == [FILE]
    assert read_overlay(settings) == {"door.pulse": 2.0}


def test_config_check_says_what_the_pages_changed(tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "edge-face.toml"
    path.write_text(f'[store]\nfolder = "{tmp_path}"\n', encoding="utf-8")
    write_overlay(settings, {"door.pulse": 2.5})
    assert main(["config", "check", str(path)]) == 0
    assert "door.pulse = 2.5 in place of 3.0" in capsys.readouterr().out
    assert main(["config", "show", "--changed", "--config", str(path)]) == 0
    assert FILE in capsys.readouterr().out
    written(tmp_path, "[door]\npulse = 99\n")
    assert main(["config", "check", str(path)]) == 2
    assert FILE in capsys.readouterr().err


def test_the_coil_is_switched_off_whatever_the_pages_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "edge-face.toml"
    path.write_text(f'[store]\nfolder = "{tmp_path}"\n', encoding="utf-8")
    written(tmp_path, "[door\n")
    assert main(["run", "--config", str(path)]) == 2
    assert main(["door", "safe", "--config", str(path)]) == 0
    assert main(["run", "--safe", "--config", str(path)]) == 0
    assert capsys.readouterr().out.count("the coil is off") == 2
