"""When the wall clock is believed."""

from __future__ import annotations

import json
import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_face.access.clock_trust import (
    JUMP,
    RTC_APART,
    SAVE_EVERY,
    SLEW,
    ClockSigns,
    ClockTrust,
    Ground,
    adopted,
    judge,
    restored,
    save_due,
    saved,
    set_by_owner,
    trust_record,
)
from edge_face.build_date import BUILD_DATE
from edge_face.errors import AccessError

NOW = BUILD_DATE + 1e6
NOTHING = ClockSigns()


class Machine:
    """A monotonic and a wall clock, what the machine says about them, and the judge's state."""

    def __init__(self, state: ClockTrust | None = None, wall: float = NOW, monotonic: float = 100.0) -> None:
        self.state, self.wall, self.monotonic = state or ClockTrust(), wall, monotonic

    def look(self, signs: ClockSigns | None = None, after: float = 1.0, jump: float = 0.0) -> tuple[bool, str]:
        self.monotonic += after
        self.wall += after + jump
        self.state, trusted, why = judge(self.state, self.monotonic, self.wall, signs)
        return trusted, why


def test_the_build_date_is_over() -> None:
    assert time.time() > BUILD_DATE


def test_after_a_boot_nobody_knows_the_time() -> None:
    machine = Machine()
    trusted, why = machine.look(NOTHING)
    assert not trusted and "nobody has confirmed" in why
    for _ in range(5):
        assert not machine.look()[0]


@pytest.mark.parametrize(("signs", "word"), [
    (ClockSigns(kernel=True), "network"), (ClockSigns(stamp=NOW - 50), "network"), (ClockSigns(kernel=True, stamp=5.0), "network"),
    (ClockSigns(rtc=NOW + 20), "real-time clock"), (ClockSigns(kernel=False, rtc=NOW), "real-time clock")])
def test_a_ground_holds_for_as_long_as_the_clock_runs(signs: ClockSigns, word: str) -> None:
    machine = Machine()
    trusted, why = machine.look(signs)
    assert trusted and word in why
    assert all(machine.look(NOTHING, after=3600.0)[0] for _ in range(100))


@pytest.mark.parametrize("signs", [
    ClockSigns(kernel=False), ClockSigns(kernel=False, stamp=NOW), ClockSigns(rtc=NOW + 3600), ClockSigns(rtc=12.0),
    ClockSigns(rtc=math.nan), ClockSigns(rtc=math.inf)])
def test_what_is_no_ground(signs: ClockSigns) -> None:
    assert not Machine().look(signs)[0]


def test_before_the_build_date_nothing_helps() -> None:
    for wall in (0.0, BUILD_DATE - 2):
        trusted, why = Machine(wall=wall - 1).look(ClockSigns(True, wall, wall))
        assert not trusted and "never set" in why
        with pytest.raises(AccessError, match="clock set"):
            set_by_owner(ClockTrust(), 1.0, wall)


def test_the_network_sets_a_clock_that_was_never_set() -> None:
    machine = Machine(wall=1000.0)
    assert not machine.look(NOTHING)[0]
    assert not machine.look(NOTHING, jump=NOW)[0]
    assert machine.look(ClockSigns(stamp=machine.wall)) == (True, "synchronised by network")


@pytest.mark.parametrize("jump", [-JUMP - 1, JUMP + 1, 3600.0, -86_400.0, 1e9])
@pytest.mark.parametrize("signs", [ClockSigns(stamp=NOW - 50), ClockSigns(rtc=NOW), ClockSigns(kernel=True)])
def test_a_jump_takes_the_trust_and_an_old_sign_does_not_bring_it_back(signs: ClockSigns, jump: float) -> None:
    machine = Machine()
    assert machine.look(signs)[0]
    trusted, why = machine.look(jump=jump)
    assert not trusted and ("forward or back" in why or "never set" in why)
    old = ClockSigns(kernel=False if signs.kernel else None, stamp=signs.stamp, rtc=signs.rtc)
    # A small jump leaves the clock where the real-time clock confirms it: that counts for itself.
    confirmed = signs.rtc is not None and abs(jump) < RTC_APART / 2
    assert [machine.look(old)[0], machine.look(old)[0], machine.look()[0]] == [confirmed] * 3


def test_a_jump_by_the_network_itself() -> None:
    machine = Machine()
    machine.look(ClockSigns(stamp=NOW - 50))
    assert machine.look(ClockSigns(stamp=NOW + 200), jump=120.0)[0]
    assert not machine.look(jump=120.0)[0]
    assert machine.look(ClockSigns(stamp=NOW + 400))[0]


def test_a_jump_to_the_time_of_the_rtc() -> None:
    machine = Machine(wall=NOW - 7200)
    assert not machine.look(ClockSigns(rtc=NOW))[0]
    assert machine.look(ClockSigns(rtc=NOW + 2), jump=7200.0)[0]


def test_creeping_is_a_jump_too_and_slewing_is_none() -> None:
    machine = Machine()
    machine.look(ClockSigns(stamp=NOW))
    assert all(machine.look(after=1000.0, jump=1000.0 * SLEW * 0.9)[0] for _ in range(200))
    machine = Machine()
    machine.look(ClockSigns(stamp=NOW))
    assert [machine.look(jump=1.9)[0] for _ in range(10)] == [True] * 5 + [False] * 5


def test_a_monotonic_clock_that_goes_back_is_another_boot() -> None:
    machine = Machine()
    machine.look(ClockSigns(stamp=NOW))
    machine.monotonic -= 50.0
    machine.wall -= 50.0
    assert not machine.look()[0]


def test_an_rtc_before_a_time_that_is_over_was_without_power() -> None:
    record = trust_record(set_by_owner(ClockTrust(), 5.0, NOW), 5.0, NOW, "boot 1")
    machine = Machine(restored(record, "boot 2"), NOW - 86_400)
    trusted, why = machine.look(ClockSigns(rtc=NOW - 86_400))
    assert not trusted and "is over" in why
    machine = Machine(restored(record, "boot 2"), NOW + 86_400)
    assert machine.look(ClockSigns(rtc=NOW + 86_400))[0]
    machine = Machine(restored(record, "boot 2"), NOW - 86_400)  # the owner had set it a day too late
    assert machine.look(ClockSigns(kernel=True))[0] and machine.state.floor < NOW


def test_the_owners_word() -> None:
    machine = Machine()
    machine.look(NOTHING)
    machine.state = set_by_owner(machine.state, machine.monotonic, machine.wall)
    assert machine.look(NOTHING) == (True, "set by the owner")
    assert not machine.look(NOTHING, jump=60.0)[0]


def test_within_a_boot_a_restart_keeps_the_ground() -> None:
    machine = Machine()
    machine.look(ClockSigns(stamp=NOW - 50))
    record = json.loads(json.dumps(trust_record(machine.state, machine.monotonic, machine.wall, "boot 1")))
    again = Machine(restored(record, "boot 1"), machine.wall + 7200, machine.monotonic + 7200)
    assert again.look(ClockSigns(stamp=NOW - 50))[0]
    jumped = Machine(restored(record, "boot 1"), machine.wall + 7200, machine.monotonic + 3600)
    assert not jumped.look(ClockSigns(stamp=NOW - 50))[0]
    for boot in ("boot 2", ""):
        assert not Machine(restored(record, boot), machine.wall + 7200, machine.monotonic + 7200).look(NOTHING)[0]
    assert restored({**record, "boot": ""}, "").ground is None


def test_the_owners_word_given_through_another_program_is_adopted() -> None:
    machine = Machine(wall=NOW - 9000)
    machine.look(NOTHING)
    # The command line sets the clock and writes the record; the daemon looks before it hears of it.
    record = trust_record(set_by_owner(restored(None, "boot"), machine.monotonic + 0.5, machine.wall + 0.5 + 9000.0),
                          machine.monotonic + 0.5, machine.wall + 9000.5, "boot")
    assert not machine.look(NOTHING, jump=9000.0)[0]
    machine.state = adopted(machine.state, record, "boot")
    assert machine.look(NOTHING) == (True, "set by the owner")
    machine.look(NOTHING, jump=500.0)
    machine.state = adopted(machine.state, record, "boot")  # an old word does not cover a later jump
    assert not machine.look(NOTHING)[0]
    for other in (None, {}, {**record, "boot": "another"}, {**record, "ground": "rtc"}, {**record, "anchor": None}):
        assert adopted(machine.state, other, "boot") == machine.state
    machine.look(ClockSigns(stamp=machine.wall))
    assert adopted(machine.state, record, "boot") == machine.state


def test_it_is_written_seldom() -> None:
    machine, writes = Machine(), 0
    assert not save_due(machine.state, 0.0)
    for _ in range(86_400 // 10):
        machine.look(ClockSigns(kernel=True), after=10.0)
        if save_due(machine.state, machine.monotonic):
            writes += 1
            machine.state = saved(machine.state, machine.monotonic)
    assert writes == 86_400 / SAVE_EVERY
    machine.state = set_by_owner(machine.state, machine.monotonic, machine.wall)
    assert save_due(machine.state, machine.monotonic)


odd = st.one_of(st.none(), st.booleans(), st.text(max_size=3), st.floats(), st.integers(), st.lists(st.floats(), max_size=3))


@given(record=st.one_of(odd, st.dictionaries(st.sampled_from(["wall", "boot", "ground", "anchor", "stamp"]), odd)), monotonic=st.floats(),
       wall=st.floats())
def test_odd_records_and_readings_never_raise_nor_are_believed(record: object, monotonic: float, wall: float) -> None:
    state = restored(record, "a boot's id")  # type: ignore[arg-type]
    assert state.floor >= BUILD_DATE and state.ground is None
    state, trusted, why = judge(state, monotonic, wall, NOTHING)
    assert not trusted and why
    assert adopted(state, record, "boot") == state  # type: ignore[arg-type]


steps = st.tuples(st.floats(0, 1e5), st.one_of(st.just(0.0), st.floats(-1e8, 1e8)), st.one_of(st.none(), st.builds(
    ClockSigns, st.sampled_from([None, True, False]), st.one_of(st.none(), st.floats(0, 3e9)), st.one_of(st.none(), st.floats(0, 3e9)))))


@settings(max_examples=150)
@given(steps=st.lists(steps, max_size=12), wall=st.floats(0, 3e9))
def test_promises(steps: list[tuple[float, float, ClockSigns | None]], wall: float) -> None:
    """Trust never comes without a sign, never survives a jump without one, and never holds before the build date."""
    machine, before = Machine(wall=wall), False
    for after, jump, signs in steps:
        trusted, why = machine.look(signs, after, jump)
        assert why and trusted is (machine.state.ground is not None)
        if trusted:
            assert machine.wall >= BUILD_DATE
            assert before or signs is not None
            if abs(jump) > 2 * (JUMP + SLEW * machine.monotonic):
                assert signs is not None and machine.state.ground is not Ground.OWNER
        before = trusted
