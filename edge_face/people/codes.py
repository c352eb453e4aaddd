"""Codes and cards: whose they are. Only keyed hashes are kept; no code is ever shown again, and none is in a message or a log.

    book = CodeBook.build(store)
    book.look_up("481516", "pin")       # CodeFact("pin", "0123456789abcdef"), or CodeFact("pin", None)

A record of kind "code" belongs to a person and is named "pin" or "card:1", "card:2", ...; a visitor's lies in the visitor's own record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_face.access.inputs import CodeFact
from edge_face.errors import StoreError
from edge_face.people.code_commands import CodeCommands
from edge_face.people.code_tags import FACTORS, VISITOR, Damaged, code_tag, every_tag, is_taken, tag_of
from edge_face.people.person import State
from edge_face.people.store import Store

__all__ = ["CodeBook", "CodeCommands", "code_tag", "is_taken"]


@dataclass(frozen=True, slots=True)
class CodeBook:
    """All codes of one moment, for looking up at the door. Codes of suspended people are nobody's."""

    _key: bytes = field(repr=False)
    _owners: Mapping[str, CodeFact] = field(repr=False)

    @classmethod
    def build(cls, store: Store, damaged: Damaged | None = None) -> CodeBook:
        """A person whose records were tampered with is handed to `damaged` and left out: that person's codes open nothing. Raises
        StoreError."""
        ignore: Damaged = damaged or (lambda who, error: None)
        owners: dict[str, CodeFact] = {}
        active: dict[str, bool] = {}
        for fact, tag in every_tag(store, ignore):
            who = fact.person
            assert who is not None
            if fact.factor != VISITOR:
                if who not in active:
                    active[who] = _may_use(store, who, ignore)
                if not active[who]:
                    continue
            owners[tag] = fact
        return cls(store.code_key(), owners)

    def look_up(self, text: str, factor: str) -> CodeFact:
        """Whose it is; the person is None when it is nobody's or no code at all. Never raises."""
        if factor not in FACTORS or not text.isascii() or not text.isdigit():
            return CodeFact(factor, None)
        # Leading zeros mean something in a code, and nothing in a card's number.
        plain = text if factor == "pin" else text.lstrip("0")
        return self._owners.get(tag_of(self._key, factor, plain), CodeFact(factor, None))

    def __len__(self) -> int:
        return len(self._owners)


def _may_use(store: Store, who: str, damaged: Damaged) -> bool:
    try:
        return store.person(who).state is not State.SUSPENDED
    except StoreError as error:
        damaged(who, error)
        return False
