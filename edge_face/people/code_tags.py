"""Keyed hashes of cards' numbers, and where they lie in the store. A card is found by its number, so its hash has no salt.

Records of kind "code" are named "card:1", "card:2", ...; one named "pin", or the code in a visitor's record, is an earlier version's,
from before people had numbers: it opens nothing any more, and is left for that version to find again.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator

from edge_face.errors import StoreError
from edge_face.people.code_rules import clean_card
from edge_face.people.store import Store

KIND = "code"
VISITOR = "visitor"
Damaged = Callable[[str | None, StoreError], None]


def card_tag(store: Store, number: str) -> str:
    """The keyed hash under which a card is kept: 32 hexadecimal digits. Raises AccessError for what cannot be a card's number."""
    return tag_of(store.code_key(), clean_card(number))


def is_taken(store: Store, tag: str) -> bool:
    """Does a card with this hash belong to anybody, suspended people too?"""
    return any(hmac.compare_digest(other.encode(), tag.encode()) for _, _, other in every_card(store, lambda who, error: None))


def every_card(store: Store, damaged: Damaged) -> Iterator[tuple[str, str, str]]:
    """Whose, which ("card:1"), and the hash; those of suspended people too. Raises StoreError."""
    for owner, name, value in store.records(KIND, damaged):
        tag = value.get("tag")
        if owner is not None and isinstance(tag, str) and name.startswith("card:"):
            yield owner, name, tag


def former_pins(store: Store) -> set[str]:
    """People and visitors with a code of an earlier version, by their ids."""
    people = {owner for owner, name, _ in store.records(KIND, lambda who, error: None) if owner is not None and name == "pin"}
    return people | {name for _, name, value in store.records(VISITOR, lambda who, error: None) if value.get("code") or value.get("codes")}


def tag_of(key: bytes, number: str) -> str:
    """Of a clean number."""
    return hmac.new(key, f"edge-face code\0card\0{number}".encode("ascii"), hashlib.sha256).hexdigest()[:32]
