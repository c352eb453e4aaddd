"""Contact, fire, tamper, keypad and reader together: levels that settle, codes that are taken once, troubles that are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.access.inputs import Contact
from edge_face.clock import ManualClock
from edge_face.door import DoorInputs, open_inputs, open_lock
from edge_face.door.inputs import ALARM_SETTLE, LOOK
from edge_face.door.mock import EdgeRecorder, RecordingPin
from edge_face.door.wiegand import frame_bits
from edge_face.errors import HardwareError
from edge_face.settings import DoorSettings, InputSettings, Settings

FITTED = InputSettings(contact_pin="GPIO22", fire_pin="GPIO25", tamper_pin="GPIO8", keypad_rows=["GPIO5", "GPIO6"],
                       keypad_columns=["GPIO12", "GPIO16"], keypad_keys="12*#", wiegand_d0="GPIO23", wiegand_d1="GPIO24")


class Desk:
    """A door at rest: closed, no alarm."""

    def __init__(self, settings: InputSettings = FITTED) -> None:
        self.clock = ManualClock(100.0)
        self.recorder = EdgeRecorder(self.clock.monotonic)
        self.told = 0
        for pin in ("GPIO22", "GPIO25", "GPIO8"):
            self.recorder.drive(pin, 0)
        self.inputs: DoorInputs = open_inputs(replace(Settings(), inputs=settings), self.recorder, self.change, self.clock.monotonic,
                                              start=False)

    def change(self) -> None:
        self.told += 1

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.005)):
            self.clock.sleep(0.005)
            self.inputs.tick()

    def key(self, row: str, column: str) -> None:
        self.recorder.connect(row, column)
        self.wait(0.1)
        self.recorder.disconnect(row, column)
        self.wait(0.1)


def test_at_rest() -> None:
    desk = Desk()
    assert (desk.inputs.contact, desk.inputs.fire, desk.inputs.tamper, desk.inputs.codes(), desk.inputs.troubles) == (
        Contact.CLOSED, False, False, [], ())
    assert desk.inputs.tick() == desk.clock.monotonic() + LOOK and desk.told == 0


@pytest.mark.parametrize(("field", "pin"), [("fire", "GPIO25"), ("tamper", "GPIO8")])
def test_an_alarm_lasts_while_its_loop_is_open_and_a_spike_is_none(field: str, pin: str) -> None:
    desk = Desk()
    desk.recorder.let_go(pin)
    desk.wait(ALARM_SETTLE * 0.6)
    desk.recorder.press(pin)
    desk.wait(0.2)
    assert not getattr(desk.inputs, field) and desk.told == 0
    desk.recorder.let_go(pin)
    desk.wait(0.1)
    assert getattr(desk.inputs, field) and desk.told == 1
    desk.recorder.press(pin)
    desk.wait(0.1)
    assert not getattr(desk.inputs, field) and desk.told == 2


def test_a_bounce_between_two_looks_begins_the_settle_time_anew() -> None:
    desk = Desk()
    desk.recorder.let_go("GPIO22")
    desk.inputs.tick()
    desk.clock.sleep(0.09)
    desk.recorder.press("GPIO22")
    desk.recorder.let_go("GPIO22")
    desk.clock.sleep(0.02)
    assert desk.inputs.tick() == pytest.approx(desk.clock.monotonic() + 0.1) and desk.inputs.contact is Contact.CLOSED
    desk.clock.sleep(0.1)
    desk.inputs.tick()
    assert desk.inputs.contact is Contact.OPEN


@pytest.mark.parametrize("field", ["contact", "fire", "tamper"])
def test_the_level_that_means_it_is_the_settings(field: str) -> None:
    changed = {"contact": "contact_closed", "fire": "fire_level", "tamper": "tamper_level"}[field]
    desk = Desk(replace(FITTED, **{changed: "high" if field == "contact" else "low"}))
    assert desk.inputs.contact is (Contact.OPEN if field == "contact" else Contact.CLOSED)
    assert desk.inputs.fire == (field == "fire") and desk.inputs.tamper == (field == "tamper")


def test_nothing_fitted() -> None:
    desk = Desk(InputSettings())
    assert desk.inputs.contact is None and not desk.inputs.fire and not desk.inputs.tamper and desk.inputs.codes() == []
    assert [edge for edge in desk.recorder.edges if edge.what != "input"] == []
    desk.inputs.close()


def test_codes_and_cards_are_taken_once() -> None:
    desk = Desk()
    desk.key("GPIO5", "GPIO12")
    desk.key("GPIO5", "GPIO16")
    assert desk.told == 0
    desk.key("GPIO6", "GPIO16")
    assert desk.told == 1
    desk.recorder.send_bits("GPIO23", "GPIO24", frame_bits(17, 4242))
    desk.wait(0.3)
    assert desk.told == 2
    assert desk.inputs.codes() == [("pin", "12"), ("card", "01704242")] and desk.inputs.codes() == []


def test_a_pause_forgets_what_was_keyed() -> None:
    desk = Desk()
    desk.key("GPIO5", "GPIO12")
    desk.wait(FITTED.keypad_timeout + 0.1)
    assert desk.inputs._entry.pending == 0, "forgotten without another key"
    desk.key("GPIO6", "GPIO16")
    assert desk.inputs.codes() == []


@pytest.mark.parametrize(("pin", "key"), [(22, "inputs.contact_pin"), (25, "inputs.fire_pin"), (8, "inputs.tamper_pin")])
def test_what_cannot_be_read_is_no_alarm_but_a_trouble(monkeypatch: pytest.MonkeyPatch, pin: int, key: str) -> None:
    desk = Desk()
    if pin != 22:
        desk.recorder.let_go(f"GPIO{pin}")
        desk.wait(0.1)
        assert desk.inputs.fire or desk.inputs.tamper
    told, read = desk.told, RecordingPin._get_state

    def broken(self: Any) -> Any:
        if self._number == pin:
            raise OSError("i/o error")
        return read(self)

    with monkeypatch.context() as patched:
        patched.setattr(RecordingPin, "_get_state", broken)
        patched.setattr(RecordingPin, "state", property(broken))
        desk.wait(0.01)
        assert desk.inputs.troubles == (f"{key}: pin GPIO{pin} cannot be used: i/o error",) and desk.told == told + 1
        assert not desk.inputs.fire and not desk.inputs.tamper
        assert desk.inputs.contact is (None if pin == 22 else Contact.CLOSED)
        desk.wait(0.1)
        assert desk.told == told + 1, "told once"
    desk.wait(0.1)
    assert desk.inputs.troubles == () and desk.inputs.contact is Contact.CLOSED


def test_status_shows_what_is_fitted_and_nothing_that_was_keyed() -> None:
    desk = Desk()
    for _ in range(3):
        desk.key("GPIO5", "GPIO12")
    desk.recorder.let_go("GPIO25")
    desk.wait(0.1)
    status = desk.inputs.status()
    assert status["contact"] == {"pin": "GPIO22", "state": "closed"} and status["fire"]["state"] == "alarm"
    assert status["tamper"]["state"] == "quiet" and status["wiegand"]["bad_frames"] == 0
    assert "111" not in str(status)


def test_a_pin_that_is_taken_is_named_with_its_key_and_the_others_are_given_back() -> None:
    recorder = EdgeRecorder()
    with open_lock(DoorSettings(lock_pin="GPIO24"), recorder), pytest.raises(HardwareError, match="GPIO24 is in use"):
        open_inputs(replace(Settings(), inputs=FITTED), recorder, lambda: None)
    open_inputs(replace(Settings(), inputs=FITTED), recorder, lambda: None, start=False).close()


def test_the_thread_sleeps_until_an_edge_and_tells(wait: Callable[[Callable[[], bool]], None]) -> None:
    recorder = EdgeRecorder()
    recorder.press("GPIO22")
    told: list[Contact | None] = []
    inputs = open_inputs(replace(Settings(), inputs=FITTED), recorder, lambda: told.append(inputs.contact))
    recorder.let_go("GPIO22")
    wait(lambda: Contact.OPEN in told)
    recorder.connect("GPIO5", "GPIO12")
    wait(lambda: inputs._entry.pending == 1)
    recorder.disconnect("GPIO5", "GPIO12")
    wait(lambda: inputs._keypad is not None and inputs._keypad._active_since is None)
    recorder.connect("GPIO6", "GPIO16")
    codes: list[tuple[str, str]] = []

    def taken() -> bool:
        codes.extend(inputs.codes())
        return bool(codes)

    wait(taken)
    assert codes == [("pin", "1")]
    inputs.close()
    inputs.close()
    assert inputs._thread is not None and not inputs._thread.is_alive()


def test_a_callback_that_fails_is_a_trouble_and_the_inputs_go_on(wait: Callable[[Callable[[], bool]], None]) -> None:
    recorder = EdgeRecorder()
    recorder.press("GPIO22")
    calls: list[int] = []

    def fails() -> None:
        calls.append(1)
        raise RuntimeError("oh")

    inputs = open_inputs(replace(Settings(), inputs=FITTED), recorder, fails)
    recorder.let_go("GPIO22")
    wait(lambda: inputs.contact is Contact.OPEN and bool(calls))
    recorder.press("GPIO22")
    wait(lambda: inputs.contact is Contact.CLOSED and len(calls) >= 2)
    inputs.close()


@given(st.lists(st.tuples(st.sampled_from(["GPIO22", "GPIO25", "GPIO8", "GPIO23", "GPIO24", "GPIO5", "GPIO6"]),
                          st.sampled_from([None, 0, 1]), st.floats(0, 0.3)), max_size=30))
def test_whatever_the_wires_do_nothing_raises_and_at_last_it_is_what_it_is(steps: list[tuple[str, int | None, float]]) -> None:
    desk = Desk()
    for pin, level, seconds in steps:
        desk.recorder.drive(pin, level)
        desk.clock.sleep(seconds)
        desk.inputs.tick()
    for _ in range(3):
        desk.clock.sleep(LOOK)
        desk.inputs.tick()
    assert desk.inputs.contact is (Contact.OPEN if desk.recorder.level("GPIO22") else Contact.CLOSED)
    assert desk.inputs.fire == bool(desk.recorder.level("GPIO25")) and desk.inputs.tamper == bool(desk.recorder.level("GPIO8"))
