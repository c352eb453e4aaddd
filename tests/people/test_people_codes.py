"""Codes and cards: what may be one, whose it is, that nothing of it can be read anywhere, and how often one may guess."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_fakes import BOTH, templates_like

from edge_face.access.inputs import CodeFact
from edge_face.errors import AccessError, PeopleError, UsageError
from edge_face.people import Person, State, Store
from edge_face.people.card_desk import CardDesk, add_presented
from edge_face.people.code_rules import clean_card, clean_pin, new_pin, weakness
from edge_face.people.code_tags import code_tag, is_taken
from edge_face.people.codes import CodeBook, CodeCommands

PIN = "481516"


class House:
    """A store with Ben and Eve, commands on it, and a clock."""

    def __init__(self, store: Store) -> None:
        self.store, self.now, self.changes = store, 0.0, 0
        self.ben = self._add("Ben", 1)
        self.eve = self._add("Eve", 2)
        self.commands = CodeCommands(store, self._changed, wall=lambda: 1e9, monotonic=lambda: self.now)

    def _add(self, name: str, seed: int) -> Person:
        return self.store.add(name, BOTH, templates_like(seed), wall=1e9)

    def _changed(self) -> None:
        self.changes += 1

    def run(self, command: str, **arguments: object) -> dict[str, object]:
        return self.commands.run(command, arguments)

    def whose(self, text: str, factor: str = "pin") -> str | None:
        return CodeBook.build(self.store).look_up(text, factor).person


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Store(tmp_path / "store") as store:
        yield House(store)


@pytest.mark.parametrize("pin", ["0000", "1111111", "1234", "4321", "7890", "0987", "123456", "1212", "123123", "1984", "2026", "2580"])
def test_codes_that_are_tried_first_are_refused(pin: str) -> None:
    with pytest.raises(AccessError, match="choose another") as caught:
        clean_pin(pin)
    assert pin not in str(caught.value)


@pytest.mark.parametrize("pin", ["", "123", "48151623421", "48a1", "48 16", "-481",
                                 "\uff14\uff18\uff11\uff15", "\u0664\u0668\u0661\u0665", None, 4815, ["4815"]])
def test_what_is_no_code(pin: object) -> None:
    with pytest.raises(AccessError, match="4 to 10 digits"):
        clean_pin(pin)


def test_codes_that_are_taken_as_they_are() -> None:
    for pin in ("4815", "0042", PIN, "9071536284", "19845"):
        assert clean_pin(pin) == pin


@pytest.mark.parametrize("card", ["", "0", "000", "x", "1" * 21, "-1", "1.5", None, 77])
def test_what_is_no_card(card: object) -> None:
    with pytest.raises(AccessError, match="number"):
        clean_card(card)


@given(st.integers(4, 10))
def test_codes_that_are_made_are_good_ones(digits: int) -> None:
    pin = new_pin(digits, lambda text: False)
    assert len(clean_pin(pin)) == digits and weakness(pin) is None


def test_codes_that_are_made_are_free(house: House) -> None:
    taken = {f"{n:04d}" for n in range(10_000)} - {"4815"}
    with pytest.raises(AccessError, match="longer"):
        new_pin(4, lambda text: True)
    with pytest.raises(AccessError, match="digits"):
        new_pin(3, lambda text: False)
    found = set()
    for _ in range(20):
        try:
            found.add(new_pin(4, taken.__contains__))
        except AccessError:
            continue
    assert found <= {"4815"}


def test_a_code_is_somebodys_until_it_is_removed(house: House) -> None:
    answer = house.run("codes.add", who="ben", pin=PIN)
    assert answer == {"id": house.ben.id, "name": "Ben", "what": "pin", "replaced": False}
    assert house.whose(PIN) == house.ben.id and house.changes == 1
    assert house.whose("481517") is None and house.whose(PIN, "card") is None
    house.run("codes.remove", who="Ben", what="pin")
    assert house.whose(PIN) is None and house.changes == 2
    with pytest.raises(AccessError, match="nothing to remove"):
        house.run("codes.remove", who="Ben", what="pin")


def test_a_new_code_takes_the_place_of_the_old(house: House) -> None:
    house.run("codes.add", who="Ben", pin=PIN)
    assert house.run("codes.add", who="Ben", pin="907153")["replaced"] is True
    assert (house.whose(PIN), house.whose("907153")) == (None, house.ben.id)


def test_cards_have_numbers_and_leading_zeros_mean_nothing(house: House) -> None:
    assert house.run("codes.add", who="Ben", card="0077")["what"] == "card:1"
    assert house.run("codes.add", who="Ben", card="78")["what"] == "card:2"
    for text in ("77", "077", "00000000000077"):
        assert CodeBook.build(house.store).look_up(text, "card") == CodeFact("card", house.ben.id)
    house.run("codes.remove", who="Ben", what="card:1")
    assert house.whose("77", "card") is None and house.whose("78", "card") == house.ben.id
    assert house.run("codes.add", who="Ben", card="79")["what"] == "card:1"
    for number in range(6):
        house.run("codes.add", who="Ben", card=str(1000 + number))
    with pytest.raises(AccessError, match="at most 8 cards"):
        house.run("codes.add", who="Ben", card="5000")
    house.run("codes.remove", who="Ben", what="all")
    assert house.run("codes.list") == {"codes": [], "damaged": []}


def test_leading_zeros_of_a_code_count(house: House) -> None:
    house.run("codes.add", who="Ben", pin="0042")
    assert house.whose("0042") == house.ben.id and house.whose("42") is None and house.whose("00042") is None


def test_somebody_elses_code_is_refused_without_saying_whose(house: House) -> None:
    house.run("codes.add", who="Ben", pin=PIN)
    house.run("codes.add", who="Ben", card="77")
    for what in ({"pin": PIN}, {"card": "77"}):
        with pytest.raises(AccessError) as caught:
            house.run("codes.add", who="Eve", **what)
        assert "Ben" not in str(caught.value) and house.ben.id not in str(caught.value) and PIN not in str(caught.value)
    with pytest.raises(AccessError, match="already"):
        house.run("codes.add", who="Ben", pin=PIN)


def test_a_suspended_persons_code_is_nobodys_and_still_taken(house: House) -> None:
    house.run("codes.add", who="Ben", pin=PIN)
    house.store.set_state(house.ben.id, State.SUSPENDED)
    assert house.whose(PIN) is None
    with pytest.raises(AccessError, match="choose another"):
        house.run("codes.add", who="Eve", pin=PIN)
    house.store.set_state(house.ben.id, State.ACTIVE)
    assert house.whose(PIN) == house.ben.id


def test_a_forgotten_persons_code_is_gone(house: House) -> None:
    house.run("codes.add", who="Ben", pin=PIN)
    house.store.forget(house.ben.id, wall=1e9)
    assert house.whose(PIN) is None and house.run("codes.list")["codes"] == []
    house.run("codes.add", who="Eve", pin=PIN)
    assert house.whose(PIN) == house.eve.id


def test_visitors_are_looked_up_too(house: House) -> None:
    visitor = "00112233445566aa"
    house.store.put_record("visitor", {"label": "plumber", "code": code_tag(house.store, PIN, "pin")}, name=visitor)
    assert CodeBook.build(house.store).look_up(PIN, "pin") == CodeFact("visitor", visitor)
    assert is_taken(house.store, code_tag(house.store, PIN, "pin"))
    with pytest.raises(AccessError, match="choose another"):
        house.run("codes.add", who="Ben", pin=PIN)


def test_a_visitor_made_by_the_schedule_gets_in(house: House) -> None:
    from edge_face.access.rights import Rights
    from edge_face.people.visitors import VisitorDesk

    made, pin = VisitorDesk(house.store, lambda: 1e9).add("plumber", Rights(uses=1), 6)
    assert CodeBook.build(house.store).look_up(pin, "pin") == CodeFact("visitor", made.id)


@given(st.text(max_size=30), st.sampled_from(["pin", "card", "visitor", ""]))
def test_looking_up_never_raises(text: str, factor: str) -> None:
    book = CodeBook(b"k" * 32, {})
    assert book.look_up(text, factor) == CodeFact(factor, None)


def test_nothing_of_a_code_lies_in_any_file_or_answer(house: House, tmp_path: Path) -> None:
    house.run("codes.add", who="Ben", pin="907153")
    house.run("codes.add", who="Ben", card="83746556")
    shown = repr((house.run("codes.list"), CodeBook.build(house.store), house.store.events.query()))
    raw = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())
    tag = code_tag(house.store, "907153", "pin")
    for secret in ("907153", "83746556", tag):
        assert secret not in shown and secret.encode() not in raw
    assert bytes.fromhex(tag) not in raw and house.store.code_key().hex() not in shown


def test_a_made_code_is_told_once(house: House) -> None:
    pin = house.run("codes.add", who="Ben", generate=8)["pin"]
    assert isinstance(pin, str) and len(pin) == 8 and house.whose(pin) == house.ben.id
    assert pin not in repr(house.run("codes.list"))


def test_guessing_by_command_is_bounded(house: House) -> None:
    house.run("codes.add", who="Ben", pin=PIN)
    assert house.run("codes.test", who="Ben", pin=PIN)["right"] is True
    for guess in ("481517", "481518", "481519"):
        assert house.run("codes.test", who="Ben", pin=guess)["right"] is False
    assert house.run("codes.test", who="Ben", pin="1234")["right"] is False
    with pytest.raises(AccessError, match="cannot be taken"):
        house.run("codes.add", who="Eve", pin=PIN)
    for command in ("codes.test", "codes.add"):
        with pytest.raises(AccessError, match="ten minutes"):
            house.run(command, who="Ben", pin="907153")
    house.now = 601.0
    assert house.run("codes.test", who="Ben", pin=PIN)["right"] is True


def test_the_diary_says_that_not_what(house: House) -> None:
    house.run("codes.add", who="Ben", card="77")
    house.run("codes.remove", who="Ben", what="card:1")
    events = [(event.kind, event.person, dict(event.details)) for event in house.store.events.query()]
    assert events == [("code.removed", house.ben.id, {"factor": "card"}), ("code.added", house.ben.id, {"factor": "card"})]


@pytest.mark.parametrize("arguments", [{}, {"pin": PIN, "card": "77"}, {"pin": PIN, "generate": 6}, {"colour": "red"}])
def test_wrong_use(house: House, arguments: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        house.run("codes.add", who="Ben", **arguments)
    with pytest.raises(UsageError):
        house.run("codes.steal")
    with pytest.raises(UsageError):
        house.run("codes.test", who=5, pin=PIN)
    with pytest.raises(PeopleError, match="nobody named"):
        house.run("codes.add", who="Nobody", pin=PIN)


def test_the_next_card_at_the_reader(house: House) -> None:
    desk = CardDesk()
    assert not desk.offer("77", "card"), "nobody asked for one"
    answers: list[dict[str, object]] = []
    waiting = threading.Thread(target=lambda: answers.append(add_presented(desk, house.commands.run, "Ben", 30.0)), daemon=True)
    waiting.start()
    while not desk.offer("77", "card"):
        assert not desk.offer("4815", "pin"), "a code is not a card"
    waiting.join(30)
    assert answers[0]["what"] == "card:1" and house.whose("77", "card") == house.ben.id
    assert not desk.offer("78", "card"), "one card only"


def test_no_card_comes(house: House) -> None:
    with pytest.raises(AccessError, match="no card"):
        CardDesk().next_card(0.0)
    with pytest.raises(PeopleError, match="nobody named"):
        add_presented(CardDesk(), house.commands.run, "Nobody")
    with pytest.raises(UsageError, match="seconds"):
        add_presented(CardDesk(), house.commands.run, "Ben", 3600)
