"""The table of safe states, held against the policy and the lock: what it says is what they do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from policy_door import ANN, Door

from edge_face.access import Authority, Calendar, Command, Contact, Inputs, Kind, LockTraits, PolicyRules, Rules, Window
from edge_face.access.safe_states import (
    SAFE_STATES,
    TRAITS,
    End,
    Fault,
    LockType,
    lock_type,
    safe_state,
    sentence,
    table,
)
from edge_face.clock import ManualClock
from edge_face.door import open_lock, pin_factory
from edge_face.errors import HardwareError
from edge_face.settings import DoorSettings

ALWAYS = Calendar("UTC", hold_open=(Window(frozenset(range(7)), 0, 1440),))
KINDS = list(LockType)
COIL_OFF = (Fault.KILLED, Fault.POWER)


def rules_of(kind: LockType, calendar: Calendar | None = None) -> PolicyRules:
    return PolicyRules(Rules(), {}, calendar or Calendar(), TRAITS[kind], has_contact=True, level="face")


def opened_by_a_face(kind: LockType) -> Door:
    door = Door(rules_of(kind), contact=Contact.CLOSED)
    assert door.watch(1.0, ANN) == [Kind.GRANT]
    return door


def end_of(kinds: list[Kind], door: Door) -> End:
    """What the policy came to."""
    if door.state.release is not None:
        return End.OPEN if door.state.standing is not None else End.GOES_ON
    return End.LOCKED if Kind.RELOCK in kinds else End.GOES_ON


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Iterator[tuple[LockType, Any, Any, ManualClock]]:
    """A lock of a kind on mock pins, its factory and its clock."""
    kind: LockType = request.param
    traits, clock = TRAITS[kind], ManualClock(100.0)
    settings = DoorSettings(kind=traits.kind, fail=traits.fail, drive=traits.drive, lock_pin="GPIO17")
    factory = pin_factory(settings, clock=clock.monotonic)
    lock = open_lock(settings, factory, clock.monotonic)
    yield kind, lock, factory, clock
    lock.close()
    factory.close()


def energised(factory: Any) -> bool:
    return bool(factory.pin(17).state)


def test_every_fault_and_every_lock_has_its_word() -> None:
    assert [row.fault for row in SAFE_STATES] == list(Fault)
    assert all(list(row.ends) == KINDS and row.by and row.works for row in SAFE_STATES)
    assert set(TRAITS) == set(KINDS) and all(lock_type(traits) is kind for kind, traits in TRAITS.items())


@pytest.mark.parametrize("kind", KINDS)
def test_vision_dead(kind: LockType) -> None:
    door = opened_by_a_face(kind)
    assert end_of(door.tell(seeing=False), door) is safe_state(Fault.VISION).ends[kind]
    assert door.watch(5.0, replace(ANN, track=4)) == []
    assert [door.press()[0], door.code("bob")[0], door.order(Command.RELEASE)[0]] == [Kind.EXIT, Kind.CODE, Kind.OWNER], "what works, works"


@pytest.mark.parametrize("kind", KINDS)
def test_the_date_not_believed(kind: LockType) -> None:
    lock = replace(TRAITS[kind], max_on=0.0)
    door = Door(replace(rules_of(kind, ALWAYS), lock=lock), contact=Contact.CLOSED)
    assert door.state.standing is Authority.HOLD_OPEN
    assert end_of(door.tell(clock_trusted=False), door) is safe_state(Fault.WALL_CLOCK).ends[kind]
    assert door.watch(1.0, ANN) == [Kind.GRANT]


@pytest.mark.parametrize("kind", KINDS)
def test_the_monotonic_clock_broken(kind: LockType) -> None:
    for bad in (math.nan, 0.0):
        door = opened_by_a_face(kind)
        assert end_of(door.say(Inputs(bad, door.wall, contact=Contact.CLOSED)), door) is safe_state(Fault.MONOTONIC).ends[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_the_contact_broken(kind: LockType) -> None:
    door = opened_by_a_face(kind)
    assert end_of(door.tell(contact=None), door) is safe_state(Fault.CONTACT).ends[kind]
    assert door.tell(4.0) == [Kind.RELOCK], "locked at the end of the time"


@pytest.mark.parametrize("kind", KINDS)
def test_fire(kind: LockType) -> None:
    door = Door(rules_of(kind), contact=Contact.CLOSED)
    door.order(Command.LOCKDOWN)
    assert end_of(door.tell(fire=True), door) is safe_state(Fault.FIRE).ends[kind]
    door.tell(3600.0)
    assert door.state.standing is Authority.FIRE


@pytest.mark.parametrize("bench", KINDS, indirect=True)
def test_start_and_end_of_the_process(bench: tuple[LockType, Any, Any, ManualClock]) -> None:
    """Locked while it runs; coil off once it is over, which is what the table says of a killed process and of no power."""
    kind, lock, factory, _ = bench
    locked_by_current = TRAITS[kind].fail == "safe"
    assert energised(factory) is locked_by_current and safe_state(Fault.START).ends[kind] is End.LOCKED
    lock.release(3.0, "test")
    lock.close()
    assert not energised(factory)
    for fault in COIL_OFF:
        assert safe_state(fault).ends[kind] is (End.OPEN if locked_by_current else End.LOCKED)


@pytest.mark.parametrize("bench", KINDS, indirect=True)
def test_a_policy_that_hangs(bench: tuple[LockType, Any, Any, ManualClock]) -> None:
    """Nobody renews, nobody secures: the lock ends a timed and a standing release by itself."""
    kind, lock, factory, clock = bench
    for lease in (False, True):
        lock.release(5.0, "test", lease=lease)
        assert lock.released
        clock.sleep(10.1)
        lock.tick()
        assert not lock.released and energised(factory) is (TRAITS[kind].fail == "safe")
    assert safe_state(Fault.POLICY).ends[kind] is End.LOCKED


@pytest.mark.parametrize("bench", [LockType.STRIKE_SECURE], indirect=True)
def test_a_coil_that_bears_little_is_on_in_turns_in_a_fire(bench: tuple[LockType, Any, Any, ManualClock]) -> None:
    _, lock, factory, clock = bench
    levels = []
    for _ in range(90):
        lock.release(5.0, "fire", lease=True)
        levels.append(energised(factory))
        clock.sleep(1.0)
        lock.tick()
    assert levels[0] and not all(levels) and any(levels[levels.index(False):]), "on, off to cool, on again"


@pytest.mark.parametrize("bench", KINDS, indirect=True)
def test_a_pin_that_cannot_be_driven(bench: tuple[LockType, Any, Any, ManualClock], monkeypatch: pytest.MonkeyPatch) -> None:
    kind, lock, _, _ = bench

    def broken() -> None:
        raise OSError("no pin")

    releases = "on" if TRAITS[kind].fail == "secure" else "off"
    with monkeypatch.context() as patch:
        patch.setattr(lock._output, releases, broken)
        with pytest.raises(HardwareError):
            lock.release(3.0, "test")
    assert not lock.released and safe_state(Fault.PIN).ends[kind] is End.LOCKED


def test_the_page_shows_the_table() -> None:
    page = Path(__file__).parents[2] / "docs" / "decisions" / "policy.md"
    assert table() in page.read_text(encoding="utf-8"), "write it anew from edge_face.access.safe_states.table()"


def test_a_sentence_names_fault_lock_and_what_works() -> None:
    text = sentence(Fault.VISION, LockTraits("motor", "secure", "pulse"))
    assert text.startswith("camera or vision dead: the motor lock is locked; the policy") and "exit button" in text
    assert "magnet is open" in sentence(Fault.POWER, LockTraits("maglock", "safe"))
    assert "strike, fail-secure goes on" in sentence(Fault.DISK, LockTraits())
