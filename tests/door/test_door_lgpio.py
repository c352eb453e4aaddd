"""The shared bodies through gpiozero's own lgpio code and our pins above it, on a made-up lgpio."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from door_bodies import BODIES, no_glitch_from_start_to_stop, pulse_is_as_long_as_it_was_asked_for
from fake_lgpio import LgpioBench, WiredLgpio

from edge_face.clock import ManualClock
from edge_face.door import pin_factory
from edge_face.door.keypad import Keypad, open_keypad
from edge_face.settings import DoorSettings


@pytest.fixture
def open_bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., LgpioBench]]:
    module = WiredLgpio(ManualClock(100.0))
    monkeypatch.setitem(sys.modules, "lgpio", module)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    monkeypatch.setattr("gpiozero.pins.local.get_pi_revision", lambda: 0xC03114)
    monkeypatch.setattr("edge_face.door.pins.Path", lambda name: tmp_path)
    monkeypatch.setenv("LG_WD", str(tmp_path))
    from gpiozero.pins.local import LocalPiFactory

    def opened(*, active_high: bool = True) -> LgpioBench:
        # The resistor that the wiring asks for.
        module.circuit.resist(17, 0 if active_high else 1)
        module.change(lambda: None)
        return LgpioBench(module, pin_factory(DoorSettings(pins="lgpio", active_high=active_high)))

    yield opened
    LocalPiFactory.pins.clear()
    LocalPiFactory._reservations.clear()
    sys.modules.pop("gpiozero.pins.lgpio", None)


@pytest.mark.parametrize("name", BODIES)
def test_body(open_bench: Callable[..., LgpioBench], name: str) -> None:
    bench = open_bench()
    BODIES[name](bench)
    assert bench.module.shorts == []


@pytest.mark.parametrize("fail", ["secure", "safe"])
@pytest.mark.parametrize("active_high", [True, False])
def test_every_kind_of_lock(open_bench: Callable[..., LgpioBench], active_high: bool, fail: str) -> None:
    bench = open_bench(active_high=active_high)
    pulse_is_as_long_as_it_was_asked_for(bench, active_high=active_high, fail=fail)
    no_glitch_from_start_to_stop(bench, active_high=active_high)


def test_a_pad_with_ghosts_through_the_real_pin_code(open_bench: Callable[..., LgpioBench]) -> None:
    bench = open_bench()
    woken: list[int] = []
    keys: list[str] = []
    rows, columns = ["GPIO5", "GPIO6"], ["GPIO12", "GPIO2"]
    keypad = open_keypad(rows, columns, "1245", bench.factory, lambda: woken.append(1), sleep=lambda seconds: None)
    assert isinstance(keypad, Keypad)

    def tick() -> None:
        keys.extend(keypad.tick(bench.clock())[0])

    for row, column, expected in (("GPIO5", "GPIO12", "1"), ("GPIO5", "GPIO2", "12"), ("GPIO6", "GPIO12", "12")):
        bench.connect(row, column)
        bench.run(tick, 0.1)
        assert "".join(keys) == expected
    assert woken and bench.module.shorts == []
    keypad.close()
