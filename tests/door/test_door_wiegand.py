"""Wiegand frames: what parity catches, what it cannot, and pulses in time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.clock import ManualClock
from edge_face.door.mock import EdgeRecorder
from edge_face.door.wiegand import (
    FACILITY,
    FRAME_GAP,
    PATIENCE,
    Card,
    WiegandDecoder,
    WiegandReader,
    decode_frame,
    frame_bits,
    open_wiegand,
)
from edge_face.errors import HardwareError, UsageError

FRAMES = st.sampled_from(sorted(FACILITY)).flatmap(
    lambda bits: st.tuples(st.integers(0, (1 << FACILITY[bits]) - 1), st.integers(0, 65535), st.just(bits)))


def test_a_frame_that_was_written_out_by_hand() -> None:
    # Facility 17 (0001 0001), number 4242 (0001 0000 1001 0010): the first 12 data bits hold three ones, the last 12 three.
    bits = [int(bit) for bit in "1" "000100010001" "000010010010" "0"]
    assert decode_frame(bits) == Card(17, 4242, 26)
    assert Card(17, 4242, 26).text == "01704242"
    assert frame_bits(17, 4242) == bits


@given(FRAMES)
def test_there_and_back(card: tuple[int, int, int]) -> None:
    facility, number, bits = card
    frame = frame_bits(facility, number, bits)
    assert len(frame) == bits and decode_frame(frame) == Card(facility, number, bits)
    assert len(Card(facility, number, bits).text) == (8 if bits == 26 else 10)


@given(FRAMES, st.data())
def test_one_wrong_bit_is_always_refused(card: tuple[int, int, int], data: st.DataObject) -> None:
    frame = frame_bits(*card)
    frame[data.draw(st.integers(0, len(frame) - 1))] ^= 1
    assert decode_frame(frame) is None


@given(FRAMES, st.data())
def test_what_parity_cannot_see_is_an_even_number_of_wrong_bits_in_a_half(card: tuple[int, int, int], data: st.DataObject) -> None:
    frame = frame_bits(*card)
    wrong = data.draw(st.sets(st.integers(0, len(frame) - 1), min_size=1))
    for bit in wrong:
        frame[bit] ^= 1
    first = sum(bit < len(frame) // 2 for bit in wrong)
    seen = first % 2 == 1 or (len(wrong) - first) % 2 == 1
    assert (decode_frame(frame) is None) == seen


@given(FRAMES, st.data())
def test_a_lost_or_doubled_pulse_is_refused(card: tuple[int, int, int], data: st.DataObject) -> None:
    frame = frame_bits(*card)
    place = data.draw(st.integers(0, len(frame) - 1))
    assert decode_frame(frame[:place] + frame[place + 1:]) is None
    assert decode_frame([*frame[:place], frame[place], *frame[place:]]) is None


@given(st.lists(st.integers(0, 1), max_size=80))
def test_any_bits(bits: list[int]) -> None:
    card = decode_frame(bits)
    assert card is None or frame_bits(card.facility, card.number, card.bits) == bits


@pytest.mark.parametrize("length", sorted(FACILITY))
@pytest.mark.parametrize("bit", [0, 1])
def test_stuck_wires_are_no_card(length: int, bit: int) -> None:
    assert decode_frame([bit] * length) is None


@pytest.mark.parametrize("card", [(256, 1, 26), (-1, 1, 26), (1, 65536, 26), (65536, 1, 34), (1, 1, 37)])
def test_cards_that_do_not_fit(card: tuple[int, int, int]) -> None:
    with pytest.raises(UsageError, match="does not fit"):
        frame_bits(*card)


@given(st.lists(st.tuples(FRAMES, st.booleans()), max_size=6))
def test_frames_in_a_row(cards: list[tuple[tuple[int, int, int], bool]]) -> None:
    decoder, now, found = WiegandDecoder(), 0.0, []
    for card, damaged in cards:
        frame = frame_bits(*card)
        for bit in frame[:-1] if damaged else frame:
            found.append(decoder.feed(bit, now))
            now += 0.002
        now += FRAME_GAP
    found.append(decoder.end())
    assert [card for card in found if card] == [Card(*card) for card, damaged in cards if not damaged]
    assert decoder.bad == sum(damaged for _, damaged in cards) and decoder.good == len(cards) - decoder.bad


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(-1e3, 1e9)), max_size=200))
def test_any_pulses_at_any_time(pulses: list[tuple[int, float]]) -> None:
    decoder = WiegandDecoder()
    for bit, at in pulses:
        decoder.feed(bit, at)
        assert decoder.pending <= 35
    decoder.end()
    assert decoder.end() is None and decoder.pending == 0


def test_wires_that_hum_fill_no_memory() -> None:
    decoder = WiegandDecoder()
    for number in range(1000):
        decoder.feed(number % 2, number * 0.001)
    assert decoder.pending == 35 and decoder.end() is None and decoder.bad == 1


class Desk:
    def __init__(self) -> None:
        self.clock = ManualClock(100.0)
        self.recorder = EdgeRecorder(self.clock.monotonic)
        self.woken = 0
        reader = open_wiegand("GPIO23", "GPIO24", self.recorder, self.wake)
        assert reader is not None
        self.reader: WiegandReader = reader

    def wake(self) -> None:
        self.woken += 1

    def send(self, bits: list[int]) -> None:
        self.recorder.send_bits("GPIO23", "GPIO24", bits)

    def settle(self) -> list[Card]:
        cards, again = self.reader.tick(self.clock.monotonic())
        assert again is not None
        self.clock.sleep(again - self.clock.monotonic() + 1e-9)
        more, again = self.reader.tick(self.clock.monotonic())
        assert again is None, "nothing is looked at until the next pulse"
        self.clock.sleep(1.0)
        return cards + more


def test_a_card_from_the_wires() -> None:
    desk = Desk()
    assert desk.reader.tick(100.0) == ([], None)
    desk.send(frame_bits(17, 4242))
    assert desk.woken == 26
    assert desk.settle() == [Card(17, 4242)]
    desk.send(frame_bits(65535, 0, 34))
    assert desk.settle() == [Card(65535, 0, 34)]


def test_a_slow_thread_does_not_break_a_frame() -> None:
    desk = Desk()
    frame = frame_bits(17, 4242)
    desk.send(frame[:13])
    desk.reader.tick(desk.clock.monotonic())
    # The other half was sent in time and is told late: what counts is when the pulses were.
    begun = desk.clock.monotonic() + 13 * 0.002
    desk.clock.sleep(0.09)
    for number, bit in enumerate(frame[13:]):
        pin = ("GPIO23", "GPIO24")[bit]
        desk.recorder.drive(pin, 0, begun + number * 0.002)
        desk.recorder.drive(pin, 1, begun + number * 0.002 + 50e-6)
    assert desk.settle() == [Card(17, 4242)]


def test_damaged_frames_are_counted_and_told() -> None:
    desk = Desk()
    for bad in (1, 2, 3):
        desk.send([0, 1, 1])
        assert desk.settle() == [] and desk.reader.bad_frames == bad
        trouble = desk.reader.trouble(desk.clock.monotonic())
        assert (trouble is not None) == (bad == 3)
    assert trouble is not None and "3 damaged frames" in trouble and "GPIO23 and GPIO24" in trouble
    assert desk.reader.trouble(desk.clock.monotonic() + 100.0) is None


def test_pins_are_given_back() -> None:
    desk = Desk()
    with pytest.raises(HardwareError, match="GPIO24 is in use"):
        open_wiegand("GPIO25", "GPIO24", desk.recorder, desk.wake)
    desk.reader.close()
    desk.send([1, 0, 1])
    assert desk.woken == 0
    again = open_wiegand("GPIO25", "GPIO24", desk.recorder, desk.wake)
    assert again is not None
    assert open_wiegand("", "", desk.recorder, desk.wake) is None
    with pytest.raises(HardwareError, match=r"inputs\.wiegand_d1"):
        open_wiegand("GPIO4", "GPIO77", desk.recorder, desk.wake)
    assert PATIENCE > FRAME_GAP
