"""Codes of authenticator apps: the standards' own numbers, the window, one use each, and clocks that jump."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from code_house import WALL, House
from hypothesis import given
from hypothesis import strategies as st

from edge_face.access.inputs import CodeFact
from edge_face.errors import AccessError, StoreError
from edge_face.people import Store
from edge_face.people.codes import CodeBook
from edge_face.people.totp import PERIOD, enrolment_uri, hotp, matching, step_of
from edge_face.people.totp_records import enrolled_of, keep_used, totp_record

SECRET = b"12345678901234567890"
"""Of both RFCs' test vectors."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Store(tmp_path / "store") as store:
        yield House(store)


def enrolled(house: House, who: str = "Ben") -> tuple[str, bytes]:
    """The number and the secret; the first code, of `WALL`, is used."""
    answer = house.run("codes.totp", who=who)
    secret = secret_of(answer["uri"])
    house.run("codes.confirm", who=who, code=code(secret, WALL))
    return answer["number"], secret


def secret_of(uri: str) -> bytes:
    return base64.b32decode(parse_qs(urlsplit(uri).query)["secret"][0])


class Door:
    """A book, the steps that were kept, and a wall clock."""

    def __init__(self, house: House) -> None:
        self.house, self.wall, self.trusted = house, WALL, True
        self.book = CodeBook.build(house.store)

    def give(self, text: str) -> CodeFact:
        return self.book.look_up(text, "pin", wall=self.wall, trusted=self.trusted,
                                 spent=lambda who, step: keep_used(self.house.store, who, step))

    def restart(self) -> None:
        self.book = CodeBook.build(self.house.store)


def code(secret: bytes, wall: float) -> str:
    return hotp(secret, int(wall // PERIOD))


@pytest.mark.parametrize(("counter", "expected"), [*enumerate(["755224", "287082", "359152", "969429", "338314", "254676", "287922",
                                                               "162583", "399871", "520489"])])
def test_rfc_4226_appendix_d(counter: int, expected: str) -> None:
    assert hotp(SECRET, counter) == expected


@pytest.mark.parametrize(("wall", "expected"), [
    (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"), (2000000000, "69279037"),
    (20000000000, "65353130")])
def test_rfc_6238_appendix_b(wall: int, expected: str) -> None:
    step = step_of(wall)
    assert step is not None and hotp(SECRET, step, 8) == expected
    assert matching(SECRET, expected[2:], wall) == step


def test_the_window_is_one_step_to_each_side() -> None:
    for offset, counts in ((-61, False), (-60, False), (-30, True), (0, True), (29, True), (59, True), (60, False), (90, False)):
        assert (matching(SECRET, code(SECRET, 1_200_000_000.0), 1_200_000_000.0 + offset) is not None) is counts, offset


@given(st.floats() | st.sampled_from([0.0, -1.0, 29.9, 1e18]), st.text(max_size=8))
def test_no_clock_and_no_text_is_too_odd(wall: float, text: str) -> None:
    found = matching(SECRET, text, wall)
    assert found is None or hotp(SECRET, found) == text


def test_the_uri_is_what_apps_read() -> None:
    uri = enrolment_uri(SECRET, "Zoë & Co: 1")
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, unquote(parts.path)) == ("otpauth", "totp", "/edge-face:Zoë & Co: 1") and uri.isascii()
    assert parse_qs(parts.query) == {"secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"], "issuer": ["edge-face"], "algorithm": ["SHA1"],
                                     "digits": ["6"], "period": ["30"]}


def test_it_counts_after_a_first_right_code_and_that_one_is_used(house: House) -> None:
    answer = house.run("codes.totp", who="Ben")
    secret, door = secret_of(answer["uri"]), Door(house)
    assert door.give(answer["number"] + code(secret, WALL)).person is None
    assert house.run("codes.list")["codes"][0]["pending"] is True
    with pytest.raises(AccessError, match="clocks"):
        house.run("codes.confirm", who="Ben", code=code(secret, WALL + 600))
    house.run("codes.confirm", who="Ben", code=code(secret, WALL))
    door.restart()
    assert door.give(answer["number"] + code(secret, WALL)) == CodeFact("totp", None, house.ben.id, note="used")
    door.wall += 30
    assert door.give(answer["number"] + code(secret, door.wall)) == CodeFact("totp", house.ben.id)
    row, = house.run("codes.list")["codes"]
    assert (row["what"], row["pending"], row["number"]) == ("totp", False, answer["number"])
    assert base64.b32encode(secret).decode() not in repr(house.run("codes.list")) + repr(door.book) + repr(house.store.events.query())


def test_each_code_opens_once_also_after_a_restart(house: House) -> None:
    number, secret = enrolled(house)
    door = Door(house)
    door.wall += 60
    given_ = number + code(secret, door.wall)
    assert door.give(given_).person == house.ben.id
    for _ in range(2):
        assert door.give(given_) == CodeFact("totp", None, house.ben.id, note="used")
        door.restart()
    assert door.give(number + code(secret, door.wall - 30)).note == "used", "nor does an earlier one, which somebody may have seen"
    assert door.give(number + code(secret, door.wall + 30)).person == house.ben.id


def test_a_step_that_cannot_be_kept_does_not_open(house: House) -> None:
    number, secret = enrolled(house)
    book = CodeBook.build(house.store)

    def refuse(who: str, step: int) -> None:
        raise StoreError("the disk is full")

    text = number + code(secret, WALL + 60)
    assert book.look_up(text, "pin", wall=WALL + 60, trusted=True, spent=refuse) == CodeFact("totp", None, house.ben.id, note="fault")
    assert book.look_up(text, "pin", wall=WALL + 60, trusted=True).note == "used"


def test_a_clock_that_is_not_believed_refuses_and_says_so(house: House) -> None:
    number, secret = enrolled(house)
    pin = house.run("codes.add", who="Ben", pin="990937")["number"] + "990937"
    door = Door(house)
    door.wall, door.trusted = WALL + 60, False
    assert door.give(number + code(secret, door.wall)) == CodeFact("totp", None, house.ben.id, note="clock")
    assert door.give(pin) == CodeFact("pin", house.ben.id), "the PIN needs no clock"
    assert door.give(pin[:-1] + ("0" if pin[-1] != "0" else "1")).person is None


def test_a_clock_that_jumps_within_the_window_gives_nobody_a_second_use(house: House) -> None:
    number, secret = enrolled(house)
    door = Door(house)
    seen = code(secret, WALL + 300)
    used = []
    for jump in (300, 330, 271, 329, 300, 359, 299, 240):
        door.wall = WALL + jump
        used.append(door.give(number + seen).person)
    assert used == [house.ben.id] + [None] * 7
    door.wall = WALL + 300 - 3600
    assert door.give(number + code(secret, door.wall)).note == "used", "set back by an hour, codes of that hour are waited out"
    door.wall = WALL + 331
    assert door.give(number + code(secret, door.wall)).person == house.ben.id


def test_a_pin_and_an_app_stand_side_by_side(house: House) -> None:
    number, secret = enrolled(house)
    assert house.pin("Ben", "990937") == number + "990937"
    door = Door(house)
    door.wall += 60
    assert [door.give(number + text).factor for text in ("990937", code(secret, door.wall))] == ["pin", "totp"]
    house.run("codes.remove", who="Ben", what="totp")
    door.restart()
    door.wall += 60
    assert door.give(number + code(secret, door.wall)) == CodeFact("pin", None, house.ben.id)
    assert door.give(number + "990937").person == house.ben.id


def test_a_new_enrolment_leaves_the_old_one_until_it_is_confirmed(house: House) -> None:
    number, old = enrolled(house)
    new = secret_of(house.run("codes.totp", who="Ben")["uri"])
    door = Door(house)
    door.wall += 60
    assert door.give(number + code(old, door.wall)).person == house.ben.id
    house.wall += 120
    assert house.run("codes.confirm", who="Ben", code=code(new, house.wall))["replaced"] is True
    door.restart()
    door.wall = house.wall + 60
    assert door.give(number + code(old, door.wall)).person is None and door.give(number + code(new, door.wall)).person == house.ben.id


def test_guessing_the_first_code_is_bounded(house: House) -> None:
    house.run("codes.totp", who="Ben")
    for _ in range(5):
        with pytest.raises(AccessError, match="what the app shows"):
            house.run("codes.confirm", who="Ben", code="nonsense")
    with pytest.raises(AccessError, match="ten minutes"):
        house.run("codes.confirm", who="Ben", code="000000")
    with pytest.raises(AccessError, match="--totp"):
        house.run("codes.confirm", who="Eve", code="000000")


@pytest.mark.parametrize("change", [{"secret": "GEZD"}, {"secret": 5}, {"secret": "1" * 32}, {"added": None}, {"more": 1}])
def test_records_are_read_strictly(house: House, change: dict[str, Any]) -> None:
    number, secret = enrolled(house)
    with pytest.raises(AccessError, match="authenticator"):
        enrolled_of({**totp_record(secret, 1e9), **change})
    house.store.put_record("totp", {**totp_record(secret, 1e9), **change}, house.ben.id, "active")
    assert house.look_up(number + code(secret, WALL + 60), wall=WALL + 60, trusted=True).person is None
    assert house.run("codes.list")["damaged"][0]["id"] == house.ben.id


def test_a_used_step_never_goes_back(house: House) -> None:
    keep_used(house.store, house.ben.id, 100)
    keep_used(house.store, house.ben.id, 50)
    assert house.store.record("totp-used", house.ben.id) == {"step": 100}
    with pytest.raises(AccessError):
        enrolled_of(totp_record(SECRET, 1e9), {"step": "x"})
