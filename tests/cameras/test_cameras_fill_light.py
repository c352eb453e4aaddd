"""The fill light: on in the dark, off in the light, and never flickering, whatever its own light does."""

from __future__ import annotations

import itertools

import pytest
from gpiozero.pins.mock import MockFactory
from hypothesis import given
from hypothesis import strategies as st

from edge_face.cameras.fill_light import FillLight, FillRules, FillState, fill_step
from edge_face.errors import HardwareError

RULES = FillRules()


def run(scene: list[float], own: float, step: float = 0.1) -> list[tuple[float, bool]]:
    """Plays brightness by frame; the lamp adds `own`. Gives the switchings."""
    state, switched = FillState(), []
    for number, luma in enumerate(scene):
        before = state.on
        state = fill_step(state, luma + (own if before else 0.0), number * step, RULES)
        if state.on != before:
            switched.append((number * step, state.on))
    return switched


def test_it_goes_on_in_the_dark_after_a_moment() -> None:
    assert run([0.5] * 50 + [0.05] * 100, 0.0)[0] == (pytest.approx(5.0 + RULES.after), True)


def test_a_short_shadow_does_nothing() -> None:
    assert run(([0.05] * 15 + [0.5] * 5) * 20, 0.0) == []


def test_it_goes_off_when_the_day_has_come() -> None:
    switched = run([0.05] * 50 + [0.6] * 1000, 0.2)
    assert [on for _, on in switched] == [True, False]
    assert switched[1][0] - switched[0][0] >= RULES.least_on


def test_its_own_light_does_not_make_it_flicker() -> None:
    hours = 4
    switched = run([0.05] * (hours * 36_000), 0.5)
    times = [at for at, on in switched if on]
    assert len(times) <= 6 + hours * 3600 / RULES.most_on, "tried off ever more rarely"
    gaps = [round(b - a, 3) for a, b in itertools.pairwise(times)]
    assert gaps == sorted(gaps) and gaps[0] >= RULES.least_on


@given(st.lists(st.floats(0, 1), max_size=600), st.floats(0, 1))
def test_it_is_on_for_a_while_each_time(scene: list[float], own: float) -> None:
    switched = run(scene, own, step=1.0)
    for (at, on), (later, _) in itertools.pairwise(switched):
        assert later - at >= (RULES.least_on if on else RULES.after)


def test_the_pin_follows() -> None:
    factory = MockFactory()
    light = FillLight("GPIO22", factory)
    pin = factory.pin(22)
    assert not pin.state
    for number in range(30):
        light.see(0.01, number * 0.1)
    assert pin.state and light.is_on
    light.close()
    light.close()
    assert not light.is_on
    light.see(0.01, 99.0)  # after closing nothing is driven any more
    FillLight("GPIO22", factory).close()  # the pin is free again


@pytest.mark.parametrize("pin", ["GPIO99", "front", "", "GPIO-1"])
def test_a_pin_that_cannot_be_is_one_sentence(pin: str) -> None:
    with pytest.raises(HardwareError, match="fill_light_pin"):
        FillLight(pin, MockFactory())


def test_a_pin_in_use_says_so() -> None:
    factory = MockFactory()
    first = FillLight("GPIO22", factory)
    with pytest.raises(HardwareError, match="in use"):
        FillLight("GPIO22", factory)
    first.close()
