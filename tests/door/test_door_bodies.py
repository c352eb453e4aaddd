"""The shared bodies on mock pins. The same run on real pins in tests/hil."""

from __future__ import annotations

import pytest
from door_bodies import BODIES, no_glitch_from_start_to_stop, pulse_is_as_long_as_it_was_asked_for
from mock_bench import MockBench


@pytest.mark.parametrize("name", BODIES)
def test_body(name: str) -> None:
    bench = MockBench()
    BODIES[name](bench)
    assert "short" not in [edge.what for edge in bench.factory.edges]


@pytest.mark.parametrize("fail", ["secure", "safe"])
@pytest.mark.parametrize("active_high", [True, False])
def test_the_pulse_of_every_kind_of_lock(active_high: bool, fail: str) -> None:
    pulse_is_as_long_as_it_was_asked_for(MockBench(), active_high=active_high, fail=fail)


def test_no_glitch_of_an_active_low_relay() -> None:
    bench = MockBench()
    bench.factory.circuit.resist(17, 1)
    no_glitch_from_start_to_stop(bench, active_high=False)
