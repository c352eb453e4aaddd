"""What a PIN or a card number may be. The PIN itself is in no message: messages are logged."""

from __future__ import annotations

import itertools
import secrets

from edge_face.errors import AccessError

SHORTEST, LONGEST = 6, 12
CARD_DIGITS = 20
GENERATED = 6
_KEYPAD = frozenset({"147258", "258369", "147369", "159357", "357159", "147258369", "741852", "852963", "963852", "258456", "789456",
                     "456123", "789456123", "321654", "321654987", "159753", "753159", "963258741", "147852", "147852369"})
"""Lines on a keypad."""
_FAVOURITES = frozenset({"123321", "112233", "332211", "102030", "100200", "246810", "520131", "5201314", "141421", "314159", "271828",
                         "123654", "654123", "696969", "111222", "222333", "789789", "867530", "8675309", "123454321", "31415926"})
"""Chosen so often that guessing begins with them (Markert et al., "This PIN Can Be Easily Guessed", IEEE S&P 2020; and the like)."""
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def clean_pin(text: object, number: str = "") -> str:
    """6 to 12 digits that are not the first that anybody would try. `number`: of the person whose PIN it is to be. Raises
    AccessError."""
    if not isinstance(text, str) or not (text.isascii() and text.isdigit()) or not SHORTEST <= len(text) <= LONGEST:
        raise AccessError(f"a PIN has {SHORTEST} to {LONGEST} digits and nothing else")
    why = weakness(text, number)
    if why is not None:
        raise AccessError(f"this PIN is {why}, which is tried first: choose another, or --generate")
    return text


def weakness(pin: str, number: str = "") -> str | None:
    """Why a PIN of digits is guessed first, None when it is not."""
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(pin)}
    if steps == {0}:
        return "one digit over and over"
    if len(steps) == 1:
        return "digits in a row"
    if len(set(pin)) == 2:
        return "made of two digits only"
    if any(len(pin) % size == 0 and pin == pin[:size] * (len(pin) // size) for size in range(2, len(pin) // 2 + 1)):
        return "the same digits over and over"
    if is_date(pin):
        return "a date"
    if number and number in pin:
        return "made with the person's number"
    if pin in _KEYPAD:
        return "a line on the keypad"
    return "chosen by many" if pin in _FAVOURITES else None


def is_date(pin: str) -> bool:
    """May it be a birthday: DDMMYY, MMDDYY, YYMMDD, or with the year in full?"""
    if len(pin) == 6:
        return _day(pin[:2], pin[2:4]) or _day(pin[2:4], pin[:2]) or _day(pin[4:], pin[2:4])
    if len(pin) == 8:
        ends = _year(pin[4:]) and (_day(pin[:2], pin[2:4]) or _day(pin[2:4], pin[:2]))
        return ends or (_year(pin[:4]) and _day(pin[6:], pin[4:6]))
    return False


def clean_card(text: object) -> str:
    """The number that a reader gives, as decimal digits without leading zeros. Raises AccessError."""
    if not isinstance(text, str) or not (text.isascii() and text.isdigit()) or len(text) > CARD_DIGITS or int(text) == 0:
        raise AccessError(f"a card's number has 1 to {CARD_DIGITS} digits, not all of them 0 (as 'edge-face door watch' shows it, or "
                          "--present)")
    return str(int(text))


def new_pin(digits: object, number: str = "") -> str:
    """A random PIN that is not weak, for the person with this number. Raises AccessError for a length that cannot be."""
    if isinstance(digits, bool) or not isinstance(digits, int) or not SHORTEST <= digits <= LONGEST:
        raise AccessError(f"a PIN has {SHORTEST} to {LONGEST} digits")
    while True:
        pin = f"{secrets.randbelow(10**digits):0{digits}d}"
        if weakness(pin, number) is None:
            return pin


def _day(day: str, month: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= _MONTH_DAYS[int(month) - 1]


def _year(year: str) -> bool:
    return 1900 <= int(year) <= 2099
