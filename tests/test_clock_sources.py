"""What the machine says about its clock, read from files of a made-up machine."""

from __future__ import annotations

import os
from pathlib import Path

from edge_face.access.clock_trust import ClockSigns
from edge_face.clock_sources import ClockPaths, boot_id, kernel_synchronised, read_signs, real_time_clocks


def test_a_bare_machine_says_nothing(tmp_path: Path) -> None:
    paths = ClockPaths().under(tmp_path)
    assert read_signs(paths, lambda: None) == ClockSigns(None, None, None)
    assert boot_id(paths) == "" and real_time_clocks(paths) == []


def test_a_machine_with_everything(tmp_path: Path) -> None:
    paths = ClockPaths().under(tmp_path)
    paths.timesync.parent.mkdir(parents=True)
    paths.timesync.touch()
    os.utime(paths.timesync, (1.8e9, 1.8e9))
    for number, text in ((0, "1800000100\n"), (1, "5\n")):
        (paths.rtc / f"rtc{number}").mkdir(parents=True)
        (paths.rtc / f"rtc{number}" / "since_epoch").write_text(text)
    (paths.rtc / "rtc0" / "name").write_text("rpi-rtc\n")
    paths.boot.parent.mkdir(parents=True)
    paths.boot.write_text("0b00-11\n")
    assert read_signs(paths, lambda: False) == ClockSigns(False, 1.8e9, 1_800_000_100.0)
    assert [(clock.device, clock.name) for clock in real_time_clocks(paths)] == [("rtc0", "rpi-rtc"), ("rtc1", "")]
    assert boot_id(paths) == "0b00-11"


def test_an_rtc_without_power_and_files_that_are_none(tmp_path: Path) -> None:
    paths = ClockPaths().under(tmp_path)
    (paths.rtc / "rtc0" / "since_epoch").mkdir(parents=True)  # reading fails, as with a DS3231 whose oscillator had stopped
    (paths.rtc / "rtc0" / "name").write_bytes(b"\xff\xfe")
    paths.boot.mkdir(parents=True)
    assert read_signs(paths, lambda: None).rtc is None and boot_id(paths) == ""
    assert real_time_clocks(paths)[0].name == ""


def test_this_machine_answers() -> None:
    assert kernel_synchronised() in (True, False, None)
    assert len(boot_id()) == 36 or not ClockPaths().boot.exists()
