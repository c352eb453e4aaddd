"""What a code or a card number may be. The code itself is in no message: messages are logged."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable

from edge_face.errors import AccessError

SHORTEST, LONGEST = 4, 10
CARD_DIGITS = 20
GENERATED = 6
_COLUMNS = frozenset({"2580", "0852", "147258", "258369", "147369", "159357", "147258369"})
"""Straight lines on a keypad."""


def clean_pin(text: object) -> str:
    """4 to 10 digits that are not the first that anybody would try. Raises AccessError."""
    if not isinstance(text, str) or not (text.isascii() and text.isdigit()) or not SHORTEST <= len(text) <= LONGEST:
        raise AccessError(f"a code has {SHORTEST} to {LONGEST} digits and nothing else")
    why = weakness(text)
    if why is not None:
        raise AccessError(f"this code is {why}, which is tried first: choose another, or --generate")
    return text


def weakness(pin: str) -> str | None:
    """Why a code of digits is guessed first, None when it is not."""
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(pin)}
    if steps == {0}:
        return "one digit over and over"
    if steps in ({1}, {9}):
        return "digits in a row"
    if any(len(pin) % size == 0 and pin == pin[:size] * (len(pin) // size) for size in range(2, len(pin) // 2 + 1)):
        return "the same digits over and over"
    if len(pin) == 4 and 1900 <= int(pin) <= 2099:
        return "a year"
    return "a line on the keypad" if pin in _COLUMNS else None


def clean_card(text: object) -> str:
    """The number that a reader gives, as decimal digits without leading zeros. Raises AccessError."""
    if not isinstance(text, str) or not (text.isascii() and text.isdigit()) or len(text) > CARD_DIGITS or int(text) == 0:
        raise AccessError(f"a card's number has 1 to {CARD_DIGITS} digits, not all of them 0 (as 'edge-face door watch' shows it, or "
                          "--present)")
    return str(int(text))


def new_pin(digits: object, taken: Callable[[str], bool]) -> str:
    """A random code that is not weak and not taken. Raises AccessError for a length that cannot be, or when nearly all are
    taken."""
    if isinstance(digits, bool) or not isinstance(digits, int) or not SHORTEST <= digits <= LONGEST:
        raise AccessError(f"a code has {SHORTEST} to {LONGEST} digits")
    for _ in range(1000):
        pin = f"{secrets.randbelow(10**digits):0{digits}d}"
        if weakness(pin) is None and not taken(pin):
            return pin
    raise AccessError(f"nearly all codes of {digits} digits are given out: take longer ones (--generate {min(digits + 2, LONGEST)})")
