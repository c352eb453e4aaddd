"""Which pins something else uses, as config.txt says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.doctor import Host, Status
from edge_face.doctor.pin_functions import pin_functions, taken_pins
from edge_face.settings import DoorSettings, InputSettings, Settings

REAL = replace(Settings(), door=DoorSettings(pins="lgpio"), inputs=InputSettings(wiegand_d0="GPIO14", wiegand_d1="BOARD10"))


@pytest.mark.parametrize(("line", "pins"), [
    ("dtparam=i2c_arm=on", {2, 3}), ("dtparam=i2c_arm=off", set()), ("#dtparam=i2c_arm=on", set()),
    ("dtparam=i2c_arm=on,spi=on", {2, 3, 7, 8, 9, 10, 11}),
    ("enable_uart=1", {14, 15}), ("enable_uart=0", set()), ("dtoverlay=w1-gpio", {4}), ("dtoverlay=w1-gpio,gpiopin=17", {17}),
    ("dtoverlay=gpio-shutdown,gpio_pin=27", {27}), ("dtoverlay=gpio-led,gpio=22,label=x", {22}), ("dtoverlay=i2c-rtc,ds3231", {2, 3}),
    ("dtoverlay=vc4-kms-v3d", set()), ("dtparam=audio=on", set()), ("dtparam=i2s=on", {18, 19, 20, 21})])
def test_lines(line: str, pins: set[int]) -> None:
    assert set(taken_pins(line)) == pins


def test_a_serial_console() -> None:
    assert set(taken_pins("", "console=serial0,115200 console=tty1 root=x")) == {14, 15}
    assert taken_pins("", "console=tty1") == {}


@given(st.text())
def test_any_file(text: str) -> None:
    assert all(0 <= pin <= 27 and why for pin, why in taken_pins(text, text).items())


def host(root: Path, config: str) -> Host:
    folder = root / "boot/firmware"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.txt").write_text(config)
    return Host(root)


def test_each_conflict_names_key_pin_and_line(tmp_path: Path) -> None:
    found = list(pin_functions(host(tmp_path, "[all]\nenable_uart=1\n"), REAL))
    assert [(each.status, each.text.split(" ")[0], each.text.split(" ")[1]) for each in found] == [
        (Status.FAIL, "inputs.wiegand_d0:", "GPIO14"), (Status.FAIL, "inputs.wiegand_d1:", "GPIO15")]
    assert "enable_uart=1" in found[0].text and "/boot/firmware/config.txt" in found[0].mend
    assert [each.status for each in pin_functions(host(tmp_path, ""), REAL)] == [Status.OK]
    assert list(pin_functions(host(tmp_path, "enable_uart=1"), Settings())) == []


@pytest.mark.parametrize(("active_high", "status"), [(True, Status.FAIL), (False, Status.OK)])
def test_a_lock_on_a_pin_with_a_pull_up(tmp_path: Path, active_high: bool, status: Status) -> None:
    settings = replace(Settings(), door=DoorSettings(pins="lgpio", lock_pin="GPIO3", active_high=active_high))
    assert [each.status for each in pin_functions(host(tmp_path, ""), settings)] == [status]
