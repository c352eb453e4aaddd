"""Pin names, and the lgpio factory over a made-up lgpio: gpiozero's own code runs."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.door import open_lock, pin_factory, pin_number
from edge_face.door.pins import hardware_errors
from edge_face.errors import HardwareError, MissingExtraError
from edge_face.settings import DoorSettings


@pytest.mark.parametrize(("name", "number"), [
    ("GPIO17", 17), ("17", 17), ("BOARD11", 17), ("gpio4", 4), (" BCM27 ", 27), ("J8:40", 21), ("GPIO02", 2)])
def test_names(name: str, number: int) -> None:
    assert pin_number(name) == number


@pytest.mark.parametrize(("name", "words"), [
    ("GPIO28", "out of range: the header has GPIO2 to GPIO27"), ("0", "out of range"), ("GPIO99", "out of range"),
    ("BOARD1", "is no GPIO"), ("BOARD41", "is no GPIO"), ("", "is not a pin"), ("relay", "is not a pin"),
    ("GPIO-1", "is not a pin"), ("GPIO1.5", "is not a pin"), ("GPIO٣", "is not a pin")])
def test_names_that_are_no_pins(name: str, words: str) -> None:
    with pytest.raises(HardwareError, match=words) as caught:
        pin_number(name, "door.lock_pin")
    assert "door.lock_pin" in str(caught.value)


def test_the_header_table_agrees_with_gpiozero() -> None:
    from gpiozero.pins.mock import MockFactory

    from edge_face.pin_names import HEADER

    board = MockFactory(revision="c03114")
    for place, number in HEADER.items():
        if hasattr(board, "board_info"):
            (_, info), = board.board_info.find_pin(f"BOARD{place}")
            assert info.name == f"GPIO{number}"
        else:
            assert board.pi_info.to_gpio(f"BOARD{place}") == number


@given(st.text())
def test_any_text_is_a_pin_or_refused(name: str) -> None:
    try:
        assert 2 <= pin_number(name) <= 27
    except HardwareError as error:
        assert str(error)


@pytest.mark.parametrize(("failure", "words"), [
    (RuntimeError("'GPIO busy'"), "GPIO17 is in use already"),
    (PermissionError(13, "Permission denied"), "GPIO17 cannot be used: .*Permission denied"),
    (RuntimeError(), "GPIO17 cannot be used: RuntimeError")])
def test_errors_of_the_libraries_name_pin_and_reason(failure: Exception, words: str) -> None:
    with pytest.raises(HardwareError, match=words), hardware_errors("GPIO17"):
        raise failure


class FakeLgpio(types.ModuleType):
    """The calls that gpiozero makes, with levels; `busy` lines refuse to be claimed."""

    class error(Exception):
        pass

    BOTH_EDGES, RISING_EDGE, FALLING_EDGE = 3, 1, 2
    SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN = 128, 32, 64

    def __init__(self) -> None:
        super().__init__("lgpio")
        self.calls: list[tuple[Any, ...]] = []
        self.levels: dict[int, int] = {}
        self.outputs: set[int] = set()
        self.busy: set[int] = set()

    def gpiochip_open(self, chip: int) -> int:
        self.calls.append(("open", chip))
        return 7

    def gpiochip_close(self, handle: int) -> None:
        self.calls.append(("close", handle))

    def gpio_claim_input(self, handle: int, gpio: int, flags: int = 0) -> None:
        if gpio in self.busy:
            raise self.error("GPIO busy")
        self.calls.append(("input", gpio, flags))
        self.outputs.discard(gpio)

    def gpio_claim_output(self, handle: int, gpio: int, level: int = 0, flags: int = 0) -> None:
        self.calls.append(("output", gpio, level))
        self.outputs.add(gpio)
        self.levels[gpio] = level

    def gpio_write(self, handle: int, gpio: int, level: int) -> None:
        self.calls.append(("write", gpio, int(level)))
        self.levels[gpio] = int(level)

    def gpio_read(self, handle: int, gpio: int) -> int:
        return self.levels.get(gpio, 0)

    def gpio_free(self, handle: int, gpio: int) -> None:
        self.calls.append(("free", gpio))

    def gpio_get_mode(self, handle: int, gpio: int) -> int:
        return 2 if gpio in self.outputs else 0


@pytest.fixture
def lgpio(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeLgpio]:
    fake = FakeLgpio()
    monkeypatch.setitem(sys.modules, "lgpio", fake)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    monkeypatch.setattr("gpiozero.pins.local.get_pi_revision", lambda: 0xC03114)
    monkeypatch.setattr("edge_face.door.pins.Path", lambda name: tmp_path)
    monkeypatch.setenv("LG_WD", str(tmp_path))
    from gpiozero.pins.local import LocalPiFactory

    yield fake
    LocalPiFactory.pins.clear()
    LocalPiFactory._reservations.clear()
    sys.modules.pop("gpiozero.pins.lgpio", None)


@pytest.mark.parametrize(("high", "fail", "locked"), [
    (True, "secure", 0), (False, "secure", 1), (True, "safe", 1), (False, "safe", 0)])
def test_the_real_factory_claims_the_lock_at_its_locked_level(lgpio: FakeLgpio, high: bool, fail: str, locked: int) -> None:
    settings = DoorSettings(pins="lgpio", chip=4, active_high=high, fail=fail)
    factory = pin_factory(settings)
    lock = open_lock(settings, factory)
    assert lgpio.calls == [("open", 4), ("input", 17, lgpio.SET_PULL_NONE), ("output", 17, locked)]
    lock.release(1.0, "face")
    assert lgpio.calls[-1] == ("write", 17, 1 - locked)
    lock.secure()
    assert lgpio.calls[-1] == ("write", 17, locked)
    lock.close()
    off = 0 if high else 1
    pull = lgpio.SET_PULL_UP if off else lgpio.SET_PULL_DOWN
    assert lgpio.calls[-4:] == [("write", 17, off), ("input", 17, lgpio.SET_PULL_NONE), ("free", 17), ("input", 17, pull)]
    factory.close()
    assert ("close", 7) in lgpio.calls


def test_a_line_that_the_kernel_says_is_busy(lgpio: FakeLgpio) -> None:
    lgpio.busy.add(17)
    settings = DoorSettings(pins="lgpio")
    with pytest.raises(HardwareError, match="GPIO17 is in use already"):
        open_lock(settings, pin_factory(settings))


def test_the_working_folder_of_lgpio_is_writable_and_ours_stays(
        lgpio: FakeLgpio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LG_WD")
    monkeypatch.setenv("RUNTIME_DIRECTORY", f"{tmp_path}:/elsewhere")
    before = Path.cwd()
    pin_factory(DoorSettings(pins="lgpio"))
    assert os.environ["LG_WD"] == str(tmp_path)
    assert Path.cwd() == before


def test_lgpio_that_cannot_write_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "lgpio.py").write_text("import os; os.chdir('/'); open('/nonexistent/.lgd-nfy0')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "lgpio", raising=False)
    monkeypatch.setattr("edge_face.door.pins.Path", lambda name: tmp_path)
    monkeypatch.setenv("LG_WD", str(tmp_path))
    before = Path.cwd()
    with pytest.raises(HardwareError, match="lgpio cannot write to"):
        pin_factory(DoorSettings(pins="lgpio"))
    assert Path.cwd() == before


def test_without_a_chip_or_without_lgpio(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(HardwareError, match="/dev/gpiochip9 is not there"):
        pin_factory(DoorSettings(pins="lgpio", chip=9))
    monkeypatch.setitem(sys.modules, "lgpio", None)
    monkeypatch.setattr("edge_face.door.pins.Path", lambda name: tmp_path)
    with pytest.raises(MissingExtraError, match="python3-lgpio"):
        pin_factory(DoorSettings(pins="lgpio"))


def test_without_permission(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("edge_face.door.pins.Path", lambda name: tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(HardwareError, match=r"no permission for .*usermod -aG gpio"):
        pin_factory(DoorSettings(pins="lgpio"))
