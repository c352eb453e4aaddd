"""Numbers of people and visitors, keyed before the PIN. Prefix-free: the first digits say how long a number is.

    100 to 899          while there are any
    9000 to 9799        then
    98000 to 99999      then

They are drawn at random and kept for as long as somebody is there, whether or not they have a PIN just now. A number that was
released is given to nobody else for `RESTS` seconds, unless there is no other.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edge_face.errors import AccessError, StoreError
from edge_face.people.person import is_id
from edge_face.people.store import Store

KIND = "code-number"
LEDGER = "given"
"""The name of the record of all numbers that were given; it names nobody."""
BLOCKS = (range(100, 900), range(9000, 9800), range(98000, 100_000))
RESTS = 90 * 86_400.0
Damaged = Callable[[str | None, StoreError], None]


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose a number is: the id of a person or of a visitor."""

    id: str
    visitor: bool


def split(text: str) -> tuple[str, str] | None:
    """The number and what follows it; None where no number begins so."""
    if not text or not text.isascii() or not text.isdigit() or text[0] == "0":
        return None
    length = 3 if text[0] != "9" else 4 if text[1:2] < "8" else 5
    return (text[:length], text[length:]) if len(text) >= length else None


def numbers(store: Store, damaged: Damaged = lambda who, error: None) -> dict[str, Holder]:
    """Whose numbers are which. One that two have is the first one's, and handed to `damaged` for the other."""
    found: dict[str, Holder] = {}
    for owner, name, value in store.records(KIND, damaged):
        if owner is None and not is_id(name):
            continue
        holder, number = Holder(owner or name, owner is None), value.get("number")
        if not isinstance(number, str) or not _is_number(number) or number in found:
            damaged(owner, StoreError(f"the number of {holder.id} is not what it must be: 'edge-face codes remove' it and add it anew"))
            continue
        found[number] = holder
    return found


def number_of(store: Store, who: Holder) -> str | None:
    """None for whoever has none, or a damaged one."""
    return next((number for number, holder in numbers(store).items() if holder == who), None)


def give_number(store: Store, who: Holder, wall: float) -> str:
    """The number that somebody has, or a new one. Raises AccessError when all are taken."""
    taken = numbers(store)
    number = next((number for number, holder in taken.items() if holder == who), None)
    if number is None:
        ledger = refreshed(store.record(KIND, None, LEDGER), taken, wall)
        number = choose(taken, ledger)
        store.put_record(KIND, {**ledger, number: None}, None, LEDGER)
        store.put_record(KIND, {"number": number}, None if who.visitor else who.id, who.id if who.visitor else "")
    return number


def drop_number(store: Store, who: Holder, wall: float) -> None:
    """Released: nobody else gets it for a while."""
    if store.drop_record(KIND, None if who.visitor else who.id, who.id if who.visitor else ""):
        store.put_record(KIND, refreshed(store.record(KIND, None, LEDGER), numbers(store), wall), None, LEDGER)


def refreshed(record: Mapping[str, Any] | None, taken: Iterable[str], wall: float) -> dict[str, float | None]:
    """When each number was released, None while somebody has it. What nobody has any more, and nobody said so (a person was
    forgotten), is released now."""
    known = {number: at for number, at in (record or {}).items()
             if _is_number(number) and (at is None or (isinstance(at, int | float) and not isinstance(at, bool)))}
    held = set(taken)
    released = {number: wall if at is None or number in held or at > wall else float(at) for number, at in known.items()}
    return {**{number: at for number, at in released.items() if wall - at < RESTS}, **dict.fromkeys(held)}


def choose(taken: Iterable[str], ledger: Mapping[str, float | None]) -> str:
    """A free number at random, of the first block that has one that does not rest; else the one that has rested longest."""
    held = set(taken)
    for block in BLOCKS:
        free = [number for number in map(str, block) if number not in held and number not in ledger]
        if free:
            return secrets.choice(free)
    resting = [(at, number) for number, at in ledger.items() if at is not None and number not in held]
    if not resting:
        raise AccessError("all numbers are given: remove visitors whose time is over, or people who do not come any more")
    return min(resting)[1]


def _is_number(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 5 and any(int(text) in block for block in BLOCKS) \
        and str(int(text)) == text
