"""People's numbers: prefix-free, random, kept, and not given again for a while."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from code_house import WALL, House
from hypothesis import given
from hypothesis import strategies as st

from edge_face.access.rights import Rights
from edge_face.errors import AccessError
from edge_face.people import Store
from edge_face.people.person_numbers import (
    BLOCKS,
    RESTS,
    Holder,
    choose,
    give_number,
    number_of,
    numbers,
    refreshed,
    split,
)
from edge_face.people.visitors import VisitorDesk

ALL = [str(number) for block in BLOCKS for number in block]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Store(tmp_path / "store") as store:
        yield House(store)


def test_no_number_begins_another_and_each_is_read_back() -> None:
    known = set(ALL)
    assert len(known) == 800 + 800 + 2000
    assert not any(number[:length] in known for number in ALL for length in range(1, len(number)))
    for number, rest in itertools.product(ALL[::37], ("", "0", "990937", "999999")):
        assert split(number + rest) == (number, rest)


@given(st.text(max_size=12) | st.text("0123456789", max_size=12))
def test_splitting_never_raises_and_loses_nothing(text: str) -> None:
    found = split(text)
    assert found is None or ("".join(found) == text and 3 <= len(found[0]) <= 5)


@pytest.mark.parametrize("text", ["", "0", "012990937", "9", "99", "98", "9799"[:3], "\u0664\u0665\u0667990937", "4a7990937", "45"])
def test_what_begins_with_no_number(text: str) -> None:
    assert split(text) is None


def test_a_number_is_kept_whatever_becomes_of_the_pin(house: House) -> None:
    number = house.pin("Ben", "990937")[:3]
    house.run("codes.remove", who="Ben", what="all")
    assert number_of(house.store, Holder(house.ben.id, visitor=False)) == number
    assert house.run("codes.totp", who="Ben")["number"] == number == house.pin("Ben", "990952")[:3]


def test_short_numbers_go_first_and_then_the_longer_ones() -> None:
    held: set[str] = set()
    lengths = []
    for _ in range(3600):
        number = choose(held, {})
        assert number in ALL and number not in held
        held.add(number)
        lengths.append(len(number))
    assert lengths == [3] * 800 + [4] * 800 + [5] * 2000
    with pytest.raises(AccessError, match="all numbers"):
        choose(held, {})


def test_numbers_are_drawn_at_random() -> None:
    assert len({choose((), {}) for _ in range(60)}) > 40


def test_a_released_number_rests_and_is_the_last_resort() -> None:
    ledger = refreshed({"457": None, "458": WALL - RESTS, "459": WALL - 5.0, "460": WALL + 99.0, "bad": None, "461": True}, ["462"], WALL)
    assert ledger == {"457": WALL, "459": WALL - 5.0, "460": WALL, "462": None}
    held = set(ALL) - {"457", "459"}
    assert choose(held, ledger) == "459"


def test_the_number_of_somebody_who_was_forgotten_rests(house: House) -> None:
    number = house.pin("Ben", "990937")[:3]
    house.store.forget(house.ben.id, wall=WALL)
    house.pin("Eve", "990937")
    ledger = house.store.record("code-number", None, "given") or {}
    assert ledger[number] == house.wall and house.ben.id not in repr(ledger)


def test_visitors_have_numbers_of_the_same_kind_and_give_them_back(house: House) -> None:
    desk = VisitorDesk(house.store, lambda: house.wall)
    made, keys = desk.add("plumber", Rights(), 6)
    number = keys[:3]
    assert numbers(house.store) == {number: Holder(made.id, visitor=True)}
    desk.remove(made.id)
    assert numbers(house.store) == {} and (house.store.record("code-number", None, "given") or {})[number] == house.wall
    with pytest.raises(AccessError, match="6 to 12"):
        desk.add("postman", Rights(), 4)
    assert numbers(house.store) == {}, "no number is lost to a wrong length"


def test_what_a_cut_left_of_a_visitor_is_tidied_away(house: House) -> None:
    give_number(house.store, Holder("00112233445566aa", visitor=True), WALL)
    house.store.put_record("pin", {}, name="00112233445566aa")
    made, _ = VisitorDesk(house.store, lambda: house.wall).add("plumber", Rights(), 6)
    assert [holder.id for holder in numbers(house.store).values()] == [made.id]
    assert [name for _, name, _ in house.store.records("pin")] == [made.id]


def test_a_number_that_two_have_is_the_first_ones(house: House) -> None:
    code = house.pin("Ben", "990937")
    house.pin("Eve", "990937")
    house.store.put_record("code-number", {"number": code[:3]}, house.eve.id)
    damaged: list[str | None] = []
    first, = numbers(house.store, lambda who, error: damaged.append(who)).values()
    assert len(damaged) == 1 and {first.id, damaged[0]} == {house.ben.id, house.eve.id}


@pytest.mark.parametrize("number", [None, 457, "", "0457", "99", "970", "9799"[:3], "457481", "\u0664\u0665\u0667"])
def test_odd_records_of_numbers_open_nothing(house: House, number: object) -> None:
    code = house.pin("Ben", "990937")
    house.store.put_record("code-number", {"number": number}, house.ben.id)
    assert house.whose(code) is None and house.whose(f"{number}990937") is None
