"""The shared bodies of the door's hardware over wires: simulated ones in every run, real ones with --hil."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from door_bodies import BODIES, no_glitch_from_start_to_stop, pulse_is_as_long_as_it_was_asked_for
from fake_lgpio import WiredLgpio
from loop_bench import WIRES, LoopBench

from edge_face.clock import ManualClock
from edge_face.door import pin_factory
from edge_face.door.mock import EdgeRecorder
from edge_face.door.pins import pin_number
from edge_face.settings import DoorSettings

MakeBench = Callable[..., LoopBench]


def simulated(rest: int = 0, wires: dict[str, str] | None = None) -> LoopBench:
    """The bench over mock pins in virtual time; `wires`: which are really there."""
    clock = ManualClock(100.0)
    factory = EdgeRecorder(clock.monotonic)
    for one, other in (WIRES if wires is None else wires).items():
        factory.connect(one, other)
    return LoopBench(factory, slack=0.001, filters_spikes=False, rest=rest, clock=clock.monotonic, sleep=clock.sleep)


@pytest.fixture
def made_up_lgpio(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MakeBench]:
    """The bench through gpiozero's own lgpio code and the door's pins, on a made-up lgpio with the four jumpers."""
    module = WiredLgpio(ManualClock(100.0))
    monkeypatch.setitem(sys.modules, "lgpio", module)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    monkeypatch.setattr("gpiozero.pins.local.get_pi_revision", lambda: 0xC03114)
    monkeypatch.setattr("edge_face.door.pins.Path", lambda name: tmp_path)
    monkeypatch.setenv("LG_WD", str(tmp_path))
    from gpiozero.pins.local import LocalPiFactory

    for one, other in WIRES.items():
        module.circuit.connect(pin_number(one), pin_number(other))

    def sleep(seconds: float) -> None:
        module.clock.sleep(seconds)
        module.advance()

    def make(rest: int = 0) -> LoopBench:
        factory = pin_factory(DoorSettings(pins="lgpio", active_high=rest == 0))
        return LoopBench(factory, slack=0.001, filters_spikes=True, rest=rest, clock=module.clock.monotonic, sleep=sleep,
                         wall=module.clock.wall)

    yield make
    assert module.shorts == [], "two ends of a wire worked against each other"
    LocalPiFactory.pins.clear()
    LocalPiFactory._reservations.clear()
    sys.modules.pop("gpiozero.pins.lgpio", None)


@pytest.fixture(params=["simulated", "lgpio", pytest.param("real", marks=pytest.mark.hil)])
def bench(request: pytest.FixtureRequest) -> Iterator[MakeBench]:
    """Makes the bench; closed afterwards. `rest`: the level at which the lock of the test is off."""
    made: list[LoopBench] = []
    benches: MakeBench
    if request.param == "simulated":
        benches = simulated
    elif request.param == "lgpio":
        benches = request.getfixturevalue("made_up_lgpio")
    else:
        config, factory = request.getfixturevalue("hil"), request.getfixturevalue("lgpio_factory")

        def real(rest: int = 0) -> LoopBench:
            return LoopBench(factory(rest == 0), slack=config.getoption("--hil-slack"), filters_spikes=True, rest=rest)

        benches = real

    def make(rest: int = 0) -> LoopBench:
        made.append(benches(rest))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_wires_are_in_their_places(bench: MakeBench) -> None:
    """The first test of a hardware run: whoever reads that a wire is missing need not read on."""
    assert bench().crossed() == []


@pytest.mark.parametrize("name", BODIES)
def test_body(name: str, bench: MakeBench) -> None:
    BODIES[name](bench())


@pytest.mark.parametrize("fail", ["secure", "safe"])
@pytest.mark.parametrize("active_high", [True, False])
def test_pulse_of_every_kind_of_lock(active_high: bool, fail: str, bench: MakeBench) -> None:
    pulse_is_as_long_as_it_was_asked_for(bench(rest=0 if active_high else 1), active_high=active_high, fail=fail)


@pytest.mark.parametrize("active_high", [True, False])
def test_no_glitch(active_high: bool, bench: MakeBench) -> None:
    no_glitch_from_start_to_stop(bench(rest=0 if active_high else 1), active_high=active_high)


def test_close_in_a_release_and_safe_command_after_it(bench: MakeBench) -> None:
    """Both switch the coil off, and neither makes another edge towards released."""
    from edge_face.door import make_safe, open_lock

    one = bench()
    settings = DoorSettings(lock_pin=one.pins.lock)
    one.watch(one.pins.lock)
    lock = open_lock(settings, one.factory, one.clock)
    lock.release(30.0, "owner")
    one.run(lambda: None, 0.05)
    lock.close()
    one.run(lambda: None, 0.05)
    make_safe(settings, one.factory)
    one.run(lambda: None, 0.05)
    assert [level for _, level in one.edges(one.pins.lock)] == [1, 0]


# The harness itself


def test_time_stamps_since_1970_are_those_of_our_clock() -> None:
    bench = LoopBench(None, slack=0, filters_spikes=False, clock=lambda: 500.0, wall=lambda: 1_790_000_000.0)
    assert bench._moment(499.99) == 499.99
    assert bench._moment(1_789_999_999.99) == pytest.approx(499.99, abs=1e-5)


def test_missing_wire_is_named() -> None:
    wires = {one: other for one, other in WIRES.items() if one != "GPIO22"}
    assert simulated(wires=wires).crossed() == [
        "GPIO23 pulls no pin down, not GPIO22: is the wire between GPIO22 and GPIO23 in its place?"]


def test_crossed_wires_are_named() -> None:
    wires = {**WIRES, "GPIO6": "GPIO16", "GPIO19": "GPIO12"}
    found = simulated(wires=wires).crossed()
    assert len(found) == 2 and "GPIO12 pulls GPIO19 down, not GPIO6" in found[0]


def test_bench_sees_a_glitch() -> None:
    """A lock that blips at its start fails the body that forbids it."""
    from gpiozero import OutputDevice

    with simulated() as one:
        one.watch(one.pins.lock)
        device = OutputDevice(17, initial_value=True, pin_factory=one.factory)
        device.off()
        device.close()
        assert [level for _, level in one.edges(one.pins.lock)] == [1, 0]


def test_bench_sees_a_pulse_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    from edge_face.door.lock import Lock

    release = Lock.release
    monkeypatch.setattr(Lock, "release", lambda self, seconds, *rest, **more: release(self, seconds + 0.05, *rest, **more))
    with simulated() as one, pytest.raises(AssertionError):
        pulse_is_as_long_as_it_was_asked_for(one)


def test_bench_without_wires_passes_nothing() -> None:
    for name, body in BODIES.items():
        if name == "no_glitch_from_start_to_stop":  # nothing seen is what it asks for: `crossed` is there for that
            continue
        with simulated(wires={}) as one, pytest.raises((AssertionError, ValueError)):
            body(one)


def test_helpers_never_drive_high() -> None:
    bench: Any = simulated()
    with bench:
        bench.drive("GPIO22", 1)
        assert not bench.factory.circuit.is_output(23) and bench.level("GPIO22") == 1
        bench.drive("GPIO22", 0)
        assert bench.factory.circuit.is_output(23) and bench.level("GPIO22") == 0
