"""Codes and cards: what may be one, whose it is, that nothing of it can be read anywhere, and how often one may guess."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from code_house import House
from hypothesis import given
from hypothesis import strategies as st

from edge_face.access.inputs import CodeFact
from edge_face.errors import AccessError, PeopleError, StoreError, UsageError
from edge_face.people import State, Store
from edge_face.people import codes as codes_module
from edge_face.people.card_desk import CardDesk, add_presented
from edge_face.people.code_hash import blank, hashed, pin_hash_of, pin_record
from edge_face.people.code_rules import clean_card, clean_pin, new_pin, weakness
from edge_face.people.code_tags import card_tag
from edge_face.people.codes import CodeBook

PIN, OTHER = "990937", "990952"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Store(tmp_path / "store") as store:
        yield House(store)


@pytest.mark.parametrize("pin", ["000000", "1111111", "123456", "654321", "789012", "098765", "135791", "123123", "121212", "696969",
                                 "100000", "311299", "123199", "991231", "290200", "31121999", "19991231", "147258", "112233", "24602460"])
def test_pins_that_are_tried_first_are_refused(pin: str) -> None:
    with pytest.raises(AccessError, match="choose another") as caught:
        clean_pin(pin)
    assert pin not in str(caught.value)


@pytest.mark.parametrize("pin", ["", "48151", "9909372342811", "4815a6", "48 516", "-48151", "990937\0", "990937\n",
                                 "\uff14\uff18\uff11\uff15\uff11\uff16", "\u0664\u0668\u0661\u0665\u0661\u0666", None, 990937, ["990937"]])
def test_what_is_no_pin(pin: object) -> None:
    with pytest.raises(AccessError, match="6 to 12 digits"):
        clean_pin(pin)


def test_pins_that_are_taken_as_they_are() -> None:
    for pin in (PIN, "000937", "990952628441", "323299"):
        assert clean_pin(pin, "457") == pin
    with pytest.raises(AccessError, match="person's number"):
        clean_pin("945781", "457")


def test_most_pins_are_left_to_choose_from() -> None:
    """What docs/decisions/codes.md says of 6 digits; every hundredth is counted."""
    left = sum(weakness(f"{n:06d}") is None for n in range(7, 1_000_000, 101))
    assert 0.90 < left / 9901 < 0.93


@pytest.mark.parametrize("card", ["", "0", "000", "x", "1" * 21, "-1", "1.5", None, 77])
def test_what_is_no_card(card: object) -> None:
    with pytest.raises(AccessError, match="number"):
        clean_card(card)


@given(st.integers(6, 12))
def test_pins_that_are_made_are_good_ones(digits: int) -> None:
    pin = new_pin(digits, "457")
    assert len(clean_pin(pin, "457")) == digits


@pytest.mark.parametrize("digits", [5, 13, 0, -6, True, "6", None, 6.0])
def test_lengths_that_cannot_be(digits: object) -> None:
    with pytest.raises(AccessError, match="6 to 12"):
        new_pin(digits)


def test_a_code_is_the_persons_number_and_pin_until_it_is_removed(house: House) -> None:
    answer = house.run("codes.add", who="ben", pin=PIN)
    number = answer.pop("number")
    assert answer == {"id": house.ben.id, "name": "Ben", "what": "pin", "replaced": False}
    assert house.look_up(number + PIN) == CodeFact("pin", house.ben.id) and house.changes == 1
    assert house.look_up(number + "481517") == CodeFact("pin", None, house.ben.id)
    assert house.whose(PIN) is None and house.whose(number + PIN, "card") is None and house.whose(number) is None
    house.run("codes.remove", who="Ben", what="pin")
    assert house.whose(number + PIN) is None and house.changes == 2
    with pytest.raises(AccessError, match="nothing to remove"):
        house.run("codes.remove", who="Ben", what="pin")
    assert house.pin("Ben", OTHER) == number + OTHER, "the number stays"


def test_a_new_pin_takes_the_place_of_the_old(house: House) -> None:
    old = house.pin("Ben", PIN)
    answer = house.run("codes.add", who="Ben", pin=OTHER)
    assert answer["replaced"] is True
    assert (house.whose(old), house.whose(answer["number"] + OTHER)) == (None, house.ben.id)


def test_two_people_may_have_one_pin_and_nobody_learns_of_it(house: House) -> None:
    bens, eves = house.pin("Ben", PIN), house.pin("Eve", PIN)
    assert bens != eves and (house.whose(bens), house.whose(eves)) == (house.ben.id, house.eve.id)
    kept = {owner: value for owner, _, value in house.store.records("pin")}
    assert kept[house.ben.id]["hash"] != kept[house.eve.id]["hash"] and kept[house.ben.id]["salt"] != kept[house.eve.id]["salt"]


def test_leading_zeros_of_a_pin_count_and_a_number_has_none(house: House) -> None:
    code = house.pin("Ben", "000937")
    assert house.whose(code) == house.ben.id
    assert [house.whose(text) for text in (code[:3] + "937", "0" + code, code[:3] + "0000937", code + "0")] == [None] * 4


def test_one_hash_is_computed_for_each_try_whoever_is_meant(house: House) -> None:
    """Time tells nothing: neither how many people there are, nor whether a number is anybody's."""
    code = house.pin("Ben", PIN)
    house.pin("Eve", OTHER)
    house.run("codes.totp", who="Eve")
    book = CodeBook.build(house.store)
    free = next(f"{n}" for n in range(100, 900) if book.whose(f"{n}" + PIN, "pin") is None)
    for text in (code, code[:3] + "999999", free + PIN, "", "0" * 9, "9", "12345678901234567890", code[:3]):
        with patch.object(codes_module, "hashed", side_effect=hashed) as counted:
            book.look_up(text, "pin")
        assert counted.call_count == (1 if text else 0)
        kept = counted.call_args.args[3] if text else blank()
        assert (kept.memory_kib, kept.passes, kept.lanes, len(kept.salt)) == (19_456, 2, 1, 16)


def test_the_hash_is_argon2id_with_a_pepper(house: House) -> None:
    """RFC 9106's own test vector is the library's business; ours is that key, owner and salt all count."""
    like, key = blank(), b"k" * 32
    one = hashed(key, house.ben.id, PIN, like)
    assert len(one) == 32 and one == hashed(key, house.ben.id, PIN, like)
    others = {hashed(b"j" * 32, house.ben.id, PIN, like), hashed(key, house.eve.id, PIN, like), hashed(key, house.ben.id, PIN, blank()),
              hashed(key, house.ben.id, OTHER, like)}
    assert len(others) == 4 and one not in others


def test_cards_have_numbers_and_leading_zeros_mean_nothing(house: House) -> None:
    assert house.run("codes.add", who="Ben", card="0077")["what"] == "card:1"
    assert house.run("codes.add", who="Ben", card="78")["what"] == "card:2"
    for text in ("77", "077", "00000000000077"):
        assert house.look_up(text, "card") == CodeFact("card", house.ben.id)
    house.run("codes.remove", who="Ben", what="card:1")
    assert house.whose("77", "card") is None and house.whose("78", "card") == house.ben.id
    assert house.run("codes.add", who="Ben", card="79")["what"] == "card:1"
    for number in range(6):
        house.run("codes.add", who="Ben", card=str(1000 + number))
    with pytest.raises(AccessError, match="at most 8 cards"):
        house.run("codes.add", who="Ben", card="5000")
    house.run("codes.remove", who="Ben", what="all")
    assert house.run("codes.list") == {"codes": [], "damaged": []}


def test_somebody_elses_card_is_refused_without_saying_whose(house: House) -> None:
    house.run("codes.add", who="Ben", card="77")
    with pytest.raises(AccessError) as caught:
        house.run("codes.add", who="Eve", card="77")
    assert "Ben" not in str(caught.value) and house.ben.id not in str(caught.value)
    with pytest.raises(AccessError, match="already"):
        house.run("codes.add", who="Ben", card="77")


def test_a_suspended_persons_codes_are_nobodys(house: House) -> None:
    code = house.pin("Ben", PIN)
    house.run("codes.add", who="Ben", card="77")
    house.store.set_state(house.ben.id, State.SUSPENDED)
    assert house.look_up(code) == CodeFact("pin", None) and house.whose("77", "card") is None
    house.store.set_state(house.ben.id, State.ACTIVE)
    assert house.whose(code) == house.ben.id and house.whose("77", "card") == house.ben.id


def test_a_forgotten_persons_codes_are_gone(house: House) -> None:
    code = house.pin("Ben", PIN)
    house.run("codes.totp", who="Ben")
    house.store.forget(house.ben.id, wall=1e9)
    assert house.whose(code) is None and house.run("codes.list") == {"codes": [], "damaged": []}
    assert [list(house.store.records(kind)) for kind in ("pin", "totp")] == [[], []]
    assert house.pin("Eve", PIN)[:3] != code[:3], "the number rests"


def test_a_visitor_made_by_the_schedule_gets_in(house: House) -> None:
    from edge_face.access.rights import Rights
    from edge_face.people.visitors import VisitorDesk

    desk = VisitorDesk(house.store, lambda: 1e9)
    made, keys = desk.add("plumber", Rights(uses=1), 6)
    assert len(keys) == 9 and house.look_up(keys) == CodeFact("visitor", made.id)
    assert house.look_up(keys[:-1] + ("0" if keys[-1] != "0" else "1")) == CodeFact("pin", None, made.id)
    row, = house.run("codes.list")["codes"]
    assert (row["name"], row["state"], row["what"], row["number"], row["stale"]) == ("plumber", "visitor", "pin", keys[:3], False)
    desk.remove("plumber")
    assert house.whose(keys) is None and list(house.store.records("pin")) == []


@given(st.text(max_size=40), st.sampled_from(["pin", "card", "visitor", ""]))
def test_looking_up_never_raises(text: str, factor: str) -> None:
    book = CodeBook(b"k" * 32, {}, {})
    with patch.object(codes_module, "hashed", return_value=bytes(32)):
        assert book.look_up(text, factor) == CodeFact(factor, None)
    assert book.whose(text, factor) is None


@pytest.mark.parametrize("text", ["", "\0", "457\x00990937", "\uff14\uff15\uff17990937", "\u0664\u0665\u0667990937", "4" * 33,
                                  "457 990937", "#", "\u00b2\u00b3\u00b9990937", "457990937\n"])
def test_what_no_keypad_sends_is_not_even_hashed(text: str) -> None:
    with patch.object(codes_module, "hashed", side_effect=AssertionError):
        assert CodeBook(b"k" * 32, {}, {}).look_up(text, "pin") == CodeFact("pin", None)


def test_nothing_of_a_code_lies_in_any_file_or_answer(house: House, tmp_path: Path) -> None:
    code = house.pin("Ben", "990952")
    house.run("codes.duress", who="Ben", pin="900947")
    house.run("codes.add", who="Ben", card="83746556")
    uri = house.run("codes.totp", who="Eve")["uri"]
    book = CodeBook.build(house.store)
    shown = repr((house.run("codes.list"), book, book.look_up(code, "pin"), book.look_up(code[:3] + "111111", "pin"),
                  house.store.events.query(), pin_hash_of(house.store.record("pin", house.ben.id) or {})))
    raw = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())
    kept = house.store.record("pin", house.ben.id) or {}
    secrets = ["990952", "900947", "83746556", card_tag(house.store, "83746556"), kept["hash"], kept["salt"], kept["duress"],
               uri.partition("secret=")[2].partition("&")[0], house.store.code_key().hex()]
    for secret in secrets:
        assert secret not in shown and secret.encode() not in raw


def test_a_made_pin_is_told_once(house: House) -> None:
    answer = house.run("codes.add", who="Ben", generate=8)
    assert len(answer["pin"]) == 8 and house.whose(answer["number"] + answer["pin"]) == house.ben.id
    assert answer["pin"] not in repr(house.run("codes.list"))


def test_guessing_by_command_is_bounded(house: House) -> None:
    house.pin("Ben", PIN)
    assert house.run("codes.test", who="Ben", pin=PIN)["right"] is True
    for guess in ("481517", "481518", "1234", "\u0664" * 6):
        assert house.run("codes.test", who="Ben", pin=guess)["right"] is False
    house.run("codes.add", who="Eve", card="77")
    with pytest.raises(AccessError, match="somebody's already"):
        house.run("codes.add", who="Ben", card="77")
    for command, given_ in (("codes.test", {"pin": PIN}), ("codes.add", {"card": "78"})):
        with pytest.raises(AccessError, match="ten minutes"):
            house.run(command, who="Ben", **given_)
    house.now = 601.0
    assert house.run("codes.test", who="Ben", pin=PIN)["right"] is True


def test_the_code_for_being_forced_opens_alike_and_shows_nowhere(house: House) -> None:
    with pytest.raises(AccessError, match="no PIN yet"):
        house.run("codes.duress", who="Ben", pin=OTHER)
    code = house.pin("Ben", PIN)
    before = house.run("codes.list")
    assert house.run("codes.duress", who="Ben", pin=OTHER)["what"] == "duress"
    assert house.look_up(code[:3] + OTHER) == CodeFact("pin", house.ben.id, duress=True)
    assert house.look_up(code) == CodeFact("pin", house.ben.id)
    assert house.run("codes.list") == before and "duress" not in repr(house.store.events.query())
    assert house.run("codes.test", who="Ben", pin=OTHER) == house.run("codes.test", who="Ben", pin=PIN)
    with pytest.raises(AccessError, match="PIN itself"):
        house.run("codes.duress", who="Ben", pin=PIN)
    with pytest.raises(AccessError, match="cannot be taken") as caught:
        house.run("codes.add", who="Ben", pin=OTHER)
    assert OTHER not in str(caught.value)
    house.run("codes.add", who="Ben", pin="900947")
    assert house.look_up(code[:3] + OTHER).duress, "a new PIN leaves it in force"
    assert house.run("codes.remove", who="Ben", what="duress")["removed"] == ["duress"]
    assert house.whose(code[:3] + OTHER) is None and house.whose(code[:3] + "900947") == house.ben.id


@pytest.mark.parametrize("change", [{"salt": "x"}, {"salt": "AAAA"}, {"hash": None}, {"memory_kib": 1 << 30}, {"passes": True},
                                    {"lanes": 0}, {"memory_kib": 7}, {"duress": 5}, {"added": "now"}, {"more": 1}])
def test_records_of_pins_are_read_strictly(house: House, change: dict[str, object]) -> None:
    code = house.pin("Ben", PIN)
    record = pin_record(pin_hash_of(house.store.record("pin", house.ben.id) or {}))
    house.store.put_record("pin", {**record, **change}, house.ben.id)
    damaged: list[tuple[str | None, StoreError]] = []
    book = CodeBook.build(house.store, lambda who, error: damaged.append((who, error)))
    assert book.look_up(code, "pin").person is None and [who for who, _ in damaged] == [house.ben.id]
    assert house.run("codes.list")["damaged"][0]["id"] == house.ben.id
    assert house.whose(house.pin("Ben", PIN)) == house.ben.id, "a new PIN takes the place of the spoilt record"


def test_codes_of_an_earlier_version_open_nothing_and_are_left_for_it(house: House) -> None:
    former = {"tag": "0" * 32, "added": 1e9}
    house.store.put_record("code", former, house.ben.id, "pin")
    house.store.put_record("visitor", {"label": "plumber", "rights": {}, "code": "1" * 32, "created": 1e9}, name="00112233445566aa")
    house.run("codes.add", who="Ben", card="77")
    book = CodeBook.build(house.store)
    assert book.stale == 2 and len(book) == 1 and house.whose("77", "card") == house.ben.id
    rows = {(row["name"], row["what"]): row["stale"] for row in house.run("codes.list")["codes"]}
    assert rows == {("Ben", "pin"): True, ("Ben", "card:1"): False, ("plumber", "pin"): True}
    house.pin("Ben", PIN)
    assert CodeBook.build(house.store).stale == 1
    assert house.store.record("code", house.ben.id, "pin") == former, "whoever goes back to that version finds it"
    house.run("codes.remove", who="Ben", what="pin")
    assert house.store.record("code", house.ben.id, "pin") is None and CodeBook.build(house.store).stale == 1


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
