"""Keyed hashes of codes and cards, and where they lie in the store."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping

from edge_face.access.inputs import CodeFact
from edge_face.errors import AccessError, StoreError
from edge_face.people.code_rules import clean_card, clean_pin
from edge_face.people.store import Store

KIND = "code"
VISITOR = "visitor"
FACTORS = ("pin", "card")
Damaged = Callable[[str | None, StoreError], None]


def code_tag(store: Store, text: str, factor: str) -> str:
    """The keyed hash under which a code or a card is kept: 32 hexadecimal digits. Raises AccessError for what cannot be one
    (too short, too easily guessed)."""
    return tag_of(store.code_key(), factor, clean_pin(text) if factor == "pin" else clean_card(text))


def is_taken(store: Store, tag: str) -> bool:
    """Does a code with this hash belong to anybody, suspended people and visitors too?"""
    return any(hmac.compare_digest(other, tag) for _, other in every_tag(store, lambda who, error: None))


def visitor_tags(value: Mapping[str, object]) -> list[str]:
    """The hashes in a visitor's record."""
    found = value.get("codes", value.get("code", ()))
    return [tag for tag in ([found] if isinstance(found, str) else found if isinstance(found, list) else []) if isinstance(tag, str)]


def every_tag(store: Store, damaged: Damaged) -> Iterator[tuple[CodeFact, str]]:
    """Whose and of which factor, and the hash: people, suspended ones too, and visitors. Raises StoreError."""
    for owner, name, value in store.records(KIND, damaged):
        tag = value.get("tag")
        if owner is not None and isinstance(tag, str):
            yield CodeFact(name.partition(":")[0], owner), tag
    for _, name, value in store.records(VISITOR, damaged):
        for tag in visitor_tags(value):
            yield CodeFact(VISITOR, name), tag


def tag_of(key: bytes, factor: str, text: str) -> str:
    """Of a clean code or card number."""
    if factor not in FACTORS:
        raise AccessError(f"a code is one of {', '.join(FACTORS)}")
    return hmac.new(key, f"edge-face code\0{factor}\0{text}".encode("ascii"), hashlib.sha256).hexdigest()[:32]
