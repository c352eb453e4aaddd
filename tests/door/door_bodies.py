"""Test bodies of the door's hardware, the same on mock pins and on real ones: each takes a bench and asserts.

A bench has a gpiozero factory, names of pins, ways to work the inputs from outside, and sees the edges of the outputs from
outside. On real pins "outside" is a jumper wire to another pin; on mock pins it is the recorder itself (`MockBench`).
Times are asserted within `bench.slack`, which is 0 where time is virtual.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from edge_face.access.inputs import Contact
from edge_face.door import Pattern, open_exit_button, open_inputs, open_lock, open_signals
from edge_face.door.exit_button import BOUNCE
from edge_face.door.keypad import SCAN, open_keypad
from edge_face.door.wiegand import PATIENCE, frame_bits
from edge_face.settings import DoorSettings, InputSettings, Settings, SignalSettings


@dataclass(frozen=True)
class BenchPins:
    """Which pin plays what. A bench may use one pin for several of them, as only one body runs at a time."""

    lock: str = "GPIO17"
    exit: str = "GPIO27"
    contact: str = "GPIO22"
    buzzer: str = "GPIO18"
    d0: str = "GPIO23"
    d1: str = "GPIO24"
    row: str = "GPIO5"
    column: str = "GPIO6"


class Bench(Protocol):
    """What a body needs."""

    factory: Any
    pins: BenchPins
    slack: float
    """Seconds by which an edge may be late."""
    filters_spikes: bool
    """The pins themselves keep back levels shorter than their bounce time (lgpio does, the mock does not)."""

    def clock(self) -> float: ...

    def run(self, tick: Callable[[], Any], seconds: float) -> None:
        """Lets time pass, and calls `tick` every few milliseconds (1 to 5)."""

    def drive(self, pin: str, level: int | None) -> None:
        """A level at an input from outside; None: nothing drives it."""

    def connect(self, one: str, other: str) -> None:
        """A wire between a row and a column: a key that is pressed."""

    def disconnect(self, one: str, other: str) -> None: ...

    def send_bits(self, d0: str, d1: str, bits: Sequence[int]) -> None:
        """A card reader's pulses, 2 ms apart."""

    def watch(self, pin: str) -> None:
        """Begins to note the edges of an output, before it is opened."""

    def edges(self, pin: str) -> list[tuple[float, int]]:
        """Time and new level of each change of an output since `watch`, oldest first."""


def pulse_is_as_long_as_it_was_asked_for(bench: Bench, *, active_high: bool = True, fail: str = "secure") -> None:
    """One release of 0.5 s is one pulse of 0.5 s."""
    settings = DoorSettings(lock_pin=bench.pins.lock, active_high=active_high, fail=fail)
    released = int(active_high == (fail == "secure"))
    bench.watch(bench.pins.lock)
    with open_lock(settings, bench.factory, bench.clock) as lock:
        bench.run(lock.tick, 0.1)
        before = len(bench.edges(bench.pins.lock))
        lock.release(0.5, "owner")
        bench.run(lock.tick, 0.8)
        (began, up), (ended, down) = bench.edges(bench.pins.lock)[before:]
        assert (up, down) == (released, 1 - released)
        assert -1e-6 - bench.slack <= ended - began - 0.5 <= bench.slack + 0.006


def no_glitch_from_start_to_stop(bench: Bench, *, active_high: bool = True) -> None:
    """A strike that is opened, left alone and closed never sees its coil on, not for a moment."""
    settings = DoorSettings(lock_pin=bench.pins.lock, active_high=active_high)
    bench.watch(bench.pins.lock)
    for _ in range(5):
        with open_lock(settings, bench.factory, bench.clock) as lock:
            bench.run(lock.tick, 0.05)
        bench.run(lambda: None, 0.05)
    on = int(active_high)
    assert [level for _, level in bench.edges(bench.pins.lock) if level == on] == []


def a_button_that_chatters_is_pressed_once(bench: Bench) -> None:
    """Bounces of a few milliseconds at both ends of a press, then a second press."""
    presses: list[float] = []
    button = open_exit_button(DoorSettings(exit_pin=bench.pins.exit), bench.factory, lambda: presses.append(bench.clock()))
    assert button is not None
    try:
        bench.drive(bench.pins.exit, 1)
        bench.run(lambda: None, 0.1)
        for expected in (1, 2):
            for _ in range(3):
                bench.drive(bench.pins.exit, 0)
                bench.run(lambda: None, 0.002)
                bench.drive(bench.pins.exit, 1)
                bench.run(lambda: None, 0.002)
            bench.drive(bench.pins.exit, 0)
            bench.run(lambda: None, 0.2)
            assert len(presses) == expected and button.pressed
            for _ in range(3):
                bench.drive(bench.pins.exit, 1)
                bench.run(lambda: None, 0.002)
                bench.drive(bench.pins.exit, 0)
                bench.run(lambda: None, 0.002)
            bench.drive(bench.pins.exit, 1)
            bench.run(lambda: None, 0.2)
            assert len(presses) == expected and not button.pressed
        if bench.filters_spikes:
            bench.drive(bench.pins.exit, 0)
            bench.run(lambda: None, BOUNCE / 10)
            bench.drive(bench.pins.exit, 1)
            bench.run(lambda: None, 0.1)
            assert len(presses) == 2, "a spike is no press"
    finally:
        bench.drive(bench.pins.exit, None)
        button.close()


def the_contact_counts_when_it_rests(bench: Bench) -> None:
    """Closed, chatter, open, chatter, closed: two changes, each told once, each after the settle time."""
    told: list[Contact | None] = []
    pin = bench.pins.contact
    bench.drive(pin, 0)
    inputs = open_inputs(replace(Settings(), inputs=InputSettings(contact_pin=pin, contact_settle=0.1)), bench.factory,
                         lambda: told.append(inputs.contact), bench.clock, start=False)
    try:
        assert inputs.contact is Contact.CLOSED
        for level, expected in ((1, Contact.OPEN), (0, Contact.CLOSED)):
            before = inputs.contact
            for _ in range(5):
                bench.drive(pin, level)
                bench.run(inputs.tick, 0.03)
                bench.drive(pin, 1 - level)
                bench.run(inputs.tick, 0.03)
            assert inputs.contact is before, "it chattered and came back"
            bench.drive(pin, level)
            bench.run(inputs.tick, 0.06)
            assert inputs.contact is before
            bench.run(inputs.tick, 0.1 + bench.slack)
            assert inputs.contact is expected
        assert told == [Contact.OPEN, Contact.CLOSED]
    finally:
        bench.drive(pin, None)
        inputs.close()


def three_beeps_say_no(bench: Bench) -> None:
    """Denied: three short beeps of 0.15 s; then silence; closing is silent too."""
    pin = bench.pins.buzzer
    bench.watch(pin)
    signals = open_signals(SignalSettings(buzzer_pin=pin), bench.factory, bench.clock)
    try:
        bench.run(signals.tick, 0.1)
        before = len(bench.edges(pin))
        signals.show(Pattern.DENIED)
        bench.run(signals.tick, 1.2)
        edges = bench.edges(pin)[before:]
        assert [level for _, level in edges] == [1, 0] * 3
        for (began, _), (ended, _) in zip(edges[::2], edges[1::2], strict=True):
            assert abs(ended - began - 0.15) <= bench.slack + 0.006
        assert signals.troubles == ()
    finally:
        signals.close()
    assert len(bench.edges(pin)) == before + 6


def a_key_counts_once(bench: Bench) -> None:
    """A keypad of one key: pressed, held, let go, pressed again."""
    keys: list[str] = []
    keypad = open_keypad([bench.pins.row], [bench.pins.column], "5", bench.factory, lambda: None)
    assert keypad is not None

    def tick() -> None:
        keys.extend(keypad.tick(bench.clock())[0])

    try:
        bench.run(tick, 0.05)
        assert keys == []
        for expected in (1, 2):
            bench.connect(bench.pins.row, bench.pins.column)
            bench.run(tick, 10 * SCAN + bench.slack)
            assert keys == ["5"] * expected
            bench.run(tick, 0.2)
            assert keys == ["5"] * expected, "a held key is one key"
            bench.disconnect(bench.pins.row, bench.pins.column)
            bench.run(tick, 10 * SCAN + bench.slack)
    finally:
        bench.disconnect(bench.pins.row, bench.pins.column)
        keypad.close()


def a_card_is_read_and_a_damaged_one_is_not(bench: Bench) -> None:
    """26 bits, 34 bits, and a frame with one wrong bit."""
    pins = bench.pins
    inputs = open_inputs(replace(Settings(), inputs=InputSettings(wiegand_d0=pins.d0, wiegand_d1=pins.d1)), bench.factory,
                         lambda: None, bench.clock, start=False)
    try:
        bench.run(inputs.tick, 0.05)
        for bits, text in ((frame_bits(17, 4242), "01704242"), (frame_bits(40000, 65535, 34), "4000065535")):
            bench.send_bits(pins.d0, pins.d1, bits)
            bench.run(inputs.tick, 3 * PATIENCE + bench.slack)
            assert inputs.codes() == [("card", text)]
        wrong = frame_bits(17, 4242)
        wrong[7] ^= 1
        bench.send_bits(pins.d0, pins.d1, wrong)
        bench.run(inputs.tick, 3 * PATIENCE + bench.slack)
        assert inputs.codes() == [] and inputs.status()["wiegand"]["bad_frames"] == 1
    finally:
        inputs.close()


BODIES: dict[str, Callable[[Any], None]] = {
    body.__name__: body for body in (
        pulse_is_as_long_as_it_was_asked_for, no_glitch_from_start_to_stop, a_button_that_chatters_is_pressed_once,
        the_contact_counts_when_it_rests, three_beeps_say_no, a_key_counts_once, a_card_is_read_and_a_damaged_one_is_not)}
"""All bodies that need nothing but a bench."""
